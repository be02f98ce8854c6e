"""What is made of a file is what a person sees of it, at the instants that were asked for, and nothing else changes."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from tjtools.media import Box, Job, Made, Making, Recipe, make

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


def frames(path: Path) -> list[tuple[float, Image.Image]]:
    with av.open(str(path)) as file:
        return [(frame.time, frame.to_image()) for frame in file.decode(video=0)]


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
    return next(time for time, shown in frames(path) if np.asarray(shown.convert("L")).mean() > 200)


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
    assert (made.trouble, made.facts and made.facts.trouble, made.facts and made.facts.bytes) == (
        "",
        "",
        target.stat().st_size,
    )
    return made


# videos


def test_a_native_pair_out_of_a_video(tmp_path: Path) -> None:
    source = write_video(tmp_path / "a.mov", [numbered(one) for one in range(250)], sounds=[clicks(1, 10)])
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


@pytest.mark.parametrize("rate", [Fraction(10), Fraction(25), Fraction(30_000, 1001), Fraction(60)])
@pytest.mark.parametrize(("start", "seconds"), [(0, 1), (0.8, 1), (1.013, 0.5), (1.99, None)])
def test_a_cut_is_exact_to_the_frame(tmp_path: Path, rate: Fraction, start: float, seconds: float | None) -> None:
    source = write_video(tmp_path / "a.mp4", [numbered(one) for one in range(round(3 * rate))], rate=rate)
    made = done(source, tmp_path / "b.mp4", Recipe("mp4", *SIZE, start=start, seconds=seconds))
    first = int(Fraction(start).limit_denominator(1000) * rate + Fraction(1, 1000))
    last = round(3 * rate) if seconds is None else min(round(3 * rate), first + -int(-seconds * rate // 1))
    shown = frames(tmp_path / "b.mp4")
    assert [number_of(one) for _, one in shown] == [*range(first, last)]
    assert [time for time, _ in shown] == pytest.approx([float(one / rate) for one in range(last - first)], abs=1e-4)
    assert made.facts
    assert made.facts.seconds == pytest.approx(seconds or float((last - first) / rate), abs=0.001)


@pytest.mark.parametrize(
    ("suffix", "more"),
    [
        ("mp4", {}),
        ("mp4", {"sound_at": 0.3}),
        ("mov", {"sound_codec": "pcm_s16le"}),
        ("mkv", {"sound_codec": "aac"}),
        ("webm", {"codec": "libvpx", "sound_codec": "libopus", "options": {"b": "1M", "deadline": "realtime"}}),
        ("avi", {"codec": "mpeg4", "sound_codec": "libmp3lame", "options": {"b": "1M"}}),
        ("ts", {}),
    ],
)
@pytest.mark.parametrize("start", [0, 0.5, 1.48])
def test_sound_stays_with_its_picture(tmp_path: Path, suffix: str, more: dict[str, Any], start: float) -> None:
    source = flashing(tmp_path / f"a.{suffix}", 2.0, **more)
    seconds = None if start == 0 else 2
    done(source, tmp_path / "b.mp4", Recipe("mp4", 160, 90, start=start, seconds=seconds))
    late = click_of(source) - flash_of(source)
    assert click_of(tmp_path / "b.mp4") - flash_of(tmp_path / "b.mp4") == pytest.approx(late, abs=0.004)
    begins = frames(source)[0][0]
    assert flash_of(tmp_path / "b.mp4") == pytest.approx(flash_of(source) - begins - start, abs=0.041)


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
