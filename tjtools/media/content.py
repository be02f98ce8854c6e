"""By what files and creatives are known again: what was uploaded, from the log; what was seen of files, from the cache.

An upload is an event `uploaded`, about its Creative ID: the checksum (blake3) of its content, the facts (`bytes` …
`trouble`), `looks` (hashes, `-` for a plain picture), `method` (of hashing; empty: only the checksum is known),
`creative_id`, `filename` and `creative_type`. A file that was looked at has the same in the cache, with the time of its
last change, under its path inside the workspace, or its absolute one.

The small copies of the pictures that were hashed are in the cache too; those of uploads, whose files may go, lie in
`tracking/.tjtools/pictures/<checksum>.jpg`.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from tjtools.media import Fingerprint, MediaFacts
from tjtools.model.cells import read_id
from tjtools.model.creative import CreativeType
from tjtools.workspace.derived import FINGERPRINTS, Derived
from tjtools.workspace.disk import locked, replace_file
from tjtools.workspace.folder import Workspace
from tjtools.workspace.log import Entry, Log

METHOD = "1"  # a new way of hashing gets a new number: looks by another are not compared
_UPLOADED = "uploaded"


class Upload(NamedTuple):
    """What was uploaded as which creative."""

    creative_id: str
    filename: str
    creative_type: CreativeType | None
    fingerprint: Fingerprint


class _Row(NamedTuple):
    mtime_ns: int
    fingerprint: Fingerprint


class Fingerprints:
    """The fingerprints of one workspace; `Fingerprints.load(workspace)` reads them."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._log, self._cache = Log.at(workspace.log), Derived(workspace)
        self._by_path: dict[str, _Row] = {}
        self._by_checksum: dict[str, Fingerprint] = {}
        self._uploads: dict[str, Upload] = {}
        self._pictures: dict[str, bytes] = {}  # where the cache can't be written

    @classmethod
    def load(cls, workspace: Workspace) -> Fingerprints:
        """Read them; raises TrackingFileError if the log can't be read."""
        kept = cls(workspace)
        kept._uploads = {one.creative_id: one for one in kept._log.told({_UPLOADED: _upload_of}).values()}
        kept._by_path = kept._cache.load(FINGERPRINTS, _row_of)
        seen = [*(one.fingerprint for one in kept.uploads()), *(row.fingerprint for row in kept._by_path.values())]
        kept._by_checksum = {one.checksum: one for one in seen if one.looked}
        return kept

    def __len__(self) -> int:
        return len(self._by_path)

    def uploads(self) -> Iterator[Upload]:
        """What was uploaded, one a Creative ID."""
        return iter(self._uploads.values())

    def of(self, path: Path) -> Fingerprint | None:
        """The fingerprint of a file that has not changed since it was taken (by size and time), else None."""
        row = self._by_path.get(self._name(path))
        if row is None:
            return None
        try:
            now = path.stat()
        except OSError:
            return None
        unchanged = (now.st_size, now.st_mtime_ns) == (row.fingerprint.facts.bytes, row.mtime_ns)
        return row.fingerprint if unchanged else None

    def with_checksum(self, checksum: str) -> Fingerprint | None:
        """What is known of this content, whatever file it was seen in; None where nobody has looked at it."""
        return self._by_checksum.get(checksum)

    def keep(self, seen: Iterable[tuple[Path, int, Fingerprint]]) -> None:
        """Write down what was seen: path, time of its last change (ns) and fingerprint."""
        rows = {self._name(path): _Row(mtime_ns, fingerprint) for path, mtime_ns, fingerprint in seen}
        told = {name: {"mtime_ns": row.mtime_ns, **_fields(row.fingerprint)} for name, row in rows.items()}
        self._cache.keep(FINGERPRINTS, {name: value for name, value in told.items() if _plain(name)})
        self._by_path |= rows
        looked = [row.fingerprint for row in rows.values() if row.fingerprint.looked]
        self._by_checksum |= {one.checksum: one for one in looked}

    def keep_uploads(self, uploads: Iterable[Upload], *, now: datetime) -> None:
        """Write down which content got which Creative ID; raises TrackingFileError if the disk does not take it."""
        became = {one.creative_id: one for one in uploads if _plain(one.filename)}
        self._log.append(Entry(_UPLOADED, now, _told(one), one.creative_id) for one in became.values())
        self._uploads |= became
        for checksum in dict.fromkeys(one.fingerprint.checksum for one in became.values()):
            path = self._picture_file(checksum)
            if not path.exists() and (strip := self.picture(checksum)):
                with locked(self.workspace.pictures):
                    replace_file(path, strip)

    def picture(self, checksum: str) -> bytes | None:
        """The jpg with the content's pictures below each other; None where there is none."""
        try:
            return self._picture_file(checksum).read_bytes()
        except OSError:
            return self._pictures.get(checksum) or self._cache.picture(checksum)

    def keep_picture(self, checksum: str, strip: bytes) -> None:
        """Keep the jpg of a content that was looked at."""
        if strip and not self._cache.keep_picture(checksum, strip):
            self._pictures[checksum] = strip

    def _picture_file(self, checksum: str) -> Path:
        return self.workspace.pictures / f"{checksum}.jpg"

    def _name(self, path: Path) -> str:
        whole = Path(os.path.abspath(path))  # noqa: PTH100 (resolve() would follow links: the file's own name counts)
        if whole.is_relative_to(self.workspace.root):
            return whole.relative_to(self.workspace.root).as_posix()
        return str(whole)


def _plain(name: str) -> bool:
    """Whether a name can be written as text; a file with another name is looked at each time."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in name


def _fields(one: Fingerprint) -> dict[str, Any]:
    looks = " ".join(look or "-" for look in one.looks)
    return {**one.facts._asdict(), "checksum": one.checksum, "looks": looks, "method": METHOD if one.looked else ""}


def _told(one: Upload) -> dict[str, Any]:
    kind = one.creative_type.value if one.creative_type else ""
    return {"creative_id": one.creative_id, "filename": one.filename, "creative_type": kind, **_fields(one.fingerprint)}


def _upload_of(entry: Entry) -> Upload:
    """What an event tells; raises ValueError, TypeError or LookupError for what is none."""
    told = entry.data
    kind = CreativeType.parse(told["creative_type"]) if told["creative_type"] else None
    return Upload(read_id(told["creative_id"]), str(told["filename"]), kind, _fingerprint_of(told))


def _row_of(told: Mapping[str, Any]) -> _Row:
    return _Row(_number(told, "mtime_ns"), _fingerprint_of(told))


def _fingerprint_of(told: Mapping[str, Any]) -> Fingerprint:
    """A fingerprint as `_fields` told it, or the text of a table; raises ValueError, TypeError or LookupError."""
    checksum, looks = told["checksum"], tuple("" if one == "-" else one for one in told["looks"].split())
    if not re.fullmatch(r"[0-9a-f]{64}", checksum) or not all(re.fullmatch(r"(?:[0-9a-f]{16})?", one) for one in looks):
        raise ValueError("a checksum has 64 hexadecimal digits and a hash 16")
    facts = MediaFacts(
        _number(told, "bytes"),
        str(told["container"]),
        _number(told, "width"),
        _number(told, "height"),
        _seconds(told["seconds"]),
        str(told["codec"]),
        _number(told, "turned"),
        _number(told, "frames"),
        str(told["trouble"]),
    )
    return Fingerprint(facts, checksum, looks, looked=told["method"] == METHOD)


def _number(told: Mapping[str, Any], name: str) -> int:
    """A whole number; without one, no pixels and no turn. Files from before 1970 have negative times."""
    text = str(told[name]) or ("0" if name in {"width", "height", "turned"} else "")
    if not re.fullmatch(r"-?[0-9]{1,19}" if name == "mtime_ns" else r"[0-9]{1,15}", text):
        raise ValueError(f"{name} is {text!r}, which is no number of its kind")
    return int(text)


def _seconds(told: Any) -> float | None:
    if told is None or told == "":
        return None
    if not 0 <= (seconds := float(told)) < math.inf:
        raise ValueError(f"seconds is {told!r}, which is no number of its kind")
    return seconds
