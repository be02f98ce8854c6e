"""An ID belongs to the file whose name the new card bears; nothing else decides."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tjtools.model.creative import CreativeType, Key, SessionFile, UploadStatus
from tjtools.site import Card, FileResult, FileState
from tjtools.upload.handover import is_newer, pair

TAKEN, REFUSED = FileResult(FileState.TAKEN), FileResult(FileState.REFUSED, "too long")
LOST, STALLED = FileResult(FileState.LOST), FileResult(FileState.STALLED, "no change within 300 s")


def file(name: str) -> SessionFile:
    return SessionFile(Path("uploaded") / name, CreativeType.VIDEO)


def told(
    names: list[str],
    results: dict[str, FileResult],
    new: list[Card],
    old: list[Card] | None = None,
    sizes: dict[Key, str] | None = None,
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
    [one] = pair([file("a.mp4")], {"a.mp4": TAKEN}, [card], sizes={file("a.mp4").key: "640x360"})
    assert (one.status, one.creative_id, said in one.message) == (UploadStatus.UNKNOWN_ID, "", True)


def test_a_jpeg_is_a_jpg() -> None:
    assert told(["a.jpeg"], {"a.jpeg": TAKEN}, [Card("9", "a", file_type=".jpg")]) == [("success", "9")]


@pytest.mark.parametrize(
    ("name", "shown", "expected"),
    [
        ("a.gif.gif", "a.gif", ("success", "9")),
        ("a.jpg.png", "a.jpg", ("success", "9")),
        ("a.gif.gif", "a", ("unknown_id", "")),
        ("a.gif", "a.gif", ("unknown_id", "")),  # the card of somebody's a.gif.gif
        ("a.mp4.mp4.mp4", "a.mp4.mp4", ("success", "9")),
        ("a.m4v", "a", ("success", "9")),
        ("a.m4v", "a.m4v", ("success", "9")),
        ("a.jfif", "a", ("success", "9")),
        ("a v1.2", "a v1", ("unknown_id", "")),
        ("a v1.2", "a v1.2", ("success", "9")),
        ("a", "a", ("success", "9")),
    ],
)
def test_a_card_bears_the_name_that_was_handed_over_less_one_extension(
    name: str, shown: str, expected: tuple[str, str]
) -> None:
    assert told([name], {name: TAKEN}, [Card("9", shown)]) == [expected]


def test_two_cards_that_the_site_may_have_made_of_one_file_are_told_and_neither_is_taken() -> None:
    [one] = pair([file("a.m4v")], {"a.m4v": TAKEN}, [Card("8", "a"), Card("9", "a.m4v")])
    assert (one.creative_id, [card.creative_id for card in one.candidates]) == ("", ["9", "8"])


@pytest.mark.parametrize("other", ["a.m4v", "a.png", "a"])
def test_two_files_of_one_name_on_the_site_get_no_id_whatever_their_endings(other: str) -> None:
    results = {"a.mp4": TAKEN, other: TAKEN}
    assert told(["a.mp4", other], results, [Card("9", "a")]) == [("unknown_id", ""), ("unknown_id", "")]


def test_files_whose_names_the_site_tells_apart_get_their_ids_beside_each_other() -> None:
    names = ["a.mp4", "a.mp4.mp4", "a.mp4.mp4.mp4"]
    cards = [Card("7", "a.mp4"), Card("8", "a"), Card("9", "a.mp4.mp4")]
    assert told(names, dict.fromkeys(names, TAKEN), cards) == [("success", "8"), ("success", "7"), ("success", "9")]


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


ENDINGS = ["", ".mp4", ".MP4", ".png", ".jpg", ".jpeg", ".gif", ".m4v", ".v2"]
NAMES = st.builds(str.__add__, st.text("ab", min_size=1, max_size=2), st.lists(st.sampled_from(ENDINGS)).map("".join))


def shown_by_the_site(name: str) -> set[str]:
    """The names that a site may show: one extension less, whatever it takes for one."""
    before, dot, ending = name.rpartition(".")
    ours = ending.lower() in ("mp4", "png", "jpg", "jpeg", "gif")
    return {before} if dot and ours else {name, before} if dot and ending == "m4v" else {name}


@given(st.lists(NAMES, unique=True, max_size=8), st.lists(NAMES, max_size=4), st.randoms())
def test_every_id_written_belongs_to_the_only_card_of_the_files_own_name(
    names: list[str], strange: list[str], dice: random.Random
) -> None:
    shown = [*(dice.choice(sorted(shown_by_the_site(name))) for name in names), *strange]
    cards = [Card(str(1000 + number), name) for number, name in enumerate(shown)]
    dice.shuffle(cards)
    by_id = {card.creative_id: card.name for card in cards}
    for one in pair([file(name) for name in names], dict.fromkeys(names, TAKEN), cards):
        mine = shown_by_the_site(one.file.name)
        if one.creative_id:
            assert by_id[one.creative_id] in mine
        alone = sum(not mine.isdisjoint(shown_by_the_site(name)) for name in names) == 1
        assert bool(one.creative_id) == (alone and sum(name in mine for name in shown) == 1)


def test_ids_are_compared_by_their_number_and_stay_text() -> None:
    assert is_newer("1000000001", "999999991")
    assert not is_newer("1032530571", "1032530571")
