"""Campaign files of what is approved: what would be written and what is left out, and with one more click the files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import ClassVar

import ipywidgets as w
import pandas as pd
from traitlets import Instance, Tuple, Unicode

from tjtools.model.creative import Section
from tjtools.model.words import counted
from tjtools.upload.on_demand import Asked, Campaign, plan_campaign
from tjtools.upload.run_files import zipped
from tjtools.widgets.markup import Markup, Node, Saved, alert, folded, lines, node, note
from tjtools.widgets.panel import Panel, python
from tjtools.widgets.view import (
    Table,
    button,
    call_view,
    choice,
    column,
    error_view,
    linked,
    row,
    tied,
    told,
    unfolding,
    way_on,
)

CALL = python(
    "campaign = plan_campaign(workspace, Asked(categories=()), now=datetime.now(tz=UTC))\n"
    "campaign.ads, campaign.left_out  # campaign.write(workspace) writes the files",
    "tjtools import Workspace",
    "tjtools.upload.on_demand import Asked, plan_campaign",
)
SECTIONS = {"Native pairs": Section.NATIVE_ROLLOVER, "In-stream videos": Section.IN_STREAM_VIDEO}
ASKED = ("section", "category", "since")
NARROW = w.Layout(width="13em")


class CampaignFiles(Panel):
    """`plan` makes `found`, the ads of what is approved now and what makes none; `write` writes them down (`written`).

    `section`, `category` and `since` are what is asked for; who changes one sees the plan change.
    """

    title: ClassVar[str] = "Campaign files"
    call = Unicode(CALL)
    section = Instance(Section, allow_none=True)
    category = Unicode()
    since = Instance(date, allow_none=True)
    found = Instance(Campaign, allow_none=True)
    written = Tuple()
    note = Unicode()

    def set_up(self) -> None:
        self.observe(lambda _change: self.plan(), [*ASKED])

    def plan(self) -> None:
        """Look at what is approved now; nothing is written."""
        with self.attempt():
            self.found, self.written, self.note = None, (), ""
            categories = (self.category,) if self.category else ()
            asked = Asked(self.section, categories, self.since)
            self.found = plan_campaign(self.workspace, asked, now=self.clock())

    def write(self) -> None:
        """Write what is shown; where something else is approved by now, that is shown first."""
        shown = self.found
        self.plan()
        if shown is None or self.found is None or self.found.too_old:  # which is said already
            return
        if self.found.ads != shown.ads:
            self.note = "What is approved has changed meanwhile: look at it, and press again."
            return
        with self.attempt():
            self.written = tuple(one.path for one in self.found.write(self.workspace))

    def come_back(self) -> None:
        if self.found and not self.written:
            self.plan()

    @property
    def writable(self) -> bool:
        """Whether there is something to write, and its statuses are to be trusted."""
        return bool(self.found and self.found.ads and not self.found.too_old and not self.written)

    @property
    def ads(self) -> pd.DataFrame:
        """The ads, one a row."""
        rows = [
            (
                one.values["Ad Name"],
                one.kind,
                " + ".join(text for name, text in one.values.items() if name.endswith("Creative ID") and text),
                one.values.get("Headline") or one.values.get("Custom CTA Text", ""),
                one.values["Target URL"],
            )
            for one in (self.found.ads if self.found else ())
        ]
        return pd.DataFrame(rows, columns=["ad", "kind", "Creative IDs", "headline or call", "leads to"], dtype="str")

    @property
    def left_out(self) -> pd.DataFrame:
        """What makes no ad, one creative a row, those first that may be approved."""
        found = sorted(self.found.left_out if self.found else (), key=lambda one: not (one.why and one.why.of_approved))
        rows = [(one.first.name, one.first.creative_id, one.told) for one in found]
        return pd.DataFrame(rows, columns=["name", "Creative ID", "why"], dtype="str")

    def packed(self) -> bytes:
        """All that was written, as one zip; raises OSError where a file of it can't be read."""
        return zipped(self.written)

    def told(self) -> Iterable[str]:
        if self.found is None:
            return (f"{self.title}: not looked at yet",)
        written = f"{counted(len(self.written), 'file')} written" if self.written else "nothing written"
        return (finding(self.found), *(f"{number:,} {why}" for why, number in self.found.counts.items()), written)

    def press(self) -> None:
        self.plan()  # and no more: what a notebook writes by itself would lie beside what a person has written


def finding(found: Campaign) -> str:
    """How many ads there are, in a sentence."""
    if not found.ads:
        return "Nothing is approved that makes an ad"
    kinds = Counter(one.kind for one in found.ads)
    return f"{counted(len(found.ads), 'ad')}: {', '.join(f'{number:,} {kind}' for kind, number in kinds.items())}"


def campaign_view(panel: CampaignFiles) -> w.Widget:
    """A heading that is opened with one click, and then shows what would be written."""

    def opened() -> w.Widget:
        panel.plan()
        return _inside(panel)

    heading = unfolding("Campaign files of what is approved", opened)
    return column(heading, heading.room, css="tj-exhibit")


def _inside(panel: CampaignFiles) -> w.Widget:
    changes = "found written note"
    write = button("", panel.write, style="primary", icon="save", title="Write them into tracking/Upload_CSV")
    tied(panel, changes, write, description=lambda: _to_write(panel), shown=lambda: panel.writable)
    sync = tied(
        panel,
        changes,
        way_on(panel, "sync", "Bring the statuses up to date", style="primary"),
        shown=lambda: panel.found and panel.found.too_old,
    )
    saved = Saved("Save all as zip", "campaign_files.zip", panel.packed)
    tied(panel, changes, saved, shown=lambda: panel.written)
    return column(
        _asked(panel),
        error_view(panel),
        told(panel, changes, lambda: _standing(panel)),
        row(write, sync, saved),
        tied(panel, "found", column(), fresh=lambda: [Table(panel.ads, what="ads")] if len(panel.ads) else []),
        told(panel, "found", lambda: _said(panel)),
        _left_out(panel),
        call_view(panel),
    )


def _asked(panel: CampaignFiles) -> w.Widget:
    sections = [("All kinds of ads", None), *SECTIONS.items()]

    def categories() -> list[tuple[str, str]]:
        there = panel.found.categories if panel.found else (panel.category,)
        return [("All categories", ""), *((one, one) for one in sorted({*there, panel.category} - {""}))]

    return row(
        choice(panel, "section", lambda: sections, layout=NARROW),
        choice(panel, "category", categories, "found", layout=NARROW),
        Markup("seen to become approved since"),
        linked(panel, "since", w.DatePicker(layout=NARROW)),
    )


def _to_write(panel: CampaignFiles) -> str:
    return f"Write {counted(len(panel.found.files(panel.workspace)), 'file')}" if panel.found else ""


def _standing(panel: CampaignFiles) -> Node | None:
    """What there is to write, or was written, and how old what it rests on is."""
    found = panel.found
    if found is None:
        return None
    if panel.written:
        names = folded(counted(len(panel.written), "file"), lines(one.name for one in panel.written))
        where = node("p", "They are in ", node("code", str(panel.workspace.campaigns)))
        return node("div", node("p", f"✓ Written: {finding(found)}", css="tj-finding"), where, names)
    if found.too_old:
        ages = [note(one) for one in found.aged]
        return alert(node("strong", f"⚠ {found.too_old.message.rpartition(':')[0]}."), *ages)
    unset = [node("p", node("strong", f"⚠ {found.unset}"))] if found.unset and found.ads else []
    changed = [node("p", panel.note, role="status")] if panel.note else []
    return node("div", node("p", finding(found), css="tj-finding"), *unset, *map(note, found.aged), *changed)


def _said(panel: CampaignFiles) -> Node | None:
    """What was cut, and what of the overrides can't be used or names nothing."""
    if panel.found is None:
        return None
    name, cut = panel.found.overrides.path.name, [one for ad in panel.found.ads for one in ad.notes]
    bad = [f"{name}:{one.line}: {one.reason}" for one in panel.found.overrides.bad]
    none = [f"{name}:{line}: nothing is called so" for line in panel.found.unused]
    shown = [alert(node("strong", "Lines that can't be used"), lines(bad))] if bad else []
    return node("div", *shown, *([lines([*none, *cut])] if none or cut else [])) if shown or none or cut else None


def _left_out(panel: CampaignFiles) -> w.Widget:
    heading = unfolding("", lambda: tied(panel, "found", column(), fresh=table))

    def table() -> list[w.Widget]:
        return [Table(panel.left_out, what="left out")] if len(panel.left_out) else []

    def words() -> str:
        counts = panel.found.counts if panel.found else {}
        told = ", ".join(f"{number:,} {why}" for why, number in counts.items())
        return f"Left out: {told}"

    tied(panel, "found", heading, description=words, tooltip=words)
    return tied(panel, "found", column(heading, heading.room), shown=lambda: panel.found and panel.found.left_out)
