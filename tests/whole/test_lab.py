"""`tjtools lab` and `tjtools init`: JupyterLab on the workspace's notebooks, on the sandbox without an account."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import zipfile
from contextlib import ExitStack
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import pytest

from tjtools.model.errors import SiteUnreachable
from tjtools.practice.workspace import ask_sandbox, copy_notebooks, running_sandbox, shipped
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


def wait_for(address: str, process: subprocess.Popen[str], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not answers(address):
        assert process.poll() is None, process.stderr and process.stderr.read()
        assert time.monotonic() < deadline, address
        time.sleep(0.1)  # between two looks


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_lab_without_an_account_runs_on_a_sandbox_that_ends_with_it(tmp_path: Path, ending: int) -> None:
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
            if ending == signal.SIGINT:
                os.killpg(process.pid, ending)  # as a terminal does, to us and to JupyterLab
            else:
                process.send_signal(ending)
            told, log = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0, log
    assert "PRACTICE: the notebooks run on the sandbox" in told
    assert not answers(origin)
    assert not answers(f"http://127.0.0.1:{port}/api")


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
    deadline = time.monotonic() + 30 * killed
    while answers(origin):
        assert time.monotonic() < deadline
        time.sleep(0.1)  # between two looks


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
