"""Names found by what `match_key` says of them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tjtools.cache.index import NameIndex
from tjtools.model.names import match_key

names = st.text(max_size=6) | st.builds(
    str.__add__,
    st.text(st.sampled_from('ab.é\u0301"%2,\n\r '), max_size=4),
    st.sampled_from(["", ".mp4", ".PNG", ".jpeg", ".JpeG", "jpeg", ".gif", ".png.mp4"]),
)


@settings(deadline=None, max_examples=200)
@given(st.lists(names, max_size=8), names)
def test_a_name_is_found_by_what_its_match_key_says(entered: list[str], asked: str) -> None:
    index = NameIndex()
    index.add(entered, range(len(entered)))
    for name in (asked, *entered):
        key = match_key(name)
        assert index.rows(key) == [row for row, other in enumerate(entered) if match_key(other) == key]
