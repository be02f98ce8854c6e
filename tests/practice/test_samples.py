"""The samples are real media: probed here with PyAV and Pillow, as the site and the browser would."""

import shutil
from collections import Counter
from pathlib import Path

import av
import pytest
from PIL import Image, ImageStat
from world import NOW, read_rows, write_inventory

from tjtools.cache.library import Library
from tjtools.diff.session import Verdict
from tjtools.model.creative import Creative, CreativeType, ReviewStatus
from tjtools.practice import samples
from tjtools.practice.workspace import make_session
from tjtools.upload import prepare
from tjtools.workspace.folder import Workspace

COLUMNS = (
    "unique_id,original_filename,new_filename,creator_name,language,category,content_type,creative_type,"
    "duration_seconds,aspect_ratio,width_px,height_px,file_size_mb,file_format,date_processed,source_path,notes,"
    "native_pair_id"
)
KNOWN = [
    ("VID_EN_Music_4sec_ID-75BC7B51-VID", CreativeType.NATIVE_VIDEO),
    ("IMG_EN_Music_ID-75BC7B51-IMG", CreativeType.NATIVE_IMAGE),
    ("banner 3 final", CreativeType.IMAGE),
    ("Travel 1.jpg", CreativeType.IMAGE),
]


def frames(path: Path) -> list[Image.Image]:
    with av.open(str(path)) as container:
        return [frame.to_image() for frame in container.decode(video=0)]


@pytest.mark.parametrize(("width", "height"), [(640, 360), (970, 90), (300, 250)])
def test_a_video_plays_in_browsers_and_has_its_exact_length(tmp_path: Path, width: int, height: int) -> None:
    path = tmp_path / "a.mp4"
    samples.write_video(path, width=width, height=height, seconds=1.5, title="Sports", fps=10)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert (stream.width, stream.height, stream.frames) == (width, height, 15)
        assert container.duration == pytest.approx(1.5 * av.time_base, abs=av.time_base / 10)
    head = path.read_bytes()
    assert head.index(b"moov") < head.index(b"mdat"), "the index stands first: playing starts before the end is loaded"


def test_a_video_moves(tmp_path: Path) -> None:
    samples.write_video(tmp_path / "a.mp4", width=320, height=180, seconds=2, title="Music")
    shown = frames(tmp_path / "a.mp4")
    assert len({frame.tobytes() for frame in shown}) == 20


def test_odd_dimensions_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="even dimensions, not 301x250"):
        samples.write_video(tmp_path / "a.mp4", width=301, height=250, seconds=1, title="Odd")


@pytest.mark.parametrize(("suffix", "kind"), [(".png", "PNG"), (".jpg", "JPEG"), (".gif", "GIF")])
def test_an_image_is_what_its_suffix_says(tmp_path: Path, suffix: str, kind: str) -> None:
    path = tmp_path / f"a{suffix}"
    samples.write_image(path, width=640, height=360, title="Travel", seed=2)
    with Image.open(path) as picture:
        assert (picture.format, picture.size) == (kind, (640, 360))
        assert min(ImageStat.Stat(picture.convert("RGB")).stddev) > 10, "it isn't plain"
    assert path.stat().st_size < 100_000


@pytest.mark.parametrize("wanted", [301_000, 600_000])
def test_an_image_can_be_made_too_large(tmp_path: Path, wanted: int) -> None:
    samples.write_image(tmp_path / "a.png", width=640, height=360, title="Travel", min_bytes=wanted)
    assert wanted <= (tmp_path / "a.png").stat().st_size < 720_000


def test_an_impossible_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="still under 5000000 bytes"):
        samples.write_image(tmp_path / "a.png", width=64, height=36, title="x", min_bytes=5_000_000)


def test_the_same_arguments_give_the_same_bytes_and_another_seed_gives_others(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 6)):
        samples.write_video(tmp_path / f"{name}.mp4", width=320, height=180, seconds=1, title="x", seed=seed)
        samples.write_image(tmp_path / f"{name}.png", width=320, height=180, title="x", seed=seed)
    for suffix in ("mp4", "png"):
        first, second, other = ((tmp_path / f"{name}.{suffix}").read_bytes() for name in "abc")
        assert first == second != other


def test_the_plan_has_every_kind() -> None:
    plan = samples.demo_session(KNOWN)
    kinds = Counter(file.kind.value for file in plan[:24])
    assert kinds == {"native_video": 8, "native_image": 8, "video": 4, "video_banner": 2, "image": 2}
    assert [file.name for file in plan[24:]] == [
        "VID_EN_Music_4sec_ID-75BC7B51-VID.mp4",
        "IMG_EN_Music_ID-75BC7B51-IMG.png",
        "banner 3 final.png",
        "Travel 1.jpg",
    ]
    assert len({file.name for file in plan}) == len(plan)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A session that holds a native pair of the library."""
    workspace = Workspace(tmp_path_factory.mktemp("drawn").resolve())
    workspace.tracking.mkdir()
    done: list[tuple[str, int]] = []
    held = [Creative(str(number), name, creative_type=kind) for number, (name, kind) in enumerate(KNOWN[:2])]
    taken = make_session(workspace, held, NOW, lambda *told: done.append(told))
    rows = read_rows(workspace.session)
    assert rows == read_rows(workspace.master)
    assert {name for name, _ in done} == {row["new_filename"] for row in rows}
    assert [number for _, number in done] == [*range(1, len(taken) + 1)] == [*range(1, 27)]
    return workspace


@pytest.fixture
def rows(drawn: Workspace) -> list[dict[str, str]]:
    """Its inventory."""
    return read_rows(drawn.session)


def test_the_session_on_disk_agrees_with_its_inventory(drawn: Workspace, rows: list[dict[str, str]]) -> None:
    kinds = {file.name: file.kind for file in samples.demo_session(KNOWN[:2])}
    over = []
    for row in rows:
        kind = CreativeType(row["creative_type"])
        path = drawn.media_file(row["new_filename"], kind)
        assert ",".join(row) == COLUMNS
        assert all(value for column, value in row.items() if column not in OPTIONAL), row
        assert kind is kinds[row["new_filename"]]
        assert float(row["file_size_mb"]) == pytest.approx(path.stat().st_size / 1e6, abs=0.0005)
        assert seen(path) == (row["width_px"], row["height_px"], row["duration_seconds"])
        over += [kind.value] if kind is CreativeType.NATIVE_IMAGE and path.stat().st_size > 300_000 else []
    assert over == ["native_image"]
    lengths = sorted(row["duration_seconds"] for row in rows if row["creative_type"] == "video")
    assert lengths == ["40", "6", "8", "9"]


def test_native_pairs_are_complete(rows: list[dict[str, str]]) -> None:
    halves: dict[str, set[tuple[str, str]]] = {}
    for row in rows:
        if row["native_pair_id"]:
            halves.setdefault(row["native_pair_id"], set()).add((row["creative_type"], row["unique_id"]))
    assert len(halves) == 9
    for pair, found in halves.items():
        assert found == {("native_video", f"{pair}-VID"), ("native_image", f"{pair}-IMG")}


def test_two_files_look_like_what_was_uploaded_before_and_one_of_them_was_rejected(bare_workspace: Workspace) -> None:
    library = Library.load(bare_workspace.library)
    held = library.add(
        [
            Creative("1", "clip", creative_type=CreativeType.VIDEO, review_status=ReviewStatus.APPROVED),
            Creative("2", "banner", None, "300x250", ".png", CreativeType.IMAGE, ReviewStatus.REJECTED),
        ]
    )
    taken = make_session(bare_workspace, held, NOW, lambda *_told: None)
    assert len(taken) == len(read_rows(bare_workspace.session)) == 26, "what was uploaded before is in no session"
    prepared = prepare(bare_workspace)
    alike = [one for one in prepared.reviews if one.verdict is Verdict.NEAR_DUPLICATE]
    like = {one.repeats[0].known.creative_id: one.repeats[0].known.path for one in alike}
    uploaded = bare_workspace.root / "uploaded"
    assert like == {"1": uploaded / "clip.mp4", "2": uploaded / "banner.png"}
    assert [one.file.creative_type for one in alike if one.repeats_rejected] == [CreativeType.IMAGE]
    elsewhere = Workspace(Path(shutil.copytree(bare_workspace.root, bare_workspace.root.parent / "copy")).resolve())
    rows = [row for row in read_rows(elsewhere.session) if row["new_filename"] in {one.file.name for one in alike}]
    write_inventory(elsewhere.session, rows)
    again = prepare(elsewhere)
    assert [one.verdict for one in again.reviews] == [Verdict.NEAR_DUPLICATE] * 2
    assert again.unseen == 0, "they are known by their uploads, wherever the folder goes"


OPTIONAL = {"creator_name", "content_type", "duration_seconds", "notes", "native_pair_id"}


def seen(path: Path) -> tuple[str, str, str]:
    """Width, height and whole seconds, as the file itself says."""
    if path.suffix != ".mp4":
        with Image.open(path) as picture:
            return str(picture.width), str(picture.height), ""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return str(stream.width), str(stream.height), f"{container.duration / av.time_base:g}"
