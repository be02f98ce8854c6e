"""`tjtools verify`: do the tracking files agree, with one another and with the site?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from tjtools.cli.console import (
    EXIT_CODES,
    NEEDS_A_PERSON,
    OK,
    JsonOption,
    WorkspaceOption,
    find_workspace,
    listing,
    now,
    out,
    say,
)
from tjtools.cli.refresh import HeadlessOption, run_reading
from tjtools.cli.shapes import print_json

if TYPE_CHECKING:
    from tjtools.health.agreement import Disagreement


def verify(
    site: Annotated[
        bool, typer.Option("--site", help="Read the site too: every ID exists, name and status agree.")
    ] = False,
    fix: Annotated[
        bool, typer.Option("--fix", help="Mend what is safe to mend; each file is kept as a backup.")
    ] = False,
    headless: HeadlessOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    from tjtools.health.verify import mend
    from tjtools.health.verify import verify as look
    from tjtools.scrape.refresh import plan_refresh

    place = find_workspace(workspace)
    update = run_reading(place, plan_refresh, headless=headless) if site else None
    found = look(place, update)
    left = mend(place, found, update, now=now()) if fix and any(one.safe for one in found) else found
    same = {one._replace(line=None) for one in left}  # a line's number changes when those before it do
    mended = [one for one in found if one._replace(line=None) not in same]
    if as_json:
        print_json({"mended": [_shown(one) for one in mended], "disagreements": [_shown(one) for one in left]})
    else:
        _show("Mended", mended)
        _show("Disagreements", left)
        safe = sum(one.safe for one in left)
        if safe and not fix:
            say(f"{safe} of them can be mended safely: tjtools verify --fix")
        if not left:
            out.print("The tracking files agree" + (" with one another and with the site" if site else ""))
    raise typer.Exit(NEEDS_A_PERSON if left else OK)


verify.__doc__ = f"""Check all tracking files against one another, and with --site against the site.

Every disagreement is listed with its remedy. --fix records what an upload had confirmed, adds IDs that a run wrote down
where library or master lack them, and with --site brings review statuses up to date; it never changes a name or an ID.
{EXIT_CODES}
"""


def _show(title: str, found: Sequence[Disagreement]) -> None:
    if found:
        listing(f"{title}: {len(found)}", [(one.where, one.found, one.remedy) for one in found])


def _shown(one: Disagreement) -> dict[str, object]:
    return {
        "file": str(one.path),
        "line": one.line,
        "found": one.found,
        "remedy": one.remedy,
        "safe": one.safe,
    }
