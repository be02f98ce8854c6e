"""From the files on disk to a reviewed session: load, look at each file, compare with the library."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tjtools.cache import Library
from tjtools.csvfile import BadLine
from tjtools.diff import FileReview, review_session
from tjtools.errors import WorkspaceError
from tjtools.limits import true_type
from tjtools.models import CreativeType, SessionFile
from tjtools.naming import extension, parse_name
from tjtools.preflight import MediaFacts, probe
from tjtools.session import load_session, master_ids
from tjtools.workspace import Workspace

log = logging.getLogger("tjtools.upload")


@dataclass(frozen=True)
class Prepared:
    """A session that was compared with the library; `bad_lines` are the inventory's lines that can't be used."""

    library: Library
    reviews: tuple[FileReview, ...]
    bad_lines: tuple[BadLine, ...] = ()

    @property
    def needs_a_person(self) -> bool:
        """Whether anything here can't go up before somebody mends it."""
        return bool(self.bad_lines) or any(one.needs_a_person for one in self.reviews)


def prepare(workspace: Workspace, files: Sequence[SessionFile] | None = None, *, force: bool = False) -> Prepared:
    """Review the files given, or those of the session inventory, against the library; no network is needed."""
    library = load_library(workspace)
    bad: tuple[BadLine, ...] = ()
    if files is None:
        log.info("Loading files from session CSV...")
        session = load_session(workspace)
        files, bad = session.files, session.bad_lines
        for line in bad:
            log.warning("%s:%d: %s", session.path.name, line.line, line.reason)
    facts = {file.path: probe(file.path) for file in files}
    files = [_by_content(file, facts[file.path]) for file in files]
    reviews = review_session(files, library, facts, master_ids=master_ids(workspace), force=force)
    log.info("Found %d files to upload", len(files))
    return Prepared(library, reviews, bad)


def _by_content(file: SessionFile, facts: MediaFacts | None) -> SessionFile:
    """A video that is in a banner size is a video banner, whatever the inventory says of its size."""
    kind = true_type(file.creative_type, facts.size) if facts else file.creative_type
    return file if kind is file.creative_type else file._replace(creative_type=kind)


def load_library(workspace: Workspace) -> Library:
    """Load the library and say how it went."""
    library = Library.load(workspace.library)
    if workspace.library.exists():
        log.info("✓ Loaded %d Creative IDs from TJ Library cache", len(library))
    else:
        log.info("TJ Creative Library cache not found (will be created on first upload)")
    for bad in library.bad_lines:
        log.warning("%s:%d: %s", workspace.library.name, bad.line, bad.reason)
    return library


def named_file(path: Path, creative_type: CreativeType | None = None) -> SessionFile:
    """A file that a person named, with the type they gave, or the one that its name and content tell.

    `VID_…` is a native video and `IMG_…` a native image; any other mp4 is a video, or a video banner in a banner's
    size, any other image a static banner. Raises `WorkspaceError` where nothing tells.
    """
    facts, parsed = probe(path), parse_name(path.name)
    if facts is None:
        raise WorkspaceError(f"There is no file {path}.", remedy="Check the path.")
    kind = creative_type or {
        "VID": CreativeType.NATIVE_VIDEO,
        "IMG": CreativeType.NATIVE_IMAGE,
    }.get((parsed.prefix or "") if parsed else "")
    if kind is None and (container := facts.container or extension(path.name)):
        kind = CreativeType.VIDEO if container == "mp4" else CreativeType.IMAGE
    if kind is None:
        raise WorkspaceError(f"{path.name}: neither name nor content tells its type.", remedy="Give it with --type.")
    return SessionFile(
        path=path.absolute(),
        creative_type=true_type(kind, facts.size),
        unique_id=parsed.unique_id if parsed else "",
        category=parsed.category if parsed else "",
    )
