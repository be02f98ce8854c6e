"""A session against the library: what is new, what is there already, and what can't be uploaded, and why.

Pure functions over records: the library is in memory and the files' facts are handed in, so no network is needed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from tjtools.cache.library import Library, Match
from tjtools.diff.acceptable import oddities, problems
from tjtools.diff.decisions import Decision
from tjtools.diff.repeats import Repeat, RepeatKind
from tjtools.media import MediaFacts
from tjtools.model.creative import Creative, CreativeType, Key, Section, SessionFile
from tjtools.model.names import as_shown, file_type, is_rounded, is_source
from tjtools.workspace.limits import Limits, load_limits


class Verdict(Enum):
    """What is to be done with a file; only `NEW` and `NEAR_DUPLICATE` ones are uploaded.

    A near duplicate is for a person to look at, who may decide to skip it (`SKIPPED`) or that it is none. An unclear
    file is there if a creative that is called as its card would be is its own: only a person can say so.
    """

    NEW = "new"
    ALREADY_THERE = "already there"
    RENAMED_DUPLICATE = "renamed duplicate"
    IN_SESSION = "duplicate within the session"
    NEAR_DUPLICATE = "near duplicate"
    SKIPPED = "skipped by a person"
    UNREADABLE = "unreadable"
    INVALID = "invalid"
    MISSING = "missing"
    HALF_PAIR = "half of a native pair"
    UNCLEAR_PAIR = "unclear pair"
    SAME_NAME = "same name twice"
    UNCLEAR = "unclear"
    BLOCKED = "blocked by a bad line"
    SOURCE = "source, never uploaded"


MasterIds = Mapping[tuple[Section | None, str], str]

_GOING_UP = {Verdict.NEW, Verdict.NEAR_DUPLICATE}
_THERE = {Verdict.ALREADY_THERE, Verdict.RENAMED_DUPLICATE}
_SHOWN = 6  # files of an unclear pair by name
_SETTLED = {*_THERE, Verdict.IN_SESSION, Verdict.SKIPPED}


@dataclass(frozen=True, slots=True)
class FileReview:
    """The verdict on one file, with the reason in words.

    `creative_id` is the library's ID of a file that is already there, None where several creatives bear its name (all
    are in `known`, as are those that may be an unclear file's) or its content is another's only by that one's name.
    `notes` say what else a person should know: matches in other sections, IDs only the master has. `repeats` are
    creatives and files of the same content or looks, for `tjtools.diff.evidence`.
    """

    file: SessionFile
    verdict: Verdict
    reason: str = ""
    creative_id: str | None = None
    known: tuple[Creative, ...] = ()
    notes: tuple[str, ...] = ()
    facts: MediaFacts | None = None
    repeats: tuple[Repeat, ...] = ()

    @property
    def goes_up(self) -> bool:
        """Whether an upload takes it."""
        return self.verdict in _GOING_UP

    @property
    def is_there(self) -> bool:
        """Whether the site has it, under this name or another."""
        return self.verdict in _THERE

    @property
    def is_settled(self) -> bool:
        """Whether an upload skips it and nothing is to be done: it is there, or a person said so."""
        return self.verdict in _SETTLED

    @property
    def needs_a_person(self) -> bool:
        """Whether somebody has to mend something, or to look, before this file is uploaded."""
        return self.verdict not in {Verdict.NEW, Verdict.SOURCE, *_SETTLED}

    @property
    def repeats_rejected(self) -> tuple[Repeat, ...]:
        """What it repeats that the network has rejected."""
        return tuple(one for one in self.repeats if one.known.rejected_at is not None)


def review_session(
    files: Sequence[SessionFile],
    library: Library,
    facts: Mapping[Path, MediaFacts | None],
    *,
    master_ids: MasterIds | None = None,
    repeats: Mapping[Path, Sequence[Repeat]] | None = None,
    limits: Limits | None = None,
    force: bool = False,
) -> tuple[FileReview, ...]:
    """Give every file its verdict, in the order of `files`.

    `facts` holds what each file says of itself, by path; None or absent: there is no such file. `master_ids` are the
    IDs that the master inventory knows, by section and file name: a warning, never a skip. `repeats` holds what each
    file repeats, by path. `limits` are the package's if not given. `force` bypasses every duplicate check, no other.
    """
    together = Counter((file.section, name) for file in files for name in as_shown(file.name))
    reviews = [
        _review(
            file,
            library,
            facts.get(file.path),
            master_ids or {},
            (repeats or {}).get(file.path, ()),
            limits or load_limits(),
            force=force,
        )
        for file in files
    ]
    reviews = [
        replace(
            one, verdict=Verdict.SAME_NAME, reason="the session holds this name more than once: rename or remove one"
        )
        if (one.goes_up or one.verdict in _THERE)
        and any(together[one.file.section, name] > 1 for name in as_shown(one.file.name))
        else one
        for one in reviews
    ]
    unclear = unclear_pairs(files)
    reviews = [_in_unclear_pair(one, unclear.get(one.file.pair, "")) for one in reviews]
    paired = _with_pairs(reviews)
    if force:
        return tuple(paired)
    able = {(one.file.path, one.file.section) for one in paired if one.goes_up}
    return tuple(_with_pairs(_within_session(reviews, able)))


def review_file(file: SessionFile, library: Library, *, force: bool = False) -> FileReview:
    """Ask the library alone about a file: new, already there, unclear, or blocked by a bad line."""
    match = library.find(file.name, file.creative_type)
    if match.bad_lines:
        lines = ", ".join(str(bad.line) for bad in match.bad_lines)
        reason = f"{library.path.name} can't be read at line {lines}, which mentions this name: mend the line first"
        return FileReview(file, Verdict.BLOCKED, reason)
    notes = tuple(f"also in another section: {_told(creative)}" for creative in match.elsewhere)
    if match.there and not force:
        return FileReview(file, Verdict.ALREADY_THERE, _there(match), match.creative_id, known=match.there, notes=notes)
    if match.unclear and not force:
        return FileReview(file, Verdict.UNCLEAR, _unclear(file, match), known=match.unclear, notes=notes)
    known = (*match.there, *match.unclear)
    if known:
        is_there = "is there" if match.there else "may be there"
        notes = (f"forced, although it {is_there}: {'; '.join(map(_told, known))}", *notes)
    return FileReview(file, Verdict.NEW, known=known, notes=notes)


def _review(
    file: SessionFile,
    library: Library,
    facts: MediaFacts | None,
    master_ids: MasterIds,
    repeats: Sequence[Repeat],
    limits: Limits,
    *,
    force: bool,
) -> FileReview:
    if is_source(file.name):
        return FileReview(file, Verdict.SOURCE, "ORG_ files are sources that were converted", facts=facts)
    found = replace(review_file(file, library, force=force), facts=facts, repeats=tuple(repeats))
    if found.verdict not in (Verdict.NEW, Verdict.UNCLEAR):
        return found
    if facts is None:
        missing = replace(found, verdict=Verdict.MISSING, reason=f"there is no file {file.path}")
        return found if found.verdict is Verdict.UNCLEAR else missing
    found = _by_content(found, force=force)
    if found.verdict is not Verdict.NEW:
        return found
    if facts.trouble:
        return replace(found, verdict=Verdict.UNREADABLE, reason=f"{facts.trouble}: export it again")
    reasons = (*problems(facts, file.creative_type, limits), *_mislabelled(file, facts))
    found = replace(found, notes=(*found.notes, *oddities(file, facts, limits)))
    if reasons:
        return replace(found, verdict=Verdict.INVALID, reason="; ".join(reasons))
    uploaded = master_ids.get((file.section, file.name)) or master_ids.get((None, file.name))
    if uploaded and not found.known:
        note = f"the master inventory says it was uploaded as {uploaded}, the library does not know it"
        found = replace(found, notes=(*found.notes, note))
    return _by_looks(found, force=force)


def _by_content(one: FileReview, *, force: bool) -> FileReview:
    """A file whose content is on the site in its own section, under whatever name, is there already."""
    same = [repeat for repeat in one.repeats if repeat.kind is RepeatKind.SAME_CONTENT and repeat.known.creative]
    here = [repeat for repeat in same if repeat.there and repeat.in_section(one.file.section)]
    notes = (*one.notes, *(_not_here(repeat) for repeat in same if repeat not in here))
    if not here:
        return replace(one, notes=notes)
    told = "; ".join(repeat.told for repeat in here)
    if force:
        return replace(one, notes=(*notes, f"forced, although it is there: {told}"))
    certain = {repeat.known.creative.creative_id for repeat in here if repeat.known.certain and repeat.known.creative}
    creatives = tuple(repeat.known.creative for repeat in here if repeat.known.creative)
    creative_id = certain.pop() if len(certain) == 1 else None
    return replace(
        one, verdict=Verdict.RENAMED_DUPLICATE, reason=told, creative_id=creative_id, known=creatives, notes=notes
    )


def _not_here(repeat: Repeat) -> str:
    return f"gone from the site: {repeat.told}" if not repeat.there else f"in another section: {repeat.told}"


def _by_looks(one: FileReview, *, force: bool) -> FileReview:
    """A file that looks like another goes up like a new one, unless a person decided to skip it; but they are told."""
    near = [repeat for repeat in one.repeats if repeat.kind is RepeatKind.LOOKS_SAME]
    notes = [f"decided: not the same as {repeat.known.told}" for repeat in near if repeat.decision is _NOT_THE_SAME]
    open_ones = [repeat for repeat in near if repeat.decision is not _NOT_THE_SAME]
    here = [
        repeat
        for repeat in open_ones
        if repeat.known.creative is None or (repeat.there and repeat.in_section(one.file.section))
    ]
    skip = [repeat for repeat in open_ones if repeat.decision is Decision.SKIP]
    notes += [_not_here(repeat) for repeat in open_ones if repeat not in here]
    if force or not (skip or here):
        notes += [repeat.told for repeat in here]
        return replace(one, notes=(*one.notes, *notes))
    verdict = Verdict.SKIPPED if skip else Verdict.NEAR_DUPLICATE
    told = "; ".join(repeat.told for repeat in skip or here)
    return replace(one, verdict=verdict, reason=told, notes=(*one.notes, *notes))


_NOT_THE_SAME = Decision.NOT_THE_SAME


def _within_session(reviews: Sequence[FileReview], able: Set[tuple[Path, Section]]) -> list[FileReview]:
    """Of files with one content that would go into one section, the first goes."""
    going = set(able)
    done = []
    for one in reviews:
        first = next((repeat for repeat in one.repeats if _is_twin(repeat, one, going)), None)
        if first and one.goes_up:
            going.discard((one.file.path, one.file.section))
            done.append(replace(one, verdict=Verdict.IN_SESSION, reason=first.told))
        else:
            done.append(one)
    return done


def _is_twin(repeat: Repeat, one: FileReview, going: set[tuple[Path, Section]]) -> bool:
    path = repeat.known.path
    same = repeat.kind is RepeatKind.SAME_CONTENT and repeat.known.creative is None
    return same and path is not None and (path, one.file.section) in going


def _mislabelled(file: SessionFile, facts: MediaFacts) -> tuple[str, ...]:
    """The site goes by a file's content, its card shows that: a name that claims another could not be recognised."""
    claimed = file_type(file.name)
    if claimed in ("", facts.container) or not facts.container:
        return ()
    return (f"the content is {facts.container}, the name says .{claimed}: rename it",)


def unclear_pairs(files: Iterable[SessionFile]) -> dict[str, str]:
    """The pairs of which nothing says which video and which image they are, each with the reason: they make no ad."""
    sharing: dict[str, dict[Key, SessionFile]] = {}
    for file in files:
        if file.pair and not is_source(file.name):
            sharing.setdefault(file.pair, {})[file.key] = file
    return {
        pair: _why_unclear([*halves.values()])
        for pair, halves in sharing.items()
        if is_rounded(pair) or len({section for section, _ in halves}) < len(halves)
    }


def _why_unclear(files: Sequence[SessionFile]) -> str:
    pair, names = files[0].native_pair_id, [file.name for file in files]
    if len(names) > _SHOWN:
        names[_SHOWN - 1 :] = [f"{len(names) - _SHOWN + 1} more"]
    told = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    rounded = ", which a spreadsheet rounded," if is_rounded(pair) else ""
    remedy = "write an ID of its own, such as ID-99A0D7C3, into the two rows of each pair"
    return f"the pair ID {pair}{rounded} is on {told}: {remedy}"


def _in_unclear_pair(one: FileReview, why: str) -> FileReview:
    """Hold a new file of an unclear pair back: once it is there, no run makes its ad any more."""
    if why and one.goes_up:
        return replace(one, verdict=Verdict.UNCLEAR_PAIR, reason=why)
    return replace(one, notes=(*one.notes, f"no ad: {why}")) if why and one.is_there else one


def _with_pairs(reviews: Sequence[FileReview]) -> list[FileReview]:
    """Hold back a new half of a native pair whose other half neither is there nor goes with it."""
    halves: dict[str, dict[CreativeType, FileReview]] = {}
    for one in reviews:
        if one.verdict is not Verdict.SOURCE:
            halves.setdefault(one.file.pair, {})[one.file.creative_type] = one
    return [_with_pair(one, halves.get(one.file.pair, {})) for one in reviews]


def _with_pair(one: FileReview, pair: Mapping[CreativeType, FileReview]) -> FileReview:
    other_type = _OTHER_HALF.get(one.file.creative_type)
    if not one.goes_up or other_type is None or not one.file.pair:
        return one
    other = pair.get(other_type)
    if other is None:
        reason = f"the session has no {other_type.value} with the pair ID {one.file.native_pair_id}"
    elif other.goes_up or other.verdict in _THERE:
        return one
    else:
        reason = f"its {other_type.value} is {other.verdict.value}: {other.reason}"
    return replace(one, verdict=Verdict.HALF_PAIR, reason=reason)


_OTHER_HALF = {
    CreativeType.NATIVE_VIDEO: CreativeType.NATIVE_IMAGE,
    CreativeType.NATIVE_IMAGE: CreativeType.NATIVE_VIDEO,
}


def _there(match: Match) -> str:
    if match.creative_id:
        return _told(match.there[0])
    return f"{len(match.there)} creatives bear this name: {'; '.join(map(_told, match.there))}"


def _unclear(file: SessionFile, match: Match) -> str:
    told = "; ".join(f"ID {one.creative_id} ({one.filename}; {one.standing})" for one in match.unclear)
    which = match.unclear[0].creative_id if len(match.unclear) == 1 else "ID"
    return (
        f"{told} is this file, or another one of that name: look on the site. If it is this file:"
        f" tjtools add {which} {file.name}; if not, upload it with --file and --force"
    )


def _told(creative: Creative) -> str:
    return f"ID {creative.creative_id} in {creative.standing}"
