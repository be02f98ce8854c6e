"""`tjtools duplicates` and `tjtools decide`."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tjtools.cli.console import JsonOption, WorkspaceOption, end, find_workspace, listing, looking, now, out
from tjtools.cli.shapes import of_known, print_json, some_of
from tjtools.model.words import in_seconds

if TYPE_CHECKING:
    from tjtools.diff.duplicates import Duplicates, Group
    from tjtools.diff.repeats import Known
    from tjtools.media.content import Fingerprints


def duplicates(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]…", help="Files or folders: only what repeats one of them; else everything."),
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write one page with pictures.")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Group what is the same, or looks so, among files, session and library. Offline.

    What was not seen yet is looked at first; that may take a while. Exit codes: 0 no duplicates, 1 some, 2 error, 130
    stopped by Ctrl-C.
    """
    from tjtools.diff.duplicates import find_duplicates

    place = find_workspace(workspace)
    with looking() as (progress, cancelled):
        found = find_duplicates(place, paths or [], progress=progress, cancelled=cancelled)
    if html:
        from tjtools.media.content import Fingerprints

        html.write_text(page(found, Fingerprints.load(place)), "utf-8", errors="backslashreplace")
    if as_json:
        print_json(_of_duplicates(found))
    else:
        show_duplicates(found)
        if html:
            out.print(f"Written: {html}")
    end(needs_a_person=found.groups)


def decide(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that looks like a creative or another file.")],
    other: Annotated[str, typer.Argument(metavar="OTHER", help="That creative's ID, or the other file.")],
    decision: Annotated[
        Literal["not-the-same", "skip", "undecided"], typer.Argument(help="undecided takes an earlier word back.")
    ],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remember what you decided about two files that look the same; reviews and uploads go by it.

    It holds for the two contents, under whatever names they come again. Exit codes: 0 remembered, 2 error.
    """
    from tjtools.diff.duplicates import decide_about
    from tjtools.diff.repeats import Decision

    made = Decision(decision.replace("-", " "))
    one, two = decide_about(find_workspace(workspace), file, other, made, now=now())
    if as_json:
        print_json({"decision": made, "file": one, "other": two})
    else:
        out.print(f"Remembered: {one.name} beside {two.name}: {made.value}")


def show_duplicates(found: Duplicates) -> None:
    """The groups, what could not be compared, and what there is nothing of to look at."""
    for group in found.groups:
        listing(title(group), [("", told(one), facts_of(one)) for one in group.members])
    if found.unreadable:
        listing("Can't be compared by their looks", [("", str(path), why) for path, why in found.unreadable])
    out.print(f"{len(found.groups)} groups of duplicates among {found.files} files and the library")
    if found.without_copy:
        count = len(found.without_copy)
        out.print(f"Of {count} known creatives there is no local copy to look at; --json and --html name them.")


def title(group: Group) -> str:
    """What a group has in common."""
    return group.kind.value if group.closeness == 1 else f"{group.kind.value}, {group.closeness:.0%}"


def told(one: Known) -> str:
    """A member in one line."""
    rejected = one.rejected_at
    when = f" on {rejected[:10]}" if rejected else ""
    name = f"{one.creative.creative_id} {one.name}; {one.creative.standing}" if one.creative else str(one.path)
    return name + ("" if rejected is None else f"; REJECTED{when}")


def facts_of(one: Known) -> str:
    """What a member's content is."""
    facts = one.fingerprint.facts
    parts = (
        facts.container,
        facts.codec,
        facts.size,
        in_seconds(facts.seconds),
        f"{facts.bytes:,} bytes",
        f"blake3 {one.fingerprint.checksum[:12]}",
    )
    return " ".join(filter(None, parts))


def page(found: Duplicates, fingerprints: Fingerprints) -> str:
    """One page of HTML that needs nothing beside it."""
    from importlib.resources import files

    from jinja2 import Environment

    template = Environment(autoescape=True).from_string(
        files("tjtools.cli").joinpath("duplicates.html").read_text("utf-8")
    )
    groups = [
        {
            "title": title(group),
            "rejected": group.rejected,
            "sides": [_side(one, fingerprints) for one in group.members],
        }
        for group in found.groups
    ]
    return template.render(
        groups=groups, files=found.files, without_copy=found.without_copy, unreadable=found.unreadable
    )


def _side(one: Known, fingerprints: Fingerprints) -> dict[str, object]:
    rejected = one.rejected_at
    return {
        "name": one.name,
        "creative_id": one.creative_id,
        "standing": one.standing,
        "rejected": "" if rejected is None else f" on {rejected[:10]}" if rejected else ", nobody knows when",
        "facts": facts_of(one),
        "path": one.path,
        "checksum": one.fingerprint.checksum,
        "picture": base64.b64encode(fingerprints.thumbnail(one.fingerprint) or b"").decode(),
    }


def _of_duplicates(found: Duplicates) -> dict[str, object]:
    return {
        "groups": [
            {
                "kind": group.kind,
                "closeness": round(group.closeness, 4),
                "members": [of_known(one) for one in group.members],
            }
            for group in found.groups
        ],
        **some_of(found, "files", "compared"),
        "unreadable": [{"path": path, "reason": why} for path, why in found.unreadable],
        "without_copy": found.without_copy,
    }
