"""Files as they are met: each is looked at in a child process, and whatever is wrong with it is said."""

from __future__ import annotations

import io
import struct
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from shown import moments

from tjtools.media import Children
from tjtools.media import pool as children
from tjtools.model.creative import Medium
from tjtools.model.errors import Cancelled
from tjtools.practice import samples

SIZE = (64, 36)


@pytest.fixture(scope="module")
def room() -> Iterator[Children]:
    with Children(cores=2) as room:
        yield room


def picture(seed: int = 0, size: tuple[int, int] = SIZE) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)


def write_video(
    path: Path,
    pictures: list[Image.Image],
    *,
    times: list[int] | None = None,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    sound: bool = False,
) -> None:
    """One picture each 100 ms, or at the times given in ms; no picture at all: sound alone."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=1000) if pictures else None
        tone = container.add_stream("aac", rate=44_100) if sound else None
        if stream:
            (stream.width, stream.height), stream.pix_fmt = pictures[0].size, pix_fmt
            for moment, shown in zip(times or range(0, 100 * len(pictures), 100), pictures, strict=True):
                frame = av.VideoFrame.from_image(shown)
                frame.pts = moment
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        if tone:
            for number in range(40):
                silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), dtype=np.float32), "fltp", "mono")
                silence.sample_rate, silence.pts = 44_100, number * 1024
                container.mux(tone.encode(silence))
            container.mux(tone.encode())


def turned(data: bytes) -> bytes:
    """The same mp4 with a header that asks the player to turn the picture clockwise by 90 degrees."""
    at = data.index(b"tkhd") + 4 + 40
    matrix = struct.pack(">9i", 0, 0x10000, 0, -0x10000, 0, 0, SIZE[1] << 16, 0, 0x40000000)
    return data[:at] + matrix + data[at + 36 :]


def apart(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


def test_a_video(room: Children, tmp_path: Path) -> None:
    samples.write_video(tmp_path / "a.mp4", width=640, height=360, seconds=4, title="Sports")
    seen = room.look(tmp_path / "a.mp4")
    assert seen.facts == (
        (tmp_path / "a.mp4").stat().st_size, "mp4", 640, 360, 4.0, "h264", 0, 40, "", "", None, None, "yuv420p",
    )  # fmt: skip
    assert (len(moments(seen)), seen.facts.medium, seen.lasting) == (5, Medium.MOVING, True)
    (tmp_path / "look.mp4").write_bytes(seen.look)
    assert room.look(tmp_path / "look.mp4").facts[1:5] == ("mp4", 320, 180, 4.0)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".gif", ".webp"])
def test_a_still_image(room: Children, tmp_path: Path, suffix: str) -> None:
    picture().save(tmp_path / f"a{suffix}")
    seen = room.look(tmp_path / f"a{suffix}")
    assert (seen.facts.container, seen.facts.size, seen.facts.seconds) == (suffix[1:], "64x36", None)
    assert (len(moments(seen)), seen.facts.medium, seen.facts.trouble) == (1, Medium.STILL, "")


@pytest.mark.parametrize("name", ["a.mp4", "a.png"])
def test_a_poster_is_a_small_jpeg(room: Children, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if path.suffix == ".mp4":
        samples.write_video(path, width=640, height=360, seconds=4, title="Sports")
    else:
        samples.write_image(path, width=640, height=360, title="Sports")
    made = room.poster(path)
    with Image.open(io.BytesIO(made)) as shown:
        assert (shown.format, shown.size) == ("JPEG", (320, 180))
    assert len(made) < 20_000


def test_what_cant_be_shown_has_no_poster(room: Children, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"\0" * 1000)
    assert (room.poster(broken), room.poster(tmp_path / "none.png")) == (b"", b"")


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_an_animation_is_seen_at_five_moments(room: Children, tmp_path: Path, suffix: str) -> None:
    first, *others = [picture(seed) for seed in range(10)]
    first.save(tmp_path / f"a{suffix}", save_all=True, append_images=others, duration=100)
    seen = room.look(tmp_path / f"a{suffix}")
    assert (seen.facts.frames, len(set(moments(seen))), seen.facts.medium) == (10, 5, Medium.STILL)


def empty(path: Path) -> None:
    path.touch()


def text(path: Path) -> None:
    path.write_text("no creative\n" * 99)


def playlist(path: Path) -> None:
    path.write_text(f"#EXTM3U\n#EXTINF:4,\nfile://{path.with_name('other.mp4')}\n#EXT-X-ENDLIST\n")
    samples.write_video(path.with_name("other.mp4"), width=64, height=36, seconds=1, title="x")


def truncated(path: Path) -> None:
    samples.write_video(path, width=64, height=36, seconds=2, title="x")
    path.write_bytes(path.read_bytes()[:-1000])


def truncated_image(path: Path) -> None:
    picture(size=(640, 360)).save(path, "png")
    path.write_bytes(path.read_bytes()[:9000])


def sound_alone(path: Path) -> None:
    write_video(path, [], sound=True)


def bomb(path: Path) -> None:
    """A png of some kB that says it has 900 million pixels."""

    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(3_000_000), 9)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", rows) + part(b"IEND", b""))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (empty, "the file is empty"),
        (text, "no image or video that can be read"),
        (playlist, "no image or video that can be read"),
        (truncated, "it was cut off"),
        (truncated_image, "its picture can't be decoded"),
        (sound_alone, "it has sound and no picture"),
        (bomb, "pixels"),
    ],
)
def test_what_cannot_be_read_says_why(room: Children, tmp_path: Path, make: Callable[[Path], None], said: str) -> None:
    make(tmp_path / "a.mp4")
    seen = room.look(tmp_path / "a.mp4")
    assert (said in seen.facts.trouble, moments(seen), seen.lasting) == (True, (), True)


def test_a_file_that_is_not_there(room: Children, tmp_path: Path) -> None:
    assert room.look(tmp_path / "a.mp4").facts.trouble == "No such file or directory"
    assert room.checksum(tmp_path / "a.mp4") == ("", "No such file or directory")


def test_an_image_called_mp4_is_an_image(room: Children, tmp_path: Path) -> None:
    picture().save(tmp_path / "a.mp4", "png")
    assert room.look(tmp_path / "a.mp4").facts[1:4] == ("png", 64, 36)


def test_one_pixel_is_too_plain_to_tell(room: Children, tmp_path: Path) -> None:
    Image.new("RGB", (1, 1), "red").save(tmp_path / "a.png")
    seen = room.look(tmp_path / "a.png")
    assert (seen.facts.size, moments(seen), seen.facts.trouble) == ("1x1", ("",), "")


def test_a_video_of_one_frame(room: Children, tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", [picture()])
    seen = room.look(tmp_path / "a.mp4")
    assert (seen.facts.trouble, len(set(moments(seen))), seen.facts.seconds) == ("", 1, pytest.approx(0, abs=0.1))


def test_a_turned_video_is_seen_as_it_is_shown(room: Children, tmp_path: Path) -> None:
    upright = [picture(seed, (144, 256)) for seed in range(10)]  # processors differ in what x264 leaves of tiny ones
    write_video(tmp_path / "upright.mp4", upright)
    write_video(tmp_path / "lying.mp4", [one.transpose(Image.Transpose.ROTATE_90) for one in upright])
    (tmp_path / "turned.mp4").write_bytes(turned((tmp_path / "lying.mp4").read_bytes()))
    plain, seen = (room.look(tmp_path / name) for name in ("upright.mp4", "turned.mp4"))
    assert (seen.facts.size, plain.facts.size, seen.facts.turned % 180) == ("144x256", "144x256", 90)
    assert max(map(apart, moments(plain), moments(seen))) <= 8


def test_a_turned_photo_is_seen_as_it_is_shown(room: Children, tmp_path: Path) -> None:
    picture().save(tmp_path / "upright.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    picture().transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.jpg", exif=exif)
    plain, seen = (room.look(tmp_path / name) for name in ("upright.png", "turned.jpg"))
    assert (seen.facts.size, apart(moments(plain)[0], moments(seen)[0]) <= 12) == ("64x36", True)


def test_a_variable_frame_rate_is_seen_at_the_same_moments(room: Children, tmp_path: Path) -> None:
    scenes = [picture(seed, (256, 144)) for seed in range(5)]
    even = [scenes[number // 10] for number in range(50)]
    write_video(tmp_path / "even.mp4", even)
    write_video(tmp_path / "uneven.mp4", [*scenes, scenes[4]], times=[0, 1000, 2000, 3000, 4000, 4900])
    plain, seen = (room.look(tmp_path / name) for name in ("even.mp4", "uneven.mp4"))
    assert seen.facts.trouble == ""
    assert max(map(apart, moments(plain), moments(seen))) <= 8


def test_ten_bits_a_colour(room: Children, tmp_path: Path) -> None:
    pictures = [picture(seed, (256, 144)) for seed in range(10)]
    write_video(tmp_path / "usual.mp4", pictures)
    write_video(tmp_path / "hdr.mp4", pictures, codec="libx265", pix_fmt="yuv420p10le")
    usual, seen = (room.look(tmp_path / name) for name in ("usual.mp4", "hdr.mp4"))
    assert (seen.facts.codec, seen.facts.trouble) == ("hevc", "")
    assert max(map(apart, moments(usual), moments(seen))) <= 10


def test_a_quicktime_file_called_mp4_is_none(room: Children, tmp_path: Path) -> None:
    write_video(tmp_path / "a.mov", [picture()])
    (tmp_path / "a.mov").rename(tmp_path / "a.mp4")
    assert room.look(tmp_path / "a.mp4").facts.container == "mov"


def test_another_container_changes_nothing_that_is_seen(room: Children, tmp_path: Path) -> None:
    pictures = [picture(number // 10) for number in range(50)]
    for suffix in ("mp4", "mkv"):
        write_video(tmp_path / f"a.{suffix}", pictures)
    one, other = (room.look(tmp_path / f"a.{suffix}") for suffix in ("mp4", "mkv"))
    assert (one.facts.container, other.facts.container) == ("mp4", "matroska")
    assert max(map(apart, moments(one), moments(other))) <= 6


# a decoder's crash can't be had on demand: here is a child that does, by the file's name, what a broken decoder may do
BAD_CHILD = """
import os, signal, threading
from pathlib import Path
from tjtools.media import child

look = child.ANSWERS["look"]

def broken(path):
    if path.name.startswith("crash"):
        os.kill(os.getpid(), signal.SIGSEGV)
    if path.name.startswith("hang"):
        threading.Event().wait()
    if path.name.startswith("greedy"):
        bytearray(child.MOST_MEMORY)
    return look(path)

child.ANSWERS["look"] = broken
child.main()
"""


@pytest.fixture
def broken_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "COMMAND", (sys.executable, "-c", BAD_CHILD))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("crash.png", "crashed the decoder (SIGSEGV)"),
        ("hang.png", "took more than 8 s"),
        ("greedy.png", "needs more memory"),
    ],
)
def test_a_broken_decoder_costs_one_file(
    broken_decoder: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    monkeypatch.setattr(children, "DEADLINE", 8)
    for each in (name, "good.png"):
        picture().save(tmp_path / each)
    with Children(cores=1) as room:
        seen = {path.name: sight for path, sight in room.each([tmp_path / name, tmp_path / "good.png"], room.look)}
    assert (said in seen[name].facts.trouble, seen[name].lasting) == (True, False)
    assert (seen["good.png"].facts.trouble, len(moments(seen["good.png"]))) == ("", 1)


def test_a_person_need_not_wait_for_a_file_that_hangs(broken_decoder: None, tmp_path: Path) -> None:
    for name in ("good.png", "hang.png"):
        picture().save(tmp_path / name)
    done: list[Path] = []
    with Children(cores=2) as room:
        looks = room.each([tmp_path / "hang.png", tmp_path / "good.png"], room.look, cancelled=lambda: bool(done))
        with pytest.raises(Cancelled):
            done.extend(path for path, _ in looks)
    assert [path.name for path in done] == ["good.png"]


def test_a_large_file_is_streamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = "from tjtools.media import child; child.MOST_MEMORY = 1 << 30; child.main()"
    monkeypatch.setattr(children, "COMMAND", (sys.executable, "-c", small))
    with (tmp_path / "large.mp4").open("wb") as file:
        file.truncate((1 << 30) + 1)  # more than this child may have in memory, and no room on the disk
    with Children(cores=1) as room:
        checksum, trouble = room.checksum(tmp_path / "large.mp4")
    assert (len(checksum), trouble) == (64, "")


@pytest.mark.parametrize("kind", ["mp4", "mkv", "png", "jpg", "gif", "webp"])
def test_whatever_is_in_a_file_there_is_an_answer(room: Children, tmp_path: Path, kind: str) -> None:
    path, pictures = tmp_path / f"a.{kind}", [picture(seed) for seed in range(6)]
    if kind in ("mp4", "mkv"):
        write_video(path, pictures)
    elif kind in ("gif", "webp"):
        pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=100)
    else:
        pictures[0].save(path)
    whole, chance = path.read_bytes(), np.random.default_rng(1)
    for _ in range(40):
        damaged = bytearray(whole)
        for place in chance.integers(0, len(whole), chance.integers(1, 30)):
            damaged[place] = chance.integers(0, 256)
        path.write_bytes(damaged[: chance.integers(1, len(whole) + 1)] if chance.random() < 0.3 else damaged)
        seen = room.look(path)
        assert seen.facts.bytes == path.stat().st_size
        assert seen.facts.trouble or len(moments(seen)) in (1, 5)
