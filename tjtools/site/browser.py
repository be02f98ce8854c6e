"""Which browser to drive: one that is there, or else one that is installed now."""

from __future__ import annotations

import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from tjtools.model.errors import BrowserNotFound

_COMMANDS = (
    "google-chrome",
    "google-chrome-stable",
    "chromium",
    "chromium-browser",
    "microsoft-edge",
    "microsoft-edge-stable",
)
_MAC = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
_WINDOWS = ("Google/Chrome/Application/chrome.exe", "Microsoft/Edge/Application/msedge.exe")
_SILENCE = 45.0  # seconds without a word from an installer: its download is not reachable

Say = Callable[[str], None]


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
    return _playwrights_own() or next(_installed(os.environ), None)


def without_window(browser: Path) -> Path:
    """The same browser made for work without a window, if it lies beside it: it starts in half the time."""
    shell = browser.with_name(f"{browser.name}-headless-shell")
    return shell if shell.is_file() else browser


def ensure_browser(configured: Path | None = None, *, say: Say) -> Path:
    """A browser, installed now if there is none; `say` hears what is being done.

    Tries Playwright's own download, then, as root on Debian or Ubuntu, the distribution's chromium. Raises
    `BrowserNotFound` with what to run by hand where neither works.
    """
    if found := find_browser(configured):
        return found
    tried = []
    for what, commands, more in _installers():
        say(f"No browser found: installing {what} ...")
        failure = next((told for command in commands if (told := _run(command))), "")
        found = find_browser()
        if found and not failure and (failure := _start_failure(found)) == "":
            for command in more:
                _run(command)  # where it can't be had, the browser alone does
            return found
        tried.append(f"{what}: {failure or 'no browser came of it'}")
        say(f"That did not work ({failure or 'no browser came of it'}).")
    raise BrowserNotFound(
        f"No browser is on this machine, and none could be installed ({'; '.join(tried)}).",
        remedy="Install Google Chrome or Chromium, or run: python -m playwright install --with-deps chromium",
    )


def _playwrights_own() -> Path | None:
    if not _has_own(os.environ):
        return None  # asking starts Playwright's server, which takes half a second
    from playwright.async_api import async_playwright

    from tjtools.site.thread import BrowserThread

    async def ask() -> Path:
        async with async_playwright() as playwright:
            return Path(playwright.chromium.executable_path)

    thread = BrowserThread()
    try:
        path = thread.run(ask())
    finally:
        thread.stop()
    return path if path.is_file() else None


def _has_own(environment: Mapping[str, str]) -> bool:
    """Whether Playwright may have a browser of its own: one lies in the folder that its documentation names."""
    chosen = environment.get("PLAYWRIGHT_BROWSERS_PATH", "")
    if chosen == "0":
        return True  # inside the package: only Playwright knows where
    home = {
        "win32": Path(environment.get("LOCALAPPDATA") or Path.home() / "AppData/Local"),
        "darwin": Path.home() / "Library/Caches",
    }.get(sys.platform, Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache"))
    return any((Path(chosen) if chosen else home / "ms-playwright").glob("chromium*"))


def _installed(environment: Mapping[str, str]) -> Iterator[Path]:
    for command in _COMMANDS:
        if found := shutil.which(command):
            yield Path(found)
    folders = [environment.get(name) for name in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")]
    windows = [Path(folder) / tail for folder in folders if folder for tail in _WINDOWS]
    yield from (path for path in (*map(Path, _MAC), *windows) if path.is_file())


def _installers() -> Iterator[tuple[str, Sequence[Sequence[str]], Sequence[Sequence[str]]]]:
    """What can be installed, the commands for it, and those for what makes it faster."""
    yield "Playwright's Chromium", [[sys.executable, "-m", "playwright", "install", "chromium"]], []
    if sys.platform == "linux" and os.geteuid() == 0 and shutil.which("apt-get"):
        install = ["apt-get", "install", "-y"]
        commands = [["apt-get", "update"], [*install, "chromium"]]
        yield "the distribution's chromium", commands, [[*install, "chromium-headless-shell"]]


def _run(command: Sequence[str]) -> str:
    """Run an installer; `""` if it succeeded, else what went wrong. One that falls silent is ended."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": "15000"}
    with subprocess.Popen(  # noqa: S603 (fixed words, no shell)
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment,
        text=True, errors="replace", start_new_session=True,
    ) as process:  # fmt: skip
        lines: queue.Queue[str | None] = queue.Queue()
        reader = threading.Thread(target=_read, args=(process, lines), daemon=True)
        reader.start()
        said: list[str] = []
        try:
            while (line := lines.get(timeout=_SILENCE)) is not None:
                said += [line.strip()] if line.strip() else []
        except queue.Empty:
            _end(process)
            return f"no answer within {_SILENCE:.0f} s"
        return "" if process.wait() == 0 else _gist(said)


def _gist(said: Sequence[str]) -> str:
    """The line of an installer's output that says what went wrong: the first that speaks of an error, else the last."""
    return next((line for line in said if "error" in line.lower() or "failed" in line.lower()), [*said, "failed"][-1])


def _end(process: subprocess.Popen[str]) -> None:
    """End an installer with what it started."""
    if sys.platform == "win32":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)


def _read(process: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
    for line in process.stdout or ():
        lines.put(line)
    lines.put(None)


def _start_failure(browser: Path) -> str:
    """Why a browser that was just installed does not start (a missing system library, say); `""` if it does."""
    if sys.platform == "win32":
        return ""  # there `--version` opens a window
    try:
        asked = subprocess.run([browser, "--version"], capture_output=True, text=True, timeout=30)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if asked.returncode == 0 else asked.stderr.strip().splitlines()[-1]
