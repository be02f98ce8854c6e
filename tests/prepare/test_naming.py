"""The words of a name: what names, folders and metadata_defaults.csv tell, and names that can be read back."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from world import NOW

from tjtools.model.errors import NotText, WrongHeader
from tjtools.model.names import ParsedName, made_name, parse_name
from tjtools.prepare.naming import (
    COLUMNS,
    FIELDS,
    NEEDED,
    WORDS,
    Defaults,
    checked,
    cleaned,
    description_of,
    new_id,
    parts_of,
    told_by_folder,
    told_by_name,
)
from tjtools.workspace.folder import Workspace

words = st.text(max_size=60).filter(cleaned) | st.sampled_from(
    [
        "Big Garden",
        "José_María",
        "SFW",
        "M",
        "MFT",
        "Anime",
        "T-5",
        "4sec",
        "ID-99A0D7C3",
        "hip - hop",
        "a_b",
        "日本",
        "ß",
        "EN",
    ]
)
fields = st.fixed_dictionaries(
    {
        "category_name": words,
        "creator_name": words,
        "language": st.sampled_from(["EN", "ES", "POR"]),
        **{field: st.sampled_from(known) for field, known in WORDS.items()},
    },
    optional={"creative_description": words, "test_id": words},
)


@given(
    fields=fields,
    prefix=st.sampled_from([None, "VID", "IMG", "ORG"]),
    seconds=st.none() | st.floats(0, 5000),
    unique_id=st.from_regex("[0-9A-F]{8}", fullmatch=True),
)
def test_a_name_reads_back_to_the_parts_that_it_was_made_of(
    fields: dict[str, str], prefix: str | None, seconds: float | None, unique_id: str
) -> None:
    parts = parts_of(fields, unique_id, prefix, seconds)
    name = made_name(parts, "mp4")
    assert parse_name(name) == parts
    assert len(name.encode()) <= 255
    assert not set(name) & set('<>:"/\\|?* \0')


@given(text=st.text())
def test_what_is_clean_stays_so(text: str) -> None:
    assert cleaned(cleaned(text)) == cleaned(text)


@pytest.mark.parametrize(
    ("stem", "told"),
    [
        ("beach sunset v2", "BeachSunset"),
        ("Beach_Sunset_FINAL (3)", "BeachSunset"),
        ("beachSunset-640x360", "BeachSunset"),
        ("Café del Mar 1080p 30fps", "CafeDelMar"),
        ("Top10 goals", "Top10Goals"),
        *((stem, "") for stem in ("IMG_1234", "DSC00042", "PXL_20251113_120000123", "VID-20251113-WA0001", "GOPR0042")),
        *(
            (stem, "")
            for stem in ("WhatsApp Image 2025-11-13 at 12.00.00 PM", "Screenshot 2025-11-13", "video-97551c12")
        ),
        *(
            (stem, "")
            for stem in ("0b0f1d3c-7a52-4e1a-9a3e-2f6f0c5d8e11", "20251113_120000", "deadbeef", "final v3", "7")
        ),
    ],
)
def test_what_a_name_says_of_its_picture(stem: str, told: str) -> None:
    assert description_of(stem) == told


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (
            "EN_Sports_F_Real_SFW_Beach_Ana_12.mov",
            ("Sports", "F", "Real", "Ana", "EN", "SFW", "Beach", "12"),
        ),
        ("EN_Sports_F_Real_SFW_Beach_Ana.mp4", ("Sports", "F", "Real", "Ana", "EN", "SFW", "Beach", "")),
        ("EN_Sports_SFW_Beach_Ana.png", ("Sports", "", "", "Ana", "EN", "SFW", "Beach", "")),
        ("EN_Sports_NSFW_Beach_Ana_8sec_T-7.mp4", ("Sports", "", "", "Ana", "EN", "NSFW", "Beach", "7")),
        ("EN_Sports_8sec.mp4", ("Sports", "", "", "", "EN", "", "", "")),
        ("VID_EN_Sports_4sec_ID-99A0D7C3-VID.mp4", ("Sports", "", "", "", "EN", "", "", "")),
        ("IMG_1234.jpg", ("", "", "", "", "", "", "", "")),
        ("IMG_1234_8sec.mp4", ("", "", "", "", "", "", "", "")),
        ("beach sunset.mp4", ("", "", "", "", "", "", "BeachSunset", "")),
    ],
)
def test_what_a_structured_name_tells(name: str, told: tuple[str, ...]) -> None:
    assert told_by_name(name) == {field: text for field, text in zip(FIELDS, told, strict=True) if text}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Sports", ("Sports", "", "")),
        ("Big  Garden", ("Big Garden", "", "")),
        ("Gaming-Anime-Bea", ("Gaming", "Anime", "Bea")),
        ("Hip-Hop-real-Bea K", ("Hip-Hop", "Real", "Bea K")),
        *(
            (name, ("", "", ""))
            for name in ("delivery 3", "2025-11-13", "Videos", "source_files", "new", "Bea delivery")
        ),
        ("Video Games", ("Video Games", "", "")),
    ],
)
def test_what_a_folder_tells(name: str, told: tuple[str, ...]) -> None:
    fields = zip(("category_name", "style", "creator_name"), told, strict=True)
    assert told_by_folder(name) == {field: text for field, text in fields if text}


@pytest.mark.parametrize(
    ("field", "text"), [("style", "Cartoon"), ("language", "English"), ("language", "IMG"), ("creator_name", " _ ")]
)
def test_a_word_that_can_not_be_meant_is_refused(field: str, text: str) -> None:
    with pytest.raises(ValueError, match=f"{field} is"):
        checked(field, text)


def test_a_new_id_is_one_that_nobody_knows_and_no_spreadsheet_takes_for_a_number() -> None:
    known: set[str] = set()
    for _ in range(200):
        found = new_id(known)
        assert found not in known
        assert parse_name(made_name(_named(found), "png")) == _named(found)
        assert not found.replace("E", "").isdigit()
        known.add(found)


def _named(unique_id: str) -> ParsedName:
    told = dict(zip(NEEDED, ("Sports", "F", "Real", "Ana", "EN", "SFW"), strict=True))
    return parts_of(told, unique_id, None, None)


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


def test_a_comment_costs_no_row_that_excel_has_saved(bare_workspace: Workspace) -> None:
    """In each sixteen lines it writes as many fields as the longest of these needs, in comments, too."""
    rows = [f"{at},Cat,F,Real,Ana,EN,SFW{',,' * (at < 17)}" for at in range(2, 40) if at != 17]
    lines = [",".join(COLUMNS), *rows[:15], "# later,,,,,,", *rows[15:]]
    bare_workspace.defaults.write_text("".join(f"{line}\r\n" for line in lines), "utf-8")
    defaults = Defaults.load(bare_workspace)
    assert (defaults.bad, len(defaults.rows), defaults.comments) == ((), 37, {17: "# later"})
