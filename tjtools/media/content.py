"""By what files and creatives are known again: what was uploaded, from the log; what was seen of files, from the cache.

An upload is an event `uploaded`, about its Creative ID: what `_told` says of it. A file that was looked at has its own
in the cache, under its path inside the workspace, or its absolute one. So have its look, what is kept of its pictures,
and its marks, by which it is found. The looks of uploads, whose files may go, lie in `tracking/.tjtools/looks/`.
"""

from __future__ import annotations

import io
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from tjtools.media.pool import FRACTIONS, Children, Fingerprint, MediaFacts, Sight, room_of, stamp
from tjtools.model.cells import read_id
from tjtools.model.creative import CreativeType
from tjtools.workspace.derived import FINGERPRINTS, LOOKS, MARKS, STRIPS, Derived
from tjtools.workspace.disk import locked, replace_file
from tjtools.workspace.folder import Workspace
from tjtools.workspace.log import Entry, Log

if TYPE_CHECKING:
    from tjtools.media.look import Frame

METHOD = "2"  # a new way of looking gets a new number: what was seen by another is looked at again, where it is there
_UPLOADED = "uploaded"
_THUMB = 160  # pixels


class Upload(NamedTuple):
    """What was uploaded as which creative."""

    creative_id: str
    filename: str
    creative_type: CreativeType | None
    fingerprint: Fingerprint


class LookedAt(NamedTuple):
    """How far the looking is, or the comparing that follows: what is just done, how many are through, of how many."""

    path: Path
    done: int
    total: int
    comparing: bool = False

    @property
    def told(self) -> str:
        """What is done, in words."""
        return f"{'comparing' if self.comparing else 'looking at'} {self.path.name}"


Progress: TypeAlias = Callable[[LookedAt], None]


class Fingerprints:
    """The fingerprints of one workspace; `Fingerprints.load(workspace)` reads them."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._log, self._cache = Log.at(workspace.log), Derived(workspace)
        self._by_path: dict[str, tuple[int, Fingerprint]] = {}  # each with the time of the file's last change
        self._by_checksum: dict[str, Fingerprint] = {}
        self._uploads: dict[str, Upload] = {}
        self._unkept: dict[tuple[str, str], bytes] = {}  # where the cache can't be written

    @classmethod
    def load(cls, workspace: Workspace) -> Fingerprints:
        """Read them; raises TrackingFileError if the log can't be read."""
        kept = cls(workspace)
        kept._uploads = {one.creative_id: one for one in kept._log.told({_UPLOADED: _noted}).values()}
        kept._by_path = kept._cache.load(FINGERPRINTS, lambda told: (_number(told, "mtime_ns"), fingerprint_of(told)))
        seen = [*(one.fingerprint for one in kept.uploads()), *(one for _, one in kept._by_path.values())]
        kept._by_checksum = {one.checksum: one for one in seen if one.looked}
        return kept

    def __len__(self) -> int:
        return len(self._by_path)

    def uploads(self) -> Iterator[Upload]:
        """What was uploaded, one a Creative ID."""
        return iter(self._uploads.values())

    def of(self, path: Path) -> Fingerprint | None:
        """The fingerprint of a file that has not changed since it was taken (by size and time), else None."""
        changed, known = self._by_path.get(self._name(path), (0, None))
        return known if known and stamp(path) == (known.facts.bytes, changed) else None

    def with_checksum(self, checksum: str) -> Fingerprint | None:
        """What is known of this content, whatever file it was seen in; None where nobody has looked at it."""
        return self._by_checksum.get(checksum)

    def keep(self, path: Path, changed: int, fingerprint: Fingerprint, sight: Sight | None = None) -> None:
        """Write down what was seen of a file that was last changed then (ns)."""
        name, checksum = self._name(path), fingerprint.checksum
        told = {FINGERPRINTS: {name: {"mtime_ns": changed, **told_of(fingerprint)}}} if _plain(name) else {}
        seen = {(LOOKS, checksum): sight.look, (MARKS, checksum): sight.marks} if sight and sight.look else {}
        if not self._cache.keep_together(told, seen):  # without the look, the file is looked at again
            self._unkept |= seen
        if seen and any(one.fingerprint.checksum == checksum for one in self.uploads()):
            self._keep_look(checksum)
        self._by_path[name] = changed, fingerprint
        if fingerprint.looked:
            self._by_checksum[checksum] = fingerprint

    def keep_uploads(self, uploads: Iterable[Upload], *, now: datetime) -> None:
        """Write down which content got which Creative ID, once; raises TrackingFileError if the disk refuses it."""
        became = {one.creative_id: one for one in uploads if _plain(one.filename)}
        new = [one for key, one in became.items() if self._uploads.get(key) != one]
        self._log.append(Entry(_UPLOADED, now, _told(one), one.creative_id) for one in new)
        self._uploads |= became
        for checksum in dict.fromkeys(one.fingerprint.checksum for one in became.values()):
            self._keep_look(checksum)

    def _keep_look(self, checksum: str) -> None:
        path = self._look_file(checksum)
        if not path.exists() and (look := self.look(checksum)):
            with locked(self.workspace.looks):
                for torn in self.workspace.looks.glob(".*.tmp"):
                    torn.unlink(missing_ok=True)
                replace_file(path, look)

    def look(self, checksum: str) -> bytes | None:
        """What is kept of the content's pictures; None where there is none."""
        try:
            return self._look_file(checksum).read_bytes()
        except OSError:
            return self._unkept.get((LOOKS, checksum)) or self._cache.bytes_of(LOOKS, checksum)

    def marks(self, checksums: Iterable[str], room: Children) -> dict[str, bytes]:
        """The marks of these contents, made of the look where they are lost; without those of which there is none."""
        kept = self._cache.all_bytes(MARKS)
        found = {one: kept.get(one) or self._unkept.get((MARKS, one)) or b"" for one in checksums}
        lost = [checksum for checksum, one in found.items() if not one]
        lost = lost and [*self._with_look().intersection(lost)]
        for checksum, made in room.each(lost, lambda one: room.marks(look) if (look := self.look(one)) else b""):
            found[checksum] = made
            if made and not self._cache.keep_bytes(MARKS, checksum, made):
                self._unkept[MARKS, checksum] = made
        return {checksum: one for checksum, one in found.items() if one}

    def _with_look(self) -> set[str]:
        """The contents of which pictures are kept: to ask for each of thousands takes a while."""
        files = {one.stem for one in self.workspace.looks.glob("*.look")}
        return files | self._cache.keys(LOOKS) | {checksum for kind, checksum in self._unkept if kind == LOOKS}

    def frames(self, one: Fingerprint) -> list[Frame]:
        """What is to be seen of a content, by time; nothing where nothing is kept."""
        from tjtools.media import look

        kept = self.look(one.checksum)
        try:
            return look.frames(kept) if kept else self._strip(one)
        except ValueError:  # a damaged file is no picture
            return []

    def thumbnail(self, one: Fingerprint) -> bytes | None:
        """The middle picture of a content as a small jpg; None where none is kept."""
        from PIL import Image

        made, frames = io.BytesIO(), self.frames(one)
        for frame in frames[len(frames) // 2 :][:1]:
            picture = Image.fromarray(frame.pixels[..., ::-1])
            picture.thumbnail((_THUMB, _THUMB))
            picture.save(made, "jpeg", quality=80)
        return made.getvalue() or None

    def _strip(self, one: Fingerprint) -> list[Frame]:
        """The frames of what was kept before there were looks: one picture, or five, below each other."""
        from tjtools.media import look

        try:
            kept = (self.workspace.strips / f"{one.checksum}.jpg").read_bytes()
        except OSError:
            kept = self._cache.bytes_of(STRIPS, one.checksum) or b""
        [whole] = look.frames(kept)
        tall = len(whole.pixels) // max(1, len(one.looks))
        moments = FRACTIONS if len(one.looks) > 1 else (0.0,)
        return [
            look.Frame(moment * (one.facts.seconds or 0.0), whole.pixels[number * tall : (number + 1) * tall])
            for number, moment in enumerate(moments)
        ]

    def _look_file(self, checksum: str) -> Path:
        return self.workspace.looks / f"{checksum}.look"

    def _name(self, path: Path) -> str:
        whole = Path(os.path.abspath(path))  # noqa: PTH100 (resolve() would follow links: the file's own name counts)
        if whole.is_relative_to(self.workspace.root):
            return whole.relative_to(self.workspace.root).as_posix()
        return str(whole)


def _plain(name: str) -> bool:
    """Whether a name can be written as text; a file with another name is looked at each time."""
    return "\0" not in name and name.encode("utf-8", "ignore").decode() == name


def told_of(one: Fingerprint) -> dict[str, Any]:
    """A fingerprint, for a file: facts, checksum, hashes (`-`: a plain one); no `method`: nobody has looked."""
    looks = " ".join(look or "-" for look in one.looks)
    return {**one.facts._asdict(), "checksum": one.checksum, "looks": looks, "method": METHOD if one.looked else ""}


def _told(one: Upload) -> dict[str, Any]:
    kind = one.creative_type.value if one.creative_type else ""
    return {"creative_id": one.creative_id, "filename": one.filename, "creative_type": kind, **told_of(one.fingerprint)}


def _noted(entry: Entry) -> Upload:
    return upload_of(entry.data)


def upload_of(told: Mapping[str, Any]) -> Upload:
    """What an event `uploaded` tells; raises ValueError, TypeError or LookupError for what is none."""
    kind = CreativeType.parse(told["creative_type"]) if told["creative_type"] else None
    seen = fingerprint_of({**MediaFacts._field_defaults, **told})  # a log of years ago lacks what was not asked then
    return Upload(read_id(told["creative_id"]), str(told["filename"]), kind, seen)


def fingerprint_of(told: Mapping[str, Any]) -> Fingerprint:
    """A fingerprint as `told_of` told it, or the text of a table; raises ValueError, TypeError or LookupError."""
    checksum, looks = told["checksum"], tuple("" if one == "-" else one for one in told["looks"].split())
    if not re.fullmatch(r"[0-9a-f]{64}", checksum) or not all(re.fullmatch(r"(?:[0-9a-f]{16})?", one) for one in looks):
        raise ValueError("a checksum has 64 hexadecimal digits and a hash 16")
    facts = MediaFacts(
        _number(told, "bytes"),
        str(told["container"]),
        _number(told, "width"),
        _number(told, "height"),
        _seconds(told, "seconds"),
        str(told["codec"]),
        _number(told, "turned"),
        _number(told, "frames"),
        str(told["trouble"]),
        str(told["stored"]),
        _seconds(told, "shortest"),
        _seconds(told, "longest"),
        str(told["pixels"]),
    )
    return Fingerprint(facts, checksum, looks, looked=told["method"] == METHOD)


def _seconds(told: Mapping[str, Any], name: str) -> float | None:
    seconds = None if told[name] in (None, "") else float(told[name])
    if seconds is not None and not 0 <= seconds < math.inf:
        raise ValueError(f"{name} is {told[name]!r}, which is no number of its kind")
    return seconds


def _number(told: Mapping[str, Any], name: str) -> int:
    """A whole number; without one, no pixels and no turn. Files from before 1970 have negative times."""
    text = str(told[name]) or ("0" if name in {"width", "height", "turned"} else "")
    if not re.fullmatch(r"-?[0-9]{1,19}" if name == "mtime_ns" else r"[0-9]{1,15}", text):
        raise ValueError(f"{name} is {text!r}, which is no number of its kind")
    return int(text)


def look_at(
    paths: Iterable[Path],
    fingerprints: Fingerprints,
    *,
    decode: bool = True,
    children: Children | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> dict[Path, Fingerprint | None]:
    """The fingerprint of every file, None where there is none; what is new is written down at once.

    A file that has not changed is not read again; one whose content was seen before, under whatever name, is read once
    for its checksum and not decoded. Everything else is decoded in `children`, by default one a core. With `decode`
    False only size and checksum are found out. A file that can't be read, or not in time, has the reason in its facts'
    `trouble`. Raises `Cancelled`.
    """
    found = {path: fingerprints.of(path) for path in paths}
    wanted = [path for path, known in found.items() if known is None or (decode and not known.looked)]
    unseen = [path for path in wanted if os.path.isfile(path)]  # noqa: PTH113 (what we may not ask about is none)
    with room_of(children) as room:
        look = partial(_look, room=room, fingerprints=fingerprints, decode=decode)
        seen = room.each(unseen, look, cancelled=cancelled)
        for done, (path, (fingerprint, changed, sight)) in enumerate(seen, len(found) - len(unseen) + 1):
            if changed is not None:
                fingerprints.keep(path, changed, fingerprint, sight)
            found[path] = fingerprint
            if progress:
                progress(LookedAt(path, done, len(found)))
    return found


def _look(
    path: Path, room: Children, fingerprints: Fingerprints, decode: bool
) -> tuple[Fingerprint, int | None, Sight | None]:
    """The fingerprint, the time of the file's last change, None where another try may say otherwise, and the sight."""
    before, known = stamp(path), fingerprints.of(path)
    checksum, trouble = (known.checksum, "") if known else room.checksum(path)
    fingerprint, sight = fingerprints.with_checksum(checksum), None
    if fingerprint is None and decode and checksum:
        sight = room.look(path)
        fingerprint = Fingerprint(sight.facts, checksum)
    if not checksum or stamp(path) != before:  # checksum and looks may be of two contents
        facts = MediaFacts(before[0], "", trouble=trouble or "it changed while it was read")
        return Fingerprint(facts, ""), None, None
    fingerprint = fingerprint or Fingerprint(MediaFacts(before[0], ""), checksum, looked=False)
    return fingerprint, before[1] if sight is None or sight.lasting else None, sight
