"""What was done to a creative, by whom and when: of the team's database, and of a workspace's own files."""

from __future__ import annotations

import json
from collections.abc import Callable

from team.server import Server
from team.test_copy import away, run
from team.test_upload import with_session
from world import NOW, Truth, go, image, plan, reading

from tjtools.model.creative import ReviewStatus
from tjtools.scrape.refresh import apply_update
from tjtools.workspace.folder import Workspace

Make = Callable[[str], Workspace]


def done(workspace: Workspace, creative_id: str, *, code: int = 0) -> list[tuple[str, str]]:
    """Who did what."""
    told = json.loads(run(workspace, "history", creative_id, "--json", code=code))
    return [(one["name"], one["what"]) for one in told["deeds"]]


def test_everybody_sees_who_did_what_to_a_creative(joined: Make) -> None:
    anna, ben = joined("anna"), joined("ben")
    run(anna, "add", "1", "1", "--type", "image")
    run(ben, "pull")
    apply_update(plan(ben, reading(image("1", "1", ReviewStatus.APPROVED)), full=False), now=NOW)
    run(anna, "add", "1", "1.png")
    told = [
        ("ben", "seen approved, pending before (sync)"),
        ("anna", "in the library as 1, pending"),
        ("anna", "seen pending (manual)"),
        ("ben", "review status: pending → approved"),
        ("anna", "filename: 1 → 1.png"),
    ]
    assert sorted(done(anna, "1")) == sorted(done(ben, "1")) == sorted(told)
    shown = run(ben, "history", "1")
    assert "filename: 1 → 1.png" in shown
    assert "anna (owner, " in shown
    assert ", tjtools 0." in shown


def test_an_upload_is_told_from_its_claim_to_its_review(at_site: Make, truth: Truth) -> None:
    anna = with_session(at_site("anna"), {"a.png": 1})
    go(anna)
    what = [one for _, one in done(at_site("ben"), truth.named("a")[0])]
    assert set(what) == {
        "about to be handed over as a.png",
        "uploaded as a.png (Static Banner)",
        "in the library as a.png, pending",
        "its content is known from a.png",
        "seen pending (upload)",
    }


def test_a_workspace_of_its_own_tells_what_its_files_know(bare_workspace: Workspace) -> None:
    run(bare_workspace, "add", "1", "1.png", "--type", "image")
    assert done(bare_workspace, "1") == [("", "seen pending (manual)")]
    assert run(bare_workspace, "history", "2", code=1) == "Nothing is known of 2.\n"
    assert "is not a Creative ID" in run(bare_workspace, "history", "1.png", code=2)


def test_without_the_database_the_files_tell_what_they_know_and_that_it_is_not_all(
    joined: Make, server: Server
) -> None:
    anna = joined("anna")
    run(anna, "add", "1", "1.png", "--type", "image")
    with away(anna, server):
        told = run(anna, "history", "1", code=1)
    assert "seen pending (manual)" in told
    assert "can't be reached" in told
    assert "does not say who did it" in told
