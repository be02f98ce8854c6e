"""What a file repeats: a creative of the same content or of the same looks, in the library or in its own session.

What the library has to compare with is a recorded upload, or a local copy. The comparing itself is pure functions over
records: fingerprints, decisions and the kept pictures are handed in.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from tjtools.cache.history import History, Observation
from tjtools.cache.library import Library
from tjtools.diff.decisions import Decision, Decisions
from tjtools.media import Fingerprint
from tjtools.media.content import Fingerprints
from tjtools.media.likeness import LooksIndex, confirmed
from tjtools.model.creative import Creative, CreativeType, ReviewStatus, Section, SessionFile
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


class RepeatKind(Enum):
    """How a file repeats another: by its content, to the last byte, or by its looks."""

    SAME_CONTENT = "same content"
    LOOKS_SAME = "looks the same"


class Known(NamedTuple):
    """Something to compare with: a creative of the library, or, without one, a file of the session.

    `path` is a local copy, None where there is none. `history` are the creative's observations, the oldest first.
    `certain`: the content was uploaded from here as this creative; else a local copy bears its name.
    """

    fingerprint: Fingerprint
    name: str
    creative: Creative | None = None
    path: Path | None = None
    history: tuple[Observation, ...] = ()
    certain: bool = False

    @property
    def rejected_at(self) -> str | None:
        """When its review was last seen to reject it (UTC), `""` where nobody knows when; None: never."""
        rejected = ReviewStatus.REJECTED
        times = [one.observed_at for one in self.history if one.to_status == rejected.value]
        if times:
            return times[-1]
        return "" if self.creative and self.creative.review_status is rejected else None

    @property
    def told(self) -> str:
        """ID, name and standing in words."""
        if self.creative is None:
            return f"{self.name} of this session"
        return f"ID {self.creative.creative_id} ({self.name}; {self.creative.standing})"


class Repeat(NamedTuple):
    """A file beside what it repeats; `closeness` is from 0 to 1, and 1 for the same content."""

    kind: RepeatKind
    fingerprint: Fingerprint
    known: Known
    closeness: float = 1.0
    decision: Decision = Decision.UNDECIDED

    @property
    def there(self) -> bool:
        """Whether it is on the site; a creative that is gone, or a file of the session, is not."""
        return self.known.creative is not None and not self.known.creative.removed

    def in_section(self, section: Section) -> bool:
        """Whether it stands in this section, or in an unknown one."""
        kind = self.known.creative.creative_type if self.known.creative else None
        return kind is None or kind.section is section

    @property
    def told(self) -> str:
        """In words: how close, beside which, and whether that one was rejected."""
        how = "same content as" if self.kind is RepeatKind.SAME_CONTENT else f"looks {self.closeness:.0%} like"
        rejected = self.known.rejected_at
        when = f" on {rejected[:10]}" if rejected else ""
        return f"{how} {self.known.told}" + ("" if rejected is None else f": it was REJECTED{when}")


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


def find_repeats(
    files: Sequence[SessionFile],
    fingerprints: Mapping[Path, Fingerprint | None],
    known: Iterable[Known],
    *,
    picture: Callable[[str], bytes | None],
    decisions: Decisions,
) -> dict[Path, tuple[Repeat, ...]]:
    """What each file repeats, by path: the same content first, then the closest looks; nothing for most.

    Within the session a file repeats only those before it. `picture` gives the strip kept for a checksum.
    """
    seen = [(file, one) for file in files if (one := fingerprints.get(file.path)) and one.checksum]
    creatives = list(known)
    session = [Known(one, file.name, path=file.path) for file, one in seen]
    everything = [*creatives, *session]
    same, index = _by_checksum(everything), LooksIndex([one.fingerprint for one in everything])
    found: dict[Path, tuple[Repeat, ...]] = {}
    for number, (file, mine) in enumerate(seen):
        before = len(creatives) + number
        others = [everything[place] for place in same.get(mine.checksum, ()) if place < before]
        repeats = [Repeat(RepeatKind.SAME_CONTENT, mine, one) for one in others if one.path != file.path]
        repeats += _near(file.path, mine, everything, index, before, picture, decisions)
        found[file.path] = tuple(repeats)
    return found


def _near(
    path: Path,
    mine: Fingerprint,
    everything: Sequence[Known],
    index: LooksIndex,
    before: int,
    picture: Callable[[str], bytes | None],
    decisions: Decisions,
) -> list[Repeat]:
    repeats: list[Repeat] = []
    met: set[str] = set()
    for place, bits in sorted(index.near(mine)):
        other = everything[place]
        theirs = other.fingerprint
        decision = decisions.of(mine.checksum, theirs.checksum)
        # what comes later in the session is beside the point, unless a person decided to skip this one for it
        later = place >= before and (decision is not Decision.SKIP or theirs.checksum in met)
        if later or other.path == path or theirs.checksum == mine.checksum:
            continue
        met.add(theirs.checksum)
        close = confirmed(mine, theirs, bits, picture)
        if close is not None:
            repeats.append(Repeat(RepeatKind.LOOKS_SAME, mine, other, close, decision))
    return sorted(repeats, key=lambda one: -one.closeness)


def _by_checksum(known: Sequence[Known]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for place, one in enumerate(known):
        if one.fingerprint.facts.bytes:  # all empty files have one checksum and are nobody's duplicate
            found.setdefault(one.fingerprint.checksum, []).append(place)
    return found
