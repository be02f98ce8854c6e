"""`tjtools lab` and `tjtools init`: JupyterLab on the workspace's notebooks, on the sandbox without an account."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import zipfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import nbformat
import psutil
import pytest
from jupyterlab_server.config import get_static_page_config
from lab import PANEL, Lab, running_command
from playwright.sync_api import Page, expect
from world import read_rows, write_inventory

from tjtools.model.errors import SiteUnreachable
from tjtools.practice import lab as starting
from tjtools.practice.lab import DESK
from tjtools.practice.workspace import (
    as_shipped,
    ask_sandbox,
    copy_notebooks,
    make_practice,
    running_sandbox,
    shipped,
)
from tjtools.workspace.folder import VARIABLE, Workspace
from tjtools.workspace.settings import SiteSettings, bind, load_settings

ROOT = Path(__file__).parents[2]
QUIET = {name: value for name, value in os.environ.items() if name != VARIABLE}


def answers(address: str) -> bool:
    try:
        build_opener(ProxyHandler({})).open(address, timeout=5).close()
    except OSError:
        return False
    return True


def wait_for(address: str, process: subprocess.Popen[str], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not answers(address):
        assert process.poll() is None, process.stderr and process.stderr.read()
        assert time.monotonic() < deadline, address
        time.sleep(0.1)  # between two looks


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_lab_without_an_account_runs_on_a_sandbox_and_ends_with_it_by_ctrl_c(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "tjtools", "lab", "--no-browser", "--port", str(port)]
    jupyter = {name: str(tmp_path / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")}
    with subprocess.Popen(
        command, cwd=tmp_path, env=QUIET | jupyter, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            wait_for(f"http://127.0.0.1:{port}/api", process)
            practice = Workspace((tmp_path / "tjtools-practice").resolve())
            origin = load_settings(practice).site.origin  # type: ignore[union-attr]
            assert ask_sandbox(origin, "home") == {"folder": str(practice.root / "sandbox")}
            assert (practice.notebooks / "00_start_here.ipynb").exists()
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to us and to JupyterLab
            told, log = process.communicate(timeout=120)
        finally:
            process.kill()
    assert process.returncode == 0, log
    assert "PRACTICE: the notebooks run on the sandbox" in told
    wait_for_the_end(origin)
    assert not answers(f"http://127.0.0.1:{port}/api")


def other_notebooks_run_when_a_person_runs_them(lab: Lab, notebooks: Path) -> None:
    page = lab.page
    lab.open("notebooks/05_review_outcomes.ipynb")
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    last = page.locator(f"{PANEL} .jp-CodeCell").last  # what runs is unfolded
    expect(last.locator(".jp-InputPrompt")).to_have_text("[4]:")
    is_styled(page)
    expect(page.locator(".jp-mod-dirty")).to_have_count(0)

    write_changed_desk(notebooks / "mine.ipynb")
    lab.open("notebooks/mine.ipynb")
    last.locator(".jp-InputArea-editor").click()
    page.keyboard.press("Control+Enter")
    expect(last.locator(".jp-InputPrompt")).to_have_text("[1]:")
    expect(page.get_by_text("model not found")).to_have_count(0)


def test_the_desk_runs_by_itself_and_no_other_notebook_does(tmp_path: Path, chromium: str) -> None:
    """From `tjtools lab` to a live screen without a click, the next morning, and a kernel that is gone."""
    notebooks, errors = tmp_path / "tjtools-practice" / "notebooks", list[str]()
    shop = make_practice(notebooks.parent, now=datetime.now(tz=UTC), progress=lambda *_: None)
    stills = [row for row in read_rows(shop.session) if row["new_filename"].endswith((".png", ".jpg"))]
    write_inventory(shop.session, stills)  # to look at the videos too takes a fourth of the time
    with running_command(tmp_path, tmp_path / "home", chromium) as lab:
        page = lab.page
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
        lab.open_desk()
        told = page.locator("details:visible").filter(has_text="The same in Python").first
        told.wait_for()
        is_styled(page)
        expect(
            page.locator(".jp-InputArea-editor:visible, .jp-SideBar-panel:visible, dialog, .Toastify__toast")
        ).to_have_count(0)
        page.get_by_role("tab", name="Sync").click()
        lab.button("Read the site").wait_for()
        expect(page.locator(".jp-mod-dirty")).to_have_count(0)  # nobody is asked to save what a panel shows
        save(lab, DESK)
        assert "widget-view" not in (notebooks / DESK).read_text("utf-8")

        page.reload()
        page.get_by_role("tab", name="Sync", selected=True).wait_for()
        is_styled(page)
        lab.restart_kernel()
        page.get_by_role("alert").filter(has_text="The kernel was restarted").wait_for()
        expect(lab.button("Read the site")).to_have_css("pointer-events", "none")
        page.get_by_role("button", name="Go on").click()
        told.wait_for()
        expect(page.get_by_role("alert")).to_have_count(0)

        [kernel] = [one for one in psutil.process_iter(["cmdline"]) if is_kernel_below(tmp_path, one)]
        kernel.kill()
        page.get_by_role("alert").filter(has_text="The kernel was restarted").wait_for()

        other_notebooks_run_when_a_person_runs_them(lab, notebooks)
    assert errors == []
    site = load_settings(Workspace(notebooks.parent)).site
    assert site
    wait_for_the_end(site.origin)  # which comes when the last kernel that needs it is gone, too


def is_styled(page: Page) -> None:
    """Whether what all panels look like has come to this page."""
    expect(page.locator(".tj-banner:visible").first).to_have_css("border-left-width", "10px")


def wait_for_the_end(address: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while answers(address):
        assert time.monotonic() < deadline, address
        time.sleep(0.1)  # between two looks


def save(lab: Lab, notebook: str) -> None:
    """From the menu, until it is on the disk."""
    before = lab.ask(f"contents/notebooks/{notebook}?content=0")["last_modified"]
    lab.page.get_by_role("menuitem", name="File", exact=True).click()
    lab.page.get_by_text("Save Notebook", exact=True).click()
    lab.wait_until(lambda: lab.ask(f"contents/notebooks/{notebook}?content=0")["last_modified"] != before)


def is_kernel_below(folder: Path, process: psutil.Process) -> bool:
    told = " ".join(process.info["cmdline"] or ())
    return "ipykernel_launcher" in told and str(folder) in told


def write_changed_desk(path: Path) -> None:
    """The desk with one cell more, as it was saved elsewhere: with the view of a kernel that is gone."""
    notebook = nbformat.read(path.with_name(DESK), 4)
    view = {"application/vnd.jupyter.widget-view+json": {"version_major": 2, "version_minor": 0, "model_id": "gone"}}
    notebook.cells[1].outputs = [nbformat.v4.new_output("display_data", data=view)]
    notebook.cells.append(nbformat.v4.new_code_cell("print('mine')"))
    nbformat.write(notebook, path)


def test_the_desk_that_is_run_is_the_one_that_is_shipped() -> None:
    text = (Path(starting.__file__).parent / "labextensions/tjtools/static/remoteEntry.js").read_text("utf-8")
    listed = re.search(r"const DESK = (\[.*?\]);", text, re.DOTALL)
    assert listed
    code = [cell.source for cell in nbformat.read(shipped()[0], 4).cells if cell.cell_type == "code"]
    assert json.loads(re.sub(r",\s*\]", "]", listed[1])) == code


def test_jupyterlab_never_asks_whether_it_is_to_be_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Node is installed, it would be asked at each page that opens, for half a second."""
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", starting.environment(Workspace(tmp_path))["JUPYTER_CONFIG_PATH"])
    told = get_static_page_config(level="all")
    assert (told["buildCheck"], told["buildAvailable"]) == (False, False)


def test_views_and_what_only_a_test_reads_are_not_saved_and_a_persons_own_outputs_are() -> None:
    notebook = json.loads(shipped()[3].read_text("utf-8"))
    own = {"cell_type": "code", "source": "1", "metadata": {}, "execution_count": 7}
    shown = [{"output_type": "execute_result", "data": {"text/plain": "1"}, "metadata": {}, "execution_count": 7}]
    notebook["cells"].append(own | {"outputs": shown})
    notebook["metadata"]["widgets"] = {"state": {}}
    for cell in notebook["cells"]:
        if "refresh_and_sync" in "".join(cell["source"]) and cell["cell_type"] == "code":
            cell["outputs"] = [
                {"output_type": "display_data", "data": {starting.VIEW: {"model_id": "1"}}, "metadata": {}}
            ]
    starting.without_views({"type": "notebook", "content": notebook})
    assert [cell["outputs"] for cell in notebook["cells"] if cell["cell_type"] == "code"] == [[], [], [], shown]
    assert "widgets" not in notebook["metadata"]
    anothers = {"cells": [own | {"outputs": [{"data": {starting.VIEW: {}}}]}], "metadata": {"widgets": {}}}
    before = json.dumps(anothers)
    starting.without_views({"type": "notebook", "content": anothers})
    assert json.dumps(anothers) == before


def test_a_notebook_of_an_earlier_tjtools_that_nobody_changed_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / DESK
    for last, replaced in (("print(start.summary)", True), ("print(start.summary + '!')", False)):
        codes = ("from tjtools.widgets import start_here", "start = start_here()", last)
        nbformat.write(nbformat.v4.new_notebook(cells=[*map(nbformat.v4.new_code_cell, codes)]), path)
        copy_notebooks(tmp_path)
        assert ("open_desk" in path.read_text("utf-8")) is replaced is as_shipped(path)


def test_a_sandbox_keeps_its_state_from_one_lab_to_the_next(bare_workspace: Workspace) -> None:
    bind(bare_workspace, SiteSettings(kind="sandbox", origin=f"http://127.0.0.1:{free_port()}", account="demo"))
    new = {"section": "Static Banner", "name": "mine"}
    with running_sandbox(bare_workspace) as origin:
        ask_sandbox(origin, "creatives", method="POST", body=new)
        with running_sandbox(bare_workspace) as same:  # opened twice: the second one uses what is there
            assert same == origin
        assert answers(origin)
    assert not answers(origin)
    with running_sandbox(bare_workspace) as origin:
        assert "mine" in [one["name"] for one in ask_sandbox(origin, "creatives")]


NEEDS_IT = """
import sys
from pathlib import Path
from tjtools.practice.workspace import running_sandbox
from tjtools.workspace.folder import Workspace
with running_sandbox(Workspace(Path(sys.argv[1]))):
    print("there", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("killed", [False, True])
def test_the_sandbox_lives_as_long_as_any_lab_needs_it_and_leaves_no_orphan(
    bare_workspace: Workspace, killed: bool
) -> None:
    origin = f"http://127.0.0.1:{free_port()}"
    bind(bare_workspace, SiteSettings(kind="sandbox", origin=origin, account="demo"))
    command = [sys.executable, "-c", NEEDS_IT, str(bare_workspace.root)]
    with ExitStack() as labs:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        first, second = (labs.enter_context(subprocess.Popen(command, **pipes)) for _ in range(2))  # type: ignore[call-overload]
        for one in (first, second):
            assert one.stdout.readline() == "there\n"
        ending = (lambda one: one.kill()) if killed else (lambda one: one.stdin.close())
        ending(first)
        first.wait(60)
        assert answers(origin)
        ending(second)
        second.wait(60)
    wait_for_the_end(origin, 30 * killed)


def test_the_sandbox_of_another_workspace_is_not_taken_for_ones_own(bare_workspace: Workspace, tmp_path: Path) -> None:
    site = SiteSettings(kind="sandbox", origin=f"http://127.0.0.1:{free_port()}", account="demo")
    for folder in (bare_workspace.root, tmp_path / "other"):
        (folder / "sandbox").mkdir(parents=True)
        bind(Workspace(folder.resolve()), site)
    other = Workspace((tmp_path / "other").resolve())
    with (
        running_sandbox(bare_workspace),
        pytest.raises(SiteUnreachable, match="another sandbox"),
        running_sandbox(other),
    ):
        pass


def test_a_port_that_another_program_uses_is_told(bare_workspace: Workspace) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        listener.close()
        with socket.create_server(("127.0.0.1", port)) as taken:
            taken.settimeout(0)
            bind(bare_workspace, SiteSettings(kind="sandbox", origin=f"http://127.0.0.1:{port}", account="demo"))
            with pytest.raises(SiteUnreachable, match=f"can't start on port {port}"), running_sandbox(bare_workspace):
                pass


def test_copies_of_notebooks_are_without_outputs_and_a_persons_own_stay(tmp_path: Path) -> None:
    (tmp_path / "00_start_here.ipynb").write_text("mine", "utf-8")
    copied = copy_notebooks(tmp_path)
    assert [path.name for path in copied] == [path.name for path in shipped()[1:]]
    assert (tmp_path / "00_start_here.ipynb").read_text("utf-8") == "mine"
    assert '"output_type"' in shipped()[1].read_text("utf-8")
    assert '"output_type"' not in copied[0].read_text("utf-8")
    assert copy_notebooks(tmp_path) == ()


def test_init_from_an_installed_wheel_makes_a_workspace_with_every_notebook(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    installed = tmp_path / "installed"
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        wheel.extractall(installed)
    made = subprocess.run(
        [sys.executable, "-m", "tjtools", "init", "shop"],
        cwd=tmp_path, env=QUIET | {"PYTHONPATH": str(installed)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    notebooks = sorted(path.name for path in (tmp_path / "shop" / "notebooks").iterdir())
    assert notebooks == sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
    assert {path.name for path in (tmp_path / "shop").iterdir()} >= {"tracking", "uploaded", "tjtools.toml"}
