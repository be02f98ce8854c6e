"""A session against the library: what is new, what is there already, and what can't be uploaded, and why.

Pure functions over records: the library is in memory and the files' facts are handed in, so no network is needed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from tjtools.cache.library import Library
from tjtools.diff.refusals import oddities, problems, unreadable
from tjtools.diff.repeats import Decision, Repeat, RepeatKind
from tjtools.media import MediaFacts
from tjtools.model.creative import Creative, CreativeType, Key, Section, SessionFile
from tjtools.model.names import as_sent, as_shown, file_type, is_rounded, is_source
from tjtools.model.words import as_typed

if TYPE_CHECKING:  # `tjtools diff` needs no settings, and they take a tenth of a second to import
    from tjtools.workspace.limits import Limits


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

_THERE = {Verdict.ALREADY_THERE, Verdict.RENAMED_DUPLICATE}
_SETTLED = {*_THERE, Verdict.IN_SESSION, Verdict.SKIPPED}
_SHOWN = 6  # files of an unclear pair by name


@dataclass(frozen=True, slots=True)
class FileReview:
    """The verdict on one file, with the reason in words.

    `creative_id` is the library's ID of a file that is already there, None where several creatives bear its name (all
    are in `known`, as are those that may be an unclear file's) or its content is another's only by that one's name.
    `notes` say what else a person should know: matches in other sections, IDs only the master has. `repeats` are
    creatives and files of the same content or looks. `content` is the checksum of what was looked at, `""` where the
    library alone was asked.
    """

    file: SessionFile
    verdict: Verdict
    reason: str = ""
    creative_id: str | None = None
    known: tuple[Creative, ...] = ()
    notes: tuple[str, ...] = ()
    facts: MediaFacts | None = None
    repeats: tuple[Repeat, ...] = ()
    content: str = ""

    @property
    def goes_up(self) -> bool:
        """Whether an upload takes it."""
        return self.verdict in {Verdict.NEW, Verdict.NEAR_DUPLICATE}

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
        if self.goes_up:
            return bool(self.repeats_rejected) or self.verdict is Verdict.NEAR_DUPLICATE
        return self.verdict not in {Verdict.SOURCE, *_SETTLED}

    @property
    def repeats_rejected(self) -> tuple[Repeat, ...]:
        """What it repeats that the network has rejected, but for what a person said it isn't."""
        rejected = (one for one in self.repeats if one.known.rejected_at is not None)
        return tuple(one for one in rejected if one.decision is not Decision.NOT_THE_SAME)

    def noted(self, *notes: str) -> FileReview:
        """The same with more notes."""
        return replace(self, notes=(*self.notes, *filter(None, notes)))

    def held(self, verdict: Verdict, reason: str) -> FileReview:
        """The same with another verdict."""
        return replace(self, verdict=verdict, reason=reason)


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
    IDs that the master inventory knows, by section and name as it is sent: a warning, never a skip. `repeats` holds
    what each file repeats, by path. `limits` are the package's if not given. `force` bypasses every duplicate check, no
    other.
    """
    from tjtools.workspace.limits import load_limits

    limits, ids = limits or load_limits(), master_ids or {}
    together = Counter((file.section, name) for file in files for name in as_shown(file.name))
    exact = Counter(file.name for file in files)  # once one of them is up, it is any file of its whole name
    unclear = unclear_pairs(files)
    reviews = []
    for file in files:
        if is_source(file.name):
            source = FileReview(file, Verdict.SOURCE, "ORG_ files are sources that were converted")
            reviews.append(replace(source, facts=facts.get(file.path)))
            continue
        asked = review_file(file, library, force=force)
        told = replace(asked, facts=facts.get(file.path), repeats=tuple((repeats or {}).get(file.path, ())))
        sent = as_sent(file.name)
        one = _review(told, limits, ids.get((file.section, sent)) or ids.get((None, sent)), force=force)
        twice = any(together[file.section, name] > 1 for name in as_shown(file.name))
        if (twice and one.is_there) or ((twice or exact[file.name] > 1) and one.goes_up):
            one = one.held(Verdict.SAME_NAME, "the session holds this name more than once: rename or remove one")
        reviews.append(_in_unclear_pair(one, unclear.get(file.pair, "")))
    paired = _with_pairs(reviews)
    return tuple(paired if force else _with_pairs(_within_session(reviews, paired)))


def review_file(file: SessionFile, library: Library, *, force: bool = False) -> FileReview:
    """Ask the library alone about a file: new, already there, unclear, or blocked by a bad line."""
    match = library.find(file.name, file.creative_type)
    if match.bad_lines:
        lines = ", ".join(str(bad.line) for bad in match.bad_lines)
        reason = f"{library.path.name} can't be read at line {lines}, which mentions this name: mend the line first"
        return FileReview(file, Verdict.BLOCKED, reason)
    notes = tuple(f"also in another section: {_told(creative)}" for creative in match.elsewhere)
    there = "; ".join(map(_told, match.there))
    if match.there and not force:
        several = "" if match.creative_id else f"{len(match.there)} creatives bear this name: "
        return FileReview(file, Verdict.ALREADY_THERE, several + there, match.creative_id, match.there, notes)
    if match.unclear and not force:
        return FileReview(file, Verdict.UNCLEAR, _unclear(file, match.unclear), known=match.unclear, notes=notes)
    known = (*match.there, *match.unclear)
    if known:
        is_there = "is there" if match.there else "may be there"
        notes = (f"forced, although it {is_there}: {'; '.join(map(_told, known))}", *notes)
    return FileReview(file, Verdict.NEW, known=known, notes=notes)


def _unclear(file: SessionFile, known: Sequence[Creative]) -> str:
    told = "; ".join(f"ID {one.creative_id} ({one.filename}; {one.standing})" for one in known)
    which, name = known[0].creative_id if len(known) == 1 else "ID", as_typed(file.name)
    named = name if file.row else f"{as_typed(file.path)} --type {file.creative_type.value}"
    return (
        f"{told} is this file, or another one of that name: look on the site. If it is this file:"
        f" tjtools add {which} {name}; if not: tjtools upload --file {named} --live --force"
    )


def _told(creative: Creative) -> str:
    return f"ID {creative.creative_id} in {creative.standing}"


def _review(one: FileReview, limits: Limits, uploaded: str | None, *, force: bool) -> FileReview:
    """The verdict on a file of which the library's names say that it is new, or may be."""
    file, facts = one.file, one.facts
    if one.verdict not in (Verdict.NEW, Verdict.UNCLEAR):
        return one
    if facts is None:
        if one.verdict is Verdict.UNCLEAR:
            return one
        remedy = "put it back, or take its line out of the session"
        return one.held(Verdict.MISSING, f"there is no file {file.path}: {remedy}")
    one = _by_content(one, force=force)
    if one.verdict is not Verdict.NEW:
        return one
    if facts.trouble:
        return one.held(Verdict.UNREADABLE, unreadable(facts.trouble, ": export it again"))
    reasons, claimed = problems(facts, file.creative_type, limits), file_type(file.name)
    if claimed and claimed != facts.container and file_type(f"a.{facts.container}"):
        # the site goes by the content, and its card shows that: this name could not be recognised
        reasons += (f"the content is {facts.container}, the name says .{claimed}: rename it",)
    one = one.noted(*oddities(file, facts, limits))
    if reasons:
        return one.held(Verdict.INVALID, "; ".join(reasons))
    if uploaded and not one.known:
        one = one.noted(f"the master inventory says it was uploaded as {uploaded}, the library does not know it")
    return _by_looks(one, force=force)


def _by_content(one: FileReview, *, force: bool) -> FileReview:
    """A file whose content is on the site in its own section, under whatever name, is there already."""
    same = [repeat for repeat in one.repeats if repeat.kind is RepeatKind.SAME_CONTENT and repeat.known.creative]
    here = [repeat for repeat in same if not repeat.away(one.file.section)]
    one = one.noted(*(repeat.away(one.file.section) for repeat in same))
    told = "; ".join(repeat.told for repeat in here)
    if not here or force:
        return one.noted(told and f"forced, although it is there: {told}")
    certain = {repeat.known.creative_id for repeat in here if repeat.known.certain}
    return replace(
        one.held(Verdict.RENAMED_DUPLICATE, told),
        creative_id=certain.pop() if len(certain) == 1 else None,
        known=tuple(repeat.known.creative for repeat in here if repeat.known.creative),
    )


def _by_looks(one: FileReview, *, force: bool) -> FileReview:
    """A file that looks like another goes up like a new one, unless a person decided to skip it; but they are told."""
    near = [repeat for repeat in one.repeats if repeat.kind is not RepeatKind.SAME_CONTENT]
    others = [repeat for repeat in near if repeat.decision is Decision.NOT_THE_SAME]
    near = [repeat for repeat in near if repeat.decision is not Decision.NOT_THE_SAME]
    one = one.noted(*(f"decided: not the same as {repeat.known.told}" for repeat in others))
    one = one.noted(*(repeat.away(one.file.section) for repeat in near))
    here = [repeat.told for repeat in near if not repeat.away(one.file.section)]
    skip = [repeat.told for repeat in near if repeat.decision is Decision.SKIP]
    if force or not (skip or here):
        return one.noted(*here)
    return one.held(Verdict.SKIPPED if skip else Verdict.NEAR_DUPLICATE, "; ".join(skip or here))


def _within_session(reviews: Sequence[FileReview], paired: Sequence[FileReview]) -> Iterator[FileReview]:
    """Of files with one content that would go into one section, the first goes."""
    going = {(one.file.path, one.file.section) for one in paired if one.goes_up}
    for one in reviews:
        same = (each for each in one.repeats if each.kind is RepeatKind.SAME_CONTENT and each.known.creative is None)
        twins = [each for each in same if (each.known.path, one.file.section) in going]
        if twins and one.goes_up:
            going.discard((one.file.path, one.file.section))
            yield one.held(Verdict.IN_SESSION, twins[0].told)
        else:
            yield one


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
        return one.held(Verdict.UNCLEAR_PAIR, why)
    return one.noted(f"no ad: {why}") if why and one.is_there else one


def _with_pairs(reviews: Iterable[FileReview]) -> list[FileReview]:
    """Hold back a new half of a native pair whose other half neither is there nor goes with it."""
    reviews = [*reviews]
    halves = {(one.file.pair, one.file.creative_type): one for one in reviews if one.verdict is not Verdict.SOURCE}
    return [_with_pair(one, halves) if one.goes_up and one.file.pair else one for one in reviews]


def _with_pair(one: FileReview, halves: Mapping[tuple[str, CreativeType], FileReview]) -> FileReview:
    kind = one.file.creative_type.other_half
    if kind is None:
        return one
    other = halves.get((one.file.pair, kind))
    if other is None:
        return one.held(
            Verdict.HALF_PAIR, f"the session has no {kind.words} with the pair ID {one.file.native_pair_id}"
        )
    if other.goes_up or other.is_there:
        return one
    return one.held(Verdict.HALF_PAIR, f"its {kind.words} is {other.verdict.value}: {other.reason}")
