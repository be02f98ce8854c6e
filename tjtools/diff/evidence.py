"""Why a file is taken for a duplicate, to be shown side by side: names, sizes, checksums, durations, looks, history."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tjtools.cache.history import Observation
from tjtools.diff.decisions import Content, Decision
from tjtools.diff.repeats import Repeat, RepeatKind
from tjtools.diff.session import FileReview
from tjtools.media import Fingerprint


class Side(NamedTuple):
    """One of two contents that are compared.

    `creative_id` and `standing` are `""` for a file of the session; `path` is None without a copy here. `length` counts
    bytes, `seconds` is None for a still image, `size` is `WIDTHxHEIGHT`. `strip` is a jpg with small copies of its
    `pictures` pictures below each other, None where none is kept.
    """

    name: str
    creative_id: str
    standing: str
    path: Path | None
    length: int
    checksum: str
    size: str
    seconds: float | None
    encoding: str
    pictures: int
    strip: bytes | None

    @property
    def content(self) -> Content:
        """What `Decisions.decide` takes."""
        return Content(self.checksum, self.name)

    def thumbnail(self) -> bytes | None:
        """The middle picture as a jpg; None where none is kept."""
        return _middle(self.strip, self.pictures) if self.strip else None


class Evidence(NamedTuple):
    """A file beside what it repeats, for a person to judge.

    `closeness` is from 0 to 1, 1 for the same content. `history` are the observations of the creative that is already
    there, the oldest first; `rejected_at` is when it was last seen to be rejected (UTC), `""` for an unknown day and
    None for never. `decision` is what a person has said of the two.
    """

    kind: RepeatKind
    closeness: float
    file: Side
    other: Side
    history: tuple[Observation, ...]
    rejected_at: str | None
    decision: Decision


def evidence(review: FileReview, picture: Callable[[str], bytes | None]) -> tuple[Evidence, ...]:
    """The evidence for a review, the same content first; `picture` is `Fingerprints.picture`."""
    return tuple(_evidence(review, repeat, picture) for repeat in review.repeats)


def _evidence(review: FileReview, repeat: Repeat, picture: Callable[[str], bytes | None]) -> Evidence:
    known, file = repeat.known, review.file
    creative = known.creative
    return Evidence(
        repeat.kind,
        repeat.closeness,
        side(file.name, repeat.fingerprint, picture, path=file.path),
        side(
            known.name,
            known.fingerprint,
            picture,
            path=known.path,
            creative_id=creative.creative_id if creative else "",
            standing=creative.standing if creative else "",
        ),
        known.history,
        known.rejected_at,
        repeat.decision,
    )


def side(
    name: str,
    fingerprint: Fingerprint,
    picture: Callable[[str], bytes | None],
    *,
    path: Path | None = None,
    creative_id: str = "",
    standing: str = "",
) -> Side:
    """One side of a comparison."""
    facts = fingerprint.facts
    return Side(
        name=name,
        creative_id=creative_id,
        standing=standing,
        path=path,
        length=facts.bytes,
        checksum=fingerprint.checksum,
        size=facts.size,
        seconds=facts.seconds,
        encoding=" ".join(filter(None, (facts.container, facts.codec))),
        pictures=max(1, len(fingerprint.looks)),
        strip=picture(fingerprint.checksum),
    )


def _middle(strip: bytes, pictures: int) -> bytes | None:
    from PIL import Image

    kept = io.BytesIO()
    try:
        with Image.open(io.BytesIO(strip)) as whole:
            tall = whole.height // pictures
            top = tall * (pictures // 2)
            whole.crop((0, top, whole.width, top + tall)).save(kept, "jpeg", quality=80)
    except (OSError, ValueError, SyntaxError):
        return None  # a damaged file is no picture
    return kept.getvalue()
