"""The sandbox over plain HTTP: what `test_site_facts.py` tries in no browser, its memory, its control interface."""

import ast
import asyncio
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.message import Message
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import tjtools.sandbox
from tjtools.practice.samples import write_image, write_video
from tjtools.sandbox import Sandbox, serve, uploads

STATIC, VIDEO, IN_STREAM = "Static Banner", "Video Banners", "In-Stream Video"
NATIVE, ROLLOVER = "Native Static Banner", "Native Rollover"
KEYS = {STATIC: "static", VIDEO: "video", IN_STREAM: "in_stream", NATIVE: "native_static", ROLLOVER: "native_rollover"}
CARD = ("title", "bannerId", "dimensions", "fileType", "reviewStatus")


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Message
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: Any) -> None:
        return None


class Visitor:
    """A browser's requests, without the browser."""

    def __init__(self, origin: str, cookie: str = "") -> None:
        self.origin = origin
        self.cookie = cookie
        self.opener = urllib.request.build_opener(NoRedirect, urllib.request.ProxyHandler({}))

    def ask(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(  # noqa: S310 (our own server)
            self.origin + path, body, {"Cookie": self.cookie} | named, method=method
        )
        try:
            with self.opener.open(request) as answer:
                return Answer(answer.status, answer.headers, answer.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read().decode())

    def control(self, method: str, path: str, values: Any = None) -> Any:
        body = None if values is None else json.dumps(values).encode()
        return self.ask(f"/_sandbox/{path}", method, body).json

    def signed_in(self) -> "Visitor":
        session = self.control("POST", "session")
        return Visitor(self.origin, f"{session['cookie']}={session['value']}")

    def upload(self, section: str, path: Path, sent_name: str = "") -> Answer:
        """As Chromium sends it: a name that needs quoting must come quoted."""
        name = (sent_name or path.name).encode()
        part = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="' + name + b'"\r\n\r\n'
        field = f'--edge\r\nContent-Disposition: form-data; name="section"\r\n\r\n{KEYS[section]}\r\n'.encode()
        body = field + part + path.read_bytes() + b"\r\n--edge--\r\n"
        return self.ask("/media-library/upload", "POST", body, Content_Type="multipart/form-data; boundary=edge")

    def names(self, section: str) -> list[str]:
        query = urllib.parse.urlencode({"section": section})
        return [creative["name"] for creative in self.control("GET", f"creatives?{query}")]

    def page(self, section: str, start: int = 0) -> Any:
        return self.ask(f"/media-library/list?draw=7&start={start}&length=12&section={KEYS[section]}").json


class CardReader(HTMLParser):
    """What a card shows, by class; every tag, to see what a name has smuggled in."""

    def __init__(self, card: str) -> None:
        super().__init__()
        self.shown: dict[str, str] = {}
        self.tags: list[str] = []
        self.inside = ""
        self.feed(card)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append(tag)
        self.inside = (values.get("class") or "").split(" ")[0]
        if "title" in values:
            self.shown["title"] = values["title"] or ""

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.shown[self.inside] = self.shown.get(self.inside, "") + data


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def visitor(running: Sandbox) -> Visitor:
    stranger = Visitor(running.origin)
    stranger.control("POST", "reset")
    return stranger.signed_in()


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small real files, named after what they are."""
    folder = tmp_path_factory.mktemp("media")
    for name in ("640x360.png", "640x360.jpg", "640x360.gif", "300x250.png", "300x100.gif"):
        width, height = map(int, name.split(".")[0].split("x"))
        write_image(folder / name, width=width, height=height, title="Travel")
    write_image(folder / "heavy.png", width=640, height=360, title="Travel", min_bytes=310_000)
    for name in ("640x360 1s.mp4", "64x36 5s.mp4", "64x36 4s.mp4", "64x36 31s.mp4", "468x60 1s.mp4"):
        width, height, seconds = map(int, re.findall(r"\d+", name)[:3])
        write_video(folder / name, width=width, height=height, seconds=seconds, title="Music", fps=2)
    whole = (folder / "64x36 31s.mp4").read_bytes()
    (folder / "half.mp4").write_bytes(whole[: len(whole) * 2 // 3])
    (folder / "quicktime.mov").write_bytes(b"\0\0\0\x14ftypqt  " + bytes(40))
    (folder / "torn.png").write_bytes((folder / "640x360.png").read_bytes()[:4_000])
    (folder / "text.mp4").write_text("#EXTM3U\nhttp://127.0.0.1/elsewhere.mp4\n")
    (folder / "empty.png").write_bytes(b"")
    # the content counts, not the name
    (folder / "really a png.mp4").write_bytes((folder / "640x360.png").read_bytes())
    return folder


@pytest.mark.parametrize(
    ("section", "file", "reason"),
    [
        (NATIVE, "really a png.mp4", None),
        (NATIVE, "640x360.gif", "The file is a gif image; Native Static Banner takes jpg or png."),
        (NATIVE, "heavy.png", r"The image has \d{3},\d{3} bytes; Native Static Banner takes at most 300,000\."),
        (NATIVE, "torn.png", r"The file can't be read; Native Static Banner takes jpg or png\."),
        (NATIVE, "empty.png", "The file is empty."),
        (ROLLOVER, "64x36 5s.mp4", "The size is 64x36; Native Rollover takes 640x360."),
        (IN_STREAM, "64x36 4s.mp4", "The video is 4.0 s long; In-Stream Video takes 5 to 31 s."),
        (IN_STREAM, "half.mp4", "The video breaks off: the file isn't whole."),
        (IN_STREAM, "quicktime.mov", "The file is a mov video; In-Stream Video takes mp4."),
        (IN_STREAM, "text.mp4", "The file can't be read; In-Stream Video takes mp4."),
        (STATIC, "468x60 1s.mp4", "The file is an mp4 video; Static Banner takes gif, jpg or png."),
        (VIDEO, "640x360 1s.mp4", "The size is 640x360; Video Banners takes .*, 468x60, 950x250 or 970x90."),
    ],
)
def test_limits_are_checked_on_the_content(
    visitor: Visitor, media: Path, section: str, file: str, reason: str | None
) -> None:
    answer = visitor.upload(section, media / file)
    if reason is None:
        assert answer.json == {"success": True, "shown_after_ms": 0}
        assert visitor.names(section)[0] == file.rpartition(".")[0]
    else:
        assert (answer.status, list(answer.json)) == (400, ["error"])
        assert re.fullmatch(reason, answer.json["error"])
        assert len(visitor.control("GET", "creatives")) == 481


def test_a_new_creative_comes_first_and_is_pending(visitor: Visitor, media: Path) -> None:
    newest = visitor.control("GET", "creatives")[0]["creative_id"]
    visitor.upload(STATIC, media / "300x100.gif")
    created = visitor.control("GET", "creatives")[0]
    assert created == {
        "creative_id": str(int(newest) + 10),
        "name": "300x100",
        "file_name": "300x100.gif",
        "section": STATIC,
        "dimensions": "300x100",
        "file_type": ".gif",
        "review_status": "pending",
        "sha256": created["sha256"],
        "uploaded_at": created["uploaded_at"],
    }
    assert CardReader(visitor.page(STATIC)["data"][0][0]).shown["bannerId"] == created["creative_id"]


def test_without_the_silent_drop_a_second_hand_over_shows(visitor: Visitor, media: Path) -> None:
    visitor.control("PUT", "settings", {"drops_duplicates": False})
    for name in ("a.b.png", "a.b.jpg"):
        visitor.upload(NATIVE, media / "640x360.png", name)
    assert visitor.names(NATIVE).count("a.b") == 2
    assert [file["outcome"] for file in visitor.control("GET", "received")] == ["accepted", "accepted"]


def test_uploads_at_the_same_moment_make_one_creative_of_a_name(visitor: Visitor, media: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: visitor.upload(IN_STREAM, media / "64x36 5s.mp4"), range(8)))
    assert visitor.names(IN_STREAM).count("64x36 5s") == 1
    assert Counter(file["outcome"] for file in visitor.control("GET", "received")) == {"accepted": 1, "dropped": 7}


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("say %22hi%22%0A.mp4", "say %22hi%22%0A"),
        ("C:\\clips\\a\\\\b.mp4", "C:\\clips\\a\\\\b"),
        ("=1+1.mp4", "=1+1"),
        ("@home; filename=x.mp4", "@home; filename=x"),
        ("-two  spaces 😀 ü.mp4", "-two  spaces 😀 ü"),
        ("<img src=x onerror=alert(1)>&amp;'.mp4", "<img src=x onerror=alert(1)>&amp;'"),
        ("😀" * 62 + "abc.mp4", "😀" * 62 + "abc"),
        ("archive.tar.mp4", "archive.tar"),
        ("no extension", "no extension"),
        (".mp4", ".mp4"),
    ],
)
def test_names_are_kept_and_shown_as_they_arrive(visitor: Visitor, media: Path, sent: str, shown: str) -> None:
    assert visitor.upload(IN_STREAM, media / "64x36 5s.mp4", sent).status == 200
    created = visitor.control("GET", "creatives")[0]
    assert (created["file_name"], created["name"]) == (sent, shown)
    card = CardReader(visitor.page(IN_STREAM)["data"][0][0])
    assert (card.shown["title"], card.shown["creativeName"]) == (shown, shown)
    assert card.tags == ["div", "div", "img", "label", "span", "span"]


def test_the_seeded_library_s_names_are_by_the_convention_or_not_and_in_pairs(visitor: Visitor) -> None:
    creatives = visitor.control("GET", "creatives")
    names = [creative["name"] for creative in creatives]
    conventional = [name for name in names if re.search(r"_ID-[0-9A-F]{8}(-VID|-IMG)?$", name)]
    assert len(conventional) == pytest.approx(len(names) / 2, rel=0.1)
    assert {creative["review_status"] for creative in creatives} == {"approved", "pending", "rejected"}
    paired = {name[4:].split("_4sec")[0].split("_6sec")[0].split("_ID")[0] for name in visitor.names(ROLLOVER)}
    assert len(paired) > 40


@pytest.mark.parametrize("count", [0, 1, 7, 1000, 10_000])
def test_a_library_of_any_size_adds_up(count: int) -> None:
    with Sandbox(creatives=count) as sandbox:
        assert len(Visitor(sandbox.origin).control("GET", "creatives")) == count


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/media-library/upload", "POST"),
        ("/elsewhere", "GET"),
    ],
)
@pytest.mark.parametrize("expired", [False, True])
def test_without_a_session_everything_leads_to_sign_in(visitor: Visitor, path: str, method: str, expired: bool) -> None:
    if expired:
        visitor.control("DELETE", "sessions")
    else:
        visitor.cookie = ""
    answer = visitor.ask(path, method, b"x" * 300_000 if method == "POST" else None)
    assert (answer.status, answer.headers["Location"]) == (303, "/sign-in")
    assert ("Your session has expired. Please sign in again." in visitor.ask("/sign-in").text) is expired


def test_a_sign_in_without_the_robot_box_is_refused(visitor: Visitor) -> None:
    answer = visitor.ask("/sign-in", "POST", b"username=demo&password=demo")
    assert "not a robot" in answer.text
    assert answer.headers["Set-Cookie"] is None


def test_signing_in_and_out_again(visitor: Visitor) -> None:
    answer = visitor.ask("/sign-in", "POST", b"username=demo&password=demo&robot=on")
    person = Visitor(visitor.origin, answer.headers["Set-Cookie"].split(";")[0])
    assert 'href="/media-library"' in person.ask("/campaigns").text
    assert person.ask("/sign-out").status == 303
    assert person.ask("/campaigns").status == 303


def test_the_library_opens_where_this_session_was_last(visitor: Visitor) -> None:
    assert 'data-section="video"' in visitor.ask("/media-library").text
    visitor.page(NATIVE)
    assert 'data-section="native_static"' in visitor.ask("/media-library").text
    visitor.control("PUT", "settings", {"first_section": ROLLOVER})
    assert 'data-section="native_rollover"' in visitor.ask("/media-library").text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "elsewhere.example"}, 400),
        ({"Origin": "https://elsewhere.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({}, 200),
    ],
)
def test_only_this_machines_own_pages_are_answered(visitor: Visitor, headers: dict[str, str], status: int) -> None:
    assert visitor.ask("/_sandbox/session", "POST", b"", **headers).status == status


def test_its_own_origin_is_welcome(visitor: Visitor) -> None:
    assert visitor.ask("/_sandbox/session", "POST", b"", Origin=visitor.origin).status == 200


def test_state_and_media_outlive_a_restart(tmp_path: Path, media: Path) -> None:
    with Sandbox(tmp_path / "data", creatives=20) as sandbox:
        visitor = Visitor(sandbox.origin).signed_in()
        visitor.upload(IN_STREAM, media / "64x36 5s.mp4")
        before = (visitor.control("GET", "creatives"), visitor.control("GET", "received"))
    with Sandbox(tmp_path / "data", creatives=99) as sandbox:
        visitor.origin = sandbox.origin
        assert (visitor.control("GET", "creatives"), visitor.control("GET", "received")) == before
        assert visitor.ask("/campaigns").status == 200, "the session is still good"
        file = f"/cdn/{before[0][0]['creative_id']}/file"
        assert visitor.ask(file, Range="bytes=4-7").text == "ftyp"
        visitor.control("POST", "reset")
        assert len(visitor.control("GET", "creatives")) == 20
        assert visitor.ask(file).status == 404
        assert list((tmp_path / "data" / "media").iterdir()) == []


def test_thumbnails_show_what_was_uploaded(visitor: Visitor, media: Path) -> None:
    kinds = []
    visitor.control("POST", "creatives", {"section": STATIC, "name": "<script>alert(1)</script> & Sons"})
    for (newest,) in (visitor.page(STATIC)["data"][0], visitor.page(VIDEO)["data"][0]):
        drawn = visitor.ask(f"/cdn/{CardReader(newest).shown['bannerId']}")
        assert "<script" not in drawn.text
        kinds.append(drawn.headers["Content-Type"])
    with Sandbox(creatives=0) as sandbox:
        fresh = Visitor(sandbox.origin).signed_in()
        for section, file in ((IN_STREAM, "64x36 5s.mp4"), (NATIVE, "640x360.png")):
            fresh.upload(section, media / file)
            creative_id = fresh.control("GET", "creatives")[0]["creative_id"]
            request = urllib.request.Request(f"{sandbox.origin}/cdn/{creative_id}", method="HEAD")  # noqa: S310
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
                kinds.append(answer.headers["Content-Type"])
    assert kinds == ["image/svg+xml", "image/svg+xml", "image/jpeg", "image/png"]


def test_control_adds_changes_and_deletes(visitor: Visitor) -> None:
    new = {"section": IN_STREAM, "name": visitor.names(IN_STREAM)[5], "dimensions": "1x1", "review_status": "rejected"}
    created = visitor.control("POST", "creatives", new)
    assert visitor.control("GET", "creatives")[0] == created
    assert (created["dimensions"], created["file_type"], created["review_status"]) == (None, None, "rejected")
    path = f"creatives/{created['creative_id']}"
    changed = visitor.control("PATCH", path, {"review_status": "approved", "name": "renamed"})
    assert changed == created | {"review_status": "approved", "name": "renamed"}
    assert visitor.control("DELETE", path) == changed
    assert visitor.control("DELETE", path) == {"error": f"There is no creative {created['creative_id']}."}
    later = visitor.control("POST", "creatives", new)
    assert int(later["creative_id"]) == int(created["creative_id"]) + 10, "an ID never comes twice"


@pytest.mark.parametrize(
    ("method", "path", "values"),
    [
        ("POST", "creatives", {"section": "Nowhere", "name": "a"}),
        ("POST", "creatives", {"section": STATIC}),
        ("POST", "creatives", {"section": STATIC, "name": "a", "dimensions": "wide"}),
        ("GET", "creatives?section=Nowhere", None),
        ("PUT", "settings", {"latency": 3}),
        ("PUT", "faults", ["list-503"]),
        ("PUT", "faults", ["list-500=one"]),
        ("PUT", "script", {"a.mp4": {"outcome": "explode"}}),
        ("PUT", "script", {"a.mp4": {"outcom": "drop"}}),
    ],
)
def test_control_refuses_what_it_does_not_know(visitor: Visitor, method: str, path: str, values: Any) -> None:
    body = None if values is None else json.dumps(values).encode()
    assert visitor.ask(f"/_sandbox/{path}", method, body).status == 400


def test_received_tells_of_every_file(visitor: Visitor, media: Path) -> None:
    for file in ("64x36 5s.mp4", "64x36 5s.mp4", "640x360.png"):
        visitor.upload(IN_STREAM, media / file)
    received = visitor.control("GET", "received")
    assert [(file["file_name"], file["outcome"], file["reason"]) for file in received] == [
        ("64x36 5s.mp4", "accepted", None),
        ("64x36 5s.mp4", "dropped", "The section holds this name already, or a script says so."),
        ("640x360.png", "refused", "The file is a png image; In-Stream Video takes mp4."),
    ]
    newest = visitor.control("GET", "creatives")[0]
    assert [file["creative_id"] for file in received] == [newest["creative_id"], None, None]
    assert received[0]["sha256"] == received[1]["sha256"] == newest["sha256"]
    assert received[0]["bytes"] == (media / "64x36 5s.mp4").stat().st_size
    assert all(file["started_at"] <= file["ended_at"] for file in received)


def test_a_script_decides_for_a_file(visitor: Visitor, media: Path) -> None:
    script = {
        "drop.mp4": {"outcome": "drop", "after": [{"section": IN_STREAM, "name": "after the drop"}]},
        "error.mp4": {"outcome": "error", "message": "Not today.", "status": 503},
        "taken.mp4": {"before": [{"section": IN_STREAM, "name": "taken"}]},
        "between.mp4": {
            "before": [{"section": IN_STREAM, "name": "before"}],
            "after": [{"section": STATIC, "name": "a banner"}, {"section": IN_STREAM, "name": "after"}],
        },
    }
    visitor.control("PUT", "script", script)
    answers = [visitor.upload(IN_STREAM, media / "64x36 5s.mp4", name) for name in script]
    assert [(answer.status, answer.json.get("error")) for answer in answers] == [
        (200, None),
        (503, "Not today."),
        (200, None),
        (200, None),
    ]
    assert visitor.names(IN_STREAM)[:5] == ["after", "between", "before", "taken", "after the drop"]
    assert len(visitor.names(IN_STREAM)) == 99 + 5
    assert visitor.names(STATIC)[0] == "a banner"
    outcomes = [file["outcome"] for file in visitor.control("GET", "received")]
    assert outcomes == ["dropped", "refused", "dropped", "accepted"]


def test_a_card_may_come_later(visitor: Visitor, media: Path) -> None:
    visitor.control("PUT", "settings", {"card_delay_s": 60})
    assert visitor.upload(STATIC, media / "300x250.png").json == {"success": True, "shown_after_ms": 60_000}
    assert visitor.names(STATIC)[0] == "300x250"
    assert visitor.page(STATIC)["recordsTotal"] == 21


def test_settings_change_and_reset(visitor: Visitor) -> None:
    usual = visitor.control("GET", "settings")
    changed = {"latency_ms": 1, "processing_s": 0.1, "first_section": STATIC, "fault_s": 2}
    assert visitor.control("PUT", "settings", changed) == usual | changed
    visitor.control("POST", "reset")
    assert visitor.control("GET", "settings") == usual
    assert visitor.ask("/campaigns").status == 303, "sessions are gone as well"


def test_latency_and_processing_are_waited_for(media: Path) -> None:
    with Sandbox(creatives=0, latency_ms=600_000, processing_s=0.2) as sandbox:
        visitor = Visitor(sandbox.origin).signed_in()
        assert visitor.ask("/static/sandbox.js").status == 200, "neither this nor the control interface waits"
        visitor.control("PUT", "settings", {"latency_ms": 100})
        before = time.monotonic()
        visitor.ask("/media-library")
        assert time.monotonic() - before >= 0.1
        visitor.upload(IN_STREAM, media / "64x36 5s.mp4")
        (file,) = visitor.control("GET", "received")
    assert file["ended_at"] - file["started_at"] >= 0.3


def test_a_reset_forgets_uploads_under_way(visitor: Visitor, media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, reset = threading.Event(), threading.Event()

    async def work(_seconds: float) -> None:
        begun.set()
        await asyncio.to_thread(reset.wait)

    monkeypatch.setattr(uploads, "wait", work)
    with ThreadPoolExecutor() as pool:
        held = pool.submit(visitor.upload, IN_STREAM, media / "64x36 5s.mp4")
        begun.wait()
        visitor.control("POST", "reset")
        reset.set()
    assert (held.result().status, held.result().json) == (503, {"error": "The sandbox was reset."})
    assert len(visitor.control("GET", "creatives")) == 481
    assert visitor.control("GET", "received") == []


def test_it_stops_at_once_whatever_is_under_way(media: Path) -> None:
    with Sandbox(creatives=0, processing_s=60) as sandbox, ThreadPoolExecutor() as pool:
        visitor = Visitor(sandbox.origin).signed_in()
        address = ("127.0.0.1", urllib.parse.urlsplit(sandbox.origin).port)
        with socket.create_connection(address) as idle, socket.create_connection(address) as sending:
            idle.sendall(b"GET /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert idle.recv(15) == b"HTTP/1.1 200 OK"
            sending.sendall(
                f"POST /media-library/upload HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {visitor.cookie}\r\n"
                "Content-Type: multipart/form-data; boundary=edge\r\nContent-Length: 1000\r\n\r\n--edge".encode()
            )
            held = pool.submit(visitor.upload, IN_STREAM, media / "64x36 5s.mp4")
            visitor.ask("/sign-in")
            before = time.monotonic()
            sandbox.stop()
            assert time.monotonic() - before < 30
        with pytest.raises(OSError, match=r"closed|reset|refused|[Bb]roken"):
            held.result()


def test_a_port_in_use_is_an_error_and_a_given_one_is_kept(tmp_path: Path) -> None:
    with Sandbox(creatives=0) as sandbox:
        port = urllib.parse.urlsplit(sandbox.origin).port
        assert port is not None
        with pytest.raises(OSError, match="in use"):
            Sandbox(port=port).start()
    with Sandbox(port=port, creatives=0) as sandbox:
        assert sandbox.origin == f"http://127.0.0.1:{port}"


def test_serving_ends_with_ctrl_c() -> None:
    seen = []

    def ready(origin: str) -> None:
        seen.append(Visitor(origin).ask("/sign-in").status)
        signal.raise_signal(signal.SIGINT)

    serve(Sandbox(creatives=0), ready)
    assert seen == [200]


def test_it_imports_nothing_of_ours() -> None:
    """A wrong reading of the site's facts must not hide in both the driver and its replica."""
    folder = Path(tjtools.sandbox.__file__).parent
    imported = set()
    for module in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{module.name}: a relative import can hide where it leads"
                imported.add(node.module or "")
    ours = {name for name in imported if name.split(".")[0] == "tjtools"}
    assert ours, "the modules were found"
    assert {name for name in ours if not name.startswith("tjtools.sandbox")} == set()


def test_a_fault_strikes_as_often_as_it_is_told_and_is_counted(visitor: Visitor) -> None:
    visitor.control("PUT", "faults", ["list-500=2@2", "page-502"])
    path = f"/media-library/list?draw=7&start=0&length=12&section={KEYS[STATIC]}"
    assert [visitor.ask(path).status for _ in range(4)] == [200, 500, 500, 200]
    assert visitor.control("GET", "faults") == {"list-500": 2, "page-502": 0}
    visitor.control("POST", "reset")
    assert visitor.control("GET", "faults") == {}


def test_too_many_requests_says_when_to_come_again(visitor: Visitor) -> None:
    visitor.control("PUT", "settings", {"fault_s": 1.5})
    visitor.control("PUT", "faults", ["page-429"])
    answer = visitor.ask("/media-library")
    assert (answer.status, answer.headers["Retry-After"]) == (429, "2")


@pytest.mark.parametrize("fault", ["page-reset", "page-endless"])
def test_an_answer_may_not_come(running: Sandbox, visitor: Visitor, fault: str) -> None:
    visitor.control("PUT", "faults", [fault])
    address = ("127.0.0.1", urllib.parse.urlsplit(running.origin).port)
    with socket.create_connection(address, timeout=60 if fault == "page-reset" else 0.5) as asking:
        asking.sendall(f"GET /media-library HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {visitor.cookie}\r\n\r\n".encode())
        with pytest.raises(ConnectionResetError if fault == "page-reset" else TimeoutError):
            asking.makefile("rb").read()


def test_a_file_may_be_taken_and_the_answer_lost(visitor: Visitor, media: Path) -> None:
    visitor.control("PUT", "faults", ["upload-taken-502=1", "upload-drop=1@2", "upload-refused-mute=1@2"])
    answers = [visitor.upload(STATIC, media / "300x250.png", f"{name}.png") for name in "abc"]
    assert [(answer.status, answer.text == " ") for answer in answers] == [(502, False), (200, False), (400, True)]
    assert [file["outcome"] for file in visitor.control("GET", "received")] == ["accepted", "dropped", "refused"]


def test_the_command_refuses_a_fault_that_it_does_not_know() -> None:
    command = [sys.executable, "-m", "tjtools", "sandbox", "--fault", "list-503"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "list-502" in done.stderr) == (2, True)
