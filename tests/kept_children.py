"""The child processes that look at files stay for the next test: a start takes longer than a look at ten files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from subprocess import Popen

import pytest

from tjtools.media import Children, content
from tjtools.media.pool import _close

stock: SimpleQueue[Popen[str]] = SimpleQueue()


class KeptChildren(Children):
    def __init__(self) -> None:
        super().__init__()
        for _ in range(self.cores):
            try:
                process = stock.get_nowait()
            except Empty:
                return
            self._started.append(process)
            self._idle.get()
            self._idle.put(process)

    def __exit__(self, *_: object) -> None:
        for process in self._started:
            if self._ended or process.poll() is not None:  # in the middle of a file, or over one
                _close(process)
            else:
                stock.put(process)


@contextmanager
def children_that_stay() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(content, "Children", KeptChildren)
        yield
    while not stock.empty():
        process = stock.get()
        process.kill()
        _close(process)
