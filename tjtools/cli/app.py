"""Every command but `check`, which must start faster than these imports take."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from tjtools.cli import library, practice, session, workspace
from tjtools.cli.check import main as answer
from tjtools.cli.console import out, start_log

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


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


@app.command(add_help_option=False, context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
def check(context: typer.Context) -> None:
    """Say whether files or Creative IDs are in the library; offline, and at once."""
    raise typer.Exit(answer(context.args))


for command in (
    practice.demo,
    practice.lab,
    practice.sandbox,
    workspace.init,
    workspace.login,
    session.review,
    session.upload,
    session.duplicates,
    session.decide,
    library.add,
    library.diff,
    library.report,
    workspace.status,
    workspace.doctor,
    workspace.verify,
    session.session,
    library.rebuild_cache,
    library.refresh_library,
    library.sync_status,
):
    app.command()(command)
