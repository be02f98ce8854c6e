"""What is not in a delivery's names: metadata_defaults.csv, as people and Excel leave it, and what is kept in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from world import NOW

from tjtools.model.errors import NotText, WrongHeader
from tjtools.prepare.defaults import COLUMNS, Defaults
from tjtools.workspace.folder import Workspace

HEADER = ",".join(COLUMNS)


def defaults(workspace: Workspace, text: str | bytes) -> Defaults:
    workspace.defaults.write_bytes(text.encode() if isinstance(text, str) else text)
    return Defaults.load(workspace)


def test_a_file_that_is_not_there_tells_nothing(bare_workspace: Workspace) -> None:
    assert Defaults.load(bare_workspace).of(Path("/d/Sports")) == {}


@pytest.mark.parametrize(
    ("path", "folder", "told"),
    [
        ("Sports", "/d/Sports", True),
        ("sports/", "/d/Sports", True),
        ("d/Sports", "/d/Sports", True),
        ("d\\Sports", "/d/Sports", True),
        ("/d/Sports", "/d/Sports", True),
        ("./Sports", "/d/Sports", True),
        ("Sports", "/d/Sports/deep", False),
        ("Sports", "/d/Water Sports", False),
        ("e/Sports", "/d/Sports", False),
    ],
)
def test_which_folder_a_row_means(bare_workspace: Workspace, path: str, folder: str, told: bool) -> None:
    found = defaults(bare_workspace, f"{HEADER}\n{path},,,,Ana,,,,\n").of(Path(folder))
    assert found == ({"creator_name": "Ana"} if told else {})


def test_the_fuller_path_goes_first_and_an_empty_one_is_for_all(bare_workspace: Workspace) -> None:
    kept = defaults(bare_workspace, f"{HEADER}\nd/Sports,,,,Bea,,,,\nSports,,,,Ana,EN,,,\n,,,,,,SFW,,\n")
    assert kept.of(Path("/d/Sports")) == {"creator_name": "Bea", "language": "EN"}
    assert kept.everywhere == {"content_type": "SFW"}


@pytest.mark.parametrize(
    "data",
    [
        '\ufefffolder_path;creator_name;language\r\n"# Anas; alle";;\r\nSports;Zoë;en\r\n'.encode(),
        "folder_path;creator_name;language\nSports;Zoë;en".encode("cp1252"),
        "folder_path,creator_name,language\nSports,Zoë,en\n".encode("utf-16"),
        "# a comment, and a comma\n\nfolder_path,creator_name,language,remarks\nSports, Zoë ,en,hello\n".encode(),
    ],
    ids=["semicolons and a BOM", "cp1252", "UTF-16", "a comment first"],
)
def test_what_excel_leaves_is_read(bare_workspace: Workspace, data: bytes) -> None:
    kept = defaults(bare_workspace, data)
    assert (kept.of(Path("/d/Sports")), kept.bad) == ({"creator_name": "Zoë", "language": "EN"}, ())


def test_a_line_that_cant_be_used_is_named_and_the_others_are_used(bare_workspace: Workspace) -> None:
    kept = defaults(
        bare_workspace, f"# x\n{HEADER}\nSports,,F,Cartoon,Ana,EN,SFW,,\nA,B\nGaming,,F,real,Ana,EN,SFW,,\n"
    )
    assert [(bad.line, bad.reason) for bad in kept.bad] == [
        (3, "style is 'Cartoon'; it is Anime, Real, Both"),
        (4, "2 fields instead of 9"),
    ]
    assert (kept.of(Path("Sports")), kept.of(Path("Gaming"))["style"]) == ({}, "Real")


def test_what_is_no_such_file_is_refused_in_words(bare_workspace: Workspace) -> None:
    with pytest.raises(WrongHeader, match="folder_path"):
        defaults(bare_workspace, "folder,creator\nSports,Ana\n")
    with pytest.raises(NotText):
        defaults(bare_workspace, b"PK\3\4\0\0\0\n\0\0")


def test_answers_are_kept_beside_what_is_there(bare_workspace: Workspace) -> None:
    """Comments stay where they are, an older file gets the columns that it lacks, a folder's row is filled in."""
    text = (
        "# ours\nfolder_path,creator_name,language,remarks\n# Ana's\nd/Sports,Ana,,x\nTorn,1\nGaming,Bea,EN,\n# end\n"
    )
    answers = {"d/Sports": {"language": "ES", "style": "Real"}, "d/New, one": {"creator_name": "Cleo"}}
    defaults(bare_workspace, text).save(answers, now=NOW)
    assert bare_workspace.defaults.read_text("utf-8").splitlines() == [
        "# ours",
        "folder_path,creator_name,language,remarks,category_name,model_sex,style,content_type,creative_description,test_id",
        "# Ana's",
        "d/Sports,Ana,ES,x,,,Real,,,",
        "Gaming,Bea,EN,,,,,,,",
        "# end",
        '"d/New, one",Cleo,,,,,,,,',
    ]
    assert "Torn" in bare_workspace.defaults.with_suffix(".quarantine.csv").read_text("utf-8")
    assert [path.read_text("utf-8") for path in (bare_workspace.private / "backups").iterdir()] == [text]


def test_a_first_answer_makes_the_file(bare_workspace: Workspace) -> None:
    Defaults.load(bare_workspace).save({"d": {"creator_name": "Ana"}}, now=NOW)
    assert bare_workspace.defaults.read_text("utf-8") == f"{HEADER}\nd,,,,Ana,,,,\n"
