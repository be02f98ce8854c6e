"""Commands for a library that a team shares: `team init`, `join`, `status` and `leave`, `pull`, and `history`.

Here is also what surrounds every other command in a team's workspace.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from contextlib import closing
from typing import Annotated, Any

import typer

from tjtools.cli import console
from tjtools.cli.console import confirmed, end, listing, out, say
from tjtools.model.errors import NotAllowed, TeamError, TeamUnreachable, TJToolsError, TrackingFileError
from tjtools.model.words import counted
from tjtools.team import Database, Team, compare, leave, trail
from tjtools.team import join as join_team
from tjtools.team.database import set_up
from tjtools.workspace.derived import remember
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import TeamSettings

UrlArgument = Annotated[str, typer.Argument(metavar="URL", help="postgresql://USER@HOST/DATABASE, without password.")]


app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Share one library with a team.")


def in_team(command: Callable[..., object]) -> Callable[..., object]:
    """A command that finds a team's workspace brought up to date, and tells the team what it has done.

    Where the team's database can't be reached, or a file here can't be read, it works on what is here, and says how old
    that is.
    """

    @functools.wraps(command)
    def around(*arguments: Any, **named: Any) -> object:
        workspace = named.get("workspace")
        team = Team.of(workspace) if isinstance(workspace, Workspace) else None
        if team is None or not _up_to_date(team):
            return command(*arguments, **named)
        try:
            return command(*arguments, **named)
        finally:
            _up_to_date(team)

    return around


def _up_to_date(team: Team) -> bool:
    try:
        with team:  # a command may take hours: no connection waits for its end
            team.sync()
    except (TeamUnreachable, NotAllowed, TrackingFileError) as error:  # doctor mends what is damaged
        say(f"{error.message} What is here is {team.state.age}.")
        return False
    return True


@app.command()
def init(
    url: UrlArgument,
    account: Annotated[list[str] | None, typer.Option(metavar="NAME", help="An account to add.")] = None,
    buyer: Annotated[list[str] | None, typer.Option(metavar="USER", help="A database user who may upload.")] = None,
    reader: Annotated[list[str] | None, typer.Option(metavar="USER", help="One who may only look.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    as_json: console.JsonOption = False,
) -> None:
    """Prepare a team's database, and say who may work in it.

    Its schema is made or migrated, and accounts are added. Exit codes: 0 done, or there was nothing to do, 2 error.
    """
    accounts = account or []
    if (buyer or reader) and not accounts:
        raise typer.BadParameter("say of which --account they are")
    people = [(one, "buyer") for one in buyer or []] + [(one, "reader") for one in reader or []]
    members = [(name, person, role) for name in accounts for person, role in people]
    with closing(Database(_settings(url, "none"))) as database:
        steps = set_up(database, accounts, members, dry_run=dry_run)

    def show() -> None:
        for one in steps:
            out.print(f"{'Would' if dry_run else 'Did'}: {one}")
        if not steps:
            out.print("There was nothing to do.")

    end({"done": not dry_run, "steps": steps}, show, as_json=as_json)


@app.command()
def join(
    workspace: console.WorkspaceOption,
    url: UrlArgument,
    account: Annotated[str, typer.Option(metavar="NAME", help="The account whose library this workspace has.")],
    name: Annotated[str, typer.Option(metavar="NAME", help="Who you are to the others.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Join without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the difference, and join nothing.")] = False,
    as_json: console.JsonOption = False,
) -> None:
    """Share this workspace's library with a team.

    Both have then what each had. The difference is shown first. Exit codes: 0 joined, 1 not joined, 2 error.
    """
    settings = _settings(url, account, name)
    difference = compare(workspace, settings)
    say(f"This library beside the team's: {difference.told}.")
    joined = not dry_run and (yes or _asked())
    if joined:
        join_team(workspace, settings)
        remember(workspace)
    said = f"{workspace.root} shares the account {account} now." if joined else "Nothing was changed."
    end({"joined": joined, "difference": difference}, said, as_json=as_json, needs_a_person=not (joined or dry_run))


def _asked() -> bool:
    if not sys.stdin.isatty():
        raise TJToolsError("There is no terminal to ask on, so nothing was joined.", remedy="Give --yes.")
    return confirmed("Join?", "changed")


@app.command()
def status(workspace: console.WorkspaceOption, as_json: console.JsonOption = False) -> None:
    """Say who works on what, and how far behind this copy is.

    Also when the site was read last, and by whom. Exit codes: 0 all well, 1 the copy is behind, 2 error.
    """
    with _team(workspace) as team:
        version, refreshed, claims = team.store.standing()
    behind = version - team.state.version

    def show() -> None:
        out.print(f"{team.settings.account} at {team.store.place}, {team.state.age}")
        out.print(f"behind by {counted(behind, 'change')}: tjtools pull" if behind else "up to date")
        out.print(f"last reading of the site: {refreshed or 'none yet'}")
        for one in claims:
            out.print(one)

    told = {"account": team.settings.account, "behind": behind, "version": version}
    told |= {"refreshed": refreshed, "claims": claims}
    end(told, show, as_json=as_json, needs_a_person=behind)


@app.command(name="leave")
def leave_team(workspace: console.WorkspaceOption, as_json: console.JsonOption = False) -> None:
    """Belong to no team any more; every file stays. Exit codes: 0 left, 1 there was none."""
    left = leave(workspace)
    said = "Left: this workspace is its own again." if left else "This workspace belongs to no team."
    end({"left": left}, said, as_json=as_json, needs_a_person=not left)


def pull(workspace: console.WorkspaceOption, as_json: console.JsonOption = False) -> None:
    """Exchange what is new with the team.

    This copy of the library is brought up to date, and the team is told what is new here.
    Exit codes: 0 done, 2 error.
    """
    with _team(workspace) as team:
        version = team.sync()
    end({"version": version}, f"Up to date with {team.settings.account}.", as_json=as_json)


def history(
    workspace: console.WorkspaceOption, creative_id: console.IdArgument, as_json: console.JsonOption = False
) -> None:
    """Say what was done to a creative, and when.

    In a team also who did it, from which machine, and with which version. Exit codes: 0 all well, 1 nothing is known of
    it, or the team could not be asked, 2 error.
    """
    found = trail(workspace, [creative_id])

    def show() -> None:
        listing(creative_id, [(f"{one.at.astimezone():%Y-%m-%d %H:%M}", one.what, one.who) for one in found.deeds])
        if not found.deeds:
            out.print(f"Nothing is known of {creative_id}.")
        if found.missing:
            say(found.missing)

    end(found, show, as_json=as_json, needs_a_person=found.missing or not found.deeds)


def _team(workspace: Workspace) -> Team:
    team = Team.of(workspace)
    if team is None:
        raise TeamError("This workspace belongs to no team.", remedy="Join one: tjtools team join URL --account NAME")
    return team


def _settings(url: str, account: str, name: str = "") -> TeamSettings:
    try:
        return TeamSettings(url=url, account=account, name=name)
    except ValueError as error:
        told = str(error).partition("Value error, ")[2].partition(" [type=")[0]
        raise typer.BadParameter(told or "the account needs a name") from error
