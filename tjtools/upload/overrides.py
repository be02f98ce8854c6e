"""What single ads are to say instead of the settings: `tracking/campaign_overrides.csv`, which a person writes.

Each line names its ads by `name`, `creative_id` or `category` (by all that it has), and says `target_url`, `headline`,
`brand_name`, `call_to_action` or some of them. An ID goes before a name, and a name before a category.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tjtools.model.cells import read_id
from tjtools.model.errors import TrackingFileError, WrongHeader
from tjtools.model.names import match_key
from tjtools.upload.campaign import Half, why_no_address
from tjtools.workspace.csvfile import BadLine, Table, read_table
from tjtools.workspace.limits import CampaignCaps

KEYS = ("creative_id", "name", "category")  # the one that goes first, first
VALUES = ("target_url", "headline", "brand_name", "call_to_action")
_REMEDY = f"The first line names at least one of {', '.join(KEYS)}, and of {', '.join(VALUES)} what is to be said."


class Override(NamedTuple):
    """One line: what names its ads, what these are to say, and why it can't be used, `""` if it can."""

    line: int
    keys: Mapping[str, str]
    values: Mapping[str, str]
    why: str = ""

    def is_of(self, halves: Iterable[Half]) -> bool:
        """Whether it is of the ad of these: one of them is all that it names."""
        return any(all(_key(key, getattr(half, key)) == told for key, told in self.keys.items()) for half in halves)


class Overrides(NamedTuple):
    """The lines that name ads, and all that can't be used, with the reason."""

    path: Path
    lines: tuple[Override, ...] = ()
    bad: tuple[BadLine, ...] = ()

    @classmethod
    def load(cls, path: Path, caps: CampaignCaps, *, needed: bool = False) -> Overrides:
        """Read them; raises WrongHeader, NotText, and TrackingFileError for one that is `needed` and not there."""
        if needed and not path.is_file():
            raise TrackingFileError("there is no such file.", path=path, remedy="Name a CSV of overrides.")
        table, lines, bad = _table(path), list[Override](), list[BadLine]()
        for line, row in zip(table.lines, table.rows, strict=True):
            one = _read(line, row, caps, lines)
            if one.why:
                bad.append(BadLine(line, one.why, ",".join(row.values())))
            if one.keys:
                lines.append(one)
        return cls(path, tuple(lines), tuple(sorted([*table.bad, *bad])))

    def of(self, halves: Iterable[Half]) -> dict[str, Override]:
        """The line that says it, for each column of which one says something for the ad of these."""
        there = [*halves]
        found = [one for one in self.lines if one.is_of(there)]
        found.sort(key=lambda one: min(map(KEYS.index, one.keys)), reverse=True)  # of two alike, the later one
        return {column: one for one in found for column in one.values}

    def unused(self, halves: Iterable[Half]) -> tuple[int, ...]:
        """The numbers of the lines that are of none of these."""
        there = [*halves]
        return tuple(one.line for one in self.lines if not one.is_of(there))


def _table(path: Path) -> Table:
    for key in KEYS:
        with suppress(WrongHeader):
            table = read_table(path, [key])
            if {*table.header} & {*VALUES} or not table.form:
                return table
    raise WrongHeader(
        "it does not say which ads are meant, or what they are to say.", path=path, line=1, remedy=_REMEDY
    )


def _read(line: int, row: Mapping[str, str], caps: CampaignCaps, before: Iterable[Override]) -> Override:
    told = {column: text for column in (*KEYS, *VALUES) if (text := row.get(column, "").strip())}
    values = {column: told[column] for column in VALUES if column in told}
    try:
        told |= {key: read_id(told[key]) for key in KEYS[:1] if key in told}
    except ValueError as error:
        return Override(line, {}, values, str(error))
    keys = {key: _key(key, told[key]) for key in KEYS if key in told}
    whys = [
        *_refused(values, caps),
        *(
            f"line {one.line} says something else of the same ads"
            for one in before
            if one.keys == keys and any(values.get(column, said) != said for column, said in one.values.items())
        ),
    ]
    if not keys:
        whys = [f"it names no ads: it has none of {', '.join(KEYS)}"]
    return Override(line, keys, values, "; ".join(whys))


def _refused(values: Mapping[str, str], caps: CampaignCaps) -> Iterator[str]:
    """What the campaign uploader would not take."""
    for column, text in values.items():
        most = getattr(caps, column, len(text))
        if len(text) > most:
            yield f"its {column} has {len(text)} characters; the campaign uploader takes at most {most}"
    if why := why_no_address(values["target_url"]) if "target_url" in values else "":
        yield why


def _key(key: str, text: str) -> str:
    return match_key(text) if key == "name" else composed(text)


def composed(text: str) -> str:
    """A category as it is compared: its blanks count, how its letters are composed does not."""
    return unicodedata.normalize("NFC", text.strip())
