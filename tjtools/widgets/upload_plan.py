"""A plan that a person looks at before it goes up: what it was made from, in words, and as Python."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import NamedTuple

from tjtools.diff.session import FileReview, Verdict
from tjtools.model.creative import Key, UploadStatus
from tjtools.model.words import counted
from tjtools.upload import Choice, Expected, Plan, Prepared
from tjtools.widgets.markup import Node, lines, node, table_node
from tjtools.widgets.review import MARKS
from tjtools.widgets.view import folded
from tjtools.workspace.settings import CampaignSettings

MOST = 200  # names in a list that unfolds
FEW = 10  # what need not be folded
PLACEHOLDER = "PLACEHOLDER"
MINUTE = 60
FAILED = {UploadStatus.FAILED, UploadStatus.UNKNOWN_ID}


class Checked(NamedTuple):
    """A plan that was looked at: what it was made from, and how long it will take.

    `choice` is the saved plan, None where every new file goes; of a `retry`, the files that failed.
    """

    prepared: Prepared
    plan: Plan
    choice: Choice | None
    expected: Expected
    retry: bool = False


def choice_of_failed(reviews: Sequence[FileReview], failed: AbstractSet[Key], *, now: datetime) -> Choice:
    """The files that failed and still are to go up; a pair of which one half failed goes whole."""
    new = [one.file for one in reviews if one.goes_up]
    pairs = {file.pair for file in new if file.key in failed} - {""}
    return Choice(now, frozenset(file.key for file in new if file.key in failed or file.pair in pairs))


def counted_batches(plan: Plan) -> str:
    """How many of its batches hand files over."""
    return counted(sum(bool(batch.files) for batch in plan.batches), "batch")


def plan_node(checked: Checked, campaign: CampaignSettings) -> Node:
    """What goes up, in which batches, how long it takes, and what stays here and why."""
    plan, prepared = checked.plan, checked.prepared
    there = sum(one.is_there for one in prepared.reviews)
    parts = [node("p", *_from(checked))]
    if plan.files:
        told = f"{counted(len(plan.files), 'file')} in {counted_batches(plan)}"
        parts += [
            node("p", node("strong", told), f", {_takes(checked)}."),
            _batches(plan),
            files_node([file.name for file in plan.files]),
        ]
    else:
        parts.append(node("p", node("strong", "Nothing to upload."), " Every file is there already, or stays here."))
    parts += [node("p", f"✓ {counted(there, 'file')} of the session: in the library already.")] if there else []
    going = (one for batch in plan.batches for one in batch.reviews if one.goes_up)
    if doubtful := [one for one in going if one.verdict is Verdict.NEAR_DUPLICATE or one.repeats_rejected]:
        parts.append(_listed(f"≈ Look first: {counted(len(doubtful), 'file')} of these may be there already", doubtful))
    parts += [_held(plan.held_back)] if plan.held_back else []
    parts += [
        node("p", f"⚠ Line {bad.line} of the session can't be read and stays here: {bad.reason}")
        for bad in prepared.bad_lines
    ]
    if campaign.target_url.startswith(PLACEHOLDER):
        note = "The campaign CSVs will say PLACEHOLDER_URL: set target_url in tjtools.toml to have your own there."
        parts.append(node("p", note, css="tj-note"))
    return node("div", *parts)


def _from(checked: Checked) -> tuple[Node, ...]:
    """Where the plan comes from."""
    review = node("a", "01_review_session", href="01_review_session.ipynb")
    if checked.retry:
        return ("Only the files that failed, with the other halves of their pairs.",)
    if checked.choice is None:
        return ("No plan is saved: every new file of the session goes. Choose in ", review, ".")
    left = len(checked.plan.not_chosen)
    more = f"; {counted(left, 'new file')} {'is' if left == 1 else 'are'} not chosen and stay{'s' * (left == 1)} here"
    saved = checked.choice.saved_at.astimezone()
    return (f"The plan saved on {saved:%Y-%m-%d at %H:%M}{more * bool(left)}. Change it in ", review, ".")


def _takes(checked: Checked) -> str:
    """The expected time in words."""
    seconds = checked.expected.seconds
    about = f"{max(10, round(seconds, -1)):.0f} s" if seconds < 2 * MINUTE else f"{seconds / MINUTE:.0f} min"
    if checked.expected.measured:
        return f"about {about}, as the last uploads here went"
    return f"about {about} at the site's usual pace"


def _batches(plan: Plan) -> Node:
    """One row a type: its batches and files."""
    rows = []
    for kind in dict.fromkeys(batch.creative_type for batch in plan.batches):
        mine = [batch for batch in plan.batches if batch.creative_type is kind and batch.files]
        if mine:
            sizes = " + ".join(str(len(batch.files)) for batch in mine[:12]) + " + …" * (len(mine) > 12)
            rows.append((kind.section.value, kind.value, str(sum(len(batch.files) for batch in mine)), sizes))
    heads = ("Section", "Type", "Files", "In batches of")
    return table_node(heads, rows, numbers=heads[2:])


def files_node(names: Sequence[str]) -> Node:
    """The names of files, folded."""
    number = f"{len(names):,}" if len(names) <= MOST else f"{MOST} of {len(names):,}"
    return folded(f"Files, {number}", lines(names[:MOST]))


def _held(held: Sequence[FileReview]) -> Node:
    """Files that need a person first, and why."""
    return _listed(f"⚠ {counted(len(held), 'file')} held back: mend {'it' if len(held) == 1 else 'them'} first", held)


def _listed(title: str, reviews: Sequence[FileReview]) -> Node:
    """Files with their verdicts and reasons; folded where they are many."""
    rows = [
        node(
            "tr",
            node("td", f"{MARKS[one.verdict]} {one.verdict.value}"),
            node("td", node("div", node("strong", one.file.name)), node("div", _reason(one), css="tj-note")),
        )
        for one in reviews[:MOST]
    ]
    table = node("table", node("tbody", *rows))
    if len(reviews) <= FEW:
        return node("div", node("p", node("strong", title)), table)
    return folded(title + f" ({MOST} of {len(reviews):,} shown)" * (len(reviews) > MOST), table)


def _reason(one: FileReview) -> str:
    return one.reason or "; ".join(repeat.told for repeat in one.repeats)


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
