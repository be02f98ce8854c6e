"""What is made of a file is what a person sees of it, at the instants that were asked for, and nothing else changes."""

from __future__ import annotations

import io
import itertools
import struct
import sys
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.video.frame import PictureType
from PIL import Image, ImageCms
from shown import moments

from tjtools.media import Box, Children, Job, Made, Making, Recipe, make
from tjtools.media import pool as children
from tjtools.model.errors import Cancelled

SIZE = (320, 180)
RATE = 48_000
TURNS = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}
UNTURN = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}
BT601, BT709 = (0.299, 0.114), (0.2126, 0.0722)
PATCHES = np.array(
    [[(200, 30, 30), (30, 180, 40), (40, 50, 200), (200, 190, 40)], [(20,) * 3, (90,) * 3, (160,) * 3, (235,) * 3]],
    dtype=np.uint8,
)


def picture(seed: int = 0, size: tuple[int, int] = SIZE) -> Image.Image:
    """Soft colours that no turn leaves as they were."""
    noise = np.random.default_rng(seed).integers(30, 226, (5, 8, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)


def numbered(number: int, size: tuple[int, int] = SIZE) -> Image.Image:
    """A frame that bears its number, in eight bars of black and white."""
    bars = np.array([255 if number >> bit & 1 else 0 for bit in range(8)], dtype=np.uint8)
    return Image.fromarray(np.repeat(bars[None], 2, axis=0)).resize(size, Image.Resampling.NEAREST).convert("RGB")


def number_of(shown: Image.Image) -> int:
    bars = np.asarray(shown.convert("L").resize((8, 1), Image.Resampling.BOX))[0]
    return sum(int(value > 127) << bit for bit, value in enumerate(bars))


def clicks(moment: float, seconds: float) -> np.ndarray:
    """Silence with a click at the moment."""
    sound = np.zeros(round(seconds * RATE), dtype=np.float32)
    at = round(moment * RATE)
    sound[at : at + 480] = 0.8 * np.sin(np.arange(480) * 0.5)
    return sound


def write_video(
    path: Path,
    pictures: Sequence[Image.Image],
    *,
    rate: Fraction | int = 25,
    times: Sequence[int] | None = None,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    sounds: Sequence[np.ndarray] = (),
    sound_codec: str = "aac",
    sound_at: float = 0.0,
    shape: Fraction | None = None,
    metadata: dict[str, str] | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """A video of the pictures, shown at the times (ms) or at the rate, and of tracks of sound."""
    with av.open(str(path), "w") as file:
        file.metadata.update(metadata or {})
        stream = file.add_stream(codec, rate=1000 if times else rate, options=options or {"crf": "8", "g": "12"})
        (stream.width, stream.height), stream.pix_fmt = pictures[0].size, pix_fmt
        if shape:
            stream.codec_context.sample_aspect_ratio = shape
        tones = [file.add_stream(sound_codec, rate=RATE, layout="mono") for _ in sounds]
        for number, one in enumerate(pictures):
            frame = av.VideoFrame.from_image(one)
            frame.pts = times[number] if times else number
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
        for tone, sound in zip(tones, sounds, strict=True):
            for at in range(0, len(sound) - 1023, 1024):
                part = av.AudioFrame.from_ndarray(sound[None, at : at + 1024], "fltp", "mono")
                part.sample_rate, part.pts = RATE, at + round(sound_at * RATE)
                file.mux(tone.encode(part))
            file.mux(tone.encode())
    return path


def with_matrix(path: Path, degrees: int) -> None:
    data = path.read_bytes()
    at = data.index(b"tkhd") + 4 + 40
    a, b, c, d = (one << 16 for one in TURNS[degrees])
    path.write_bytes(data[:at] + struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30) + data[at + 36 :])


def played(path: Path) -> Iterator[tuple[float, Image.Image]]:
    with av.open(str(path)) as file:
        for frame in file.decode(video=0):
            yield frame.time, frame.to_image()


def frames(path: Path) -> list[tuple[float, Image.Image]]:
    return [*played(path)]


def click_of(path: Path) -> float:
    """When the click is heard."""
    with av.open(str(path)) as file:
        for frame in file.decode(audio=0):
            loud = np.flatnonzero(np.abs(frame.to_ndarray()[0]) > 0.2)
            if len(loud):
                return frame.time + loud[0] / frame.sample_rate
    return -1.0


def flash_of(path: Path) -> float:
    """When the flash is seen."""
    return next(time for time, shown in played(path) if np.asarray(shown.convert("L")).mean() > 200)


def flashing(path: Path, moment: float, seconds: float = 4, **more: Any) -> Path:
    """A video with a flash, and a click, at the moment."""
    shown = [
        Image.new("RGB", SIZE, "white" if moment <= number / 25 < moment + 0.2 else "black")
        for number in range(round(25 * seconds))
    ]
    return write_video(path, shown, sounds=[clicks(moment - more.get("sound_at", 0), seconds)], **more)


def apart(one: Image.Image, other: Image.Image) -> float:
    """By how much the pixels differ on average."""
    return float(np.abs(np.asarray(one.convert("RGB"), float) - np.asarray(other.convert("RGB"), float)).mean())


def only(source: Path, target: Path, recipe: Recipe) -> Made:
    before = source.read_bytes()
    [made] = make([Job(source, recipe, target)], cores=1)
    assert source.read_bytes() == before
    assert sorted(one.name for one in target.parent.glob(".*")) == []
    return made


def done(source: Path, target: Path, recipe: Recipe) -> Made:
    made = only(source, target, recipe)
    assert made.trouble == ""
    assert (made.trouble, made.facts and made.facts.trouble, made.facts and made.facts.bytes) == (
        "",
        "",
        target.stat().st_size,
    )
    return made


# videos


def test_a_native_pair_out_of_a_video(tmp_path: Path) -> None:
    source = write_video(tmp_path / "a.mov", [numbered(one) for one in range(175)], sounds=[clicks(1, 7)])
    video, still = Recipe("mp4", 640, 360, start=2, seconds=4), Recipe("png", 640, 360, start=3, max_bytes=300_000)
    jobs = [Job(source, video, tmp_path / "v.mp4"), Job(source, still, tmp_path / "i.png")]
    told: list[Making] = []
    moving, standing = make(jobs, progress=told.append)
    assert moving.facts
    assert standing.facts
    assert moving.facts[1:9] == ("mp4", 640, 360, 4.0, "h264", 0, 100, "")
    assert standing.facts[1:5] == ("png", 640, 360, None)
    assert [moving.job, standing.job] == jobs
    assert number_of(Image.open(tmp_path / "i.png")) == 75
    data = (tmp_path / "v.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(str(tmp_path / "v.mp4")) as file:
        kinds = [(one.codec_context.name, one.codec_context.format.name) for one in file.streams]
    assert kinds == [("h264", "yuv420p"), ("aac", "fltp")]
    assert told[-1] == Making(2.0, 2)


@pytest.fixture(scope="module", params=[Fraction(10), Fraction(25), Fraction(30_000, 1001), Fraction(60)])
def at_a_rate(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Fraction]:
    """A video of three seconds, and its frames a second."""
    rate = request.param
    path = tmp_path_factory.mktemp("rate") / "a.mp4"
    return write_video(path, [numbered(one) for one in range(round(3 * rate))], rate=rate), rate


@pytest.mark.parametrize(("start", "seconds"), [(0, 1), (0.8, 1), (1.013, 0.5), (1.99, None)])
def test_a_cut_is_exact_to_the_frame(
    tmp_path: Path, at_a_rate: tuple[Path, Fraction], start: float, seconds: float | None
) -> None:
    source, rate = at_a_rate
    made = done(source, tmp_path / "b.mp4", Recipe("mp4", *SIZE, start=start, seconds=seconds))
    first = int(Fraction(start).limit_denominator(1000) * rate + Fraction(1, 1000))
    last = round(3 * rate) if seconds is None else min(round(3 * rate), first + -int(-seconds * rate // 1))
    shown = frames(tmp_path / "b.mp4")
    assert [number_of(one) for _, one in shown] == [*range(first, last)]
    assert [time for time, _ in shown] == pytest.approx([float(one / rate) for one in range(last - first)], abs=1e-4)
    assert made.facts
    assert made.facts.seconds == pytest.approx(seconds or float((last - first) / rate), abs=0.001)


@pytest.fixture(
    scope="module",
    params=[
        ("mp4", {}),
        ("mp4", {"sound_at": 0.3}),
        ("mov", {"sound_codec": "pcm_s16le"}),
        ("mkv", {"sound_codec": "aac"}),
        (
            "webm",
            {
                "codec": "libvpx",
                "sound_codec": "libopus",
                "options": {"b": "1M", "deadline": "realtime", "cpu-used": "8"},
            },
        ),
        ("avi", {"codec": "mpeg4", "sound_codec": "libmp3lame", "options": {"b": "1M"}}),
        ("ts", {}),
    ],
)
def flash(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    suffix, more = request.param
    return flashing(tmp_path_factory.mktemp("flash") / f"a.{suffix}", 2.0, **more)


@pytest.mark.parametrize("start", [0, 0.5, 1.48])
def test_sound_stays_with_its_picture(tmp_path: Path, flash: Path, start: float) -> None:
    source, seconds = flash, None if start == 0 else 2
    done(source, tmp_path / "b.mp4", Recipe("mp4", 160, 90, start=start, seconds=seconds))
    flashed, flashes = flash_of(source), flash_of(tmp_path / "b.mp4")
    assert click_of(tmp_path / "b.mp4") - flashes == pytest.approx(click_of(source) - flashed, abs=0.004)
    begins = next(played(source))[0]
    assert flashes == pytest.approx(flashed - begins - start, abs=0.041)


def test_where_only_the_container_is_wrong_nothing_is_encoded_again(tmp_path: Path) -> None:
    source = flashing(tmp_path / "a.mov", 2.0)
    made = done(source, tmp_path / "b.mp4", Recipe("mp4", *SIZE))

    def packets(path: Path) -> list[list[bytes]]:
        with av.open(str(path)) as file:
            read = [(one.stream_index, bytes(one)) for one in file.demux() if one.size]
        return [[data for index, data in read if index == track] for track in (0, 1)]

    assert packets(source) == packets(tmp_path / "b.mp4")
    assert (made.quality, made.facts and made.facts.container) == ("the same picture, not encoded again", "mp4")
    assert click_of(tmp_path / "b.mp4") == pytest.approx(click_of(source), abs=0.001)


def test_a_setting_leaves_the_sound_out(tmp_path: Path) -> None:
    done(flashing(tmp_path / "a.mp4", 1.0), tmp_path / "b.mp4", Recipe("mp4", *SIZE, sound=False))
    with av.open(str(tmp_path / "b.mp4")) as file:
        assert [one.type for one in file.streams] == ["video"]


def test_of_several_tracks_of_sound_the_default_is_heard(tmp_path: Path) -> None:
    shown = [picture()] * 75
    source = write_video(tmp_path / "a.mp4", shown, sounds=[clicks(1, 3), clicks(2, 3)])
    done(source, tmp_path / "b.mp4", Recipe("mp4", 160, 90))
    assert click_of(tmp_path / "b.mp4") == pytest.approx(1, abs=0.004)


def test_uneven_frames_stay_at_their_instants(tmp_path: Path) -> None:
    times = [0, 40, 90, 300, 310, 700, 1500]
    source = write_video(tmp_path / "a.mp4", [numbered(one) for one in range(7)], times=times)
    done(source, tmp_path / "b.mp4", Recipe("mp4", 160, 90))
    shown = frames(tmp_path / "b.mp4")
    assert [number_of(one) for _, one in shown] == [0, 1, 2, 3, 5, 6]  # 310 ms: 10 ms after the one before
    assert [round(1000 * time) for time, _ in shown] == [0, 40, 90, 300, 700, 1500]


def test_at_most_sixty_frames_a_second(tmp_path: Path) -> None:
    source = write_video(tmp_path / "a.mp4", [numbered(one) for one in range(120)], rate=120)
    made = done(source, tmp_path / "b.mp4", Recipe("mp4", *SIZE))
    assert [number_of(one) for _, one in frames(tmp_path / "b.mp4")] == [*range(0, 120, 2)]
    assert made.facts
    assert made.facts.seconds == pytest.approx(1, abs=0.001)


@pytest.mark.parametrize("degrees", [90, 180, 270])
@pytest.mark.parametrize("kind", ["mp4", "png"])
def test_a_turned_video_is_made_upright(tmp_path: Path, degrees: int, kind: str) -> None:
    upright = picture(3)
    source = write_video(tmp_path / "a.mp4", [upright.transpose(UNTURN[degrees])] * 10)
    with_matrix(source, degrees)
    made = done(source, tmp_path / f"b.{kind}", Recipe(kind, *SIZE))
    shown = Image.open(tmp_path / "b.png") if kind == "png" else frames(tmp_path / "b.mp4")[0][1]
    assert (shown.size, made.facts and made.facts.turned) == (SIZE, 0)
    assert apart(shown, upright) < 3


@pytest.mark.parametrize("kind", ["mp4", "png"])
@pytest.mark.parametrize("shape", [Fraction(4, 3), Fraction(1, 2)])
def test_pixels_become_square(tmp_path: Path, shape: Fraction, kind: str) -> None:
    size = (428, 180) if shape > 1 else (320, 360)
    source = write_video(tmp_path / "a.mp4", [picture(4)] * 5, shape=shape)
    made = done(source, tmp_path / f"b.{kind}", Recipe(kind, *size))
    shown = Image.open(tmp_path / "b.png") if kind == "png" else frames(tmp_path / "b.mp4")[0][1]
    assert (made.facts and made.facts.size, made.facts and made.facts.stored) == ("x".join(map(str, size)), "")
    assert apart(shown, picture(4).resize(size)) < 3


@pytest.mark.parametrize("kind", ["mp4", "png", "jpg"])
@pytest.mark.parametrize("still", [False, True])
def test_what_is_kept_of_a_crop_is_as_it_was(tmp_path: Path, kind: str, still: bool) -> None:
    if still and kind == "mp4":
        return
    whole = picture(5, (640, 360))
    source = tmp_path / ("a.png" if still else "a.mp4")
    whole.save(source) if still else write_video(source, [whole] * 5)
    done(source, tmp_path / f"b.{kind}", Recipe(kind, 300, 250, Box(100 / 640, 60 / 360, 300 / 640, 250 / 360)))
    shown = frames(tmp_path / "b.mp4")[0][1] if kind == "mp4" else Image.open(tmp_path / f"b.{kind}")
    wanted = whole.crop((100, 60, 400, 310))
    assert apart(shown, wanted) < (0.001 if still and kind == "png" else 2.5)


@pytest.mark.parametrize("kind", ["mp4", "png"])
def test_another_shape_stands_between_black_bars(tmp_path: Path, kind: str) -> None:
    source = write_video(tmp_path / "a.mp4", [picture(6, (180, 320))] * 5)
    done(source, tmp_path / f"b.{kind}", Recipe(kind, 640, 360))
    shown = frames(tmp_path / "b.mp4")[0][1] if kind == "mp4" else Image.open(tmp_path / "b.png")
    pixels = np.asarray(shown, float)
    assert (pixels[:, :216].max(), pixels[:, 424:].max()) < (12, 12)
    assert apart(shown.crop((219, 0, 421, 360)), picture(6, (180, 320)).resize((202, 360))) < 4


def test_odd_sizes_lose_their_last_pixel(tmp_path: Path) -> None:
    odd = picture(7, (321, 181))
    source = write_video(tmp_path / "a.mkv", [odd] * 5, codec="ffv1", pix_fmt="bgr0", options={})
    made = done(source, tmp_path / "b.mp4", Recipe("mp4", 321, 181))
    assert made.facts
    assert made.facts.size == "320x180"
    assert apart(frames(tmp_path / "b.mp4")[0][1], odd.crop((0, 0, 320, 180))) < 3


def coloured(matrix: tuple[float, float], full: bool, pix_fmt: str, size: tuple[int, int]) -> av.VideoFrame:
    """The patches by these numbers, calculated here and not by FFmpeg."""
    red, blue = matrix
    bits = 10 if "10" in pix_fmt else 8
    rgb = np.asarray(Image.fromarray(PATCHES).resize(size, Image.Resampling.NEAREST), float) / 255
    light = rgb @ np.array([red, 1 - red - blue, blue])
    other = [(rgb[..., 2] - light) / (2 - 2 * blue), (rgb[..., 0] - light) / (2 - 2 * red)]
    low, span, wide = (0, 255, 255) if full else (16, 219, 224)
    scale = 2 ** (bits - 8)
    rows = 1 if "422" in pix_fmt else 2
    planes = [low + span * light, *(128 + wide * one[::rows, ::2] for one in other)]
    frame = av.VideoFrame(*size, pix_fmt)
    for plane, values in zip(frame.planes, planes, strict=True):
        kind = np.uint8 if bits == 8 else np.dtype("<u2")
        row = plane.line_size // np.dtype(kind).itemsize
        padded = np.zeros((plane.height, row), kind)
        padded[:, : plane.width] = (values * scale).round().clip(0, 255 * scale)
        plane.update(padded.tobytes())
    return frame


@pytest.mark.parametrize("kind", ["mp4", "png"])
@pytest.mark.parametrize(
    ("matrix", "full", "pix_fmt", "told", "size"),
    [
        (BT709, False, "yuv420p", 1, (640, 360)),
        (BT601, False, "yuv420p", 6, (640, 360)),
        (BT709, True, "yuvj420p", 1, (640, 360)),
        (BT601, True, "yuv420p", 5, (1280, 720)),
        (BT601, False, "yuv420p", 2, (640, 360)),  # it does not say: browsers go by its height
        (BT709, False, "yuv420p", 2, (1280, 720)),
        (BT709, False, "yuv420p10le", 1, (640, 360)),
        (BT709, True, "yuv422p10le", 1, (640, 360)),
    ],
)  # fmt: skip
def test_colours_do_not_shift(
    tmp_path: Path, kind: str, matrix: tuple[float, float], full: bool, pix_fmt: str, told: int, size: tuple[int, int]
) -> None:
    with av.open(str(tmp_path / "a.mp4"), "w") as file:
        stream = file.add_stream("libx264", rate=10, options={"crf": "4"})
        (stream.width, stream.height), stream.pix_fmt = size, pix_fmt
        stream.codec_context.colorspace, stream.codec_context.color_range = told, 2 if full else 1
        for number in range(5):
            frame = coloured(matrix, full, pix_fmt, size)
            frame.pts = number
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    done(tmp_path / "a.mp4", tmp_path / f"b.{kind}", Recipe(kind, 320, 180))
    shown = Image.open(tmp_path / "b.png").convert("RGB") if kind == "png" else as_told(tmp_path / "b.mp4")
    seen = np.asarray(shown, float)[45::90, 40::80]
    assert np.abs(seen - PATCHES).max() <= 6


def as_told(path: Path) -> Image.Image:
    """The first frame in the colours that the file says, calculated here."""
    with av.open(str(path)) as file:
        frame = next(file.decode(video=0))
    assert (frame.format.name, int(frame.color_range)) == ("yuv420p", 1)
    red, blue = {1: BT709, 6: BT601}[int(frame.colorspace)]
    planes = [
        np.frombuffer(bytes(one), np.uint8).reshape(one.height, -1)[:, : one.width].astype(float)
        for one in frame.planes
    ]
    light, b, r = (planes[0] - 16) / 219, *((one.repeat(2, 0).repeat(2, 1) - 128) / 224 for one in planes[1:])
    rgb = [light + (2 - 2 * red) * r, 0, light + (2 - 2 * blue) * b]
    rgb[1] = (light - red * rgb[0] - blue * rgb[2]) / (1 - red - blue)
    return Image.fromarray((np.stack(rgb, -1) * 255).round().clip(0, 255).astype(np.uint8))


def test_more_light_than_a_screen_has_is_brought_down(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mp4"), "w") as file:
        stream = file.add_stream("libx265", rate=10, options={"x265-params": "log-level=none"})
        (stream.width, stream.height), stream.pix_fmt = (640, 360), "yuv420p10le"
        context = stream.codec_context
        context.colorspace, context.color_range, context.color_primaries, context.color_trc = 9, 1, 9, 18
        for number in range(3):
            frame = coloured((0.2627, 0.0593), False, "yuv420p10le", (640, 360))
            frame.pts = number
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    done(tmp_path / "a.mp4", tmp_path / "b.mp4", Recipe("mp4", 320, 180))
    with av.open(str(tmp_path / "b.mp4")) as file:
        first = next(file.decode(video=0))
    assert (int(first.colorspace), int(first.color_primaries), int(first.color_trc)) == (1, 1, 1)
    greys = np.asarray(as_told(tmp_path / "b.mp4"), float)[135, 40::80].mean(axis=1)
    assert all(one < other for one, other in itertools.pairwise(greys))
    assert (greys[0] < 40, 120 < greys[2] < 180, greys[3] > 200) == (True, True, True)


def test_how_frames_are_predicted_is_not_taken_over_from_the_source(tmp_path: Path) -> None:
    """As phones, VP9 and live encoders write it, without a B-frame: to take that over weighed a quarter more."""
    frames = [picture(1, (340, 200)).crop((at, at, at + 320, at + 180)) for at in range(20)]
    source = write_video(tmp_path / "a.mp4", frames, options={"crf": "8", "bf": "0"})
    assert predicted(source) == {"I", "P"}
    done(source, tmp_path / "b.mp4", Recipe("mp4", 160, 90))
    assert predicted(tmp_path / "b.mp4") == {"I", "P", "B"}


def predicted(path: Path) -> set[str]:
    with av.open(str(path)) as file:
        return {PictureType(frame.pict_type).name for frame in file.decode(video=0)}


def test_no_frame_is_cut_into_slices(tmp_path: Path) -> None:
    source = write_video(tmp_path / "a.mp4", [picture(one) for one in range(8)])
    [made] = make([Job(source, Recipe("mp4", 1280, 720), tmp_path / "b.mp4")], cores=2)
    assert made.trouble == ""
    assert b"sliced_threads=0" in (tmp_path / "b.mp4").read_bytes()  # as x264 notes in what it makes


# still pictures


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["png", "jpg"])
def test_a_photo_is_made_upright(tmp_path: Path, orientation: int, kind: str) -> None:
    turn = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # what undoes it, as Pillow counts turns
    upright, exif = picture(1), Image.Exif()
    exif[0x0112] = orientation
    stored = upright.transpose(Image.Transpose(turn[orientation])) if orientation > 1 else upright
    stored.save(tmp_path / "a.jpg", exif=exif, quality=95)
    made = done(tmp_path / "a.jpg", tmp_path / f"b.{kind}", Recipe(kind, *SIZE))
    with Image.open(tmp_path / f"b.{kind}") as shown:
        assert (shown.size, shown.getexif().get(0x0112), made.facts and made.facts.turned) == (SIZE, None, 0)
        assert apart(shown, upright) < 3


def as_heic(shown: Image.Image, path: Path) -> None:
    import pillow_heif

    pillow_heif.from_pillow(shown).save(path, quality=90)


WRITERS: dict[str, Callable[[Image.Image, Path], None]] = {
    "heic": as_heic,
    "webp": lambda shown, path: shown.save(path, quality=95),
    "avif": lambda shown, path: shown.save(path, quality=95),
    "bmp": lambda shown, path: shown.save(path),
    "tiff": lambda shown, path: shown.save(path),
    "gif": lambda shown, path: shown.quantize(256).save(path),
    "jpg": lambda shown, path: shown.convert("CMYK").save(path, quality=95),
    "png": lambda shown, path: Image.fromarray(np.asarray(shown.convert("L")).astype(np.uint16) * 257).save(path),
}


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("wanted", ["png", "jpg"])
def test_whatever_a_picture_came_as(tmp_path: Path, kind: str, wanted: str) -> None:
    source = tmp_path / f"a.{kind}"
    WRITERS[kind](picture(2), source)
    made = done(source, tmp_path / f"b.{wanted}", Recipe(wanted, *SIZE))
    assert made.facts
    assert made.facts[1:4] == (wanted, *SIZE)
    expected = picture(2).convert("L") if kind == "png" else picture(2)
    with Image.open(tmp_path / f"b.{wanted}") as shown:
        assert apart(shown, expected) < (8 if kind == "gif" else 5)


def test_a_phones_photo_is_looked_at(tmp_path: Path) -> None:
    as_heic(picture(2), tmp_path / "a.heic")
    with Children(cores=1) as room:
        seen = room.look(tmp_path / "a.heic")
    assert (seen.facts.container, seen.facts.size, len(moments(seen)), seen.facts.trouble) == ("heic", "320x180", 1, "")


def test_a_profiles_colours_become_a_screens(tmp_path: Path) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    upright = picture(3)
    swapped = swapped_profile()
    b, g, r = upright.split()[::-1]
    Image.merge("RGB", (b, g, r)).save(tmp_path / "a.png", icc_profile=swapped)
    done(tmp_path / "a.png", tmp_path / "b.png", Recipe("png", *SIZE))
    upright.save(tmp_path / "c.png", icc_profile=lab)  # of other colours than the picture's: passed over
    done(tmp_path / "c.png", tmp_path / "d.png", Recipe("png", *SIZE))
    for name in ("b.png", "d.png"):
        with Image.open(tmp_path / name) as shown:
            assert (apart(shown, upright) < 2, "icc_profile" in shown.info) == (True, False)


def swapped_profile() -> bytes:
    """sRGB, with red and blue exchanged."""
    data = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return data.replace(b"rXYZ", b"xXYZ").replace(b"bXYZ", b"rXYZ").replace(b"xXYZ", b"bXYZ")


@pytest.mark.parametrize("kind", ["png", "webp", "tiff", "gif"])
def test_transparency_stays_in_a_png_and_is_white_in_a_jpg(tmp_path: Path, kind: str) -> None:
    clear = Image.new("RGBA", SIZE, (200, 30, 30, 255))
    clear.paste((0, 0, 0, 0), (0, 0, 160, 180))
    clear.save(tmp_path / f"a.{kind}", lossless=True)
    for wanted in ("png", "jpg"):
        done(tmp_path / f"a.{kind}", tmp_path / f"b.{wanted}", Recipe(wanted, 160, 90))
    with Image.open(tmp_path / "b.png") as png, Image.open(tmp_path / "b.jpg") as jpg:
        assert png.convert("RGBA").getpixel((20, 45))[3] == 0
        assert png.convert("RGBA").getpixel((120, 45)) == pytest.approx((200, 30, 30, 255), abs=6)
        assert jpg.getpixel((20, 45)) == pytest.approx((255, 255, 255), abs=3)


def test_the_picture_of_a_transparent_part_is_cropped_without_a_dark_rim(tmp_path: Path) -> None:
    clear = Image.new("RGBA", SIZE, (255, 255, 255, 0))
    clear.paste((255, 255, 255, 255), (0, 0, 161, 180))
    clear.save(tmp_path / "a.png")
    done(tmp_path / "a.png", tmp_path / "b.jpg", Recipe("jpg", 100, 56))
    with Image.open(tmp_path / "b.jpg") as shown:
        assert np.asarray(shown).min() > 250


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_an_animation(tmp_path: Path, kind: str) -> None:
    first, *others = [numbered(one) for one in range(1, 7)]
    first.save(tmp_path / f"a.{kind}", save_all=True, append_images=others, duration=70, loop=0, lossless=True)
    done(tmp_path / f"a.{kind}", tmp_path / "b.png", Recipe("png", *SIZE))
    made = done(tmp_path / f"a.{kind}", tmp_path / "b.gif", Recipe("gif", 160, 90))
    assert (number_of(Image.open(tmp_path / "b.png")), made.facts and made.facts.frames) == (1, 6)
    with Image.open(tmp_path / "b.gif") as shown:
        numbers, lasting = [], []
        for at in range(6):
            shown.seek(at)
            numbers.append(number_of(shown))
            lasting.append(shown.info["duration"])
        assert (numbers, lasting, shown.info["loop"]) == ([1, 2, 3, 4, 5, 6], [70] * 6, 0)


def test_where_it_was_taken_goes(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Phone of Ana"
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 12.0, 0.0)})
    picture().save(tmp_path / "a.jpg", exif=exif, comment=b"Ana's garden")
    as_heic_with(exif, tmp_path / "a.heic")
    place = {"location": "+48.2000+016.3667/", "comment": "Ana's garden", "title": "Ana's garden"}
    write_video(tmp_path / "a.mp4", [picture()] * 5, metadata=place)
    write_video(tmp_path / "a.mov", [picture()] * 5, metadata=place)
    for name, wanted in [("a.jpg", "jpg"), ("a.jpg", "png"), ("a.heic", "jpg"), ("a.mp4", "png")]:
        done(tmp_path / name, tmp_path / f"b.{wanted}", Recipe(wanted, *SIZE, max_bytes=200_000))
        with Image.open(tmp_path / f"b.{wanted}") as shown:
            assert (dict(shown.getexif()), {"exif", "comment", "icc_profile"} & {*shown.info}) == ({}, set())
    for name, size in [("a.mp4", (160, 90)), ("a.mov", SIZE)]:  # encoded anew, and copied
        done(tmp_path / name, tmp_path / "b.mp4", Recipe("mp4", *size))
        data = (tmp_path / "b.mp4").read_bytes()
        assert (b"garden" in (tmp_path / name).read_bytes(), b"48.2" in data, b"garden" in data) == (True, False, False)


def as_heic_with(exif: Image.Exif, path: Path) -> None:
    import pillow_heif

    pillow_heif.from_pillow(picture()).save(path, exif=exif.tobytes())


# weight


@pytest.mark.parametrize(
    ("kind", "share"), [*itertools.product(("mp4", "png", "jpg"), (0.9, 0.6, 0.35, 0.2)), ("gif", 0.9), ("gif", 0.35)]
)
def test_the_best_quality_that_fits(tmp_path: Path, kind: str, share: float) -> None:
    grainy = [grain(one) for one in range(8)]
    if kind == "mp4":
        source = write_video(tmp_path / "a.mp4", grainy)
    else:
        source = tmp_path / ("a.gif" if kind == "gif" else "a.png")
        grainy[0].save(source, save_all=kind == "gif", append_images=grainy[1:3] if kind == "gif" else [])
    heaviest = done(source, tmp_path / f"b.{kind}", Recipe(kind, 200, 120))
    assert heaviest.facts
    most = round(heaviest.facts.bytes * share)
    made = done(source, tmp_path / f"c.{kind}", Recipe(kind, 200, 120, max_bytes=most))
    assert made.facts
    assert heaviest.next_bytes is None
    assert made.next_bytes is not None
    assert made.facts.bytes <= most < made.next_bytes
    assert made.quality != heaviest.quality


def grain(seed: int) -> Image.Image:
    noise = np.random.default_rng(seed).normal(0, 18, (*SIZE[::-1], 3))
    return Image.fromarray((np.asarray(picture(1), float) + noise).clip(0, 255).astype(np.uint8))


def test_what_no_quality_makes_light_enough_says_so(tmp_path: Path) -> None:
    grain(0).save(tmp_path / "a.png")
    made = only(tmp_path / "a.png", tmp_path / "b.jpg", Recipe("jpg", *SIZE, max_bytes=900))
    assert "even as jpg of quality 20 it has" in made.trouble
    assert not (tmp_path / "b.jpg").exists()


def test_a_copy_that_is_too_heavy_is_encoded_again(tmp_path: Path) -> None:
    source = write_video(tmp_path / "a.mov", [grain(one) for one in range(10)])
    most = source.stat().st_size // 2
    made = done(source, tmp_path / "b.mp4", Recipe("mp4", *SIZE, max_bytes=most))
    assert made.facts
    assert made.next_bytes
    assert (made.quality[:3], made.facts.bytes <= most < made.next_bytes) == ("CRF", True)


# what can go wrong


def test_what_cant_be_made_says_why_and_the_others_are_made(tmp_path: Path) -> None:
    picture().save(tmp_path / "good.png")
    write_video(tmp_path / "good.mp4", [picture()] * 5)
    (tmp_path / "text.mp4").write_text("no creative")
    whole = (tmp_path / "good.png").read_bytes()
    (tmp_path / "torn.png").write_bytes(whole[: len(whole) // 2])
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}

    def told(source: str, target: str, **more: Any) -> str:
        recipe = Recipe(target.rpartition(".")[2], 160, 90, **more)
        found = make(
            [Job(tmp_path / source, recipe, tmp_path / target), Job(tmp_path / "good.png", Recipe("jpg", 9, 9), good)]
        )
        assert (found[1].trouble, good.exists()) == ("", True)
        good.unlink()
        return found[0].trouble

    good = tmp_path / "good.jpg"
    assert told("text.mp4", "b.mp4") == "no image or video that can be read"
    assert "truncated" in told("torn.png", "b.jpg")
    assert told("none.mp4", "b.mp4") == "No such file or directory"
    assert told("good.png", "none/b.png") == "the result can't be written: No such file or directory"
    assert told("good.png", "good.png") == "the result would take the place of its source"
    assert told("good.png", "b.mp4") == "it is a still picture: no video is made of it"
    assert told("good.mp4", "b.gif") == "it is a video: no gif is made of it"
    assert told("good.mp4", "b.mp4", start=3) == "it lasts 0.2 s: nothing is to be seen at 3 s"
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_folder_without_rights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture().save(tmp_path / "a.png")
    (tmp_path / "file").touch()
    made = only(tmp_path / "a.png", tmp_path / "file" / "b.png", Recipe("png", *SIZE))
    assert made.trouble == "the result can't be written: Not a directory"


# a disk can't be filled on demand: here is a child whose files may not grow beyond some kB
FULL_DISK = """
import resource
from tjtools.media import child
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
child.main()
"""


@pytest.mark.parametrize("kind", ["mp4", "png", "gif"])
def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(children, "COMMAND", (sys.executable, "-c", FULL_DISK))
    if kind == "mp4":
        source = write_video(tmp_path / "a.mp4", [grain(one) for one in range(20)])
    else:
        source = tmp_path / "a.png"
        grain(0).save(source)
    target = tmp_path / f"b.{kind}"
    target.write_text("what was here before")
    made = only(source, target, Recipe(kind, 300, 160))
    assert made.trouble == "the result can't be written: File too large"
    assert target.read_text() == "what was here before"
    assert sorted(tmp_path.iterdir()) == [source, target]


# and one that is ended when half of it is written
KILLED = """
import os, signal
from tjtools.media import child, making
whole = making.made
def half(source, target, recipe, threads, say):
    def say_and_die(done):
        if done > 0.3:
            os.kill(os.getpid(), signal.SIGKILL)
    return whole(source, target, recipe, threads, say_and_die if "killed" in source.name else say)
making.made = half
child.main()
"""


def test_a_kill_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "COMMAND", (sys.executable, "-c", KILLED))
    for name in ("killed", "good"):
        write_video(tmp_path / f"{name}.mp4", [numbered(one) for one in range(60)])
    jobs = [
        Job(tmp_path / f"{name}.mp4", Recipe("mp4", 160, 90), tmp_path / f"b_{name}.mp4") for name in ("killed", "good")
    ]
    killed, good = make(jobs, cores=1)
    assert ("SIGKILL" in killed.trouble, good.trouble) == (True, "")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["b_good.mp4", "good.mp4", "killed.mp4"]


def test_a_person_stops_it(tmp_path: Path) -> None:
    grainy = [grain(one) for one in range(5)]
    write_video(tmp_path / "a.mp4", grainy * 20, options={"preset": "ultrafast"})
    recipe = Recipe("mp4", 1920, 1080)
    told: list[Making] = []
    jobs = [Job(tmp_path / "a.mp4", recipe, tmp_path / f"{number}.mp4") for number in range(3)]
    with pytest.raises(Cancelled):
        make(jobs, progress=told.append, cancelled=lambda: bool(told and told[-1].done > 0), cores=2)
    assert [one.name for one in tmp_path.iterdir()] == ["a.mp4"]


# pictures for a person's eye


def test_pictures_of_a_video(tmp_path: Path) -> None:
    upright = [numbered(one, (1280, 720)) for one in range(20)]
    write_video(tmp_path / "a.mp4", [one.transpose(UNTURN[90]) for one in upright], rate=5)
    with_matrix(tmp_path / "a.mp4", 90)
    with Children(cores=1) as room:
        evenly = [Image.open(io.BytesIO(one)) for one in room.pictures(tmp_path / "a.mp4", 4)]
        chosen = [Image.open(io.BytesIO(one)) for one in room.pictures(tmp_path / "a.mp4", [0.5, 2.02])]
    assert {one.size for one in evenly + chosen} == {(640, 360)}
    assert [number_of(one) for one in evenly] == [0, 5, 10, 15]
    assert [number_of(one) for one in chosen] == [2, 10]


def test_a_picture_of_a_photo_and_none_of_what_cant_be_read(tmp_path: Path) -> None:
    picture(size=(360, 1280)).save(tmp_path / "a.png")
    (tmp_path / "b.mp4").write_text("no creative")
    with Children(cores=1) as room:
        [shown] = room.pictures(tmp_path / "a.png", 4)
        assert room.pictures(tmp_path / "b.mp4", 4) == []
    assert Image.open(io.BytesIO(shown)).size == (180, 640)
