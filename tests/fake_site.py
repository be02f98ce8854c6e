"""The site without browser and network: the sandbox's own application, asked in this process.

It does with the answers what the site's page and the driver do with them; `tests/contract/test_site.py` runs on both.
Boxes, markup that has changed, and broken connections are beyond it.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any, NoReturn, Self, TypeVar
from urllib.parse import urlencode

from starlette.types import Message

from tjtools.model.creative import Section
from tjtools.model.errors import PageChanged, SignInNeeded, SiteBusy, SiteError, SiteUnreachable
from tjtools.model.words import Waits
from tjtools.sandbox import Sandbox
from tjtools.site import Card, CardPage, FileResult, FileState, Inspection
from tjtools.site.browser import BrowserThread
from tjtools.site.driver import load_browser_session, save_browser_session

Result = TypeVar("Result")
Told = Callable[[str, FileResult], None]
KEYS = dict(zip(Section, ("static", "video", "in_stream", "native_static", "native_rollover"), strict=True))
PAGE = 12
AT_ONCE = 2  # pages that one turn brings, and files that are sent at the same time
CARD = re.compile(
    r'(?s).*?data-id="(?P<creative_id>[^"]*)" data-review-status="(?P<review_status>[^"]*)"'
    r'(?:.*?title="(?P<name>[^"]*)")?(?:.*?class="dimensions">(?P<dimensions>[^<]*))?'
    r'(?:.*?class="fileType">(?P<file_type>[^<]*))?'
)
PICTURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def asks_to_sign_in(self) -> bool:
        """Also by a page that loads for anybody, where the library or an answer was asked for."""
        page = self.status == 200 and "html" in self.headers.get("content-type", "")
        return "location" in self.headers or (page and b"data-section" not in self.body)


class FakeSite:
    """What `Site` is with a browser, for a sandbox that runs in this process."""

    def __init__(
        self,
        sandbox: Sandbox,
        origin: str,
        *,
        browser_session: Path,
        patience: float = 30,
        cancelled: Callable[[], bool] | None = None,
        waits: Waits = lambda _: None,
        **_of_the_browser: object,
    ) -> None:
        assert origin == sandbox.origin
        self.patience = patience
        self.waits = waits
        self._app = sandbox.app
        self._browser_session = browser_session
        self._cancelled = cancelled
        self._thread: BrowserThread | None = None
        self._cookie = ""
        self._shown = CardPage((), 0, 0, None, has_next=False)
        self._section = Section.VIDEO_BANNERS
        self._panel = False
        self._coming: list[float] = []  # when the page will load its list again, after an upload

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        self._thread = self._thread or BrowserThread()
        self._read_session()

    def close(self) -> None:
        thread, self._thread = self._thread, None
        if thread:
            thread.stop()

    def open_library(self) -> None:
        self._run(self._patiently(self._open_library))

    def renew(self) -> None:
        self.open_library()

    def sign_in(self, username: str, password: str, *, timeout: float) -> None:
        """The person is quick."""
        form = urlencode({"username": username, "password": password, "robot": "on"}).encode()
        answer = self._run(self._ask("/sign-in", form, "application/x-www-form-urlencoded"))
        if "set-cookie" not in answer.headers:
            raise SignInNeeded(f"Nobody signed in within {timeout:g} s.", remedy="Run: tjtools login")
        name, value = answer.headers["set-cookie"].partition(";")[0].split("=", 1)
        cookie = {"name": name, "value": value, "domain": "127.0.0.1", "path": "/"}
        save_browser_session(self._browser_session, {"cookies": [cookie], "origins": []})
        self._read_session()

    def open_section(self, section: Section) -> None:
        async def choose() -> None:
            self._section = section
            await self._show(0)

        self._run(self._patiently(choose))

    def read_page(self) -> CardPage:
        self._run(self._catch_up())
        return _checked(self._shown)

    def read_on(self) -> tuple[CardPage, ...]:
        return self._run(self._read_on())

    def miss_total(self) -> NoReturn:
        raise PageChanged("the page does not say how many creatives there are", element="library.total", selector="")

    def wait_for_names(
        self, names: Sequence[str], seen: Sequence[str], timeout: float, cut: Callable[[], bool] = lambda: False
    ) -> None:
        self._run(self._wait_for_names(names, seen, time.monotonic() + timeout, cut))

    def open_upload_panel(self) -> None:
        self._run(asyncio.sleep(0))
        self._panel = True

    def hand_over(self, paths: Sequence[Path], told: Told, *, stalled_after: float) -> dict[str, FileResult]:
        if not self._panel:
            raise PageChanged("the file input did not come", element="upload.input", selector="")
        try:
            contents = {path.name: path.read_bytes() for path in paths}
        except OSError as error:
            raise SiteError(f"A file could not be given to the browser: {error}.") from error
        return self._run(self._hand_over(contents, told, stalled_after))

    def inspect_section(self, section: Section) -> Inspection:  # noqa: ARG002 (markup is the browser's to see)
        return self.inspect_upload_panel()

    def inspect_upload_panel(self) -> Inspection:
        self._run(asyncio.sleep(0))
        return Inspection((), ())

    def screenshot(self, path: Path) -> None:
        self._run(asyncio.sleep(0))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PICTURE)

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        if self._thread is None:
            work.close()
            raise SiteError("The browser is not open.", remedy="Call open() first, or use `with`.")
        return self._thread.run(work, self._cancelled)

    def _read_session(self) -> None:
        saved = load_browser_session(self._browser_session) or {"cookies": []}
        self._cookie = "; ".join(f"{one['name']}={one['value']}" for one in saved["cookies"])

    async def _open_library(self) -> None:
        page = (await self._needed("/media-library")).body.decode()
        opened = re.search(r'data-section="(\w+)"', page)
        assert opened, "the Media Library names its section"
        self._section = next(section for section, key in KEYS.items() if key == opened[1])
        self._panel, self._coming = False, []
        await self._show(0)

    async def _patiently(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do it, and again when a site that is asked too much says so, if that is soon enough."""
        waited = 0.0
        while True:
            try:
                return await work()
            except SiteBusy as busy:
                waited += busy.seconds
                if waited > self.patience:
                    raise
                await asyncio.sleep(busy.seconds)

    async def _show(self, start: int) -> None:
        """Load a page of the list; a list that counts other cards than it shows never comes to rest."""
        query = urlencode({"draw": 1, "start": start, "length": PAGE, "section": KEYS[self._section]})
        told = json.loads((await self._needed(f"/media-library/list?{query}")).body)
        cards, total = tuple(_card(html) for (html,) in told["data"]), told["recordsTotal"]
        last = min(start + PAGE, total)
        if total and len(cards) != last - start:
            raise PageChanged(f"{total} are counted here", element="card.card", selector="")
        self._shown = CardPage(cards, min(start + 1, last), last, total, has_next=last < total)

    async def _read_on(self) -> tuple[CardPage, ...]:
        pages: list[CardPage] = []
        while self._shown.has_next and len(pages) < AT_ONCE:
            await self._show(self._shown.last)
            pages.append(_checked(self._shown))
        return tuple(pages)

    async def _catch_up(self) -> None:
        """The page loads its list again once the cards of its own uploads are to show, and only then."""
        due = [when for when in self._coming if when <= time.monotonic()]
        if due:
            self._coming = [when for when in self._coming if when not in due]
            await self._show(max(self._shown.first - 1, 0))

    async def _wait_for_names(
        self, names: Sequence[str], seen: Sequence[str], deadline: float, cut: Callable[[], bool]
    ) -> None:
        while True:
            await self._catch_up()
            found = any(card.name in names and card.creative_id not in seen for card in self._shown.cards)
            now = time.monotonic()
            if found or now >= deadline or cut():
                return
            await asyncio.sleep(min([deadline, now + 0.1, *self._coming]) - now)

    async def _hand_over(self, contents: dict[str, bytes], told: Told, stalled_after: float) -> dict[str, FileResult]:
        results, waited, now = await self._follow(contents, told, stalled_after), 0.0, contents
        while now := {name: now[name] for name in now if results[name].state is FileState.DEFERRED}:
            seconds = max(float(results[name].message) for name in now)
            waited += seconds
            if waited > stalled_after:
                why = f"the site is asked too much (429) and wants no file for {seconds:g} s"
                return results | dict.fromkeys(now, FileResult(FileState.REFUSED, why))
            await asyncio.sleep(seconds)
            results |= await self._follow(now, told, stalled_after)
        return results

    async def _follow(self, contents: dict[str, bytes], told: Told, stalled_after: float) -> dict[str, FileResult]:
        lines, changed = asyncio.Semaphore(AT_ONCE), asyncio.Event()

        async def send(name: str, content: bytes) -> FileResult:
            async with lines:
                told(name, FileResult(FileState.PROCESSING))
                changed.set()
                result = await self._send(name, content)
                told(name, FileResult(FileState.QUEUED) if result.state is FileState.DEFERRED else result)
                return result

        sent = {name: asyncio.ensure_future(send(name, content)) for name, content in contents.items()}
        for task in sent.values():
            task.add_done_callback(lambda _: changed.set())
        try:
            while not all(task.done() for task in sent.values()):
                changed.clear()
                async with asyncio.timeout(stalled_after):
                    await changed.wait()
        except TimeoutError:
            pass
        finally:
            for task in sent.values():
                task.cancel()
            await asyncio.gather(*sent.values(), return_exceptions=True)
        stuck = FileResult(FileState.STALLED, f"no change within {stalled_after:g} s")
        return {name: stuck if task.cancelled() else task.result() for name, task in sent.items()}

    async def _send(self, name: str, content: bytes) -> FileResult:
        """As Chromium sends a form, and as Dropzone takes the answer."""
        quoted = name.replace('"', "%22").replace("\n", "%0A").replace("\r", "%0D").encode()
        part = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="' + quoted + b'"\r\n\r\n' + content
        field = b'\r\n--edge\r\nContent-Disposition: form-data; name="section"\r\n\r\n' + KEYS[self._section].encode()
        body = part + field + b"\r\n--edge--\r\n"
        sent = self._ask("/media-library/upload", body, "multipart/form-data; boundary=edge")
        answer = await asyncio.shield(sent)  # the site works on it whether somebody waits or not
        if answer.asks_to_sign_in:
            raise _expired()
        if answer.status == 429:
            return FileResult(FileState.DEFERRED, answer.headers["retry-after"])
        if answer.status >= 500:
            return FileResult(FileState.LOST, f"the site answered it with the error {answer.status}")
        if answer.status >= 400:
            says = answer.body.decode()
            return FileResult(FileState.REFUSED, json.loads(says)["error"] if says.strip() else "")
        self._coming.append(time.monotonic() + json.loads(answer.body)["shown_after_ms"] / 1000)
        return FileResult(FileState.TAKEN)

    async def _needed(self, address: str) -> Answer:
        """What a page needs; the site's trouble where it does not come."""
        try:
            async with asyncio.timeout(self.patience):
                answer = await self._ask(address)
        except TimeoutError as error:
            raise SiteUnreachable(f"{address} did not come within {self.patience:g} s.", remedy="Later.") from error
        if answer.asks_to_sign_in:
            raise _expired()
        if answer.status == 429:
            raise SiteBusy("It is asked too much.", seconds=float(answer.headers["retry-after"]), remedy="Then.")
        if answer.status >= 500:
            raise SiteUnreachable(f"{address} answers with the error {answer.status}.", remedy="Later.")
        return answer

    async def _ask(self, address: str, body: bytes | None = None, kind: str = "") -> Answer:
        path, _, query = address.partition("?")
        head = {
            "host": "127.0.0.1",
            "cookie": self._cookie,
            "content-type": kind,
            "content-length": str(len(body or b"")),
        }
        scope = {
            "type": "http", "scheme": "http", "method": "GET" if body is None else "POST",
            "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in head.items()],
            "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1),
        }  # fmt: skip
        sent: list[Message] = []
        requests = [{"type": "http.request", "body": body or b""}]

        async def receive() -> Message:
            return requests.pop() if requests else await asyncio.Event().wait() or {}

        async def send(message: Message) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Answer(sent[0]["status"], headers, b"".join(one.get("body", b"") for one in sent))


def _card(html: str) -> Card:
    found = CARD.match(html)
    assert found, html
    return Card(**{name: unescape(value or "") for name, value in found.groupdict().items()})


def _checked(shown: CardPage) -> CardPage:
    for element, missing in (("id_attribute", "creative_id"), ("name", "name")):
        if not all(getattr(card, missing) for card in shown.cards):
            raise PageChanged(f"a card shows no {missing}", element=f"card.{element}", selector="")
    return shown


def _expired() -> SignInNeeded:
    return SignInNeeded(
        "The site asks to sign in: there is no session, or it has expired.", remedy="Run: tjtools login"
    )
