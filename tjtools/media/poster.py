"""Small pictures of media files, made when they are looked at."""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

SIZE = (320, 180)
_AT = 0.25  # of a video's length: its first picture is often black
_KEPT = 2000


def poster(path: Path) -> bytes:
    """A JPEG of at most 320x180 pixels: the image, or a picture out of the video; `b""` where nothing can be shown."""
    try:
        stat = path.stat()
    except OSError:
        return b""
    return _poster(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(_KEPT)
def _poster(path: Path, _size: int, _changed: int) -> bytes:
    return _of_image(path) or _of_video(path)


def _of_image(path: Path) -> bytes:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            picture.draft("RGB", SIZE)
            return _small(picture)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError):
        return b""


def _of_video(path: Path) -> bytes:
    import av

    try:
        with av.open(str(path)) as container:
            if container.duration:
                container.seek(int(container.duration * _AT))
            picture = next(container.decode(video=0)).to_image()  # type: ignore[no-untyped-call]
    except (av.error.FFmpegError, OSError, ValueError, IndexError, StopIteration):
        return b""
    return _small(picture)


def _small(picture: Image.Image) -> bytes:
    from PIL import Image

    small = picture.convert("RGBA")
    small.thumbnail(SIZE)
    on_white = Image.new("RGB", small.size, "white")
    on_white.paste(small, mask=small)
    file = io.BytesIO()
    on_white.save(file, "JPEG", quality=75)
    return file.getvalue()
