"""Every command but `check`, which must start faster than these imports take."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from typer.core import TyperGroup

from tjtools.cli import campaign, library, practice, prepare, session, team, workspace
from tjtools.cli.check import main as answer
from tjtools.cli.console import out, start_log

GROUPS: dict[str, tuple[Callable[..., object], ...]] = {
    "Day": (
        practice.lab,
        workspace.status,
        prepare.prepare,
        prepare.session,
        session.review,
        session.decide,
        session.upload,
        library.sync_status,
        library.refresh_library,
        campaign.campaign,
    ),
    "Library": (
        session.duplicates,
        library.add,
        library.report,
        library.diff,
        team.history,
        library.rebuild_cache,
    ),
    "Check": (workspace.doctor, workspace.verify),
    "Set-up": (workspace.init, workspace.login, practice.demo, practice.sandbox, team.pull),
}
_IN_PLAIN_WORDS = {  # what is wrong with an argument, by pydantic's code for it
    "int_parsing": "it takes a whole number",
    "float_parsing": "it takes a number",
    "greater_than_equal": "the least is {ge:g}",
    "less_than_equal": "the most is {le:g}",
    "value_error": "{error}",  # typer's words
}
_NO_DAY = " does not match the formats '%Y-%m-%d'."


class InGroups(TyperGroup):
    """The commands by when a person needs them, each with one short line."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            if isinstance(error.__cause__, ValidationError):
                wrong = error.__cause__.errors()[0]
                plain = _IN_PLAIN_WORDS.get(wrong["type"], "{msg}").format(**wrong, **wrong.get("ctx", {}))
                error.message = plain.replace(_NO_DAY, " is no day like 2026-11-29")
            raise

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 (its name is what is overridden)
        for title in GROUPS:
            ours = {name: one for name, one in self.commands.items() if getattr(one, "rich_help_panel", "") == title}
            with formatter.section(title):
                formatter.write_dl([(name, one.get_short_help_str(80)) for name, one in ours.items()])


app = typer.Typer(
    cls=InGroups, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
)


@app.callback(invoke_without_command=True)
def root(
    debug: Annotated[bool, typer.Option("--debug", help="Log every step.")] = False,
    show_version: Annotated[bool, typer.Option("--version", help="Say the version and end.")] = False,
) -> None:
    """Run a TrafficJunky creative library: know what is there, upload what is new."""
    if show_version:
        out.print(f"tjtools {version('tjtools')}")
        raise typer.Exit
    start_log(debug=debug)


@app.command(
    rich_help_panel="Library",
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
)
def check(context: typer.Context) -> None:
    """Say what is in the library: files, or IDs."""
    raise typer.Exit(answer(context.args))


for group, commands in GROUPS.items():
    for command in commands:
        app.command(rich_help_panel=group)(command if command in (team.pull, team.history) else team.in_team(command))
app.add_typer(team.app, name="team", rich_help_panel="Set-up")
