"""What a media file says of itself, its checksum, and how it looks."""

from __future__ import annotations

from typing import NamedTuple

from tjtools.model.creative import Medium

STILL_CONTAINERS = frozenset({"png", "jpg", "gif", "webp", "bmp", "tiff", "avif"})


class MediaFacts(NamedTuple):
    """What a file is by its content.

    `container` is `mp4`, `png`, `jpg`, `gif`, or whatever else it is; `""` where it can't be read. `width` and `height`
    are in pixels as the picture is shown. `seconds` is None for a still image. `codec` is the video's, `""` for images.
    `turned` is by how many degrees a header asks the player to turn the picture; `frames` counts an animation's
    pictures. `trouble` says in words why a file can't be read as a whole, `""` where it can.
    """

    bytes: int
    container: str
    width: int = 0
    height: int = 0
    seconds: float | None = None
    codec: str = ""
    turned: int = 0
    frames: int = 1
    trouble: str = ""

    @property
    def size(self) -> str:
        """`WIDTHxHEIGHT` in pixels."""
        return f"{self.width}x{self.height}" if self.width else ""

    @property
    def medium(self) -> Medium | None:
        """Whether it moves, as the site sorts it: an animated gif is a still creative; None where nothing is known."""
        if not self.container:
            return None
        return Medium.STILL if self.container in STILL_CONTAINERS else Medium.MOVING


class Fingerprint(NamedTuple):
    """By what a file is known again: its facts, its checksum and its looks.

    `checksum` is the blake3 of the whole content, 64 hexadecimal digits. `looks` holds one perceptual hash a picture,
    16 hexadecimal digits each: one for a still image, five for anything that moves; `""` for a picture too plain to
    tell from others. `looked` is False where only size and checksum are known yet.
    """

    facts: MediaFacts
    checksum: str
    looks: tuple[str, ...] = ()
    looked: bool = True
