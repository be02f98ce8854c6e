"""An ID belongs to the file whose name the new card bears; nothing else decides."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tjtools.models import CreativeType, SessionFile, UploadStatus
from tjtools.site import Card, FileResult, FileState
from tjtools.upload.pairing import is_newer, pair

TAKEN, REFUSED = FileResult(FileState.TAKEN), FileResult(FileState.REFUSED, "too long")
LOST, STALLED = FileResult(FileState.LOST), FileResult(FileState.STALLED, "no change within 300 s")


def file(name: str) -> SessionFile:
    return SessionFile(Path("uploaded") / name, CreativeType.VIDEO)


def told(
    names: list[str],
    results: dict[str, FileResult],
    new: list[Card],
    old: list[Card] | None = None,
    sizes: dict[str, str] | None = None,
) -> list[tuple[str, str]]:
    outcomes = pair([file(name) for name in names], results, new, old or [], sizes)
    return [(one.status.value, one.creative_id) for one in outcomes]


def test_the_order_of_the_cards_does_not_matter() -> None:
    cards = [Card("30", "c"), Card("10", "a"), Card("20", "b")]
    assert told(["a.mp4", "b.mp4", "c.mp4"], dict.fromkeys(["a.mp4", "b.mp4", "c.mp4"], TAKEN), cards) == [
        ("success", "10"),
        ("success", "20"),
        ("success", "30"),
    ]


@pytest.mark.parametrize(
    ("result", "new", "old", "expected"),
    [
        (TAKEN, [Card("9", "other")], [], ("unknown_id", "")),
        (TAKEN, [], [Card("1", "a")], ("duplicate", "1")),
        (TAKEN, [], [Card("1", "a"), Card("2", "a")], ("unknown_id", "")),
        (TAKEN, [Card("8", "a"), Card("9", "a")], [], ("unknown_id", "")),
        (TAKEN, [Card("9", "a")], [Card("1", "a")], ("success", "9")),
        (TAKEN, [Card("", "a")], [], ("unknown_id", "")),
        (REFUSED, [], [], ("failed", "")),
        (REFUSED, [], [Card("1", "a")], ("failed", "")),
        (REFUSED, [Card("9", "a")], [], ("unknown_id", "")),
        (LOST, [Card("9", "a")], [], ("success", "9")),
        (LOST, [], [], ("unknown_id", "")),
        (STALLED, [], [], ("unknown_id", "")),
    ],
)
def test_what_is_not_known_is_said_to_be_unknown(
    result: FileResult, new: list[Card], old: list[Card], expected: tuple[str, str]
) -> None:
    assert told(["a.mp4"], {"a.mp4": result}, new, old) == [expected]


@pytest.mark.parametrize(
    ("card", "said"),
    [
        (Card("9", "a", dimensions="300x250"), "shows 300x250 where the file has 640x360"),
        (Card("9", "a", file_type=".png"), "shows the type png where the file has mp4"),
    ],
)
def test_a_card_that_contradicts_the_file_is_somebody_elses(card: Card, said: str) -> None:
    [one] = pair([file("a.mp4")], {"a.mp4": TAKEN}, [card], sizes={"a.mp4": "640x360"})
    assert (one.status, one.creative_id, said in one.message) == (UploadStatus.UNKNOWN_ID, "", True)


def test_a_jpeg_is_a_jpg() -> None:
    assert told(["a.jpeg"], {"a.jpeg": TAKEN}, [Card("9", "a", file_type=".jpg")]) == [("success", "9")]


def test_two_files_of_one_name_on_the_site_get_no_id() -> None:
    results = {"a.png": TAKEN, "a.gif": TAKEN}
    assert told(["a.png", "a.gif"], results, [Card("9", "a")]) == [("unknown_id", ""), ("unknown_id", "")]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ('say "hi".mp4', "say %22hi%22"),
        ("line\nbreak.mp4", "line%0Abreak"),
        ("cafe\u0301.mp4", "caf\u00e9"),
        ("a, b; c.mp4", "a, b; c"),
        ("=1+1.mp4", "=1+1"),
    ],
)
def test_a_name_is_recognised_as_the_browser_sends_it(name: str, shown: str) -> None:
    assert told([name], {name: TAKEN}, [Card("9", shown)]) == [("success", "9")]


@given(st.lists(st.text("abc", min_size=1, max_size=3), unique=True, max_size=8), st.randoms())
def test_every_id_written_belongs_to_a_card_of_the_files_own_name(names: list[str], dice: object) -> None:
    cards = [Card(str(1000 + number), name) for number, name in enumerate(names)]
    dice.shuffle(cards)  # type: ignore[attr-defined]
    files = [f"{name}.mp4" for name in names]
    by_id = {card.creative_id: card.name for card in cards}
    for one in pair([file(name) for name in files], dict.fromkeys(files, TAKEN), cards[: len(cards) // 2 + 1]):
        assert not one.creative_id or by_id[one.creative_id] + ".mp4" == one.file.name


def test_ids_are_compared_by_their_number_and_stay_text() -> None:
    assert is_newer("1000000001", "999999991")
    assert not is_newer("1032530571", "1032530571")
