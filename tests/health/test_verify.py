"""The tracking files against one another and against the site: every disagreement is found, and mended where safe."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from world import NOW, ON_BOTH, Truth, banner, go, image, plan, read_rows, reading, session, tjtools, write_inventory

from tjtools.cache.history import COLUMNS as HISTORY_COLUMNS
from tjtools.cache.history import History, Source
from tjtools.cache.inventory import COLUMNS as SESSION_COLUMNS
from tjtools.cache.inventory import ID_COLUMNS
from tjtools.cache.library import COLUMNS, Library
from tjtools.health.verify import mend, verify
from tjtools.model.creative import Creative, CreativeType, ReviewStatus, Section, SessionFile, UploadStatus
from tjtools.upload.campaign import NATIVE_COLUMNS, PREROLL_COLUMNS, write_campaigns
from tjtools.upload.journal import Journal, Settled
from tjtools.upload.resume import only_live_run
from tjtools.upload.run_files import STATUS_COLUMNS
from tjtools.workspace.csvfile import write_rows
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import CampaignSettings

APPROVED = ReviewStatus.APPROVED


def library(workspace: Workspace, *creatives: Creative) -> None:
    Library.load(workspace.library).add(creatives)


def master(workspace: Workspace, **ids: str) -> None:
    """A master of static banners, `name=ID`; "" for none."""
    columns = ("unique_id", "new_filename", "creative_type", "native_pair_id", "tj_creative_id", "tj_upload_date")
    rows = [("", f"{name}.png", "image", "", creative_id, "") for name, creative_id in ids.items()]
    write_rows(workspace.master, columns, rows)


def status(workspace: Workspace, *rows: tuple[str, str, str], run: str = "20251113_120000") -> None:
    """A status CSV of static banners: name, status, ID."""
    told = [
        ("", name, f"uploaded/{name}", "2025-11-13", "12:00:00", "TrafficJunky", ID, how, "", "image", "", "0")
        for name, how, ID in rows
    ]
    write_rows(workspace.status_file(run), STATUS_COLUMNS, told)


def found(workspace: Workspace) -> list[str]:
    return [f"{one.where}: {one.found}" for one in verify(workspace)]


def test_files_that_agree_are_left_as_they_are(bare_workspace: Workspace) -> None:
    library(bare_workspace, image("1", "a"), image("2", "b.png"))
    master(bare_workspace, a="1", b="2", c="")
    status(bare_workspace, ("a.png", "success", "1"), ("c.png", "failed", ""), ("d.png", "skipped", "9"))
    assert found(bare_workspace) == []


def test_an_id_that_a_run_wrote_down_comes_back_into_library_and_master(bare_workspace: Workspace) -> None:
    library(bare_workspace, image("9", "z.png"))
    master(bare_workspace, a="", b="2")
    status(bare_workspace, ("a.png", "success", "1"))
    assert found(bare_workspace) == [
        "creative_inventory.csv:3: knows 'b.png' as 2, the library does not",
        "upload_status_20251113_120000.csv:2: knows 'a.png' as 1, the library does not",
        "creative_inventory.csv:2: has no ID for 'a.png'; upload_status_20251113_120000.csv:2 says 1",
    ]
    assert mend(bare_workspace, verify(bare_workspace), now=NOW) == ()
    assert [(row["creative_id"], row["filename"], row["upload_date"]) for row in read_rows(bare_workspace.library)] == [
        ("9", "z.png", ""),
        ("2", "b.png", ""),
        ("1", "a.png", "2025-11-13"),
    ]
    assert [(row["tj_creative_id"], row["tj_upload_date"]) for row in read_rows(bare_workspace.master)] == [
        ("1", "2025-11-13"),
        ("2", ""),
    ]
    kept = {path.name.partition(".")[0] for path in (bare_workspace.private / "backups").iterdir()}
    assert kept == {"TJ_Creative_Library", "creative_inventory"}


def test_a_name_or_an_id_is_never_changed(bare_workspace: Workspace) -> None:
    library(bare_workspace, image("1", "a.png"), image("3", "c.png"))
    master(bare_workspace, b="1", c="4", d="5")
    status(bare_workspace, ("c.png", "success", "3"), ("e.png", "success", "5"), ("f.png", "success", "1032E+05"))
    before = [path.read_bytes() for path in (bare_workspace.library, bare_workspace.master)]
    unsafe = [one for one in verify(bare_workspace) if not one.safe]
    assert [f"{one.where}: {one.found}" for one in unsafe] == [
        "upload_status_20251113_120000.csv:4: can't be understood: Excel turned the ID into 1032E+05; its digits are"
        " lost, look the ID up on the site",
        "creative_inventory.csv:2: says that 'b.png' is 1, which the library calls 'a.png'",
        "creative_inventory.csv:4: knows 'd.png' as 5, the library does not",
        "upload_status_20251113_120000.csv:3: says that 5 is 'e.png'; creative_inventory.csv:4 says 'd.png'",
        "creative_inventory.csv:3: says that 'c.png' is 4; upload_status_20251113_120000.csv:2 says 3",
    ]
    assert all(one.remedy for one in unsafe)
    mend(bare_workspace, unsafe, now=NOW)
    assert [path.read_bytes() for path in (bare_workspace.library, bare_workspace.master)] == before


def ads(workspace: Workspace, *native: tuple[str, str, str], preroll: tuple[tuple[str, str, str], ...] = ()) -> None:
    """Campaign CSVs: name, video and thumbnail of each native ad, name, video and banner of each preroll."""
    rows = [(name, "u", video, image, "h", "b") for name, video, image in native]
    write_rows(workspace.campaigns / "Batch001_20251113_120000_Native.csv", NATIVE_COLUMNS, rows, quote_all=True)
    told = [(name, "u", video, "", "", banner, "", "", "", "") for name, video, banner in preroll]
    write_rows(workspace.campaigns / "Batch001_20251113_120000_Preroll.csv", PREROLL_COLUMNS, told)


def kinds(**creatives: str) -> list[Creative]:
    """Creatives, `NAME="ID type"`."""
    told = ((name, *text.split()) for name, text in creatives.items())
    return [Creative(creative_id, name, creative_type=CreativeType(kind)) for name, creative_id, kind in told]


def test_every_id_of_an_ad_is_checked_for_being_known_and_of_its_section(bare_workspace: Workspace) -> None:
    library(bare_workspace, *kinds(s="1 video", b="2 image", v="3 native_video", i="4 native_image"))
    ads(
        bare_workspace,
        *(("v", "3", "9"), ("v", "3", "3"), ("s", "1", "4"), ("w", "3", "")),
        preroll=(("s", "1", ""), ("s", "1", "2"), ("s", "1", "9"), ("s", "1", "3"), ("v", "3", "2"), ("b", "1", "2")),
    )
    assert [one.removeprefix("Batch001_20251113_120000_") for one in found(bare_workspace)] == [
        "Native.csv:2: the ad 'v' has the Thumbnail Creative ID 9, which is not known to the library",
        "Native.csv:3: the ad 'v' has the Thumbnail Creative ID 3, which is 'v' in Native Rollover",
        "Native.csv:4: the ad 's' has the Video Creative ID 1, which is 's' in In-Stream Video",
        "Native.csv:4: the ad 's' has the Thumbnail Creative ID 4, which is 'i', and neither names nor inventories say"
        " that it is of this ad's pair",
        "Native.csv:5: the ad 'w' has the Video Creative ID 3, which is 'v'",
        "Native.csv:5: the ad 'w' has no Thumbnail Creative ID",
        "Preroll.csv:4: the ad 's' has the Banner CTA Creative ID 9, which is not known to the library",
        "Preroll.csv:5: the ad 's' has the Banner CTA Creative ID 3, which is 'v' in Native Rollover",
        "Preroll.csv:6: the ad 'v' has the Creative ID 3, which is 'v' in Native Rollover",
        "Preroll.csv:7: the ad 'b' has the Creative ID 1, which is 's'",
    ]


def test_a_thumbnail_is_of_its_ads_pair_by_a_suffix_that_is_known_or_a_users(bare_workspace: Workspace) -> None:
    library(bare_workspace, *kinds(v="1 native_video", v_horizontal="2 native_image", v_backdrop="3 native_image"))
    ads(bare_workspace, ("v", "1", "2"), ("v", "1", "3"))
    assert [one.partition(": ")[0] for one in found(bare_workspace)] == ["Batch001_20251113_120000_Native.csv:3"]
    bare_workspace.settings_file.write_text('[names]\npair_suffixes = ["_backdrop"]\n', "utf-8")
    assert found(bare_workspace) == []


@pytest.mark.parametrize(
    ("video", "image", "other", "well"),
    [
        ("v", "v_thumb", "w", True),
        ("v", "v_thumb", "v", False),
        ("v.mp4", "v_thumb.png", "v.png", False),
        ("v", "v", "v_thumb", True),
        ("v_ID-99A0D7C3", "w_ID-99A0D7C3", "v_ID-99A0D7C3", True),
    ],
)
def test_a_thumbnail_with_a_suffix_is_of_the_pair_where_no_image_has_the_very_name(
    bare_workspace: Workspace, video: str, image: str, other: str, well: bool
) -> None:
    of_type = {"1": CreativeType.NATIVE_VIDEO, "2": CreativeType.NATIVE_IMAGE, "3": CreativeType.NATIVE_IMAGE}
    names = zip(of_type.items(), (video, image, other), strict=True)
    library(bare_workspace, *(Creative(key, name, creative_type=kind) for (key, kind), name in names))
    ads(bare_workspace, (video.removesuffix(".mp4"), "1", "2"))
    assert [one.partition(", and ")[2] for one in found(bare_workspace)] == (
        [] if well else ["neither names nor inventories say that it is of this ad's pair"]
    )


LONG = "EN_Sports_F_Real_SFW_Generic_" + "Ana" * 20
NO_ID = "summer games of the year " + "é" * 60


@pytest.mark.parametrize(
    ("name", "unique_id", "ad", "well"),
    [
        (f"{LONG}_8sec_ID-99A0D7C3.mp4", "", f"{LONG[:53]}_ID-99A0D7C3", True),
        (f"{LONG}_8sec_ID-99A0D7C3", "", f"{LONG[:42]}_1032530571_ID-99A0D7C3", True),
        (f"{LONG}_8sec_ID-99A0D7C3", "", f"{LONG[:30]}ID-99a0d7c3", True),
        (f"{LONG}_8sec_ID-99A0D7C3", "", f"{LONG[:53]}_ID-99A0D7C4", False),
        (f"{LONG}_8sec_ID-99A0D7C3", "", f"DE{LONG[2:53]}_ID-99A0D7C3", False),
        (f"{LONG}_8sec_ID-99A0D7C3", "", f"{LONG[:60]}_ID-99A0D7C3", False),
        (f"{LONG}_8sec_ID-99A0D7C3", "", LONG[:65], False),
        (f"{NO_ID}.mp4", "", f"{NO_ID[:54]}_1032530571", True),
        (f"{NO_ID}.mp4", "", f"{NO_ID[:54]}_1032530581", False),
        (f"{NO_ID}.mp4", "ID-99A0D7C3", f"{NO_ID[:53]}_ID-99A0D7C3", True),
        (f"{NO_ID}.mp4", "99a0d7c3", f"{NO_ID[:53]}_ID-99A0D7C3", True),
        (f"{NO_ID}.mp4", "ID-99A0D7C4", f"{NO_ID[:53]}_ID-99A0D7C3", False),
        ("summer games_ID-99A0D7C3.mp4", "", "summer_ID-99A0D7C3", False),
        (NO_ID, "", "_1032530571", False),
    ],
)
def test_an_ads_name_that_was_cut_is_its_creatives(
    bare_workspace: Workspace, name: str, unique_id: str, ad: str, well: bool
) -> None:
    """What is behind the cut must be one of its own IDs, and what is before it the name's beginning."""
    library(bare_workspace, Creative("1032530571", name, creative_type=CreativeType.VIDEO))
    row = {"unique_id": unique_id, "new_filename": name, "creative_type": "video", "tj_creative_id": "1032530571"}
    columns = (*SESSION_COLUMNS, *ID_COLUMNS)
    write_rows(bare_workspace.master, columns, [[row.get(column, "") for column in columns]])
    ads(bare_workspace, preroll=((ad, "1032530571", ""),))
    assert [one.partition(" has ")[0] for one in found(bare_workspace)] == (
        [] if well else [f"Batch001_20251113_120000_Preroll.csv:2: the ad {ad!r}"]
    )


def test_what_a_run_has_cut_agrees_with_its_library(bare_workspace: Workspace) -> None:
    """Natives by their pair's names, also where these follow no convention."""
    names = {"1": f"VID_{LONG}_4sec_ID-99A0D7C3-VID.mp4", "2": f"IMG_{LONG}_ID-99A0D7C3-IMG.png"}
    names |= {"3": f"{NO_ID} vid.mp4", "4": f"{NO_ID} img.png"}
    types = {key: CreativeType.NATIVE_VIDEO if int(key) % 2 else CreativeType.NATIVE_IMAGE for key in names}
    creatives = [Creative(key, name, creative_type=types[key]) for key, name in names.items()]
    library(bare_workspace, *creatives)
    settled = [
        Settled(
            at=NOW,
            run="20251113_120000",
            file=SessionFile(Path(one.filename), types[one.creative_id], native_pair_id="PQ"[int(one.creative_id) > 2]),
            status=UploadStatus.SUCCESS,
            creative=one,
        )
        for one in creatives
    ]
    written = write_campaigns(bare_workspace.campaigns, settled, CampaignSettings(), "20251113_120000")
    assert [len(read_rows(path)) for path in written] == [2, 2]
    assert found(bare_workspace) == []


def test_a_text_that_the_campaign_uploader_refuses_is_named(bare_workspace: Workspace) -> None:
    library(bare_workspace, *kinds(s="1 video"))
    told = ("s", "u", "1", "x" * 26, "", "", "x" * 26, "x" * 31, "", "")
    write_rows(bare_workspace.campaigns / "Batch001_20251113_120000_Preroll.csv", PREROLL_COLUMNS, [told])
    assert [one.partition(": ")[2] for one in found(bare_workspace)] == [
        "the ad 's' has a Custom CTA Text of 26 characters, the campaign uploader takes 25",
        "the ad 's' has a Banner CTA Title of 26 characters, the campaign uploader takes 25",
        "the ad 's' has a Banner CTA Subtitle of 31 characters, the campaign uploader takes 30",
    ]


def test_a_thumbnail_of_another_pair_is_found_by_its_name(bare_workspace: Workspace) -> None:
    video, image = "VID_EN_Sports_4sec_ID-{}-VID", "IMG_EN_Sports_ID-{}-IMG"
    names = [kind.format(identity) for identity in ("0000000A", "0000000B") for kind in (video, image)]
    types = (CreativeType.NATIVE_VIDEO, CreativeType.NATIVE_IMAGE) * 2
    all_four = zip("1234", names, types, strict=True)
    library(bare_workspace, *(Creative(ID, name, creative_type=kind) for ID, name, kind in all_four))
    ads(bare_workspace, (names[0], "1", "2"), (names[2], "3", "2"))
    assert [one.partition(": ")[0] for one in found(bare_workspace)] == ["Batch001_20251113_120000_Native.csv:3"]


@pytest.mark.parametrize(
    ("ids", "wrong"),
    [
        ((("", "P"), ("", "ID-P"), ("", "Q"), ("", "Q")), [3]),
        ((("ID-P-VID", ""), ("P-IMG", ""), ("Q-VID", ""), ("Q-IMG", "")), [3]),
        ((("P-VID", "1.2E+3"), ("P-IMG", "1.2E+3"), ("Q-VID", "1.2E+3"), ("Q-IMG", "1.2E+3")), [3]),
        ((("", "1.2E+3"), ("", "1.2E+3"), ("", "Q"), ("", "Q")), [2, 3]),
        ((("", "P"), ("", "P"), ("", "P"), ("", "P")), [2, 3]),
    ],
)
@pytest.mark.parametrize("where", ["master", "status"])
def test_a_thumbnail_of_another_pair_is_found_by_what_the_inventories_say(
    bare_workspace: Workspace, ids: tuple[tuple[str, str], ...], wrong: list[int], where: str
) -> None:
    """By pair ID or unique IDs, with or without their prefix; one that was rounded or is shared says nothing."""
    files = kinds(v0="1 native_video", i0="2 native_image", v1="3 native_video", i1="4 native_image")
    library(bare_workspace, *files)
    rows = [
        {
            "unique_id": unique,
            "creative_type": one.creative_type.value if one.creative_type else "",
            "native_pair_id": P,
        }
        | {"new_filename": one.filename, "file_name": one.filename, "tj_creative_id": one.creative_id}
        for one, (unique, P) in zip(files, ids, strict=True)
    ]
    columns = (*SESSION_COLUMNS, *ID_COLUMNS) if where == "master" else STATUS_COLUMNS
    path = bare_workspace.master if where == "master" else bare_workspace.status_file("20251113_120000")
    rows = [row | {"status": "skipped", "file_path": row["file_name"]} for row in rows]
    write_rows(path, columns, [[row.get(column, "") for column in columns] for row in rows])
    ads(bare_workspace, ("v0", "1", "2"), ("v1", "3", "2"))
    assert [one.line for one in verify(bare_workspace)] == wrong


def test_a_name_with_two_extensions_agrees_with_its_card_and_with_its_ad_alone(bare_workspace: Workspace) -> None:
    kind = CreativeType.VIDEO
    library(bare_workspace, Creative("1", "a.mp4.mp4", creative_type=kind), Creative("2", "b.mp4", creative_type=kind))
    preroll = [(name, "u", ID, *[""] * 7) for name, ID in (("a.mp4", "1"), ("a", "1"), ("b.mp4", "2"), ("b", "2"))]
    write_rows(bare_workspace.campaigns / "Batch001_20251113_120000_Preroll.csv", PREROLL_COLUMNS, preroll)
    master(bare_workspace, **{"c.png": "3"})
    library(bare_workspace, image("3", "c.png"))
    assert found(bare_workspace) == [
        "Batch001_20251113_120000_Preroll.csv:3: the ad 'a' has the Creative ID 1, which is 'a.mp4.mp4'"
    ]


def test_lines_that_cant_be_read_and_statuses_that_history_knows_better(bare_workspace: Workspace) -> None:
    bare_workspace.library.write_text(",".join(COLUMNS) + "\n1.03E+09,a.png,,,,,\n2,b.png,,,,image,pending\n", "utf-8")
    seen = [image("2", "b.png", APPROVED), image("3", "c.png")]
    History.of(bare_workspace).record(seen, source=Source.SYNC, now=NOW)
    told = found(bare_workspace)
    assert told[0].startswith("TJ_Creative_Library.csv:2: can't be understood")
    assert told[1:] == [
        "TJ_Review_History.csv: 2 was approved on 2025-11-13T12:00:00Z; the library says pending",
        "TJ_Review_History.csv: 3 (c.png) was pending on 2025-11-13T12:00:00Z; the library lacks it",
    ]


def test_what_a_run_had_confirmed_is_recorded_once(bare_workspace: Workspace) -> None:
    journal, path = Journal(bare_workspace.log), bare_workspace.root / "uploaded" / "a.png"
    file = SessionFile(path, CreativeType.IMAGE)
    creative, day = image("1", "a.png"), NOW.date()
    run = "20251113_120000"
    journal.begun([file], run=run, now=NOW)
    journal.handed_over([file], section=Section.STATIC_BANNER, run=run, now=NOW)
    journal.note(Settled(at=NOW, run=run, file=file, status=UploadStatus.SUCCESS, creative=creative, day=day))
    master(bare_workspace, a="")
    assert found(bare_workspace) == [
        "log.jsonl: the run 20251113_120000 had confirmed 1 file not surely recorded yet",
        "log.jsonl: the live run 20251113_120000 was not finished: 1 confirmed, 0 under way, 0 not begun",
    ]
    for _ in range(2):
        left = mend(bare_workspace, verify(bare_workspace), now=NOW)
        assert [one.remedy for one in left] == ["Run: tjtools upload --resume"]
        assert [row["creative_id"] for row in read_rows(bare_workspace.library)] == ["1"]
        assert [row["tj_creative_id"] for row in read_rows(bare_workspace.master)] == ["1"]
        assert [row["file_name"] for row in read_rows(bare_workspace.status_file(run))] == ["a.png"]
        assert len(read_rows(bare_workspace.history)) == 1


def test_the_site_has_the_last_word_on_statuses_alone(bare_workspace: Workspace) -> None:
    library(bare_workspace, image("1", "a.png"), image("2", "b.png"), image("3", "c.png"))
    update = plan(bare_workspace, reading(image("1", "a", APPROVED), image("3", "x"), image("4", "d")))
    told = verify(bare_workspace, update)
    assert [one.found for one in told] == [
        "2 (b.png) is gone from the site",
        "4 (d) is on the site, the library lacks it",
        "1 (a.png) is approved on the site, pending here",
        "3 is called 'x' on the site, 'c.png' here",
    ]
    left = mend(bare_workspace, told, update, now=NOW)
    assert [one.found for one in left] == [told[1].found, told[3].found]
    assert [(row["filename"], row["review_status"]) for row in read_rows(bare_workspace.library)] == [
        ("a.png", "approved"),
        ("b.png", "removed"),
        ("c.png", "pending"),
    ]


def test_nothing_is_added_that_the_site_contradicts(bare_workspace: Workspace) -> None:
    status(bare_workspace, ("a.png", "success", "1"), ("b.png", "success", "2"), ("c.png", "success", "3"))
    master(bare_workspace, a="", b="", c="")
    update = plan(bare_workspace, reading(image("2", "other"), image("3", "c")))
    told = verify(bare_workspace, update)
    assert [one.found.partition("; the site ")[2] for one in told if not one.safe][:2] == [
        "has no such creative",
        "calls it 'other'",
    ]
    mend(bare_workspace, told, update, now=NOW)
    assert [(row["creative_id"], row["filename"]) for row in read_rows(bare_workspace.library)] == [("3", "c.png")]
    assert [row["tj_creative_id"] for row in read_rows(bare_workspace.master)] == ["", "", "3"]


def test_a_name_that_the_site_cuts_off_is_no_contradiction(bare_workspace: Workspace) -> None:
    status(bare_workspace, ("EN_Travel_long.png", "success", "1"))
    update = plan(bare_workspace, reading(image("1", "EN_Tra…")))
    mend(bare_workspace, verify(bare_workspace, update), update, now=NOW)
    assert [row["filename"] for row in read_rows(bare_workspace.library)] == ["EN_Travel_long.png"]


def test_an_id_that_the_library_has_under_another_name_does_not_come_into_the_master(bare_workspace: Workspace) -> None:
    library(bare_workspace, image("5", "b.png"))
    master(bare_workspace, a="")
    status(bare_workspace, ("a.png", "success", "5"))
    told = verify(bare_workspace)
    assert [one.safe for one in told] == [False]
    mend(bare_workspace, told, now=NOW)
    assert [row["tj_creative_id"] for row in read_rows(bare_workspace.master)] == [""]


def test_what_a_run_had_confirmed_is_not_recorded_where_the_site_has_another_name(bare_workspace: Workspace) -> None:
    journal, path = Journal(bare_workspace.log), bare_workspace.root / "uploaded" / "a.png"
    file, run = SessionFile(path, CreativeType.IMAGE), "20251113_120000"
    journal.begun([file], run=run, now=NOW)
    journal.handed_over([file], section=Section.STATIC_BANNER, run=run, now=NOW)
    settled = Settled(at=NOW, run=run, file=file, status=UploadStatus.SUCCESS, creative=image("1", "a.png"))
    journal.note(settled)
    update = plan(bare_workspace, reading(image("1", "other")))
    told = verify(bare_workspace, update)
    assert told[0].found.endswith("; the site has another name for 1 (a.png)")
    mend(bare_workspace, told, update, now=NOW)
    assert not bare_workspace.library.exists()


def test_what_cant_be_understood_is_listed_for_every_file(bare_workspace: Workspace) -> None:
    library(bare_workspace, image("1", "a.png"))
    for path, columns in (
        (bare_workspace.session, ("unique_id", "new_filename", "creative_type")),
        (bare_workspace.history, HISTORY_COLUMNS),
        (bare_workspace.campaigns / "Batch001_20251113_120000_Preroll.csv", PREROLL_COLUMNS),
        (bare_workspace.status_file("20251113_120000"), STATUS_COLUMNS),
    ):
        write_rows(path, columns, [])
        with path.open("a", encoding="utf-8") as file:
            file.write("cut off\n")
    short = bare_workspace.campaigns / "Batch004_20251113_120000_Preroll.csv"
    write_rows(short, ["Ad Name", "Target URL"], [("a", "u"), ("b", "u")])
    short = bare_workspace.campaigns / "Batch005_20251113_120000_Native.csv"
    write_rows(short, ["Ad Name", "Video Creative ID"], [("a", "1")])
    (bare_workspace.campaigns / "Batch002_20251113_120000_Native.csv").write_text(f'"{"x" * 200_000}"\n', "utf-8")
    (bare_workspace.campaigns / "Batch003_20251113_120000_Native.csv").mkdir()
    assert [(one.where, bool(one.remedy), one.safe) for one in verify(bare_workspace)] == [
        ("upload_status_20251113_120000.csv:2", True, False),
        ("creative_inventory_session.csv:2", True, False),
        ("Batch001_20251113_120000_Preroll.csv:2", True, False),
        ("Batch002_20251113_120000_Native.csv:1", True, False),
        ("Batch003_20251113_120000_Native.csv", True, False),
        ("Batch004_20251113_120000_Preroll.csv:1", True, False),
        ("Batch005_20251113_120000_Native.csv:1", True, False),
        ("TJ_Review_History.csv:2", True, False),
    ]


def test_nothing_is_mended_while_a_live_run_is_under_way(bare_workspace: Workspace) -> None:
    status(bare_workspace, ("a.png", "success", "1"))
    told = verify(bare_workspace)
    with only_live_run(bare_workspace), pytest.raises(Exception, match="another live upload"):
        mend(bare_workspace, told, now=NOW)
    assert not bare_workspace.library.exists()


@pytest.mark.usefixtures("site_kind")
@ON_BOTH
def test_the_command_checks_the_site_too(workspace: Workspace, truth: Truth) -> None:
    session(workspace, [banner(workspace.root / "uploaded", "a.png")])
    go(workspace)
    assert tjtools("refresh-library", "--yes", cwd=workspace.root).returncode == 0
    done = tjtools("verify", "--site", cwd=workspace.root)
    assert (done.returncode, done.stdout) == (0, "The tracking files agree with one another and with the site\n")
    [creative_id] = truth.named("a")
    truth.ask(f"creatives/{creative_id}", "PATCH", {"review_status": "approved"})
    done = tjtools("verify", "--site", cwd=workspace.root)
    assert (done.returncode, f"{creative_id} (a.png) is approved on the site" in done.stdout) == (1, True)
    assert tjtools("verify", "--site", "--fix", cwd=workspace.root).returncode == 0
    assert tjtools("verify", cwd=workspace.root).returncode == 0


def test_the_command_lists_what_it_finds_and_mends(bare_workspace: Workspace) -> None:
    write_inventory(bare_workspace.session, [])
    status(bare_workspace, ("a.png", "success", "1"))
    done = tjtools("verify", cwd=bare_workspace.root)
    assert done.returncode == 1
    assert "1 of them can be mended safely: tjtools verify --fix" in done.stderr
    done = tjtools("verify", "--fix", cwd=bare_workspace.root)
    assert (done.returncode, "Mended: 1" in done.stdout) == (0, True)


def test_a_line_that_cannot_be_read_still_keeps_its_file_from_going_up_after_a_fix(bare_workspace: Workspace) -> None:
    """It is the only trace of a creative: nothing has taken its place."""
    library(bare_workspace, image("9", "z.png"))
    with bare_workspace.library.open("a", encoding="utf-8") as file:
        file.write("1.03E+09,clip.png,,image,,,pending\n")
    master(bare_workspace, a="")
    status(bare_workspace, ("a.png", "success", "1"))
    fixed = json.loads(tjtools("verify", "--fix", "--json", cwd=bare_workspace.root).stdout)
    assert len(fixed["mended"]) == 2  # the ID in library and master
    [left] = fixed["disagreements"]
    assert (left["file"], "1.03E+09" in left["found"]) == (str(bare_workspace.library), True), left
    assert Library.load(bare_workspace.library).find("clip.png", CreativeType.IMAGE).bad_lines
