"""What is to be made of a media file, told in what a person sees of it: upright, with square pixels; and making it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tjtools.media.pool import Children, MediaFacts


class Box(NamedTuple):
    """A part of the upright picture, as fractions of its width and height."""

    left: float = 0.0
    top: float = 0.0
    width: float = 1.0
    height: float = 1.0


class Recipe(NamedTuple):
    """What is to be made of a source.

    `container` is `mp4`, `png`, `jpg` or `gif`; `width` and `height` are the result's, in pixels. `box` is the part of
    the picture that is kept; where its shape is another than the result's, it is shown whole between black bars. Of a
    video the `seconds` from the frame that is shown at `start` on are kept, None: to its end; a still of a video is
    that frame. Without `sound` a video has none. `max_bytes`: the highest quality whose result has no more.
    """

    container: str
    width: int
    height: int
    box: Box = Box()
    start: float = 0.0
    seconds: float | None = None
    sound: bool = True
    max_bytes: int | None = None


class Job(NamedTuple):
    """What is to be made of which file, and the path at which it stands then."""

    source: Path
    recipe: Recipe
    target: Path


class Made(NamedTuple):
    """What became of a job.

    `trouble` says in words why nothing was made, `""` where it was. `quality` tells the setting, in words;
    `next_bytes` is what the next better one would have weighed, None where there is none.
    """

    job: Job
    facts: MediaFacts | None = None
    checksum: str = ""
    quality: str = ""
    next_bytes: int | None = None
    trouble: str = ""


class Making(NamedTuple):
    """How far the making is: how many jobs are through, the one at hand in part, and of how many."""

    done: float
    total: int


def drafts(target: Path) -> tuple[Path, Path]:
    """Where a result stands until it is whole: the attempt, and the best so far."""
    return target.with_name(f".{target.name}.draft.tmp"), target.with_name(f".{target.name}.tmp")


def make(
    jobs: Iterable[Job],
    *,
    progress: Callable[[Making], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    cores: int | None = None,
) -> list[Made]:
    """Make the files, as many at once as there are cores; what became of each, in the order of the jobs.

    A result appears at its target whole, in the place of what was there, or not at all; its folder must be there. What
    can't be made costs the others nothing. Raises `Cancelled`: what was made until then stands.
    """
    shares = dict.fromkeys(jobs, 0.0)
    total = len(shares)

    def looked() -> bool:
        if progress:
            progress(Making(sum(shares.values()), total))
        return cancelled()

    with Children(cores=cores) as room:
        one = partial(_make, room=room, threads=-(-room.cores // max(1, total)), shares=shares)
        made = dict(room.each(shares, one, cancelled=looked))
    looked()
    return [made[job] for job in shares]


def _make(job: Job, room: Children, threads: int, shares: dict[Job, float]) -> Made:
    told = partial(shares.__setitem__, job)
    target = str(job.target.absolute())
    try:
        answer = room.ask("make", job.source, progress=told, target=target, recipe=job.recipe, threads=threads)
    finally:
        shares[job] = 1.0
        for draft in drafts(job.target):
            with suppress(OSError):  # there is none, unless a child was ended
                draft.unlink()
    if "trouble" in answer:
        return Made(job, trouble=answer["trouble"])
    return Made(job, MediaFacts(**answer.pop("facts")), **answer)
