"""What a person is told of a delivery besides its files: where earlier ones are now, and what was read off names."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from pathlib import Path

import pytest
import typer
from deliveries import PLAIN, contents, image, media, names, taken
from world import NOW, read_rows, tjtools, write_inventory

from tjtools.cache.library import Library
from tjtools.cli import console
from tjtools.cli import prepare as command
from tjtools.media import Making
from tjtools.model.creative import Creative, CreativeType
from tjtools.model.errors import TrackingFileError
from tjtools.prepare import session as preparing
from tjtools.prepare.delivery import Wanted, look_through
from tjtools.prepare.fit import Wishes
from tjtools.prepare.intake import Intake, plan_session
from tjtools.prepare.naming import COLUMNS
from tjtools.prepare.remembered import Preparation, Source, State, last_preparation
from tjtools.prepare.session import alone, take_back
from tjtools.workspace.folder import Workspace


def prepared(workspace: Workspace, folder: Path, *more: str) -> tuple[int, str, str]:
    done = tjtools("prepare", str(folder), *more, "--workspace", str(workspace.root), cwd=folder)
    return done.returncode, done.stdout, done.stderr


def test_of_what_was_prepared_before_is_told_what_is_true_of_it_now(shop: Workspace, folder: Path) -> None:
    for number, name in enumerate(("here", "uploaded", "removed")):
        image(folder / "Sports" / f"{name}.png", seed=number)
    made = {one.source.stem: one for one in taken(shop, folder).taken}
    name = {stem: one.target.name for stem, one in made.items()}
    write_inventory(shop.session, [dict(made[stem].row) for stem in ("here", "uploaded")])
    Library.load(shop.library).add([Creative("1032530571", name["uploaded"], creative_type=CreativeType.IMAGE)])
    told = {one.path.stem: one.told for one in look_through(shop, folder, PLAIN).known}
    assert told == {
        "here": f"prepared on 2025-11-13 as {name['here']}",
        "uploaded": f"prepared on 2025-11-13 as {name['uploaded']}, on the site as 1032530571",
        "removed": f"prepared on 2025-11-13 as {name['removed']}, and no longer in the session",
    }
    code, out, _ = prepared(shop, folder)
    assert (code, out.count("\n")) == (0, 4)
    assert f"{name['removed']}, and no longer in the session: --again prepares it anew" in out
    assert "1 in the session already · 1 on the site already · 1 no longer in the session → tjtools review" in out


def test_where_nothing_is_left_in_the_session_no_review_is_named(shop: Workspace, folder: Path) -> None:
    image(folder / "Sports" / "a.png")
    taken(shop, folder)
    write_inventory(shop.session, [])
    assert re.search(r"1 no longer in the session → tjtools prepare .*--again", prepared(shop, folder)[1])
    assert "1 file for the session" in prepared(shop, folder, "--again")[1]
    assert len(names(shop)) == 1


def test_three_words_of_a_folder_may_be_a_category_or_a_style_and_a_creator_too(
    bare_workspace: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is named after `Kitchen-Generic-Anna` unasked: what it may mean is proposed, and an Enter takes it."""
    bare_workspace.defaults.write_text(f"{','.join(COLUMNS)}\n,,F,,Bea,EN,SFW,,\n", "utf-8")
    image(folder / "shoot 3" / "Kitchen-Generic-Anna" / "a.png")
    asked = list[tuple[str, object]]()

    def answer(question: str, default: object = None, **_: object) -> object:
        asked.append((question.rpartition("/")[2].partition(",")[0], default))
        return default or "Real"

    monkeypatch.setattr(typer, "prompt", answer)
    [one] = command._answered(look_through(bare_workspace, folder, PLAIN), ask=True).sources
    assert asked == [
        ("Kitchen-Generic-Anna: Category", "Kitchen"),
        ("Kitchen-Generic-Anna: Style: Anime", None),
        ("Kitchen-Generic-Anna: Creator", "Anna"),
    ]
    assert [one.fields[field] for field in ("category_name", "style", "creator_name")] == ["Kitchen", "Real", "Anna"]


def test_what_was_read_of_a_folder_is_shown_before_anything_is_written(shop: Workspace, folder: Path) -> None:
    image(folder / "Gaming-Anime-Bea" / "a.png")
    image(folder / "Sports" / "b.png", seed=1)
    out = prepared(shop, folder, "--dry-run")[1]
    assert "delivery/Gaming-Anime-Bea\nCategory Gaming, Model F, Style Anime, Creator Bea, Language EN" in out.replace(
        "\n  ", "\n"
    ).replace("  ", "")
    assert "Category Sports, Model F, Style Real, Creator Ana, Language EN, Rating SFW" in out
    image(folder / "Kitchen-Generic-Anna" / "c.png", seed=2)
    assert "category_name (Kitchen?), creator_name (Anna?)" in prepared(shop, folder, "--dry-run")[1]


def test_without_a_terminal_the_row_that_would_answer_is_named_and_answers(
    bare_workspace: Workspace, folder: Path
) -> None:
    image(folder / "Sports" / "a.png")
    code, _, told = prepared(bare_workspace, folder)
    assert (code, "style is Anime, Real, Both" in told) == (2, True)
    row = re.search(r"like '(.*?)' below its first line, '(.*?)'", " ".join(told.split()))
    assert row
    bare_workspace.defaults.write_text(f"{row[2]}\n{row[1]}\n", "utf-8")
    assert [*csv.reader(io.StringIO(row[1]))] == [["delivery/Sports", "", "M", "Anime", "Ana", "EN", "SFW", "", ""]]
    assert prepared(bare_workspace, folder)[0] == 0


def test_what_was_said_of_a_folder_goes_for_no_other_delivery_of_that_name(
    bare_workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = (image(tmp_path / who / "delivery" / "Sports" / "a.png").parents[1] for who in ("Ana", "Bea"))
    answers = iter(["F", "Real", "Ana", "EN", "SFW"])
    monkeypatch.setattr(typer, "prompt", lambda *_, **__: next(answers))
    command._answered(look_through(bare_workspace, ours, PLAIN), ask=True)
    assert [row["folder_path"] for row in read_rows(bare_workspace.defaults)] == [(ours / "Sports").as_posix()]
    assert look_through(bare_workspace, ours, PLAIN).lacks == {}
    assert look_through(bare_workspace, theirs, PLAIN).lacks != {}


def test_the_bar_never_says_of_a_file_at_hand_that_it_is_made(
    shop: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half_made(_workspace: Workspace, intake: Intake, *, progress: object, **_: object) -> Intake:
        assert callable(progress)
        progress(Making(1.6, 2))
        return intake

    screen = io.StringIO()
    monkeypatch.setattr(console, "err", console.PlainConsole(file=screen, force_terminal=True, width=100))
    monkeypatch.setattr(command, "write_session", half_made)
    for number in range(2):
        image(folder / "Sports" / f"{number}.png", (600, 500), seed=number)
    delivery = look_through(shop, folder, PLAIN)
    command._write(shop, plan_session(shop, delivery, now=NOW), delivery)
    assert ("2/2" in screen.getvalue(), "1/2" in screen.getvalue()) == (False, True)


def test_what_is_told_as_json_says_where_it_is_now(shop: Workspace, folder: Path) -> None:
    image(folder / "Sports" / "a.png")
    taken(shop, folder)
    [one] = json.loads(prepared(shop, folder, "--json")[1])["known"]
    assert one["state"] == "in the session already"


KEEPS = "EN_Music_F_Real_SFW_Song_Dora_ID-0A0B0C0D.png"


def test_taking_back_what_was_done_anew_brings_the_earlier_result_back(shop: Workspace, folder: Path) -> None:
    """Files, rows, and what is known of them; also of one that keeps its name, whose place was taken."""
    image(folder / "Sports" / "a.png", (600, 500))
    image(folder / "Sports" / KEEPS, (600, 500), seed=1)
    taken(shop, folder)
    rows = [read_rows(path) for path in (shop.session, shop.master)]
    before = contents(shop.root / "uploaded")
    taken(shop, folder, Wanted(again=True, native=True, wishes=Wishes(letterbox=True)))
    assert not media(shop) & {path.name for path in before if not path.name.startswith("ORG_")}
    for _ in range(2):  # another day it is the same
        assert take_back(shop, now=NOW)[1:] == ((), len(before), {})
        assert contents(shop.root / "uploaded") == before
        assert [read_rows(path) for path in (shop.session, shop.master)] == rows
        assert [one.state for one in look_through(shop, folder, PLAIN).known] == [State.HERE] * 2
        taken(shop, folder, Wanted(again=True))
    for _ in range(2):
        take_back(shop, now=NOW)
    assert (media(shop), names(shop), last_preparation(shop)) == (set(), [], None)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), TrackingFileError("It is locked.", path=Path("a.csv"))])
@pytest.mark.parametrize("where", ["_move", "put_back"])
def test_the_way_back_that_is_cut_off_is_gone_to_its_end_by_the_next(
    shop: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch, where: str, error: BaseException
) -> None:
    image(folder / "Sports" / "a.png", (600, 500))
    image(folder / "Sports" / KEEPS, (600, 500), seed=1)
    taken(shop, folder)
    before, rows = contents(shop.root / "uploaded"), read_rows(shop.session)
    taken(shop, folder, Wanted(again=True))

    def ends(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(preparing, where, ends)
        with pytest.raises(type(error)):
            take_back(shop, now=NOW)
    with alone(shop, now=NOW):
        pass
    assert (contents(shop.root / "uploaded"), read_rows(shop.session)) == (before, rows)


def test_what_is_not_there_any_more_is_not_said_to_be_back(shop: Workspace, folder: Path) -> None:
    image(folder / "Sports" / "a.png")
    taken(shop, folder)
    taken(shop, folder, Wanted(again=True))
    shutil.rmtree(shop.root / "uploaded" / ".replaced")
    done = tjtools("prepare", "--undo", "--workspace", str(shop.root), cwd=folder)
    assert (done.returncode, "is not there any more: prepare that again" in done.stdout) == (0, True)
    assert look_through(shop, folder, PLAIN).known == ()


def test_what_was_replaced_is_kept_no_longer_than_it_can_come_back(shop: Workspace, folder: Path) -> None:
    image(folder / "Sports" / "a.png")
    taken(shop, folder)
    taken(shop, folder, Wanted(again=True))
    Library.load(shop.library).add([Creative("1032530571", names(shop)[0], creative_type=CreativeType.IMAGE)])
    with alone(shop, now=NOW):
        pass
    assert len(contents(shop.root / "uploaded")) == 1


def test_where_only_some_of_what_was_replaced_comes_back_that_is_said(shop: Workspace, folder: Path) -> None:
    image(folder / "Sports" / "a.png")
    image(folder / "Sports" / KEEPS, seed=1)
    taken(shop, folder)
    taken(shop, folder, Wanted(again=True))
    by_hand = image(shop.root / "uploaded" / KEEPS, seed=77)  # it stays in the place of the earlier one
    ours, before = by_hand.read_bytes(), (folder / "Sports" / KEEPS).read_bytes()
    done = take_back(shop, now=NOW)
    assert [path.name for path in done.changed] == [KEEPS]
    assert "1 of 2 files are back: prepare the others again" in done.told
    assert f"earlier {KEEPS} lies beside it as ORG_{KEEPS}" in done.told
    assert (by_hand.read_bytes(), by_hand.with_name(f"ORG_{KEEPS}").read_bytes()) == (ours, before)


def test_where_the_earlier_one_lies_beside_a_changed_one_it_is_not_said_to_be_gone(
    shop: Workspace, folder: Path
) -> None:
    image(folder / "Sports" / KEEPS, seed=1)
    for wanted in (PLAIN, Wanted(again=True)):
        taken(shop, folder, wanted)
    [earlier] = (shop.root / "uploaded" / ".replaced").rglob(KEEPS)
    before = earlier.read_bytes()
    with (shop.root / "uploaded" / KEEPS).open("ab") as file:  # in place, as some editors do
        file.write(b"more")
    assert earlier.read_bytes() == before
    done = take_back(shop, now=NOW)
    told = "what it had taken the place of is not back: prepare that again"
    assert done.told == f"; {told}; the earlier {KEEPS} lies beside it as ORG_{KEEPS}"
    assert (shop.root / "uploaded" / f"ORG_{KEEPS}").read_bytes() == before


def test_what_can_not_be_kept_is_not_replaced(shop: Workspace, folder: Path) -> None:
    image(folder / "Sports" / "a.png")
    image(folder / "Sports" / KEEPS, seed=1)
    taken(shop, folder)
    (shop.root / "uploaded" / ".replaced").write_text("in the way", "utf-8")
    before, rows = contents(shop.root / "uploaded"), read_rows(shop.session)
    with pytest.raises(TrackingFileError, match="can't be kept"):
        taken(shop, folder, Wanted(again=True))
    assert (contents(shop.root / "uploaded"), read_rows(shop.session)) == (before, rows)


def test_what_was_replaced_goes_when_what_was_mended_in_its_place_is_uploaded(shop: Workspace, folder: Path) -> None:
    image(folder / "Sports" / "a.png")
    taken(shop, folder)
    taken(shop, folder, Wanted(again=True))
    last = last_preparation(shop)
    assert last
    [made] = last.sources[0].made
    source = Source(made.name, last.sources[0].seen._replace(checksum=made.checksum), (made._replace(name="b.png"),))
    Preparation("mend", NOW, "the review", {"b.png": made.checksum}, (source,), (made.name,), is_mend=True).note(shop)
    Library.load(shop.library).add([Creative("1032530571", "b.png", creative_type=CreativeType.IMAGE)])
    with alone(shop, now=NOW):
        pass
    assert not (shop.root / "uploaded" / ".replaced").exists()
