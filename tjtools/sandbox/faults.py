"""What the site does wrong on purpose: named faults, each in its place, and each counted when it strikes.

A fault is told as `NAME`, `NAME=TIMES`, `NAME@FROM` or `NAME=TIMES@FROM`: how often it strikes, and from which of the
occasions on which it could.

>>> faults = Faults(["list-500=1@2"])
>>> [faults.strikes("list-500") for _ in range(3)], faults.fired()
([False, True, False], {'list-500': 1})
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterable, Mapping

PLACES = {"page": "the Media Library's page", "list": "a page of the list", "upload": "an upload"}
EVERYWHERE = {
    "slow": "{} is answered late",
    "500": "{} is answered with an internal error",
    "502": "{} is answered by a gateway, with its error",
    "429": "{} is answered with: too many requests, and how long to wait",
    "reset": "the connection is reset instead of an answer to {}",
    "endless": "the answer to {} begins and never ends",
    "expired": "the session has expired when {} is asked for",
    "expired-late": "the session has expired when {} is asked for; the page stays, and goes to a login page late",
    "expired-missed": "the session has expired when {} is asked for; the page stays, and says: We missed you",
    "expired-form": "the session has expired when {} is asked for; the page stays, and shows a sign-in form",
    "alert": "with {} comes an alert box with one button",
    "modal": "with {} comes a modal box with one button",
    "question": "with {} comes a modal box that asks for a decision",
}
KNOWN: Mapping[str, str] = {
    **{f"{place}-{name}": told.format(shown) for place, shown in PLACES.items() for name, told in EVERYWHERE.items()},
    "page-late-banner": "the cookie banner comes late",
    "page-new-section": "there is a section more",
    "page-dead-next": "the link to the next page does nothing",
    "page-other-tab": "a section's tab has another ID",
    "page-other-heading": "the heading is another one",
    "page-other-next": "the link to the next page has another text",
    "page-other-total": "the line below the list counts in other words",
    "page-other-button": "the button that opens the upload panel has another ID",
    "page-other-input": "the panel takes one file at a time",
    "page-other-preview": "a file's preview has another class",
    "list-other-card": "the cards have another class",
    "list-nameless": "the first card has no name",
    "list-cut-name": "the first card's name is cut off",
    "list-odd-status": "the first card has a review status that nobody knows",
    "list-blank": "the cards stay away for a moment",
    "list-empty": "the section says that it is empty",
    "list-shifted": "a creative moves to the page that was read before",
    "list-total-more": "the total is one too many",
    "list-total-less": "the total is one too few",
    "upload-refused": "the file is refused with a reason",
    "upload-refused-mute": "the file is refused without a reason",
    "upload-drop": "the file is dropped in silence",
    "upload-late-card": "the file is taken, and its card comes late",
    "upload-stuck": "the file is taken, and the answer never comes",
    "upload-taken-reset": "the file is taken, and the connection reset",
    "upload-taken-502": "the file is taken, and a gateway answers with its error",
}
SHELLS = ("late", "missed", "form")  # what the signed-in area shows in place of a redirect
BOXES = {
    "alert": "The library will be down for maintenance tonight.",
    "modal": "The library has a new look.",
    "question": "Our terms have changed. Do you accept them?",
}
ON_THE_PAGE = ("late-banner", "dead-next", "other-next", "other-total", "other-preview")  # what its scripts do
OTHERWISE = {
    "page-new-section": ("</nav>\n  <div", '<a class="tab" id="audio_tab" href="#audio">Audio</a></nav>\n  <div'),
    "page-other-tab": ('id="static_tab"', 'id="still_tab"'),
    "page-other-heading": ("MEDIA LIBRARY", "YOUR CREATIVES"),
    "page-other-button": ('id="newImage"', 'id="newCreative"'),
    "page-other-input": ('id="uploadZone"', 'id="uploadZone" data-single'),
    "list-other-card": ("creativeContainer globalCreativeContainer", "creativeTile"),
}


class Faults:
    """The faults that are at work now; any thread may ask. ValueError for one that is told and none."""

    def __init__(self, told: Iterable[str] = ()) -> None:
        self._told: dict[str, tuple[float, int]] = {}  # how often it strikes, and from which occasion on
        self._met, self._fired = Counter[str](), Counter[str]()
        self._lock = threading.Lock()
        self.shell = ""  # what who is not signed in gets from now on: one of SHELLS, or a redirect
        for one in told:
            found = re.fullmatch(r"([a-z0-9-]+)(?:=(\d+))?(?:@([1-9]\d*))?", one)
            if not found or found[1] not in KNOWN:
                raise ValueError(f"{one!r} is no fault; there are {', '.join(KNOWN)}")
            self._told[found[1]] = float(found[2] or "inf"), int(found[3] or 1)

    def strikes(self, name: str) -> bool:
        """Whether this fault strikes now; each question is an occasion."""
        if name not in KNOWN:
            raise KeyError(name)
        with self._lock:
            times, first = self._told.get(name, (0, 1))
            self._met[name] += 1
            struck = self._met[name] >= first and self._fired[name] < times
            self._fired[name] += struck
            return struck

    def fired(self) -> dict[str, int]:
        return {name: self._fired[name] for name in self._told}

    def expires(self, place: str) -> bool:
        """Whether the session has expired now; how the site shows it from then on is in `shell`."""
        struck = [shell for shell in SHELLS if self.strikes(f"{place}-expired-{shell}")]
        self.shell = struck[0] if struck else self.shell
        return bool(struck) or self.strikes(f"{place}-expired")

    def box(self, place: str) -> dict[str, str] | None:
        struck = (kind for kind in BOXES if self.strikes(f"{place}-{kind}"))
        return next(({"kind": kind, "text": BOXES[kind]} for kind in struck), None)

    def otherwise(self, place: str, html: str) -> str:
        for name, (usual, other) in OTHERWISE.items():
            if name.startswith(place) and usual in html and self.strikes(name):
                html = html.replace(usual, other)
        return html
