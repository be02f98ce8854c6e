"""Campaign CSVs of what is approved now: which creatives become ads, and what is left out and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from world import NOW, files, read_rows

from tjtools.cache.history import History, Source
from tjtools.cache.inventory import COLUMNS, ID_COLUMNS
from tjtools.cache.library import Library
from tjtools.cache.snapshots import keep_snapshot
from tjtools.health.verify import verify
from tjtools.model.creative import Creative, CreativeType, ReviewStatus, Section
from tjtools.model.errors import SettingsError, TJToolsError, TrackingFileError, WrongHeader
from tjtools.upload.campaign import MOST_ADS, MOST_BYTES, Ad, Half, Texts, fitted, preroll_ad, write_ads
from tjtools.upload.on_demand import Asked, plan_campaign
from tjtools.workspace.csvfile import write_rows
from tjtools.workspace.folder import Workspace
from tjtools.workspace.limits import load_limits

KINDS = {"V": CreativeType.NATIVE_VIDEO, "I": CreativeType.NATIVE_IMAGE, "S": CreativeType.VIDEO}
KINDS |= {"B": CreativeType.IMAGE}
STATUSES = dict(zip("aprx", ("approved", "pending", "rejected", "removed"), strict=True))
OURS = "https://example.com/?c={CampaignID}"
SETTINGS = f'[campaign]\ntarget_url = "{OURS}"\nbrand_name = "Ana"\ncall_to_action = "Play"\n'


@pytest.fixture
def shop(bare_workspace: Workspace) -> Workspace:
    """All settings are set, and the site was read to its end a day ago."""
    bare_workspace.settings_file.write_text(SETTINGS, "utf-8")
    read(bare_workspace, NOW - timedelta(days=1))
    return bare_workspace


def read(workspace: Workspace, at: datetime, *, source: str = "sync", unread: Sequence[Section] = ()) -> None:
    verdicts = [(one.value, "not finished" if one in unread else "complete") for one in Section]
    told = [{"section": section, "verdict": verdict} for section, verdict in verdicts]
    keep_snapshot(workspace, {"observed_at": f"{at:%Y-%m-%dT%H:%M:%SZ}", "source": source, "sections": told}, at)


def library(workspace: Workspace, *told: str) -> None:
    """Creatives as `ID name kind status`, kind and status by their letters."""
    for key, name, kind, status in (one.split() for one in told):
        known = ReviewStatus(STATUSES[status]) if status in STATUSES else None
        Library.load(workspace.library).add([Creative(key, name, creative_type=KINDS.get(kind), review_status=known)])


def master(workspace: Workspace, *told: str) -> None:
    """Files as `name kind category pair [ID]`; `-` for none."""
    columns, lines = (*COLUMNS, *ID_COLUMNS), []
    for one in told:
        name, kind, category, pair, *more = one.split()
        row = {"new_filename": name, "creative_type": KINDS[kind].value, "category": category.replace("+", " ")}
        row |= {"native_pair_id": pair.replace("-", "", pair == "-"), "tj_creative_id": "".join(more)}
        lines.append([row.get(column, "") for column in columns])
    write_rows(workspace.master, columns, lines)


def overrides(workspace: Workspace, text: str) -> None:
    workspace.overrides.write_text(text, "utf-8")


def ads(workspace: Workspace, *columns: str, **asked: object) -> list[tuple[str, ...]]:
    found = plan_campaign(workspace, Asked(**asked), now=NOW).ads  # type: ignore[arg-type]
    return [tuple(ad.values.get(column, "") for column in ("Ad Name", *columns)) for ad in found]


def left(workspace: Workspace, **asked: object) -> dict[str, str]:
    found = plan_campaign(workspace, Asked(**asked), now=NOW).left_out  # type: ignore[arg-type]
    return {one.first.name: one.told for one in found}


IDS = ("Video Creative ID", "Thumbnail Creative ID", "Creative ID")
PAIR = ("10 v.mp4 V a", "20 i.png I a")
OF_PAIR = ("i.png I Sports P", "v.mp4 V Sports P")


def test_what_was_last_seen_in_another_status_than_a_library_of_before_says_makes_no_ad(shop: Workspace) -> None:
    library(shop, *PAIR, "30 s.mp4 S a")
    master(shop, *OF_PAIR, "s.mp4 S Sports -")
    before = shop.library.read_bytes()
    library(shop, "20 i.png I r")
    History.of(shop).record(Library.load(shop.library), source=Source.SYNC, now=NOW)
    shop.library.write_bytes(before)
    assert (ads(shop), left(shop)) == ([("s",)], {"v.mp4": "unclear: i.png was last seen rejected: see tjtools verify"})


def test_an_approved_pair_and_an_approved_video_are_ads_in_the_files_of_a_run(shop: Workspace) -> None:
    library(shop, *PAIR, "30 s.mp4 S a")
    master(shop, *OF_PAIR, "s.mp4 S Big+Garden -")
    (shop.campaigns).mkdir()
    (shop.campaigns / "Batch007_by-hand.csv").touch()
    found = plan_campaign(shop, now=NOW)
    would = [one.path.name for one in found.files(shop)]
    written = [one.path for one in found.write(shop)]
    assert [path.name for path in written] == would
    assert would == [
        f"Batch008_20251113_120000_{one}.csv" for one in ("Native", "Native_Sports", "Preroll", "Preroll_BigGarden")
    ]
    assert read_rows(written[0]) == [
        {
            "Ad Name": "v",
            "Target URL": OURS,
            "Video Creative ID": "10",
            "Thumbnail Creative ID": "20",
            "Headline": "Sports",
            "Brand Name": "Ana",
        }
    ]
    assert read_rows(written[2])[0]["Custom CTA Text"] == "Play"
    assert not found.needs_a_person
    assert verify(shop) == ()


def test_two_campaigns_of_one_second_and_a_run_of_it_do_not_share_a_name(shop: Workspace) -> None:
    library(shop, "30 s.mp4 S a")
    shop.upload_logs.mkdir()
    shop.status_file("20251113_120000").touch()
    names = [plan_campaign(shop, now=NOW).write(shop)[0].path.name for _ in range(2)]
    assert names == ["Batch001_20251113_120001_Preroll.csv", "Batch002_20251113_120002_Preroll.csv"]


@pytest.mark.parametrize(
    ("status", "why"),
    [("p", "pending"), ("r", "rejected"), ("x", "removed"), ("?", "of unknown status")],
)
def test_what_is_not_approved_makes_no_ad_and_neither_does_its_other_half(
    shop: Workspace, status: str, why: str
) -> None:
    library(shop, "10 v.mp4 V a", f"20 i.png I {status}", f"30 s.mp4 S {status}")
    master(shop, *OF_PAIR, "new.mp4 S Sports -")
    assert ads(shop) == []
    assert left(shop) == {
        "v.mp4": f"half of a pair: its image i.png is {why}",
        "i.png": why,
        "s.mp4": why,
        "new.mp4": "not in the library",
    }
    found = plan_campaign(shop, now=NOW)
    assert found.needs_a_person
    assert found.write(shop) == ()
    assert not shop.campaigns.exists()


def test_an_id_is_that_of_the_name_never_of_the_place(shop: Workspace) -> None:
    """Also where the master says another ID, or several creatives bear the name."""
    library(
        shop, "10 b.mp4 S a", "20 a.mp4 S a", "30 c.mp4 S a", "40 d.mp4 S a", "41 d.mp4 S a", "50 e S a", "51 e S a"
    )
    master(shop, "a.mp4 S x -", "b.mp4 S x -", "c.mp4 S x - 31", "d.mp4 S x -", "e.mp4 S x - 51")
    assert ads(shop, "Creative ID") == [("a", "20"), ("b", "10"), ("e", "51")]
    assert left(shop) == {
        "c.mp4": "unclear: the master says 31, the library 30: see tjtools verify",
        "d.mp4": "unclear: several creatives bear the name: 40, 41",
    }
    assert plan_campaign(shop, now=NOW).needs_a_person


def test_a_name_that_two_sections_share_is_one_creative_in_each(shop: Workspace) -> None:
    """Also where the other section has it with the extension, and its own without."""
    library(shop, "10 a V a", "20 a I a", "11 b V a", "31 b.mp4 S a", "21 c I a", "41 c B a", "12 d.mp4 V a")
    master(shop, "b.mp4 V x P", "c.png I x P", "d.mp4 S x -")
    assert ads(shop, *IDS) == [("b", "11", "21", ""), ("a", "10", "20", ""), ("b", "", "", "31")]
    assert left(shop) == {
        "d.mp4": "half of a pair: neither the master nor a name says which image belongs to it",
        "c": "no kind of ad: Static Banner",
    }


def test_a_pair_id_that_was_rounded_or_is_on_several_files_makes_no_ad(shop: Workspace) -> None:
    library(shop, *PAIR, "11 w.mp4 V a", "21 j.png I a", "12 x.mp4 V a", "22 k.png I a")
    master(shop, "i.png I Sports P", "v.mp4 V Sports P", "w.mp4 V Sports P", "j.png I Sports 1.23E+14",
           "x.mp4 V Sports Q", "k.png I Sports Q")  # fmt: skip
    assert ads(shop, *IDS) == [("x", "12", "22", "")]
    assert left(shop)["v.mp4"].startswith("unclear: the pair ID P is on i.png, v.mp4 and w.mp4")
    assert "which a spreadsheet rounded" in left(shop)["j.png"]


def test_what_the_master_lacks_is_paired_by_its_name_where_that_is_clear(shop: Workspace) -> None:
    library(
        shop, "10 VID_EN_Travel_4sec_ID-99A0D7C3-VID V a", "20 IMG_EN_Travel_ID-99A0D7C3-IMG I a",
        "11 beach V a", "21 beach_horizontal I a",
        "12 hill_vid V a", "13 hill V p", "22 hill_img I a",
        "14 lonely V a", "30 EN_Sports_M_Real_SFW_Generic_Ana_8sec_ID-0000000A S a",
    )  # fmt: skip
    assert ads(shop, *IDS, "Headline") == [
        ("VID_EN_Travel_4sec_ID-99A0D7C3-VID", "10", "20", "", "Travel"),
        ("beach", "11", "21", "", ""),
        ("EN_Sports_M_Real_SFW_Generic_Ana_8sec_ID-0000000A", "", "", "30", ""),
    ]
    alone = "half of a pair: neither the master nor a name says which {} belongs to it"
    assert left(shop) == {
        "hill_vid": alone.format("image"),
        "hill": "pending",
        "hill_img": alone.format("video"),
        "lonely": alone.format("image"),
    }
    plan_campaign(shop, now=NOW).write(shop)
    assert verify(shop) == ()


def test_a_name_does_not_take_a_half_from_a_pair_of_the_master(shop: Workspace) -> None:
    library(shop, *PAIR, "11 VID_EN_Travel_4sec_ID-0000000A-VID V a", "22 IMG_EN_Travel_ID-0000000B-IMG I a",
            "12 clip.mp4 V a")  # fmt: skip
    master(shop, "v.mp4 V Sports 0000000A", "i.png I Sports 0000000A", "clip.mp4 V Sports 0000000B")
    assert ads(shop, *IDS) == [("v", "10", "20", ""), ("clip", "12", "22", "")]
    assert left(shop) == {
        "VID_EN_Travel_4sec_ID-0000000A-VID": "unclear: the master gives the pair ID 0000000A to another"
    }


def test_images_and_banners_are_no_kind_of_ad(shop: Workspace) -> None:
    library(shop, "10 b.png B a", "11 odd ? a")
    assert left(shop) == {
        "b.png": "no kind of ad: Static Banner",
        "odd": "unclear: nobody knows its section: tjtools refresh-library tells it",
    }


def test_a_bad_line_of_the_library_that_names_it_and_rows_that_differ_keep_a_creative_back(shop: Workspace) -> None:
    library(shop, "10 a.mp4 S a", "11 b.mp4 S a")
    with shop.library.open("a", encoding="utf-8") as file:
        file.write("1.03E+09,a.mp4,,,,,\n11,another.mp4,,,mp4,video,approved\n")
    master(shop, "a.mp4 S x -", "b.mp4 S x -")
    assert ads(shop) == []
    assert "line 4 of TJ_Creative_Library.csv" in left(shop)["a.mp4"]
    assert "contradict each other" in left(shop)["b.mp4"]


def test_a_section_and_categories_can_be_asked_for_and_blanks_count(shop: Workspace) -> None:
    library(shop, *PAIR, "30 s.mp4 S a", "31 t.mp4 S a", "32 u.mp4 S p")
    master(shop, *OF_PAIR, "s.mp4 S Big+Garden -", "t.mp4 S BigGarden -", "u.mp4 S Big+Garden -")
    assert ads(shop, section=Section.NATIVE_STATIC_BANNER) == [("v",)]
    assert ads(shop, section=Section.IN_STREAM_VIDEO) == [("s",), ("t",)]
    assert ads(shop, categories=("Big Garden", "Sports")) == [("v",), ("s",)]
    assert left(shop, categories=("Big Garden",)) == {"u.mp4": "pending"}
    assert plan_campaign(shop, now=NOW).categories == ("Big Garden", "BigGarden", "Sports")


def test_only_what_was_seen_to_become_approved_since_that_day_is_new(shop: Workspace) -> None:
    """What the first look at the site showed approved may have been so for years."""
    library(shop, *PAIR, "30 old.mp4 S a", "31 late.mp4 S a", "32 new.mp4 S a", "33 never.mp4 S a")
    master(shop, *OF_PAIR)
    history, looked = History.of(shop), [NOW - timedelta(days=days) for days in (9, 5, 2)]
    kind = CreativeType.VIDEO
    seen = {
        key: Creative(key, key, creative_type=kind, review_status=ReviewStatus.PENDING) for key in ("10", "20", "30")
    }
    seen["30"] = seen["30"]._replace(review_status=ReviewStatus.APPROVED)
    history.record(seen.values(), source=Source.REFRESH, now=looked[0])
    seen |= {key: seen["30"]._replace(creative_id=key) for key in ("10", "31")}
    history.record(seen.values(), source=Source.SYNC, now=looked[1])
    seen |= {key: seen["30"]._replace(creative_id=key) for key in ("20", "32")}
    history.record(seen.values(), source=Source.REFRESH, now=looked[2])
    day = looked[2].date()
    assert ads(shop, since=day) == [("v",), ("new",)]  # the pair is new since its second half is
    assert left(shop, since=day) == {
        "old.mp4": "not newly approved: nobody knows since when it is",
        "late.mp4": "not newly approved: seen so on 2025-11-08",
        "never.mp4": "not newly approved: nobody knows since when it is",
    }
    assert ads(shop, since=date(2025, 11, 8)) == [("v",), ("late",), ("new",)]


def test_statuses_that_are_too_old_or_of_unknown_age_make_no_ad(shop: Workspace) -> None:
    library(shop, *PAIR, "30 s.mp4 S a")
    master(shop, *OF_PAIR)
    assert plan_campaign(shop, now=NOW).aged == (
        "Statuses of Native Rollover, Native Static Banner, In-Stream Video: as of 2025-11-12 12:00, 1 day ago",
    )
    later = NOW + timedelta(days=6, minutes=1)
    read(shop, later, unread=[Section.NATIVE_ROLLOVER])  # of which a sync with --pending saw the beginning
    late = plan_campaign(shop, now=later)
    assert str(late.too_old).startswith(
        "Statuses of Native Rollover: as of 2025-11-12 12:00, 7 days ago; they may be older than 7 days"
    )
    assert all("Rollover" not in told for told in late.aged)  # it is said once
    with pytest.raises(TJToolsError, match="tjtools sync-status"):
        late.write(shop)
    assert not shop.campaigns.exists()
    assert plan_campaign(shop, Asked(Section.IN_STREAM_VIDEO), now=later).too_old is None
    shop.settings_file.write_text(f"{SETTINGS}max_age_days = 8.5\n", "utf-8")
    assert plan_campaign(shop, now=later).too_old is None


def test_a_library_that_never_followed_the_site_makes_no_ad(bare_workspace: Workspace) -> None:
    library(bare_workspace, "30 s.mp4 S a")
    found = plan_campaign(bare_workspace, now=NOW)
    told = "Statuses of In-Stream Video: of unknown age, the site was never read to the end; they may be older"
    assert (found.aged, str(found.too_old).startswith(told)) == ((), True)


def test_what_nobody_has_set_is_told_and_an_address_that_is_none_is_refused(shop: Workspace) -> None:
    library(shop, "30 s.mp4 S a")
    shop.settings_file.write_text("", "utf-8")
    assert plan_campaign(shop, now=NOW).unset == (
        "PLACEHOLDER_URL in 1 ad, PLACEHOLDER_CTA in 1 ad: set them in [campaign] of tjtools.toml"
    )
    library(shop, "11 beach V a", "21 beach I a")
    assert plan_campaign(shop, now=NOW).unset.endswith("; 1 ad has no headline, since nobody knows its category")
    for wrong in ("example.com", "ftp://example.com", "https://", "https://a b", "https://[::1", "javascript:alert(1)"):
        shop.settings_file.write_text(f'[campaign]\ntarget_url = "{wrong}"\n', "utf-8")
        with pytest.raises(SettingsError, match="is no address"):
            plan_campaign(shop, now=NOW)


def test_overrides_say_what_single_ads_say_and_the_nearest_goes_first(shop: Workspace) -> None:
    library(shop, *PAIR, "30 s.mp4 S a", "31 t.mp4 S a")
    master(shop, *OF_PAIR, "s.mp4 S Big+Garden -", "t.mp4 S Big+Garden -")
    overrides(
        shop,
        "category;name;creative_id;target_url;headline;call_to_action\n"
        ";;31;https://t.example;;\n"
        ";;20;;Look here;\n"
        "Big Garden;;;https://garden.example/{SiteName};;Grow\n"
        ";t;;https://not-this.example;;Now\n"
        "Gaming;;;https://nobody.example;;\n",
    )
    assert ads(shop, "Target URL", "Headline", "Custom CTA Text", "Custom CTA URL") == [
        ("v", OURS, "Look here", "", ""),
        ("s", "https://garden.example/{SiteName}", "", "Grow", "https://garden.example/{SiteName}"),
        ("t", "https://t.example", "", "Now", "https://t.example"),
    ]
    found = plan_campaign(shop, now=NOW)
    assert (found.overrides.bad, found.unused, found.needs_a_person) == ((), (6,), False)


def test_a_bad_line_of_the_overrides_is_told_and_costs_no_good_one(shop: Workspace) -> None:
    """What it is of waits for it, since nobody knows what its ad is to say."""
    library(shop, *(f"3{n} {name}.mp4 S a" for n, name in enumerate("abcdef")))
    overrides(
        shop,
        "name,creative_id,target_url,call_to_action\n"
        f"a,,,{'x' * 26}\n"
        "b,,example.com,\n"
        ",1.03E+09,https://c.example,\n"
        "d,,https://d.example,Go\n"
        ",,https://e.example,\n"
        "f,,https://f.example\n"
        "d,,https://other.example,Go\n",
    )
    found = plan_campaign(shop, now=NOW)
    assert [one.line for one in found.overrides.bad] == [2, 3, 4, 6, 7, 8]
    told = dict.fromkeys(range(9), "") | {one.line: one.reason for one in found.overrides.bad}
    assert told[2] == "its call_to_action has 26 characters; the campaign uploader takes at most 25"
    assert told[8] == "line 5 says something else of the same ads"
    assert left(shop) == {
        "a.mp4": f"held back by an override: campaign_overrides.csv:2: {told[2]}",
        "b.mp4": f"held back by an override: campaign_overrides.csv:3: {told[3]}",
        "d.mp4": f"held back by an override: campaign_overrides.csv:8: {told[8]}",
    }
    assert ads(shop, "Target URL") == [(name, OURS) for name in "cef"]
    assert found.needs_a_person


def test_a_file_of_overrides_that_says_nothing_or_is_not_there_is_refused(shop: Workspace, tmp_path: Path) -> None:
    library(shop, "30 s.mp4 S a")
    overrides(shop, "name,url\ns,https://s.example\n")
    with pytest.raises(WrongHeader, match="at least one of creative_id, name, category"):
        plan_campaign(shop, now=NOW)
    with pytest.raises(TrackingFileError, match="there is no such file"):
        plan_campaign(shop, Asked(overrides=tmp_path / "none.csv"), now=NOW)
    (tmp_path / "own.csv").write_text("category,brand_name\nx,y\n", "utf-8")
    assert plan_campaign(shop, Asked(overrides=tmp_path / "own.csv"), now=NOW).unused == (2,)


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)
TEXTS = st.builds(Texts, st.just(OURS), NAMES, NAMES, NAMES)
HALVES = st.builds(
    Half, NAMES, st.integers(1, 10**10).map(str), st.sampled_from(["Sports", "sports", "Big Garden", ""])
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(HALVES, TEXTS), max_size=120), st.integers(1, 12_000))
def test_whatever_they_are_called_each_csv_is_one_that_the_uploader_takes(
    tmp_path_factory: pytest.TempPathFactory, told: list[tuple[Half, Texts]], length: int
) -> None:
    """Every ad is in one part, and in one of its category, in order; none beyond its caps, no file beyond its size."""
    caps = load_limits().campaign
    made = fitted([_long(preroll_ad(half, texts), length) for half, texts in told], caps)
    written = [one.path for one in write_ads(tmp_path_factory.mktemp("tracking"), made, "20251113_120000")]
    rows = {path.name: read_rows(path) for path in written}
    assert all(1 <= len(found) <= MOST_ADS for found in rows.values())
    assert all(path.stat().st_size <= MOST_BYTES for path in written)
    everything = [row for found in rows.values() for row in found]
    assert all(len(row["Ad Name"]) <= caps.ad_name for row in everything)
    assert all(len(row["Custom CTA Text"]) <= caps.call_to_action for row in everything)
    ids = sorted(row["Creative ID"] for row in everything)
    assert ids == sorted(2 * [half.creative_id for half, _ in told])


def _long(ad: Ad, length: int) -> Ad:
    return ad._replace(values=ad.values | {"Target URL": f"{OURS}&{'é' * length}"})


def test_looking_writes_nothing(shop: Workspace) -> None:
    library(shop, "30 s.mp4 S a")
    before = files(shop)
    assert plan_campaign(shop, now=NOW).files(shop)
    assert files(shop) == before
