"""Whether the ads of the campaign CSVs bear the right Creative IDs, and texts that the campaign uploader takes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tjtools.cache.library import Library
from tjtools.model.cells import told_id
from tjtools.model.creative import Creative, CreativeType, Section, base_id
from tjtools.model.names import is_name_of_ad, is_rounded, is_source, match_key, pair_key, stem
from tjtools.upload.campaign import CAPPED
from tjtools.workspace.csvfile import Table
from tjtools.workspace.limits import CampaignCaps

_NATIVE = {"Video Creative ID": Section.NATIVE_ROLLOVER, "Thumbnail Creative ID": Section.NATIVE_STATIC_BANNER}
_PREROLL = {"Creative ID": Section.IN_STREAM_VIDEO, "Banner CTA Creative ID": Section.STATIC_BANNER}
_VIDEO, _THUMBNAIL = _NATIVE
_MAIN, _BANNER = _PREROLL
_HALVES = (CreativeType.NATIVE_VIDEO, CreativeType.NATIVE_IMAGE)


class Pairs(NamedTuple):
    """What master and status CSVs tell of Creative IDs: their unique IDs, and of which pairs they are halves.

    A pair is known by the file, and its pair or unique ID. One that was rounded, or that one file gives to several
    videos or images, says nothing. Of a row that has no Creative ID, the halves are by its type and name.
    """

    unique: Mapping[str, Set[str]]
    halves: Mapping[str, Set[tuple[Path, str]]]

    @classmethod
    def of(cls, tables: Iterable[Table]) -> Pairs:
        """Read them off the rows."""
        unique, halves = defaultdict[str, set[str]](set), defaultdict[str, set[tuple[Path, str]]](set)
        names = defaultdict[tuple[Path, str, CreativeType | None], set[str]](set)
        for path, row in ((table.path, row) for table in tables for row in table.rows):
            creative_id = told_id(row.get("tj_creative_id", ""))
            if own := row.get("unique_id", "").strip():
                unique[creative_id].add(f"ID-{own.upper().removeprefix('ID-')}")
            name, kind = row.get("new_filename") or row.get("file_name", ""), None
            with suppress(ValueError):
                kind = CreativeType.parse(row["creative_type"])
            if kind not in _HALVES or is_source(name):
                continue
            for identity in {base_id(row.get(column, "")) for column in ("native_pair_id", "unique_id")}:
                if identity and not is_rounded(identity):
                    names[path, identity, kind].add(match_key(name))
                    halves[creative_id or _named(kind, name)].add((path, identity))
        shared = {(path, identity) for (path, identity, _), several in names.items() if len(several) > 1}
        return cls(unique, {of: told - shared for of, told in halves.items()})

    def of_half(self, creative_id: str, kind: CreativeType, known: Iterable[Creative]) -> set[tuple[Path, str]]:
        """The pairs of which this creative is half; `known` is what the library knows of it."""
        keys = (creative_id, *(_named(kind, one.filename) for one in known))
        return set().union(*(self.halves.get(key, ()) for key in keys))


def _named(kind: CreativeType, name: str) -> str:
    return f"{kind.value} {match_key(name)}"


class Ads(NamedTuple):
    """What ads are compared with; `suffixes` are those that a user knows of the name of a pair's half."""

    library: Library
    pairs: Pairs
    suffixes: tuple[str, ...]
    caps: CampaignCaps

    def wrong(self, table: Table) -> Iterator[tuple[int, str]]:
        """What is wrong in a campaign CSV, with its line: 1 where the header lacks a column."""
        columns = _NATIVE if _VIDEO in table.header else _PREROLL
        lacking = [column for column in columns if column not in (*table.header, _BANNER)]
        if table.rows and lacking:
            yield 1, f"the header lacks {', '.join(lacking)}."
            return
        for line, row in zip(table.lines, table.rows, strict=True):
            named = self._named(row, next(iter(columns)))
            whys = [self._why_wrong(row, column, section, named) for column, section in columns.items()]
            for why in filter(None, (*self._too_long(row), *whys)):
                yield line, f"the ad {row['Ad Name']!r} has {why}"

    def _too_long(self, row: Mapping[str, str]) -> Iterator[str]:
        for column, cap in CAPPED.items():
            length, most = len(row.get(column, "")), getattr(self.caps, cap)
            if length > most:
                yield f"a {column} of {length} characters, the campaign uploader takes {most}"

    def _named(self, row: Mapping[str, str], column: str) -> set[str]:
        """The ad's name, and those of its creative that it may be cut from."""
        creative_id, ad = told_id(row.get(column, "")), row["Ad Name"]
        ids, most = (*self.pairs.unique.get(creative_id, ()), creative_id), self.caps.ad_name
        names = (one.filename for one in self.library.get(creative_id))
        return {ad, *(name for name in names if is_name_of_ad(ad, name, ids, most))}

    def _why_wrong(self, row: Mapping[str, str], column: str, section: Section, named: Set[str]) -> str:
        creative_id = row.get(column, "")
        if not creative_id.strip():
            return "" if column == _BANNER else f"no {column}"
        known, it = self.library.get(told_id(creative_id)), f"the {column} {creative_id}, which is"
        if not known:
            return f"{it} not known to the library"
        held = f"{it} {' and '.join(repr(one.filename) for one in known)}"
        here = [one for one in known if one.creative_type is None or one.creative_type.section is section]
        if not here:
            sections = {one.creative_type.section.value for one in known if one.creative_type}
            return f"{held} in {' and '.join(sorted(sections))}"
        if column in (_VIDEO, _MAIN) and not any(one.filename in named for one in here):
            return held
        if column == _THUMBNAIL and not self._alike(named, here):
            ids = [told_id(row[half]) for half in _NATIVE]
            of = [self.pairs.of_half(key, kind, self.library.get(key)) for key, kind in zip(ids, _HALVES, strict=True)]
            if not of[0] & of[1]:
                return f"{held}, and neither names nor inventories say that it is of this ad's pair"
        return ""

    def _alike(self, videos: Set[str], images: Sequence[Creative]) -> bool:
        """Whether an image is called as one of the videos, or, where the library has none such, like it."""
        alike, kind = {pair_key(name, self.suffixes) for name in videos}, CreativeType.NATIVE_IMAGE
        there = (one for name in videos for one in self.library.find(stem(name), kind).there)
        same = {one.creative_id for one in there if one.creative_type is kind}
        keys = {one.creative_id: pair_key(one.filename, self.suffixes) for one in images}
        return any(ID in same or (key in alike and (not same or key.startswith("ID "))) for ID, key in keys.items())
