"""Names that break the convention, each with the name that it would have by what is known; nothing is renamed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeVar

import pandas as pd

from tjtools.analysis.frame import on_site, values_of
from tjtools.cache.catalogue import uncollected
from tjtools.model.creative import Medium, Section, base_id
from tjtools.model.names import extension, match_key, parse_name, stem

UNKNOWN_PART = "{%s}"  # stands in a suggested name for what nobody knows
_BY_ID, _BY_NAME, _BY_ITSELF = "inventory, by Creative ID", "inventory, by name", "the name itself"
_HALVES = {Section.NATIVE_ROLLOVER.value: "VID", Section.NATIVE_STATIC_BANNER.value: "IMG"}
_MOVING = {section.value for section in Section if section.creative_type.medium is Medium.MOVING}
Key = TypeVar("Key")


class Suggestion(NamedTuple):
    """A name by the convention. `name` is `""` where nothing is known, and holds `{Part}` for a part that isn't.

    `known_from` says where the parts come from, `unknown` lists the parts that nobody knows.
    """

    name: str = ""
    known_from: str = ""
    unknown: str = "all parts"


@uncollected()
def suggested_names(frame: pd.DataFrame, inventory: pd.DataFrame) -> pd.DataFrame:
    """The creatives on the site whose name breaks the convention, and the name that each would have.

    `inventory` is `session.inventory_frame`'s. Facts come from its row of the Creative ID, else from the one row that
    has the name, now or before it was renamed, else from the name itself if it nearly follows the convention. Two rows
    that contradict each other tell nothing. One row a creative, those with a suggestion first: `filename`,
    `suggested` (`""` where nothing is known; `{Type}` stands for a part that nobody knows), `known_from`, `unknown`
    (the parts that nobody knows), `section`, `review_status`, `creative_id` (all str).
    """
    there = on_site(frame)
    broken = there[~there["by_convention"]]
    found = pd.DataFrame(
        {
            "filename": broken["filename"],
            "section": values_of(broken, "section"),
            "review_status": broken["review_status"].astype(str),
            "creative_id": broken["creative_id"],
        }
    )
    facts = _Facts(inventory)
    told = [facts.suggest(*one) for one in zip(found["creative_id"], found["filename"], found["section"], strict=True)]
    for place, column in enumerate(("suggested", "known_from", "unknown")):
        found[column] = pd.Series([one[place] for one in told], index=found.index, dtype="str")
    order = (found["suggested"] == "").astype(int) + found["suggested"].str.contains("{", regex=False)
    found = found.assign(order=order.where(found["suggested"] != "", 2)).sort_values("order", kind="stable")
    columns = ["filename", "suggested", "known_from", "unknown", "section", "review_status", "creative_id"]
    return found.reset_index(drop=True)[columns]


class _Facts:
    """The inventory's rows, found by Creative ID and by name; contradicting rows are none."""

    def __init__(self, inventory: pd.DataFrame) -> None:
        self.by_id: dict[str, dict[str, str] | None] = {}
        self.by_name: dict[tuple[str, str], dict[str, str] | None] = {}
        rows: list[dict[str, str]] = inventory.to_dict("records")  # type: ignore[assignment]
        for row in rows:
            if row["tj_creative_id"]:
                _note(self.by_id, row["tj_creative_id"], row)
            for name in {match_key(row[column]) for column in ("new_filename", "original_filename") if row[column]}:
                _note(self.by_name, (row["section"], name), row)

    def suggest(self, creative_id: str, filename: str, section: str) -> Suggestion:
        """What the creative would be called."""
        for row, source in (
            (self.by_id.get(creative_id), _BY_ID),
            (self.by_name.get((section, match_key(filename))), _BY_NAME),
        ):
            if row:
                return _from_row(row, source)
        tidy = tidied(filename)
        return Suggestion(tidy, _BY_ITSELF, "") if tidy else Suggestion()


def _note(known: dict[Key, dict[str, str] | None], key: Key, row: dict[str, str]) -> None:
    """A second row that says something else makes both worthless: nobody knows which is meant."""
    before = known.setdefault(key, row)
    if before is not row and before is not None and _from_row(before, "") != _from_row(row, ""):
        known[key] = None


def _from_row(row: Mapping[str, str], source: str) -> Suggestion:
    """The name that the inventory gives the file, if it follows the convention, else one made of the row's columns."""
    if parse_name(row["new_filename"]):
        return Suggestion(row["new_filename"], source, "")
    parts = dict(_parts(row))
    unknown = [name for name, value in parts.items() if not value]
    shown = {name: value or UNKNOWN_PART % name for name, value in parts.items()}
    half = _HALVES.get(row["section"], "")
    begin, end = (f"{half}_", f"-{half}") if half else ("", "")
    unique_id = shown.pop("UniqueID")
    name = f"{begin}{'_'.join(shown.values())}_ID-{unique_id}{end}"
    ending = extension(row["new_filename"]) or extension(row["original_filename"])
    known = {one for one in parts if parts[one]} - {"Duration"}
    if not known or (not unknown and not parse_name(name)):
        return Suggestion("", source if known else "", "a part that the convention can write" if known else "all parts")
    return Suggestion(f"{name}.{ending}" if ending else name, source, ", ".join(unknown))


def _parts(row: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The parts that the name needs, in their order; `""` for one that the row does not tell."""
    yield "Language", language if re.fullmatch("[A-Z]{2,3}", language := row["language"].strip().upper()) else ""
    yield "Category", _word(row["category"])
    told, creator = _word(row["content_type"]), row["creator_name"].strip().replace(" ", "-")
    rating = told.upper() if told.upper() in {"SFW", "NSFW"} else ""
    if told or creator:
        yield "Rating", rating
        yield "Type", "" if rating else told
        yield "Creator", creator
    if row["section"] in _MOVING:
        duration = re.fullmatch(r"(\d+)(?:[.,](\d+))?", row["duration_seconds"].strip())
        yield "Duration", f"{round(float('.'.join(filter(None, duration.groups()))))}sec" if duration else ""
    unique_id = re.match("[0-9A-Fa-f]{8}(?![0-9A-Fa-f])", base_id(row["unique_id"]))
    yield "UniqueID", unique_id[0].upper() if unique_id else ""


def _word(text: str) -> str:
    """A part as the convention can write it: without the mark that stands between two parts."""
    return "-".join(re.split(r"[\s_]+", text.strip()))


_NEARLY = (
    (r"[\s_]+", "_"),
    (r"(?i)^(VID|IMG|ORG)[_-]", lambda found: found[1].upper() + "_"),
    (r"(?i)^((?:VID|IMG|ORG)_)?([A-Z]{2,3})_", lambda found: (found[1] or "") + found[2].upper() + "_"),
    (r"(?i)_(N?SFW)_", lambda found: f"_{found[1].upper()}_"),
    (r"(?i)_(\d+)_?s(?:ec|ecs|econds)?_", r"_\1sec_"),
    (r"(?i)_ID[-_]?([0-9A-F]{8})", lambda found: f"_ID-{found[1].upper()}"),
    (r"(?i)[-_](VID|IMG)$", lambda found: "-" + found[1].upper()),
)


def tidied(filename: str) -> str:
    """The name as the convention writes it, where nothing is wrong but blanks, marks and capitals; else `""`.

    >>> tidied("vid en Sports 4 sec id_12345678 vid.mp4")
    'VID_EN_Sports_4sec_ID-12345678-VID.mp4'
    >>> tidied("banner 3 final")
    ''
    """
    if "id" not in filename.casefold():
        return ""
    name = stem(filename).strip()
    for wrong, right in _NEARLY:
        name = re.sub(wrong, right, name)
    ending = extension(filename)
    return f"{name}.{ending}" if ending and parse_name(name) else name if parse_name(name) else ""
