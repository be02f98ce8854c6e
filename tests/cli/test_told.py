"""What the terminal shows of a session: what needs a person, one line of counts, and what comes next."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner
from world import NOW, Truth, banner, expire, session, tjtools, write_inventory

from tjtools import cli
from tjtools.cache.library import Library
from tjtools.cli.app import GROUPS, app
from tjtools.cli.practice import carried_out, summed_up
from tjtools.cli.told import from_here
from tjtools.health.status import Step
from tjtools.model.creative import Creative, CreativeType, ReviewStatus, SessionFile, UploadStatus
from tjtools.model.errors import SignInNeeded
from tjtools.practice import samples
from tjtools.upload import Outcome, UploadReport, make_plan, prepare
from tjtools.upload.journal import Journal
from tjtools.upload.resume import only_live_run
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import start_of_sandbox

THERE = Creative("1032530571", "there.png", creative_type=CreativeType.IMAGE, review_status=ReviewStatus.APPROVED)


@pytest.fixture
def shop(workspace: Workspace) -> Workspace:
    """Two new files, one that is there, and one that is gone from the disk."""
    uploaded = workspace.root / "uploaded"
    rows = [banner(uploaded, name, seed) for seed, name in enumerate(("a.png", "b.png", "there.png"), 1)]
    session(workspace, [*rows, {"new_filename": "gone.png", "creative_type": "image"}])
    Library.load(workspace.library).add([THERE])
    return workspace


GONE = ": put it back, or take its line out of the session"


def last_line(*arguments: str, cwd: Path) -> str:
    return tjtools(*arguments, cwd=cwd).stdout.splitlines()[-1]


def test_a_review_lists_what_needs_a_person_and_counts_the_rest(shop: Workspace) -> None:
    done = tjtools("review", cwd=shop.root)
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "1 of 4 files",
        "missing  gone.png",
        f"         there is no file {shop.root / 'uploaded' / 'gone.png'}{GONE}",
        "2 new · 1 there · 1 to mend → tjtools upload --live",
    ]
    everything = tjtools("review", "--all", cwd=shop.root).stdout
    assert [name for name in ("a.png", "b.png", "there.png", "gone.png") if name not in everything] == []
    assert len(json.loads(tjtools("review", "--json", cwd=shop.root).stdout)["files"]) == 4


def test_a_run_that_could_not_begin_says_why_and_nothing_of_files(shop: Workspace) -> None:
    """As on a full disk: neither that there are no files, nor that something was written."""
    tjtools("review", cwd=shop.root)
    for folder in (shop.upload_logs, shop.private / "locks"):
        shutil.rmtree(folder, ignore_errors=True)
        folder.write_text("in its place", "utf-8")
    done = tjtools("upload", "--session", "--live", cwd=shop.root)
    assert (done.returncode, done.stdout) == (2, "")
    assert "can't be locked" in done.stderr


def test_the_command_that_is_named_works_from_where_one_is(shop: Workspace, tmp_path: Path) -> None:
    elsewhere = last_line("review", "--workspace", str(shop.root), cwd=tmp_path)
    assert elsewhere.endswith(f"→ tjtools upload --live --workspace {shop.root}")
    named = last_line("review", "uploaded/a.png", "--force", cwd=shop.root)
    assert named == "1 new → tjtools upload --file uploaded/a.png --force --live"
    assert last_line("review", "uploaded/there.png", cwd=shop.root) == "1 already there, nothing new"
    assert last_line("review", "there.png", cwd=shop.root) == "1 already there, nothing new"  # as a review prints it


def test_a_file_that_is_named_as_the_session_has_it_is_of_the_type_that_it_has_there(shop: Workspace) -> None:
    """Neither its name nor its size tells: it was taken for a banner, which an upload would put into that section."""
    path = shop.media_file("still.png", CreativeType.NATIVE_IMAGE)
    samples.write_image(path, width=640, height=360, title="x")
    session(shop, [{"new_filename": "still.png", "creative_type": "native_image"}])
    for named in ("still.png", str(path), str(path.relative_to(shop.root))):
        [told] = json.loads(tjtools("review", named, "--json", cwd=shop.root).stdout)["files"]
        assert (told["creative_type"], told["verdict"]) == ("native_image", "new")
    unknown = tjtools("review", f"{'x' * 300}.png", cwd=shop.root)
    assert (unknown.returncode, "There is no file" in unknown.stderr) == (2, True)


@pytest.mark.parametrize(
    ("lacking", "command"), [("site", "tjtools init"), ("sign-in", "tjtools login"), ("session", "tjtools prepare DIR")]
)
def test_a_review_names_what_has_to_be_done_first(shop: Workspace, lacking: str, command: str) -> None:
    {"site": shop.settings_file, "sign-in": shop.browser_session, "session": shop.session}[lacking].unlink()
    assert f"→ {command}" in last_line("review", cwd=shop.root)


def test_a_dry_run_says_how_many_would_go_up_and_the_command_it_names_uploads_them(
    shop: Workspace, truth: Truth
) -> None:
    done = tjtools("upload", "--limit", "1", cwd=shop.root)
    *_, line = done.stdout.splitlines()
    assert line == "1 would go up · 1 there · 1 not in this run · 1 to mend → tjtools upload --limit 1 --live"
    assert "a.png\n" not in done.stdout
    assert "gone.png\n" in done.stdout
    live = tjtools(*shlex.split(line.rpartition("→ tjtools ")[2]), cwd=shop.root)
    [identity] = truth.named("a")
    assert f"success     {identity}  a.png" in live.stdout
    assert live.stdout.splitlines()[-1].startswith("1 uploaded · 1 there · 1 not in this run · 1 to mend → ")


def test_a_copy_of_a_rejected_creative_is_listed_and_counted_as_held_back(shop: Workspace) -> None:
    rejected = Creative(
        "1032530581", "old", None, "300x250", "png", CreativeType.IMAGE, review_status=ReviewStatus.REJECTED
    )
    Library.load(shop.library).add([rejected])
    samples.write_image(shop.root / "uploaded" / "old.png", width=300, height=250, title="Sports", seed=1)
    assert tjtools("duplicates", cwd=shop.root).returncode == 1
    samples.write_image(shop.root / "uploaded" / "a.jpg", width=300, height=250, title="Sports", seed=1)
    write_inventory(
        shop.session, [{"new_filename": name, "creative_type": "image"} for name in ("a.jpg", "b.png", "there.png")]
    )
    review = tjtools("review", cwd=shop.root).stdout.splitlines()
    assert "REJECTED" in review[2]
    assert review[-1] == "1 new · 1 there · 1 to compare → tjtools upload --live"
    dry = tjtools("upload", cwd=shop.root).stdout.splitlines()
    assert dry[-1] == "1 would go up · 1 there · 1 held back → tjtools upload --live"
    write_inventory(shop.session, [{"new_filename": "a.jpg", "creative_type": "image"}])  # an upload would take nothing
    assert last_line("review", cwd=shop.root) == "1 to compare → tjtools decide FILE OTHER WORD"


@pytest.mark.parametrize("live", [[], ["--live"]])
def test_an_upload_of_nothing_says_how_there_come_to_be_files(
    workspace: Workspace, fake_site: None, live: list[str]
) -> None:
    write_inventory(workspace.session, [])
    assert last_line("upload", *live, cwd=workspace.root) == "no files → tjtools prepare DIR"


@pytest.mark.parametrize(("bound", "first"), [(False, "tjtools init"), (True, "tjtools login")])
def test_status_and_doctor_name_exactly_one_thing_to_begin_with(
    bare_workspace: Workspace, chromium: str, bound: bool, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    if bound:
        tjtools("init", ".", "--site", "live", "--account", "me", cwd=bare_workspace.root)
    for command in ("status", "doctor"):
        done = tjtools(command, cwd=bare_workspace.root)
        [ahead] = [line for line in done.stdout.splitlines() if line.startswith("Next:")]
        assert first in ahead, done
        assert done.returncode == (0 if bound else 1)


def test_the_status_of_a_workspace_in_use_names_the_day_s_work(shop: Workspace) -> None:
    said = tjtools("status", cwd=shop.root)
    assert "Next: 3 files of the session are not in the library by name: review them → tjtools review" in said.stdout
    assert said.returncode == 0


def test_the_accounts_are_listed_in_lines_that_are_short_enough(shop: Workspace) -> None:
    done = tjtools("status", "--all", cwd=shop.root)
    at = done.stdout.splitlines().index(f"  {shop.root}")
    assert done.stdout.splitlines()[at - 1] == "  1 approved"


@pytest.mark.parametrize("limit", [["--limit", "1"], ["--limit=1"]])
def test_after_a_first_few_the_others_are_one_command_away(shop: Workspace, fake_site: None, limit: list[str]) -> None:
    line = last_line("upload", "--session", *limit, "--live", cwd=shop.root)
    assert line == "1 uploaded · 1 there · 1 not in this run · 1 to mend → tjtools upload --session --live"


def test_who_forced_a_first_few_is_not_told_to_force_them_once_more(shop: Workspace, fake_site: None) -> None:
    """With --force nothing is looked up: the command for all would upload again what has just gone up."""
    line = last_line("upload", "--session", "--limit", "1", "--live", "--force", cwd=shop.root)
    assert line.startswith("1 uploaded")
    assert "→" not in line


def test_an_upload_and_a_review_call_what_is_unclear_by_one_word(shop: Workspace, fake_site: None) -> None:
    session(shop, [banner(shop.root / "uploaded", "there.png.png", 1)])
    for command in (["review"], ["upload", "--session"]):
        assert last_line(*command, cwd=shop.root).startswith("1 perhaps there"), command


def test_where_another_upload_runs_nobody_is_told_to_go_on_with_it(shop: Workspace, fake_site: None) -> None:
    with only_live_run(shop):
        Journal(shop.log).begun([SessionFile(shop.root / "c.png", CreativeType.IMAGE)], run="other", now=NOW)
        done = tjtools("upload", "--session", "--live", cwd=shop.root)
    assert "another live upload is running here" in done.stderr
    assert done.stdout.splitlines()[-1].endswith("2 not begun · 1 there · 1 to mend → tjtools status")


def test_the_command_of_a_step_can_be_given_from_elsewhere(
    bare_workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    step = Step("Start the sandbox", command=start_of_sandbox("http://127.0.0.1:1", bare_workspace.root))
    assert from_here(bare_workspace, step) == step.command  # which has no --workspace
    assert from_here(bare_workspace, Step("Review", command="tjtools review")) == (
        f"tjtools review --workspace {bare_workspace.root}"
    )
    assert from_here(bare_workspace, Step("Nothing")) == ""


def test_the_last_words_of_the_demo_agree_with_what_came_before(shop: Workspace) -> None:
    file = SessionFile(shop.root / "a.png", CreativeType.IMAGE)
    known, held = Outcome(file, UploadStatus.SKIPPED, "1"), Outcome(file, UploadStatus.SKIPPED)
    first = UploadReport(True, (Outcome(file, UploadStatus.SUCCESS, "1"),), (), file.path)
    again = UploadReport(True, (known, known, held), (), file.path)
    assert summed_up(first, again, 1, 1) == (
        "1 file uploaded, 1 of 1 IDs confirmed by checksum."
        " The second run: 0 files uploaded, 2 there already, 1 held back."
    )


def test_no_command_prints_a_line_break_within_a_text_which_would_be_shown_as_a_backslash() -> None:
    for path in Path(cli.__file__).parent.glob("*.py"):
        assert not re.search(r"""\b(out|err)\.print\([^)\n]*\\n""", path.read_text("utf-8")), path


def test_the_demo_ends_where_one_of_its_runs_is_stopped(shop: Workspace, truth: Truth, fake_site: None) -> None:
    expire(truth)
    prepared = prepare(shop)
    with pytest.raises(SignInNeeded):
        carried_out(shop, prepared, make_plan(prepared.reviews), live=True, headless=True)


def test_help_is_in_groups_of_short_lines(tmp_path: Path) -> None:
    told = tjtools("--help", cwd=tmp_path).stdout
    places = [told.index(f"\n{title}:\n") for title in ("Day", "Library", "Check", "Set-up")]
    assert places == sorted(places)
    texts = [line.strip().partition("  ")[2].strip() for line in told[places[0] :].splitlines() if line[:2] == "  "]
    assert len(texts) == 25
    assert [text for text in texts if not 0 < len(text) < 50 or "..." in text] == []


def test_help_is_in_words_and_not_in_the_types_of_a_program() -> None:
    commands = [[name] for group in GROUPS.values() for one in group if (name := one.__name__.replace("_", "-"))]
    for words in (*commands, *(["team", name] for name in ("init", "join", "status", "leave"))):
        told = CliRunner().invoke(app, [*words, "--help"])
        assert told.exit_code == 0
        assert "[[" not in told.stdout
        assert re.findall(r"--[a-z-]+ <(?:str|path|dir|list|int|float).*", told.stdout) == []
