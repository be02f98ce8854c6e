"""`tjtools lab`: JupyterLab on the workspace's notebooks; on the sandbox where no account is configured."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tjtools.cli.console import WorkspaceOption, bar, handling, now, out

if TYPE_CHECKING:
    from tjtools.workspace.folder import Workspace

PRACTICE = Path("tjtools-practice")


def lab(
    workspace: WorkspaceOption = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="JupyterLab's; the next free one if it is taken.")] = 8888,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser window.")] = True,
) -> None:
    """Open JupyterLab on the notebooks of the workspace, until Ctrl-C.

    Where no account is configured they run on the practice site, in a folder of its own, tjtools-practice.
    Exit codes: 0 ended by Ctrl-C, 2 error.
    """
    from tjtools.practice.workspace import copy_notebooks, running_sandbox
    from tjtools.workspace.settings import load_settings

    place = _configured(workspace) or _practice()
    copy_notebooks(place.notebooks)
    site = load_settings(place).site
    on_sandbox = site is not None and site.kind == "sandbox"
    with running_sandbox(place) if on_sandbox else nullcontext(site.origin if site else "") as origin:
        if on_sandbox:
            out.print(f"PRACTICE: the notebooks run on the sandbox at {origin}; nothing reaches the real site.")
            out.print("Your own account: tjtools init DIR --site live --account NAME, then tjtools lab in DIR.")
        else:
            account = f", account {site.account or 'not named'}" if site else ""
            out.print(f"{'LIVE: ' + origin if site else 'This folder belongs to no site yet'}{account}.")
        out.print(f"Workspace: {place.root}; Ctrl-C ends JupyterLab.")
        out.file.flush()
        raise typer.Exit(_serve(place, port, browser=browser))


def _configured(named: Path | None) -> Workspace | None:
    """The workspace named, or the nearest one that belongs to a site; None where nobody has configured one."""
    from tjtools.model.errors import WorkspaceNotFound
    from tjtools.workspace.folder import VARIABLE, Workspace
    from tjtools.workspace.settings import load_settings

    told = named or os.environ.get(VARIABLE)
    try:
        found = Workspace.find(named, cwd=Path.cwd())
    except WorkspaceNotFound:
        if told:
            raise
        return None
    return found if told or load_settings(found).site else None


def _practice() -> Workspace:
    from tjtools.practice.workspace import make_practice

    with bar("Drawing sample files", None) as progress:
        return make_practice(PRACTICE, now=now(), progress=progress)


def _serve(place: Workspace, port: int, *, browser: bool) -> int:
    """Run JupyterLab until it ends; Ctrl-C reaches it as well as us, a termination is handed on."""
    from tjtools.practice.workspace import FIRST
    from tjtools.workspace.folder import VARIABLE

    options = [
        f"--ServerApp.root_dir={place.root}",
        f"--LabApp.default_url=/lab/tree/{place.notebooks.name}/{FIRST}",
        "--ServerApp.ip=127.0.0.1",  # whatever the person's own configuration says
        f"--ServerApp.port={port}",
        *([] if browser else ["--no-browser"]),
        *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
    ]
    command = [sys.executable, "-m", "jupyterlab", *options]
    with subprocess.Popen(command, env=os.environ | {VARIABLE: str(place.root)}) as server, _handed_on(server):  # noqa: S603
        code = server.wait()
    return 0 if code in (0, -signal.SIGINT, -signal.SIGTERM) else 2


def _handed_on(server: subprocess.Popen[bytes]) -> AbstractContextManager[None]:
    """JupyterLab decides on Ctrl-C, which the terminal sends to both; SIGTERM reaches only us, and goes on to it."""
    return handling(
        {signal.SIGINT: lambda _number, _frame: None, signal.SIGTERM: lambda _number, _frame: server.terminate()}
    )
