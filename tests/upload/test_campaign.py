"""The campaign uploader gets what a run uploaded, within its limits."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from world import read_rows

from tjtools.model.creative import Creative, CreativeType, SessionFile, UploadStatus
from tjtools.upload.campaign import write_campaigns
from tjtools.upload.journal import Settled
from tjtools.workspace.disk import backups_of
from tjtools.workspace.limits import load_limits
from tjtools.workspace.settings import CampaignSettings

RUN = "20251113_120000"
NOW = datetime(2025, 11, 13, 12, 0, tzinfo=UTC)
SETTINGS = CampaignSettings(target_url="https://example.com", brand_name="Ana", call_to_action="Play")
V, I, S = CreativeType.NATIVE_VIDEO, CreativeType.NATIVE_IMAGE, CreativeType.VIDEO  # noqa: E741
UP, KNOWN = UploadStatus.SUCCESS, UploadStatus.SKIPPED


def outcome(
    name: str, kind: CreativeType, creative_id: str, status: UploadStatus = UP, pair: str = "", category: str = "Sports"
) -> Settled:
    file = SessionFile(Path(name), kind, native_pair_id=pair, category=category)
    return Settled(at=NOW, run=RUN, file=file, status=status, creative=Creative(creative_id, name))


def written(folder: Path, outcomes: list[Settled], run: str = RUN) -> dict[str, list[dict[str, str]]]:
    return {path.name: read_rows(path) for path in write_campaigns(folder, outcomes, SETTINGS, run)}


def test_a_complete_pair_is_one_native_ad(tmp_path: Path) -> None:
    found = written(tmp_path, [outcome("v.mp4", V, "10", pair="P"), outcome("i.png", I, "20", pair="P")])
    assert found["Batch001_20251113_120000_Native.csv"] == [
        {
            "Ad Name": "v",
            "Target URL": "https://example.com",
            "Video Creative ID": "10",
            "Thumbnail Creative ID": "20",
            "Headline": "Sports",
            "Brand Name": "Ana",
        }
    ]


def test_half_a_pair_is_no_ad_and_a_half_known_before_completes_it(tmp_path: Path) -> None:
    assert written(tmp_path, [outcome("v.mp4", V, "10", pair="P")]) == {}
    half_known = [outcome("v.mp4", V, "10", KNOWN, pair="P"), outcome("i.png", I, "20", pair="P")]
    assert len(written(tmp_path, half_known)) == 2


def test_what_was_there_before_is_no_ad(tmp_path: Path) -> None:
    known = [outcome("v.mp4", V, "10", KNOWN, pair="P"), outcome("i.png", I, "20", KNOWN, pair="P")]
    assert written(tmp_path, [*known, outcome("s.mp4", S, "30", UploadStatus.DUPLICATE)]) == {}


def test_halves_are_one_ad_with_or_without_the_prefix_of_their_id(tmp_path: Path) -> None:
    found = written(
        tmp_path, [outcome("v.mp4", V, "10", pair="ID-99A0D7C3"), outcome("i.png", I, "20", pair="99a0d7c3")]
    )
    assert len(found["Batch001_20251113_120000_Native.csv"]) == 1


def test_a_pair_id_that_was_rounded_or_is_several_files_makes_no_ad(tmp_path: Path) -> None:
    """Also where the others of its files failed, or did not go up in this run."""
    assert (
        written(tmp_path, [outcome("v.mp4", V, "10", pair="1.23E+14"), outcome("i.png", I, "20", pair="1.23E+14")])
        == {}
    )
    pair = [outcome("v.mp4", V, "10", pair="P"), outcome("i.png", I, "20", pair="P")]
    failed = outcome("w.mp4", V, "", UploadStatus.FAILED, pair="P")
    assert written(tmp_path, [*pair, failed]) == {}
    assert write_campaigns(tmp_path, pair, SETTINGS, RUN, others=[failed.file]) == ()


def test_an_in_stream_video_is_a_preroll_ad(tmp_path: Path) -> None:
    [row] = written(tmp_path, [outcome("s.mp4", S, "30")])["Batch001_20251113_120000_Preroll.csv"]
    assert {name: value for name, value in row.items() if value} == {
        "Ad Name": "s",
        "Target URL": "https://example.com",
        "Creative ID": "30",
        "Custom CTA Text": "Play",
        "Custom CTA URL": "https://example.com",
    }


def test_each_category_has_a_file_of_its_own_and_the_number_grows_by_one_a_run(tmp_path: Path) -> None:
    outcomes = [
        outcome("a.mp4", S, "1"),
        outcome("b.mp4", S, "2", category="Ball / Games"),
        outcome("c.mp4", S, "3", category=""),
    ]
    assert list(written(tmp_path, outcomes)) == [
        "Batch001_20251113_120000_Preroll.csv",
        "Batch001_20251113_120000_Preroll_Ball-Games.csv",
        "Batch001_20251113_120000_Preroll_Sports.csv",
        "Batch001_20251113_120000_Preroll_Uncategorised.csv",
    ]
    assert next(iter(written(tmp_path, outcomes, "20251113_120500"))).startswith("Batch002_")


@pytest.mark.parametrize(
    ("category", "called"),
    [
        ("Big Garden", "BigGarden"),
        (" Big  Garden\u00a0Tools ", "BigGardenTools"),
        ("Ball / Games", "Ball-Games"),
        ("Caf\u00e9 Cre\u0300me", "Caf\u00e9Cr\u00e8me"),
        ("Rock'n'Roll", "Rock-n-Roll"),
        ("Sports", "Sports"),
        (" / ", "Uncategorised"),
    ],
)
def test_a_categorys_csv_is_called_by_it_without_blanks_and_its_headline_keeps_them(
    tmp_path: Path, category: str, called: str
) -> None:
    found = written(
        tmp_path,
        [outcome("v.mp4", V, "10", pair="P", category=category), outcome("i.png", I, "20", pair="P")],
    )
    assert [row["Headline"] for row in found[f"Batch001_20251113_120000_Native_{called}.csv"]] == [category]


def test_categories_that_differ_in_blanks_alone_share_a_csv_and_each_keeps_its_headline(tmp_path: Path) -> None:
    pairs = {"P": "Big Garden", "Q": "BigGarden"}
    found = written(
        tmp_path,
        [
            outcome(f"{pair}{kind.value}", kind, f"{number}", pair=pair, category=category)
            for number, (pair, category) in enumerate(pairs.items())
            for kind in (V, I)
        ],
    )
    assert [len(rows) for rows in found.values()] == [2, 2]
    assert [row["Headline"] for row in found["Batch001_20251113_120000_Native_BigGarden.csv"]] == [*pairs.values()]


LONG = "_".join(["EN_Sports_F_Real_SFW_Generic", "Ana" * 20, "8sec"])


@pytest.mark.parametrize(
    ("name", "unique_id", "end"),
    [
        (f"{LONG}_ID-99A0D7C3.mp4", "ID-99A0D7C3", "_ID-99A0D7C3"),
        (f"{LONG}_ID-99A0D7C3.mp4", "", "_ID-99A0D7C3"),
        (f"VID_{LONG}_ID-99A0D7C3-VID.mp4", "99A0D7C3-VID", "_ID-99A0D7C3-VID"),
        (f"summer {'é' * 80}.mp4", "ID-99A0D7C3", "_ID-99A0D7C3"),
        (f"summer {'é' * 80}.mp4", "99a0d7c3", "_ID-99a0d7c3"),
        (f"summer {'é' * 80}.mp4", "", "_1032530571"),
        (f"summer {'é' * 80}.mp4", "1.23E+14", "_1032530571"),
        (f"summer {'é' * 80}.mp4", "9" * 60, "_1032530571"),
        (f"{'x' * 66}.mp4", "", "_1032530571"),
        (f"{'x' * 54}_- _. _yyyyyy.mp4", "", f"{'x' * 54}_1032530571"),
    ],
)
def test_a_name_that_is_cut_ends_in_its_unique_id_or_else_its_creative_id(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, unique_id: str, end: str
) -> None:
    one = outcome(name, S, "1032530571")
    one = one.model_copy(update={"file": one.file._replace(unique_id=unique_id)})
    [called] = [row["Ad Name"] for row in written(tmp_path, [one])["Batch001_20251113_120000_Preroll.csv"]]
    assert (len(called) <= 65, called.endswith(end), name.startswith(called.removesuffix(end))) == (True, True, True)
    assert f"the Ad Name of {name} is cut to 65 characters: {called}" in caplog.text


def test_a_name_of_as_many_characters_as_the_uploader_takes_stays(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names = ["x" * 65, "é" * 65]
    found = written(tmp_path, [outcome(f"{name}.mp4", S, str(number)) for number, name in enumerate(names)])
    assert [row["Ad Name"] for row in found["Batch001_20251113_120000_Preroll.csv"]] == names
    assert "is cut" not in caplog.text


def test_names_that_are_cut_stay_unique_and_within_the_cap(tmp_path: Path) -> None:
    """Also those of one unique ID, and beside a whole name that one is cut to."""
    whole = f"{'x' * 53}_ID-99A0D7C3"
    names = [f"{'x' * 60}{number}_ID-99A0D7C3" for number in range(3)] + [whole]
    names += [f"{'y' * 70}{number}" for number in range(3)]
    found = written(tmp_path, [outcome(f"{name}.mp4", S, f"103253{n:04}") for n, name in enumerate(names)])
    for rows in found.values():
        told = [row["Ad Name"] for row in rows]
        assert (len(set(told)), max(map(len, told))) == (7, 65)
        assert all(one.endswith("_ID-99A0D7C3") for one in told[:4])
        assert told[3] == whole
        assert [one[-11:] for one in told[4:]] == ["_1032530004", "_1032530005", "_1032530006"]


def test_a_headline_that_is_too_long_is_cut_and_its_csv_keeps_its_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    category = "Big Garden " * 9
    pair = [outcome("v.mp4", V, "10", pair="P", category=category), outcome("i.png", I, "20", pair="P")]
    for rows in written(tmp_path, pair).values():
        assert [row["Headline"] for row in rows] == [category[:87].rstrip()]
    assert "the Headline of v.mp4 is cut to 87 characters: Big Garden" in caplog.text


def test_the_caps_are_data_that_a_user_can_correct(tmp_path: Path) -> None:
    (tmp_path / "limits.toml").write_text("checked = 2027-01-02\n[campaign]\nad_name = 70\n", "utf-8")
    caps = load_limits(tmp_path / "limits.toml").campaign
    assert (caps.ad_name, caps.headline) == (70, 87)
    [path, _] = write_campaigns(tmp_path, [outcome(f"{'x' * 99}.mp4", S, "1")], SETTINGS, RUN, caps=caps)
    assert len(read_rows(path)[0]["Ad Name"]) == 70


def test_a_run_that_is_gone_on_with_keeps_its_number(tmp_path: Path) -> None:
    (tmp_path / "Batch007_by-hand.csv").touch()
    written(tmp_path, [outcome("a.mp4", S, "1")])
    written(tmp_path, [outcome("c.mp4", S, "3")], "20251113_120500")
    both = written(tmp_path, [outcome("a.mp4", S, "1"), outcome("b.mp4", S, "2")])
    assert [row["Creative ID"] for row in both["Batch008_20251113_120000_Preroll.csv"]] == ["1", "2"]


def test_what_a_person_wrote_into_the_files_of_a_run_is_kept_when_that_is_gone_on_with(tmp_path: Path) -> None:
    folder, outcomes = tmp_path / "tracking" / "Upload_CSV", [outcome("a.mp4", S, "1")]
    [path, _] = write_campaigns(folder, outcomes, SETTINGS, RUN, backup=NOW)
    edited = path.read_text("utf-8").replace("Play", "Play now")
    path.write_text(edited, "utf-8")
    write_campaigns(folder, [*outcomes, outcome("b.mp4", S, "2")], SETTINGS, RUN, backup=NOW)
    assert [one.read_text("utf-8") for one in backups_of(path)] == [edited]


def test_more_than_fifty_ads_are_split(tmp_path: Path) -> None:
    found = written(tmp_path, [outcome(f"{number}.mp4", S, str(number)) for number in range(101)])
    sizes = {name.removeprefix("Batch001_20251113_120000_Preroll"): len(rows) for name, rows in found.items()}
    assert sizes == {
        ".csv": 50,
        "_part2.csv": 50,
        "_part3.csv": 1,
        "_Sports.csv": 50,
        "_Sports_part2.csv": 50,
        "_Sports_part3.csv": 1,
    }


@pytest.mark.parametrize("category", ["part2", "Part 2", "Sports_part2"])
def test_a_category_called_as_a_part_of_another_file_takes_no_place_of_it(tmp_path: Path, category: str) -> None:
    outcomes = [outcome(f"{number}.mp4", S, str(number)) for number in range(101)]
    paths = write_campaigns(tmp_path, [*outcomes, outcome("a.mp4", S, "1", category=category)], SETTINGS, RUN)
    assert len({path.name.casefold() for path in paths}) == len(paths) == 7
    assert sum(len(read_rows(path)) for path in paths) == 204


def test_no_file_is_over_500_kb(tmp_path: Path) -> None:
    outcomes = [outcome(f"{number}{'é' * 14_000}.mp4", S, str(number)) for number in range(40)]
    paths = write_campaigns(tmp_path, outcomes, SETTINGS, RUN)
    assert max(path.stat().st_size for path in paths) <= 500_000
    assert sum(len(read_rows(path)) for path in paths if "Sports" not in path.name) == 40


def test_a_category_makes_a_name_that_every_disk_takes(tmp_path: Path) -> None:
    """One too long for a file's name, and two that a disk may hold for one."""
    long, other = "旅" * 90, "旅" * 89 + "行"
    outcomes = [outcome(f"{n}.mp4", S, str(n), category=one) for n, one in enumerate((long, other, "Cars", "cars"))]
    found = written(tmp_path, outcomes)
    assert sorted(len(rows) for rows in found.values()) == [1, 1, 2, 4]
    assert all(len(name.encode()) < 150 for name in found)
