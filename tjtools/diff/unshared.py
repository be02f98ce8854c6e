"""Two snapshots at once, without the creatives whose row stands in both of them letter for letter.

From one snapshot to the next most rows stay as they are, and these can't differ: they are dropped as text, before
anything is made of them. The files are read side by side, so that only what differs is held while both are in the same
order. If they are not, too many rows wait for their like; then the old file is read to its end first.
"""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from itertools import filterfalse, islice
from pathlib import Path
from typing import BinaryIO

from tjtools.cache.catalogue import Catalogue, heads_of, uncollected
from tjtools.cache.rows import COLUMNS
from tjtools.cache.snapshots import read_snapshot
from tjtools.model.creative import Creative
from tjtools.model.errors import TrackingFileError
from tjtools.workspace.csvtext import Block, Form, blocks, read_form

_FEW = 20_000  # rows


def read_unshared(old: Path, new: Path) -> tuple[Iterable[Creative], Iterable[Creative]]:
    """Read two snapshots for `diff_libraries`, which finds in these what it finds in the whole libraries.

    Every line is checked nonetheless: raises what `read_snapshot` raises, for the old file first.
    """
    try:
        with uncollected(), old.open("rb") as old_file, new.open("rb") as new_file:
            unshared = _unshared(old_file, new_file, old, new)
    except (OSError, TrackingFileError):
        unshared = None  # read_snapshot says what and where it is
    return unshared or (read_snapshot(old), read_snapshot(new))


def _unshared(
    old_file: BinaryIO, new_file: BinaryIO, old: Path, new: Path
) -> tuple[list[Creative], list[Creative]] | None:
    """None if the files need a closer look: a line that means nothing, or an ID whose rows are to be merged."""
    form, old_file, line = read_form(old_file, old, COLUMNS, "")
    new_form, new_file, _ = read_form(new_file, new, COLUMNS, "")
    if form is None or new_form is None or form[:2] != new_form[:2]:
        return None
    before, after, checker = _Waiting(), _Waiting(), Catalogue()
    ids: set[str] = set()
    new_blocks, read = blocks(new_file, form, line, heads=0), 0
    for block in blocks(old_file, form, line, heads_of(form)):
        found = checker.ids_in(block, form)
        if found is None:
            return None
        ids.update(found)
        read += len(found)
        before.take(block, after)
        same_order = len(before.rows) <= _FEW + read // 4
        for new_block in islice(new_blocks, 1 if same_order else 0):
            after.take(new_block, before)
    for new_block in new_blocks:
        after.take(new_block, before)
    gone, came = before.creatives(form), after.creatives(form)
    if gone is None or came is None or len(ids) < read:
        return None
    shared_too = ids.intersection(map(_id, came)).difference(map(_id, gone))
    return None if shared_too else (gone, came)


class _Waiting:
    """The rows of a file that the other file has not shown yet."""

    def __init__(self) -> None:
        self.rows: set[str] = set()
        self.bad = False
        self._order: list[str] = []  # these rows as they came, and some that wait no more
        self._latest: list[str] = []

    def take(self, block: Block, other: _Waiting) -> None:
        """Let a block's rows wait, but those that the other file has waiting: these are settled."""
        shared = other.rows.intersection(block.raw)
        other.rows -= shared
        waiting = list(filterfalse(shared.__contains__, block.raw))
        self.rows.update(waiting)
        self.bad |= bool(block.bad)
        self._latest += waiting
        if len(self._latest) > _FEW:
            self._order += filter(self.rows.__contains__, self._latest)
            self._latest.clear()

    def creatives(self, form: Form) -> list[Creative] | None:
        """What the rows mean, in the file's order; None if one means nothing or two contradict each other."""
        catalogue = Catalogue()
        rows = filter(self.rows.__contains__, [*self._order, *self._latest])
        # A row was read without a carriage return at its end, or with all but one: the one goes back.
        text = "".join(f"{row}\r\n" for row in rows)
        for block in blocks(BytesIO(text.encode()), form, 1, heads_of(form)):
            catalogue.take(block, form)
        catalogue.index()
        odd = self.bad or catalogue.bad or catalogue.doubtful or catalogue.conflicts
        return None if odd else list(catalogue.creatives())


def _id(creative: Creative) -> str:
    return creative.creative_id
