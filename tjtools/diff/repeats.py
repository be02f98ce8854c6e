"""What a file repeats: a creative of the same content or of the same looks, in the library or in its own session.

What the library has to compare with is a recorded upload, or a local copy. What a person decided about two contents
that look the same are events `decided` in the log; of several about two contents the last counts.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tjtools.cache.history import History, Observation
from tjtools.cache.library import Library
from tjtools.media import Children, Fingerprint
from tjtools.media.content import Fingerprints, LookedAt, Progress
from tjtools.media.pool import room_of
from tjtools.model.creative import Creative, CreativeType, ReviewStatus, Section, SessionFile
from tjtools.model.errors import TrackingFileError
from tjtools.model.names import extension, is_source
from tjtools.workspace.folder import Workspace
from tjtools.workspace.log import Entry, Log
from tjtools.workspace.settings import load_settings

if TYPE_CHECKING:
    from tjtools.media.copies import Copy
    from tjtools.media.timeline import Kinship

log = logging.getLogger("tjtools")

_DECIDED = "decided"
# where files lie, and of which type they are there; in uploaded/ itself lie several types
_FOLDERS: tuple[tuple[str, CreativeType | None], ...] = (
    ("uploaded", None),
    ("uploaded/Native/Video", CreativeType.NATIVE_VIDEO),
    ("uploaded/Native/Image", CreativeType.NATIVE_IMAGE),
)


class Decision(Enum):
    """What is to be done with a file that looks like another.

    `NOT_THE_SAME` holds for the two contents whichever of them comes again, `SKIP` holds back the first one for as long
    as it looks like the other, `UNDECIDED` takes an earlier word back.
    """

    NOT_THE_SAME = "not the same"
    SKIP = "skip"
    UNDECIDED = "undecided"


class Content(NamedTuple):
    """One of two contents: its checksum, and the name that a person saw it under."""

    checksum: str
    name: str


class Decisions:
    """The decisions of one workspace; `Decisions.load(workspace)` reads them."""

    def __init__(self, workspace: Workspace) -> None:
        self._log = Log.at(workspace.log)
        self._made: dict[tuple[str, str], Decision] = {}

    @classmethod
    def load(cls, workspace: Workspace) -> Decisions:
        """Read them; raises TrackingFileError if the log can't be read.

        An event that can't be understood decides nothing: the file is shown to a person again.
        """
        decisions = cls(workspace)
        for checksum, other, decision in decisions._log.told({_DECIDED: _told}).values():
            decisions._take(checksum, other, decision)
        return decisions

    def __len__(self) -> int:
        return len({frozenset(pair) for pair in self._made})

    def of(self, checksum: str, other: str) -> Decision:
        """What was decided about a file beside another."""
        return self._made.get((checksum, other), Decision.UNDECIDED)

    def decide(self, one: Content, other: Content, decision: Decision, *, now: datetime) -> None:
        """Remember a decision, on the disk when this returns; raises TrackingFileError if the disk does not take it."""
        told = {"decision": decision.value, "checksum": one.checksum, "other_checksum": other.checksum}
        told |= {"name": one.name, "other_name": other.name}
        self._log.append([Entry(_DECIDED, now, told, f"{one.checksum} {other.checksum}")])
        self._take(one.checksum, other.checksum, decision)

    def _take(self, checksum: str, other: str, decision: Decision) -> None:
        self._made[checksum, other] = decision
        if decision is not Decision.SKIP:
            self._made[other, checksum] = decision


def _told(entry: Entry) -> tuple[str, str, Decision]:
    return str(entry.data["checksum"]), str(entry.data["other_checksum"]), Decision(entry.data["decision"])


class RepeatKind(Enum):
    """How a file repeats another: by its content, to the last byte, by its looks, or by all of them but the words."""

    SAME_CONTENT = "same content"
    LOOKS_SAME = "looks the same"
    OTHER_WORDS = "the same picture, other words"


class Known(NamedTuple):
    """Something to compare: a creative of the library, or, without one, a file of the session.

    `path` is a local copy, None where there is none. `history` are the creative's observations, the oldest first.
    `certain`: the content was uploaded from here as this creative; else a local copy bears its name. `where` is of
    what the file is, where there is no creative.
    """

    fingerprint: Fingerprint
    name: str
    creative: Creative | None = None
    path: Path | None = None
    history: tuple[Observation, ...] = ()
    certain: bool = False
    where: str = "this session"

    @property
    def creative_id(self) -> str:
        """Its ID, `""` for a file of the session."""
        return self.creative.creative_id if self.creative else ""

    @property
    def standing(self) -> str:
        """How the creative stands on the site, in words; `""` for a file of the session."""
        return self.creative.standing if self.creative else ""

    @property
    def content(self) -> Content:
        """What `Decisions.decide` takes."""
        return Content(self.fingerprint.checksum, self.name)

    @property
    def rejected_at(self) -> str | None:
        """When its review was last seen to reject it (UTC), `""` where nobody knows when; None: never.

        What was rejected when it was first looked at, was so on a day that nobody knows.
        """
        rejected = ReviewStatus.REJECTED
        seen = [one for one in self.history if one.to_status == rejected.value]
        if seen:
            return next((one.observed_at for one in reversed(seen) if one.from_status), "")
        return "" if self.creative and self.creative.review_status is rejected else None

    @property
    def told(self) -> str:
        """ID, name and standing in words."""
        if self.creative is None:
            return f"{self.name} of {self.where}"
        return f"ID {self.creative_id} ({self.name}; {self.standing})"


class Repeat(NamedTuple):
    """A file beside what it repeats, for a person to judge; `closeness` is from 0 to 1, and 1 for the same content.

    `how` says what was done to make one of the other, where that is known, and `kinship` where it lies on the other.
    """

    kind: RepeatKind
    file: Known
    known: Known
    closeness: float = 1.0
    decision: Decision = Decision.UNDECIDED
    how: str = ""
    kinship: Kinship | None = None

    def away(self, section: Section) -> str:
        """In words that it is gone or in another section; `""` where it stands in this one, or in an unknown one."""
        creative = self.known.creative
        if creative and creative.removed:
            return f"gone from the site: {self.told}"
        kind = creative.creative_type if creative else None
        return f"in another section: {self.told}" if kind and kind.section is not section else ""

    @property
    def told(self) -> str:
        """In words: how close, beside which, what was done, and whether that one was rejected."""
        like = "same content as" if self.kind is RepeatKind.SAME_CONTENT else f"looks {self.closeness:.0%} like"
        how = f"; {self.how}" if self.how else ""
        rejected = self.known.rejected_at
        when = f" on {rejected[:10]}" if rejected else ""
        return f"{like} {self.known.told}{how}" + ("" if rejected is None else f": it was REJECTED{when}")


def media_files(workspace: Workspace) -> Iterator[tuple[Path, CreativeType | None]]:
    """The media files below `uploaded/`, each with the type that its folder tells."""
    for folder, kind in _FOLDERS:
        place = workspace.root / folder
        for path in sorted(place.iterdir()) if place.is_dir() else ():
            if extension(path.name) and not is_source(path.name) and path.is_file():
                yield path, kind


def local_copies(workspace: Workspace, library: Library) -> dict[Path, Creative]:
    """The files below `uploaded/` whose name is exactly one creative's of the library, each with that creative."""
    found = ((path, library.find(path.name, kind)) for path, kind in media_files(workspace))
    return {path: match.there[0] for path, match in found if match.creative_id and not match.bad_lines}


def known_creatives(
    library: Library,
    fingerprints: Fingerprints,
    *,
    copies: Mapping[Path, Creative] | None = None,
    history: Mapping[str, tuple[Observation, ...]] | None = None,
) -> tuple[Known, ...]:
    """The library's creatives whose content was seen: uploads that were recorded, and copies that were looked at.

    A creative that the library does not hold is none, whatever was recorded. Their observations are those of `history`,
    or else read; without a review history that can be read they come without.
    """
    rows = _history(fingerprints.workspace) if history is None else history
    copies = local_copies(fingerprints.workspace, library) if copies is None else copies
    seen = {path: one for path in copies if (one := fingerprints.of(path))}
    local = {one.checksum: path for path, one in reversed(seen.items())}  # the first of each
    found = []
    for upload in fingerprints.uploads():
        for creative in library.get(upload.creative_id)[:1]:
            one = upload.fingerprint
            if not one.looked:  # or by another method, as it may have been seen since
                one = fingerprints.with_checksum(one.checksum) or one
            told = rows.get(creative.creative_id, ())
            found.append(Known(one, upload.filename, creative, local.get(one.checksum), told, certain=True))
    certain = {one.creative_id for one in found}
    for path, one in seen.items():
        creative, size = copies[path], one.facts.size
        another = size and creative.dimensions and creative.dimensions != size  # pixels than the site shows
        if creative.creative_id not in certain and not another:
            found.append(Known(one, creative.filename, creative, path, rows.get(creative.creative_id, ())))
    return tuple(found)


def _history(workspace: Workspace) -> dict[str, tuple[Observation, ...]]:
    try:
        return History.of(workspace).rows()
    except TrackingFileError as error:
        log.warning("%s", error)
        return {}


class Contents:
    """Contents that are compared with each other, by their checksums and by how they look.

    Raises TrackingFileError if the decisions can't be read.
    """

    def __init__(self, known: Iterable[Known], fingerprints: Fingerprints, room: Children) -> None:
        from tjtools.media.copies import Copies

        self.known, self._room = tuple(known), room
        self.copies = Copies([one.fingerprint for one in self.known], fingerprints, room)
        self._decisions = Decisions.load(fingerprints.workspace)
        self._other_words = load_settings(fingerprints.workspace).duplicates.other_words
        self._same: dict[str, list[int]] = {}
        for place, one in enumerate(self.known):
            if one.fingerprint.facts.bytes:  # all empty files have one checksum and are nobody's duplicate
                self._same.setdefault(one.fingerprint.checksum, []).append(place)

    def repeats(
        self, places: Sequence[int], progress: Progress | None = None, cancelled: Callable[[], bool] = lambda: False
    ) -> dict[int, list[tuple[int, Repeat]]]:
        """What each of these repeats of those before it, each with its place: the same content first.

        Raises `Cancelled`.
        """
        found: dict[int, list[tuple[int, Repeat]]] = {place: [] for place in places}
        each = self._room.each(places, lambda place: [*self._repeats(place)], cancelled=cancelled)
        for done, (place, repeats) in enumerate(each, 1):
            found[place] = repeats
            while self.copies.failed:
                log.warning("%s", self.copies.failed.popleft())
            if progress:
                progress(LookedAt(Path(self.known[place].name), done, len(places), comparing=True))
        return found

    def _repeats(self, place: int) -> Iterator[tuple[int, Repeat]]:
        mine = self.known[place]
        checksum = mine.fingerprint.checksum
        for other in self._same.get(checksum, ()):
            if other < place:
                yield other, Repeat(RepeatKind.SAME_CONTENT, mine, self.known[other])
        met: set[str] = set()

        def wanted(other: int) -> bool:
            """What comes later is beside the point, unless a person decided to skip this one for it."""
            theirs = self.known[other].fingerprint.checksum
            skipped = self._decisions.of(checksum, theirs) is Decision.SKIP
            if theirs == checksum or (other > place and (not skipped or theirs in met)):
                return False
            met.add(theirs)
            return True

        for copy in sorted(self.copies.of(place, wanted), key=lambda one: one.place):
            if repeat := self._repeat(mine, copy):
                yield copy.place, repeat

    def _repeat(self, mine: Known, copy: Copy) -> Repeat | None:
        """How it looks like the other; None where that has other words, and nobody wants to hear of it."""
        theirs = self.known[copy.place]
        decision = self._decisions.of(mine.fingerprint.checksum, theirs.fingerprint.checksum)
        kind = RepeatKind.OTHER_WORDS if copy.other_words else RepeatKind.LOOKS_SAME
        if copy.other_words and not self._other_words and decision is Decision.UNDECIDED:
            return None
        how = copy.told(theirs.creative_id or theirs.name)
        return Repeat(kind, mine, theirs, copy.closeness, decision, how, copy.kinship)


def find_repeats(
    files: Sequence[SessionFile],
    seen: Mapping[Path, Fingerprint | None],
    known: Sequence[Known],
    fingerprints: Fingerprints,
    *,
    children: Children | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> dict[Path, tuple[Repeat, ...]]:
    """What each file repeats, by path: the same content first, then the closest looks, of which a file tells each
    content once; nothing for most.

    Within the session a file repeats only those before it. `seen` is what each file is, by path. Pictures are compared
    in `children`. Raises `Cancelled`.
    """
    session = {
        file.path: Known(one, file.name, path=file.path)
        for file in files
        if (one := seen.get(file.path)) and one.checksum
    }
    with room_of(children) as room:
        contents = Contents([*known, *session.values()], fingerprints, room)
        repeats = contents.repeats(range(len(known), len(contents.known)), progress, cancelled)
    sections = {file.path: file.section for file in files}
    found: dict[Path, tuple[Repeat, ...]] = {}
    for path, told in zip(session, repeats.values(), strict=True):
        others = _once((one for _, one in told if one.known.path != path), sections[path])
        found[path] = tuple(sorted(others, key=lambda one: -one.closeness))
    return found


def _once(repeats: Iterable[Repeat], section: Section) -> Iterator[Repeat]:
    """Those that look the same, without files whose content was named before: a creative, its file, and a copy of that.

    A creative that is gone, or in another section, names nothing: a file of its content tells that it is there soon.
    """
    met = set[str]()
    for one in repeats:
        checksum = one.known.fingerprint.checksum
        if one.known.creative or one.kind is RepeatKind.SAME_CONTENT or checksum not in met:
            yield one
        if not one.away(section):
            met.add(checksum)
