"""A session out of a folder of media: what each file is, by content and name, and which natives belong together."""

from __future__ import annotations

import errno
import filecmp
import math
import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from tjtools.cache.inventory import COLUMNS, add_to_session
from tjtools.diff.duplicates import MEDIA, OTHER_MEDIA, media_below
from tjtools.diff.refusals import problems
from tjtools.diff.repeats import media_files
from tjtools.media import Fingerprint, MediaFacts
from tjtools.media.content import Fingerprints, LookedAt, look_at
from tjtools.model.creative import CreativeType
from tjtools.model.errors import UnsafePath, translated
from tjtools.model.names import folded, is_source, own_id, pair_key, pair_keys, parse_name, why_unheld
from tjtools.workspace.csvfile import write_rows
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import Limits, load_limits, load_settings

_NATIVE = {CreativeType.NATIVE_VIDEO: "VID", CreativeType.NATIVE_IMAGE: "IMG"}
_ITS_NAME = {errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ}  # what a disk says to a name that it can't hold
_SHORT = 23.0  # seconds below which an upright video is a short one
_UPRIGHT = 9 / 16


class Taken(NamedTuple):
    """A file of the folder that becomes one of the session; `notes` say what could not be told of it.

    `target` is where the session expects it; `row` is its row in the inventory, column by column.
    """

    source: Path
    target: Path
    creative_type: CreativeType
    row: Mapping[str, str]
    notes: tuple[str, ...] = ()


class Intake(NamedTuple):
    """What becomes of a folder: the session's files, and those left out, each with the reason."""

    taken: tuple[Taken, ...]
    left_out: tuple[tuple[Path, str], ...]

    @property
    def needs_a_person(self) -> bool:
        """Whether anything could not be told."""
        return bool(self.left_out) or any(one.notes for one in self.taken)


def plan_session(
    workspace: Workspace,
    folder: Path,
    *,
    now: datetime,
    progress: Callable[[LookedAt], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Intake:
    """Look at every media file below a folder and say what it becomes; nothing is written but fingerprints.

    A type is told by the name (`VID_…`, `IMG_…`), else by which type's limits the content fits. Natives are paired by
    the ID in their names, or by names that differ in VID and IMG, the duration and a known suffix alone. Raises
    `WorkspaceError` for a folder that is not there, `Cancelled`, and the errors of the tracking files.
    """
    suffixes = load_settings(workspace).names.pair_suffixes
    limits = load_limits(workspace.limits_file)
    paths = list(dict.fromkeys(path.absolute() for path in media_below(folder, workspace, others=True)))
    seen = look_at(paths, Fingerprints.load(workspace), progress=progress, cancelled=cancelled)
    there = {_folded(path): path for path, _ in media_files(workspace)}
    taken: list[Taken] = []
    left_out: list[tuple[Path, str]] = []
    for path in paths:
        one = _taken(workspace, path, seen[path], limits, now)
        why = one if isinstance(one, str) else _clash(one, there)
        if isinstance(one, Taken) and not why:
            taken.append(one)
            there[_folded(one.target)] = one.source
        else:
            left_out.append((path, why))
    return Intake(tuple(_paired(taken, suffixes)), tuple(left_out))


def write_session(workspace: Workspace, intake: Intake, *, now: datetime, add: bool = False) -> Intake:
    """Copy the files to where the session expects them and write its inventory; the old one is kept as a backup.

    With `add` the session's other files stay in it. A file that is the fault itself is left out of the intake that is
    returned; where all are, nothing is written. Raises TrackingFileError if the disk does not take it: then the old
    inventory is as it was.
    """
    taken, left_out = [], [*intake.left_out]
    for one in intake.taken:
        try:
            if one.source != one.target and not os.path.exists(one.target):  # noqa: PTH110
                one.target.parent.mkdir(parents=True, exist_ok=True)
                _copy(one.source, one.target)
        except OSError as error:
            if error.errno in _ITS_NAME or error.filename == str(one.source):
                left_out.append((one.source, f"can't be copied: {error.strerror}"))
                continue
            with translated(one.target, "written"):
                raise
        taken.append(one)
    if taken and add:
        add_to_session(workspace, {one.target: one.row for one in taken}, backup=now)
    elif taken:
        rows = [[one.row.get(column, "") for column in COLUMNS] for one in taken]
        write_rows(workspace.session, COLUMNS, rows, backup=now)
    return Intake(tuple(taken), tuple(left_out))


def _copy(source: Path, target: Path) -> None:
    """A file that is only half there must not stand under its name."""
    beside = target.with_name(f".{os.getpid()}.tmp")  # a name that any disk takes that takes the file's own
    try:
        shutil.copy2(source, beside)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def _taken(workspace: Workspace, path: Path, seen: Fingerprint | None, limits: Limits, now: datetime) -> Taken | str:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return "its name, or that of its folder, can't be written as text: rename it"
    if is_source(path.name):
        return "ORG_ files are sources that were converted"
    ending = path.suffix.lower().lstrip(".")
    if seen is None or not seen.facts.container:
        why = seen.facts.trouble if seen else "it is gone"
        return f"no format that the site takes ({why}): convert it" if ending in OTHER_MEDIA else why
    kind, notes = told_type(path.name, seen.facts, limits)
    if kind is None:
        return f"{seen.facts.container} is no format that the site takes: convert it"
    if ending not in MEDIA:
        right = seen.facts.container
        return seen.facts.trouble or f"its content is {right}, and its name does not say so: let it end in .{right}"
    try:
        target = workspace.media_file(path.name, kind)
    except UnsafePath as error:
        return error.message
    there = os.path.exists(target)  # noqa: PTH110 (a Path raises for a long name)
    if there and not target.samefile(path) and not filecmp.cmp(target, path, shallow=False):
        return f"another file of this name lies in {target.parent}: rename one"
    facts = seen.facts
    trouble = (facts.trouble,) if facts.trouble else ()
    unheld = (why,) if (why := why_unheld(path.name)) else ()
    return Taken(path, target, kind, _row(path, seen, kind, now), (*trouble, *notes, *unheld))


def _folded(path: Path) -> Path:
    return path.with_name(folded(path.name))


def _clash(one: Taken, there: Mapping[Path, Path]) -> str:
    """Why the file can't lie beside those that are there, which are known by their folded targets."""
    other = there.get(_folded(one.target), one.target)
    if other in (one.source, one.target):
        return ""
    if other.name == one.source.name:
        return "another file of the folder has this name"
    return "" if one.source == one.target else f"Windows and macOS take its name and {other.name} for one: rename it"


def told_type(name: str, facts: MediaFacts, limits: Limits) -> tuple[CreativeType | None, tuple[str, ...]]:
    """The type that name and content tell, and what speaks against it; None for a format that no type takes."""
    parsed = parse_name(name)
    for kind, prefix in _NATIVE.items():
        if parsed and parsed.prefix == prefix:
            return kind, problems(facts, kind, limits)
    of_format = [kind for kind in CreativeType if facts.container in limits.by_type[kind].formats]
    if not of_format:
        return None, ()
    fitting = next(filter(None, (_fitting(one, of_format, limits) for one in _readings(facts))), [])
    if not fitting:
        kind = CreativeType.VIDEO if CreativeType.VIDEO in of_format else CreativeType.IMAGE
    else:
        kind = next((one for one in (CreativeType.VIDEO_BANNER, CreativeType.VIDEO) if one in fitting), fitting[0])
        kind = CreativeType.SHORT_VIDEO if kind is CreativeType.VIDEO and _is_short(facts) else kind
    return kind, problems(facts, kind, limits)


def _readings(facts: MediaFacts) -> Iterator[MediaFacts]:
    """The facts; then as if nothing of them were in doubt, as the picture is shown and as it is stored."""
    yield facts
    plain = facts._replace(stored="", shortest=None, longest=None)
    yield plain
    if facts.stored:
        width, height = map(int, facts.stored.split("x"))
        yield plain._replace(width=width, height=height)


def _fitting(facts: MediaFacts, kinds: Sequence[CreativeType], limits: Limits) -> list[CreativeType]:
    return [kind for kind in kinds if not problems(facts, kind, limits) and _usual(facts, kind, limits)]


def _usual(facts: MediaFacts, kind: CreativeType, limits: Limits) -> bool:
    usual = limits.by_type[kind].usual_seconds
    return usual is None or facts.seconds is None or abs(facts.seconds - usual) <= 0.5


def _is_short(facts: MediaFacts) -> bool:
    upright = facts.height and abs(facts.width / facts.height - _UPRIGHT) < 0.01
    return bool(upright) and (facts.seconds or 0) < _SHORT


def _row(path: Path, seen: Fingerprint, kind: CreativeType, now: datetime) -> dict[str, str]:
    facts, parsed = seen.facts, parse_name(path.name)
    named = parsed._asdict() if parsed else {}
    own, half = own_id(path.name).removesuffix("-VID").removesuffix("-IMG"), _NATIVE.get(kind)
    identity = own or f"ID-{seen.checksum[:8].upper()}"  # a number would be rounded by Excel
    common = math.gcd(facts.width, facts.height) or 1
    return {
        "unique_id": f"{identity}-{half}" if half else identity,
        "original_filename": path.name,
        "new_filename": path.name,
        "creator_name": named.get("creator") or "",
        "language": named.get("language", ""),
        "category": named.get("category", ""),
        "content_type": named.get("rating") or "",
        "creative_type": kind.value,
        "duration_seconds": "" if facts.seconds is None else f"{facts.seconds:g}",
        "aspect_ratio": f"{facts.width // common}:{facts.height // common}",
        "width_px": str(facts.width),
        "height_px": str(facts.height),
        "file_size_mb": f"{facts.bytes / 1_000_000:.3f}",
        "file_format": facts.container,
        "date_processed": f"{now:%Y-%m-%d}",
        "source_path": str(path),
    }


def _paired(taken: Sequence[Taken], suffixes: tuple[str, ...]) -> Iterator[Taken]:
    """Give the halves of each native pair its ID; a half without exactly one other keeps none, and says so."""
    natives = [one for one in taken if one.creative_type in _NATIVE]
    keys = pair_keys([(one.source.name, one.creative_type) for one in natives], suffixes)
    pairs, likes = defaultdict[str, list[Taken]](list), defaultdict[str, list[Taken]](list)
    for one, key in zip(natives, keys, strict=True):
        pairs[key].append(one)
        likes[pair_key(one.source.name, suffixes)].append(one)
    pair_of = {one.source: pair for pair in pairs.values() for one in pair}
    for one in taken:
        if one.creative_type not in _NATIVE:
            yield one
            continue
        pair = pair_of[one.source]
        videos = [half for half in pair if half.creative_type is CreativeType.NATIVE_VIDEO]
        if len(pair) == 2 and len(videos) == 1:
            identity = videos[0].row["unique_id"].removesuffix("-VID")
            yield one._replace(row={**one.row, "native_pair_id": identity})
        else:
            yield one._replace(notes=(*one.notes, _unpaired(one, likes[pair_key(one.source.name, suffixes)])))


def _unpaired(one: Taken, pair: Sequence[Taken]) -> str:
    others = [half.source.name for half in pair if half is not one]
    if others:
        return f"it can't be told which native belongs to it: {', '.join(others)} have the same name"
    return f"no {'image' if one.creative_type is CreativeType.NATIVE_VIDEO else 'video'} belongs to it by its name"
