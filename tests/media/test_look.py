"""What is kept of a creative are its frames by time, small, whatever its own rate and length are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange, Colorspace
from PIL import Image

from tjtools.media import Children, child, look
from tjtools.media.look import Frame
from tjtools.media.pool import text


@pytest.fixture(scope="module")
def room() -> Iterator[Children]:
    with Children(cores=1) as room:
        yield room


def shade(number: int, size: tuple[int, int] = (64, 36)) -> Image.Image:
    """One of ten greys, by which a picture is told."""
    return Image.new("RGB", size, (25 * number, 25 * number, 25 * number))


def video(path: Path, times: list[float], rate: int = 25, size: tuple[int, int] = (64, 36)) -> Path:
    """The grey of its whole second at each of the times."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate)
        (stream.width, stream.height), stream.pix_fmt = size, "yuv420p"
        for time in times:
            frame = av.VideoFrame.from_image(shade(int(time + 1e-6) % 10, size))
            frame.pts = round(time * rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def seen(room: Children, path: Path) -> list[tuple[float, int]]:
    """When which grey is shown."""
    return [(one.second, round(float(one.pixels.mean()) / 25)) for one in look.frames(room.look(path).look)]


@pytest.mark.parametrize("rate", [1, 5, 12, 25, 60])
def test_a_clip_has_four_frames_a_second(room: Children, tmp_path: Path, rate: int) -> None:
    path = video(tmp_path / "a.mp4", [number / rate for number in range(9 * rate)], rate)
    expected = [(number / 4, number // 4) for number in range(36)]
    found = seen(room, path)
    assert [second for second, _ in found] == pytest.approx([second for second, _ in expected], abs=0.02)
    assert sum(one != other for (_, one), (_, other) in zip(found, expected, strict=True)) <= 1  # at a change


def test_a_frame_is_shown_until_the_next_one(room: Children, tmp_path: Path) -> None:
    found = seen(room, video(tmp_path / "a.mp4", [0, 1, 4, 4.96]))
    assert {grey for second, grey in found if 0.2 < second < 0.9} == {0}
    assert {grey for second, grey in found if 1.2 < second < 3.9} == {1}
    assert {grey for second, grey in found if second > 4.2} == {4}


def test_a_short_clip_has_as_many_frames_as_one_of_some_seconds(room: Children, tmp_path: Path) -> None:
    found = seen(room, video(tmp_path / "a.mp4", [number / 25 for number in range(50)]))
    assert len(found) == look.FEWEST_FRAMES
    assert [second for second, _ in found] == pytest.approx(np.arange(len(found)) * 2 / len(found), abs=0.02)


def test_a_long_clip_has_no_more_than_two_minutes_of_frames(room: Children, tmp_path: Path) -> None:
    found = seen(room, video(tmp_path / "a.mp4", [float(number) for number in range(240)], 1))
    assert (len(found), found[-1][0] > 230) == (look.MOST_FRAMES, True)


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_an_animation_is_seen_by_time(room: Children, tmp_path: Path, suffix: str) -> None:
    first, *others = (shade(number) for number in range(4))
    first.save(tmp_path / f"a{suffix}", save_all=True, append_images=others, duration=[500, 2000, 40, 1000])
    found = dict(seen(room, tmp_path / f"a{suffix}"))
    assert [found[second] for second in (0.0, 0.25, 0.5, 2.25, 2.75, 3.25)] == [0, 0, 1, 1, 3, 3]


@pytest.mark.parametrize("matrix", [Colorspace.ITU601, Colorspace.ITU709])
@pytest.mark.parametrize("light", [ColorRange.MPEG, ColorRange.JPEG])
def test_a_clip_keeps_its_colours_however_they_are_stored(
    room: Children, tmp_path: Path, matrix: Colorspace, light: ColorRange
) -> None:
    colour = (200, 60, 30)
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        context = stream.codec_context
        context.colorspace, context.color_range = (1 if matrix is Colorspace.ITU709 else 6), light
        for _ in range(20):
            frame = av.VideoFrame.from_image(Image.new("RGB", (640, 360), colour))
            container.mux(stream.encode(frame.reformat(format="yuv420p", dst_colorspace=matrix, dst_color_range=light)))
        container.mux(stream.encode())
    kept = look.frames(room.look(tmp_path / "a.mp4").look)[9].pixels.mean((0, 1))
    assert kept == pytest.approx(colour[::-1], abs=6)


def test_a_still_is_one_picture(room: Children, tmp_path: Path) -> None:
    shade(7, (1600, 900)).save(tmp_path / "a.png")
    [frame] = look.frames(room.look(tmp_path / "a.png").look)
    assert (frame.second, frame.pixels.shape, round(float(frame.pixels.mean()) / 25)) == (0.0, (225, 400, 3), 7)


@pytest.mark.parametrize("shape", [(2, 2), (1, 300), (51, 7), (180, 320)])
def test_any_shape_can_be_kept(shape: tuple[int, int]) -> None:
    frames = [Frame(number / 4, np.full((*shape, 3), 50 * number, np.uint8)) for number in range(5)]
    again = look.frames(look.kept(frames))
    assert [one.second for one in again] == [0, 0.25, 0.5, 0.75, 1]
    assert [round(float(one.pixels.mean()) / 50) for one in again] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    "kept", [b"", b"junk", b"\xff\xd8junk", look.kept([Frame(0.0, np.zeros((900, 900, 3), np.uint8))])]
)
def test_a_damaged_look_is_refused(kept: bytes) -> None:
    with pytest.raises(ValueError, match="damaged"):
        look.frames(kept)


def test_a_look_that_breaks_off_is_refused_or_short() -> None:
    noise = np.random.default_rng(1)
    whole = look.kept([Frame(number / 4, noise.integers(0, 256, (90, 160, 3), dtype=np.uint8)) for number in range(8)])
    for length in range(0, len(whole), len(whole) // 40):
        try:
            assert len(look.frames(whole[:length])) <= 8
        except ValueError as error:
            assert "damaged" in str(error)  # noqa: PT017 (either is right)


def test_it_is_found_by_a_frame_a_second_where_it_changes_else_by_one_in_two_and_of_what_is_short_by_more() -> None:
    noise = np.random.default_rng(1)
    scenes = [noise.integers(0, 256, (90, 160, 3), dtype=np.uint8) for _ in range(3)]
    changing = [Frame(number / 4, scenes[number // 4 % 3]) for number in range(36)]
    still = [Frame(number / 4, scenes[0]) for number in range(36)]
    assert (look.keys(changing), look.keys(still, 4)) == ([*range(0, 36, 4)], [*range(0, 36, 8)])
    assert (look.keys(changing[:12], 4), look.keys(still[:12], 4)) == ([0, 3, 5, 8, 11], [0, 3, 6, 9])
    assert look.keys(still[:1], 4) == look.keys(still[:1]) == [0]


def test_a_child_remembers_looks_as_long_as_there_is_room_for_their_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = [text(look.kept([Frame(0.0, np.full((90, 160, 3), grey, np.uint8))])) for grey in (0, 50, 100, 150)]
    monkeypatch.setattr(child, "_AT_HAND", {})
    first = [child._remembered(one) for one in looks]
    assert [child._remembered(one) for one in looks] == first
    monkeypatch.setattr(child, "_REMEMBERED", 3 * 90 * 160 * child._OF_A_PIXEL)
    child._remembered(looks[0])
    assert list(child._AT_HAND) == [looks[2], looks[3], looks[0]]
    monkeypatch.setattr(child, "_REMEMBERED", 1)
    child._remembered(looks[1])
    assert list(child._AT_HAND) == [looks[0], looks[1]]  # two are being compared
