"""What counts is what a player shows: a header that is wrong, or a part that no picture needs, changes nothing."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from shown import kin, moments

from tjtools.media import Children
from tjtools.media.pool import Sight
from tjtools.model.creative import Medium

SIZE = (64, 36)


@pytest.fixture(scope="module")
def room() -> Iterator[Children]:
    with Children(cores=1) as room:
        yield room


def picture(seed: int = 0, size: tuple[int, int] = SIZE) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)


def video(
    path: Path,
    *,
    seconds: float = 2,
    sound: float = 0,
    start: float = 0,
    seed: int = 0,
    shape: Fraction | None = None,
    options: dict[str, str] | None = None,
    size: tuple[int, int] = SIZE,
) -> bytes:
    """Ten pictures a second, and a silence of another length."""
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream("libx264", rate=10)
        (stream.width, stream.height), stream.pix_fmt = size, "yuv420p"
        if shape:
            stream.codec_context.sample_aspect_ratio = shape
        tone = container.add_stream("aac", rate=8000) if sound else None
        for number in range(round(seconds * 10)):
            frame = av.VideoFrame.from_image(picture(seed + number // 5, size))
            frame.pts = number + round(start * 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        for number in range(round(sound * 10)) if tone else ():
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 800), dtype=np.float32), "fltp", "mono")
            silence.sample_rate, silence.pts = 8000, number * 800
            container.mux(tone.encode(silence))
        container.mux(tone.encode() if tone else [])
    return path.read_bytes()


def seen(room: Children, path: Path, data: bytes) -> Sight:
    path.write_bytes(data)
    return room.look(path)


def header(data: bytes, box: bytes, after: int, told: bytes) -> bytes:
    """The same file, another word in the first header of that kind."""
    at = data.index(box) + 4 + after
    return data[:at] + told + data[at + len(told) :]


# how long it lasts


@pytest.mark.parametrize(
    ("made", "shortest", "seconds", "longest"),
    [
        ({}, None, 2.0, None),
        ({"sound": 1}, None, 2.0, None),
        ({"sound": 3}, None, 2.0, 3.1),
        ({"sound": 2.1}, None, 2.0, 2.2),
        ({"start": 1, "sound": 2.5}, None, 2.0, 3.0),
        ({"options": {"movflags": "frag_keyframe+empty_moov"}}, None, 2.0, None),
    ],
)
def test_the_picture_counts_and_what_else_may(
    room: Children,
    tmp_path: Path,
    made: dict[str, object],
    shortest: float | None,
    seconds: float,
    longest: float | None,
) -> None:
    video(tmp_path / "a.mp4", **made)  # type: ignore[arg-type]
    facts = room.look(tmp_path / "a.mp4").facts
    assert (facts.trouble, facts.shortest, facts.seconds) == ("", shortest, seconds)
    assert facts.longest == (longest and pytest.approx(longest, abs=0.15))


def number(told: int) -> bytes:
    return struct.pack(">I", told)


@pytest.mark.parametrize(
    ("wrong", "shortest", "longest"),
    [
        ({b"mdhd": 0}, None, None),
        ({b"mdhd": 0, b"mvhd": 0, b"tkhd": 0, b"elst": 0}, None, None),
        ({b"mvhd": 0}, None, None),
        ({b"mvhd": 2**32 - 1}, None, None),
        ({b"mdhd": 2**32 - 1}, None, None),
        ({b"mvhd": 40_000}, None, 40.0),
        ({b"mvhd": 500}, 0.5, None),
        ({b"mdhd": 10_240 // 2}, 0.5, None),
        ({b"mdhd": 10_240 * 40}, None, None),
    ],
)
def test_a_header_that_lies_hides_no_frame(
    room: Children, tmp_path: Path, wrong: dict[bytes, int], shortest: float | None, longest: float | None
) -> None:
    data = video(tmp_path / "a.mp4")
    plain = room.look(tmp_path / "a.mp4")
    for box, told in wrong.items():
        data = header(data, box, {b"tkhd": 20, b"elst": 8}.get(box, 16), number(told))
    found = seen(room, tmp_path / "b.mp4", data)
    assert found.facts[4:] == plain.facts._replace(shortest=shortest, longest=longest)[4:]
    assert (moments(found), plain.facts.seconds) == (moments(plain), 2.0)


@pytest.mark.parametrize("told", [0, 800])
def test_a_header_hides_no_sound(room: Children, tmp_path: Path, told: int) -> None:
    data = video(tmp_path / "a.mp4", sound=6)
    at = data.rindex(b"mdhd")
    data = data[:at] + header(header(data, b"mvhd", 16, number(0))[at:], b"mdhd", 16, number(told))
    facts = seen(room, tmp_path / "b.mp4", header(data, b"mvhd", 16, number(0))).facts
    assert (facts.seconds, facts.shortest, facts.longest) == (2.0, None, pytest.approx(6, abs=0.15))


def test_two_videos_with_one_intro_differ_whatever_their_headers_say(room: Children, tmp_path: Path) -> None:
    ones = []
    for seed in (1, 50):
        data = video(tmp_path / "a.mp4", seconds=8, seed=seed)
        intro, rest = [picture(0)] * 10, [picture(seed + place // 5) for place in range(70)]
        with av.open(str(tmp_path / "a.mp4"), "w") as container:
            stream = container.add_stream("libx264", rate=10)
            (stream.width, stream.height), stream.pix_fmt = SIZE, "yuv420p"
            for shown in (*intro, *rest):
                container.mux(stream.encode(av.VideoFrame.from_image(shown)))
            container.mux(stream.encode())
        data = (tmp_path / "a.mp4").read_bytes()
        ones.append(seen(room, tmp_path / f"{seed}.mp4", header(data, b"mdhd", 16, number(0))))
    assert kin(*ones) is None


def test_a_stream_without_any_length_is_measured(room: Children, tmp_path: Path) -> None:
    video(tmp_path / "a.mkv", options={"live": "1"})
    facts = room.look(tmp_path / "a.mkv").facts
    assert (facts.container, facts.seconds, facts.trouble) == ("matroska", 2.0, "")


# what is a video, and what is none


def box(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data) + 8) + kind + data


@pytest.mark.parametrize(
    ("start", "container"),
    [
        (box(b"ftyp", b"isom\0\0\2\0isomiso2avc1mp41"), "mp4"),
        (box(b"ftyp", b"mp42\0\0\0\0mp42mif1"), "mp4"),
        (box(b"ftyp", b"M4V \0\0\0\0M4V "), "mp4"),
        (box(b"ftyp", b"dash\0\0\0\0iso6"), "mp4"),
        (box(b"ftyp", b"qt  \0\0\2\0qt  "), "mov"),
        (box(b"ftyp", b"3gp4\0\0\2\0isom3gp4"), "3gp"),
        (box(b"ftyp", b"3g2a\0\0\2\0"), "3gp"),
        (b"", "mov"),
        (box(b"wide"), "mov"),
        (box(b"free", b"isom" * 6), "mov"),
    ],
)
def test_the_brand_tells_what_a_video_is(room: Children, tmp_path: Path, start: bytes, container: str) -> None:
    data = video(tmp_path / "a.mp4", options={"movflags": "frag_keyframe+empty_moov+default_base_moof"})
    end = int.from_bytes(data[:4])
    facts = seen(room, tmp_path / "b.mp4", start + data[end:]).facts
    assert (facts.container, facts.seconds, facts.medium, facts.trouble) == (container, 2.0, Medium.MOVING, "")


@pytest.mark.parametrize("name", ["a.jpg", "a.mp4", "a.heic"])
@pytest.mark.parametrize(
    "brands",
    [b"heicmif1heic", b"heixmif1heix", b"mif1mif1heic", b"hevcmsf1hevc", b"msf1hevchevc", b"mif1miaf", b"isommif1heic"],
)
def test_a_photo_of_a_phone_is_no_video(room: Children, tmp_path: Path, brands: bytes, name: str) -> None:
    """As a burst it even lasts some time."""
    data = video(tmp_path / "a.mp4", seconds=0.1)
    end, burst = int.from_bytes(data[:4]), brands.startswith((b"hevc", b"msf1"))
    whole = data if burst else header(header(data, b"mvhd", 16, number(0)), b"mdhd", 16, number(0))
    facts = seen(room, tmp_path / name, box(b"ftyp", brands[:4] + bytes(4) + brands[4:]) + whole[end:]).facts
    assert (facts.container, facts.seconds, facts.medium, facts.trouble) == ("heic", None, Medium.STILL, "")


@pytest.mark.parametrize("suffix", [".m4a", ".mp4", ".ogg"])
def test_sound_alone_is_no_video(room: Children, tmp_path: Path, suffix: str) -> None:
    with av.open(str(tmp_path / f"a{suffix}"), "w", format="ogg" if suffix == ".ogg" else "mp4") as container:
        tone = container.add_stream("flac" if suffix == ".ogg" else "aac", rate=8000)
        for place in range(20):
            kind = tone.codec_context.format.name
            values = np.zeros((1, 800), dtype=np.float32 if kind == "fltp" else np.int16)
            silence = av.AudioFrame.from_ndarray(values, kind, "mono")
            silence.sample_rate, silence.pts = 8000, place * 800
            container.mux(tone.encode(silence))
        container.mux(tone.encode())
    facts = room.look(tmp_path / f"a{suffix}").facts
    assert (facts.container, facts.trouble) == ("", "it has sound and no picture")


def told_first(data: bytes, part: bytes) -> bytes:
    """The same mp4 with a part more before its tracks, where phones and music shops put theirs."""
    at = data.index(b"moov") - 4
    whole = int.from_bytes(data[at : at + 4])
    first = at + 8 + int.from_bytes(data[at + 8 : at + 12])  # behind its header
    return data[:at] + number(whole + len(part)) + data[at + 4 : first] + part + data[first:]


def tags(*items: bytes) -> bytes:
    handler = box(b"hdlr", bytes(8) + b"mdirappl" + bytes(9))
    return box(b"udta", box(b"meta", bytes(4) + handler + box(b"ilst", b"".join(items))))


def covered(data: bytes) -> bytes:
    cover = io.BytesIO()
    Image.new("RGB", (50, 50), "red").save(cover, "jpeg")
    return told_first(data, tags(box(b"covr", box(b"data", struct.pack(">II", 13, 0) + cover.getvalue()))))


@pytest.mark.parametrize(
    "part",
    [
        tags(box(b"covr")),
        tags(box(b"covr", box(b"data", struct.pack(">II", 13, 0) + b"junk" * 99))),
        tags(box(b"covr", box(b"data", struct.pack(">II", 14, 0) + b"junk" * 99))),
        tags(box(b"\xa9nam", box(b"data", struct.pack(">II", 1, 0) + b"\xff\xfe\x80caf\xe9"))),
        tags(number(9999) + b"\xa9nam"),
        box(b"udta", b"\xff" * 60),
        box(b"meta", b"\xff" * 60),
        box(b"uuid", b"\xff" * 60),
        box(b"free"),
    ],
)
def test_a_video_is_as_good_with_bad_parts(room: Children, tmp_path: Path, part: bytes) -> None:
    data = video(tmp_path / "a.mp4")
    plain, found = room.look(tmp_path / "a.mp4"), seen(room, tmp_path / "b.mp4", told_first(data, part))
    assert (found.facts[1:], moments(found)) == (plain.facts[1:], moments(plain))


def test_a_cover_is_not_the_picture(room: Children, tmp_path: Path) -> None:
    data = video(tmp_path / "a.mp4")
    plain, found = room.look(tmp_path / "a.mp4"), seen(room, tmp_path / "b.mp4", covered(data))
    assert found.facts[1:] == plain.facts[1:]
    assert moments(found) == moments(plain)


def test_a_cover_makes_no_video_of_sound(room: Children, tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        tone = container.add_stream("aac", rate=8000)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 800), dtype=np.float32), "fltp", "mono")
        silence.sample_rate = 8000
        container.mux(tone.encode(silence))
        container.mux(tone.encode())
    facts = seen(room, tmp_path / "b.mp4", covered((tmp_path / "a.mp4").read_bytes())).facts
    assert (facts.container, facts.trouble) == ("", "it has sound and no picture")


def test_a_codec_that_nobody_knows_costs_one_file_and_no_child(room: Children, tmp_path: Path) -> None:
    data = video(tmp_path / "a.mp4").replace(b"avc1" + bytes(4), b"zzzz" + bytes(4))
    sight = seen(room, tmp_path / "b.mp4", data)
    assert (sight.facts.container, sight.lasting) == ("mp4", True)
    assert "unknown codec" in sight.facts.trouble


# how it is turned and stretched


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        (Fraction(1, 1), "64x36"),
        (Fraction(4, 3), "85x36"),
        (Fraction(2, 1), "128x36"),
        (Fraction(1, 2), "64x72"),
        (Fraction(3, 4), "64x48"),
        (Fraction(1000, 1), "64x36"),
    ],
)
def test_pixels_that_are_no_squares_are_shown_as_a_browser_does(
    room: Children, tmp_path: Path, shape: Fraction, size: str
) -> None:
    video(tmp_path / "a.mp4", shape=shape)
    facts = room.look(tmp_path / "a.mp4").facts
    assert (facts.size, facts.stored, facts.trouble) == (size, "64x36" if size != "64x36" else "", "")


TURNS = {
    (1, 0, 0, 1): (None, 0),
    (-1, 0, 0, 1): (Image.Transpose.FLIP_LEFT_RIGHT, 0),
    (-1, 0, 0, -1): (Image.Transpose.ROTATE_180, 180),
    (1, 0, 0, -1): (Image.Transpose.FLIP_TOP_BOTTOM, 0),
    (0, 1, 1, 0): (Image.Transpose.TRANSPOSE, 0),
    (0, 1, -1, 0): (Image.Transpose.ROTATE_270, 270),
    (0, -1, -1, 0): (Image.Transpose.TRANSVERSE, 0),
    (0, -1, 1, 0): (Image.Transpose.ROTATE_90, 90),
    (0, 0, 0, 0): (None, 0),
    (1, 0, 0, 0): (None, 0),
    (1, 1, 1, 1): (None, 0),
    (0.7, 0.7, -0.7, 0.7): (None, 0),
    (1, 0.1, -0.1, 1): (None, 0),
}


@pytest.mark.parametrize("matrix", TURNS)
def test_a_matrix_turns_by_right_angles_and_one_that_is_wrong_not_at_all(
    room: Children, tmp_path: Path, matrix: tuple[float, float, float, float]
) -> None:
    a, b, c, d = (round(one * 0x10000) for one in matrix)
    data = video(tmp_path / "a.mp4", seconds=0.5)
    found = seen(
        room, tmp_path / "b.mp4", header(data, b"tkhd", 40, struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30))
    )
    turn, degrees = TURNS[matrix]
    upright = picture() if turn is None else picture().transpose(turn)
    upright.save(tmp_path / "upright.png")
    plain = room.look(tmp_path / "upright.png")
    assert (found.facts.trouble, found.facts.size, found.facts.turned) == ("", plain.facts.size, degrees)
    assert found.facts.stored == ("" if found.facts.size == "64x36" else "64x36")
    assert (int(moments(found)[0], 16) ^ int(moments(plain)[0], 16)).bit_count() <= 6


def exif(kind: int, count: int, value: bytes, order: str = "<", tag: int = 0x0112) -> bytes:
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    entry = struct.pack(order + "HHI", tag, kind, count) + value.ljust(4, b"\0")
    return b"Exif\0\0" + start + struct.pack(order + "H", 1) + entry + bytes(4)


SIX = struct.pack("<H", 6)


@pytest.mark.parametrize(
    ("told", "turned"),
    [
        (exif(3, 1, SIX), True),
        (exif(3, 1, struct.pack(">H", 6), ">"), True),
        (exif(1, 1, b"\6"), False),
        (exif(2, 2, b"6\0"), False),
        (exif(4, 1, struct.pack("<I", 6)), False),
        (exif(7, 4, b"\6\0\0\0"), False),
        (exif(9, 1, struct.pack("<I", 6)), False),
        (exif(8, 1, SIX), False),
        (exif(11, 1, struct.pack("<f", 6)), False),
        (exif(5, 1, struct.pack("<I", 9999)), False),
        (exif(3, 2, SIX * 2), False),
        (exif(3, 0, SIX), False),
        (exif(99, 1, SIX), False),
        (exif(3, 1, struct.pack("<H", 0)), False),
        (exif(3, 1, struct.pack("<H", 9)), False),
        (exif(3, 1, SIX)[:20], False),
        (b"Exif\0\0II*\0\xff\xff\xff\xff", False),
        (b"Exif\0\0", False),
        (b"Exif\0\0junk and more of it", False),
        (exif(3, 1, SIX, tag=0x0100), False),
    ],
)
@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_a_photo_is_turned_by_a_good_tag_alone(
    room: Children, tmp_path: Path, told: bytes, turned: bool, suffix: str
) -> None:
    path = tmp_path / f"a.{suffix}"
    if suffix == "jpg":
        picture().save(path)
        path.write_bytes(with_segment(path.read_bytes(), 0xE1, told))
    else:
        picture().save(path)
        path.write_bytes(with_chunk(path.read_bytes(), b"eXIf", told[6:]))
    sight = room.look(path)
    assert (sight.facts.trouble, sight.facts.size, sight.lasting) == ("", "36x64" if turned else "64x36", True)
    assert sight.facts.stored == ("64x36" if turned else "")


def test_what_an_editor_noted_elsewhere_turns_nothing(room: Children, tmp_path: Path) -> None:
    note = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    picture().save(tmp_path / "plain.jpg")
    data = (tmp_path / "plain.jpg").read_bytes()
    facts = seen(room, tmp_path / "a.jpg", with_segment(data, 0xE1, b"http://ns.adobe.com/xap/1.0/\0" + note)).facts
    assert (facts.size, facts.turned) == ("64x36", 0)


# parts that no picture needs


def with_segment(data: bytes, marker: int, told: bytes) -> bytes:
    return data[:2] + bytes([0xFF, marker]) + struct.pack(">H", len(told) + 2) + told + data[2:]


def chunk(kind: bytes, told: bytes, crc: int | None = None) -> bytes:
    return number(len(told)) + kind + told + number(zlib.crc32(kind + told) if crc is None else crc)


def with_chunk(data: bytes, kind: bytes, told: bytes, crc: int | None = None) -> bytes:
    return data[:33] + chunk(kind, told, crc) + data[33:]


BOMB = zlib.compress(bytes(80_000_000), 9)


@pytest.mark.parametrize(
    ("kind", "told", "crc"),
    [
        (b"tEXt", b"Comment\0hello", 1),
        (b"tEXt", b"", None),
        (b"zTXt", b"Comment\0\0no zlib", None),
        (b"zTXt", b"Comment\0\0" + BOMB, None),
        (b"zTXt", b"Comment\0\7", None),
        (b"iTXt", b"Comment\0\1\0\0\0" + BOMB, None),
        (b"iCCP", b"profile\0\0" + BOMB, None),
        (b"iCCP", b"profile\0\0no zlib", None),
        (b"iCCP", b"x", None),
        (b"gAMA", b"1", None),
        (b"cHRM", b"1", None),
        (b"pHYs", b"1", None),
        (b"sRGB", b"", None),
        (b"tIME", b"1", 7),
        (b"eXIf", b"junk", 7),
        (b"acTL", b"1", None),
        (b"acTL", b"12345678", 3),
        (b"tRNS", b"", 5),
        (b"prVt", b"anything", 5),
    ],
)
def test_a_png_is_as_good_without_its_bad_parts(
    room: Children, tmp_path: Path, kind: bytes, told: bytes, crc: int | None
) -> None:
    picture().save(tmp_path / "plain.png")
    data = (tmp_path / "plain.png").read_bytes()
    plain, found = room.look(tmp_path / "plain.png"), seen(room, tmp_path / "a.png", with_chunk(data, kind, told, crc))
    assert found[1:] == plain[1:]
    assert found.facts[1:] == plain.facts[1:]


@pytest.mark.parametrize(
    ("marker", "told"),
    [
        (0xE0, b"JFIF\0"),
        (0xE0, b""),
        (0xE1, b""),
        (0xE2, b"ICC_PROFILE\0"),
        (0xE2, b"ICC_PROFILE\0\1"),
        (0xE2, b"ICC_PROFILE\0\1\7junk"),
        (0xE2, b"MPF\0"),
        (0xE2, b"MPF\0junk"),
        (0xE2, b"MPF\0II*\0\x08\0\0\0\xff\xff"),
        (0xED, b"Photoshop 3.0\0" + b"8BIM"),
        (0xED, b"Photoshop 3.0\0" + b"8BIM\4\4\xff\xff\xff\xff"),
        (0xEE, b"Adobe"),
        (0xFE, b""),
        (0xFE, b"\xff" * 40),
    ],
)
def test_a_jpg_is_as_good_without_its_bad_parts(room: Children, tmp_path: Path, marker: int, told: bytes) -> None:
    picture().save(tmp_path / "plain.jpg")
    data = (tmp_path / "plain.jpg").read_bytes()
    plain, found = room.look(tmp_path / "plain.jpg"), seen(room, tmp_path / "a.jpg", with_segment(data, marker, told))
    assert found[1:] == plain[1:]
    assert found.facts[1:] == plain.facts[1:]


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_a_picture_that_breaks_off_is_still_refused(room: Children, tmp_path: Path, suffix: str) -> None:
    picture(size=(640, 360)).save(tmp_path / f"a.{suffix}")
    data = (tmp_path / f"a.{suffix}").read_bytes()
    for length in (len(data) // 2, len(data) - 40):
        assert seen(room, tmp_path / f"a.{suffix}", data[:length]).facts.trouble


def test_a_later_picture_that_is_huge_is_said_to_be(room: Children, tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    picture(1).save(path, save_all=True, append_images=[picture(2)])
    head, _, tail = path.read_bytes().rpartition(b"," + struct.pack("<4H", 0, 0, *SIZE))
    sight = seen(room, path, head + b"," + struct.pack("<4H", 0, 0, 60000, 60000) + tail)
    assert "3600000000 pixels" in sight.facts.trouble
    assert (sight.facts.container, sight.facts.size, sight.lasting) == ("gif", "64x36", True)


def test_a_good_turn_outlives_a_bad_profile(room: Children, tmp_path: Path) -> None:
    picture().save(tmp_path / "plain.jpg")
    data = with_segment((tmp_path / "plain.jpg").read_bytes(), 0xE2, b"ICC_PROFILE\0")
    assert seen(room, tmp_path / "a.jpg", with_segment(data, 0xE1, exif(3, 1, SIX))).facts.size == "36x64"


# more bits than eight


@pytest.mark.parametrize("mode", ["L", "I;16", "I;16B", "I", "F"])
def test_a_grey_picture_of_more_bits_looks_the_same(room: Children, tmp_path: Path, mode: str) -> None:
    grey = np.asarray(picture().convert("L"))
    kinds = {"L": "u1", "I;16": "<u2", "I;16B": ">u2", "I": "<i4", "F": "<f4"}
    suffix = "png" if mode in ("L", "I;16") else "tif"
    values = grey.astype(kinds[mode]) * (1 if mode == "L" else 257)
    Image.fromarray(values.astype(kinds[mode])).save(tmp_path / f"a.{suffix}")
    Image.fromarray(grey).save(tmp_path / "plain.png")
    plain, found = (room.look(tmp_path / name) for name in ("plain.png", f"a.{suffix}"))
    assert (found.facts.trouble, moments(found)[0] != "") == ("", True)
    assert (int(moments(found)[0], 16) ^ int(moments(plain)[0], 16)).bit_count() <= 4


def test_what_is_clear_in_sixteen_bits_is_white(room: Children, tmp_path: Path) -> None:
    grey = np.asarray(picture().convert("L")).astype("<u2") * 257
    grey[:18] = 1000
    Image.fromarray(grey).save(tmp_path / "plain.png")
    data = (tmp_path / "plain.png").read_bytes()
    sight = seen(room, tmp_path / "a.png", with_chunk(data, b"tRNS", struct.pack(">H", 1000)))
    with Image.open(io.BytesIO(sight.look)) as kept:
        assert kept.convert("L").getpixel((32, 5)) > 240  # type: ignore[operator]
