"""Which browser to drive, one that is there or else one that is installed now; and the thread to drive it from."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import threading
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from tempfile import gettempdir
from typing import Any, TypeVar

from filelock import FileLock
from platformdirs import user_cache_path

from tjtools.model.errors import BrowserNotFound, Cancelled

_BROWSERS = (
    "google-chrome",
    "google-chrome-stable",
    "chromium",
    "chromium-browser",
    "microsoft-edge",
    "microsoft-edge-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    *(
        str(Path(os.environ.get(folder, "/"), browser))
        for folder in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")
        for browser in ("Google/Chrome/Application/chrome.exe", "Microsoft/Edge/Application/msedge.exe")
    ),
)
BY_HAND = "Install Google Chrome or Chromium, or run: python -m playwright install --with-deps chromium"
NO_DISPLAY = "There is no display here (DISPLAY is not set): no browser window can open."
_SILENCE = 45.0  # seconds without a word from an installer: its download is not reachable
_LOOK = 0.1  # seconds between two looks at whether the person has stopped the work

Result = TypeVar("Result")
_STOPS = ContextVar[tuple[Callable[[], bool], ...]]("stops", default=())


@contextmanager
def heeding(stop: Callable[[], bool]) -> Iterator[None]:
    """In here, `stop` too is asked whether the work in a browser is to stop, from its start on: also a sign-in."""
    token = _STOPS.set((*_STOPS.get(), stop))
    try:
        yield
    finally:
        _STOPS.reset(token)


class BrowserThread:
    """A daemon thread with an event loop of its own, which runs coroutines for other threads.

    Playwright's synchronous interface refuses to work where an event loop already runs, as it does in every notebook
    cell, and the kernel's loop on Windows can't start a process.
    """

    def __init__(self) -> None:
        if sys.platform == "win32":
            self._loop: asyncio.AbstractEventLoop = asyncio.ProactorEventLoop()
        else:
            self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(_unheard)
        self._thread = threading.Thread(target=self._serve, name="tjtools-browser", daemon=True)
        self._thread.start()

    def run(
        self,
        work: Coroutine[Any, Any, Result],
        cancelled: Callable[[], bool] | None = None,
        *,
        to_its_end: bool = False,
    ) -> Result:
        """Run a coroutine there and wait for what it returns or raises.

        Raises `Cancelled`, and stops the coroutine, once `cancelled` says so, or what is heeded here, unless it goes
        `to_its_end`; an interrupt stops it too.
        """
        stops = () if to_its_end else (*filter(None, [cancelled]), *_STOPS.get())
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            while True:
                try:
                    return future.result(_LOOK)
                except TimeoutError:
                    if future.done():  # with its own timeout, or just after ours
                        return future.result()
                if any(stop() for stop in stops):
                    break
        except Exception:
            if not any(stop() for stop in stops):  # else a signal to all has ended the browser, too
                raise
        finally:
            future.cancel()
        raise Cancelled("Stopped on request.")

    def stop(self) -> None:
        """End the thread; what still runs in it is cancelled."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _serve(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.get_loop().run_forever()


def _unheard(loop: asyncio.AbstractEventLoop, told: dict[str, Any]) -> None:
    """Of a driver that a signal to all has ended, who waited for it has heard; Playwright keeps one more word of it."""
    if "from the driver" not in str(told.get("exception")):
        loop.default_exception_handler(told)


def _run_apart(work: Coroutine[Any, Any, Result]) -> Result:
    """Run it in a thread of its own, whatever loop runs in this one."""
    thread = BrowserThread()
    try:
        return thread.run(work)
    finally:
        thread.stop()


def find_browser(configured: Path | None = None) -> Path | None:
    """A browser that is on this machine: the configured one, Playwright's own, or an installed one.

    Installed ones are Chrome, Chromium and Edge. Raises `BrowserNotFound` where a configured path does not exist.
    """
    if configured:
        if not configured.is_file():
            raise BrowserNotFound(
                f"The browser {configured} that the settings name is not there.",
                remedy="Correct [browser] executable in tjtools.toml, or remove it to have one found.",
            )
        return configured
    return _playwrights_own() or _installed()


def lacks_display() -> bool:
    """Whether no window can open on this machine."""
    has_one = sys.platform in ("win32", "darwin")
    return not (has_one or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def sign_in_without_display(browser_session: Path, *, sandbox: bool) -> str:
    """How one signs in for a machine without a display."""
    if sandbox:
        return "The sandbox needs none: its practice account is signed in on the desk (tjtools lab), at Upload."
    name = browser_session.name
    return (
        f"Sign in with tjtools login on a machine where there is one, and copy its {name} to {browser_session}: it is"
        " your sign-in, so keep it to yourself. All else works without a window, if [browser] headless is true."
    )


def without_window(browser: Path) -> Path:
    """The same browser made for work without a window, if it lies beside it: it starts in half the time."""
    shell = browser.with_name(f"{browser.name}-headless-shell")
    return shell if shell.is_file() else browser


def ensure_browser(configured: Path | None = None, *, say: Callable[[str], None]) -> Path:
    """A browser, installed now if there is none; `say` hears what is being done.

    Tries Playwright's own download, then, as root on Debian or Ubuntu, the distribution's chromium. Raises
    `BrowserNotFound` with what to run by hand where neither works.
    """
    if found := find_browser(configured):
        return found
    with FileLock(Path(gettempdir(), f"tjtools-browser-{Path.home().name}.lock")):  # apt refuses a second at once
        return find_browser(configured) or _brought(say)


def _brought(say: Callable[[str], None]) -> Path:
    tried = []
    for what, commands, more in _installers():
        say(f"No browser found: installing {what} ...")
        failure, found = next((told for command in commands if (told := _run(command))), ""), find_browser()
        if not found:
            failure = failure or "no browser came of it"
        elif not failure and sys.platform != "win32":  # there, asking it opens a window
            failure = _run([str(found), "--version"])  # a system library may be missing
        if found and not failure:
            for command in more:
                _run(command)  # where it can't be had, the browser alone does
            return found
        tried.append(f"{what}: {failure}")
        say(f"That did not work ({failure}).")
    told = f"No browser is on this machine, and none could be installed ({'; '.join(tried)})."
    raise BrowserNotFound(told, remedy=BY_HAND)


def _playwrights_own() -> Path | None:
    chosen = os.environ.get("PLAYWRIGHT_BROWSERS_PATH", "")  # 0: inside the package, only Playwright knows where
    folder = Path(chosen) if chosen else user_cache_path("ms-playwright", appauthor=False, opinion=False)
    if chosen != "0" and not any(folder.glob("chromium*")):
        return None  # asking starts Playwright's server, which takes half a second
    from playwright.async_api import async_playwright

    async def ask() -> Path:
        async with async_playwright() as playwright:
            return Path(playwright.chromium.executable_path)

    path = _run_apart(ask())
    return path if path.is_file() else None


def _installed() -> Path | None:
    return next((Path(found) for browser in _BROWSERS if (found := shutil.which(browser))), None)


def _installers() -> Iterator[tuple[str, Sequence[Sequence[str]], Sequence[Sequence[str]]]]:
    """What can be installed, the commands for it, and those for what makes it faster."""
    yield "Playwright's Chromium", [[sys.executable, "-m", "playwright", "install", "chromium"]], []
    if sys.platform == "linux" and os.geteuid() == 0 and shutil.which("apt-get"):
        install = ["apt-get", "install", "-y"]
        commands = [["apt-get", "update"], [*install, "chromium"]]
        yield "the distribution's chromium", commands, [[*install, "chromium-headless-shell"]]


def _run(command: Sequence[str]) -> str:
    """Run an installer; `""` if it succeeded, else what went wrong. One that falls silent is ended."""
    return _run_apart(_ended(command))


async def _ended(command: Sequence[str]) -> str:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": "15000"}
    said = b""
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, env=environment, start_new_session=True
        )
        while process.stdout and (more := await asyncio.wait_for(process.stdout.read(4096), _SILENCE)):
            said += more
    except TimeoutError:
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)  # with what it started
        await process.wait()
        return f"no answer within {_SILENCE:.0f} s"
    except OSError as error:
        return str(error)
    lines = [line.strip() for line in said.decode(errors="replace").splitlines() if line.strip()]
    blamed = (line for line in lines if "error" in line.lower() or "failed" in line.lower())
    return "" if await process.wait() == 0 else next(blamed, [*lines, "failed"][-1])
