"""The Python that does what the upload's panel does, step by step, for an analyst to copy."""

from __future__ import annotations

from tjtools.upload import Choice

_IMPORTS = """\
from datetime import UTC, datetime
from pathlib import Path

from tjtools import {section}Workspace
from tjtools.scrape.connection import connect
from tjtools.workspace.settings import load_settings
from tjtools.upload import {choice}, make_plan, prepare, upload

workspace = Workspace.find(cwd=Path.cwd())
settings = load_settings(workspace)
"""
_CONNECT = "connect(workspace, settings, say=print).close()  # headless=False opens a window to sign in"
_CHECK = """\
prepared = prepare(workspace)
plan = make_plan(prepared.reviews, batch_size=settings.upload.batch_size, choice={choice})"""
_UPLOAD = """\
report = upload(
    plan,
    workspace,
    prepared.library,
    settings,
    lambda: connect(workspace, settings, say=print),
    now=lambda: datetime.now(tz=UTC).astimezone(),
    live={live},
)"""


def call_of(step: int, retry: Choice | None = None) -> str:
    """The code of a step, counted from 0, with all that it needs; a `retry` names its files."""
    choice = _choice(retry) if retry else "load_choice(workspace)"
    head = _IMPORTS.format(section="Section, " * bool(retry), choice="Choice" if retry else "load_choice")
    check = _CHECK.format(choice=choice)
    code = {
        0: (_CONNECT,),
        1: (check,),
        2: (check, _UPLOAD.format(live=False)),
        3: (check, _UPLOAD.format(live=True)),
    }[step]
    return "\n".join((head, *code))


def _choice(retry: Choice) -> str:
    files = sorted((section.name, name) for section, name in retry.files)
    lines = "".join(f"        (Section.{section}, {name!r}),\n" for section, name in files)
    return f"Choice(\n    datetime.now(tz=UTC),\n    frozenset([\n{lines}    ]),\n)"
