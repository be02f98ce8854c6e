"""Mends files of the session: each is made anew and checked, and put in its place as `prepare/session.py` does that.

The source stays beside it as `ORG_…`.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from tjtools.cache.inventory import load_session
from tjtools.diff.session import FileReview, Verdict
from tjtools.media import Fingerprint, MediaFacts
from tjtools.media.content import Fingerprints, look_at
from tjtools.media.recipe import Making
from tjtools.model.creative import CreativeType, SessionFile, base_id
from tjtools.model.names import folded, own_id
from tjtools.prepare.fit import Fit, Wishes, fit
from tjtools.prepare.intake import Intake, Taken, measured, named
from tjtools.prepare.remembered import below
from tjtools.prepare.session import alone, free_beside, write_session
from tjtools.workspace.folder import Workspace
from tjtools.workspace.limits import Limits, load_limits


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
            made = fit(one.facts, other, limits)
            if made.recipe or not one.goes_up:  # what goes up as it is lacks nothing that can't be made
                yield Offer(one.file, one.facts, other, made, half=True)


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

    With `half` the missing halves of native pairs are made: of a video the frame that a person chose. Raises as
    `write_session` does, and what `load_session` and `Fingerprints.load` raise.
    """
    planned: dict[SessionFile, list[Taken] | str] = {}
    with alone(workspace, now=now):
        seen = look_at([file.path for file in wanted], Fingerprints.load(workspace), cancelled=cancelled)
        taken: list[Taken] = []
        for file, wishes in wanted.items():
            found = planned[file] = _planned(workspace, file, seen[file.path], wishes, half, now, taken)
            taken += found if isinstance(found, list) else ()
        intake = write_session(
            workspace, Intake(tuple(taken), ()), folder="the review", now=now,
            progress=progress, cancelled=cancelled, mends=True,
        )  # fmt: skip
    made, why = {one.source: one for one in intake.taken}, dict(intake.left_out)
    return tuple(
        Mended(file, one.target.name, "; ".join(one.fit.mends))
        if (one := made.get(file.path))
        else Mended(file, trouble=why.get(file.path) or str(planned[file]))
        for file in wanted
    )


def _planned(
    workspace: Workspace,
    file: SessionFile,
    seen: Fingerprint | None,
    wishes: Wishes,
    half: bool,
    now: datetime,
    taken: Sequence[Taken],
) -> list[Taken] | str:
    """What is to be made of a file, what was asked for last; or why nothing is."""
    kind = (file.creative_type.other_half or CreativeType.NATIVE_IMAGE) if half else file.creative_type
    if seen is None:
        return "it is gone"
    if half and not file.creative_type.other_half:
        return f"{file.creative_type.one} is no half of a native pair"
    found = fit(seen.facts, kind, load_limits(workspace.limits_file), wishes)
    name = _name_of_still(file.name, found.facts.container) if half else file.name
    name = named(name, found.facts.container, found.facts.seconds)
    if found.cannot or found.asks:
        return "; ".join(found.cannot or (f"nobody has agreed to this: {one}" for one in found.asks))
    if found.recipe is None and name == file.name:
        return "it fits as it is"
    target = workspace.media_file(name, kind)
    if target != file.path and _is_taken(workspace, target, file.path, taken):
        return f"another file of the session's is called {name}: rename one"
    found = found if found.recipe else found._replace(mends=("named after its content",))
    notes = "; ".join(filter(None, (file.row.get("notes", ""), *found.mends)))
    row = {"new_filename": name, "creative_type": kind.value, "notes": notes, "date_processed": f"{now:%Y-%m-%d}"}
    one = Taken(file.path, target, kind, row | measured(found.facts), (), found, seen, seen.checksum)
    if half:
        return _with_its_half(file, one)
    kept = _kept(workspace, file.path, taken) if found.recipe else ""
    return [one._replace(original=kept, of=file.path, replaces=frozenset({file.path}))]


def _with_its_half(file: SessionFile, still: Taken) -> list[Taken]:
    """The video, of which the row alone is renewed, and its still: both have the pair's ID then."""
    own = base_id(file.unique_id or own_id(file.name)) or secrets.token_hex(4).upper()
    pair = {"native_pair_id": file.native_pair_id or f"ID-{own}"}
    video = {"new_filename": file.name, "creative_type": file.creative_type.value}
    video |= {"unique_id": file.unique_id or f"ID-{own}-VID"} | pair
    row = {**file.row, "tj_creative_id": "", "tj_upload_date": "", **still.row, "unique_id": f"ID-{own}-IMG"} | pair
    told = file.path, file.path, file.creative_type, video, (), Fit(still.seen.facts), still.seen, still.checksum
    return [Taken(*told), still._replace(row=row)]


def _name_of_still(name: str, container: str) -> str:
    """What the still of a native video is called, by whatever convention the video is.

    >>> _name_of_still("VID_EN_Sports_SFW_Generic_Ana_4sec_ID-99A0D7C3-VID.mp4", "png")
    'IMG_EN_Sports_SFW_Generic_Ana_ID-99A0D7C3-IMG.png'
    """
    stem = re.sub(r"_\d+(?:\.\d+)?sec(?=_)", "", re.sub("^VID_", "IMG_", named(name, container)[: -len(container) - 1]))
    return f"{re.sub('-VID$', '-IMG', stem)}.{container}"


def _is_taken(workspace: Workspace, target: Path, source: Path, taken: Sequence[Taken]) -> bool:
    """Whether another file, or another line of the session, has the name already or gets it."""
    there = target.parent.iterdir() if target.parent.is_dir() else ()
    others = [*there, *(file.path for file in load_session(workspace).files), *(one.target for one in taken)]
    return any(
        folded(path.name) == folded(target.name) for path in others if path.parent == target.parent and path != source
    )


def _kept(workspace: Workspace, source: Path, taken: Sequence[Taken]) -> str:
    """Where the source is kept, beside what is made of it."""
    others = {workspace.root / "uploaded" / one.original for one in taken}
    return below(workspace, free_beside(source, source, others))
