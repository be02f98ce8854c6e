"""What is approved now and can be an ad, and what can't, each with the reason.

Names, categories and pair IDs are the master's; an ID is that of the one creative of the library that bears the name. A
creative that the master lacks tells by its name alone of which category it is, and which native is its other half.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from tjtools.cache.inventory import NEEDED_COLUMNS, size_of
from tjtools.cache.library import Library, Match
from tjtools.diff.session import unclear_pairs
from tjtools.model.cells import told_id
from tjtools.model.creative import Creative, CreativeType, ReviewStatus, Section, SessionFile
from tjtools.model.names import is_source, own_id, pair_keys, parse_name
from tjtools.upload.campaign import Half
from tjtools.workspace.csvfile import read_table
from tjtools.workspace.folder import Workspace
from tjtools.workspace.limits import Limits

NATIVE = (Section.NATIVE_ROLLOVER, Section.NATIVE_STATIC_BANNER)
MAKE_ADS = (*NATIVE, Section.IN_STREAM_VIDEO)
VERIFY = "see tjtools verify"


class Why(Enum):
    """Why a creative makes no ad, in words."""

    UNCLEAR = "unclear"
    OVERRIDE = "held back by an override"
    HALF = "half of a pair"
    BEFORE = "not newly approved"
    PENDING = "pending"
    REJECTED = "rejected"
    REMOVED = "removed"
    UNKNOWN = "of unknown status"
    NOT_THERE = "not in the library"
    NO_AD = "no kind of ad"

    @property
    def needs_a_person(self) -> bool:
        """Whether only a person can bring it into an ad."""
        return self in (Why.UNCLEAR, Why.OVERRIDE)

    @property
    def of_approved(self) -> bool:
        """Whether it may well be approved: it is worth a line of its own."""
        return self.needs_a_person or self in (Why.HALF, Why.BEFORE)


_BY_STATUS = {status: Why(status.value) for status in ReviewStatus if status is not ReviewStatus.APPROVED}


class Candidate(NamedTuple):
    """What may be an ad: an in-stream video, or a native with its other half where that is approved, too.

    `why` it makes none, None where nothing speaks against it. `pair` is what the two halves share.
    """

    halves: tuple[Half, ...]
    section: Section | None
    pair: str = ""
    why: Why | None = None
    more: str = ""

    @property
    def first(self) -> Half:
        """What it is named after."""
        return self.halves[0]

    @property
    def told(self) -> str:
        """Why it makes no ad, in words."""
        return ": ".join(filter(None, (self.why.value if self.why else "", self.more)))

    def held(self, why: Why, more: str = "") -> Candidate:
        """The same, which makes no ad; what spoke against it before stays."""
        return self if self.why else self._replace(why=why, more=more)


def candidates(workspace: Workspace, library: Library, limits: Limits, suffixes: tuple[str, ...]) -> list[Candidate]:
    """All that the master or the library knows; of a native pair that can be an ad, its video with the image.

    `suffixes` are those that a user knows of the name of a pair's half. Raises what `read_table` does.
    """
    files = _files(workspace, limits)
    unclear, met = unclear_pairs(file for file, _ in files), Counter[str]()
    known = [_of_file(library, file, told, met) for file, told in files]
    for at, one in enumerate(known):
        if one.pair in unclear:
            known[at] = one.held(Why.UNCLEAR, unclear[one.pair])
        elif met[one.first.creative_id] > 1:
            known[at] = one.held(Why.UNCLEAR, "several lines of the master may be it")
    alone = [_of_creative(library, one) for one in library if one.creative_id not in met]
    return _paired(_by_names([*known, *alone], suffixes))


def _files(workspace: Workspace, limits: Limits) -> list[tuple[SessionFile, str]]:
    """The master's files, each with the Creative ID that it has there; a line that tells no section tells none."""
    found: dict[tuple[Section, str, str], tuple[SessionFile, str]] = {}
    for row in read_table(workspace.master, NEEDED_COLUMNS).rows:
        path = Path(row["new_filename"])
        with suppress(ValueError):
            kind = limits.true_type(CreativeType.parse(row["creative_type"]), size_of(row))
            file = SessionFile(path, kind, row["unique_id"], row.get("category", ""), row.get("native_pair_id", ""))
            if file.name == row["new_filename"] and not is_source(file.name):
                found[*file.key, file.pair] = file, told_id(row.get("tj_creative_id", ""))
    return [*found.values()]


def _of_file(library: Library, file: SessionFile, told: str, met: Counter[str]) -> Candidate:
    """A file of the master; the creatives that may be it are counted in `met`."""
    match = library.find(file.name, file.creative_type)
    bears = _of_section(match.there, file.section) or _of_section(match.elsewhere, file.section)
    there = [one for one in bears if one.creative_id == told] if len(bears) > 1 else bears
    met.update({one.creative_id for one in (*bears, *match.unclear, *_of_section(match.removed, file.section))})
    creative_id = there[0].creative_id if len(there) == 1 else ""
    half = Half(file.name, creative_id, file.category or _category(file.name), file.unique_id)
    one = Candidate((half,), file.section, file.pair)
    if file.section not in MAKE_ADS:
        return one.held(Why.NO_AD, file.section.value)
    if match.is_unclear:
        lines = ", ".join(f"line {bad.line} of {library.path.name}: {bad.reason}" for bad in match.bad_lines)
        return one.held(Why.UNCLEAR, lines or match.doubt or "another file may be called as its card is")
    if not creative_id:
        return one.held(Why.UNCLEAR, _several(bears)) if bears else _missing(one, match, told)
    if told not in ("", creative_id):
        return one.held(Why.UNCLEAR, f"the master says {told}, the library {creative_id}: {VERIFY}")
    return _by_status(library, one)


def _missing(one: Candidate, match: Match, told: str) -> Candidate:
    gone = _of_section(match.removed, one.section)
    return one.held(Why.REMOVED) if gone else one.held(Why.NOT_THERE, told and f"the master says {told}")


def _of_section(known: Iterable[Creative], section: Section | None) -> list[Creative]:
    """Those of this section or an unknown one: names are shared by sections."""
    return [one for one in known if one.creative_type is None or one.creative_type.section is section]


def _several(there: Iterable[Creative]) -> str:
    return f"several creatives bear the name: {', '.join(one.creative_id for one in there)}"


def _of_creative(library: Library, creative: Creative) -> Candidate:
    """A creative that the master lacks."""
    name, kind = creative.filename, creative.creative_type
    half = Half(name, creative.creative_id, _category(name), own_id(name))
    one = Candidate((half,), kind.section if kind else None)
    if kind and kind.section not in MAKE_ADS:
        return one.held(Why.NO_AD, kind.section.value)
    one, there = _by_status(library, one), _of_section(library.find(name, kind).there, one.section)
    if kind is None:
        return one.held(Why.UNCLEAR, "nobody knows its section: tjtools refresh-library tells it")
    if name.endswith(("…", "...")):
        return one.held(Why.UNCLEAR, "its name is cut off")
    return one.held(Why.UNCLEAR, _several(there)) if len(there) > 1 else one


def _category(name: str) -> str:
    parsed = parse_name(name)
    return parsed.category if parsed else ""


def _by_status(library: Library, one: Candidate) -> Candidate:
    rows = library.get(one.first.creative_id)
    if len(rows) > 1:
        return one.held(Why.UNCLEAR, f"the rows of its ID contradict each other: {VERIFY}")
    status = rows[0].review_status
    return one if status is ReviewStatus.APPROVED else one.held(_BY_STATUS[status] if status else Why.UNKNOWN)


def _by_names(known: Iterable[Candidate], suffixes: tuple[str, ...]) -> list[Candidate]:
    """All of them, those natives of which the master has no pair ID with what their names say of it."""
    known = [*known]
    of_master = {(one.pair, one.section) for one in known if one.pair}
    told = {pair for pair, _ in of_master}
    asked = [
        at for at, one in enumerate(known) if one.section in NATIVE and not one.pair and one.why is not Why.REMOVED
    ]
    keys = pair_keys([(known[at].first.name, known[at].section) for at in asked], suffixes)
    for at, key in zip(asked, keys, strict=True):
        one, own = known[at], key.removeprefix("ID ")
        if own == key or own not in told:
            known[at] = one._replace(pair=f"name {key}")
        elif (own, one.section) in of_master:
            known[at] = one.held(Why.UNCLEAR, f"the master gives the pair ID {own} to another")
        else:
            known[at] = one._replace(pair=own)
    return known


def _paired(known: Iterable[Candidate]) -> list[Candidate]:
    """All of them; two halves that are approved are one, and what lacks its other half is held."""
    known, pairs = [*known], defaultdict[str, list[Candidate]](list)
    for one in known:
        if one.pair:
            pairs[one.pair].append(one)
    whole = [_with_other(one, pairs.get(one.pair, [])) if one.section in NATIVE else one for one in known]
    return [one for one in whole if len(one.halves) > 1 or one.why or one.section is not NATIVE[1]]


def _with_other(one: Candidate, pair: Sequence[Candidate]) -> Candidate:
    others = [each for each in pair if each.section is not one.section]
    alike = [each.first.name for each in pair if each.section is one.section]
    other = "image" if one.section is NATIVE[0] else "video"
    if not others:
        return one.held(Why.HALF, f"neither the master nor a name says which {other} belongs to it")
    if len(others) > 1 or len(alike) > 1:
        names = alike if len(alike) > 1 else [each.first.name for each in others]
        return one.held(Why.UNCLEAR, f"several may be of its pair: {', '.join(names)}")
    other_half = others[0]
    if other_half.why:
        return one.held(Why.HALF, f"its {other} {other_half.first.name} is {other_half.told}")
    return one._replace(halves=(one.first, other_half.first)) if one.section is NATIVE[0] else one
