"""The creatives of the library that there is something of to compare with: a recorded upload, or a local copy."""

from __future__ import annotations

import logging
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path

from tjtools.cache.history import History, Observation
from tjtools.cache.library import Library
from tjtools.diff.repeats import Known
from tjtools.media import Fingerprint
from tjtools.media.content import Fingerprints
from tjtools.model.creative import Creative, CreativeType
from tjtools.model.errors import TrackingFileError
from tjtools.model.names import extension, is_source
from tjtools.workspace.folder import Workspace

log = logging.getLogger("tjtools")

# where files lie, and of which type they are there; in uploaded/ itself lie several types
_FOLDERS: tuple[tuple[str, CreativeType | None], ...] = (
    ("uploaded", None),
    ("uploaded/Native/Video", CreativeType.NATIVE_VIDEO),
    ("uploaded/Native/Image", CreativeType.NATIVE_IMAGE),
)


def media_files(workspace: Workspace) -> Iterator[tuple[Path, CreativeType | None]]:
    """The media files below `uploaded/`, each with the type that its folder tells."""
    for folder, kind in _FOLDERS:
        place = workspace.root / folder
        for path in sorted(place.iterdir()) if place.is_dir() else ():
            if extension(path.name) and not is_source(path.name) and path.is_file():
                yield path, kind


def local_copies(workspace: Workspace, library: Library) -> dict[Path, Creative]:
    """The files below `uploaded/` whose name is exactly one creative's of the library, each with that creative."""
    found = {}
    for path, kind in media_files(workspace):
        match = library.find(path.name, kind)
        if match.creative_id and not match.bad_lines:
            found[path] = match.there[0]
    return found


def of_these_sizes(copies: Iterable[Path], sizes: Container[int]) -> list[Path]:
    """The files that can have the same content as files of these sizes, in bytes: no other need be read."""
    return [path for path in copies if _length(path) in sizes]


def known_creatives(
    workspace: Workspace,
    library: Library,
    fingerprints: Fingerprints,
    copies: Mapping[Path, Creative],
    *,
    history: Mapping[str, tuple[Observation, ...]] | None = None,
) -> tuple[Known, ...]:
    """The library's creatives whose content was seen: uploads that were recorded, and copies that were looked at.

    A creative that the library does not hold is none, whatever was recorded. Their observations are those of `history`,
    or else read; without a review history that can be read they come without.
    """
    history = _history(workspace) if history is None else history
    found = list(_uploaded(library, fingerprints, history))
    certain = {one.creative.creative_id for one in found if one.creative}
    local: dict[str, Path] = {}
    for path, creative in copies.items():
        seen = fingerprints.of(path)
        if seen:
            local.setdefault(seen.checksum, path)
            if creative.creative_id not in certain and not _contradicts(creative, seen):
                rows = history.get(creative.creative_id, ())
                found.append(Known(seen, creative.filename, creative, path, rows))
    return tuple(one if one.path else one._replace(path=local.get(one.fingerprint.checksum)) for one in found)


def _history(workspace: Workspace) -> dict[str, tuple[Observation, ...]]:
    try:
        return History.of(workspace).rows()
    except TrackingFileError as error:
        log.warning("%s", error)
        return {}


def _uploaded(
    library: Library, fingerprints: Fingerprints, history: Mapping[str, tuple[Observation, ...]]
) -> Iterator[Known]:
    for upload in fingerprints.uploads():
        for creative in library.get(upload.creative_id)[:1]:
            rows = history.get(creative.creative_id, ())
            yield Known(
                _seen_since(upload.fingerprint, fingerprints), upload.filename, creative, None, rows, certain=True
            )


def _seen_since(recorded: Fingerprint, fingerprints: Fingerprints) -> Fingerprint:
    """The looks of a content that was recorded without them, or by another method, where it was seen since."""
    return recorded if recorded.looked else fingerprints.with_checksum(recorded.checksum) or recorded


def _contradicts(creative: Creative, seen: Fingerprint) -> bool:
    """Whether a copy of the creative's name can't be the creative: its pixels are others than the site shows."""
    size = seen.facts.size
    return bool(size and creative.dimensions and creative.dimensions != size)


def _length(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
