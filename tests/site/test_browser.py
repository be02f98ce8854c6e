"""Finding a browser, or installing one without a dead wait."""

from __future__ import annotations

import asyncio
import gc
import itertools
import sys
import threading
import time
from collections.abc import Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tjtools.model.errors import BrowserNotFound, Cancelled
from tjtools.site import Site, browser
from tjtools.site.browser import BrowserThread
from tjtools.site.sitepage import load_selectors


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """No browser anywhere: neither Playwright's nor an installed one."""
    monkeypatch.setattr(browser, "_playwrights_own", lambda: None)
    monkeypatch.setattr(browser, "_installed", lambda: None)


def test_a_configured_browser_goes_first(tmp_path: Path) -> None:
    mine = tmp_path / "my-chrome"
    mine.touch()
    assert browser.find_browser(mine) == mine


def test_a_configured_browser_that_is_not_there_is_an_error() -> None:
    with pytest.raises(BrowserNotFound, match=r"my-chrome that the settings name is not there.*tjtools\.toml"):
        browser.find_browser(Path("my-chrome"))


@pytest.mark.usefixtures("bare_machine")
def test_a_machine_on_which_nothing_works_says_what_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    failing = [sys.executable, "-c", "print('Error: no route to host\\nat line 3'); raise SystemExit(1)"]
    monkeypatch.setattr(
        browser, "_installers", lambda: iter([("a download", [failing], []), ("a package", [failing], [])])
    )
    heard: list[str] = []
    with pytest.raises(BrowserNotFound, match="python -m playwright install --with-deps chromium"):
        browser.ensure_browser(say=heard.append)
    assert heard == [
        "No browser found: installing a download ...",
        "That did not work (Error: no route to host).",
        "No browser found: installing a package ...",
        "That did not work (Error: no route to host).",
    ]


def test_a_download_that_never_answers_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "_SILENCE", 0.3)
    began = time.monotonic()
    assert browser._run([sys.executable, "-c", "import time; time.sleep(60)"]) == "no answer within 0 s"
    assert time.monotonic() - began < 30


@pytest.mark.usefixtures("bare_machine")
def test_what_the_installer_brings_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    brought = tmp_path / "chromium"
    script = f"open({str(brought)!r}, 'w').write('#!/bin/sh\\n'); import os; os.chmod({str(brought)!r}, 0o755)"
    lacking = [sys.executable, "-c", "raise SystemExit(1)"]
    ways = [("a package", [[sys.executable, "-c", script]], [lacking])]
    monkeypatch.setattr(browser, "_installers", lambda: iter(ways))
    monkeypatch.setattr(browser, "_installed", lambda: brought if brought.exists() else None)
    assert browser.ensure_browser(say=lambda _: None) == brought


@pytest.mark.usefixtures("bare_machine")
def test_who_asks_while_a_browser_is_being_installed_waits_for_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    brought = tmp_path / "chromium"
    script = f"open({str(brought)!r}, 'w').write('#!/bin/sh\\n'); import os; os.chmod({str(brought)!r}, 0o755)"
    both, looks, heard = threading.Barrier(2), itertools.count(), []
    monkeypatch.setattr(browser, "_playwrights_own", lambda: next(looks) < 2 and both.wait(30) and None)
    monkeypatch.setattr(browser, "_installers", lambda: iter([("a package", [[sys.executable, "-c", script]], [])]))
    monkeypatch.setattr(browser, "_installed", lambda: brought if brought.exists() else None)
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(lambda _: browser.ensure_browser(say=heard.append), range(2)))
    assert (found, heard) == ([brought, brought], ["No browser found: installing a package ..."])


def test_work_without_a_window_takes_the_browser_that_is_made_for_it(tmp_path: Path) -> None:
    chromium, shell = tmp_path / "chromium", tmp_path / "chromium-headless-shell"
    assert browser.without_window(chromium) == chromium
    shell.touch()
    assert browser.without_window(chromium) == shell


def test_a_browser_that_dies_at_its_start_is_quoted(tmp_path: Path) -> None:
    """Playwright's own words are the same whatever was wrong; the browser's name it."""
    dying = tmp_path / "chromium"
    dying.write_text("#!/bin/sh\necho '[7:7:1124/18:FATAL:singleton.cc:315] Socket path too long: /x' >&2\nexit 1\n")
    dying.chmod(0o755)
    nowhere, session = "http://127.0.0.1:9", tmp_path / "browser-session.json"
    site = Site(nowhere, sign_in_url=nowhere, selectors=load_selectors(), executable=dying, browser_session=session)
    with pytest.raises(BrowserNotFound, match=r"chromium does not start: .* \(Socket path too long: /x\)"):
        site.open()


class LateFuture(Future[str]):
    """Work that ends just after the wait for it has, and before anybody asks whether it is done."""

    def result(self, timeout: float | None = None) -> str:
        try:
            return super().result(timeout)
        except TimeoutError:
            self.set_result("done")
            raise


def test_work_that_ends_in_the_moment_of_a_look_is_not_taken_for_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    thread = BrowserThread()
    late = LateFuture()

    def threadsafe(work: Coroutine[None, None, str], _loop: object) -> Future[str]:
        work.close()
        return late

    monkeypatch.setattr(asyncio, "run_coroutine_threadsafe", threadsafe)
    try:
        assert thread.run(asyncio.sleep(0, "done")) == "done"
    finally:
        monkeypatch.undo()
        thread.stop()


def test_a_driver_that_ends_with_us_leaves_no_traceback_and_what_else_nobody_heard_does(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def leave(why: str) -> None:
        asyncio.get_running_loop().create_future().set_exception(Exception(why))

    thread = BrowserThread()
    for why in ("Connection closed while reading from the driver", "something of ours"):
        thread.run(leave(why))
    gc.collect()
    thread.stop()
    assert [str(one.exc_info[1]) for one in caplog.records if one.exc_info] == ["something of ours"]


def test_what_ends_with_the_browser_when_a_signal_stops_all_was_stopped() -> None:
    async def ends() -> None:
        raise RuntimeError("the browser is gone")

    thread = BrowserThread()
    with pytest.raises(Cancelled):
        thread.run(ends(), lambda: True)
    with pytest.raises(RuntimeError):
        thread.run(ends(), lambda: True, to_its_end=True)
    thread.stop()
