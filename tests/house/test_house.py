"""The map in CONTRIBUTING.md is that of the code."""

from __future__ import annotations

from house.house import CONTRIBUTING, PACKAGE, circles, imports, with_map


def test_the_map_in_contributing_is_that_of_the_code() -> None:
    text = CONTRIBUTING.read_text("utf-8")
    assert with_map(text, PACKAGE) == text, "draw it anew: python tests/house/house.py --map"


def test_no_package_imports_itself_by_way_of_another() -> None:
    assert circles(imports(PACKAGE)) == []
