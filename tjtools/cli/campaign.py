"""`tjtools campaign`: the CSVs for the campaign uploader, of what is approved now."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from tjtools.cli import console, some_of
from tjtools.cli.console import end, listing, out, say
from tjtools.cli.library import run_reading
from tjtools.cli.told import AllOption, line
from tjtools.model.creative import CreativeType, Section
from tjtools.model.words import counted, now
from tjtools.scrape.refresh import NOTHING, apply_update, plan_sync
from tjtools.upload.campaign import Ad, CampaignFile
from tjtools.upload.on_demand import Asked, Campaign, composed, plan_campaign
from tjtools.workspace.folder import Workspace


def _parse_section(text: str) -> CreativeType:
    try:
        return CreativeType.parse(text)
    except ValueError as error:
        making = ", ".join((Section.NATIVE_ROLLOVER.value, Section.IN_STREAM_VIDEO.value))
        raise typer.BadParameter(f"{text!r} is no section that makes ads; {making}") from error


SectionOption = Annotated[
    CreativeType | None,
    typer.Option(
        "--section", parser=_parse_section, metavar="SECTION", help="Native Rollover (pairs), or In-Stream Video."
    ),
]


def campaign(
    workspace: console.WorkspaceOption,
    section: SectionOption = None,
    category: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this category, blanks count; may be given several times."),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DAY", help="Only what was seen to become approved since this day."),
    ] = None,
    overrides: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A CSV of what single ads say; else campaign_overrides.csv.")
    ] = None,
    sync: Annotated[bool, typer.Option("--sync", help="Bring the review statuses up to date first.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be written.")] = False,
    headless: console.HeadlessOption = None,
    everything: AllOption = False,
    as_json: console.JsonOption = False,
) -> None:
    """Make campaign CSVs of what is approved.

    Native pairs of which both halves are approved, and in-stream videos. What makes no ad is listed with the reason.
    Statuses older than max_age_days are refused. A line of tracking/campaign_overrides.csv names ads by name,
    creative_id or category, and says target_url, headline, brand_name or call_to_action.

    Exit codes: 0 all well, 1 something needs a person or there is no ad, 2 error, 3 sign-in needed, 130 stopped.
    """
    if sync:
        _sync(workspace, headless=headless)
    asked = Asked(section.section if section else None, tuple(category or ()), since and since.date(), overrides)
    found = plan_campaign(workspace, asked, now=now())
    writes = not (dry_run or found.too_old)
    files = found.write(workspace) if writes else found.files(workspace)

    def show() -> None:
        _show(found, everything=everything)
        there = [*map(composed, found.categories)]
        for unknown in (one for one in asked.categories if composed(one) not in there):
            out.print(f"There is no {unknown}; there is: {', '.join(there) or 'no category yet'}", style="yellow")
        for one in files:
            done = "Written" if writes else "To be written" if dry_run else "Not written"
            out.print(f"{done}: {one.path} ({counted(len(one.rows), 'ad')})")
        line({"ad" if len(found.ads) == 1 else "ads": len(found.ads)} | found.counts)

    told = of_campaign(found, files, written=writes and bool(files))
    end(told, show, as_json=as_json, needs_a_person=found.needs_a_person, stopped=found.too_old)


def _sync(workspace: Workspace, *, headless: bool | None) -> None:
    update = run_reading(workspace, plan_sync, headless=headless)
    if update.is_void:
        say(f"{NOTHING} tjtools refresh-library reads all.")
        return
    report = apply_update(update, now=now())
    say(f"Statuses brought up to date: {report.difference.told or 'nothing had changed'}")


def _show(found: Campaign, *, everything: bool) -> None:
    if found.unset:
        out.print(f"⚠ {found.unset}", style="yellow")
    listing("Ads", [(ad.kind, ad.values["Ad Name"], "; ".join(ad.notes)) for ad in found.ads if everything or ad.notes])
    some = [one for one in found.left_out if everything or (one.why and one.why.of_approved)]
    listing("Left out", [(one.first.creative_id or "–", one.first.name, one.told) for one in some])
    bad = [(f"line {one.line}", one.reason, "") for one in found.overrides.bad]
    listing(f"{found.overrides.path.name}: lines that can't be used", bad)
    if found.unused:
        lines = ", ".join(map(str, found.unused))
        out.print(f"{found.overrides.path.name}: nothing is called as these lines say: {lines}")
    if not found.ads:
        out.print("Nothing is approved that makes an ad: no file was written.")
    for words in found.aged:
        out.print(words)


def of_campaign(found: Campaign, files: tuple[CampaignFile, ...], *, written: bool) -> dict[str, object]:
    """What was found, as plain data."""
    return {
        "ads": [_of_ad(one) for one in found.ads],
        "left_out": [
            some_of(one.first, "name", "creative_id", "category")
            | {"section": one.section, "reason": one.why, "more": one.more}
            for one in found.left_out
        ],
        "statuses_as_of": {section.value: at for section, at in found.as_of.items()},
        "files": [{"path": one.path, "ads": len(one.rows)} for one in files],
        "written": written,
        "bad_lines": found.overrides.bad,
        "unused_lines": found.unused,
        "not_set": found.unset or None,
        "stopped": found.too_old,
    }


def _of_ad(one: Ad) -> dict[str, object]:
    half = one.named_after
    return {"kind": one.kind, "file": half.name, "category": half.category, "values": one.values, "notes": one.notes}
