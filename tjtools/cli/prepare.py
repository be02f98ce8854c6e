"""`prepare` and `session`: from a folder of deliveries, or of finished files, to files of the session, or back."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from tjtools import upload as steps
from tjtools.cli import console, some_of
from tjtools.cli.console import bar, end, err, listing, looking, out, say, stoppable
from tjtools.cli.told import AllOption, call, line
from tjtools.model.errors import Cancelled, WorkspaceError
from tjtools.model.words import as_typed, counted, now
from tjtools.prepare.besides import told_of
from tjtools.prepare.delivery import Delivery, Wanted, asked, look_through
from tjtools.prepare.fit import Wishes
from tjtools.prepare.intake import Intake, Taken, plan_session
from tjtools.prepare.naming import NEEDED, OF_ONE_FOLDER, TITLES, WORDS, checked, guessed_by_folder
from tjtools.prepare.remembered import State, last_preparation
from tjtools.prepare.session import alone, cut_off, take_back, write_session
from tjtools.workspace.folder import Workspace

_OPTIONS = {
    "crop": "--crop centre (top, bottom, left, right, letterbox, 30%)",
    "cut": "--cut START, in seconds (0: from its first one),",
    "still": "--still SECOND",
}
_PLACES = {"left": 0.0, "top": 0.0, "centre": 0.5, "center": 0.5, "right": 1.0, "bottom": 1.0}
_ASKED = (
    TITLES | {"language": "Language, like EN"} | {name: f"{TITLES[name]}: {', '.join(WORDS[name])}" for name in WORDS}
)


def parse_crop(text: str) -> Wishes:
    """The value of `--crop`."""
    if text == "letterbox":
        return Wishes(letterbox=True)
    if text in _PLACES:
        return Wishes(crop=_PLACES[text])
    percents = float(text.removesuffix("%")) if re.fullmatch(r"\d+(\.\d+)?%?", text) else -1.0
    if 0 < percents < 1 and not text.endswith("%"):
        raise typer.BadParameter(f"{text!r}: say it in percent: 50 is the centre")
    if not 0 <= percents <= 100:
        raise typer.BadParameter(f"{text!r} is none of {', '.join(_PLACES)}, letterbox, 0 to 100 %")
    return Wishes(crop=percents / 100)


def parse_seconds(text: str) -> float:
    """The value of `--cut` and `--still`."""
    if not re.fullmatch(r"\d+(\.\d*)?|\.\d+", text):
        raise typer.BadParameter(f"{text!r} is no number of seconds, like 2.5")
    return float(text)


def prepare(
    workspace: console.WorkspaceOption,
    folder: Annotated[Path | None, typer.Argument(metavar="DIR", help="A folder of deliveries, or a file.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what each file would become.")] = False,
    native: Annotated[
        bool, typer.Option("--native", help="A native pair of every video, a still of an image.")
    ] = False,
    crop: Annotated[
        Wishes | None,
        typer.Option(parser=parse_crop, metavar="PLACE", help="centre, top, bottom, left, right, 30%, or letterbox."),
    ] = None,
    cut: Annotated[
        float | None,
        typer.Option(parser=parse_seconds, metavar="START", help="Cut what is too long, from that second."),
    ] = None,
    still: Annotated[
        float | None, typer.Option(parser=parse_seconds, metavar="SECOND", help="Which frame becomes the still.")
    ] = None,
    silent: Annotated[bool, typer.Option("--no-sound", help="Leave the sound out of what is made.")] = False,
    no_input: Annotated[bool, typer.Option("--no-input", help="Ask nothing: what is not known is an error.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Also what was prepared before, in its place.")] = False,
    allow_repeats: Annotated[bool, typer.Option("--allow-repeats", help="Also what is there already.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take the last preparation back.")] = False,
    everything: AllOption = False,
    as_json: console.JsonOption = False,
) -> None:
    """Make files of the session from deliveries.

    Each file is named by the convention, made to fit what the site takes, and added to session and master. What names
    and folders don't tell comes from tracking/metadata_defaults.csv, or is asked and kept there. What a crop or a cut
    would lose is left out until an option allows it. The delivery stays as it is. Without DIR, what was cut off is
    finished.

    Exit codes: 0 all well, 1 something needs a person, 2 error, 130 stopped by Ctrl-C.
    """
    if undo and dry_run:
        raise typer.BadParameter("--undo takes the last preparation back at once: there is no dry run of it")
    if undo:
        _undo(workspace, folder, as_json=as_json)
    if folder is None:
        _go_on(workspace, as_json=as_json)
    said = (crop or Wishes())._replace(start=cut, still=still, sound=not silent)
    wanted = Wanted(native, again=again, allow_repeats=allow_repeats, wishes=said)
    _prepare(workspace, folder, wanted, dry_run=dry_run, ask=not no_input, everything=everything, as_json=as_json)


def session(
    workspace: console.WorkspaceOption,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of finished files, or a file.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what is in it.")] = False,
    everything: AllOption = False,
    as_json: console.JsonOption = False,
) -> None:
    """Add finished files to the session, names and all.

    As `tjtools prepare` for files that need nothing: none is renamed or made anew.

    Exit codes: 0 all well, 1 something needs a person, 2 error, 130 stopped by Ctrl-C.
    """
    _prepare(workspace, folder, Wanted(as_is=True), dry_run=dry_run, ask=False, everything=everything, as_json=as_json)


def _prepare(
    workspace: Workspace, folder: Path, wanted: Wanted, *, dry_run: bool, ask: bool, everything: bool, as_json: bool
) -> None:
    if dry_run:
        delivery = _look(workspace, folder, wanted)
        intake = plan_session(workspace, delivery, now=now(), draft=True)
    else:
        with alone(workspace, now=now()):
            if wanted.again:  # an upload may still be at the files in whose place others are to come
                steps.demand_settled(workspace)
            delivery = _answered(_look(workspace, folder, wanted), ask=ask and sys.stdin.isatty())
            intake = _write(workspace, plan_session(workspace, delivery, now=now()), delivery)
    intake = intake._replace(left_out=tuple((path, why + _helping(delivery, path)) for path, why in intake.left_out))
    asks = intake.needs_a_person or delivery.lacks or delivery.defaults.bad
    end(
        _told(delivery, intake, workspace.session if intake.taken and not dry_run else None),
        lambda: _show(workspace, delivery, intake, everything=everything or dry_run, dry_run=dry_run),
        as_json=as_json,
        needs_a_person=asks or not (intake.taken or delivery.known),
    )


def _helping(delivery: Delivery, path: Path) -> str:
    """Which option would take the file in; `""` where none does."""
    if any(one.path == path for one in delivery.repeated) and not delivery.wanted.allow_repeats:
        return ": --allow-repeats prepares it all the same"
    losses = [loss.what for one in delivery.undecided if one.path == path for _, loss in asked(one, delivery.wanted)]
    return "".join(f": {_OPTIONS[what]} allows it" for what in dict.fromkeys(losses))


def _look(workspace: Workspace, folder: Path, wanted: Wanted) -> Delivery:
    """Look through the delivery, and say first what it repeats and which defaults can't be used."""
    with looking("Stopping: nothing is prepared.") as (progress, cancelled):
        delivery = look_through(workspace, folder, wanted, progress=progress, cancelled=cancelled)
    for bad in delivery.defaults.bad:
        say(f"{delivery.defaults.path.name}:{bad.line}: {bad.reason}; this line is not used")
    repeats = [(one.path.name, one.repeats) for one in delivery.sources if one.repeats]
    for name, found in repeats:
        say(f"{name} repeats: {'; '.join(one.told for one in found)}")
    return delivery


def _answered(delivery: Delivery, *, ask: bool) -> Delivery:
    """The delivery with what its names don't tell, asked once a folder and field, and kept."""
    if not delivery.lacks:
        return delivery
    if not ask:
        where = "; ".join(f"{place}: {fields}" for _, place, fields in _not_known(delivery))
        raise WorkspaceError(
            f"Names need what neither names nor folders tell. {where}.", remedy=_row_to_write(delivery)
        )
    answers: dict[Path, dict[str, str]] = {}
    said: dict[str, str] = {}
    err.print("What is not in the names is kept in metadata_defaults.csv, for these folders.")
    try:
        for folder, fields in delivery.lacks.items():
            for field in fields:
                before = None if field == OF_ONE_FOLDER else said.get(field)
                may_be = guessed_by_folder(folder.name).get(field, before)
                said[field] = _ask(f"{delivery.place(folder)}: {_ASKED[field]}", field, may_be)
            answers[folder] = {field: said[field] for field in fields}
    except typer.Abort as error:
        raise Cancelled("Stopped: nothing was prepared.") from error
    delivery.defaults.save({folder.as_posix(): told for folder, told in answers.items()}, now=now())
    return delivery.answered(answers)


def _row_to_write(delivery: Delivery) -> str:
    """How the defaults would answer: the columns, what may stand in them, and a row for one of the folders."""
    header = delivery.defaults.header
    folder, fields = next(iter(delivery.lacks.items()))
    may_be = {"category_name": folder.name, "creator_name": "Ana", "language": "EN", **guessed_by_folder(folder.name)}
    told = {"folder_path": delivery.place(folder)}
    told |= {field: WORDS[field][0] if field in WORDS else may_be[field] for field in fields}
    known = "; ".join(f"{field} is {', '.join(words)}" for field, words in WORDS.items())
    row = ",".join(told.get(column, "") for column in header)
    return (
        f"Call this in a terminal to be asked, or write it into {delivery.defaults.path}, a row a folder, like {row!r}"
        f" below its first line, {','.join(header)!r} ({known}; language is a code)."
    )


def _ask(question: str, field: str, before: str | None) -> str:
    while True:
        try:
            return checked(field, typer.prompt(question, default=before, err=True))
        except ValueError as error:
            err.print(str(error), style="yellow")


def _write(workspace: Workspace, intake: Intake, delivery: Delivery) -> Intake:
    making = len([one for one in intake.taken if one.fit.recipe])
    with stoppable("Stopping: nothing is prepared.") as cancelled, bar("Making files", making) as shown:
        return write_session(
            workspace,
            intake,
            folder=str(delivery.folder),
            now=now(),
            progress=lambda at: shown("Making files", at.done),
            cancelled=cancelled,
        )


def _told(delivery: Delivery, intake: Intake, written: Path | None) -> dict[str, object]:
    return {
        "files": [
            some_of(one, "source", "target", "creative_type", "original", "row", "notes")
            | {"mends": one.fit.mends, "losses": [loss.told for loss in one.fit.losses]}
            for one in intake.taken
        ],
        "left_out": [{"path": path, "reason": why} for path, why in intake.left_out],
        "known": [{"path": one.path, "what": one.told, "state": one.state} for one in delivery.known],
        "lacks": {delivery.place(folder): fields for folder, fields in delivery.lacks.items()},
        "passed_over": dict(intake.passed_over),
        "bad_lines": delivery.defaults.bad,
        "written": written,
    }


def _show(workspace: Workspace, delivery: Delivery, intake: Intake, *, everything: bool, dry_run: bool) -> None:
    some = [one for one in intake.taken if everything or one.notes or one.fit.mends]
    listing("For the session", [(one.creative_type.value, one.target.name, _how(one)) for one in some])
    listing("Left out", [("", str(path), why) for path, why in intake.left_out])
    again = ": --again prepares it anew"
    known = [("", str(one.path), one.told + again * (one.state is State.GONE)) for one in delivery.known]
    listing("Known", [row for row, one in zip(known, delivery.known, strict=True) if everything or row[2] != one.told])
    if everything and not delivery.wanted.as_is:
        listing("What names, folders and metadata_defaults.csv tell", [*_read(delivery)])
    listing("Not known", [*_not_known(delivery)])
    if others := told_of(intake.passed_over):
        out.print(f"{others}.")
    if not (intake.taken or intake.left_out or delivery.known):
        out.print(f"There is no image or video below {delivery.folder}.")
        return
    if intake.taken and not dry_run:
        out.print(f"Written: {workspace.session}")
    before = Counter(one.state for one in delivery.known)
    files = f"{'file' if len(intake.taken) == 1 else 'files'} for the session"
    counts = {files: len(intake.taken), "left out": len(intake.left_out)}
    counts |= {state.value: before[state] for state in State}
    words = [word for word in sys.argv[1:] if word != "--dry-run"]
    if not (intake.taken or before[State.HERE]):  # there is nothing to review
        ahead = as_typed("tjtools", *words, "--again") if before[State.GONE] else ""
    elif dry_run:
        ahead = as_typed("tjtools", *words) if intake.taken else ""
    else:
        ahead = call(workspace, "review")
    line(counts, ahead)


def _not_known(delivery: Delivery) -> Iterator[tuple[str, str, str]]:
    """What each folder lacks, with what its name may mean."""
    for folder, fields in delivery.lacks.items():
        may_be = guessed_by_folder(folder.name)
        told = (f"{field} ({may_be[field]}?)" if field in may_be else field for field in fields)
        yield "", delivery.place(folder), ", ".join(told)


def _read(delivery: Delivery) -> Iterator[tuple[str, str, str]]:
    """What is known of each folder's files, for a person to see what was taken for what."""
    for folder, files in groupby(delivery.found, key=lambda one: one.path.parent):
        told = [one.fields for one in files]
        texts = {field: " or ".join(sorted({one.get(field, "") for one in told} - {""})) for field in NEEDED}
        yield "", delivery.place(folder), ", ".join(f"{TITLES[field]} {text}" for field, text in texts.items() if text)


def _how(one: Taken) -> str:
    before = f"from {one.source.name}" if one.source.name != one.target.name else ""
    return "; ".join(filter(None, (before, one.how)))


def _go_on(workspace: Workspace, *, as_json: bool) -> NoReturn:
    """Finish what was cut off, or remove what is left of it."""
    ended = cut_off(workspace)
    if ended is None:
        raise typer.BadParameter("name the folder of the deliveries")
    with alone(workspace, now=now()):
        told = f"Finished: {ended.name}" if ended.noted else f"Removed: {ended.told}. Prepare the delivery again."
    end({"finished": ended.noted and ended.noted.folder}, told, as_json=as_json, needs_a_person=not ended.noted)


def _undo(workspace: Workspace, folder: Path | None, *, as_json: bool) -> NoReturn:
    """Take the last preparation back, but not while an upload may still be at its files, nor that of another folder."""
    steps.demand_settled(workspace)
    found, before = folder and folder.resolve(), last_preparation(workspace)
    if found and before and before.folder != str(found.parent if found.is_file() else found):
        raise typer.BadParameter(f"the last preparation was of {before.folder}, not of {found}: nothing was taken back")
    taken_back = take_back(workspace, now=now())
    last, changed, back, beside = taken_back
    listing("Changed since, and left where they are", [("", str(path), "") for path in changed], on=err)
    told = f"Taken back: {counted(len(last.sources), 'file')} of {last.folder}, prepared on {last.at:%Y-%m-%d %H:%M}"
    answer = {"folder": last.folder, "at": last.at, "files": [*last.files], "changed": changed, "back": back}
    end(answer | {"beside": beside}, told + taken_back.told, as_json=as_json)
