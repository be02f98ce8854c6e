"""What repeats a rejected creative goes up on a person's word alone."""

from __future__ import annotations

import io
import json

import pytest
from world import NOW, Truth, banner, read_rows, rejected_before, session, tjtools

from tjtools.cache.inventory import load_session
from tjtools.upload.journal import Journal
from tjtools.workspace.folder import Workspace

pytestmark = pytest.mark.usefixtures("fake_site")


@pytest.fixture
def shop(workspace: Workspace) -> Workspace:
    """A new banner, and a copy of one that was rejected."""
    uploaded = workspace.root / "uploaded"
    session(workspace, [banner(uploaded, "new.png"), banner(uploaded, "copy.png", 1)])
    rejected_before(workspace, uploaded / "copy.png")
    return workspace


class Terminal(io.StringIO):
    """Somebody who types this."""

    def isatty(self) -> bool:
        return True


def test_without_a_terminal_it_is_held_back_and_named(shop: Workspace, truth: Truth) -> None:
    done = tjtools("upload", "--live", "--json", cwd=shop.root)
    assert (done.returncode, truth.received()) == (1, ["new.png"])
    assert "1 file repeats a rejected creative" in done.stderr
    assert "--allow-repeats" in done.stderr
    came = {one["file_name"]: one for one in json.loads(done.stdout)["files"]}
    assert (came["copy.png"]["status"], came["copy.png"]["creative_id"]) == ("skipped", None)
    why = "repeats a rejected creative: same content as ID 1032530511 (old.png; Static Banner, removed"
    assert came["copy.png"]["message"].startswith(why)
    [path] = shop.upload_logs.glob("*.csv")
    assert [row["status"] for row in read_rows(path) if row["file_name"] == "copy.png"] == ["skipped"]


def test_allow_repeats_uploads_it(shop: Workspace, truth: Truth) -> None:
    done = tjtools("upload", "--live", "--allow-repeats", cwd=shop.root)
    assert (done.returncode, sorted(truth.received())) == (0, ["copy.png", "new.png"])


@pytest.mark.parametrize(
    ("typed", "code", "received"),
    [("y\n", 0, ["copy.png", "new.png"]), ("n\n", 1, ["new.png"]), ("\n", 1, ["new.png"]), ("", 130, [])],
)
def test_a_terminal_is_asked(
    shop: Workspace, truth: Truth, monkeypatch: pytest.MonkeyPatch, typed: str, code: int, received: list[str]
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    done = tjtools("upload", "--live", cwd=shop.root)
    assert (done.returncode, sorted(truth.received())) == (code, received), done.stderr
    assert "copy.png" in done.stderr
    assert "Upload them all the same?" in done.stderr


def test_a_dry_run_asks_nothing_and_says_what_a_live_one_would_hold_back(
    shop: Workspace, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(""))
    done = tjtools("upload", cwd=shop.root)
    assert (done.returncode, truth.received(), "Upload them" in done.stderr) == (1, [], False)
    assert "repeats a rejected creative" in done.stdout


@pytest.mark.parametrize(
    ("allowed", "handed_over", "code", "received"),
    [
        (False, False, 1, ["new.png"]),
        (True, False, 0, ["copy.png", "new.png"]),
        (False, True, 0, ["copy.png", "new.png"]),
    ],
)
def test_going_on_keeps_what_was_said_when_the_run_began(
    shop: Workspace, truth: Truth, allowed: bool, handed_over: bool, code: int, received: list[str]
) -> None:
    journal, files = Journal(shop.log), load_session(shop).files
    copy = [one for one in files if one.name == "copy.png"]
    journal.begun(files, run="20251113_120000", now=NOW, repeats=[one.key for one in copy] if allowed else [])
    if handed_over:
        journal.handed_over(copy, section=copy[0].section, run="20251113_120000", now=NOW)
    done = tjtools("upload", "--resume", cwd=shop.root)
    assert (done.returncode, sorted(truth.received())) == (code, received), done.stderr
    assert tjtools("upload", "--resume", "--allow-repeats", cwd=shop.root).returncode == 2


def test_a_review_names_it_says_why_and_ends_with_1(shop: Workspace) -> None:
    done = tjtools("review", cwd=shop.root)
    assert (done.returncode, "1 new · 1 to compare → tjtools upload" in done.stdout) == (1, True), done.stdout
    assert "1 of 2 files" in done.stdout
    assert "same content as ID 1032530511 (old.png; Static Banner, removed" in " ".join(done.stdout.split())
