"""What several test modules share: a browser."""

import shutil

import pytest


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a browser that Playwright can drive."""
    found = shutil.which("chromium")
    assert found, "no browser"
    return found
