"""A delivery becomes files of the session: made to fit, copied, and written down; and taken back.

What is written when: the files, whole, into a folder of their own below `uploaded/.preparing/`, with their rows beside
them; what they are to replace, kept in `uploaded/.replaced/`; the event `prepared`, or `mended`; the new files moved to
their places; master; session; what is mended in its place. What was cut off before its event never was; what was after
it is finished by the next (`alone`). Taking back goes the other way: rows, files, event. What was replaced is kept with
its rows until that is taken back or goes up, or another preparation takes the place of anything.
"""

from __future__ import annotations

import errno
import filecmp
import json
import os
import secrets
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import NamedTuple

from tjtools.cache.inventory import drop_rows, load_session, put_back, renew_rows, rows_of
from tjtools.diff.refusals import problems
from tjtools.media import Job, Making, MediaFacts, make
from tjtools.media import Made as Result
from tjtools.media.content import Fingerprints, look_at
from tjtools.model.creative import CreativeType, SessionFile
from tjtools.model.errors import Cancelled, TrackingFileError, WorkspaceError, translated
from tjtools.model.words import counted
from tjtools.prepare.intake import Intake, Taken, measured
from tjtools.prepare.remembered import (
    Made,
    Preparation,
    Source,
    below,
    file_of,
    last_preparation,
    noted_as,
    preparations,
    undone,
)
from tjtools.workspace.disk import keep_as, locked, replace_file, sync
from tjtools.workspace.folder import Workspace
from tjtools.workspace.limits import load_limits
from tjtools.workspace.log import NO_JSON

_ITS_NAME = {errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ}  # what a disk says to a name that it can't hold
_PLAN = "plan.json"
_LONGEST = 200  # bytes of a source's name that are kept, so that there is room for what comes before and behind
Rows = Mapping[str, Sequence[Mapping[str, str]]]  # by the inventory's name


def write_session(
    workspace: Workspace,
    intake: Intake,
    *,
    folder: str,
    now: datetime,
    progress: Callable[[Making], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    mends: bool = False,
) -> Intake:
    """Make and copy the files, and add them to session and master; what could not be made joins those left out.

    With `mends` its sources are files of the session, and each is written down apart. Raises `Cancelled` and
    TrackingFileError: session, master and log are then as they were, or the next one finishes this.
    """
    with alone(workspace, now=now):
        begun = f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
        names = {one.source: f"{begun}{f'-{number}' if mends else ''}" for number, one in enumerate(intake.taken)}
        places = {source: _home(workspace) / name for source, name in names.items()}
        workspace.guard(_home(workspace))
        try:
            with translated(_home(workspace), "written"):
                done, left_out = _staged(workspace, intake, places, progress, cancelled)
            for place in dict.fromkeys(places[one.source] for one in done):
                ones = [one for one in done if places[one.source] == place]
                told = _told(workspace, ones, place, mends=mends)
                noted = Preparation(place.name, now, folder, *told, is_mend=mends)
                _write_plan(workspace, place, ones, noted)
                _keep(workspace, noted)
                noted.note(workspace)
                _finish(workspace, place, now)
        finally:
            for place in {*places.values()}:
                if not noted_as(workspace, place.name):
                    _remove(place)
                    _remove(_replaced(workspace) / place.name)
    return intake._replace(taken=tuple(done), left_out=(*intake.left_out, *left_out))


def _told(
    workspace: Workspace, done: Sequence[Taken], place: Path, *, mends: bool
) -> tuple[dict[str, str], tuple[Source, ...], tuple[str, ...]]:
    """What a preparation tells of the files that are staged in a place: those, their sources, and what they replace."""
    told = [(below(workspace, one.target), one.checksum) for one in done]
    told += [(one.original, one.seen.checksum) for one in done if one.original]
    files = {file: checksum for file, checksum in told if (place / file).exists()}
    replaced = frozenset[Path]().union(*(one.replaces for one in done))
    if not mends:  # what was in the session before came with another one
        there = {one.path for one in load_session(workspace).files} - replaced
        done = [one for one in done if one.target not in there]
    made: dict[Path, Source] = {}
    for one in done:
        source = made.get(one.source, Source(one.source.name, one.seen, ()))
        made[one.source] = source._replace(made=(*source.made, Made(one.target.name, one.creative_type, one.checksum)))
    return files, tuple(made.values()), tuple(sorted(below(workspace, path) for path in replaced))


def _staged(
    workspace: Workspace,
    intake: Intake,
    places: Mapping[Path, Path],
    progress: Callable[[Making], None] | None,
    cancelled: Callable[[], bool],
) -> tuple[list[Taken], list[tuple[Path, str]]]:
    """Put all files into their sources' places, each where it is to be below `uploaded/`; a source fails as a whole."""
    limits, failed, taken = load_limits(workspace.limits_file), dict[Path, str](), intake.taken
    targets = {one.target: places[one.source] / below(workspace, one.target) for one in taken}
    for target in (*(place / _PLAN for place in places.values()), *targets.values()):
        target.parent.mkdir(parents=True, exist_ok=True)
    jobs = {one.target: Job(one.source, one.fit.recipe, targets[one.target]) for one in taken if one.fit.recipe}
    results = make(jobs.values(), progress=progress, cancelled=cancelled) if jobs else ()
    made = dict(zip(jobs, results, strict=True))
    done = []
    for one in taken:
        if cancelled():
            raise Cancelled("Stopped: nothing was prepared.")
        result = made.get(one.target)
        wrong = problems(result.facts, one.creative_type, limits) if result and result.facts else ()
        why = (result.trouble if result else "") or "; ".join(wrong)
        if why := why or _copied(workspace, one, places[one.source]):
            failed[one.source] = why
        done.append(_measured(one, result, result.facts) if result and result.facts else one)
    for one in (one for one in taken if one.source in failed):
        for file in filter(None, (below(workspace, one.target), one.original)):
            with suppress(OSError):  # its name may be too long even to be asked for
                (places[one.source] / file).unlink()
    return [one for one in done if one.source not in failed], [*failed.items()]


def _measured(one: Taken, result: Result, facts: MediaFacts) -> Taken:
    """The file by what was made of it, with the quality that it has."""
    notes = "; ".join(filter(None, (one.row.get("notes", ""), result.quality)))
    made = one.fit._replace(facts=facts, mends=(*one.fit.mends, result.quality))
    return one._replace(checksum=result.checksum, fit=made, row={**one.row, "notes": notes, **measured(facts)})


def _copied(workspace: Workspace, one: Taken, place: Path) -> str:
    """Copy the file, or keep it as the source of what was made of it; why that can't be, where it is its own fault."""
    file = one.original or below(workspace, one.target)
    target, there = place / file, workspace.root / "uploaded" / file
    if os.path.exists(target) or (there not in one.replaces and os.path.exists(there)):  # noqa: PTH110 (a Path raises for a long name)
        return ""
    try:
        shutil.copy2(one.source, target)
        sync(target)
    except OSError as error:
        with suppress(OSError):
            target.unlink()
        if error.errno in _ITS_NAME or error.filename == str(one.source):
            return f"can't be copied: {error.strerror}"
        raise
    return "" if target.stat().st_size == one.seen.facts.bytes else "it changed while it was prepared: prepare it again"


def _write_plan(workspace: Workspace, place: Path, done: Sequence[Taken], noted: Preparation) -> None:
    rows = [(below(workspace, one.of or one.target), dict(one.row)) for one in done]
    told = {"rows": rows, "removed": [file for file in noted.replaced if file not in noted.files], "before": {}}
    if noted.replaced and not noted.is_mend:  # which keeps its source
        told["before"] = rows_of(workspace, {file_of(workspace, file) for file in noted.replaced})
    with translated(place / _PLAN, "written"):
        replace_file(place / _PLAN, json.dumps(told, ensure_ascii=False).encode())


def _read_plan(workspace: Workspace, place: Path) -> tuple[dict[SessionFile, dict[str, str]], list[Path], Rows]:
    """The rows of the files, the files that are removed, and the rows of what is replaced.

    Raises TrackingFileError where they can't be read.
    """
    files: dict[SessionFile, dict[str, str]] = {}
    try:
        told = json.loads((place / _PLAN).read_bytes())
        for file, row in told["rows"]:
            workspace.media_file(row["new_filename"], kind := CreativeType.parse(row["creative_type"]))
            files[SessionFile(file_of(workspace, file), kind)] = row
        return files, [file_of(workspace, file) for file in told["removed"]], told.get("before", {})
    except NO_JSON as error:
        noted = noted_as(workspace, place.name)
        remedy = f"Remove {place}, and prepare {noted.folder if noted else 'the delivery'} with --again."
        raise TrackingFileError(f"it can't be read ({error}).", path=place / _PLAN, remedy=remedy) from error


def _finish(workspace: Workspace, place: Path, now: datetime) -> None:
    """Do what is left of a preparation that is noted; a process may end in the middle of that, and begin again."""
    files, removed, _ = _read_plan(workspace, place)
    staged = [path for path in place.rglob("*") if path.is_file() and path.name != _PLAN]
    targets = {path: file_of(workspace, path.relative_to(place).as_posix()) for path in staged}
    mended = {path: target for path, target in targets.items() if target.exists()}
    _move({path: target for path, target in targets.items() if path not in mended}, place)
    renew_rows(workspace, files, backup=now)
    drop_rows(workspace, removed, backup=now)
    _move(mended, place)  # last: until then each shows in the review that it is still to be mended
    for path in removed:
        with suppress(OSError):  # a player on Windows that has it open
            path.unlink()
    if (kept := _replaced(workspace) / place.name).is_dir():  # of these there is one
        for other in {*kept.parent.iterdir()} - {kept}:
            _remove(other)
        _move({place / _PLAN: kept / _PLAN}, place)
    _remove(place)


def _keep(workspace: Workspace, noted: Preparation) -> None:
    """Put what makes room for a preparation where it can be brought back from; TrackingFileError where that can't be.

    A mend keeps its source itself.
    """
    kept = _replaced(workspace) / noted.name
    workspace.guard(kept)
    for file in () if noted.is_mend else noted.replaced:
        path, target = file_of(workspace, file), kept / file
        with translated(path, "kept"), suppress(FileNotFoundError):  # a person has removed it
            target.parent.mkdir(parents=True, exist_ok=True)
            keep_as(path, target)


def _bring_back(workspace: Workspace, kept: Path, files: Collection[str], now: datetime) -> dict[str, str]:
    """Put all that was kept into its place again; with these `files` their rows, as far as those can be read.

    Where another file is in its place, it lies beside that: the names of these, as they were and as they are.
    """
    beside = dict[str, str]()
    for path in [one for one in kept.rglob("[!.]*") if one.is_file() and one != kept / _PLAN]:
        place = free = file_of(workspace, path.relative_to(kept).as_posix())
        if place.exists():
            beside[place.name] = (free := free_beside(place, path)).name
        _move({path: free}, kept)
    rows: Rows = {}
    with suppress(TrackingFileError, FileNotFoundError):
        rows = _read_plan(workspace, kept)[2]
    put_back(workspace, rows, [file_of(workspace, file) for file in files], backup=now)
    _remove(kept)
    return beside


def free_beside(place: Path, source: Path, taken: Collection[Path] = ()) -> Path:
    """Where a source is kept beside a file's place, under a name that no other has or gets."""
    begun = place.stem.encode()[:_LONGEST].decode("utf-8", "ignore")
    names = (place.with_name(f"ORG_{begun}{f'-{number}' if number else ''}{place.suffix}") for number in count())
    free = (one for one in names if one not in taken)
    return next(one for one in free if not one.exists() or filecmp.cmp(source, one, shallow=False))


def _move(targets: Mapping[Path, Path], place: Path) -> None:
    with translated(place, "moved"):
        for path, target in targets.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)


class CutOff(NamedTuple):
    """A preparation that ended midway; `noted` is what is known of one that the next finishes, None of any other."""

    noted: Preparation | None

    @property
    def name(self) -> str:
        """Which one, in words."""
        return f"the preparation of {self.noted.folder} on {self.noted.at:%Y-%m-%d %H:%M}" if self.noted else ""

    @property
    def told(self) -> str:
        """What was cut off, in words."""
        if not self.noted:
            return "a preparation was cut off before anything of it was in the session"
        many = counted(len(self.noted.files), "file")
        return f"{self.name} was cut off: not all of its {many} may be in the session"

    @property
    def command(self) -> str:
        """What goes on with it."""
        return "tjtools prepare" if self.noted else "tjtools prepare DIR"


def cut_off(workspace: Workspace) -> CutOff | None:
    """What ended midway, None where nothing did or somebody is at it; nothing is changed."""
    if not _home(workspace).is_dir():
        return None
    with suppress(TrackingFileError), locked(workspace.tracking / "prepare", patience=0):
        left = [noted_as(workspace, place.name) for place in sorted(_home(workspace).glob("*"))]
        return CutOff(next(filter(None, left), None)) if left else None
    return None


@contextmanager
def alone(workspace: Workspace, *, now: datetime) -> Iterator[None]:
    """Let nobody else prepare meanwhile, and finish first what was cut off; re-entrant in one thread.

    A preparation that was noted is done to its end; what one left that was not is removed. So with taking one back.
    """
    with locked(workspace.tracking / "prepare"):
        for place in sorted(_home(workspace).glob("*")):
            if noted_as(workspace, place.name) and (place / _PLAN).is_file():
                _finish(workspace, place, now)
            else:
                _remove(place)
        for kept in sorted(_replaced(workspace).glob("*")):
            back = undone(workspace).get(kept.name)
            noted = next((one for one in preparations(workspace) if one.name == kept.name), None)  # as it was mended
            if back is not None:
                _bring_back(workspace, kept, back, now)
            elif noted is None or noted.uploaded(workspace):
                _remove(kept)
        yield


class TakenBack(NamedTuple):
    """A preparation that was taken back: its files that were changed since and stay, and how many came back by it.

    `beside`: what lies beside a changed one, by the name that it had before.
    """

    last: Preparation
    changed: tuple[Path, ...]
    back: int
    beside: Mapping[str, str]

    @property
    def told(self) -> str:
        """What became of what it had taken the place of, in words; `""` where it had of none."""
        whole = len(self.last.replaced)
        told = "; what it had taken the place of is back" if whole else ""
        if self.back < whole:
            gone = "back" if self.beside else "there any more"
            told = f"; what it had taken the place of is not {gone}: prepare that again"
        if 0 < self.back < whole:
            back = f"{self.back:,} of {whole:,} files are back: prepare the others again"
            told = f"; of what it had taken the place of, {back}"
        return told + "".join(f"; the earlier {name} lies beside it as {now}" for name, now in self.beside.items())


def take_back(workspace: Workspace, *, now: datetime) -> TakenBack:
    """Take the last preparation back: what it had taken the place of is in the session again.

    Raises WorkspaceError, with nothing changed, where nothing was prepared, or something of it went up.
    """
    with alone(workspace, now=now):
        last = last_preparation(workspace)
        if last is None:
            raise WorkspaceError("Nothing was prepared here that could be taken back.")
        if uploaded := last.uploaded(workspace):
            name, creative_id = next(iter(uploaded.items()))
            told = f"{counted(len(uploaded), 'file')} of it went up, {name} as {creative_id} for one"
            when = f"The preparation of {last.at:%Y-%m-%d %H:%M} can't be taken back: {told}."
            raise WorkspaceError(when, remedy="Take the others out of the session's inventory by hand.")
        made = [workspace.media_file(made.name, made.kind) for source in last.sources for made in source.made]
        drop_rows(workspace, made, backup=now)
        paths = {file_of(workspace, file): checksum for file, checksum in last.files.items()}
        seen = look_at(paths, Fingerprints.load(workspace), decode=False)
        own = [path for path, checksum in paths.items() if (one := seen[path]) and one.checksum == checksum]
        for path in own:
            with translated(path, "removed"):
                path.unlink(missing_ok=True)
        changed, kept = tuple(path for path in paths if path.exists()), _replaced(workspace) / last.name
        back = [one for one in last.replaced if (kept / one).exists() and not file_of(workspace, one).exists()]
        last.note_undone(workspace, back, now)
        beside = _bring_back(workspace, kept, back, now)
    return TakenBack(last, changed, len(back), beside)


def _home(workspace: Workspace) -> Path:
    return workspace.root / "uploaded" / ".preparing"


def _replaced(workspace: Workspace) -> Path:
    return workspace.root / "uploaded" / ".replaced"


def _remove(place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    with suppress(OSError):
        place.parent.rmdir()  # the last one
