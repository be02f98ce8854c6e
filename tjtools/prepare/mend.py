"""Mends files of the session: each is made anew beside it, checked, and only then put in its place, whole.

The source stays beside it as `ORG_…`. Whatever ends this midway, the file and its rows are as they were, or both are
renewed, or the rows alone: the file then still shows that it does not fit, and doing it again completes it.
"""

from __future__ import annotations

import filecmp
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import NamedTuple

from tjtools.cache.inventory import load_session, renew_rows
from tjtools.diff.refusals import problems
from tjtools.diff.session import FileReview, Verdict
from tjtools.media import Fingerprint, MediaFacts
from tjtools.media.content import Fingerprints, look_at
from tjtools.media.pool import stamp
from tjtools.media.recipe import Job, Made, Making, make
from tjtools.model.creative import CreativeType, SessionFile, base_id
from tjtools.model.errors import TJToolsError, TrackingFileError, WorkspaceError, translated
from tjtools.model.names import folded, own_id
from tjtools.prepare import remembered
from tjtools.prepare.fit import Fit, Wishes, fit, measured, named
from tjtools.prepare.remembered import Preparation, Source, below
from tjtools.workspace.disk import locked
from tjtools.workspace.folder import Workspace
from tjtools.workspace.limits import Limits, load_limits

_LONGEST = 200  # bytes of a source's name that are kept, so that there is room for what comes before and behind


class Mended(NamedTuple):
    """What became of a file: the name of what was made, and how, in words; or in `trouble` why nothing was."""

    file: SessionFile
    name: str = ""
    how: str = ""
    trouble: str = ""


class Offer(NamedTuple):
    """What can be made of a file, with nothing said by anybody; `kind` is the other half's for `half`.

    `pair`: a still of the video is made besides.
    """

    file: SessionFile
    facts: MediaFacts
    kind: CreativeType
    fit: Fit
    half: bool = False
    pair: bool = False


def offers(reviews: Sequence[FileReview], limits: Limits) -> Iterator[Offer]:
    """What a person is offered: to make those fit that would be refused or are unusual, and halves that pairs lack."""
    halves = {(one.file.pair, one.file.creative_type) for one in reviews if one.verdict is not Verdict.SOURCE}
    for one in reviews:
        kind = one.file.creative_type
        other, lonely = kind.other_half, one.verdict is Verdict.HALF_PAIR or (one.goes_up and not one.file.pair)
        if one.facts is None:
            continue
        found = fit(one.facts, kind, limits)
        if one.verdict in (Verdict.INVALID, Verdict.UNREADABLE):
            if found.recipe or found.cannot or named(one.file.name, found.facts.container) != one.file.name:
                yield Offer(one.file, one.facts, kind, found)
        elif one.goes_up and found.recipe:
            yield Offer(one.file, one.facts, kind, found)
        elif other and lonely and (one.file.pair, other) not in halves - {("", other)}:
            yield Offer(one.file, one.facts, other, fit(one.facts, other, limits), half=True)


class _Errand(NamedTuple):
    file: SessionFile
    kind: CreativeType  # of what is made: another than the file's for the other half of its pair
    name: str
    fit: Fit
    seen: Fingerprint  # the file as it was looked at
    stamp: tuple[int, int]  # as it was then

    @property
    def is_half(self) -> bool:
        return self.kind is not self.file.creative_type


def mend(
    workspace: Workspace,
    wanted: Mapping[SessionFile, Wishes],
    *,
    half: bool = False,
    now: datetime,
    progress: Callable[[Making], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[Mended, ...]:
    """Make files of the session fit their limits, each by what a person said of it; the others are done all the same.

    With `half` the missing halves of native pairs are made: of a video the frame that a person chose. Raises
    `Cancelled`, with nothing changed, and what `load_session` and `Fingerprints.load` raise.
    """
    limits = load_limits(workspace.limits_file)
    seen = look_at([file.path for file in wanted], Fingerprints.load(workspace), cancelled=cancelled)
    done: dict[SessionFile, Mended] = {}
    errands: dict[SessionFile, _Errand] = {}
    for file, wishes in wanted.items():
        found = seen[file.path]
        kind = (file.creative_type.other_half or CreativeType.NATIVE_IMAGE) if half else file.creative_type
        planned = _planned(file, kind, found, limits, wishes)
        if isinstance(planned, _Errand):
            errands[file] = planned
        else:
            done[file] = Mended(file, trouble=planned)
    with _room(workspace, now) as room:
        drafts = {
            file: room / f"{number}.{one.fit.facts.container}" for number, (file, one) in enumerate(errands.items())
        }
        jobs = {file: Job(file.path, one.fit.recipe, drafts[file]) for file, one in errands.items() if one.fit.recipe}
        made = dict(zip(jobs, make(jobs.values(), progress=progress, cancelled=cancelled), strict=True)) if jobs else {}
        for file, errand in errands.items():
            done[file] = _settled(workspace, errand, made.get(file), drafts[file], limits, now)
    return tuple(done[file] for file in wanted)


def _planned(
    file: SessionFile, kind: CreativeType, seen: Fingerprint | None, limits: Limits, wishes: Wishes
) -> _Errand | str:
    """What is to be made of a file, or why nothing is."""
    before = stamp(file.path)
    if seen is None:
        return "it is gone"
    if kind is not file.creative_type and not file.creative_type.other_half:
        return f"a {file.creative_type.value} is no half of a native pair"
    found = fit(seen.facts, kind, limits, wishes)
    name = _name_of_still(file.name, found.facts.container) if kind is not file.creative_type else file.name
    name = named(name, found.facts.container, found.facts.seconds)
    if found.cannot or found.asks:
        return "; ".join(found.cannot or (f"nobody has agreed to this: {one}" for one in found.asks))
    if found.recipe is None and name == file.name:
        return "it fits as it is"
    return _Errand(file, kind, name, found, seen, before)


def _name_of_still(name: str, container: str) -> str:
    """What the still of a native video is called, by whatever convention the video is.

    >>> _name_of_still("VID_EN_Sports_SFW_Generic_Ana_4sec_ID-99A0D7C3-VID.mp4", "png")
    'IMG_EN_Sports_SFW_Generic_Ana_ID-99A0D7C3-IMG.png'
    """
    stem = re.sub(r"_\d+(?:\.\d+)?sec(?=_)", "", re.sub("^VID_", "IMG_", named(name, container)[: -len(container) - 1]))
    return f"{re.sub('-VID$', '-IMG', stem)}.{container}"


def _settled(
    workspace: Workspace, errand: _Errand, made: Made | None, draft: Path, limits: Limits, now: datetime
) -> Mended:
    """Put what was made in its place, where the preflight passes it."""
    file, facts, how = errand.file, errand.fit.facts, "named after its content"
    if made is not None:
        if made.facts is None:
            return Mended(file, trouble=made.trouble)
        facts, how = made.facts, "; ".join((*errand.fit.mends, made.quality))
    if wrong := problems(facts, errand.kind, limits):
        return Mended(file, trouble=f"what was made of it does not fit either: {'; '.join(wrong)}")
    try:
        if made is None:
            _linked(file.path, draft)
        kept = _stand_in(workspace, errand, draft, _rows(errand, facts, how, now), now)
    except (TJToolsError, OSError) as error:
        why = error.message if isinstance(error, TJToolsError) else error.strerror or str(error)
        return Mended(file, trouble=why)
    with suppress(TrackingFileError):  # what was made stands: then its source is not known by its content
        _note(workspace, errand, made.checksum if made else errand.seen.checksum, kept, now)
    return Mended(file, errand.name, how)


def _note(workspace: Workspace, errand: _Errand, checksum: str, kept: Path | None, now: datetime) -> None:
    """Write down what became of which content."""
    files = {below(workspace, workspace.media_file(errand.name, errand.kind)): checksum}
    if kept:
        files[below(workspace, kept)] = errand.seen.checksum
    source = Source(errand.file.name, errand.seen, (remembered.Made(errand.name, errand.kind, checksum),))
    replaced = () if errand.is_half else (below(workspace, errand.file.path),)
    name = f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
    Preparation(name, now, "the review", files, (source,), replaced).note(workspace, mend=True)


def _rows(errand: _Errand, facts: MediaFacts, how: str, now: datetime) -> dict[SessionFile, Mapping[str, str]]:
    """The renewed rows, by the files that they are of; the two halves of a pair have its ID."""
    file = errand.file
    notes = "; ".join(filter(None, (file.row.get("notes", ""), how)))
    told = {"new_filename": errand.name, "notes": notes, "date_processed": f"{now:%Y-%m-%d}", **measured(facts)}
    if not errand.is_half:
        return {file: told}
    own = base_id(file.unique_id or own_id(file.name)) or secrets.token_hex(4).upper()
    pair = file.native_pair_id or f"ID-{own}"
    image = SessionFile(file.path.parents[1] / "Image" / errand.name, errand.kind)
    video = {"native_pair_id": pair, "new_filename": file.name, "unique_id": file.unique_id or f"ID-{own}-VID"}
    still = {"unique_id": f"ID-{own}-IMG", "creative_type": errand.kind.value, "native_pair_id": pair}
    return {file: video, image: {**file.row, "tj_creative_id": "", "tj_upload_date": "", **told, **still}}


def _stand_in(
    workspace: Workspace, errand: _Errand, draft: Path, rows: Mapping[SessionFile, Mapping[str, str]], now: datetime
) -> Path | None:
    """The draft takes its place, the source becomes an `ORG_`, and the rows are renewed; or nothing of it happens.

    Returns where the source is kept, None where it was before.
    """
    source, target, kept = errand.file.path, workspace.media_file(errand.name, errand.kind), None
    with locked(workspace.session), translated(target, "written"), ExitStack() as undo:
        if stamp(source) != errand.stamp:
            raise WorkspaceError("it has changed meanwhile.", remedy="Look again.")
        target.parent.mkdir(parents=True, exist_ok=True)
        there = target != source and target.exists() and filecmp.cmp(draft, target, shallow=False)  # of a try cut off
        if target != source and not there:
            _demand_room(workspace, target, source)
        if errand.fit.recipe and not errand.is_half and (kept := _kept(source)):
            undo.callback(kept.unlink, missing_ok=True)
        if target != source and not there:
            _linked(draft, target)
            undo.callback(target.unlink, missing_ok=True)
        renew_rows(workspace, rows, backup=now)
        if target == source:
            undo.callback(renew_rows, workspace, {errand.file: errand.file.row}, backup=now)
            draft.replace(target)
        undo.pop_all()
    if target != source and not errand.is_half:
        with suppress(OSError):  # a player on Windows that has it open
            source.unlink()
    return kept


def _demand_room(workspace: Workspace, target: Path, source: Path) -> None:
    """Raise WorkspaceError where another file, or another line of the session, has the name already."""
    lines = (file.path for file in load_session(workspace).files)
    others = [path for path in (*target.parent.iterdir(), *lines) if path.parent == target.parent and path != source]
    if any(folded(path.name) == folded(target.name) for path in others):
        raise WorkspaceError(f"another file of the session's is called {target.name}.", remedy="Rename one.")


def _kept(source: Path) -> Path | None:
    """Where the source is kept, under another name beside it; None where it was before."""
    begun = source.stem.encode()[:_LONGEST].decode("utf-8", "ignore")
    for number in count():
        kept = source.with_name(f"ORG_{begun}{f'-{number}' if number else ''}{source.suffix}")
        if not kept.exists():
            return _linked(source, kept)
        if filecmp.cmp(source, kept, shallow=False):
            break
    return None


def _linked(path: Path, other: Path) -> Path:
    """Give a file another name, or a copy where the disk has no links."""
    try:
        os.link(path, other)
    except FileExistsError:
        raise
    except OSError:
        beside = other.with_name(f".{os.getpid()}.tmp")
        try:
            shutil.copy2(path, beside)
            beside.rename(other)
        finally:
            beside.unlink(missing_ok=True)
    return other


@contextmanager
def _room(workspace: Workspace, now: datetime) -> Iterator[Path]:
    """A folder for what is not whole yet, on the session's disk; what a kill left is removed as a cut-off transfer."""
    home = workspace.incoming
    room = home / f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
    workspace.guard(room)
    with translated(room, "made"):
        room.mkdir(parents=True)
    try:
        yield room
    finally:
        shutil.rmtree(room, ignore_errors=True)
        with suppress(OSError):
            home.rmdir()
