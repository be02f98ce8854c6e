"""What lies in a delivery besides images and videos: archives, downloads that have not ended, and others."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePath, PurePosixPath

from tjtools.diff.duplicates import MEDIA, OTHER_MEDIA
from tjtools.model.errors import Cancelled
from tjtools.model.names import ending
from tjtools.model.words import counted

_PACKED, _COMING = "this is packed: unpack it", "its download has not ended: wait for it, or fetch it again"
UNREADY = dict.fromkeys(("zip", "rar", "7z", "tar", "gz", "tgz"), _PACKED) | dict.fromkeys(
    ("part", "crdownload", "download", "opdownload", "partial", "filepart"), _COMING
)  # what creatives may be in that nobody sees yet
_OF_THE_SYSTEM = {"thumbs.db", "desktop.ini"}
_FEW = 5  # kinds that are named
_PIECE = 1 << 20  # bytes


def is_unpacked(archive: Path, files: Iterable[Path], *, cancelled: Callable[[], bool] = lambda: False) -> bool:
    """Whether it is a zip, and each image, video and archive in it is among these files, by size and checksum.

    Only its list of contents is read, which says both; one that can't be read is not. Raises `Cancelled`.
    """
    if ending(archive.name) != "zip":
        return False
    try:
        with zipfile.ZipFile(archive) as packed:
            members = {(one.file_size, one.CRC) for one in packed.infolist() if _counts(one.filename)}
        sizes = dict[int, list[Path]]()
        for path in filter(_is_seen, files):  # among others nobody would look for it
            sizes.setdefault(path.stat().st_size, []).append(path)
        if not members or any(size not in sizes for size, _ in members):
            return False
        return all(any(_checksum(path, cancelled) == checksum for path in sizes[size]) for size, checksum in members)
    except (OSError, ValueError, OverflowError, NotImplementedError, struct.error, zipfile.BadZipFile):
        return False


def _counts(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    kept = not any(part.startswith(".") or part == "__MACOSX" for part in path.parts)  # a Mac adds shadows of its own
    return kept and _is_seen(path)


def _is_seen(path: PurePath) -> bool:
    return ending(path.name) in MEDIA | OTHER_MEDIA | UNREADY.keys()


def _checksum(path: Path, cancelled: Callable[[], bool]) -> int:
    made = 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            if cancelled():
                raise Cancelled("Stopped while files were looked at.")
            made = zlib.crc32(piece, made)
    return made


def kinds_of(names: Iterable[str]) -> dict[str, int]:
    """How many files there are of each ending, the most first, but for what a system puts into every folder."""
    kinds = Counter(ending(name) for name in names if name.lower() not in _OF_THE_SYSTEM)
    return dict(sorted(kinds.items(), key=lambda one: (-one[1], one[0])))


def told_of(kinds: Mapping[str, int]) -> str:
    """What to say of files that are no image or video; `""` where there are none.

    >>> told_of({"psd": 2, "": 1}), told_of({})
    ('3 files passed over, which are no image or video: 2 .psd, 1 without an ending', '')
    """
    number, rest = sum(kinds.values()), sum([*kinds.values()][_FEW:])
    if not number:
        return ""
    named = [f"{many:,} {f'.{kind}' if kind else 'without an ending'}" for kind, many in [*kinds.items()][:_FEW]]
    parts = [*named, *([f"{rest:,} more"] if rest else [])]
    which = "which is" if number == 1 else "which are"
    return f"{counted(number, 'file')} passed over, {which} no image or video: {', '.join(parts)}"
