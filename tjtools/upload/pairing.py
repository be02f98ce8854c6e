"""Which Creative ID a file got: told by name, section and newness, never by position."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from tjtools.cache.library import Library
from tjtools.model.cells import is_id
from tjtools.model.creative import Key, SessionFile, UploadStatus
from tjtools.model.names import as_sent, as_shown, file_type
from tjtools.site import Card, FileResult, FileState

TOLD = "the library has it under this whole name"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one file; `creative_id` is `""` where none is known.

    `card` is the card that told the ID, `candidates` are all cards that came into question. `open`: nobody waited to
    the end, so the site may still come to show it.
    """

    file: SessionFile
    status: UploadStatus
    creative_id: str = ""
    message: str = ""
    card: Card | None = None
    candidates: tuple[Card, ...] = ()
    open: bool = False


def is_newer(creative_id: str, than: str) -> bool:
    """Whether one ID was given after another; IDs are decimal digits and grow.

    >>> is_newer("1032530571", "1032530561"), is_newer("999", "1032530561"), is_newer("7", "")
    (True, False, True)
    """
    return age_of(creative_id) > age_of(than)


def age_of(creative_id: str) -> tuple[int, str]:
    """By what IDs are ordered: their digits, as a number."""
    return len(creative_id), creative_id


def pair(
    handed: Sequence[SessionFile],
    results: Mapping[str, FileResult],
    new: Sequence[Card],
    old: Sequence[Card] = (),
    sizes: Mapping[Key, str] | None = None,
) -> tuple[Outcome, ...]:
    """Say of each file that was handed over what came of it.

    `results` is the site's word on each, by file name. `new` are the cards of the batch's section that were not there
    before; `old` those that were. `sizes` are the files' true `WIDTHxHEIGHT`: a card that shows another size, or
    another file type, is somebody else's.

    A card bears a file's name if it is called as the file is, less one extension. A file whose one new card bears its
    name has that card's ID. A file without a new card is a duplicate if one old card bears its name. Anything else is
    unknown, and says why.
    """
    shown = {file: as_shown(file.name) for file in handed}
    together = Counter(name for file in handed for name in shown[file])
    return tuple(
        _outcome(
            file,
            results[file.name],
            _bearing(shown[file], new),
            _bearing(shown[file], old),
            (sizes or {}).get(file.key, ""),
        )
        if all(together[name] == 1 for name in shown[file])
        else Outcome(file, UploadStatus.UNKNOWN_ID, message="two files of this batch bear one name on the site")
        for file in handed
    )


def as_told(one: Outcome, library: Library, newest_before: str) -> Outcome:
    """The same; of several candidates the one that the library has under the file's whole name is it.

    For so a person has said (`tjtools add`): a name that was read off the site has no extension.
    """
    mine = [card for card in one.candidates if one.file.name in [row.filename for row in library.get(card.creative_id)]]
    if one.status is not UploadStatus.UNKNOWN_ID or len(mine) != 1 or len(one.candidates) == 1:
        return one
    new = is_newer(mine[0].creative_id, newest_before)
    status = UploadStatus.SUCCESS if new else UploadStatus.DUPLICATE
    return replace(one, status=status, creative_id=mine[0].creative_id, message=TOLD, card=mine[0])


def _bearing(names: Iterable[str], cards: Sequence[Card]) -> list[Card]:
    return [card for name in names for card in cards if as_sent(card.name) == name]


def _outcome(file: SessionFile, result: FileResult, new: list[Card], old: list[Card], size: str) -> Outcome:
    if result.state is FileState.REFUSED and not new:
        return Outcome(file, UploadStatus.FAILED, message=result.message or "the site refused it and gave no reason")
    candidates = tuple(new or old)
    if why := _doubt(file, result, candidates, size):
        return Outcome(file, UploadStatus.UNKNOWN_ID, message=why, candidates=candidates)
    card = candidates[0]
    if new:
        return Outcome(file, UploadStatus.SUCCESS, card.creative_id, card=card, candidates=candidates)
    told = f"the section held this name already, as {card.creative_id}: the site dropped the file in silence"
    return Outcome(file, UploadStatus.DUPLICATE, card.creative_id, told, card, candidates)


def _doubt(file: SessionFile, result: FileResult, candidates: tuple[Card, ...], size: str) -> str:
    """Why no ID can be written for the file; `""` where exactly one creative is it."""
    if not candidates:
        return result.message or "the site took it, and no creative of its name has shown in the list"
    card, ids = candidates[0], ", ".join(card.creative_id for card in candidates)
    if result.state is FileState.REFUSED:
        return f"the site said {result.message!r}, yet a new creative bears this name: {ids}"
    if len(candidates) > 1:
        return f"several creatives bear this name: {ids}"
    shown, has = file_type(f"x.{card.file_type.lstrip('.')}"), file_type(file.name)
    contradictions = {
        "its ID on the page is no number": not is_id(card.creative_id),
        f"shows {card.dimensions} where the file has {size}": size and card.dimensions and card.dimensions != size,
        f"shows the type {shown} where the file has {has}": shown and has and shown != has,
    }
    return next((f"creative {ids} bears this name, but {why}" for why, holds in contradictions.items() if holds), "")
