"""Among many creatives the index proposes those that share pictures with one, however they were cut or mirrored."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from corpus import Scene
from PIL import Image, ImageOps

from tjtools.media.index import Index
from tjtools.media.marks import marks
from tjtools.media.points import picture


def drawn(template: int, text: int = 0) -> Image.Image:
    [one] = Scene(template, text, 0).frames(1)
    return one.resize((400, 225))


def marked(*ones: Image.Image) -> bytes:
    return marks([picture(cv2.cvtColor(np.asarray(one.convert("RGB")), cv2.COLOR_RGB2BGR)) for one in ones])


@pytest.fixture(scope="module")
def known() -> dict[str, bytes]:
    return {f"{number}": marked(drawn(number)) for number in range(40)}


EDITS = {
    "itself": lambda one: one,
    "mirrored": ImageOps.mirror,
    "cropped": lambda one: one.crop((40, 20, 380, 210)),
    "framed": lambda one: ImageOps.expand(one.resize((300, 169)), 40, "navy"),
    "mirrored and cropped": lambda one: ImageOps.mirror(one.crop((20, 10, 390, 220))),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_one_leads_to_the_original(known: dict[str, bytes], edit: str) -> None:
    index = Index(known)
    for number in range(0, 40, 4):
        assert next(index.like(marked(EDITS[edit](drawn(number)))), None) == (f"{number}", True)


def test_one_picture_of_several_is_enough(known: dict[str, bytes]) -> None:
    clip = marked(*(drawn(number) for number in (200, 201, 7, 202)))
    assert ("7", True) in Index(known).like(clip)
    assert next(Index(known | {"clip": clip}).like(known["7"])) == ("7", True)


def test_a_plain_picture_is_like_nothing(known: dict[str, bytes]) -> None:
    plain = marked(Image.new("RGB", (300, 250), "navy"))
    assert [*Index(known | {"plain": plain}).like(plain)] == []


def test_without_contents_nothing_is_found() -> None:
    assert [*Index({}).like(marked(drawn(1)))] == []


@pytest.mark.parametrize("kept", [b"", b"\xff" * 10, b"\1\0\0\0" + b"1" * 17])
def test_damaged_marks_are_no_marks(kept: bytes) -> None:
    with pytest.raises(ValueError, match=r"marks|reshape"):
        Index({"a": kept})
