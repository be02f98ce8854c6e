"""Whether the tracking files tell one story: each disagreement with its place and its remedy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from datetime import date
from pathlib import Path
from typing import NamedTuple, TypeVar

from tjtools.cache.history import COLUMNS as HISTORY_COLUMNS
from tjtools.cache.inventory import NEEDED_COLUMNS, load_session, section_of
from tjtools.cache.library import Library
from tjtools.media.content import Fingerprints
from tjtools.model.cells import read_day, read_id, told_id
from tjtools.model.creative import Creative, CreativeType, Section, SessionFile, UploadStatus, base_id
from tjtools.model.errors import TrackingFileError
from tjtools.model.names import (
    as_sent,
    file_type,
    is_name_of_ad,
    is_rounded,
    is_source,
    match_key,
    pair_key,
    same_name,
    stem,
)
from tjtools.upload.journal import Journal
from tjtools.upload.run_files import CAPPED, STATUS_COLUMNS, status_files
from tjtools.workspace.csvfile import BadLine, Table, read_table
from tjtools.workspace.folder import Workspace
from tjtools.workspace.log import Log
from tjtools.workspace.settings import CampaignCaps, load_limits, load_settings

FIX = "tjtools verify --fix"
LOOK = "Look on the site which creative bears the name, and correct the row that is wrong."
KEEP_BACK = "Don't give this file to the campaign uploader"
DATE = "Correct the day; until then it counts as unknown."
NATIVE = {"Video Creative ID": Section.NATIVE_ROLLOVER, "Thumbnail Creative ID": Section.NATIVE_STATIC_BANNER}
PREROLL = {"Creative ID": Section.IN_STREAM_VIDEO, "Banner CTA Creative ID": Section.STATIC_BANNER}
_VIDEO, _THUMBNAIL = NATIVE
_MAIN, _BANNER = PREROLL
Value = TypeVar("Value")
_HALVES = (CreativeType.NATIVE_VIDEO, CreativeType.NATIVE_IMAGE)
_LIVE = (UploadStatus.SUCCESS.value, UploadStatus.DUPLICATE.value)


class Disagreement(NamedTuple):
    """Two files that contradict each other, or one that lacks what another knows.

    `line` is None for a whole file. What is safe to mend has the creative that the library lacks in `missing`, or in
    `file` the file for which the master lacks the ID, with the ID and its day; `replay`: the journal has more to
    record; `follow`: the review status is another one on the site.
    """

    path: Path
    line: int | None
    found: str
    remedy: str = LOOK
    missing: Creative | None = None
    file: tuple[SessionFile, str, date | None] | None = None
    replay: bool = False
    follow: bool = False

    @property
    def safe(self) -> bool:
        """Whether `tjtools verify --fix` mends it."""
        return self.replay or self.follow or self.missing is not None or self.file is not None

    @property
    def where(self) -> str:
        """The file, and the line."""
        return f"{self.path.name}:{self.line}" if self.line else self.path.name


class Told(NamedTuple):
    """A file that says: this name is this Creative ID, or, in the master alone, has none."""

    path: Path
    line: int
    name: str
    creative_id: str
    section: Section | None
    day: date | None
    file: SessionFile | None = None

    @property
    def where(self) -> str:
        """The file and the line, where another file says otherwise."""
        return f"{self.path.name}:{self.line}"


class PairsTold:
    """Which creatives are halves of one native pair, as the master and each status CSV say: the pair ID or unique IDs.

    An ID that was rounded, or that one file gives to several videos or images, says nothing. `unique` are the unique
    IDs that they give to each Creative ID, of pairs or not; `suffixes` are those that a user knows of a half's name.
    """

    def __init__(self, library: Library, suffixes: tuple[str, ...]) -> None:
        self.library, self.suffixes = library, suffixes
        self.unique: defaultdict[str, set[str]] = defaultdict(set)
        self._of_creative: defaultdict[str, set[tuple[Path, str]]] = defaultdict(set)
        self._names: defaultdict[tuple[Path, str, CreativeType], set[str]] = defaultdict(set)

    def take(self, path: Path, name: str, creative_id: str, row: Mapping[str, str]) -> None:
        """Take in a row of one of these files."""
        if unique_id := row.get("unique_id", "").strip():
            self.unique[creative_id].add(f"ID-{unique_id.upper().removeprefix('ID-')}")
        try:
            kind = CreativeType.parse(row["creative_type"])
        except ValueError:
            return
        if kind not in _HALVES or is_source(name):
            return
        for identity in {base_id(row.get(column, "")) for column in ("native_pair_id", "unique_id")}:
            if identity and not is_rounded(identity):
                self._names[path, identity, kind].add(match_key(name))
                if creative_id:
                    self._of_creative[creative_id].add((path, identity))

    def by_name(self, videos: Set[str], images: Iterable[Creative]) -> bool:
        """Whether an image is called as one of the videos, or, where the library has none such, like it."""
        alike, kind = {pair_key(name, self.suffixes) for name in videos}, CreativeType.NATIVE_IMAGE
        there = (one for name in videos for one in self.library.find(stem(name), kind).there)
        same = {one.creative_id for one in there if one.creative_type is kind}
        keys = {one.creative_id: pair_key(one.filename, self.suffixes) for one in images}
        return any(ID in same or (key in alike and (not same or key.startswith("ID "))) for ID, key in keys.items())

    def together(self, one: str, other: str) -> bool:
        """Whether they say that the creatives with these two IDs are one pair."""
        common = self._of_creative[one] & self._of_creative[other]
        return any(all(len(self._names[(*said, kind)]) <= 1 for kind in _HALVES) for said in common)


def disagreements(workspace: Workspace) -> tuple[Disagreement, ...]:
    """Compare library, master, session, status and campaign CSVs, history and log; write nothing.

    Raises the errors of a library, master, session or log that can't be read at all.
    """
    library, bad = Library.load(workspace.library), list[Disagreement]()
    pairs = PairsTold(library, load_settings(workspace).names.pair_suffixes)
    master = [*_master(workspace, pairs, bad)]
    uploads = [*_status_files(workspace, pairs, bad)]
    told = [one for one in (*master, *uploads) if one.creative_id]
    contested = _contested(told)
    return (
        *_in_itself(library),
        *bad,
        *_unclear(workspace.session, load_session(workspace).bad_lines),
        *_journal(workspace),
        *_against_library(told, library, contested.keys()),
        *contested.values(),
        *_master_against_uploads(master, uploads, contested.keys(), library),
        *_campaigns(workspace, library, pairs),
        *_history(workspace, library),
        *_fingerprints(workspace, library),
        *_unclear(workspace.log, Log.at(workspace.log).bad_lines),
    )


def _in_itself(library: Library) -> Iterator[Disagreement]:
    yield from _unclear(library.path, library.bad_lines)
    for line in library.doubtful_days:
        yield Disagreement(library.path, line.line, f"has a doubtful day: {line.reason}", DATE)
    for conflict in library.conflicts:
        found = f"the rows of ID {conflict.creative_id} contradict each other: {_names(conflict.creatives)}"
        yield Disagreement(library.path, conflict.lines[-1], found)


def _names(creatives: Iterable[Creative]) -> str:
    return " and ".join(repr(one.filename) for one in creatives)


def _unclear(path: Path, lines: Iterable[BadLine]) -> Iterator[Disagreement]:
    for bad in lines:
        yield Disagreement(path, bad.line, f"can't be understood: {bad.reason}", "Mend the line, or delete it.")


def _read(path: Path, columns: Sequence[str], bad: list[Disagreement]) -> Table:
    """A file of which there are many, or that can be done without; what can't be understood of it joins `bad`."""
    try:
        table = read_table(path, columns)
    except TrackingFileError as error:
        where = f"{path}:{error.line}: " if error.line else f"{path}: "
        bad.append(Disagreement(path, error.line, error.message.removeprefix(where), error.remedy))
        return Table(path, tuple(columns), (), (), ())
    bad += _unclear(path, table.bad)
    return table


def _cell(
    read: Callable[[str], Value], text: str, path: Path, line: int, bad: list[Disagreement], remedy: str = LOOK
) -> Value | None:
    try:
        return read(text)
    except ValueError as error:
        what = "has a doubtful day" if remedy == DATE else "can't be understood"
        bad.append(Disagreement(path, line, f"{what}: {error}", remedy))
        return None


def _journal(workspace: Workspace) -> Iterator[Disagreement]:
    journal = Journal(workspace.log)
    for run, settled in journal.unrecorded().items():
        found = f"the run {run} had confirmed {len(settled)} files that may not be recorded yet"
        yield Disagreement(journal.path, None, found, f"Run: {FIX}", replay=True)
    unfinished = journal.unfinished()
    if unfinished:
        found = f"the live run {unfinished.run} was not finished: {unfinished.told}"
        yield Disagreement(journal.path, None, found, "Run: tjtools upload --resume")
    under_way = {file.key for file in unfinished.under_way} if unfinished else set()
    for section, name in sorted(journal.in_doubt() - under_way, key=lambda key: (key[0].value, key[1])):
        found = f"{name} was handed over into {section.value}, and nobody knows what came of it"
        yield Disagreement(journal.path, None, found, "A live upload of the file looks on the site first.")


def _master(workspace: Workspace, pairs: PairsTold, bad: list[Disagreement]) -> Iterator[Told]:
    limits, table = load_limits(workspace.limits_file), read_table(workspace.master, NEEDED_COLUMNS)
    bad += _unclear(table.path, table.bad)
    for line, row in zip(table.lines, table.rows, strict=True):
        name, text = row["new_filename"], row.get("tj_creative_id", "")
        pairs.take(table.path, name, told_id(text), row)
        creative_id = _cell(read_id, text, table.path, line, bad) if text.strip() else ""
        if creative_id is not None:
            day = row.get("tj_upload_date", "") if creative_id else ""
            read = _cell(read_day, day, table.path, line, bad, DATE)
            yield Told(table.path, line, name, creative_id, section_of(row, limits), read)


def _status_files(workspace: Workspace, pairs: PairsTold, bad: list[Disagreement]) -> Iterator[Told]:
    for path in status_files(workspace):
        table = _read(path, STATUS_COLUMNS, bad)
        for line, row in zip(table.lines, table.rows, strict=True):
            pairs.take(path, row["file_name"], told_id(row["tj_creative_id"]), row)
            if row["status"] not in _LIVE or not row["tj_creative_id"].strip():
                continue
            creative_id = _cell(read_id, row["tj_creative_id"], path, line, bad)
            kind = creative_id and _cell(CreativeType.parse, row["creative_type"], path, line, bad, "Correct the type.")
            if not creative_id or not kind:
                continue
            ours = row["status"] == UploadStatus.SUCCESS.value
            day = _cell(read_day, row["upload_date"], path, line, bad, DATE) if ours else None
            where = workspace.root / row["file_path"]  # one that is absolute stays as it is
            file = SessionFile(where, kind, unique_id=row["unique_id"], native_pair_id=row["native_pair_id"])
            yield Told(path, line, row["file_name"], creative_id, kind.section, day, file)


def _against_library(told: Iterable[Told], library: Library, contested: Set[str]) -> Iterator[Disagreement]:
    met: set[str] = set()
    for one in told:
        known = library.get(one.creative_id)
        if any(same_name(creative.filename, one.name) for creative in known):
            continue
        if known:
            found = f"says that {one.name!r} is {one.creative_id}, which the library calls {_names(known)}"
            yield Disagreement(one.path, one.line, found)
        elif one.creative_id not in met:
            met.add(one.creative_id)
            found = f"knows {one.name!r} as {one.creative_id}, the library does not"
            kind = one.section.creative_type if one.section else None
            creative = Creative(one.creative_id, one.name, one.day, file_type=file_type(one.name), creative_type=kind)
            safe = (f"Run: {FIX} adds it, tjtools refresh-library asks the site", creative)
            yield Disagreement(one.path, one.line, found, *(() if one.creative_id in contested else safe))


def _contested(told: Iterable[Told]) -> dict[str, Disagreement]:
    first: dict[str, Told] = {}
    found: dict[str, Disagreement] = {}
    for one in told:
        other = first.setdefault(one.creative_id, one)
        if not same_name(other.name, one.name):
            says = f"says that {one.creative_id} is {one.name!r}; {other.where} says {other.name!r}"
            found.setdefault(one.creative_id, Disagreement(one.path, one.line, says))
    return found


def _master_against_uploads(
    master: Iterable[Told], uploads: Iterable[Told], contested: Set[str], library: Library
) -> Iterator[Disagreement]:
    last = {(one.section, as_sent(one.name)): one for one in uploads}
    both = [(one, last[key]) for one in master if (key := (one.section, as_sent(one.name))) in last]
    for one, upload in both:
        if one.creative_id not in ("", upload.creative_id):
            found = f"says that {one.name!r} is {one.creative_id}; {upload.where} says {upload.creative_id}"
            yield Disagreement(one.path, one.line, found)
    for one, upload in both:
        known = library.get(upload.creative_id)
        another = known and not any(same_name(creative.filename, one.name) for creative in known)
        if not one.creative_id and upload.file and upload.creative_id not in contested and not another:
            found = f"has no ID for {one.name!r}; {upload.where} says {upload.creative_id}"
            file = upload.file, upload.creative_id, upload.day
            yield Disagreement(one.path, one.line, found, f"Run: {FIX}", file=file)


def _campaigns(workspace: Workspace, library: Library, pairs: PairsTold) -> Iterator[Disagreement]:
    """Ads with a Creative ID that is not that of the creative they are named after, or of its other half.

    Or with a text that is too long for the campaign uploader.
    """
    caps = load_limits(workspace.limits_file).campaign
    for path in sorted(workspace.campaigns.glob("Batch*_*.csv")):
        bad: list[Disagreement] = []
        table = _read(path, ["Ad Name"], bad)
        yield from bad
        columns = [*NATIVE] if _VIDEO in table.header else [_MAIN]
        if table.rows and (lacking := [name for name in columns if name not in table.header]):
            yield Disagreement(path, 1, f"the header lacks {', '.join(lacking)}.", f"{KEEP_BACK}.")
            continue
        for line, row in zip(table.lines, table.rows, strict=True):
            for found in (*_too_long(row, caps), *_wrong_ids(row, library, pairs, caps.ad_name)):
                yield Disagreement(path, line, found, f"{KEEP_BACK}; look on the site.")


def _too_long(row: Mapping[str, str], caps: CampaignCaps) -> Iterator[str]:
    for column, cap in CAPPED.items():
        length, most = len(row.get(column, "")), getattr(caps, cap)
        if length > most:
            yield f"the ad {row['Ad Name']!r} has a {column} of {length} characters, the campaign uploader takes {most}"


def _wrong_ids(row: Mapping[str, str], library: Library, pairs: PairsTold, most: int) -> Iterator[str]:
    names = {row["Ad Name"]}
    for column, section in (NATIVE if _VIDEO in row else PREROLL).items():
        creative_id, ad = row.get(column, ""), f"the ad {row['Ad Name']!r} has"
        known, key = library.get(told_id(creative_id)), told_id(creative_id)
        if column in (_VIDEO, _MAIN):  # as it is called in whole: in the ad that may be cut
            ids = (*pairs.unique[key], key)
            names |= {one.filename for one in known if is_name_of_ad(row["Ad Name"], one.filename, ids, most)}
        if not creative_id.strip():
            yield from [f"{ad} no {column}"] if column != _BANNER else []
        elif why := _why_wrong(row, column, section, known, names, pairs):
            yield f"{ad} the {column} {creative_id}, which is {why}"


def _why_wrong(
    row: Mapping[str, str], column: str, section: Section, known: Sequence[Creative], of_ad: Set[str], pairs: PairsTold
) -> str:
    if not known:
        return "not known to the library"
    held = _names(known)
    here = [one for one in known if one.creative_type is None or one.creative_type.section is section]
    if not here:
        sections = {one.creative_type.section.value for one in known if one.creative_type}
        return f"{held} in {' and '.join(sorted(sections))}"
    if column in (_VIDEO, _MAIN) and not any(one.filename in of_ad for one in here):
        return held
    if column == _THUMBNAIL and not pairs.by_name(of_ad, here):
        told = pairs.together(told_id(row[_VIDEO]), told_id(row[_THUMBNAIL]))
        return "" if told else f"{held}, and neither names nor inventories say that it is of this ad's pair"
    return ""


def _history(workspace: Workspace, library: Library) -> Iterator[Disagreement]:
    path, bad = workspace.history, list[Disagreement]()
    rows = _read(path, HISTORY_COLUMNS, bad).rows
    yield from bad
    for creative_id, last in {told_id(row["creative_id"]): row for row in rows}.items():
        held = [one.review_status.value if one.review_status else "" for one in library.get(creative_id)]
        was = f"was {last['to_status']} on {last['observed_at']}"
        if not held:
            found = f"{creative_id} ({last['filename']}) {was}; the library lacks it"
            yield Disagreement(path, None, found, "Run: tjtools refresh-library")
        elif last["to_status"] not in held:
            found = f"{creative_id} {was}; the library says {held[0] or 'nothing'}"
            yield Disagreement(path, None, found, "Run: tjtools sync-status")


def _fingerprints(workspace: Workspace, library: Library) -> Iterator[Disagreement]:
    for one in Fingerprints.load(workspace).uploads():
        known = library.get(one.creative_id)
        if known and not any(same_name(creative.filename, one.filename) for creative in known):
            calls = f"which the library calls {_names(known)}"
            found = f"remembers the content of {one.filename!r} as {one.creative_id}, {calls}"
            yield Disagreement(workspace.log, None, found)
