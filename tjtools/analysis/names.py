"""What the names of creatives tell, for many at once."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd

from tjtools.model.names import CONVENTION, ParsedName, stem

PARTS = ParsedName._fields
_NOTHING = (None,) * len(PARTS)


def parse_names(names: Iterable[str]) -> pd.DataFrame:
    """One row a name, in their order, with the parts of `naming.ParsedName`; missing where a name lacks the part.

    `duration` is float64, in seconds; the other parts are str. `by_convention` (bool) tells whether the name follows
    the convention at all.

    >>> parse_names(["VID_EN_Sports_4sec_ID-99A0D7C3-VID.mp4", "banner 3 final"])[["category", "by_convention"]]
      category  by_convention
    0   Sports           True
    1      NaN          False
    """
    read = re.compile(CONVENTION, re.VERBOSE | re.DOTALL).fullmatch
    # every name by the convention holds "ID-": the others, about half, need no closer look
    found = [read(stem(name)) if "ID-" in name else None for name in names]
    frame = pd.DataFrame([match.groups() if match else _NOTHING for match in found], columns=list(PARTS), dtype=object)
    frame = frame.astype(dict.fromkeys(PARTS, "str"))
    frame["duration"] = pd.to_numeric(frame["duration"]).astype("float64")
    frame["by_convention"] = [match is not None for match in found]
    return frame.astype({"by_convention": bool})
