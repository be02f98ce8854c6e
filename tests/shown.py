"""What a child saw of a file, for a test to compare."""

from __future__ import annotations

from tjtools.media import Sight, look
from tjtools.media.copies import hashes
from tjtools.media.timeline import Kinship, Shown, kinship


def moments(sight: Sight) -> tuple[str, ...]:
    """Hashes of a still, or of five moments of what moves; `""` of a picture too plain to tell."""
    frames = look.frames(sight.look) if sight.look else []
    return hashes(frames, sight.facts.seconds or frames[-1].second) if frames else ()


def kin(one: Sight, other: Sight) -> Kinship | None:
    """How two files are one."""
    return kinship(*(Shown(look.frames(sight.look)) for sight in (one, other)))
