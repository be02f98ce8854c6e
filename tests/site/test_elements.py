"""The verdict on each element: as expected, changed, or not seen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tjtools.model.creative import Section
from tjtools.site.inspection import RULES, ElementState, sights_of_list, sights_of_previews
from tjtools.site.pages import Card, CardPage
from tjtools.site.sitepage import load_selectors

CARD = Card("1032530511", "a", "300x250", ".png", "pending")
PAGE = CardPage((CARD, CARD), 1, 2, 1170, has_next=True)
OK, CHANGED, NOT_SEEN = ElementState.OK, ElementState.CHANGED, ElementState.NOT_SEEN


def test_there_is_a_rule_for_each_selector_and_no_other() -> None:
    assert {f"{page}.{one}" for page, elements in load_selectors().items() for one in elements} == set(RULES)


@pytest.mark.parametrize(
    ("page", "section", "element", "state", "found"),
    [
        (PAGE, Section.STATIC_BANNER, "library.total", OK, "1 to 2 of 1170"),
        (replace(PAGE, total=None), Section.STATIC_BANNER, "library.total", CHANGED, "nothing with three numbers"),
        (PAGE, Section.STATIC_BANNER, "library.next_page", OK, "there"),
        (replace(PAGE, has_next=False), Section.STATIC_BANNER, "library.next_text", CHANGED, "none after 2 of 1170"),
        (replace(PAGE, total=2, has_next=False), Section.STATIC_BANNER, "library.next_page", NOT_SEEN, "no further"),
        (PAGE, Section.STATIC_BANNER, "card.card", OK, "2 of 2 in Static Banner"),
        (replace(PAGE, last=12), Section.STATIC_BANNER, "card.card", CHANGED, "2 of 12 in Static Banner"),
        (replace(PAGE, total=None), Section.STATIC_BANNER, "card.card", OK, "2 of 2 in Static Banner"),
        (replace(PAGE, cards=()), Section.STATIC_BANNER, "card.card", CHANGED, "none of 2 in Static Banner"),
        (replace(PAGE, cards=()), Section.STATIC_BANNER, "card.name", NOT_SEEN, "no card in Static Banner"),
        (CardPage((), 0, 0, 0, has_next=False), Section.STATIC_BANNER, "card.card", NOT_SEEN, "no card in Static"),
        (CardPage((), 0, 0, None, has_next=False), Section.STATIC_BANNER, "card.card", NOT_SEEN, "no card in Static"),
        (PAGE, Section.IN_STREAM_VIDEO, "card.dimensions", NOT_SEEN, "In-Stream Video shows none"),
        (PAGE, Section.VIDEO_BANNERS, "card.file_type", NOT_SEEN, "Video Banners shows none"),
    ],
)
def test_a_list_is_judged(page: CardPage, section: Section, element: str, state: ElementState, found: str) -> None:
    sight = sights_of_list(page, section)[element]
    assert (sight.state, sight.found[: len(found)]) == (state, found)


@pytest.mark.parametrize(
    ("element", "field", "text", "one", "all_"),
    [
        ("card.id_attribute", "creative_id", "", CHANGED, CHANGED),
        ("card.id_attribute", "creative_id", "card-7", CHANGED, CHANGED),
        ("card.name", "name", "", CHANGED, CHANGED),
        ("card.dimensions", "dimensions", "", OK, CHANGED),
        ("card.dimensions", "dimensions", "300 by 250", OK, CHANGED),
        ("card.file_type", "file_type", "mp4", OK, CHANGED),
        ("card.status_attribute", "review_status", "", OK, CHANGED),
        ("card.status_attribute", "review_status", "in review", OK, CHANGED),
    ],
)
def test_what_every_card_needs_may_be_missing_on_none_and_the_rest_not_on_all(
    element: str, field: str, text: str, one: ElementState, all_: ElementState
) -> None:
    odd = replace(CARD, **{field: text})
    states = [
        sights_of_list(replace(PAGE, cards=cards), Section.STATIC_BANNER)[element].state
        for cards in ((CARD, CARD), (CARD, odd), (odd, odd))
    ]
    assert states == [OK, one, all_]


def test_previews_are_judged_by_the_template_and_unknown_without_one() -> None:
    sights = sights_of_previews({"preview": True, "preview_name": False, "preview_error": True})
    assert {name: sight.state for name, sight in sights.items()} == {
        "upload.preview": OK,
        "upload.preview_name": CHANGED,
        "upload.preview_error": OK,
    }
    assert {sight.state for sight in sights_of_previews(None).values()} == {NOT_SEEN}
