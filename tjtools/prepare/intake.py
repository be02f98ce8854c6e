"""What each file of a delivery is called in the session, and its row in the inventories."""

from __future__ import annotations

import filecmp
import os
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from math import gcd
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from tjtools.cache.inventory import NEEDED_COLUMNS, load_session
from tjtools.cache.library import Library
from tjtools.diff.duplicates import MEDIA, OTHER_MEDIA
from tjtools.diff.repeats import media_files
from tjtools.media import Fingerprint, MediaFacts
from tjtools.model.creative import CreativeType, base_id
from tjtools.model.errors import UnsafePath
from tjtools.model.names import ParsedName, ending, file_type, folded, is_source, made_name, own_id, parse_name
from tjtools.prepare.delivery import Delivered, Delivery, Piece
from tjtools.prepare.fit import ABOUT, HALVES, Fit
from tjtools.prepare.naming import by_convention, new_id, parts_of, stem_of
from tjtools.prepare.remembered import file_of, preparations, uploaded_of
from tjtools.workspace.csvfile import read_table
from tjtools.workspace.folder import Workspace


def named(name: str, container: str, seconds: float | None = None) -> str:
    """A file's name with an extension that says what it is, and by the convention how long it lasts.

    >>> named("clip.MOV", "mp4"), named("still.jpeg", "jpg"), named("clip v1.2", "mp4")
    ('clip.mp4', 'still.jpeg', 'clip v1.2.mp4')
    >>> named("EN_Sports_SFW_Generic_Ana_90sec_ID-99A0D7C3.mov", "mp4", 30.9)
    'EN_Sports_SFW_Generic_Ana_31sec_ID-99A0D7C3.mp4'
    """
    if file_type(name) != container:
        last = ending(name)
        name = f"{name[: -len(last) - 1] if last in MEDIA | OTHER_MEDIA else name}.{container}"
    told = parse_name(name)
    if seconds is None or told is None or told.duration is None or abs(told.duration - seconds) <= ABOUT:
        return name
    return re.sub(r"_\d+(?:\.\d+)?sec_", f"_{max(1, round(seconds))}sec_", name)


def measured(facts: MediaFacts) -> dict[str, str]:
    """What an inventory's row says of a file's content."""
    common = gcd(facts.width, facts.height) or 1
    return {
        "duration_seconds": "" if facts.seconds is None else f"{facts.seconds:g}",
        "aspect_ratio": f"{facts.width // common}:{facts.height // common}",
        "width_px": str(facts.width),
        "height_px": str(facts.height),
        "file_size_mb": f"{facts.bytes / 1_000_000:.3f}",
        "file_format": facts.container,
    }


class Taken(NamedTuple):
    """A file that becomes one of the session; `notes` say what could not be told of it, or is worth a look.

    `target` is where the session expects it; `row` is its row in the inventory, column by column; `checksum`
    is that of its content, where it is known yet; `original` where below `uploaded/` the source is kept.
    `of` is the session's file whose row is renewed, None where it gets a new one; `replaces` are the files below
    `uploaded/` in whose place it comes.
    """

    source: Path
    target: Path
    creative_type: CreativeType
    row: Mapping[str, str]
    notes: tuple[str, ...]
    fit: Fit
    seen: Fingerprint
    checksum: str
    original: str = ""
    of: Path | None = None
    replaces: frozenset[Path] = frozenset()

    @property
    def how(self) -> str:
        """What is done to it, and what else to know of it."""
        return "; ".join((*self.fit.mends, *(loss.told for loss in self.fit.losses), *self.notes))


class Intake(NamedTuple):
    """What becomes of a delivery: the session's files, and those left out, each with the reason.

    `passed_over` counts what is no image or video, by its names' endings.
    """

    taken: tuple[Taken, ...]
    left_out: tuple[tuple[Path, str], ...]
    passed_over: Mapping[str, int] = MappingProxyType({})

    @property
    def needs_a_person(self) -> bool:
        """Whether anything could not be told."""
        return bool(self.left_out) or any(one.notes for one in self.taken)


def plan_session(workspace: Workspace, delivery: Delivery, *, now: datetime, draft: bool = False) -> Intake:
    """Give every file its name and its row; nothing is written. The IDs of a `draft` are none yet."""
    as_is, ids = delivery.wanted.as_is, _ids(workspace, delivery, draft=draft)
    before = {one.path: one.row for one in load_session(workspace).files} if as_is else {}
    there = {_folded(path): path for path, _ in media_files(workspace)}
    redoes = delivery.wanted.again and not as_is
    earlier = _earlier(workspace, delivery.sources) if redoes else {}
    taken, left_out = list[Taken](), [*delivery.left_out]
    for one in delivery.sources:
        try:
            made = [_taken(workspace, one, piece, ids, now, before if as_is else None) for piece in one.pieces]
        except UnsafePath as error:
            left_out.append((one.path, error.message))
            continue
        pieces = [piece._replace(replaces=earlier.get(one.path, frozenset())) for piece in made]
        if why := next(filter(None, (_clash(workspace, piece, there) for piece in pieces)), ""):
            left_out.append((one.path, why))
            continue
        taken += pieces
        there |= {_folded(piece.target): piece.source for piece in pieces}
        there |= {
            _folded(workspace.root / "uploaded" / piece.original): piece.source for piece in pieces if piece.original
        }
    return Intake(tuple(taken), tuple(left_out), delivery.passed_over)


def _ids(workspace: Workspace, delivery: Delivery, *, draft: bool) -> dict[Path, str]:
    """The ID of each file, without its `ID-`; the two of a pair share one, unless their names stay."""
    as_is, ids = delivery.wanted.as_is, dict[Path, str]()
    known = set() if draft or as_is else _known_ids(workspace)
    for one in sorted(delivery.sources, key=lambda one: not one.keeps_name):
        own = re.sub("^ID-|-(VID|IMG)$", "", own_id(stem_of(one.path.name))) if one.keeps_name else ""
        shared = ids.get(one.other) if one.other and not as_is else None
        drafted = f"{len(known):X>8}"  # no hexadecimal digits, which would be an ID
        other = one.seen.checksum[:8].upper() if as_is else drafted if draft else new_id(known)
        ids[one.path] = own or shared or other
        known.add(ids[one.path].upper())
    return ids


def _known_ids(workspace: Workspace) -> set[str]:
    names = [creative.filename for creative in Library.load(workspace.library)]
    names += [made.name for one in preparations(workspace) for source in one.sources for made in source.made]
    told = []
    for path in (workspace.session, workspace.master):
        rows = read_table(path, NEEDED_COLUMNS).rows
        names += [row["new_filename"] for row in rows]
        told += [row["unique_id"] for row in rows]
    return {base_id(one) for one in (*told, *map(own_id, names))}


def _taken(
    workspace: Workspace,
    one: Delivered,
    piece: Piece,
    ids: Mapping[Path, str],
    now: datetime,
    before: Mapping[Path, Mapping[str, str]] | None,
) -> Taken:
    """The file with its name and row; `before` are the session's rows, which a file that stays as it is has kept."""
    kind, made = piece
    identity, half, name, original = ids[one.path], HALVES.get(kind), one.path.name, ""
    if made.recipe or not one.keeps_name:
        name = made_name(_parts(one, identity, half, made.facts.seconds), made.facts.container)
    elif before is None:
        name = named(name, made.facts.container)
    if made.recipe:
        ending = one.path.suffix.lstrip(".").lower()
        ending = ending if ending in MEDIA | OTHER_MEDIA else one.seen.facts.container
        original = made_name(_parts(one, identity, "ORG", one.seen.facts.seconds), ending)
    pair = ids[one.other] if one.other and half == "IMG" else identity
    paired = half and (one.other or len(one.pieces) > 1)
    target = workspace.media_file(name, kind)
    row = {
        "unique_id": f"ID-{identity}-{half}" if half else f"ID-{identity}",
        "original_filename": one.path.name,
        "new_filename": name,
        "creator_name": one.fields.get("creator_name", ""),
        "language": one.fields.get("language", ""),
        "category": one.fields.get("category_name", ""),
        "content_type": one.fields.get("content_type", ""),
        "creative_type": kind.value,
        "date_processed": f"{now:%Y-%m-%d}",
        "source_path": str(one.path),
        "notes": "; ".join(made.mends),
        "native_pair_id": "",
    }
    row |= {column: text for column, text in (before or {}).get(target, {}).items() if text.strip()}
    row |= measured(made.facts) | ({"native_pair_id": f"ID-{pair}"} if paired else {})
    return Taken(one.path, target, kind, row, one.notes, made, one.seen, one.seen.checksum, original)


def _parts(one: Delivered, identity: str, prefix: str | None, seconds: float | None) -> ParsedName:
    told = by_convention(one.path.name) if one.keeps_name else None
    made = parts_of(one.fields, identity, prefix, seconds)
    return told._replace(prefix=prefix, duration=made.duration) if told else made


def _folded(path: Path) -> Path:
    return path.with_name(folded(path.name))


def _clash(workspace: Workspace, one: Taken, there: Mapping[Path, Path]) -> str:
    """Why the file can't lie beside those that are there, which are known by their folded targets."""
    kept = workspace.root / "uploaded" / one.original
    before = kept not in one.replaces and _is_another(kept, one.source)
    if one.original and (before or there.get(_folded(kept), one.source) != one.source):
        return f"another source is kept as {one.original}: rename one"
    if one.target in one.replaces or one.source == one.target:
        return ""
    if _is_another(one.target, None if one.fit.recipe else one.source):
        return f"another file of this name lies in {one.target.parent}: rename one"
    other = there.get(_folded(one.target), one.target)
    if other in (one.source, one.target):
        return ""
    if other.name == one.source.name:
        return "another file of the folder has this name"
    return f"Windows and macOS take its name and {other.name} for one: rename it"


def _is_another(path: Path, source: Path | None) -> bool:
    """Whether there is a file of another content than the source's."""
    try:
        there = os.path.exists(path)  # noqa: PTH110 (a Path raises for a long name)
        return there and not (source and filecmp.cmp(path, source, shallow=False))
    except OSError:
        return True


def _earlier(workspace: Workspace, sources: Sequence[Delivered]) -> dict[Path, frozenset[Path]]:
    """Of each source the files that earlier preparations made of it, and that are not on the site.

    The source of what is there is kept. Of several of one content it is that of the same name.
    """
    noted, found = preparations(workspace), dict[Path, frozenset[Path]]()
    files = {file_of(workspace, file): checksum for one in noted for file, checksum in one.files.items()}
    before = [source for one in noted for source in one.sources]
    held = uploaded_of(workspace, [made for source in before for made in source.made])
    for one in sources:
        same = [source for source in before if source.seen.checksum == one.seen.checksum]
        for source in [each for each in same if each.name == one.path.name] or same:
            names = {made.name for made in source.made}
            ids = {base_id(own_id(name)) for name in names if not names & {*held}}
            kept = {path for path in files if is_source(path.name) and files[path] == one.seen.checksum}
            gone = {path for path in files if path.name in names - {*held}}
            gone |= {path for path in kept if base_id(own_id(path.stem)) in ids}
            found[one.path] = found.get(one.path, frozenset()) | gone
    return found
