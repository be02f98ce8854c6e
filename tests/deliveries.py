"""What the tests of prepare deliver, and what they look at afterwards."""

from __future__ import annotations

from pathlib import Path

from world import NOW, drawn, read_rows

from tjtools.prepare.delivery import Wanted, look_through
from tjtools.prepare.intake import Intake, plan_session
from tjtools.prepare.session import alone, write_session
from tjtools.workspace.folder import Workspace

PLAIN, NATIVE, AS_IS = Wanted(), Wanted(native=True), Wanted(as_is=True)


def video(path: Path, seconds: float = 6, size: tuple[int, int] = (480, 270), seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(drawn(".mp4", *size, path.stem, seed, seconds=seconds, fps=5))
    return path


def image(path: Path, size: tuple[int, int] = (300, 250), seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(drawn(path.suffix, *size, path.stem, seed))
    return path


def taken(workspace: Workspace, folder: Path, wanted: Wanted = PLAIN) -> Intake:
    """Prepare a delivery of which nothing has to be asked."""
    with alone(workspace, now=NOW):
        delivery = look_through(workspace, folder, wanted)
        assert not delivery.lacks
        return write_session(workspace, plan_session(workspace, delivery, now=NOW), folder=str(folder), now=NOW)


def names(workspace: Workspace) -> list[str]:
    return [row["new_filename"] for row in read_rows(workspace.session)]


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and ".tjtools" not in path.parts}


def media(workspace: Workspace) -> set[str]:
    """The names of all files that the session has or keeps."""
    return {path.name for path in contents(workspace.root / "uploaded") if ".replaced" not in path.parts}
