"""Whether the tracking files tell one story, and the site's: each disagreement, and the mending of what is safe."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

from tjtools.cache.history import COLUMNS as HISTORY_COLUMNS
from tjtools.cache.history import Source
from tjtools.cache.inventory import NEEDED_COLUMNS, load_session, record_in_master, section_of
from tjtools.cache.library import Library
from tjtools.cache.snapshots import newest_snapshot
from tjtools.diff.libraries import LibraryDifference
from tjtools.health.ads import Ads, Pairs
from tjtools.media.content import Fingerprints
from tjtools.model.cells import read_day, read_id, told_id
from tjtools.model.creative import Creative, CreativeType, Section, SessionFile, UploadStatus
from tjtools.model.errors import TrackingFileError
from tjtools.model.names import as_sent, file_type, is_cut, same_name
from tjtools.model.words import counted
from tjtools.scrape.refresh import Update, apply_update, plan_update
from tjtools.upload.journal import Journal
from tjtools.upload.resume import only_live_run, recover
from tjtools.upload.run_files import STATUS_COLUMNS, status_files
from tjtools.workspace.csvfile import BadLine, Table, read_table
from tjtools.workspace.folder import Workspace
from tjtools.workspace.limits import Limits, load_limits
from tjtools.workspace.log import Log
from tjtools.workspace.settings import load_settings

FIX = "tjtools verify --fix"
LOOK = "Look on the site which creative bears the name, and correct the row that is wrong."
KEEP_BACK = "Don't give this file to the campaign uploader"
MEND = "Mend the line, or delete it."
DATE = "Correct the day; until then it counts as unknown."
Value = TypeVar("Value")
_UNCLEAR, _DOUBTFUL = "can't be understood", "has a doubtful day"
_SYNC = "Run: tjtools sync-status, or tjtools verify --site --fix"
_REFRESH = "Run: tjtools refresh-library"
_RENAMED = f"If nobody renamed it there, the ID is another file's: look. {_REFRESH} takes over the site's name."
_SITE_SAYS = {
    "removed": ("{one.creative_id} ({one.filename}) is gone from the site", _SYNC),
    "added": ("{one.creative_id} ({one.filename}) is on the site, the library lacks it", _REFRESH),
    "status_changed": ("{one.creative_id} ({one.filename}) is {one.new} on the site, {old} here", _SYNC),
    "renamed": ("{one.creative_id} is called {one.new!r} on the site, {one.old!r} here", _RENAMED),
    "other": ("{one.creative_id} ({one.filename}) has the {one.field} {one.new} on the site, {old} here", _REFRESH),
}
_LIVE = (UploadStatus.SUCCESS.value, UploadStatus.DUPLICATE.value)


class Disagreement(NamedTuple):
    """Two files that contradict each other, or one that lacks what another knows.

    `line` is None for a whole file. `mends` is what `tjtools verify --fix` does about it: add this creative to the
    library, write an upload's ID and its day into the master, record what the journal knows, or have the review status
    follow the site; None: nothing.
    """

    path: Path
    line: int | None
    found: str
    remedy: str = LOOK
    mends: Creative | Told | Literal["record", "follow"] | None = None

    @property
    def safe(self) -> bool:
        """Whether `tjtools verify --fix` mends it."""
        return self.mends is not None

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


def verify(workspace: Workspace, update: Update | None = None) -> tuple[Disagreement, ...]:
    """Every disagreement among the tracking files; with a reading of the site (`plan_refresh`), also with the site.

    Nothing is written. Raises the error that stopped the reading, and those of a tracking file that can't be read.

    >>> import tempfile
    >>> from pathlib import Path
    >>> verify(Workspace(Path(tempfile.mkdtemp())))
    ()
    """
    if update is None:
        return _disagreements(workspace)
    if update.stopped:
        raise update.stopped
    shown = {creative.creative_id: creative for creative in update.reading.creatives}
    confirmed = [one.creative for some in Journal(workspace.log).unrecorded().values() for one in some]
    others = [each for each in confirmed if each and each.creative_id in shown and not _agrees(shown, each)]
    among_files = (_asked(one, shown, others) for one in _disagreements(workspace))
    return (*among_files, *_with_site(workspace.library, update.difference))


def mend(
    workspace: Workspace, found: Sequence[Disagreement], update: Update | None = None, *, now: datetime
) -> tuple[Disagreement, ...]:
    """Mend what is safe, each file with a backup, and return what disagrees then.

    What the journal knows is recorded, IDs that a run wrote down are added where library or master lack them, and with
    a reading of the site the review statuses follow it. A name or an ID is never changed. Raises `TrackingFileError`,
    also while a live run is under way, and `TooManyGone` as `sync_status` does.
    """
    library, mends = Library.load(workspace.library), [one.mends for one in found]
    missing = [it for it in mends if isinstance(it, Creative)]
    files = [(it.file, it.creative_id, it.day) for it in mends if isinstance(it, Told) and it.file]
    with only_live_run(workspace):
        if "record" in mends:
            recover(workspace, library, Journal(workspace.log), now=lambda: now)
        if workspace.library.exists() and missing:
            library.rewrite(now=now, keep_bad=True)  # for its backup
        library.add(missing)
        if files:
            record_in_master(workspace, files, backup=now)
    if update is None:
        return verify(workspace)
    if "follow" in mends:
        apply_update(replace(update, source=Source.SYNC), now=now)
    library, snapshot = Library.load(workspace.library), newest_snapshot(workspace)
    again = plan_update(workspace, library, update.reading, update.source, at=update.at, snapshot=snapshot)
    return verify(workspace, again)


def _disagreements(workspace: Workspace) -> tuple[Disagreement, ...]:
    """Compare library, master, session, status and campaign CSVs, history and log."""
    library, bad = Library.load(workspace.library), list[Disagreement]()
    tables, uploads = [read_table(workspace.master, NEEDED_COLUMNS)], list[Told]()
    limits, suffixes = load_limits(workspace.limits_file), load_settings(workspace).names.pair_suffixes
    master = [*_of_master(tables[0], limits, bad)]
    for path in status_files(workspace):
        table, unclear = _read(path, STATUS_COLUMNS)
        tables.append(table)
        bad += unclear
        uploads += _of_run(table, workspace.root, bad)
    told = [one for one in (*master, *uploads) if one.creative_id]
    contested = _contested(told)
    conflicts = (
        (one.lines[-1], f"the rows of ID {one.creative_id} contradict each other: {_names(one.creatives)}")
        for one in library.conflicts
    )
    return (
        *_unclear(library.path, library.bad_lines),
        *_unclear(library.path, library.doubtful_days, _DOUBTFUL, DATE),
        *(Disagreement(library.path, *told) for told in conflicts),
        *bad,
        *_unclear(workspace.session, load_session(workspace).bad_lines),
        *_journal(workspace),
        *_against_library(told, library, contested.keys()),
        *contested.values(),
        *_master_against_uploads(master, uploads, contested.keys(), library),
        *_campaigns(workspace, Ads(library, Pairs.of(tables), suffixes, limits.campaign)),
        *_history(workspace, library),
        *_fingerprints(workspace, library),
        *_unclear(workspace.log, Log.at(workspace.log).bad_lines),
    )


def _bears(known: Iterable[Creative], name: str) -> bool:
    return any(same_name(creative.filename, name) for creative in known)


def _names(creatives: Iterable[Creative]) -> str:
    return " and ".join(repr(one.filename) for one in creatives)


def _unclear(path: Path, lines: Iterable[BadLine], what: str = _UNCLEAR, remedy: str = MEND) -> list[Disagreement]:
    return [Disagreement(path, bad.line, f"{what}: {bad.reason}", remedy) for bad in lines]


def _read(path: Path, columns: Sequence[str]) -> tuple[Table, list[Disagreement]]:
    """A file of which there are many, or that can be done without, and what can't be understood of it."""
    try:
        table = read_table(path, columns)
    except TrackingFileError as error:
        where = f"{path}:{error.line}: " if error.line else f"{path}: "
        told = Disagreement(path, error.line, error.message.removeprefix(where), error.remedy)
        return Table(path, tuple(columns), (), (), ()), [told]
    return table, _unclear(path, table.bad)


def _cell(
    read: Callable[[str], Value], text: str, path: Path, line: int, bad: list[Disagreement], remedy: str = LOOK
) -> Value | None:
    try:
        return read(text)
    except ValueError as error:
        bad += _unclear(path, [BadLine(line, str(error), text)], _DOUBTFUL if remedy == DATE else _UNCLEAR, remedy)
        return None


def _journal(workspace: Workspace) -> Iterator[Disagreement]:
    journal = Journal(workspace.log)
    for run, settled in journal.unrecorded().items():
        found = f"the run {run} had confirmed {counted(len(settled), 'file')} not surely recorded yet"
        yield Disagreement(journal.path, None, found, f"Run: {FIX}", "record")
    if unfinished := journal.unfinished():
        found = f"the live run {unfinished.run} was not finished: {unfinished.told}"
        yield Disagreement(journal.path, None, found, "Run: tjtools upload --resume")
    under_way = {file.key for file in unfinished.under_way} if unfinished else set()
    for section, name in sorted(journal.in_doubt() - under_way, key=lambda key: (key[0].value, key[1])):
        found = f"{name} was handed over into {section.value}, and nobody knows what came of it"
        yield Disagreement(journal.path, None, found, "The next live upload looks on the site first.")


def _of_master(table: Table, limits: Limits, bad: list[Disagreement]) -> Iterator[Told]:
    bad += _unclear(table.path, table.bad)
    for line, row in zip(table.lines, table.rows, strict=True):
        text = row.get("tj_creative_id", "")
        creative_id = _cell(read_id, text, table.path, line, bad) if text.strip() else ""
        if creative_id is not None:
            told = row.get("tj_upload_date", "") if creative_id else ""
            day = _cell(read_day, told, table.path, line, bad, DATE)
            yield Told(table.path, line, row["new_filename"], creative_id, section_of(row, limits), day)


def _of_run(table: Table, root: Path, bad: list[Disagreement]) -> Iterator[Told]:
    path = table.path
    for line, row in zip(table.lines, table.rows, strict=True):
        text = row["tj_creative_id"].strip() if row["status"] in _LIVE else ""
        creative_id = text and _cell(read_id, text, path, line, bad)
        kind = creative_id and _cell(CreativeType.parse, row["creative_type"], path, line, bad, "Correct the type.")
        if not creative_id or not kind:
            continue
        ours = row["status"] == UploadStatus.SUCCESS.value
        day = _cell(read_day, row["upload_date"], path, line, bad, DATE) if ours else None
        where = root / row["file_path"]  # one that is absolute stays as it is
        file = SessionFile(where, kind, unique_id=row["unique_id"], native_pair_id=row["native_pair_id"])
        yield Told(path, line, row["file_name"], creative_id, kind.section, day, file)


def _against_library(told: Iterable[Told], library: Library, contested: Set[str]) -> Iterator[Disagreement]:
    met: set[str] = set()
    for one in told:
        known = library.get(one.creative_id)
        if known and not _bears(known, one.name):
            found = f"says that {one.name!r} is {one.creative_id}, which the library calls {_names(known)}"
            yield Disagreement(one.path, one.line, found)
        elif not known and one.creative_id not in met:
            met.add(one.creative_id)
            found = f"knows {one.name!r} as {one.creative_id}, the library does not"
            kind = one.section.creative_type if one.section else None
            creative = Creative(one.creative_id, one.name, one.day, file_type=file_type(one.name), creative_type=kind)
            safe = (f"Run: {FIX} adds it, tjtools refresh-library asks the site", creative)
            yield Disagreement(one.path, one.line, found, *(() if one.creative_id in contested else safe))


def _contested(told: Iterable[Told]) -> dict[str, Disagreement]:
    first, found = dict[str, Told](), dict[str, Disagreement]()
    for one in told:
        other = first.setdefault(one.creative_id, one)
        if not same_name(other.name, one.name):
            says = f"says that {one.creative_id} is {one.name!r}; {other.path.name}:{other.line} says {other.name!r}"
            found.setdefault(one.creative_id, Disagreement(one.path, one.line, says))
    return found


def _master_against_uploads(
    master: Iterable[Told], uploads: Iterable[Told], contested: Set[str], library: Library
) -> Iterator[Disagreement]:
    last = {(one.section, as_sent(one.name)): one for one in uploads}
    for one in master:
        upload = last.get((one.section, as_sent(one.name)))
        if upload is None or one.creative_id == upload.creative_id:
            continue
        says = f"{upload.path.name}:{upload.line} says {upload.creative_id}"
        known = library.get(upload.creative_id)
        if one.creative_id:
            yield Disagreement(one.path, one.line, f"says that {one.name!r} is {one.creative_id}; {says}")
        elif upload.creative_id not in contested and (not known or _bears(known, one.name)):
            yield Disagreement(one.path, one.line, f"has no ID for {one.name!r}; {says}", f"Run: {FIX}", upload)


def _campaigns(workspace: Workspace, ads: Ads) -> Iterator[Disagreement]:
    for path in sorted(workspace.campaigns.glob("Batch*_*.csv")):
        table, unclear = _read(path, ["Ad Name"])
        yield from unclear
        for line, found in ads.wrong(table):
            yield Disagreement(path, line, found, KEEP_BACK + ("." if line == 1 else "; look on the site."))


def _history(workspace: Workspace, library: Library) -> Iterator[Disagreement]:
    table, unclear = _read(workspace.history, HISTORY_COLUMNS)
    yield from unclear
    for creative_id, last in {told_id(row["creative_id"]): row for row in table.rows}.items():
        held = [one.review_status.value if one.review_status else "" for one in library.get(creative_id)]
        if last["to_status"] not in held:
            it = creative_id if held else f"{creative_id} ({last['filename']})"
            here = f"the library says {held[0] or 'nothing'}" if held else "the library lacks it"
            found = f"{it} was {last['to_status']} on {last['observed_at']}; {here}"
            yield Disagreement(table.path, None, found, "Run: tjtools sync-status" if held else _REFRESH)


def _fingerprints(workspace: Workspace, library: Library) -> Iterator[Disagreement]:
    for one in Fingerprints.load(workspace).uploads():
        known = library.get(one.creative_id)
        if known and not _bears(known, one.filename):
            found = f"remembers the content of {one.filename!r} as {one.creative_id}, which the library calls"
            yield Disagreement(workspace.log, None, f"{found} {_names(known)}")


def _asked(one: Disagreement, shown: Mapping[str, Creative], others: Sequence[Creative]) -> Disagreement:
    """What would be mended, unless the site has no such creative or another name for it; `others` are the journal's."""
    told = one.mends
    if told == "record" and others:
        names = ", ".join(f"{it.creative_id} ({it.filename})" for it in others)
        return one._replace(found=f"{one.found}; the site has another name for {names}", remedy=LOOK, mends=None)
    if isinstance(told, Told):
        told = Creative(told.creative_id, told.name)
    if not isinstance(told, Creative) or _agrees(shown, told):
        return one
    there = shown.get(told.creative_id)
    says = f"calls it {there.filename!r}" if there else "has no such creative"
    remedy = LOOK if there else "It was deleted there, or the ID is wrong; no file counts it as there."
    return one._replace(found=f"{one.found}; the site {says}", remedy=remedy, mends=None)


def _agrees(shown: Mapping[str, Creative], told: Creative) -> bool:
    """Whether the site has the creative, under its name or the beginning of it."""
    there = shown.get(told.creative_id)
    return there is not None and (same_name(there.filename, told.filename) or is_cut(there.filename, told.filename))


def _with_site(path: Path, difference: LibraryDifference) -> Iterator[Disagreement]:
    for kind, (words, remedy) in _SITE_SAYS.items():
        for one in getattr(difference, kind):
            old = getattr(one, "old", "") or ("of unknown status" if kind == "status_changed" else "none")
            mends: Literal["follow"] | None = "follow" if remedy == _SYNC else None
            yield Disagreement(path, None, words.format(one=one, old=old), remedy, mends)
