"""A session against the library: what is new, what is there already, and what can't be uploaded, and why.

Pure functions over records: the library is in memory and the files' facts are handed in, so no network is needed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from tjtools.cache import Library, Match
from tjtools.models import Creative, CreativeType, Section, SessionFile
from tjtools.naming import file_type, is_source, match_key
from tjtools.preflight import MediaFacts, problems


class Verdict(Enum):
    """What is to be done with a file; only `NEW` ones are uploaded."""

    NEW = "new"
    ALREADY_THERE = "already there"
    INVALID = "invalid"
    MISSING = "missing"
    HALF_PAIR = "half of a native pair"
    SAME_NAME = "same name twice"
    BLOCKED = "blocked by a bad line"
    SOURCE = "source, never uploaded"


MasterIds = Mapping[tuple[Section | None, str], str]

_HARMLESS = {Verdict.NEW, Verdict.ALREADY_THERE, Verdict.SOURCE}


@dataclass(frozen=True, slots=True)
class FileReview:
    """The verdict on one file, with the reason in words.

    `creative_id` is the library's ID of a file that is already there, None where several creatives bear its name (all
    are in `known`). `notes` say what else a person should know: matches in other sections, IDs only the master has.
    """

    file: SessionFile
    verdict: Verdict
    reason: str = ""
    creative_id: str | None = None
    known: tuple[Creative, ...] = ()
    notes: tuple[str, ...] = ()
    facts: MediaFacts | None = None

    @property
    def needs_a_person(self) -> bool:
        """Whether somebody has to mend something before this file can be uploaded."""
        return self.verdict not in _HARMLESS


def review_session(
    files: Sequence[SessionFile],
    library: Library,
    facts: Mapping[Path, MediaFacts | None],
    *,
    master_ids: MasterIds | None = None,
    force: bool = False,
) -> tuple[FileReview, ...]:
    """Give every file its verdict, in the order of `files`.

    `facts` holds what each file says of itself, by path; None or absent: there is no such file. `master_ids` are the
    IDs that the master inventory knows, by section and file name: a warning, never a skip. `force` bypasses every
    duplicate check against the library, and no other.
    """
    together = Counter((file.section, match_key(file.name)) for file in files)
    reviews = [_review(file, library, facts.get(file.path), master_ids or {}, force=force) for file in files]
    reviews = [
        replace(
            one, verdict=Verdict.SAME_NAME, reason="the session holds this name more than once: rename or remove one"
        )
        if one.verdict in {Verdict.NEW, Verdict.ALREADY_THERE}
        and together[one.file.section, match_key(one.file.name)] > 1
        else one
        for one in reviews
    ]
    return tuple(_with_pairs(reviews))


def review_file(file: SessionFile, library: Library, *, force: bool = False) -> FileReview:
    """Ask the library alone about a file: new, already there, or blocked by a bad line."""
    match = library.find(file.name, file.creative_type)
    if match.bad_lines:
        lines = ", ".join(str(bad.line) for bad in match.bad_lines)
        reason = f"{library.path.name} can't be read at line {lines}, which mentions this name: mend the line first"
        return FileReview(file, Verdict.BLOCKED, reason)
    notes = tuple(f"also in another section: {_told(creative)}" for creative in match.elsewhere)
    if match.there and not force:
        return FileReview(file, Verdict.ALREADY_THERE, _there(match), match.creative_id, known=match.there, notes=notes)
    if match.there:
        notes = (f"forced, although it is there: {'; '.join(map(_told, match.there))}", *notes)
    return FileReview(file, Verdict.NEW, known=match.there, notes=notes)


def _review(
    file: SessionFile, library: Library, facts: MediaFacts | None, master_ids: MasterIds, *, force: bool
) -> FileReview:
    if is_source(file.name):
        return FileReview(file, Verdict.SOURCE, "ORG_ files are sources that were converted", facts=facts)
    found = replace(review_file(file, library, force=force), facts=facts)
    if found.verdict is not Verdict.NEW:
        return found
    if facts is None:
        return replace(found, verdict=Verdict.MISSING, reason=f"there is no file {file.path}")
    if reasons := (*problems(facts, file.creative_type), *_mislabelled(file, facts)):
        return replace(found, verdict=Verdict.INVALID, reason="; ".join(reasons))
    uploaded = master_ids.get((file.section, file.name)) or master_ids.get((None, file.name))
    if uploaded and not found.known:
        note = f"the master inventory says it was uploaded as {uploaded}, the library does not know it"
        return replace(found, notes=(*found.notes, note))
    return found


def _mislabelled(file: SessionFile, facts: MediaFacts) -> tuple[str, ...]:
    """The site goes by a file's content, its card shows that: a name that claims another could not be recognised."""
    claimed = file_type(file.name)
    if claimed in ("", facts.container) or not facts.container:
        return ()
    return (f"the content is {facts.container}, the name says .{claimed}: rename it",)


def _with_pairs(reviews: Sequence[FileReview]) -> list[FileReview]:
    """Hold back a new half of a native pair whose other half neither is there nor goes with it."""
    halves: dict[str, dict[CreativeType, FileReview]] = {}
    for one in reviews:
        if one.file.native_pair_id:
            halves.setdefault(one.file.native_pair_id, {})[one.file.creative_type] = one
    return [_with_pair(one, halves.get(one.file.native_pair_id, {})) for one in reviews]


def _with_pair(one: FileReview, pair: Mapping[CreativeType, FileReview]) -> FileReview:
    other_type = _OTHER_HALF.get(one.file.creative_type)
    if one.verdict is not Verdict.NEW or other_type is None or not one.file.native_pair_id:
        return one
    other = pair.get(other_type)
    if other is None:
        reason = f"the session has no {other_type.value} with the pair ID {one.file.native_pair_id}"
    elif other.verdict in {Verdict.NEW, Verdict.ALREADY_THERE}:
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


def _told(creative: Creative) -> str:
    return f"ID {creative.creative_id} in {creative.standing}"
