"""What may have been meant by a name or an ID that the library does not know."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress

from tjtools.cache.library import Answer, Library
from tjtools.model.cells import told_id
from tjtools.model.creative import Creative
from tjtools.model.errors import TrackingFileError
from tjtools.model.names import folded, meant
from tjtools.workspace.csvfile import read_table
from tjtools.workspace.folder import Workspace

MOST_ASKED = 20  # in vain; of more it would take long, and be no help
SHORT = 4  # letters; what is shorter is like too much
_ENDING = re.compile(r"\.[a-z0-9]{1,5}(?=\0|$)")
_BETWEEN_WORDS = dict.fromkeys(map(ord, " _-.,()&+"))


def near(library: Library, answers: Iterable[Answer]) -> dict[str, tuple[Creative, ...]]:
    """Of each of a few that were asked in vain, the creatives that may have been meant; of many, of none.

    Those whose ID or name is as asked, but for a letter, and those that have it as a part of their name. One letter may
    be another, too many or lacking, or two have changed places. Capitals, the name's ending and what stands between
    words don't count.
    """
    lost = [*dict.fromkeys(asked for asked, match in answers if not any(match))]
    if not lost or len(lost) > MOST_ASKED:
        return {}
    creatives, its = [*library], ["".join(meant(asked)[-1:]).replace("\0", "") for asked in lost]  # an address has %00
    plain = "\0".join([*its, *(one.filename for one in creatives)]).lower()
    words = _ENDING.sub("", plain).translate(_BETWEEN_WORDS).split("\0")
    named = [*zip(creatives, words[len(its) :], strict=True)]
    return {asked: _like(it, named) for asked, it in zip(lost, words, strict=False)}


def made_of(library: Library, answers: Iterable[Answer], workspace: Workspace) -> dict[str, tuple[Creative, ...]]:
    """Of each name that was asked in vain, the creatives that were made of a delivered file of that name.

    The master inventory tells it, by its `original_filename`, with or without its ending. It counts neither as there
    nor as the same: many a delivery has a `banner.png`.
    """
    lost = {asked: _plain(asked) for asked, match in answers if not any(match)}
    made: dict[str, dict[str, None]] = {}
    with suppress(TrackingFileError):  # what is wrong with the master says `tjtools doctor`
        for row in read_table(workspace.master, ("new_filename",)).rows if lost else ():
            name = _plain(row.get("original_filename", ""))
            for one in {name, name.rpartition(".")[0]} - {""}:
                made.setdefault(one, {})[told_id(row.get("tj_creative_id", ""))] = None
    known = {one.creative_id: one for one in library} if any(name in made for name in lost.values()) else {}
    found = {asked: tuple(known[one] for one in made.get(name, ()) if one in known) for asked, name in lost.items()}
    return {asked: creatives for asked, creatives in found.items() if creatives}


def _plain(asked: str) -> str:
    """A name as it is compared: without the path before it; capitals, and how an accent is written, don't count."""
    return folded("".join(meant(asked)[-1:]))


def _like(it: str, named: Iterable[tuple[Creative, str]]) -> tuple[Creative, ...]:
    if len(it) < SHORT:
        return ()
    ids = [one for one, _ in named if it.isdecimal() and _is_one_off(it, one.creative_id)]
    found = [one for one, name in named if _is_one_off(it, name)]
    ids.sort(key=lambda one: one.creative_id)
    return tuple(dict.fromkeys([*ids, *found, *(one for one, name in named if it in name)]))


def _is_one_off(one: str, other: str) -> bool:
    """Whether at most one letter is another, too many or lacking, or two have changed places."""
    if abs(len(one) - len(other)) > 1:
        return False
    same = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    one, other = one[same:], other[same:]
    return other in (one[1:], one[1::-1] + one[2:]) or other[1:] in (one, one[1:])
