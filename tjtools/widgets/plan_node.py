"""A checked plan in words: what goes up, in which batches, how long it takes, and what stays here and why."""

from __future__ import annotations

from collections.abc import Sequence

from tjtools.diff.session import FileReview, Verdict
from tjtools.model.creative import SessionFile
from tjtools.upload import Plan
from tjtools.widgets.checked import Checked, counted_batches
from tjtools.widgets.markup import Node, node
from tjtools.widgets.view import folded
from tjtools.widgets.words import MARKS, counted
from tjtools.workspace.settings import CampaignSettings

MOST = 200  # names in a list that unfolds
FEW = 10  # what need not be folded
PLACEHOLDER = "PLACEHOLDER"
MINUTE = 60


def plan_node(checked: Checked, campaign: CampaignSettings) -> Node:
    """What goes up, in which batches, how long it takes, and what stays here and why."""
    plan, prepared = checked.plan, checked.prepared
    there = sum(one.is_there for one in prepared.reviews)
    lines = [node("p", *_from(checked))]
    if plan.files:
        told = f"{counted(len(plan.files), 'file')} in {counted_batches(plan)}"
        lines += [node("p", node("strong", told), f", {_takes(checked)}."), _batches(plan), _names(plan.files)]
    else:
        lines.append(node("p", node("strong", "Nothing to upload."), " Every file is there already, or stays here."))
    lines += [node("p", f"✓ {counted(there, 'file')} of the session: in the library already.")] if there else []
    going = (one for batch in plan.batches for one in batch.reviews if one.goes_up)
    if doubtful := [one for one in going if one.verdict is Verdict.NEAR_DUPLICATE or one.repeats_rejected]:
        lines.append(_listed(f"≈ Look first: {counted(len(doubtful), 'file')} of these may be there already", doubtful))
    lines += [_held(plan.held_back)] if plan.held_back else []
    lines += [
        node("p", f"⚠ Line {bad.line} of the session can't be read and stays here: {bad.reason}")
        for bad in prepared.bad_lines
    ]
    if campaign.target_url.startswith(PLACEHOLDER):
        note = "The campaign CSVs will say PLACEHOLDER_URL: set target_url in tjtools.toml to have your own there."
        lines.append(node("p", note, css="tj-note"))
    return node("div", *lines)


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
            cells = (kind.section.value, kind.value, str(sum(len(batch.files) for batch in mine)), sizes)
            looks = ("", "", "tj-number", "tj-number")
            rows.append(node("tr", *(node("td", cell, css=look) for cell, look in zip(cells, looks, strict=True))))
    heads = (
        node("th", "Section"),
        node("th", "Type"),
        node("th", "Files", css="tj-number"),
        node("th", "In batches of", css="tj-number"),
    )
    return node("table", node("thead", node("tr", *heads)), node("tbody", *rows))


def _names(files: Sequence[SessionFile]) -> Node:
    return folded(some("Files", len(files)), node("ul", *(node("li", file.name) for file in files[:MOST])))


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


def some(what: str, number: int) -> str:
    return f"{what}, {number:,}" if number <= MOST else f"{what}, {MOST} of {number:,}"
