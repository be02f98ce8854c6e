"""Commands for the workspace and its site: `init`, `login`, `status`, `doctor`, `verify`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer

from tjtools.cli import console, some_of
from tjtools.cli.console import end, find_workspace, listing, out, say
from tjtools.cli.library import run_reading
from tjtools.cli.told import show_steps
from tjtools.health.doctor import Finding, examine, examine_site
from tjtools.health.status import overview
from tjtools.health.verify import mend
from tjtools.health.verify import verify as look
from tjtools.model.words import now
from tjtools.practice.workspace import copy_notebooks
from tjtools.scrape.connection import sign_in, site_of
from tjtools.scrape.refresh import plan_refresh
from tjtools.workspace.folder import FOLDERS, Workspace
from tjtools.workspace.settings import LIVE_ORIGIN, SANDBOX_ORIGIN, SiteSettings, bind, load_settings


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder; an existing one keeps all its files.")
    ] = Path(),
    site: Annotated[
        Literal["sandbox", "live"] | None,
        typer.Option(help="The site that its files belong to; a folder without files gets the sandbox."),
    ] = None,
    origin: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="The site's address, if it is not the usual one.")
    ] = None,
    account: Annotated[str, typer.Option(metavar="NAME", help="The account's user name, to sign in with.")] = "",
    as_json: console.JsonOption = False,
) -> None:
    """Make a workspace, or adopt a folder.

    A folder with tracking files keeps them. It is bound to one site, and gets the notebooks. Exit codes: 0 done or
    bound to this site already, 2 error (it belongs to another site).
    """
    if site is None and any((folder / "tracking").glob("*.csv")):
        raise typer.BadParameter(f"{folder} has tracking files: say with --site which site they belong to")
    site = site or "sandbox"
    address = origin or (LIVE_ORIGIN if site == "live" else SANDBOX_ORIGIN)
    try:
        bound = SiteSettings(kind=site, origin=address, account=account)
    except ValueError as error:
        raise typer.BadParameter(f"--origin {address} does not fit --site {site}") from error
    workspace = Workspace(folder.resolve())
    workspace.root.mkdir(parents=True, exist_ok=True)
    new = bind(workspace, bound)
    for part in FOLDERS:
        (folder / part).mkdir(parents=True, exist_ok=True)
    copy_notebooks(workspace.notebooks)
    told = {"workspace": workspace.root, "site": site, "origin": bound.origin, "new": new}
    done = "now belongs to" if new else "belonged already to"
    said = f"{workspace.root} {done} {bound.origin} ({site}); settings: {workspace.settings_file}"
    end(told, said, as_json=as_json)


def login(
    workspace: console.WorkspaceOption,
    headless: Annotated[bool, typer.Option("--headless/--headed", help="A person needs to see the window.")] = False,
    as_json: console.JsonOption = False,
) -> None:
    """Sign in, in a window.

    You solve the captcha and press LOG IN, and the session is kept for later runs. It ends when the window shows your
    account, whichever way you went, also by Google's popup; Google may refuse a browser that a program opened: then
    sign in with the password. User name and password are filled in where TJTOOLS_USERNAME and TJTOOLS_PASSWORD or the
    system's keyring have them. Exit codes: 0 signed in, 2 error, 3 nobody signed in.
    """
    if headless:
        raise typer.BadParameter("nobody can sign in who sees no window: leave --headless out")
    settings = load_settings(workspace)
    with site_of(workspace, settings, say=say, headless=False) as site:
        sign_in(site, workspace, settings, say=say)
        site.open_library()
    end({"signed_in": True, "browser_session": workspace.browser_session}, "Signed in.", as_json=as_json)


def status(
    workspace: console.WorkspaceOption,
    every: Annotated[bool, typer.Option("--all", help="All your accounts: what was rejected, and what waits.")] = False,
    as_json: console.JsonOption = False,
) -> None:
    """Where you are, and what comes next.

    Site, library, session, last run: offline, and at once. With --all, the accounts of the workspaces that you opened,
    and all that your teams let you see. Exit codes: 0 all well, 1 something needs a person, 2 error.
    """
    if every:
        _all_accounts(workspace, as_json=as_json)
    seen = overview(workspace, now=now())

    def show() -> None:
        for name, value in seen.facts.items():
            out.print(f"{name.replace('_', ' '):18} {value if value not in (None, '') else '–'}")
        show_steps(workspace, seen.steps)

    end(seen.facts, show, as_json=as_json, needs_a_person=seen.needs_a_person)


def _all_accounts(workspace: Workspace, *, as_json: bool) -> NoReturn:
    from tjtools.analysis.worklist import accounts  # pandas is slow to import

    found = [*accounts(workspace, now)]

    def show() -> None:
        for one in found:
            where = " · ".join(filter(None, [one.age, one.place]))
            listing(one.name, [("", " · ".join([one.trouble or one.counts, *one.news]), where)])

    end(found, show, as_json=as_json, needs_a_person=any(one.rejected or one.slow or one.trouble for one in found))


def doctor(
    site: Annotated[
        bool, typer.Option("--site", help="Look at the site's pages too: is every element there? Nothing is changed.")
    ] = False,
    workspace: console.FolderOption = None,
    as_json: console.JsonOption = False,
) -> None:
    """Find what is wrong, and how to mend it.

    Browser, workspace, settings and tracking files. With --site, the pages too, with the saved sign-in. Exit codes: 0
    all well, 1 something needs a person.
    """
    findings = examine(workspace, cwd=Path.cwd())
    if site:
        findings += (examine_site(workspace, cwd=Path.cwd(), now=now(), say=say),)
    told, well = [of_finding(one) for one in findings], all(one.well for one in findings)

    def show() -> None:
        _show_findings(findings)
        if remedy := next((one.remedy for one in findings if one.remedy), ""):
            out.print(f"Next: {remedy}", style="yellow")
        elif well:
            place = find_workspace(workspace)
            show_steps(place, overview(place, now=now()).steps[:1])

    end(told, show, as_json=as_json, needs_a_person=not well)


def _show_findings(findings: Sequence[Finding]) -> None:
    """Each with its remedy; of an element of the pages that has changed, what was looked for."""
    marks = {"ok": "✓", "changed": "✗", "not seen": "– not seen:"}
    for one in findings:
        out.print(f"{'✓' if one.well else '✗'} {one.what}: {one.found}")
        if one.remedy:
            out.print(f"  → {one.remedy}", style="yellow")
        for element in one.elements:
            out.print(f"  {element.name:30} {marks[element.state.value]} {element.found}")
            if element.state.value == "changed":
                out.print(f"      looked for {element.selector}: {element.expected}", style="yellow")


def verify(
    workspace: console.WorkspaceOption,
    site: Annotated[
        bool, typer.Option("--site", help="Read the site too: every ID exists, name and status agree.")
    ] = False,
    fix: Annotated[
        bool, typer.Option("--fix", help="Mend what is safe to mend; each file is kept as a backup.")
    ] = False,
    headless: console.HeadlessOption = None,
    as_json: console.JsonOption = False,
) -> None:
    """Compare the tracking files with one another.

    With --site, with the site too. Every disagreement is listed with its remedy. --fix records what an upload had
    confirmed, adds IDs that a run wrote down where library or master lack them, and with --site brings review statuses
    up to date; it never changes a name or an ID. Exit codes: 0 all well, 1 something needs a person, 2 error, 3 sign-in
    needed, 130 stopped by Ctrl-C or a signal.
    """
    update = run_reading(workspace, plan_refresh, headless=headless) if site else None
    found = look(workspace, update)
    left = mend(workspace, found, update, now=now()) if fix and any(one.safe for one in found) else found
    same = {one._replace(line=None) for one in left}  # a line's number changes when those before it do
    sides = {"mended": [one for one in found if one._replace(line=None) not in same], "disagreements": left}

    def show() -> None:
        for name, ones in sides.items():
            listing(f"{name.capitalize()}: {len(ones)}", [(one.where, one.found, one.remedy) for one in ones])
        safe = sum(one.safe for one in left)
        if safe and not fix:
            say(f"{safe} of them can be mended safely: tjtools verify --fix")
        if not left:
            out.print("The tracking files agree" + (" with one another and with the site" if site else ""))

    told = {
        name: [{"file": one.path} | some_of(one, "line", "found", "remedy", "safe") for one in ones]
        for name, ones in sides.items()
    }
    end(told, show, as_json=as_json, needs_a_person=left)


def of_finding(one: Finding) -> dict[str, object]:
    """What was looked at, whether it is well, and how to mend it; the site's has its elements."""
    return some_of(one, "what", "well", "found", "remedy", *(["elements"] if one.elements else []))
