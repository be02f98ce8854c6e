"""What was prepared before, from the log: each preparation is an event `prepared`, taken back by one `unprepared`.

What is made of a file of the session later is an event `mended`, told alike: it belongs to that file's preparation.

It tells the folder, the files that were written below `uploaded/`, and of each source what it was, by checksum and
looks, and what was made of it: so the source is known tomorrow, although what went up is its mended copy.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import chain
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

_PREPARED, _UNPREPARED, _MENDED = "prepared", "unprepared", "mended"


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
    `replaced` those of earlier ones that it took the place of. `is_mend`: of a file that was in the session already.
    """

    name: str
    at: datetime
    folder: str
    files: Mapping[str, str]
    sources: tuple[Source, ...]
    replaced: tuple[str, ...] = ()
    is_mend: bool = False

    def note(self, workspace: Workspace) -> None:
        """Write it down, on the disk when this returns; raises TrackingFileError if the disk does not take it."""
        sources = [
            {"name": one.name, "made": [(name, kind.value, sum_) for name, kind, sum_ in one.made], **told_of(one.seen)}
            for one in self.sources
        ]
        told = {"folder": self.folder, "files": {**self.files}, "sources": sources, "replaced": self.replaced}
        Log.at(workspace.log).append([Entry(_MENDED if self.is_mend else _PREPARED, self.at, told, self.name)])

    def mended(self, mend: Preparation) -> Preparation:
        """The same with what a mend has made of one of its files; itself where that is none of its files."""
        of = {(one.name, one.seen.checksum): one.made for one in mend.sources}

        def became(source: Source) -> Source:
            return source._replace(
                made=tuple(chain(*(of.get((one.name, one.checksum), (one,)) for one in source.made)))
            )

        sources = tuple(map(became, self.sources))
        files = dict(self.files)
        if {*mend.replaced} <= {*files}:  # else it lay in its place before, and its source is a person's only one
            files = {path: checksum for path, checksum in files.items() if path not in mend.replaced} | {**mend.files}
        return self if sources == self.sources else self._replace(files=files, sources=sources)

    def note_undone(self, workspace: Workspace, back: Iterable[str], now: datetime) -> None:
        """Write down that it was taken back, and which of the files that it `replaced` are in their places again."""
        Log.at(workspace.log).append([Entry(_UNPREPARED, now, {"back": [*back]}, self.name)])

    def uploaded(self, workspace: Workspace) -> dict[str, str]:
        """Which of its files are on the site, as far as is known here, each with its Creative ID."""
        return uploaded_of(workspace, [made for source in self.sources for made in source.made])


class State(StrEnum):
    """Where what was prepared is now."""

    HERE = "in the session already"
    UPLOADED = "on the site already"
    GONE = "no longer in the session"


class Before(NamedTuple):
    """A delivered file that was prepared before: what became of it, and where that is now."""

    path: Path
    told: str
    state: State


def prepared_before(
    workspace: Workspace, found: Iterable[tuple[Path, Preparation, Source]], session: Collection[Path]
) -> Iterator[Before]:
    """What is true now of these, each with what was made of it; `session` are the files of the session's rows."""
    found = [*found]
    ids = uploaded_of(workspace, [made for _, _, source in found for made in source.made]) if found else {}
    for path, one, source in found:
        told = f"prepared on {one.at:%Y-%m-%d} as {' and '.join(made.name for made in source.made)}"
        there = [ids[made.name] for made in source.made if made.name in ids]
        here = any(workspace.media_file(made.name, made.kind) in session for made in source.made)
        if there and (len(there) == len(source.made) or not here):
            yield Before(path, f"{told}, on the site as {' and '.join(there)}", State.UPLOADED)
        else:
            yield Before(path, told if here else f"{told}, and {State.GONE}", State.HERE if here else State.GONE)


def preparations(workspace: Workspace) -> tuple[Preparation, ...]:
    """All that were not taken back, the oldest first, without the sources that were prepared again since."""
    undone, events = _told(workspace)
    noted, found, gone = list[Preparation](), list[Preparation](), set[str]()
    for one in events:
        if one.is_mend:
            _follow(noted, one)
        else:
            noted.append(one)
    for one in reversed(noted):
        sources = tuple(each for each in one.sources if not gone & {made.name for made in each.made})
        gone |= {PurePosixPath(file).name for file in one.replaced if file not in undone.get(one.name, ())}
        if sources and one.name not in undone:
            found.append(one._replace(sources=sources))
    return tuple(reversed(found))


def noted_as(workspace: Workspace, name: str) -> Preparation | None:
    """The preparation or mend of this name as it was written down; None where it was not, or was taken back."""
    undone, events = _told(workspace)
    return next((one for one in events if one.name == name and name not in undone), None)


def undone(workspace: Workspace) -> dict[str, frozenset[str]]:
    """The names of the preparations that were taken back, each with the replaced files that came back by that."""
    return _told(workspace)[0]


def _told(workspace: Workspace) -> tuple[dict[str, frozenset[str]], list[Preparation]]:
    """Those that were taken back, and all that were written down, the oldest first."""
    told = Log.at(workspace.log).told(_READERS).values()
    events = [one for one in told if isinstance(one, Preparation)]
    return dict(one for one in told if not isinstance(one, Preparation)), events


def _follow(noted: list[Preparation], mend: Preparation) -> None:
    """Take a mend over into the preparation that its file is of; else it is of a file that came otherwise."""
    for at, one in reversed([*enumerate(noted)]):
        if (renewed := one.mended(mend)) is not one:
            noted[at] = renewed
            return
    noted.append(mend._replace(files={}, replaced=()))


def last_preparation(workspace: Workspace) -> Preparation | None:
    """The one that is taken back next; None where nothing was prepared."""
    return next((one for one in reversed(preparations(workspace)) if not one.is_mend), None)


def _preparation(entry: Entry) -> Preparation:
    sources = [
        Source(
            _text(one["name"]),
            fingerprint_of({**MediaFacts._field_defaults, **one}),
            tuple(Made(_text(name), CreativeType.parse(kind), str(sum_)) for name, kind, sum_ in one["made"]),
        )
        for one in entry.data["sources"]
    ]
    files = {_text(path): str(sum_) for path, sum_ in entry.data["files"].items()}
    replaced = tuple(map(_text, entry.data["replaced"]))
    told = str(entry.about), entry.at, str(entry.data["folder"]), files, tuple(sources), replaced
    return Preparation(*told, is_mend=entry.kind == _MENDED)


def _undone(entry: Entry) -> tuple[str, frozenset[str]]:
    return str(entry.about), frozenset(map(_text, entry.data.get("back", ())))


_READERS: dict[str, Callable[[Entry], Preparation | tuple[str, frozenset[str]]]] = {
    _PREPARED: _preparation,
    _MENDED: _preparation,
    _UNPREPARED: _undone,
}


def _text(told: object) -> str:
    """A name or a path; raises ValueError for what no file can be called."""
    text = str(told)
    if "\0" in text:
        raise ValueError(f"{text!r} is no name of a file")
    text.encode()
    return text


def uploaded_of(workspace: Workspace, made: Iterable[Made]) -> dict[str, str]:
    """Which of these are on the site, as far as master, library and log know, each with its Creative ID."""
    library, ids = Library.load(workspace.library), master_ids(workspace)
    sent_as = {
        (one.fingerprint.checksum, as_sent(one.filename)): one.creative_id
        for one in Fingerprints.load(workspace).uploads()
    }
    found = {}
    for one in made:
        match = library.find(one.name, one.kind)
        there = match.creative_id or next((each.creative_id for each in match.there), None)
        sent = as_sent(one.name)
        known = there or ids.get((one.kind.section, sent)) or ids.get((None, sent)) or sent_as.get((one.checksum, sent))
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


def below(workspace: Workspace, path: Path) -> str:
    """How a preparation calls a file."""
    return path.relative_to(workspace.root / "uploaded").as_posix()


def file_of(workspace: Workspace, below: str) -> Path:
    """Where a file of a preparation lies; raises UnsafePath for one that leads out of `uploaded/`."""
    path = workspace.root / "uploaded" / below
    workspace.guard(path)
    return path
