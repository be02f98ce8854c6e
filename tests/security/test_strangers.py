"""What strangers may not do with names, pages and addresses, and where secrets do not go."""

from __future__ import annotations

import ast
import csv
import http.client
import http.server
import io
import json
import logging
import os
import pty
import select
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kept_children import children_that_stay
from playwright.sync_api import sync_playwright
from world import NOW, UPLOADED, Truth, write_inventory
from world import tjtools as command

import tjtools
from tjtools.cli.console import start_log
from tjtools.cli.session import duplicates_page
from tjtools.diff.duplicates import find_duplicates
from tjtools.media.content import Fingerprints
from tjtools.media.pool import Children
from tjtools.model.creative import CreativeType, SessionFile, UploadStatus
from tjtools.model.errors import SettingsError, SignInNeeded, SiteError, TJToolsError
from tjtools.practice.samples import write_image
from tjtools.scrape.connection import site_of
from tjtools.site.driver import save_browser_session
from tjtools.site.redaction import gist, shown_address
from tjtools.upload.campaign import write_campaigns
from tjtools.upload.handover import Outcome
from tjtools.widgets.markup import Saved
from tjtools.widgets.panel import Task
from tjtools.widgets.view import task_node
from tjtools.workspace.csvfile import line_of, neutralise
from tjtools.workspace.disk import replace_file
from tjtools.workspace.folder import VARIABLE, Workspace
from tjtools.workspace.log import Log
from tjtools.workspace.settings import CampaignSettings, SiteSettings, bind, load_settings

PASSWORD = "Kd7QuietHarbour"  # noqa: S105 (nobody's)
TERMINAL = "a\x1b]0;owned\x07b\x9b31m\u202egnp.exe [red]x[/red][/blue]"
COMMANDS = ("\x1b]0;", "\x07", "\x9b", "\u202e")
SIGNED_OUT = {name: value for name, value in os.environ.items() if name != VARIABLE}
CONTROL = ("creatives", "session", "sessions", "received", "script", "settings", "home", "reset")


def draw(path: Path) -> None:
    """A picture."""
    write_image(path, width=300, height=250, title="one")


def ask(origin: str, method: str, path: str, body: bytes = b"", **headers: str) -> http.client.HTTPResponse:
    """One request as a browser, or somebody who pretends to be one, would send it."""
    address = urlsplit(origin)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=10)
    connection.putrequest(method, path, skip_host=True)
    told = {"Host": address.netloc, "Content-Length": str(len(body)), **headers}
    for name, value in told.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders(body)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


# the sandbox


def test_the_sandbox_listens_on_loopback_alone(truth: Truth) -> None:
    port = urlsplit(truth.origin).port
    with pytest.raises(ConnectionRefusedError):  # a server on all addresses would answer there too
        socket.create_connection(("127.0.0.2", port), timeout=5)


@pytest.mark.parametrize("path", ["/", "/sign-in", "/static/sandbox.css", *(f"/_sandbox/{one}" for one in CONTROL)])
@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "evil.example:80", "[::1]", ""]
)
def test_a_foreign_host_is_refused_as_a_rebound_name_would_send_it(truth: Truth, host: str, path: str) -> None:
    """DNS rebinding: the page's own name leads here, so that Host and Origin agree with each other."""
    for method in ("GET", "POST"):
        assert ask(truth.origin, method, path, Host=host, Origin=f"http://{host}").status in (400, 403)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_a_foreign_origin_is_refused_everywhere_and_changes_nothing(truth: Truth, method: str, origin: str) -> None:
    before = truth.creatives(), truth.ask("settings")
    body = json.dumps({"section": "Static Banner", "name": "planted", "latency_ms": 9}).encode()
    paths = [f"/_sandbox/{one}" for one in CONTROL] + [f"/_sandbox/creatives/{next(iter(before[0]))}", "/sign-in"]
    for path in paths:
        for kind in ("text/plain", "application/json", "application/x-www-form-urlencoded"):
            answer = ask(truth.origin, method, path, body, Origin=origin, Content_Type=kind)
            assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (403, None)
    assert (truth.creatives(), truth.ask("settings")) == before


PLANTED = """<form id=form method=post enctype=text/plain action="ORIGIN/_sandbox/creatives">
<input name='{"section": "Static Banner", "name": "by form", "x": "' value='"}'></form>
<script>
const body = JSON.stringify({section: "Static Banner", name: "by fetch"});
const post = {method: "POST", mode: "no-cors", body};
const tries = [["creatives", post], ["reset", post], ["session", post], ["sessions", {method: "DELETE"}], ["home", {}]];
Promise.allSettled(tries.map(([path, how]) => fetch(`ORIGIN/_sandbox/${path}`, how))).then(() => form.submit());
</script>"""


@contextmanager
def served(html: str) -> Iterator[str]:
    """A page of another origin on this machine."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(html.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its signature)
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def test_in_a_real_browser_no_other_page_reaches_the_sandbox_and_no_name_becomes_a_script(
    truth: Truth, chromium: str
) -> None:
    evil = """<img src=x onerror="window.owned=1"><script>window.owned=1</script>'"`${window.owned=1}"""
    truth.add("Static Banner", evil)
    before, session = truth.creatives(), truth.ask("session", "POST")
    with served(PLANTED.replace("ORIGIN", truth.origin)) as other, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        context = browser.new_context()
        context.add_cookies([{"name": session["cookie"], "value": session["value"], "url": truth.origin}])
        stranger = context.new_page()
        stranger.goto(other)
        stranger.wait_for_url(f"{truth.origin}/_sandbox/creatives")  # where the form went
        refused = stranger.content()
        own = context.new_page()
        own.goto(f"{truth.origin}/media-library")
        own.get_by_text("Accept All").click()
        own.locator("a#static_tab").click()
        own.locator('[title^="<img src=x"]').wait_for()
        shown, owned = own.locator('[title^="<img src=x"]').inner_text(), own.evaluate("window.owned")
        browser.close()
    assert "answers only its own pages" in refused
    assert truth.creatives() == before
    assert (shown, owned) == (evil, None)


# names in HTML, on the terminal, in logs and in spreadsheets


class Tags(HTMLParser):
    """Which tags and attributes a page has."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[tuple[str, str]] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {(tag, name) for name, _ in attrs} | {(tag, "")}


def test_the_page_of_duplicates_shows_names_as_text(bare_workspace: Workspace) -> None:
    evil = """x<img src=x onerror=alert(1)><svg onload=alert(1)>'"{{7*7}}.png"""
    for name in (evil, "plain.png"):
        draw(bare_workspace.root / "uploaded" / name)
    told = duplicates_page(find_duplicates(bare_workspace), Fingerprints.load(bare_workspace))
    tags = Tags()
    tags.feed(told)
    assert tags.found <= {
        *((tag, "") for tag in ("html", "head", "meta", "title", "style", "body", "h1", "p", "section", "h2", "div")),
        *((tag, "") for tag in ("span", "figure", "img", "figcaption", "b", "br", "code", "ul", "li")),
        *(("html", "lang"), ("meta", "charset"), ("div", "class"), ("img", "alt"), ("img", "src")),
    }
    assert "{{7*7}}" in told


def test_the_report_shows_names_as_text(bare_workspace: Workspace) -> None:
    evil = """<img src=x onerror=alert(1)><svg onload=alert(1)>'" id="x" {{7*7}}]]>"""
    quoted = evil.replace('"', '""')
    rows = [
        f'10325305{number}1,"EN_{quoted}{number}_M_Real_SFW_{quoted}_{quoted}_4sec_ID-0000000{number}.mp4",2025-11-1{number},'
        f"640x360,mp4,native_video,{'approved' if number % 2 else 'rejected'}"
        for number in range(8)
    ]
    header = "creative_id,filename,upload_date,dimensions,file_type,creative_type,review_status"
    bare_workspace.library.write_text("\n".join([header, *rows]), "utf-8")
    done = command("report", "--out", "report.html", cwd=bare_workspace.root)
    assert done.returncode == 0, done.stderr
    told = (bare_workspace.root / "report.html").read_text("utf-8")
    tags = Tags()
    tags.feed(told)
    assert {(tag, name) for tag, name in tags.found if name.startswith("on") or tag in TO_BE_FEARED} == set()
    assert {name for tag, name in tags.found if tag == "svg"} >= {"viewbox"}
    assert "{{7*7}}" in told
    assert "&lt;img src=x" in told


TO_BE_FEARED = {"script", "img", "iframe", "object", "embed", "foreignobject", "form", "base", "link", "use", "image"}


def in_a_terminal(*arguments: str, cwd: Path, **environment: str) -> str:
    """What a command shows on a terminal, both outputs, as text."""
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "tjtools", *arguments],
        cwd=cwd, env=SIGNED_OUT | environment, stdin=follower, stdout=follower, stderr=follower,
    ) as process:  # fmt: skip
        os.close(follower)
        shown = b""
        while select.select([leader], [], [], 120)[0]:
            try:
                piece = os.read(leader, 65536)
            except OSError:  # the terminal's end
                break
            if not piece:
                break
            shown += piece
        os.close(leader)
        process.wait()
    return shown.decode("utf-8", "replace")


@pytest.fixture
def hostile(bare_workspace: Workspace) -> Workspace:
    """A workspace in whose files and file names stand commands for a terminal."""
    header = "creative_id,filename,upload_date,dimensions,file_type,creative_type,review_status"
    bare_workspace.library.write_text(
        f'{header}\n1032530571,"{TERMINAL}.png",,,,,pending\n1032530581,"{TERMINAL}", bad\n'
    )
    (bare_workspace.root / "old.csv").write_text(f'{header}\n1032530571,"{TERMINAL}2.png",,,,,approved\n')
    write_inventory(bare_workspace.session, [{"new_filename": f"{TERMINAL}.png", "creative_type": "image"}])
    media = bare_workspace.root / "media"
    media.mkdir()
    name = TERMINAL.replace("/", "|")
    for one in (f"{name}.png", f"{name}\nsecond line.png", "[red]x.png"):
        draw(media / one)
    return bare_workspace


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "1032530571", TERMINAL],
        ["check", "--csv", "1032530571"],
        ["check", "--json", "1032530571"],
        ["status"],
        ["review"],
        ["review", "--json"],
        ["prepare", "media", "--dry-run"],
        ["prepare", "media", "--dry-run", "--json"],
        ["duplicates", "media"],
        ["diff", "old.csv", "tracking/TJ_Creative_Library.csv"],
        ["add", "1032530591", f"{TERMINAL[:-7]}.png"],
        ["add", "1032530571", "other.png"],
        ["doctor"],
        ["check", "x", "--workspace", f"no {TERMINAL}"],
        ["--debug", "review", f"missing {TERMINAL}"],
    ],
    ids=lambda arguments: " ".join(arguments[:2]).replace(TERMINAL, "NAME"),
)
def test_no_name_commands_a_terminal(hostile: Workspace, arguments: list[str]) -> None:
    shown = in_a_terminal(*arguments, cwd=hostile.root, COLUMNS="200")
    assert [command for command in COMMANDS if command in shown] == []
    assert "Traceback" not in shown
    assert shown.strip()


def test_json_has_the_name_itself_and_no_command(hostile: Workspace) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tjtools", "check", "--json", "1032530571"],
        cwd=hostile.root, env=SIGNED_OUT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert json.loads(done.stdout)[0]["creatives"][0]["filename"] == f"{TERMINAL}.png"
    assert all(line.isprintable() for line in done.stdout.splitlines())


def test_a_log_line_is_one_line_without_commands(capsys: pytest.CaptureFixture[str]) -> None:
    start_log(debug=True)
    logging.getLogger("tjtools").warning("look at %s", f"{TERMINAL}\n[99:00:00] all uploaded")
    task = Task()
    task.start(lambda run: run.say(f"{TERMINAL}\n[99:00:00] all uploaded"))
    task.wait()
    shown = capsys.readouterr().err
    assert shown.count("\n") == 2  # the terminal's log hears the task too
    for line in (shown, *task.log):
        assert [command for command in (*COMMANDS, "\n[99") if command in line] == []
    assert "[red]x[/red][/blue]" in shown


def test_an_errors_text_is_safe_wherever_it_is_shown() -> None:
    error = TJToolsError(f"{TERMINAL} is wrong.", remedy=f"Mend {TERMINAL}.")
    for text in (str(error), error.message, error.remedy, "".join(traceback.format_exception(error)).strip("\n")):
        assert [command for command in COMMANDS if command in text] == []


cells = st.text(st.sampled_from("ab=+-@;,\t\r\n\"' "), max_size=8)


@given(
    rows=st.lists(st.lists(cells, min_size=2, max_size=2), min_size=1, max_size=3), delimiter=st.sampled_from(",;\t")
)
def test_whatever_delimiter_a_spreadsheet_takes_no_exported_cell_is_a_formula(
    rows: list[tuple[str, str]], delimiter: str
) -> None:
    told = "".join(line_of([neutralise(cell) for cell in row]) for row in rows)
    read = [cell for row in csv.reader(io.StringIO(told, newline=""), delimiter=delimiter) for cell in row]
    assert [cell for cell in read if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []


def test_no_report_for_a_spreadsheet_is_written_by_anything_but_what_neutralises_it() -> None:
    package = Path(tjtools.__file__).parent
    for path in (
        *(package / "cli").glob("*.py"),
        *(package / "widgets").glob("*.py"),
        *(package / "analysis").glob("*.py"),
        package / "cache" / "library.py",
    ):
        names = {node.id for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Name)}
        attributes = {
            node.attr for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Attribute)
        }
        assert not {*names, *attributes} & {"line_of", "writer", "DictWriter", "to_csv"}, path.name


# paths


def test_a_category_that_is_a_path_stays_in_the_folder(tmp_path: Path) -> None:
    file = SessionFile(Path("a.mp4"), CreativeType.VIDEO, category="../../../x\\y")
    outcome = Outcome(file, UploadStatus.SUCCESS, "1032530571")
    written = write_campaigns(tmp_path / "Upload_CSV", [outcome], CampaignSettings(), NOW)
    assert {path.resolve().parent for path in written} == {tmp_path / "Upload_CSV"}
    assert [path for path in tmp_path.rglob("*.csv") if path not in written] == []


def test_a_checksum_that_is_a_path_is_a_bad_line(bare_workspace: Workspace) -> None:
    path = "../" * 18 + "etc/passwd"
    bare_workspace.private.mkdir()
    bare_workspace.log.write_text(UPLOADED + UPLOADED.replace("ab" * 32, path.ljust(64, "x")).replace("0f0f", "1"))
    assert len(list(Fingerprints.load(bare_workspace).uploads())) == 1
    assert [bad.line for bad in Log.at(bare_workspace.log).bad_lines] == [2]


def test_a_notebook_downloads_only_what_it_offered(tmp_path: Path) -> None:
    (tmp_path / "offered.csv").write_text("a", "utf-8")
    (tmp_path / "secret.csv").write_text("secret", "utf-8")
    saved, sent = Saved("offered.csv", "offered.csv", (tmp_path / "offered.csv").read_bytes), []
    saved.send = lambda told, buffers=None: sent.append((told, buffers))  # type: ignore[method-assign]
    for name in ("secret.csv", "../secret.csv", str(tmp_path / "secret.csv")):
        saved.filename = name  # as a page may set it
        saved._hear(None, {"name": name, "filename": name, "view": "1"}, [])
    assert sent == [({"view": "1"}, [b"a"])] * 3
    (tmp_path / "offered.csv").unlink()
    saved._hear(None, {"view": "1"}, [])
    assert sent[-1] == ({"view": "1", "problem": "It can't be read: No such file or directory."}, None)


# the saved sign-in


FIRST_BYTE = """
import os, resource, signal, sys
from pathlib import Path
from tjtools.workspace.disk import replace_file
from tjtools.site.driver import save_browser_session
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
os.umask(0)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
{}
"""


def test_the_sign_in_is_its_owners_alone_from_the_first_byte(tmp_path: Path) -> None:
    """The process dies when it writes its first byte: what it leaves tells the rights that the file began with."""
    code = FIRST_BYTE.format("save_browser_session(Path(sys.argv[1]), {'cookies': [], 'origins': []})")
    path = tmp_path / "private" / "browser_session.json"
    done = subprocess.run([sys.executable, "-c", code, str(path)], timeout=60)
    assert done.returncode == -signal.SIGXFSZ
    assert [stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()] == [0o600]


def test_a_tracking_file_that_others_may_not_read_stays_so_from_the_first_byte(tmp_path: Path) -> None:
    path = tmp_path / "tracking" / "names.csv"
    path.parent.mkdir()
    path.write_text("id\n1\n", "utf-8")
    path.chmod(0o600)
    code = FIRST_BYTE.format("replace_file(Path(sys.argv[1]), b'id\\n2\\n')")
    done = subprocess.run([sys.executable, "-c", code, str(path)], timeout=60)
    assert done.returncode == -signal.SIGXFSZ
    modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir() if one.is_file()}
    assert (len(modes), {mode & 0o077 for mode in modes.values()}) == (2, {0})
    replace_file(path, b"id\n2\n", backup=NOW)
    kept = [*(path.parent / ".tjtools" / "backups").iterdir(), path]
    assert [stat.S_IMODE(one.stat().st_mode) for one in kept] == [0o600, 0o600]


def test_the_sign_in_is_not_written_through_a_link_and_old_rights_do_not_stay(tmp_path: Path) -> None:
    path, other = tmp_path / "browser_session.json", tmp_path / "other"
    other.write_text("mine", "utf-8")
    path.with_suffix(".new").symlink_to(other)
    path.write_text("{}", "utf-8")
    path.chmod(0o644)
    save_browser_session(path, {"cookies": [], "origins": []})
    assert (other.read_text("utf-8"), path.is_symlink(), stat.S_IMODE(path.stat().st_mode)) == ("mine", False, 0o600)


def test_folders_that_are_made_are_no_more_open_than_the_person_wants(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tjtools", "init", str(tmp_path / "shop")]
    subprocess.run(command, check=True, umask=0o077, env=SIGNED_OUT, capture_output=True, timeout=60)
    subprocess.run(
        [sys.executable, "-m", "tjtools", "add", "1032530571", "a.png"],
        check=True, umask=0o077, cwd=tmp_path / "shop", env=SIGNED_OUT, capture_output=True, timeout=60,
    )  # fmt: skip
    assert {
        path: stat.S_IMODE(path.stat().st_mode) & 0o077 for path in (tmp_path / "shop").rglob("*")
    } == dict.fromkeys((tmp_path / "shop").rglob("*"), 0)


def test_password_and_sign_in_are_nowhere_but_where_they_belong(
    workspace: Workspace, truth: Truth, chromium: str
) -> None:
    """After an upload, a look at a site that has changed, and all that is said with --debug and --json."""
    draw(workspace.root / "uploaded" / "a.png")
    write_inventory(workspace.session, [{"new_filename": "a.png", "creative_type": "image"}])
    secrets = [PASSWORD] + [one["value"] for one in json.loads(workspace.browser_session.read_text("utf-8"))["cookies"]]
    changed = {"selectors.toml": '[library]\nheading = "h9"\n'}
    said = ""
    for arguments in (
        ["--debug", "upload", "--session", "--live", "--json"],
        ["--debug", "refresh-library", "--yes", "--json"],
        ["status", "--json"],
        ["doctor", "--json"],
        ["doctor", "--site", "--json"],
    ):
        if "--site" in arguments:
            for name, text in changed.items():
                (workspace.root / name).write_text(text, "utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "tjtools", *arguments],
            cwd=workspace.root, capture_output=True, text=True, timeout=120,
            env=SIGNED_OUT | {"TJTOOLS_USERNAME": "demo", "TJTOOLS_PASSWORD": PASSWORD},
        )  # fmt: skip
        assert done.returncode in (0, 1), done.stderr
        said += done.stdout + done.stderr
    kept = [path for path in workspace.root.rglob("*") if path.is_file() and path != workspace.browser_session]
    assert {"screenshots", "inspections", "backups", "snapshots"} <= {part for path in kept for part in path.parts}
    assert all(len(secret) > 8 for secret in secrets)
    assert [secret for secret in secrets if secret in said] == []
    assert [path for path in kept if any(secret.encode() in path.read_bytes() for secret in secrets)] == []


# secrets in errors


def whole(error: BaseException) -> str:
    """All that a traceback shows of an error."""
    return "".join(traceback.format_exception(error))


def test_a_browsers_call_log_is_not_in_our_errors(workspace: Workspace, truth: Truth, real_site: None) -> None:
    """The password goes into a field that takes none: the browser's own error quotes it."""
    workspace.selectors_file.write_text('[sign_in]\npassword = "#robot"\n', "utf-8")
    workspace.browser_session.unlink()
    settings, task = load_settings(workspace), Task()

    def work(_run: Task) -> None:
        with site_of(workspace, settings, say=lambda _: None) as site:
            site.sign_in("demo", PASSWORD, timeout=5)

    task.start(work)
    task.wait()
    assert isinstance(task.error, SiteError)
    assert "cannot be filled" in str(task.error)
    assert "Traceback" not in str(task_node(task))
    assert [text for text in (whole(task.error), str(task_node(task))) if PASSWORD in text] == []


@pytest.mark.parametrize("value", [{"a": PASSWORD}, [PASSWORD], 3])
def test_a_damaged_sign_in_is_not_quoted(workspace: Workspace, truth: Truth, real_site: None, value: object) -> None:
    cookie = {"name": PASSWORD, "value": value, "domain": "127.0.0.1", "path": "/"}
    workspace.browser_session.write_text(json.dumps({"cookies": [cookie], "origins": []}), "utf-8")
    with pytest.raises(SignInNeeded, match="holds no browser session") as caught:
        site_of(workspace, load_settings(workspace), say=lambda _: None).open()
    assert PASSWORD not in whole(caught.value)


@pytest.mark.parametrize(
    ("toml", "dotenv", "environment"),
    [
        (f'[site]\nkind = "live"\norigin = "https://a.example"\npassword = "{PASSWORD}"\n', "", {}),
        (f'[campaign]\napi_token = "{PASSWORD}"\n', "", {}),
        (f'[site]\nkind = "live"\norigin = "https://ana:{PASSWORD}@a.example"\n', "", {}),
        (f'[site]\nkind = "live"\norigin = "https://a.example/?token={PASSWORD}"\n', "", {}),
        (f'password = "{PASSWORD}"\n', "", {}),
        ("[upload]\nbatch_size = 50\n", f"TJTOOLS_PASSWORD={PASSWORD}\n", {}),
        ("[upload]\nbatch_size = 50\n", "", {"TJTOOLS_PASSWORD": PASSWORD}),
        ("", "", {"TJTOOLS_SITE": f'{{"kind": 3, "password": "{PASSWORD}"}}'}),
        ("", "", {"TJTOOLS_SITE": f'{{"password": "{PASSWORD}'}),
        ("", f"TJTOOLS_UPLOAD={{{PASSWORD}\nTJTOOLS_PASSWORD={PASSWORD}\n", {}),
        ("", f"TJTOOLS_BROWSER__PASSWORD={PASSWORD}\n", {}),
    ],
)
def test_no_setting_that_is_refused_tells_a_secret(
    bare_workspace: Workspace, monkeypatch: pytest.MonkeyPatch, toml: str, dotenv: str, environment: dict[str, str]
) -> None:
    bare_workspace.settings_file.write_text(toml, "utf-8")
    (bare_workspace.root / ".env").write_text(dotenv, "utf-8")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings(bare_workspace)
    assert PASSWORD not in whole(caught.value)


@given(
    path=st.text(st.sampled_from("ab/%-"), max_size=8), place=st.sampled_from(["user", "query", "fragment", "token"])
)
def test_an_address_in_an_error_has_no_secret(path: str, place: str) -> None:
    secret = "q8Zr2Lk5Wm9Xt3Yb"  # noqa: S105 (nobody's)
    user = f"ana:{secret}@" if place == "user" else ""
    rest = {"query": f"?token={secret}", "fragment": f"#access_token={secret}", "token": f"/{secret}"}.get(place, "")
    address = f"https://{user}example.com/{path}{rest}"
    assert secret not in shown_address(address)
    assert secret not in gist(f"Page.goto: net::ERR_FAILED at {address}\nCall log:\n  - fill({secret!r})")


def test_a_decoder_does_not_get_the_password(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TJTOOLS_PASSWORD", PASSWORD)
    draw(tmp_path / "a.png")
    others = set(psutil.Process().children())
    with children_that_stay(), Children(cores=1) as children:
        children.look(tmp_path / "a.png")
        [child] = set(psutil.Process().children()) - others
        assert PASSWORD not in str(child.environ())


# JupyterLab


def test_the_lab_is_on_loopback_with_a_token_whatever_the_persons_configuration_says(
    bare_workspace: Workspace, tmp_path: Path
) -> None:
    bind(bare_workspace, SiteSettings(kind="live", origin="https://advertiser.example"))
    folders = {name: str(tmp_path / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")}
    configuration = Path(folders["JUPYTER_CONFIG_DIR"]) / "jupyter_server_config.py"
    configuration.parent.mkdir()
    configuration.write_text('c.ServerApp.ip = "0.0.0.0"\n', "utf-8")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with subprocess.Popen(
        [sys.executable, "-m", "tjtools", "lab", "--no-browser", "--port", str(port)],
        cwd=bare_workspace.root, env=SIGNED_OUT | folders, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        try:
            deadline = time.monotonic() + 90
            while not answers("127.0.0.1", port):
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.1)  # between two looks
            assert not answers("127.0.0.2", port)
            assert ask(f"http://127.0.0.1:{port}", "GET", "/api/contents").status == 403
        finally:
            os.killpg(process.pid, signal.SIGTERM)


def answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError:
        return False
    return True
