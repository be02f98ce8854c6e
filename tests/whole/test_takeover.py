"""A workspace as tjtools 0.1 left it, in the middle of a live run, opens with everything in place and goes on.

`tests/fixtures/workspace-0.1` was made by that version on the sandbox: `sandbox.json` is what the site held then.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from crashes.effects import BEFORE, TORN, Effects, Kill
from world import Truth, by_id, read_rows, tjtools

from tjtools.cache.history import History, Seen, acknowledge, acknowledged
from tjtools.cache.library import Library
from tjtools.diff.repeats import Content, Decision, Decisions
from tjtools.media.content import Fingerprints
from tjtools.model.creative import Section
from tjtools.practice.workspace import bind_to_sandbox
from tjtools.sandbox import Sandbox
from tjtools.scrape.refresh import read_coverage
from tjtools.upload import load_choice, save_choice
from tjtools.upload.journal import Journal
from tjtools.workspace.folder import Workspace
from tjtools.workspace.log import Log

FIXTURE = Path(__file__).parents[1] / "fixtures" / "workspace-0.1"
ONE, TWO = "cc6e1805c76c85e557502841417ff563c5166b14fd8bbf1799d636a54d160b4f", "e1ad10835ad9"
THREE, SIX = "4391181ae66fb04f3103ee74eaf9cf0fd3dc5563cb670cad6a661e8313bbc857", "e9736df02fa8"
UNTIL = datetime(2025, 11, 14, 12, tzinfo=UTC)
OLD = ("journal.jsonl", "fingerprints.csv", "decisions.csv", "plan.json", "acknowledged.json", "covered.json")


@pytest.fixture
def old(tmp_path: Path) -> Workspace:
    """A copy of the workspace; its journal names the files where they lie now."""
    root = (tmp_path / "shop").resolve()
    shutil.copytree(FIXTURE, root)
    journal = root / "tracking" / ".tjtools" / "journal.jsonl"
    journal.write_text(journal.read_text("utf-8").replace("@ROOT@", root.as_posix()), "utf-8")
    return Workspace(root)


def told(place: Workspace) -> dict[str, object]:
    """Everything that can't be made again, and the times and the coverage."""
    journal, kept, choice, log = Journal(place.log), Fingerprints.load(place), load_choice(place), Log.at(place.log)
    unfinished, decisions = journal.unfinished(), Decisions.load(place)
    found = {
        "runs": (unfinished and unfinished.told, len(journal.events()), sorted(name for _, name in journal.in_doubt())),
        "recorded": (journal.unrecorded(), [one.creative_id for one in journal.outcomes("20251113_120000")]),
        "uploads": {one.creative_id: (one.filename, one.fingerprint.checksum[:12]) for one in kept.uploads()},
        "pictures": all(kept.thumbnail(one.fingerprint) for one in kept.uploads()),
        "decisions": (len(decisions), decisions.of(ONE, THREE), decisions.of(THREE, ONE)),
        "plan": choice and (choice.saved_at.isoformat(), sorted(name for _, name in choice.files)),
        "seen": acknowledged(place),
        "covered": {section: len(ids) for section, ids in read_coverage(place).items()},
        "last seen": len(History.of(place).last_times()),
    }
    return found | {"bad": log.bad_lines}


def expected() -> dict[str, object]:
    return {
        "runs": (
            "0 confirmed, 3 under way, 0 not begun", 10, ["Sports_five.png", "Sports_four.png", "Sports_three.jpg"]
        ),
        "recorded": ({}, ["1032500121", "1032500111"]),
        "uploads": {"1032500121": ("Sports_one.png", ONE[:12]), "1032500111": ("Sports_two.png", TWO)},
        "pictures": True,
        "decisions": (2, Decision.NOT_THE_SAME, Decision.NOT_THE_SAME),
        "plan": ("2025-11-14T14:00:00+00:00", ["Sports_four.png", "Sports_three.jpg"]),
        "seen": Seen(UNTIL, 12),
        "covered": dict.fromkeys(Section, 2) | {Section.VIDEO_BANNERS: 4},
        "last seen": 12,
        "bad": (),
    }  # fmt: skip


def test_it_opens_with_everything_in_place_and_looking_changes_nothing(old: Workspace) -> None:
    before = {path: path.read_bytes() for path in old.root.rglob("*") if path.is_file()}
    assert told(old) == expected()
    assert {path: path.read_bytes() for path in old.root.rglob("*") if path.is_file()} == before


def test_with_the_first_event_the_old_files_are_backups(old: Workspace) -> None:
    before = {name: (old.private / name).read_bytes() for name in OLD}
    acknowledge(old, Seen(UNTIL, 13))
    assert told(old) == expected() | {"seen": Seen(UNTIL, 13)}
    kept = old.private / "backups" / "before-log"
    assert {name: (kept / name).read_bytes() for name in OLD} == before
    assert [name for name in OLD if (old.private / name).exists()] == []
    lines = old.log.read_bytes()
    save_choice(old, [(Section.STATIC_BANNER, "Sports_four.png")], now=UNTIL)
    assert old.log.read_bytes().startswith(lines)  # once, and no more


def killed(place: Workspace, kill: Kill | None) -> tuple[str, ...]:
    """Note an event, in a process that ends at an effect; the effects that it came to."""
    effects = place.root / "effects.txt"
    child = os.fork()
    if child == 0:
        descriptor = os.open(effects, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        write = os.write
        Effects(place.tracking, lambda name: write(descriptor, f"{name}\n".encode()), kill).watch()
        Decisions.load(place).decide(Content(TWO, "a"), Content(SIX, "b"), Decision.SKIP, now=UNTIL)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code == (-signal.SIGKILL if kill else 0)
    return tuple(effects.read_text("utf-8").splitlines())


def every_kill(effects: tuple[str, ...]) -> Iterator[Kill]:
    for at, effect in enumerate(effects):
        for moment in (BEFORE, *([TORN] if effect.startswith("write") else [])):  # after one is before the next
            yield Kill(effect, effects[: at + 1].count(effect), moment)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_takeover_that_is_killed_anywhere_loses_and_doubles_nothing(old: Workspace, tmp_path: Path) -> None:
    pristine = shutil.copytree(old.root, tmp_path / "pristine")
    effects = killed(old, None)
    assert {"replace log.jsonl", "replace journal.jsonl", "write log.jsonl"} <= set(effects)
    for kill in every_kill(effects):
        shutil.rmtree(old.root)
        shutil.copytree(pristine, old.root)
        killed(old, kill)
        now = told(old)
        assert now | {"decisions": ()} == expected() | {"decisions": ()}, kill
        Decisions.load(old).decide(Content(TWO, "a"), Content(SIX, "b"), Decision.SKIP, now=UNTIL)
        assert told(old) == expected() | {"decisions": (3, Decision.NOT_THE_SAME, Decision.NOT_THE_SAME)}, kill
        assert [name for name in OLD if (old.private / name).exists()] == []


def test_its_unfinished_run_goes_on(old: Workspace, tmp_path: Path, chromium: str) -> None:
    with Sandbox(tmp_path / "site", creatives=10) as sandbox:
        truth = Truth(sandbox.origin)
        truth.ask("reset", "POST")
        names = ("Sports_two", "Sports_one", "Sports_three", "Sports_four")
        held = {one["name"]: one for one in json.loads((FIXTURE / "sandbox.json").read_text("utf-8"))}
        for name in names:
            added = truth.add("Static Banner", name, dimensions="300x100", file_type=held[name]["file_type"])
            assert added == held[name]["creative_id"]
        old.settings_file.write_text("[upload]\nprocessing_timeout = 5\ncard_timeout = 1\n", "utf-8")
        bind_to_sandbox(old, sandbox.origin)
        done = tjtools("upload", "--resume", cwd=old.root)
        assert done.returncode == 0, done.stdout + done.stderr
        assert truth.received() == ["Sports_five.png"]  # the only one that the site did not hold
        ids = {name: truth.named(name)[0] for name in (*names, "Sports_five")}
    master = {row["new_filename"]: row["tj_creative_id"] for row in read_rows(old.master)}
    ours = ("Sports_three.jpg", "Sports_four.png", "Sports_five.png")
    assert {name: master[name] for name in ours} == {name: ids[Path(name).stem] for name in ours}
    assert {*ids.values()} <= by_id(old.library).keys()
    assert {one.filename for one in Library.load(old.library)} >= {"Sports_three.jpg", "Sports_four.png"}
    journal = Journal(old.log)
    assert (journal.unfinished(), journal.in_doubt(), journal.unrecorded()) == (None, set(), {})
    assert {"1032500121", "1032500111"} <= {one.creative_id for one in Fingerprints.load(old).uploads()}
