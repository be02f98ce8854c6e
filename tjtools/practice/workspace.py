"""A workspace to practise in: the sandbox in a folder of its own, a library, and a session of sample files."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit

from tjtools.cache.library import Library
from tjtools.model.creative import Creative, ReviewStatus, Section
from tjtools.model.errors import SiteUnreachable
from tjtools.practice.demo import ask_sandbox, bind_to_sandbox, make_session
from tjtools.practice.notebooks import copy_notebooks
from tjtools.sandbox import Sandbox
from tjtools.workspace.folder import FOLDERS, Workspace
from tjtools.workspace.settings import SANDBOX_ORIGIN, SiteSettings, load_settings

_PORTS = range(20_000, 32_000)  # below those that systems hand out for a moment
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
    """The workspace's sandbox, signed in; its address. Where it runs already, it is used and left running.

    Raises `SiteUnreachable` where its port is taken by another program, or by the sandbox of another workspace.
    """
    bound = load_settings(workspace).site or SiteSettings(kind="sandbox", origin=SANDBOX_ORIGIN, account="demo")
    folder = _answering(bound.origin)
    if folder and _state(workspace).exists() and folder != _state(workspace):
        raise SiteUnreachable(
            f"At {bound.origin} runs another sandbox, whose creatives lie in {folder}.",
            remedy=f"End it, or write a free port into origin in {workspace.settings_file}.",
        )
    if folder:
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


def _answering(origin: str) -> Path | None:
    """The folder of the sandbox that answers there; None where none does."""
    try:
        return Path(ask_sandbox(origin, "home", timeout=_ANSWERS_WITHIN)["folder"])
    except (URLError, OSError, ValueError, KeyError, TypeError):
        return None


def _free_port() -> int:
    """One that is free, and that no other workspace is likely to have: it stays the workspace's own."""
    for port in random.sample(_PORTS, 20):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    return 0
