"""What was prepared before, from the log: each preparation is an event `prepared`, taken back by one `unprepared`.

It tells the folder, the files that were written below `uploaded/`, and of each source what it was, by checksum and
looks, and what was made of it: so the source is known tomorrow, although what went up is its mended copy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from tjtools.cache.inventory import master_ids
from tjtools.cache.library import Library
from tjtools.diff.repeats import Known
from tjtools.media import Fingerprint, MediaFacts
from tjtools.media.content import Fingerprints, fingerprint_of, told_of
from tjtools.model.creative import CreativeType
from tjtools.model.names import as_sent
from tjtools.workspace.folder import Workspace
from tjtools.workspace.log import Entry, Log

_PREPARED, _UNPREPARED = "prepared", "unprepared"


class Made(NamedTuple):
    """A file of the session that was made of a source, by its name, type and checksum."""

    name: str
    kind: CreativeType
    checksum: str


class Source(NamedTuple):
    """A delivered file, and what was made of it."""

    name: str
    seen: Fingerprint
    made: tuple[Made, ...]


class Preparation(NamedTuple):
    """One call that wrote something: `files` are its files by their paths below `uploaded/`, with their checksums;
    `replaced` those of earlier ones that it took the place of.
    """

    name: str
    at: datetime
    folder: str
    files: Mapping[str, str]
    sources: tuple[Source, ...]
    replaced: tuple[str, ...] = ()

    def note(self, workspace: Workspace) -> None:
        """Write it down, on the disk when this returns; raises TrackingFileError if the disk does not take it."""
        sources = [
            {"name": one.name, "made": [(name, kind.value, sum_) for name, kind, sum_ in one.made], **told_of(one.seen)}
            for one in self.sources
        ]
        told = self._asdict() | {"files": dict(self.files), "sources": sources}
        del told["name"], told["at"]
        Log.at(workspace.log).append([Entry(_PREPARED, self.at, told, self.name)])

    def note_undone(self, workspace: Workspace, now: datetime) -> None:
        """Write down that it was taken back."""
        Log.at(workspace.log).append([Entry(_UNPREPARED, now, {}, self.name)])

    def uploaded(self, workspace: Workspace) -> dict[str, str]:
        """Which of its files are on the site, as far as is known here, each with its Creative ID."""
        return uploaded_of(workspace, [made for source in self.sources for made in source.made])


def preparations(workspace: Workspace) -> tuple[Preparation, ...]:
    """All that were not taken back, the oldest first, without the sources that were prepared again since."""
    told = Log.at(workspace.log).told({_PREPARED: _preparation, _UNPREPARED: lambda entry: str(entry.about)})
    undone, gone = {one for one in told.values() if isinstance(one, str)}, set[str]()
    found = []
    for one in reversed([one for one in told.values() if isinstance(one, Preparation)]):
        sources = tuple(each for each in one.sources if not gone & {made.name for made in each.made})
        gone |= {PurePosixPath(file).name for file in one.replaced}
        if sources and one.name not in undone:
            found.append(one._replace(sources=sources))
    return tuple(reversed(found))


def _preparation(entry: Entry) -> Preparation:
    sources = [
        Source(
            str(one["name"]),
            fingerprint_of({**MediaFacts._field_defaults, **one}),
            tuple(Made(str(name), CreativeType.parse(kind), str(sum_)) for name, kind, sum_ in one["made"]),
        )
        for one in entry.data["sources"]
    ]
    files = {str(path): str(sum_) for path, sum_ in entry.data["files"].items()}
    replaced = tuple(map(str, entry.data["replaced"]))
    return Preparation(str(entry.about), entry.at, str(entry.data["folder"]), files, tuple(sources), replaced)


def uploaded_of(workspace: Workspace, made: Iterable[Made]) -> dict[str, str]:
    """Which of these are on the site, as far as master, library and log know, each with its Creative ID."""
    library, ids = Library.load(workspace.library), master_ids(workspace)
    sums = {one.fingerprint.checksum: one.creative_id for one in Fingerprints.load(workspace).uploads()}
    found = {}
    for one in made:
        match = library.find(one.name, one.kind)
        there = match.creative_id or next((each.creative_id for each in match.there), None)
        sent = as_sent(one.name)
        known = there or ids.get((one.kind.section, sent)) or ids.get((None, sent)) or sums.get(one.checksum)
        if known:
            found[one.name] = known
    return found


def known_sources(sources: Iterable[Source], creatives: Sequence[Known], fingerprints: Fingerprints) -> list[Known]:
    """The sources as something to compare with: each is the creative that was made of it, where it went up."""
    of_content: Mapping[str, Known] = {one.fingerprint.checksum: one for one in creatives}
    of_name: Mapping[str, Known] = {as_sent(one.name): one for one in creatives}
    found = []
    for source in sources:
        seen = source.seen if source.seen.looked else fingerprints.with_checksum(source.seen.checksum) or source.seen
        for made in source.made:
            known = of_content.get(made.checksum) or of_name.get(as_sent(made.name)) or Known(seen, made.name)
            found.append(known._replace(fingerprint=seen))
    return found


def file_of(workspace: Workspace, below: str) -> Path:
    """Where a file of a preparation lies; raises UnsafePath for one that leads out of `uploaded/`."""
    path = workspace.root / "uploaded" / below
    workspace.guard(path)
    return path
