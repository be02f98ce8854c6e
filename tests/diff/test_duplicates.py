"""The same creative under another name is found before it is uploaded; what only looks like it is for a person."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from corpus import Coding, Scene, write_still
from PIL import Image, ImageOps
from world import NOW, tjtools, write_inventory

from tjtools.cache.library import Library
from tjtools.diff.duplicates import decide_about, find_duplicates, known_groups
from tjtools.diff.repeats import Content, Decision, Decisions, RepeatKind
from tjtools.diff.session import FileReview, Verdict
from tjtools.media.content import Fingerprints, Upload, look_at
from tjtools.media.copies import hashes
from tjtools.model.creative import CreativeType
from tjtools.model.errors import Cancelled, WorkspaceError
from tjtools.practice import samples
from tjtools.upload import make_plan, prepare
from tjtools.upload.record import Records
from tjtools.widgets.analysis import LibraryAnalysis
from tjtools.workspace.derived import cache_file
from tjtools.workspace.folder import Workspace

HEADER = "creative_id,filename,upload_date,dimensions,file_type,creative_type,review_status\n"
HISTORY = "observed_at,creative_id,filename,from_status,to_status,previous_seen_at,source\n"
SIZE = (300, 250)


@pytest.fixture
def place(bare_workspace: Workspace) -> Workspace:
    """A workspace with a banner that was uploaded as 1032530511, approved since, and is no longer on this machine."""
    draw(bare_workspace, "old.png", template=1)
    uploaded(bare_workspace, "old.png", "1032530511")
    library(bare_workspace, "1032530511,old.png,2025-11-01,300x250,png,image,approved")
    return bare_workspace


def draw(workspace: Workspace, name: str, *, template: int, text: int = 0, quality: int = 90) -> Path:
    path = workspace.root / "uploaded" / name
    write_still(path, list(Scene(template, text, 0).frames(1)), Coding(path.suffix, quality, SIZE))
    return path


def uploaded(workspace: Workspace, name: str, creative_id: str, *, kept: bool = False) -> None:
    path, store = workspace.root / "uploaded" / name, Fingerprints.load(workspace)
    seen = look_at([path], store)[path]
    assert seen is not None
    store.keep_uploads([Upload(creative_id, name, CreativeType.IMAGE, seen)], now=NOW)
    if not kept:
        shutil.move(path, workspace.root / "elsewhere.bin")


def library(workspace: Workspace, *rows: str) -> None:
    workspace.library.write_text(HEADER + "".join(f"{row}\n" for row in rows), "utf-8")


def again(workspace: Workspace, name: str) -> Path:
    return Path(shutil.copy(workspace.root / "elsewhere.bin", workspace.root / "uploaded" / name))


def review(workspace: Workspace, *names: str, force: bool = False) -> list[FileReview]:
    write_inventory(
        workspace.session, [{"unique_id": name, "new_filename": name, "creative_type": "image"} for name in names]
    )
    return list(prepare(workspace, force=force).reviews)


def test_a_renamed_duplicate_is_skipped_with_its_id_and_name(place: Workspace) -> None:
    again(place, "new name.png")
    [one] = review(place, "new name.png")
    assert (one.verdict, one.creative_id, one.needs_a_person) == (Verdict.RENAMED_DUPLICATE, "1032530511", False)
    assert one.reason == "same content as ID 1032530511 (old.png; Static Banner, approved, added 2025-11-01)"
    assert make_plan([one]).files == ()


def test_force_sends_it_and_says_so(place: Workspace) -> None:
    again(place, "new name.png")
    [one] = review(place, "new name.png", force=True)
    assert (one.verdict, one.notes[0][:57]) == (
        Verdict.NEW,
        "forced, although it is there: same content as ID 10325305",
    )


def test_a_re_encoded_one_goes_up_unless_a_person_says_skip(place: Workspace) -> None:
    draw(place, "new.jpg", template=1, quality=60)
    [one] = review(place, "new.jpg")
    assert (one.verdict, one.needs_a_person, len(make_plan([one]).files)) == (Verdict.NEAR_DUPLICATE, True, 1)
    assert one.reason.startswith("looks 100% like ID")
    assert "like ID 1032530511 (old.png; Static Banner, approved" in one.reason


@pytest.mark.parametrize(
    ("decision", "verdict", "going"), [(Decision.NOT_THE_SAME, Verdict.NEW, 1), (Decision.SKIP, Verdict.SKIPPED, 0)]
)
def test_a_decision_is_remembered_for_these_two_contents(
    place: Workspace, decision: Decision, verdict: Verdict, going: int
) -> None:
    draw(place, "new.jpg", template=1, quality=60)
    prepared = prepare_one(place, "new.jpg")
    [found] = prepared.repeats
    Decisions.load(place).decide(found.file.content, found.known.content, decision, now=NOW)
    (place.root / "uploaded" / "new.jpg").rename(place.root / "uploaded" / "renamed.jpg")
    [one] = review(place, "renamed.jpg")
    assert (one.verdict, one.needs_a_person, len(make_plan([one]).files)) == (verdict, False, going)


def test_a_content_that_stands_in_library_and_session_is_told_once(place: Workspace) -> None:
    for name in ("old.png", "old again.png"):
        again(place, name)
    draw(place, "new.jpg", template=1, quality=60)
    one = review(place, "old.png", "old again.png", "new.jpg")[2]
    assert [each.known.told for each in one.repeats] == [
        "ID 1032530511 (old.png; Static Banner, approved, added 2025-11-01)"
    ]


def test_a_near_duplicate_within_the_session_is_one_though_a_creative_of_that_content_is_gone(place: Workspace) -> None:
    library(place, "1032530511,old.png,2025-11-01,300x250,png,image,removed")
    again(place, "old again.png")
    draw(place, "new.jpg", template=1, quality=60)
    one = review(place, "old again.png", "new.jpg")[1]
    assert one.verdict is Verdict.NEAR_DUPLICATE
    assert "like old again.png of this session" in one.reason


def prepare_one(workspace: Workspace, name: str) -> FileReview:
    [one] = review(workspace, name)
    return one


def variants(place: Workspace) -> FileReview:
    """The review of the second of two with one picture and other words."""
    for text, name in enumerate(("one.png", "two.png")):
        draw(place, name, template=3, text=text)
    return review(place, "one.png", "two.png")[1]


def test_the_same_picture_with_other_words_is_told_as_such(place: Workspace) -> None:
    two = variants(place)
    assert (two.verdict, [each.kind for each in two.repeats]) == (Verdict.NEAR_DUPLICATE, [RepeatKind.OTHER_WORDS])
    assert two.reason.endswith("like one.png of this session; the same picture, other words")
    [group] = find_duplicates(place).groups
    assert (group.kind, group.how(group.members[1])) == (RepeatKind.OTHER_WORDS, "the same picture, other words")


def test_who_means_variants_is_not_told_of_other_words(place: Workspace) -> None:
    place.settings_file.write_text("[duplicates]\nother_words = false\n", "utf-8")
    two = variants(place)
    assert (two.verdict, two.repeats, find_duplicates(place).groups) == (Verdict.NEW, (), ())


def test_a_decision_about_other_words_holds_whoever_is_told(place: Workspace) -> None:
    [found] = variants(place).repeats
    Decisions.load(place).decide(found.file.content, found.known.content, Decision.SKIP, now=NOW)
    place.settings_file.write_text("[duplicates]\nother_words = false\n", "utf-8")
    assert variants(place).verdict is Verdict.SKIPPED


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (ImageOps.mirror, "mirrored"),
        (lambda one: one.crop((20, 12, 292, 238)), "cropped to 8"),
        (lambda one: ImageOps.expand(one, 30, "navy"), "a border added"),
    ],
)
def test_an_edited_one_is_a_near_duplicate_and_what_was_done_is_told(
    place: Workspace, edit: Callable[[Image.Image], Image.Image], told: str
) -> None:
    path = draw(place, "new.png", template=1)
    with Image.open(path) as picture:
        edit(picture.convert("RGB")).resize(SIZE).save(path)
    [one] = review(place, "new.png")
    assert one.verdict is Verdict.NEAR_DUPLICATE
    assert told in one.reason.partition("; ")[2]


def before_looks(place: Workspace) -> None:
    """As an earlier version left the workspace: of what was uploaded it kept hashes."""
    store = Fingerprints.load(place)
    [upload] = store.uploads()
    looks = hashes(store.frames(upload.fingerprint), 0.0)
    store.keep_uploads([upload._replace(fingerprint=upload.fingerprint._replace(looks=looks, looked=False))], now=NOW)
    shutil.rmtree(place.looks)
    cache_file().unlink()


def test_what_an_earlier_version_kept_is_compared_by_it(place: Workspace) -> None:
    before_looks(place)
    draw(place, "new.jpg", template=1, quality=60)
    draw(place, "other.jpg", template=4)
    assert [one.verdict for one in review(place, "new.jpg", "other.jpg")] == [Verdict.NEAR_DUPLICATE, Verdict.NEW]


def test_what_an_earlier_version_looked_at_is_looked_at_again_where_it_is_here(place: Workspace) -> None:
    before_looks(place)
    again(place, "old.png")
    find_duplicates(place)
    [upload] = Fingerprints.load(place).uploads()
    assert [path.stem for path in place.looks.iterdir()] == [upload.fingerprint.checksum]
    (place.root / "uploaded" / "old.png").unlink()
    path = draw(place, "new.png", template=1)
    with Image.open(path) as picture:
        ImageOps.mirror(picture).save(path)
    [one] = review(place, "new.png")
    assert (one.verdict, one.reason.endswith("; mirrored")) == (Verdict.NEAR_DUPLICATE, True)


def test_one_content_twice_in_a_session_goes_up_once(place: Workspace) -> None:
    first = draw(place, "a.png", template=2)
    shutil.copy(first, first.with_name("b.png"))
    reviews = review(place, "a.png", "b.png")
    assert [one.verdict for one in reviews] == [Verdict.NEW, Verdict.IN_SESSION]
    assert (reviews[1].reason, reviews[1].needs_a_person) == ("same content as a.png of this session", False)
    assert [one.verdict for one in review(place, "a.png", "b.png", force=True)] == [Verdict.NEW, Verdict.NEW]


def test_a_copy_whose_first_cannot_go_up_is_not_held_back(place: Workspace) -> None:
    first = draw(place, "a.jpg", template=2)
    shutil.copy(first, first.with_name("b.png"))
    shutil.copy(first, first.with_name("c.jpg"))
    assert [one.verdict for one in review(place, "b.png", "c.jpg")] == [Verdict.INVALID, Verdict.NEW]


def test_a_near_duplicate_within_the_session(place: Workspace) -> None:
    draw(place, "a.png", template=2)
    draw(place, "b.jpg", template=2, quality=60)
    reviews = review(place, "a.png", "b.jpg")
    assert [one.verdict for one in reviews] == [Verdict.NEW, Verdict.NEAR_DUPLICATE]
    assert reviews[1].reason.endswith("like a.png of this session")


def test_a_local_copy_that_bears_a_creatives_name_counts_without_its_id_being_certain(place: Workspace) -> None:
    library(place, "1032530999,here.png,,,,image,approved")
    first = draw(place, "here.png", template=3)
    shutil.copy(first, first.with_name("b.png"))
    [one] = review(place, "b.png")
    assert (one.verdict, one.creative_id) == (Verdict.RENAMED_DUPLICATE, None)
    assert "ID 1032530999 (here.png" in one.reason


@pytest.mark.parametrize(
    ("row", "note"),
    [
        ("1032530511,old.png,,300x250,png,image,removed", "gone from the site: same content as ID 1032530511"),
        ("1032530511,old.png,,,png,native_image,approved", "in another section: same content as ID 1032530511"),
    ],
)
def test_what_is_gone_or_in_another_section_is_shown_and_not_skipped(place: Workspace, row: str, note: str) -> None:
    library(place, row)
    again(place, "new name.png")
    [one] = review(place, "new name.png")
    assert (one.verdict, one.notes[0][: len(note)]) == (Verdict.NEW, note)


def test_a_creative_that_the_library_does_not_hold_is_none(place: Workspace) -> None:
    place.library.unlink()
    again(place, "new name.png")
    assert [(one.verdict, one.notes) for one in review(place, "new name.png")] == [(Verdict.NEW, ())]


def test_a_repeat_of_a_rejected_creative_is_called_out(place: Workspace) -> None:
    library(place, "1032530511,old.png,2025-11-01,300x250,png,image,removed")
    place.history.write_text(
        HISTORY
        + "2025-11-01T10:00:00Z,1032530511,old.png,,pending,,upload\n"
        + "2025-11-03T10:00:00Z,1032530511,old.png,pending,rejected,2025-11-02T10:00:00Z,sync\n"
        + "2025-11-04T10:00:00Z,1032530511,old.png,rejected,removed,2025-11-03T10:00:00Z,refresh\n",
        "utf-8",
    )
    draw(place, "new.jpg", template=1, quality=60)
    again(place, "copy.png")
    reviews = [prepare_one(place, "new.jpg"), prepare_one(place, "copy.png")]
    assert [one.verdict for one in reviews] == [Verdict.NEW, Verdict.NEW]
    assert [bool(one.repeats_rejected) for one in reviews] == [True, True]
    assert all("it was REJECTED on 2025-11-03" in one.notes[0] for one in reviews)
    [found] = reviews[0].repeats
    assert ([one.to_status for one in found.known.history], found.known.rejected_at) == (
        ["pending", "rejected", "removed"],
        "2025-11-03T10:00:00Z",
    )


def test_what_was_rejected_when_it_was_first_seen_was_so_on_a_day_that_nobody_knows(place: Workspace) -> None:
    library(place, "1032530511,old.png,2025-11-01,300x250,png,image,removed")
    place.history.write_text(HISTORY + "2025-11-03T10:00:00Z,1032530511,old.png,,rejected,,sync\n", "utf-8")
    draw(place, "new.jpg", template=1, quality=60)
    [note] = prepare_one(place, "new.jpg").notes
    assert note.endswith("it was REJECTED")


def test_the_evidence_shows_both_sides(place: Workspace) -> None:
    path = draw(place, "new.jpg", template=1, quality=60)
    [found] = prepare_one(place, "new.jpg").repeats
    mine, theirs = found.file.fingerprint, found.known.fingerprint
    assert (found.kind, found.file.path, mine.facts.container) == (RepeatKind.LOOKS_SAME, path, "jpg")
    assert (found.known.creative_id, found.known.name, theirs.facts.size, theirs.facts.container) == (
        "1032530511",
        "old.png",
        "300x250",
        "png",
    )
    assert mine.checksum != theirs.checksum
    for side in (mine, theirs):
        with Image.open(io.BytesIO(Fingerprints.load(place).thumbnail(side) or b"")) as thumbnail:
            assert thumbnail.size == (160, 133)


def test_an_unreadable_file_is_said_to_be_so_and_not_to_be_new(place: Workspace) -> None:
    path = draw(place, "cut.png", template=4)
    path.write_bytes(path.read_bytes()[:5000])
    (path.with_name("empty.png")).touch()
    reviews = review(place, "cut.png", "empty.png")
    assert [one.verdict for one in reviews] == [Verdict.UNREADABLE, Verdict.UNREADABLE]
    assert reviews[1].reason == "the file is empty: export it again"


def test_an_unreadable_file_of_a_known_content_is_a_duplicate_all_the_same(place: Workspace) -> None:
    path = draw(place, "cut.png", template=4)
    path.write_bytes(path.read_bytes()[:5000])
    uploaded(place, "cut.png", "1032530511")
    again(place, "other.png")
    assert [one.verdict for one in review(place, "other.png")] == [Verdict.RENAMED_DUPLICATE]


def test_groups_of_the_same_and_of_what_looks_so(place: Workspace, tmp_path: Path) -> None:
    again(place, "copy.png")
    draw(place, "smaller.jpg", template=1, quality=60)
    draw(place, "other.png", template=5)
    library(place, "1032530511,old.png,,300x250,png,image,rejected", "1032530521,unseen.png,,,png,image,approved")
    found = find_duplicates(place)
    [group] = found.groups
    assert (group.kind, group.rejected, [one.name for one in group.members]) == (
        RepeatKind.LOOKS_SAME,
        True,
        ["old.png", "copy.png", "smaller.jpg"],
    )
    assert (found.files, [one.creative_id for one in found.without_copy]) == (3, ["1032530521"])


def test_with_paths_only_their_groups(place: Workspace, tmp_path: Path) -> None:
    for number in (2, 3):
        first = draw(place, f"a{number}.png", template=number)
        shutil.copy(first, first.with_name(f"b{number}.png"))
    (tmp_path / "folder" / "deep").mkdir(parents=True)
    shutil.copy(first, tmp_path / "folder" / "deep" / "c.png")
    [group] = find_duplicates(place, [tmp_path / "folder"]).groups
    assert (group.kind, sorted(one.name for one in group.members)) == (
        RepeatKind.SAME_CONTENT,
        ["a3.png", "b3.png", "c.png"],
    )
    with pytest.raises(WorkspaceError, match="There is no file or folder"):
        find_duplicates(place, [tmp_path / "none"])


def test_what_tjtools_keeps_and_what_is_hidden_is_no_media(place: Workspace) -> None:
    again(place, "copy.png")
    (place.root / ".hidden").mkdir()
    for folder in (place.screenshots, place.root / ".hidden"):
        folder.mkdir(parents=True, exist_ok=True)
        again(place, "x.png").rename(folder / "x.png")
    found = find_duplicates(place, [place.root])
    assert (found.files, [[one.name for one in group.members] for group in found.groups]) == (
        1,
        [["old.png", "copy.png"]],
    )


def test_what_a_person_decided_is_no_group(place: Workspace) -> None:
    path = draw(place, "new.jpg", template=1, quality=60)
    assert len(find_duplicates(place).groups) == 1
    decide_about(place, path, "1032530511", Decision.NOT_THE_SAME, now=NOW)
    assert find_duplicates(place).groups == ()
    decide_about(place, path, "1032530511", Decision.UNDECIDED, now=NOW)
    assert len(find_duplicates(place).groups) == 1


@pytest.mark.parametrize(
    ("file", "other", "said"),
    [
        ("none.png", "1032530511", "There is no file"),
        ("new.jpg", "42", "Nothing is known of what creative 42 looks like"),
        ("copy.png", "1032530511", "the same to the last byte"),
    ],
)
def test_a_decision_that_means_nothing_is_refused(place: Workspace, file: str, other: str, said: str) -> None:
    draw(place, "new.jpg", template=1, quality=60)
    again(place, "copy.png")
    with pytest.raises(WorkspaceError, match=said):
        decide_about(place, place.root / "uploaded" / file, other, Decision.SKIP, now=NOW)


def test_unreadable_files_are_named(place: Workspace) -> None:
    (place.root / "uploaded" / "empty.png").touch()
    found = find_duplicates(place)
    assert found.unreadable == ((place.root / "uploaded" / "empty.png", "the file is empty"),)


def test_the_commands(place: Workspace, tmp_path: Path) -> None:
    again(place, "copy.png")
    path = draw(place, "new <b>.jpg", template=1, quality=60)
    where = ("--workspace", str(place.root))

    def told(*arguments: str, expect: int) -> str:
        done = tjtools(*arguments, *where, cwd=tmp_path)
        assert done.returncode == expect, done.stderr
        return done.stdout

    shown = told("duplicates", "--html", str(tmp_path / "page.html"), expect=1)
    assert "1032530511 old.png; Static Banner, approved, added 2025-11-01" in shown
    assert "1 group of duplicates among 2 files" in shown
    page = (tmp_path / "page.html").read_text("utf-8")
    assert (page.count("data:image/jpeg;base64,"), "new &lt;b&gt;.jpg" in page, "<b>.jpg" in page) == (3, True, False)
    [group] = json.loads(told("duplicates", "--json", expect=1))["groups"]
    assert [one["creative"] and one["creative"]["creative_id"] for one in group["members"]] == [
        "1032530511",
        None,
        None,
    ]
    [one] = json.loads(told("review", str(path), "--json", expect=1))["files"]
    assert (one["verdict"], one["repeats"][0]["creative"]["creative_id"]) == ("near duplicate", "1032530511")
    told("decide", str(path), "1032530511", "not-the-same", expect=0)
    [one] = json.loads(told("review", str(path), "--json", expect=0))["files"]
    assert one["verdict"] == "new"


def test_a_decision_takes_the_names_that_a_review_prints(place: Workspace) -> None:
    names = [draw(place, name, template=1, quality=quality).name for name, quality in (("a.jpg", 60), ("b.jpg", 61))]
    write_inventory(place.session, [{"new_filename": name, "creative_type": "image"} for name in names])
    one, two = decide_about(place, Path("a.jpg"), "b.jpg", Decision.SKIP, now=NOW)
    assert (one.name, two.name) == ("a.jpg", "b.jpg")


def test_a_design_saved_over_the_uploaded_file_is_not_that_creative(bare_workspace: Workspace) -> None:
    draw(bare_workspace, "old.png", template=1)
    uploaded(bare_workspace, "old.png", "1032530511", kept=True)
    library(bare_workspace, "1032530511,old.png,2025-11-01,300x250,png,image,approved")
    draw(bare_workspace, "old.png", template=5)
    shutil.copy(bare_workspace.root / "uploaded/old.png", bare_workspace.root / "uploaded/old_v2.png")
    [one] = review(bare_workspace, "old_v2.png")
    assert (one.verdict, one.creative_id) == (Verdict.NEW, None)


@pytest.mark.parametrize("order", [("a.jpg", "b.jpg"), ("b.jpg", "a.jpg")])
def test_a_decision_to_skip_holds_in_any_order_of_the_session(
    bare_workspace: Workspace, order: tuple[str, str]
) -> None:
    draw(bare_workspace, "a.jpg", template=1, quality=60)
    draw(bare_workspace, "b.jpg", template=1, quality=90)
    review(bare_workspace, *order)
    first, second = content_of(bare_workspace, "a.jpg"), content_of(bare_workspace, "b.jpg")
    Decisions.load(bare_workspace).decide(first, second, Decision.SKIP, now=NOW)
    assert [one.file.name for one in review(bare_workspace, *order) if not one.goes_up] == ["a.jpg"]


def content_of(workspace: Workspace, name: str) -> Content:
    seen = Fingerprints.load(workspace).of(workspace.root / "uploaded" / name)
    assert seen is not None
    return Content(seen.checksum, name)


def test_an_empty_file_is_unreadable_and_nobody_s_duplicate(bare_workspace: Workspace) -> None:
    for name in ("old.png", "new.png"):
        (bare_workspace.root / "uploaded" / name).touch()
    library(bare_workspace, "1032530511,old.png,,300x250,png,image,approved")
    [one] = review(bare_workspace, "new.png")
    assert (one.verdict, one.creative_id) == (Verdict.UNREADABLE, None)
    assert find_duplicates(bare_workspace).groups == ()


def test_a_file_named_by_another_way_is_not_its_own_duplicate(place: Workspace) -> None:
    draw(place, "a.png", template=3)
    (place.root / "notebooks").mkdir()
    assert find_duplicates(place, [place.root / "notebooks/../uploaded"]).groups == ()
    again(place, "renamed.png")
    assert len(find_duplicates(place, [place.tracking / "../uploaded"]).groups) == 1


def test_a_program_in_the_current_folder_is_not_run(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    (place.root / "json.py").write_text("raise SystemExit(3)\n", "utf-8")
    monkeypatch.chdir(place.root)
    draw(place, "a.png", template=3)
    assert [one.verdict for one in review(place, "a.png")] == [Verdict.NEW]


def test_a_pair_goes_up_though_its_video_is_also_that_of_a_half_pair(bare_workspace: Workspace) -> None:
    folder = bare_workspace.root / "uploaded/Native"
    samples.write_video(folder / "Video/v1.mp4", width=640, height=360, seconds=4, title="Sports")
    shutil.copy(folder / "Video/v1.mp4", folder / "Video/v2.mp4")
    samples.write_image(folder / "Image/i2.png", width=640, height=360, title="Travel", seed=4)
    rows = [("v1.mp4", "native_video", "1"), ("v2.mp4", "native_video", "2"), ("i2.png", "native_image", "2")]
    write_inventory(
        bare_workspace.session,
        [{"new_filename": name, "creative_type": kind, "native_pair_id": pair} for name, kind, pair in rows],
    )
    verdicts = {one.file.name: one.verdict for one in prepare(bare_workspace).reviews}
    assert verdicts == {"v1.mp4": Verdict.HALF_PAIR, "v2.mp4": Verdict.NEW, "i2.png": Verdict.NEW}


def test_what_was_judged_by_its_content_is_judged_again_when_it_has_changed(place: Workspace) -> None:
    again(place, "new name.png")
    [one] = review(place, "new name.png")
    records = Records(place, Library.load(place.library), "20251113_120000")
    assert records.contents([one.file]) == {"new name.png": one.content}
    draw(place, "new name.png", template=7)
    assert Records(place, Library.load(place.library), "20251113_120000").contents([one.file]) == {}


def test_comparing_is_told_and_can_be_stopped(place: Workspace) -> None:
    names = [f"{number}.png" for number in range(4)]
    for number, name in enumerate(names):
        draw(place, name, template=1, text=number)
    told: list[str] = []
    review(place, *names[:1])
    write_inventory(
        place.session, [{"unique_id": name, "new_filename": name, "creative_type": "image"} for name in names]
    )
    with pytest.raises(Cancelled):
        prepare(
            place,
            progress=lambda at: told.append(f"{at.told} {at.done} of {at.total}"),
            cancelled=lambda: "comparing" in "".join(told),
        )
    assert "comparing" not in "".join(told[:3])
    assert len(told) == 4
    prepare(place, progress=lambda at: told.append(f"{at.told} {at.done} of {at.total}"))
    assert sorted(one[:15] for one in told[-4:]) == [f"comparing {name}" for name in names]
    assert told[-1].endswith(" 4 of 4")


def test_the_librarys_copies_are_found_by_what_was_seen_of_them(place: Workspace) -> None:
    """The same content once more, and re-encoded; a file that nobody looked at is not opened for it."""
    again(place, "copy.png")
    uploaded(place, "copy.png", "1032530521", kept=True)
    draw(place, "near.jpg", template=1, quality=60)
    uploaded(place, "near.jpg", "1032530531", kept=True)
    draw(place, "unseen.png", template=1)
    library(
        place,
        "1032530511,old.png,2025-11-01,300x250,png,image,approved",
        "1032530521,copy.png,2025-11-02,300x250,png,image,rejected",
        "1032530531,near.jpg,2025-11-03,300x250,jpg,image,pending",
        "1032530541,unseen.png,2025-11-03,300x250,png,image,approved",
    )
    same, near = ("1032530511", "1032530521"), ("1032530511", "1032530521", "1032530531")
    expected = [("same content", same), ("looks the same", near)]
    assert known_groups(place, Library.load(place.library)) == (expected, 3)
    panel = LibraryAnalysis(place)
    table = panel["copies"].frame
    assert table[["why", "creative_id", "kept"]].to_numpy().tolist() == [
        ["same content and looks the same", "1032530511", True],
        ["same content and looks the same", "1032530531", False],
        ["same content and looks the same", "1032530521", False],
    ]
    assert panel["copies"].finding == (
        "2 creatives repeat another one of the section (same content and looks the same 2):"
        " at least 2 reviews went into them; the content of 3 creatives was compared"
    )
