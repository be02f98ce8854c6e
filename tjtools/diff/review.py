"""From the files on disk to a reviewed session: load, look at each file, compare with the library."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tjtools.cache.inventory import load_session, master_ids, named_in_session
from tjtools.cache.library import Library
from tjtools.diff.repeats import find_repeats, known_creatives, local_copies
from tjtools.diff.session import FileReview, review_session
from tjtools.media import Children, Fingerprint
from tjtools.media.content import Fingerprints, Progress, look_at
from tjtools.media.pool import stamp
from tjtools.model.creative import CreativeType, SessionFile
from tjtools.model.errors import WorkspaceError
from tjtools.model.names import extension, own_id, parse_name
from tjtools.model.words import counted
from tjtools.workspace.csvfile import BadLine
from tjtools.workspace.folder import Workspace, as_on_disk
from tjtools.workspace.limits import Limits, load_limits

log = logging.getLogger("tjtools.upload")

_BY_PREFIX = {"VID": CreativeType.NATIVE_VIDEO, "IMG": CreativeType.NATIVE_IMAGE}


@dataclass(frozen=True)
class Prepared:
    """A session that was compared with the library; `bad_lines` are the inventory's lines that can't be used.

    `fingerprints` hold the pictures of what is compared. `unseen` counts the creatives of the library
    of which a local copy is all there is to compare, and nobody has looked at it: a near duplicate is not found.
    """

    library: Library
    reviews: tuple[FileReview, ...]
    bad_lines: tuple[BadLine, ...]
    fingerprints: Fingerprints
    unseen: int = 0

    @property
    def needs_a_person(self) -> bool:
        """Whether anything here can't go up before somebody mends it, or should not before somebody looks."""
        return bool(self.bad_lines) or any(one.needs_a_person for one in self.reviews)


def prepare(
    workspace: Workspace,
    files: Sequence[SessionFile] | None = None,
    *,
    force: bool = False,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Prepared:
    """Review the files given, or those of the session inventory, against the library; no network is needed.

    Each file is looked at in a child process unless it has not changed since the last time. Raises `Cancelled`, and the
    errors of the tracking files.
    """
    library, fingerprints = load_library(workspace), Fingerprints.load(workspace)
    limits = load_limits(workspace.limits_file)
    bad: tuple[BadLine, ...] = ()
    if files is None:
        log.info("Loading files from session CSV...")
        session = load_session(workspace)
        files, bad = session.files, session.bad_lines
        for line in bad:
            log.warning("%s:%d: %s", session.path.name, line.line, line.reason)
    with Children() as room:
        paths = [file.path for file in files]
        seen = look_at(paths, fingerprints, children=room, progress=progress, cancelled=cancelled)
        facts = {path: one.facts if one else None for path, one in seen.items()}
        # a video that is in a banner size is a video banner, whatever the inventory says of its size
        sizes = {path: one.size if one else "" for path, one in facts.items()}
        files = [one._replace(creative_type=limits.true_type(one.creative_type, sizes[one.path])) for one in files]
        copies, lengths = local_copies(workspace, library), {one.bytes for one in facts.values() if one}
        same_length = [path for path in copies if stamp(path)[0] in lengths]  # no other can have the same content
        look_at(same_length, fingerprints, decode=False, children=room, cancelled=cancelled)
        known = known_creatives(library, fingerprints, copies=copies)
        repeats = find_repeats(files, seen, known, fingerprints, children=room, progress=progress, cancelled=cancelled)
    ids = master_ids(workspace)
    reviews = review_session(files, library, facts, master_ids=ids, repeats=repeats, limits=limits, force=force)
    contents = {path: one.checksum if one else "" for path, one in seen.items()}
    reviews = tuple(replace(one, content=contents[one.file.path]) for one in reviews)
    log.info("Looked at %s", counted(len(files), "file"))
    compared = {one.creative_id for one in known if one.fingerprint.looked}
    others = [path for path, creative in copies.items() if creative.creative_id not in compared]
    unseen = sum((one := fingerprints.of(path)) is None or not one.looked for path in others)
    return Prepared(library, reviews, bad, fingerprints, unseen)


def load_library(workspace: Workspace) -> Library:
    """Load the library and say how it went."""
    library = Library.load(workspace.library)
    if workspace.library.exists():
        log.info("✓ Loaded %s from TJ Library cache", counted(len(library), "Creative ID"))
    else:
        log.info("TJ Creative Library cache not found (will be created on first upload)")
    for bad in (*library.bad_lines, *library.doubtful_days):
        log.warning("%s:%d: %s", workspace.library.name, bad.line, bad.reason)
    return library


def named_files(
    workspace: Workspace, paths: Sequence[Path], creative_type: CreativeType | None = None
) -> list[SessionFile]:
    """The files that a person named, by paths or as the session has them, each with the type they gave, or that which
    it has in the session, or else which its name and content tell.

    `VID_…` is a native video and `IMG_…` a native image; any other mp4 is a video, or a video banner in a banner's
    size, any other image a static banner. Raises `WorkspaceError` where nothing tells.
    """
    limits = load_limits(workspace.limits_file)
    session = load_session(workspace).files
    named = [(path, named_in_session(session, path)) for path in paths]
    kinds = [creative_type or (one.creative_type if one else None) for _, one in named]
    paths = [as_on_disk(one.path if one else path).resolve() for path, one in named]
    seen = look_at(paths, Fingerprints.load(workspace))
    return [_named(path, seen[path], kind, limits) for path, kind in zip(paths, kinds, strict=True)]


def _named(path: Path, seen: Fingerprint | None, creative_type: CreativeType | None, limits: Limits) -> SessionFile:
    if seen is None:
        raise WorkspaceError(f"There is no file {path}.", remedy="Check the path.")
    parsed, container = parse_name(path.name), seen.facts.container or extension(path.name)
    kind = creative_type or (_BY_PREFIX.get(parsed.prefix or "") if parsed else None)
    if kind is None and container:
        kind = CreativeType.VIDEO if container == "mp4" else CreativeType.IMAGE
    if kind is None:
        raise WorkspaceError(f"{path.name}: neither name nor content tells its type.", remedy="Give it with --type.")
    return SessionFile(
        path=path.absolute(),
        creative_type=limits.true_type(kind, seen.facts.size),
        unique_id=own_id(path.name),
        category=parsed.category if parsed else "",
    )
