"""Sixty files of creators in five folders become creatives on the sandbox: none is refused, and the files say so."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import pillow_heif
import pytest
from PIL import Image
from world import Truth, go, read_rows, rejected_before, session, tjtools

from tjtools.model.creative import UploadStatus
from tjtools.practice import samples
from tjtools.practice.workspace import bind_to_sandbox
from tjtools.prepare.naming import COLUMNS
from tjtools.upload import prepare
from tjtools.workspace.folder import Workspace

FOLDERS = ("Sports", "Big Garden", "Gaming-Anime-Bea", "Travel/Videos", "Cooking")
BY_THE_CONVENTION = "EN_Travel_M_Real_SFW_Beach_Cleo_6sec_ID-0A0B0C0D.mp4"
REJECTED = "Cooking/old soup.png"
ODDEST = (  # the twelve that a browser hands over, by what they were before they fitted
    *("Sports/large 0 final.webp", "Sports/dance 0.mov", "Sports/tall 0.mkv", "Sports/grain.png"),
    *("Big Garden/photo of roses.heic", "Big Garden/phone.jpg", "Gaming-Anime-Bea/phone.mp4"),
    *("Travel/Videos/drone 4K.mp4", "Travel/Videos/odd.mkv", "Travel/Videos/walk of 90 seconds.mp4"),
    *(f"Travel/Videos/{BY_THE_CONVENTION}", "Cooking/song.mp4"),
)
LEFT_OUT = {"empty.mp4", "torn.png", "page.jpg", "too short.mp4", "old soup.png"}


def still(path: Path, size: tuple[int, int], seed: int, min_bytes: int = 0) -> None:
    """A picture in whatever format the name says."""
    drawn = path.with_name("drawn.png")
    samples.write_image(drawn, width=size[0], height=size[1], title=f"{seed}", seed=seed, min_bytes=min_bytes)
    if path.suffix == ".png":
        drawn.rename(path)
        return
    with Image.open(drawn) as picture:
        if path.suffix == ".heic":
            pillow_heif.from_pillow(picture.convert("RGB")).save(path, quality=80)
        elif "phone" in path.name:  # stored lying, to be shown upright
            exif = Image.Exif()
            exif[0x0112] = 6
            picture.convert("RGB").transpose(Image.Transpose.ROTATE_90).save(path, exif=exif)
        else:
            picture.convert("RGB").save(path)
    drawn.unlink()


def moving(path: Path, size: tuple[int, int], seconds: float, seed: int, fps: int = 2) -> None:
    """A small video in whatever container the name says."""
    drawn = path.with_name("drawn.mp4")
    samples.write_video(drawn, width=size[0], height=size[1], seconds=seconds, title=f"{seed}", seed=seed, fps=fps)
    if path.suffix == ".mp4":
        drawn.rename(path)
        return
    with av.open(str(drawn)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    drawn.unlink()


def turned(path: Path) -> None:
    """As a phone held upright writes it: a quarter turn in the header."""
    data = path.read_bytes()
    at = data.index(b"tkhd") + 4 + 40
    one = 1 << 16
    path.write_bytes(data[:at] + struct.pack(">9i", 0, one, 0, -one, 0, 0, 0, 0, 1 << 30) + data[at + 36 :])


def large_or_odd(path: Path, size: tuple[int, int], pix_fmt: str) -> None:
    """Six seconds in one colour after the other, drawn by the encoder alone."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=1, options={"preset": "ultrafast"})
        (stream.width, stream.height), stream.pix_fmt, stream.time_base = size, pix_fmt, Fraction(1, 1)
        for number in range(6):
            tile = Image.effect_noise((8, 6), 90).resize(size).convert("RGB").rotate(90 * number)
            container.mux(stream.encode(av.VideoFrame.from_image(tile.resize(size))))
        container.mux(stream.encode())


def with_sound(path: Path) -> None:
    quiet = path.with_name("quiet.mp4")
    moving(quiet, (96, 54), 6, 400)
    with av.open(str(quiet)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        sound = target.add_stream("aac", rate=8000, layout="mono")
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
        for at in range(0, 48000, 1000):
            part = av.AudioFrame(format="s16", layout="mono", samples=1000)
            part.planes[0].update(bytes(part.planes[0].buffer_size))
            part.sample_rate, part.pts = 8000, at
            target.mux(sound.encode(part))
        target.mux(sound.encode())
    quiet.unlink()


def draw(folder: Path) -> None:
    """The delivery, 60 files."""
    for place in FOLDERS:
        (folder / place).mkdir(parents=True)
    seeds = iter(range(100, 400))
    for number, place in enumerate(FOLDERS):
        still(folder / place / "IMG_0001.png", (300, 250), next(seeds))  # the same name in each
        still(folder / place / f"banner {number}.jpg", (300, 100), next(seeds))
        still(folder / place / f"large {number} final.webp", (600, 500), next(seeds))
        moving(folder / place / "VID_0001.mp4", (96, 54), 6, next(seeds))
        moving(folder / place / f"dance {number}.mov", (96, 54), 7, next(seeds))
        moving(folder / place / f"tall {number}.mkv", (54, 96), 6, next(seeds))
        still(folder / place / f"lawn_{number}_v2.png", (1280, 720), next(seeds))
        moving(folder / place / f"story {number}.mp4", (300, 250), 3, next(seeds))
    sports, garden, gaming, travel, cooking = (folder / place for place in FOLDERS)
    moving(sports / "goal vid 4sec.mp4", (640, 360), 4, 401)
    still(sports / "goal img.png", (640, 360), 402)
    still(sports / "grain.png", (640, 360), 403, min_bytes=310_000)
    still(garden / "noise.png", (1280, 720), 404, min_bytes=310_000)
    still(garden / "photo of roses.heic", (640, 500), 405)
    still(garden / "phone.jpg", (300, 250), 406)
    moving(gaming / "phone.mp4", (96, 54), 6, 407)
    turned(gaming / "phone.mp4")
    moving(gaming / "EN_Gaming_F_Real_SFW_Boss_Dora_12.mp4", (96, 54), 6, 408)
    moving(travel / BY_THE_CONVENTION, (96, 54), 6, 409)
    large_or_odd(travel / "drone 4K.mp4", (3840, 2160), "yuv420p10le")
    large_or_odd(travel / "odd.mkv", (301, 203), "yuv444p")
    moving(travel / "walk of 90 seconds.mp4", (96, 54), 90, 410, fps=1)
    moving(travel / "too short.mp4", (96, 54), 2, 411)
    with_sound(cooking / "song.mp4")
    still(folder / REJECTED, (300, 250), 412)
    still(cooking / "wide.png", (728, 90), 413)
    (cooking / "empty.mp4").touch()
    (cooking / "page.jpg").write_text("<html>not found</html>", "utf-8")
    data = io.BytesIO()
    Image.effect_noise((300, 250), 90).save(data, "png")
    (cooking / "torn.png").write_bytes(data.getvalue()[:5000])
    shutil.copy(cooking / "song.mp4", cooking / ".hidden.mp4")
    still(sports / "last.png", (300, 100), 414)


@pytest.fixture(scope="module")
def delivery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("from creators") / "delivery"
    draw(folder)
    return folder


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class Prepared(NamedTuple):
    """A workspace in which all of it was made to fit, and what the command said of that."""

    shop: Workspace
    told: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def prepared(delivery: Path, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Made to fit once: that takes most of the time."""
    shop = Workspace((tmp_path_factory.mktemp("prepared") / "shop").resolve())
    for part in ("tracking", "uploaded"):
        (shop.root / part).mkdir(parents=True)
    set_defaults(shop)
    before = contents(delivery)
    assert len([path for path in before if not path.name.startswith(".")]) == 60
    rejected_before(shop, delivery / REJECTED)
    told = tjtools(*words(delivery, shop), cwd=delivery)
    assert contents(delivery) == before
    return Prepared(shop, told)


def words(delivery: Path, shop: Workspace) -> list[str]:
    """The command that prepares all of it without a question."""
    return ["prepare", str(delivery), "--no-input", "--crop", "centre", "--cut", "0", "--workspace", str(shop.root)]


def set_defaults(shop: Workspace) -> None:
    shop.defaults.write_text(f"# all are Ana's\n{','.join(COLUMNS)}\n,,F,Real,Ana,EN,SFW,,\n", "utf-8")


def assert_all_went_up(shop: Workspace, truth: Truth) -> dict[str, str]:
    """That a live run takes all files of the session there, and each has its own Creative ID; the IDs by name."""
    rows, reviews = read_rows(shop.session), prepare(shop).reviews
    assert [one.reason for one in reviews if not one.goes_up] == []
    assert {one.facts.pixels for one in reviews if one.facts} == {"", "yuv420p"}
    assert Counter(one.status for one in go(shop).outcomes) == {UploadStatus.SUCCESS: len(rows)}
    assert Counter(one["outcome"] for one in truth.ask("received")) == {"accepted": len(rows)}
    ids = {row["new_filename"]: row["tj_creative_id"] for row in read_rows(shop.master)}
    assert {name: [ids[name]] for name in ids} == {name: truth.named(name.rpartition(".")[0]) for name in ids}
    assert (set(ids), len({*ids.values()})) == ({row["new_filename"] for row in rows}, len(rows))
    return ids


def test_a_delivery_of_sixty_files_goes_up_and_no_file_is_refused(
    prepared: Prepared, delivery: Path, truth: Truth, fake_site: None
) -> None:
    shop, done = prepared
    bind_to_sandbox(shop, truth.origin)
    assert done.returncode == 1, done.stderr
    assert {Path(line.strip()).name for line in done.stdout.splitlines() if line.startswith("  /")} == LEFT_OUT
    assert len({row["source_path"] for row in read_rows(shop.session)}) == 60 - len(LEFT_OUT)
    assert BY_THE_CONVENTION in assert_all_went_up(shop, truth)

    after = {path: path.read_bytes() for path in (shop.session, shop.master, shop.library)}
    again = tjtools(*words(delivery, shop), cwd=delivery)
    assert again.returncode == 1
    assert f"{len(LEFT_OUT)} left out · {60 - len(LEFT_OUT)} on the site already" in again.stdout
    assert {path: path.read_bytes() for path in after} == after


def test_a_real_browser_hands_its_oddest_files_over(
    prepared: Prepared, workspace: Workspace, delivery: Path, truth: Truth, real_site: None, pytestconfig: pytest.Config
) -> None:
    """What was made of twelve of the sixty; of all of them with `--thorough`."""
    every = pytestconfig.getoption("thorough")
    odd = {str(delivery / name) for name in ODDEST}
    rows = [row for row in read_rows(prepared.shop.session) if every or row["source_path"] in odd]
    assert every or {row["source_path"] for row in rows} == odd
    shutil.copytree(prepared.shop.root / "uploaded", workspace.root / "uploaded", dirs_exist_ok=True)
    session(workspace, rows)
    assert_all_went_up(workspace, truth)


def test_all_of_it_as_native_pairs(workspace: Workspace, delivery: Path, fake_site: None) -> None:
    """Each video has its two halves; images are stills, said to lack their video."""
    shop = workspace
    set_defaults(shop)
    folder = delivery / "Sports"
    place = ("--workspace", str(shop.root))
    done = tjtools("prepare", str(folder), "--native", "--no-input", "--crop", "letterbox", *place, cwd=delivery)
    assert done.returncode == 1
    assert "no video belongs to it by its name" in done.stdout
    rows = read_rows(shop.session)
    halves = Counter(row["native_pair_id"] for row in rows if row["native_pair_id"])
    videos = [row for row in rows if row["creative_type"] == "native_video"]
    assert (set(halves.values()), len(halves)) == ({2}, len(videos))
    assert [one.reason for one in prepare(shop).reviews if not one.goes_up] == []
    assert Counter(one.status for one in go(shop).outcomes) == {UploadStatus.SUCCESS: len(rows)}
    assert tjtools("prepare", "--undo", *place, cwd=delivery).returncode == 2
