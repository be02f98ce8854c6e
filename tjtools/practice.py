"""A workspace to practise in: the sandbox in a folder of its own, a library, and a session of sample files."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit

from tjtools.cache import Library
from tjtools.demo import ask_sandbox, bind_to_sandbox, make_session
from tjtools.errors import SiteUnreachable
from tjtools.models import Creative, ReviewStatus, Section
from tjtools.notebooks import copy_notebooks
from tjtools.sandbox import Sandbox
from tjtools.settings import SANDBOX_ORIGIN, SiteSettings, load_settings
from tjtools.workspace import FOLDERS, Workspace

_ANSWERS_WITHIN = 3.0  # seconds; what is on this machine and silent for longer is no sandbox


def make_practice(folder: Path, *, now: datetime, progress: Callable[[str, int], None]) -> Workspace:
    """Make a workspace to practise in, bound to a sandbox that keeps its state there; one that is there stays.

    The cache is a little older than the site, so that a refresh finds something of each kind. `progress`
    hears of each sample file that is drawn. Start its sandbox with `running_sandbox`.
    """
    workspace = Workspace(folder.resolve())
    if workspace.settings_file.exists():
        return workspace
    for part in FOLDERS:
        (workspace.root / part).mkdir(parents=True, exist_ok=True)
    copy_notebooks(workspace.notebooks)
    with Sandbox(_state(workspace), port=_free_port()) as sandbox:
        library = Library.load(workspace.library)
        creatives = library.add(_creatives(sandbox.origin))
        make_session(workspace, creatives, now, progress)
        _go_on(sandbox.origin, creatives)
        bind_to_sandbox(workspace, sandbox.origin)
    return workspace


@contextmanager
def running_sandbox(workspace: Workspace) -> Iterator[str]:
    """The workspace's sandbox, signed in; its address. One that answers there already is used, and left running.

    Raises `SiteUnreachable` where its port is taken by another program.
    """
    bound = load_settings(workspace).site or SiteSettings(kind="sandbox", origin=SANDBOX_ORIGIN, account="demo")
    if _answers(bound.origin):
        bind_to_sandbox(workspace, bound.origin)
        yield bound.origin
        return
    port = urlsplit(bound.origin).port or 0
    sandbox = Sandbox(_state(workspace), port=port)
    try:
        sandbox.start()
    except OSError as error:
        raise SiteUnreachable(
            f"The sandbox can't start on port {port}: {error.strerror}.",
            remedy=f"End the program that uses the port, or correct origin in {workspace.settings_file}.",
        ) from error
    try:
        bind_to_sandbox(workspace, bound.origin)
        yield bound.origin
    finally:
        sandbox.stop()


def _go_on(origin: str, creatives: Sequence[Creative]) -> None:
    """What happens on a site while nobody looks: reviews are decided, somebody uploads, renames and deletes."""
    pending = [one for one in creatives if one.review_status is ReviewStatus.PENDING]
    for one, status in zip(pending, ("approved", "approved", "approved", "rejected"), strict=False):
        ask_sandbox(origin, f"creatives/{one.creative_id}", method="PATCH", body={"review_status": status})
    for number in (1, 2):
        name = f"VID_EN_Gaming_SFW_Generic_Dan_4sec_ID-0000000{number}-VID"
        ask_sandbox(origin, "creatives", method="POST", body={"section": "Native Rollover", "name": name})
    approved = [one for one in creatives if one.review_status is ReviewStatus.APPROVED]
    renamed, deleted = approved[0], approved[-1]
    name = f"{renamed.filename}_v2"
    ask_sandbox(origin, f"creatives/{renamed.creative_id}", method="PATCH", body={"name": name})
    ask_sandbox(origin, f"creatives/{deleted.creative_id}", method="DELETE")


def _state(workspace: Workspace) -> Path:
    return workspace.root / "sandbox"


def _creatives(origin: str) -> list[Creative]:
    """What the sandbox holds, as a refresh would find it."""
    return [
        Creative(
            one["creative_id"],
            one["name"],
            dimensions=one["dimensions"] or "",
            file_type=(one["file_type"] or "").removeprefix("."),
            creative_type=Section(one["section"]).creative_type,
            review_status=ReviewStatus(one["review_status"]),
        )
        for one in ask_sandbox(origin, "creatives")
    ]


def _answers(origin: str) -> bool:
    try:
        ask_sandbox(origin, "settings", timeout=_ANSWERS_WITHIN)
    except (URLError, OSError, ValueError):
        return False
    return True


def _free_port() -> int:
    """The sandbox's usual port, or any where that is taken."""
    try:
        with socket.create_server(("127.0.0.1", urlsplit(SANDBOX_ORIGIN).port or 0)) as listener:
            return int(listener.getsockname()[1])
    except OSError:
        return 0
