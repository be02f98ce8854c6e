"""What may have been meant by what the library does not know."""

from __future__ import annotations

import time

import pytest

from tjtools.cache.library import Library, look_up
from tjtools.cache.near import MOST_ASKED, made_of, near
from tjtools.cache.rows import COLUMNS
from tjtools.workspace.folder import Workspace


def library(workspace: Workspace, *names: str) -> Library:
    rows = [f"{1032530000 + number},{name},,,mp4,video,approved" for number, name in enumerate(names)]
    workspace.library.write_text("\n".join([",".join(COLUMNS), *rows, ""]), "utf-8")
    return Library.load(workspace.library)


def meant(known: Library, *asked: str) -> dict[str, list[str]]:
    return {one: [each.filename for each in like] for one, like in near(known, look_up(known, asked)).items()}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("夏日山田水.mp4", True),  # another letter
        ("夏日山川水水.mp4", True),  # one too many
        ("夏日川水", True),  # one lacks
        ("夏山日川水", True),  # two that changed places
        ("日山川水", True),  # the first one lacks, and it is a part
        ("夏日山田田", False),
        ("山川", False),  # of two letters too much is a part
    ],
)
def test_a_letter_is_a_letter_in_any_script(bare_workspace: Workspace, asked: str, found: bool) -> None:
    name = "夏日山川水.mp4"
    known = library(bare_workspace, name, "other.mp4")
    assert meant(known, asked) == {asked: [name] * found}


def test_names_of_many_scripts_take_no_longer(bare_workspace: Workspace) -> None:
    """Trying each letter in each place took five seconds for twenty names, and the desk stood still."""
    known = library(bare_workspace, *(f"banner{chr(0x4E00 + number)}of the hot summer.mp4" for number in range(3_000)))
    asked = [f"nowhere in all of the long winter {number:02}.mp4" for number in range(MOST_ASKED)]
    began = time.process_time()
    assert meant(known, *asked) == {one: [] for one in asked}
    assert time.process_time() - began < 1.5


def test_of_many_that_are_not_there_none_is_looked_for(bare_workspace: Workspace) -> None:
    known = library(bare_workspace, "banner.mp4")
    asked = [f"bannr{number}" for number in range(MOST_ASKED + 1)]
    assert meant(known, *asked) == {}
    assert meant(known, "bannr", "bannr") == {"bannr": ["banner.mp4"]}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("summer sale 1.png", ["b.png", "c.png"]),
        ("C:\\ads\\SUMMER sale 1.PNG", ["b.png", "c.png"]),
        ("summer sale 1", ["b.png", "c.png"]),
        ("summer sale", []),
        ("Cafe\u0301.jpg", ["d.jpg"]),
        ("never up.png", []),
        ("b.png", []),  # it is there
    ],
)
def test_a_file_is_known_by_the_name_under_which_it_was_delivered(
    bare_workspace: Workspace, asked: str, found: list[str]
) -> None:
    """It went up under the name that was made of it: who asks for the delivered one was told that it is not there."""
    known = library(bare_workspace, "a.png", "b.png", "c.png", "d.jpg")
    made = [("summer sale 1.png", "b.png", "1032530001"), ("summer sale 1.png", "c.png", "1032530002")]
    made += [("Caf\u00e9.jpg", "d.jpg", "1032530003"), ("never up.png", "e.png", ""), ("gone.png", "f.png", "9")]
    lines = ["original_filename,new_filename,tj_creative_id", *map(",".join, made), ""]
    bare_workspace.master.write_text("\n".join(lines), "utf-8")
    answers = made_of(known, look_up(known, [asked]), bare_workspace)
    assert [one.filename for one in answers.get(asked, ())] == found


def test_a_damaged_master_keeps_nobody_from_asking(bare_workspace: Workspace) -> None:
    known = library(bare_workspace, "a.png")
    bare_workspace.master.write_bytes(b"\0\1\2")
    assert made_of(known, look_up(known, ["b.png"]), bare_workspace) == {}
