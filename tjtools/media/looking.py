"""Looking at files: facts, checksum and looks of each, as cheaply as can be.

A file that has not changed is not read again; one whose content was seen before, under whatever name, is read once for
its checksum and not decoded. Everything else is decoded in child processes, on all cores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from tjtools.media import Children, Fingerprint, MediaFacts, Unreadable
from tjtools.media.content import Fingerprints

KEPT_AT_ONCE = 32  # files after which what was seen is written down: a cancelled run loses no more than these


class LookedAt(NamedTuple):
    """How far the looking is: the file just done, how many are through, and of how many."""

    path: Path
    done: int
    total: int


class _Seen(NamedTuple):
    mtime_ns: int
    fingerprint: Fingerprint
    strip: bytes = b""
    lasting: bool = True


def look_at(
    paths: Iterable[Path],
    fingerprints: Fingerprints,
    *,
    decode: bool = True,
    children: Children | None = None,
    progress: Callable[[LookedAt], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> dict[Path, Fingerprint | None]:
    """The fingerprint of every file, None where there is none; what is new is written down.

    With `decode` False only size and checksum are found out. A file that can't be read, or not in time, has the reason
    in its facts' `trouble`. `children` do the work, by default one a core. Raises `Cancelled`.
    """
    wanted = list(dict.fromkeys(paths))
    found: dict[Path, Fingerprint | None] = {}
    for path in wanted:
        known = fingerprints.of(path)
        if known and (known.looked or not decode):
            found[path] = known
        elif not _is_file(path):
            found[path] = None
    unseen = [path for path in wanted if path not in found]
    if unseen:
        with children or Children() as room:
            for path, seen in _in_batches(unseen, room, fingerprints, decode, cancelled):
                found[path] = seen
                if progress:
                    progress(LookedAt(path, len(found), len(wanted)))
    return {path: found[path] for path in wanted}


def _in_batches(
    paths: list[Path],
    room: Children,
    fingerprints: Fingerprints,
    decode: bool,
    cancelled: Callable[[], bool],
) -> Iterator[tuple[Path, Fingerprint]]:
    """Look at each, and write down what was seen every few files, also when the work is cancelled."""
    new: list[tuple[Path, int, Fingerprint]] = []
    try:
        for path, seen in room.each(paths, lambda path: _look(path, room, fingerprints, decode), cancelled=cancelled):
            if seen.lasting:
                fingerprints.keep_picture(seen.fingerprint.checksum, seen.strip)
                new.append((path, seen.mtime_ns, seen.fingerprint))
            if len(new) >= KEPT_AT_ONCE:
                fingerprints.keep(new)
                new = []
            yield path, seen.fingerprint
    finally:
        fingerprints.keep(new)


def _look(path: Path, room: Children, fingerprints: Fingerprints, decode: bool) -> _Seen:
    before = _changed(path)
    try:
        known = fingerprints.of(path)
        checksum = known.checksum if known else room.checksum(path)
    except Unreadable as error:
        return _Seen(0, Fingerprint(MediaFacts(_length(path), "", trouble=str(error)), ""), lasting=False)
    known = fingerprints.with_checksum(checksum)
    if known and (known.looked or not decode):
        return _as_now(path, before, _Seen(before, known))
    if not decode:
        return _as_now(path, before, _Seen(before, Fingerprint(MediaFacts(_length(path), ""), checksum, looked=False)))
    sight = room.look(path)
    return _as_now(
        path, before, _Seen(before, Fingerprint(sight.facts, checksum, sight.looks), sight.strip, sight.lasting)
    )


def _as_now(path: Path, before: int, seen: _Seen) -> _Seen:
    """Not to be kept where the file changed in the meantime: checksum and looks may be of two contents."""
    return seen if _changed(path) == before else seen._replace(lasting=False)


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _length(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name or a folder that the system does not let us look at
        return False
