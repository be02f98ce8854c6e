"""Whether an ad of a campaign CSV has the creatives that it is named after: each known, of its section, of its pair."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from tjtools.cache.library import Library
from tjtools.model.cells import told_id
from tjtools.model.creative import Creative, CreativeType, Section, base_id
from tjtools.model.names import is_rounded, is_source, match_key, pair_key, same_name

NATIVE = {
    "Video Creative ID": Section.NATIVE_ROLLOVER,
    "Thumbnail Creative ID": Section.NATIVE_STATIC_BANNER,
}
PREROLL = {
    "Creative ID": Section.IN_STREAM_VIDEO,
    "Banner CTA Creative ID": Section.STATIC_BANNER,
}
_VIDEO, _THUMBNAIL = NATIVE
_MAIN, _BANNER = PREROLL


class PairsTold:
    """Which creatives are halves of one native pair, as the master and each status CSV say: the pair ID or unique IDs.

    An ID that was rounded, or that one file gives to several videos or images, says nothing.
    """

    def __init__(self) -> None:
        self._of_creative: dict[str, set[tuple[Path, str]]] = {}
        self._names: dict[tuple[Path, str], dict[CreativeType, set[str]]] = {}

    def take(self, path: Path, name: str, creative_id: str, row: Mapping[str, str]) -> None:
        """Take in a row of one of these files."""
        try:
            kind = CreativeType.parse(row["creative_type"])
        except ValueError:
            return
        if kind not in (CreativeType.NATIVE_VIDEO, CreativeType.NATIVE_IMAGE) or is_source(name):
            return
        for identity in {base_id(row.get(column, "")) for column in ("native_pair_id", "unique_id")}:
            if identity and not is_rounded(identity):
                if creative_id:
                    self._of_creative.setdefault(creative_id, set()).add((path, identity))
                self._names.setdefault((path, identity), {}).setdefault(kind, set()).add(match_key(name))

    def together(self, one: str, other: str) -> bool:
        """Whether they say that the creatives with these two IDs are one pair."""
        common = self._of_creative.get(one, set()) & self._of_creative.get(other, set())
        return any(all(len(names) == 1 for names in self._names[said].values()) for said in common)


def wrong_ids(row: Mapping[str, str], library: Library, pairs: PairsTold) -> Iterator[str]:
    """What is wrong with the Creative IDs of an ad, in words."""
    for column, section in (NATIVE if _VIDEO in row else PREROLL).items():
        creative_id, ad = row.get(column, ""), f"the ad {row['Ad Name']!r} has"
        if creative_id.strip():
            why = _why_wrong(row, column, section, library.get(told_id(creative_id)), pairs)
            yield from [f"{ad} the {column} {creative_id}, which is {why}"] if why else []
        elif column != _BANNER:
            yield f"{ad} no {column}"


def _why_wrong(
    row: Mapping[str, str], column: str, section: Section, known: tuple[Creative, ...], pairs: PairsTold
) -> str:
    if not known:
        return "not known to the library"
    held = " and ".join(repr(one.filename) for one in known)
    here = [one for one in known if one.creative_type is None or one.creative_type.section is section]
    if not here:
        sections = {one.creative_type.section.value for one in known if one.creative_type}
        return f"{held} in {' and '.join(sorted(sections))}"
    names, ad = [one.filename for one in here], row["Ad Name"]
    if column in (_VIDEO, _MAIN) and not any(same_name(name, ad) for name in names):
        return held
    if column == _THUMBNAIL and not any(pair_key(name) == pair_key(ad) != "" for name in names):
        told = pairs.together(told_id(row[_VIDEO]), told_id(row[_THUMBNAIL]))
        return "" if told else f"{held}, and neither names nor inventories say that it is of this ad's pair"
    return ""
