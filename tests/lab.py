"""A real JupyterLab for tests: its own settings, its own browser, a token that nobody else knows.

Tests wait by `wait_for`: `expect` tells all that the page shows each time that it asks in vain, a fifth of the work.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from playwright.sync_api import Locator, Page, expect, sync_playwright

from tjtools.practice.lab import environment as lab_environment
from tjtools.practice.lab import options as lab_options
from tjtools.workspace.folder import VARIABLE, Workspace

PATIENCE = 120_000  # milliseconds: several processes wait for two cores
expect.set_options(timeout=PATIENCE)
PANEL = ".jp-NotebookPanel:not(.lm-mod-hidden)"
CODE = "[...window.jupyterapp.shell.currentWidget.content.model.cells].filter(cell => cell.type === 'code')"
LAST = f"{CODE}.at(-1)"  # the code of most cells is hidden, and with it their numbers
QUICK = '{"LanguageServerManager": {"autodetect": false}}'  # which asks npm and node, five times
MOST_AT_ONCE = 12_000_000  # bytes of a request to the server, which closes the connection at more
CLOSE_ALL = """() => {
    if (!window.jupyterapp || !location.pathname.startsWith("/lab")) return false;
    for (const one of [...window.jupyterapp.shell.widgets("main")]) {
        if (one.context?.model) one.context.model.dirty = false;  // nobody is asked whether it is to be saved
        one.close();
    }
    return true;
}"""
OPEN = (
    "async path => { await window.jupyterapp.commands.execute('docmanager:open', { path }); }"  # the view stays there
)
Result = TypeVar("Result")


class Lab:
    """JupyterLab as a person sees it: open a notebook, run it, click."""

    def __init__(self, address: str, token: str, page: Page, temporary: str) -> None:
        self.address, self.token, self.page, self._temporary = address, token, page, temporary

    def open(self, notebook: str, *, afresh: bool = False) -> None:
        """Open a notebook of the root folder alone: in JupyterLab as it runs, else, or `afresh`, in a page that loads.

        What was open before has to let go of the notebook's kernel first: its connection is not that of the new one.
        Loading the page takes three times as long as opening a notebook.
        """
        stays = self.leave() and not afresh
        if not stays:
            self.page.goto("about:blank")
        self.wait_until(lambda: not any(one["kernel"]["connections"] for one in self.ask("sessions")))
        if stays:
            self.page.evaluate(OPEN, notebook)
        else:
            self.page.goto(f"{self.address}/lab/tree/{notebook}?reset&token={self.token}")
        self.ready(notebook)

    def leave(self) -> bool:
        """Close what is open, as it is; whether it can stay, since it is a JupyterLab with more than one document."""
        if self.page.evaluate(CLOSE_ALL):
            return True
        self.page.goto("about:blank")
        return False

    def ready(self, notebook: str) -> None:
        """Wait until the notebook that is being opened is there, with its kernel."""
        self.page.wait_for_selector(f"{PANEL} .jp-CodeCell", state="attached")
        self._wait_for_kernel(notebook)
        self.wait_until_idle()

    def run_all(self) -> None:
        """Run all cells, and wait until the last one has run and the kernel is idle."""
        self.page.evaluate(f"{LAST}.executionCount = null")
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_text("Run All Cells", exact=True).click()
        self.wait_until(lambda: self.page.evaluate(f"{LAST}.executionCount"))
        self.wait_until_idle()

    def open_desk(self) -> None:
        """Open what `tjtools lab` opens, and wait until it is live."""
        self.page.goto(f"{self.address}/?token={self.token}")
        self.page.get_by_role("tab", name="Today").wait_for()

    def restart_kernel(self) -> None:
        """As a person does, from the menu."""
        self.page.get_by_role("menuitem", name="Kernel", exact=True).click()
        self.page.get_by_text("Restart Kernel…", exact=True).click()
        self.page.get_by_role("button", name="Confirm Kernel Restart").click()

    def wait_until_idle(self) -> None:
        self.page.wait_for_selector(f"{PANEL} .jp-Notebook-ExecutionIndicator[data-status='idle']", state="attached")

    def button(self, name: str) -> Locator:
        """A button of the notebook, by its words."""
        return self.page.locator(f"{PANEL} .jp-OutputArea").get_by_role("button", name=name)

    def _wait_for_kernel(self, notebook: str, attempts: int = 1200) -> None:
        """Wait until the notebook's kernel is connected and idle: a click before that runs nothing."""
        for _ in range(attempts):
            kernels = [one["kernel"] for one in self.ask("sessions") if one["path"] == notebook]
            if any(one["execution_state"] == "idle" and one["connections"] for one in kernels):
                return
            self.page.wait_for_timeout(100)
        raise TimeoutError(notebook)

    def browsers(self) -> set[int]:
        """The browsers that the kernels have started and that run now, by their process IDs."""
        listed = subprocess.run(["ps", "-ewwo", "pid=,args="], capture_output=True, text=True, check=True).stdout
        lines = [line.split(None, 1) for line in listed.splitlines()]
        mine = f"--user-data-dir={self._temporary}"
        shell = "/bin/sh "  # in which Debian starts its browser for work without a window
        return {
            int(pid)
            for pid, started in lines
            if mine in started and not ("--type=" in started or started.startswith(shell))
        }

    def wait_until(self, true: Callable[[], Result], attempts: int = 1200) -> Result:
        """Ask ten times a second until the answer is true, and return it."""
        for _ in range(attempts):
            answer = true()
            if answer:
                return answer
            self.page.wait_for_timeout(100)
        raise TimeoutError(f"still {answer!r}; the page says: {self.page.inner_text('body')}")

    def ask(self, path: str, method: str = "GET") -> Any:
        """Ask the server's own interface."""
        request = Request(  # noqa: S310 (a server of this machine)
            f"{self.address}/api/{path}", headers={"Authorization": f"token {self.token}"}, method=method
        )
        with build_opener(ProxyHandler({})).open(request, timeout=PATIENCE / 1000) as answer:
            return json.loads(answer.read() or b"null")

    def end_kernels(self) -> None:
        """End every session: a kernel survives the page that used it; one that is being restarted is asked again."""
        self.wait_until(self._without_sessions)

    def _without_sessions(self) -> bool:
        for session in self.ask("sessions"):
            try:
                self.ask(f"sessions/{session['id']}", "DELETE")
            except HTTPError as error:  # a kernel that has just died is started anew, and can't be ended meanwhile
                error.close()
        return not self.ask("sessions")


def running_lab(root: Path, home: Path, browser: str, **environment: str) -> AbstractContextManager[Lab]:
    """JupyterLab on `root`, with settings of its own below `home`, in a real browser; `environment` reaches kernels."""
    place = Workspace(root)
    command = ["jupyterlab", *lab_options(place), "--no-browser", "--ip=127.0.0.1", "--allow-root"]
    for_tests = ["--ServerApp.port_retries=0", "--LabApp.expose_app_in_browser=True"]
    for_tests += [f"--ServerApp.max_body_size={MOST_AT_ONCE}", f"--ServerApp.max_buffer_size={MOST_AT_ONCE}"]
    return _running([*command, *for_tests], root, home, browser, lab_environment(place) | environment)


def running_command(folder: Path, home: Path, browser: str) -> AbstractContextManager[Lab]:
    """The same, started by `tjtools lab` in a folder."""
    outside = {name: value for name, value in os.environ.items() if name != VARIABLE}
    return _running(["tjtools", "lab", "--no-browser"], folder, home, browser, outside)


def plain_lab(folder: Path, home: Path, browser: str) -> AbstractContextManager[Lab]:
    """JupyterLab on a folder, without anything of ours."""
    options = [f"--ServerApp.root_dir={folder}", "--no-browser", "--ip=127.0.0.1", "--allow-root"]
    return _running(["jupyterlab", *options], folder, home, browser, dict(os.environ))


@contextmanager
def _running(command: list[str], folder: Path, home: Path, browser: str, environment: dict[str, str]) -> Iterator[Lab]:
    token, port = secrets.token_hex(16), free_port()
    own = {name: str(home / name.lower()) for name in _FOLDERS} | {"JUPYTER_TOKEN": token}
    (home / "jupyter_config_dir").mkdir(parents=True, exist_ok=True)
    (home / "jupyter_config_dir" / "jupyter_server_config.json").write_text(QUICK, "utf-8")
    with (
        TemporaryDirectory(
            prefix="lab-", ignore_cleanup_errors=True
        ) as temporary,  # the browsers' profiles: so we know whose they are
        (home / "lab.log").open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-m", *command, f"--port={port}"],
            cwd=folder, env=environment | own | {"TMPDIR": temporary}, stdout=log, stderr=log,
        ) as server,
        sync_playwright() as playwright,
    ):  # fmt: skip
        try:
            address = f"http://127.0.0.1:{port}"
            chromium = playwright.chromium.launch(executable_path=browser)
            page = chromium.new_page(viewport={"width": 1440, "height": 1000})
            page.set_default_timeout(PATIENCE)
            _wait_for(page, f"{address}/api/status?token={token}")
            lab = Lab(address, token, page, temporary)
            yield lab
            lab.end_kernels()
            chromium.close()
        finally:
            server.terminate()


_FOLDERS = (
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_DATA_DIR",
    "JUPYTER_RUNTIME_DIR",
    "JUPYTERLAB_SETTINGS_DIR",
    "JUPYTERLAB_WORKSPACES_DIR",
    "IPYTHONDIR",
)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _wait_for(page: Page, address: str, attempts: int = 1200) -> None:
    for _ in range(attempts):
        try:
            build_opener(ProxyHandler({})).open(address, timeout=5).close()
        except OSError:
            page.wait_for_timeout(100)
        else:
            return
    raise TimeoutError(address)
