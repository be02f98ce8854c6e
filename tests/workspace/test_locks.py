"""Several at once: who comes second waits or is told; a dead process holds nothing, and a share without locks is named.

A network share can't be had here: its errors are made by standing in for the system call.
"""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from socket import gethostname

import pytest

from tjtools.model.errors import TrackingFileError
from tjtools.upload import watched
from tjtools.upload.resume import LEASE, only_live_run
from tjtools.workspace.csvfile import append_rows
from tjtools.workspace.disk import locked, locks_hold
from tjtools.workspace.folder import Workspace

HOLD = """
import sys
from pathlib import Path
from tjtools.workspace.disk import locked
from tjtools.upload.resume import only_live_run
from tjtools.workspace.folder import Workspace

workspace = Workspace(Path.cwd())
with only_live_run(workspace), locked(workspace.library):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_who_does_not_wait_is_told_at_once_in_the_process_of_who_holds_it(bare_workspace: Workspace) -> None:
    def ask() -> None:
        with locked(bare_workspace.library, patience=0):
            pass

    with ThreadPoolExecutor(1) as other, locked(bare_workspace.library):
        refused = other.submit(ask).exception()
    assert isinstance(refused, TrackingFileError)


def test_a_process_that_is_killed_holds_neither_file_nor_run(bare_workspace: Workspace) -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], cwd=bare_workspace.root, stdin=pipe, stdout=pipe, text=True
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        assert watched(bare_workspace)
        with pytest.raises(TrackingFileError, match="another process"), locked(bare_workspace.library, patience=0):
            pass
        other.kill()
    with only_live_run(bare_workspace), locked(bare_workspace.library, patience=0):
        pass
    assert watched(bare_workspace) is None


def _held_elsewhere(workspace: Workspace, *, silent: float, host: str = "another-machine") -> None:
    """The lock as a run on another machine left it, so many seconds after its last sign of life."""
    lease = workspace.private / "locks" / "live-run.lease"
    with only_live_run(workspace):
        told = lease.read_text("utf-8")
    lease.write_text(re.sub("(?m)^host=.*", f"host={host}", told), "utf-8")
    last = lease.stat().st_mtime - silent
    os.utime(lease, (last, last))


def test_a_run_on_another_machine_is_told_as_long_as_it_gives_signs_of_life(bare_workspace: Workspace) -> None:
    _held_elsewhere(bare_workspace, silent=LEASE - 20)
    assert watched(bare_workspace)
    with pytest.raises(TrackingFileError, match="another live upload"), only_live_run(bare_workspace):
        pass


@pytest.mark.parametrize("host", ["another-machine", f"{gethostname()}-2", f"{gethostname()}?pidns-1"])
def test_a_run_on_another_machine_that_died_is_given_up_by_the_next_command(
    bare_workspace: Workspace, host: str
) -> None:
    """Also on one whose name begins as this one's, and in a container that is gone."""
    _held_elsewhere(bare_workspace, silent=LEASE + 1, host=host)
    assert watched(bare_workspace) is None
    _held_elsewhere(bare_workspace, silent=LEASE + 1, host=host)
    with only_live_run(bare_workspace) as alone:
        alone.demand()


def test_a_run_on_this_machine_that_lives_is_never_given_up_however_long_it_slept(bare_workspace: Workspace) -> None:
    lease = bare_workspace.private / "locks" / "live-run.lease"
    with only_live_run(bare_workspace) as alone:
        os.utime(lease, (0, 0))
        with pytest.raises(TrackingFileError, match="another live upload"), only_live_run(bare_workspace):
            pass
        alone.demand()


def test_a_run_whose_place_another_machine_took_hands_nothing_over(bare_workspace: Workspace) -> None:
    lease = bare_workspace.private / "locks" / "live-run.lease"
    with only_live_run(bare_workspace) as alone:
        alone.demand()
        lease.write_text(re.sub("token=.*", "token=of-another-machine", lease.read_text("utf-8")), "utf-8")
        with pytest.raises(TrackingFileError, match="another one has taken its place"):
            alone.demand()


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_share_without_locks_is_named_and_nothing_is_written(
    bare_workspace: Workspace, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def no_locks(_fd: int, _how: int) -> None:
        raise OSError(code, "no locks here")

    monkeypatch.setattr("fcntl.flock", no_locks)
    with pytest.raises(TrackingFileError, match=r"no locks.*Move the workspace"):
        append_rows(bare_workspace.library, ("a",), [("1",)])
    with pytest.raises(TrackingFileError, match=r"no locks"), only_live_run(bare_workspace):
        pass
    assert not bare_workspace.library.exists()


def test_a_share_whose_locks_keep_nobody_out_takes_no_live_run(
    bare_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fcntl.flock", lambda _fd, _how: None)
    with pytest.raises(TrackingFileError, match="two programs could write at once"), only_live_run(bare_workspace):
        pass


def test_a_disk_of_this_machine_keeps_the_second_out(tmp_path: Path) -> None:
    assert locks_hold(tmp_path)
    assert [*tmp_path.iterdir()] == []
