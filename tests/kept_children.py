"""The child processes that look at files stay for the next test: a start takes longer than a look at ten files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from subprocess import Popen

import pytest

from tjtools.media import Children, pool

COMMAND, start, leave = pool.COMMAND, Children._start, Children.__exit__
stock: SimpleQueue[Popen[str]] = SimpleQueue()


def start_or_take(room: Children) -> Popen[str]:
    """A child of an earlier room, unless this one's are to be of another kind."""
    if room._ended or pool.COMMAND is not COMMAND:
        return start(room)
    try:
        process = stock.get_nowait()
    except Empty:
        return start(room)
    with room._guard:
        room._started.append(process)
    return process


def leave_and_keep(room: Children, *_: object) -> None:
    """Keep those that are not in the middle of a file, or over one."""
    kept = [one for one in room._started if one.args is COMMAND and one.poll() is None and not room._ended]
    room._started = [one for one in room._started if one not in kept]
    leave(room)
    for process in kept:
        stock.put(process)


@contextmanager
def children_that_stay() -> Iterator[None]:
    """Until its end; none that was there before."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Children, "_start", start_or_take)
        patch.setattr(Children, "__exit__", leave_and_keep)
        patch.setattr(sys.modules[__name__], "stock", SimpleQueue())
        try:
            yield
        finally:
            while not stock.empty():
                process = stock.get()
                process.kill()
                pool._close(process)
