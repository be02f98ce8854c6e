"""What a file's headers say, as players take it: its brand, its turn, the shape of its pixels, and how long it lasts.

A header can be wrong, and a part that no picture needs can be damaged: neither costs a picture that a browser shows.
"""

from __future__ import annotations

import struct
import zlib
from fractions import Fraction
from io import SEEK_CUR
from math import hypot
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.stream import VideoStream
from PIL import ExifTags

# nothing that names other files or addresses, as playlists do
_VIDEOS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,ogg,asf"
_OPTIONS = {"protocol_whitelist": "file", "format_whitelist": _VIDEOS}
_STILL_BRANDS = {
    **dict.fromkeys(("heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs"), "heic"),
    **dict.fromkeys(("avif", "avis"), "avif"),
    **dict.fromkeys(("mif1", "mif2", "msf1", "miaf"), "heic"),  # any code; the names of codes go before
    "crx": "cr3",
    "jp2": "jp2",
}
_OTHER_BRANDS = {"qt": "mov", "mjp2": "mj2", "mj2s": "mj2"}
_SHORT = 3  # EXIF's word for a number of two bytes
# what a video's matrix does to right and down, as the orientation of a photo that is shown so
_MATRICES = {
    (-1, 0, 0, 1): 2,
    (-1, 0, 0, -1): 3,
    (1, 0, 0, -1): 4,
    (0, 1, 1, 0): 5,
    (0, 1, -1, 0): 6,
    (0, -1, -1, 0): 7,
    (0, -1, 1, 0): 8,
}
_SLANT = 0.02  # of a right angle; a picture that is turned by something between is shown as it is
_FLATTEST = 10  # times as wide as tall that a pixel may be, or as tall as wide
_HARDLY = 0.001  # seconds
_PNG, _JPG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"
_SCAN, _EXIF, _COLOURS, _COMMENT = 0xDA, 0xE1, 0xEE, 0xFE  # markers of a jpg; behind the first comes its picture
_COLOURS_LEAST = 14  # bytes


def opened(path: Path) -> InputContainer:
    """A video or sound file; raises what `av.open` does."""
    file = av.open(str(path), options=_OPTIONS, metadata_errors="replace")
    if "mp4" not in file.format.name or all(one.duration for one in _tracks(file)):
        return file
    file.close()  # a header says 0: then what it says of the parts to be shown would hide frames
    return av.open(str(path), options={**_OPTIONS, "ignore_editlist": "1"}, metadata_errors="replace")


def _tracks(file: InputContainer) -> list[VideoStream]:
    """Those that may be shown; a cover is none, nor are the pictures of chapters."""
    return [one for one in file.streams.video if not one.disposition & Disposition.attached_pic]


def is_heif(path: Path) -> bool:
    """Whether its first bytes say that it is a phone's still picture."""
    with path.open("rb") as raw:
        start = raw.read(12)
    return start[4:8] == b"ftyp" and _STILL_BRANDS.get(start[8:].decode("latin-1")) == "heic"


def container_of(file: InputContainer, path: Path) -> str:
    """What the file is, by its first bytes: one demuxer reads mp4, QuickTime, and photos of phones."""
    names = file.format.name.split(",")
    if "mp4" not in names:
        return names[0]
    with path.open("rb") as raw:
        branded = raw.read(8)[4:] == b"ftyp"
    brand, others = (file.metadata.get(name, "") for name in ("major_brand", "compatible_brands"))
    brands = [one.strip() for one in (brand, *(others[at : at + 4] for at in range(0, len(others), 4)))]
    still = next((_STILL_BRANDS[one] for one in _STILL_BRANDS if one in brands), "")
    if still and (brands[0] in _STILL_BRANDS or not file.duration):
        return still
    if brands[0].startswith("3g"):
        return "3gp"
    return _OTHER_BRANDS.get(brands[0], "mp4") if branded else "mov"  # the cameras of old write no brand


def picture_of(file: InputContainer) -> VideoStream | None:
    """The track that is shown, None where there is none."""
    worse = {one: (not one.codec_context, not one.disposition & Disposition.default) for one in _tracks(file)}
    return min(worse, key=lambda one: worse[one], default=None)


def lasts(file: InputContainer, picture: VideoStream, path: Path) -> tuple[float, float, float]:
    """How many seconds its frames last, and the least and the most that somebody may count.

    Others count the whole file, sound and all, or believe a header, which may say 0, or less than the frames last.
    """
    whole, header = (file.duration or 0) / av.time_base, _header(picture)
    if "mp4" not in file.format.name:  # whose index holds no more than some frames
        seconds = header or whole or _length(picture, path)
        return seconds, min(one for one in (seconds, header, whole) if one or not seconds), max(seconds, header, whole)
    seconds = _length(picture, path) or whole
    tracks = [(_start(one), _length(one, path)) for one in (picture, *file.streams.audio)]
    together = max(start + length for start, length in tracks) - min(start for start, _ in tracks)
    told = [one for one in (seconds, header, whole, _movie_header(path)) if one] or [0.0]
    return seconds, min(told), max(*told, together)


def _header(track: Stream) -> float:
    return float((track.duration or 0) * (track.time_base or 0))


def _start(track: Stream) -> float:
    return float((track.start_time or 0) * (track.time_base or 0))


def _length(track: Stream, path: Path) -> float:
    """What a header says, unless the frames last longer."""
    header, entries = _header(track), track.index_entries
    span = (entries[-1].timestamp - entries[0].timestamp) * float(track.time_base or 0) if len(entries) else 0.0
    if header and header > span - _HARDLY:
        return header
    times = _times(path, track.index)  # for a span of frames in the order of their decoding may be longer
    shown = times[-1] - times[0] if times else 0.0
    return header if header and header > shown - _HARDLY else shown * len(times) / max(1, len(times) - 1)


def _movie_header(path: Path) -> float:
    """What an mp4's first header says that the whole lasts, which FFmpeg does not ask; 0 where it says nothing."""
    with path.open("rb") as raw:
        while len(start := raw.read(8)) == 8:
            size, kind = struct.unpack(">I4s", start)
            if kind == b"moov":
                return _movie_seconds(raw.read(256).partition(b"mvhd")[2])
            size = int.from_bytes(raw.read(8)) - 8 if size == 1 else size
            if size < 8:
                break
            raw.seek(size - 8, SEEK_CUR)
    return 0.0


def _movie_seconds(told: bytes) -> float:
    form, at = (">IQ", 20) if told[:1] == b"\1" else (">II", 12)
    if len(told) < at + struct.calcsize(form):
        return 0.0
    scale, ticks = struct.unpack_from(form, told, at)
    unknown = ticks in (2**32 - 1, 2**64 - 1)
    return 0.0 if unknown or not scale else float(ticks / scale)


def _times(path: Path, index: int) -> list[float]:
    """When each frame of a track is shown: all of the file is read."""
    with opened(path) as file:
        packets = file.demux(file.streams[index])
        return sorted(float(one.pts * one.time_base) for one in packets if one.pts is not None and one.time_base)


def photo_orientation(exif: bytes | None) -> int:
    """EXIF's orientation, 1 to 8, where it is one short number, as browsers read it; else 1: as it is.

    Pillow would take a text too, or what an editor noted elsewhere, and turn what no browser turns.
    """
    told = (exif or b"").removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(told[:4])
    try:
        [at] = struct.unpack_from(f"{order}I", told, 4)
        [count] = struct.unpack_from(f"{order}H", told, at)
        for place in range(at + 2, at + 2 + 12 * count, 12):
            tag, kind, number, value = struct.unpack_from(f"{order}HHIH", told, place)
            if tag == ExifTags.Base.Orientation:
                return value if (kind, number) == (_SHORT, 1) and 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1


def video_orientation(matrix: bytes) -> int:
    """The same of the matrix of a video; one that is no turn by right angles is none."""
    told = struct.unpack("=9i", matrix) if len(matrix) == 36 else (0,) * 9
    sides = (told[0], told[1]), (told[3], told[4])
    if not all(map(any, sides)):
        return 1
    exact = [value / hypot(*side) for side in sides for value in side]
    right = all(abs(value - round(value)) < _SLANT for value in exact)
    return _MATRICES.get(tuple(map(round, exact)), 1) if right else 1


def stretched(width: int, height: int, pixel: Fraction | None) -> tuple[int, int]:
    """The size at which pixels that are no squares are shown: browsers make one side longer, and none shorter.

    >>> stretched(640, 360, Fraction(4, 3)), stretched(640, 360, Fraction(1, 2)), stretched(640, 360, None)
    ((853, 360), (640, 720), (640, 360))
    """
    if not pixel or not 1 / _FLATTEST <= pixel <= _FLATTEST:
        return width, height
    return (round(width * pixel), height) if pixel > 1 else (width, round(height / pixel))


def bare(path: Path) -> bytes:
    """A png or jpg without what its picture does not need: texts, profiles, previews. Of another file, nothing."""
    with path.open("rb") as file:
        start = file.read(len(_PNG))
        data = start + file.read() if start.startswith((_PNG, _JPG)) else b""
    parts = _png_parts(data) if data.startswith(_PNG) else _jpg_parts(data)
    return b"".join(parts)


def _png_parts(data: bytes) -> list[bytes]:
    kept, at = [_PNG], len(_PNG)
    while at < len(data):
        kind, end = data[at + 4 : at + 8], at + 12 + int.from_bytes(data[at : at + 4])
        whole = zlib.crc32(data[at + 4 : end - 4]) == int.from_bytes(data[end - 4 : end])
        if kind[:1].isupper() or (kind == b"tRNS" and whole):
            kept.append(data[at:end])
        at = end
    return kept if at == len(data) or b"IEND" in kept[-1] else []  # one that breaks off stays so


def _jpg_parts(data: bytes) -> list[bytes]:
    kept, at = [data[:2]], 2
    while data[at : at + 1] == b"\xff" and data[at + 1 : at + 2] not in (b"", bytes([_SCAN])):
        marker, size = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        spare = marker == _COMMENT or 0xE0 <= marker <= 0xEF
        if not spare or marker == _EXIF or (marker == _COLOURS and size >= _COLOURS_LEAST):
            kept.append(data[at : at + 2 + size])
        at += 2 + size
    return [*kept, data[at:]]
