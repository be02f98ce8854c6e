"""The child processes that look at files stay for the next test: a start takes longer than a look at ten files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue

import pytest

from tjtools.media import Children, content
from tjtools.media.pool import _Child

stock: SimpleQueue[_Child] = SimpleQueue()


class KeptChildren(Children):
    def __init__(self) -> None:
        super().__init__()
        self._all = [from_stock() for _ in self._all]
        self._idle = SimpleQueue()
        for child in self._all:
            self._idle.put(child)

    def __exit__(self, *_: object) -> None:
        for child in self._all:
            if child.ended:  # in the middle of a file
                child.close()
            else:
                stock.put(child)


def from_stock() -> _Child:
    try:
        return stock.get_nowait()
    except Empty:
        return _Child()


@contextmanager
def children_that_stay() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(content, "Children", KeptChildren)
        yield
    while not stock.empty():
        child = stock.get()
        child.end()
        child.close()
