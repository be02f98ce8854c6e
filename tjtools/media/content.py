"""By what files and creatives are known again: `tracking/.tjtools/fingerprints.csv` and the pictures beside it.

One row is written when a file was looked at, and one more when it was uploaded, with the Creative ID it got; of several
rows for a path the last one counts. Columns: `seen_at` (UTC), `path` (inside the workspace, or absolute), `mtime_ns`,
`bytes`, `checksum` (blake3), the facts (`container` … `trouble`), `looks` (hashes, `-` for a plain picture), `method`
(of hashing; empty: only the checksum is known) and `creative_id`, `filename`, `creative_type` of an upload.
`pictures/<checksum>.jpg` holds small copies of the pictures that were hashed, below each other.

It is a cache but for the rows of uploads: without it, what was uploaded under another name is not known again.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from tjtools.media import Fingerprint, MediaFacts
from tjtools.model.cells import read_id
from tjtools.model.creative import CreativeType
from tjtools.model.errors import translated
from tjtools.workspace.csvfile import BadLine, append_rows, read_table
from tjtools.workspace.folder import Workspace

COLUMNS = (
    "seen_at",
    "path",
    "mtime_ns",
    "bytes",
    "checksum",
    "container",
    "width",
    "height",
    "seconds",
    "codec",
    "turned",
    "frames",
    "trouble",
    "looks",
    "method",
    "creative_id",
    "filename",
    "creative_type",
)
METHOD = "1"  # a new way of hashing gets a new number: looks by another are not compared
_REMEDY = "Move it away; the files are looked at anew, but which of them were uploaded under which ID is then lost."


class Upload(NamedTuple):
    """What was uploaded as which creative."""

    creative_id: str
    filename: str
    creative_type: CreativeType | None
    fingerprint: Fingerprint


class _Row(NamedTuple):
    mtime_ns: int
    fingerprint: Fingerprint
    upload: Upload | None = None


class Fingerprints:
    """The fingerprints of one workspace; `Fingerprints.load(workspace)` reads them."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.bad_lines: tuple[BadLine, ...] = ()
        self._by_path: dict[str, _Row] = {}
        self._by_checksum: dict[str, Fingerprint] = {}
        self._uploads: dict[str, Upload] = {}

    @classmethod
    def load(cls, workspace: Workspace) -> Fingerprints:
        """Read them; a missing file is an empty one. A line that can't be understood is in `bad_lines`.

        Raises WrongHeader, NotText, or TrackingFileError if the disk can't be read.
        """
        kept = cls(workspace)
        table = read_table(workspace.fingerprints, COLUMNS, remedy=_REMEDY)
        bad = list(table.bad)
        for line, row in zip(table.lines, table.rows, strict=True):
            try:
                kept._take(row["path"], _parsed(row))
            except ValueError as error:
                bad.append(BadLine(line, str(error), ",".join(row.values())))
        kept.bad_lines = tuple(sorted(bad, key=lambda one: one.line))
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

    def keep(self, seen: Iterable[tuple[Path, int, Fingerprint]], *, now: datetime) -> None:
        """Write down what was seen: path, time of its last change (ns) and fingerprint, on the disk when this returns.

        Raises TrackingFileError if the disk does not take it.
        """
        rows = [(self._name(path), _Row(mtime_ns, fingerprint)) for path, mtime_ns, fingerprint in seen]
        self._append(rows, now)

    def keep_uploads(self, uploaded: Iterable[tuple[Path, Upload]], *, now: datetime) -> None:
        """Write down which content got which Creative ID; raises TrackingFileError if the disk does not take it."""
        rows = []
        for path, upload in uploaded:
            before = self._by_path.get(self._name(path))
            rows.append((self._name(path), _Row(before.mtime_ns if before else 0, upload.fingerprint, upload)))
        self._append(rows, now)

    def picture(self, checksum: str) -> bytes | None:
        """The jpg with the content's pictures below each other; None where there is none."""
        try:
            return self._picture_file(checksum).read_bytes()
        except OSError:
            return None

    def keep_picture(self, checksum: str, strip: bytes) -> None:
        """Keep the jpg; raises TrackingFileError if the disk does not take it."""
        path = self._picture_file(checksum)
        if not strip or path.exists():
            return
        with translated(path, "written"):
            path.parent.mkdir(parents=True, exist_ok=True)
            beside = path.with_suffix(f".{os.getpid()}")  # whole or not at all; not worth the wait for the disk
            beside.write_bytes(strip)
            beside.replace(path)

    def _picture_file(self, checksum: str) -> Path:
        return self.workspace.pictures / f"{checksum}.jpg"

    def _name(self, path: Path) -> str:
        whole = Path(os.path.abspath(path))  # noqa: PTH100 (resolve() would follow links: the file's own name counts)
        if whole.is_relative_to(self.workspace.root):
            return whole.relative_to(self.workspace.root).as_posix()
        return str(whole)

    def _append(self, rows: list[tuple[str, _Row]], now: datetime) -> None:
        at = f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        append_rows(
            self.workspace.fingerprints, COLUMNS, [_fields(at, name, row) for name, row in rows if _plain(name)]
        )
        for name, row in rows:
            self._take(name, row)

    def _take(self, name: str, row: _Row) -> None:
        self._by_path[name] = row
        if row.fingerprint.looked:
            self._by_checksum[row.fingerprint.checksum] = row.fingerprint
        if row.upload:
            self._uploads[row.upload.creative_id] = row.upload


def _plain(name: str) -> bool:
    """Whether a name can be written as text; a file with another name is looked at each time."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in name


def _fields(at: str, name: str, row: _Row) -> list[str]:
    (facts, checksum, looks, looked), upload = row.fingerprint, row.upload
    return [
        at,
        name,
        str(row.mtime_ns),
        str(facts.bytes),
        checksum,
        facts.container,
        str(facts.width or ""),
        str(facts.height or ""),
        "" if facts.seconds is None else f"{facts.seconds:g}",
        facts.codec,
        str(facts.turned or ""),
        str(facts.frames),
        facts.trouble,
        " ".join(look or "-" for look in looks),
        METHOD if looked else "",
        upload.creative_id if upload else "",
        upload.filename if upload else "",
        upload.creative_type.value if upload and upload.creative_type else "",
    ]


def _parsed(row: dict[str, str]) -> _Row:
    """A row's values; raises ValueError for what is none."""
    checksum, looks = row["checksum"], tuple("" if one == "-" else one for one in row["looks"].split())
    if not re.fullmatch(r"[0-9a-f]{64}", checksum) or not all(re.fullmatch(r"(?:[0-9a-f]{16})?", one) for one in looks):
        raise ValueError("a checksum has 64 hexadecimal digits and a hash 16")
    facts = MediaFacts(
        _number(row, "bytes"),
        row["container"],
        _number(row, "width"),
        _number(row, "height"),
        _seconds(row["seconds"]) if row["seconds"] else None,
        row["codec"],
        _number(row, "turned"),
        _number(row, "frames"),
        row["trouble"],
    )
    fingerprint = Fingerprint(facts, checksum, looks, looked=row["method"] == METHOD)
    upload = None
    if row["creative_id"]:
        kind = CreativeType.parse(row["creative_type"]) if row["creative_type"] else None
        upload = Upload(read_id(row["creative_id"]), row["filename"], kind, fingerprint)
    return _Row(_number(row, "mtime_ns"), fingerprint, upload)


def _number(row: dict[str, str], column: str) -> int:
    """A whole number; without one, no pixels and no turn. Files from before 1970 have negative times."""
    text = row[column] or ("0" if column in {"width", "height", "turned"} else "")
    if not re.fullmatch(r"-?[0-9]{1,19}" if column == "mtime_ns" else r"[0-9]{1,15}", text):
        raise ValueError(f"{column} is {text!r}, which is no number of its kind")
    return int(text)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < math.inf:
        raise ValueError(f"seconds is {text!r}, which is no number of its kind")
    return seconds
