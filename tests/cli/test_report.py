"""The report: one page that needs nothing beside it, in which every name is text."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import reviewed
from markupsafe import escape
from playwright.sync_api import Page, expect, sync_playwright
from world import tjtools

from tjtools.analysis import exhibits
from tjtools.cache.library import COLUMNS
from tjtools.cli.library import MOST, report_page
from tjtools.model.words import now
from tjtools.workspace.folder import Workspace

SCRIPT, SUMMER = "<script>window.hacked=1</script>", "夏のバナー"
LIBRARY = f"""\
1,EN_{SCRIPT}_9sec_ID-00000001.mp4,2025-11-13,640x360,mp4,video,approved
2,EN_{SUMMER}_9sec_ID-00000002.mp4,2025-11-13,640x360,mp4,video,rejected
3,=1+1,,300x250,png,image,pending
4,{SCRIPT},,300x250,png,image,pending
5,حملة الصيف,,300x250,png,image,approved
"""


@pytest.fixture
def small(bare_workspace: Workspace) -> Workspace:
    bare_workspace.library.write_text(",".join(COLUMNS) + "\n" + LIBRARY, "utf-8")
    return bare_workspace


@pytest.fixture(scope="module")
def offline(chromium: str) -> Iterator[Page]:
    """A browser without a network; what a page asks for beyond itself fails the test."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        shown = browser.new_page(color_scheme="dark")
        shown.context.set_offline(True)
        yield shown
        browser.close()


@pytest.fixture(scope="module")
def small_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the small library, which several tests look at."""
    workspace = Workspace(tmp_path_factory.mktemp("small").resolve())
    workspace.tracking.mkdir()
    workspace.library.write_text(",".join(COLUMNS) + "\n" + LIBRARY, "utf-8")
    return written(workspace)


def written(workspace: Workspace) -> Path:
    path = workspace.root / "report.html"
    done = tjtools("report", "--out", str(path), cwd=workspace.root)
    assert (done.returncode, done.stdout) == (0, f"Written: {path}\n"), done.stderr
    return path


def shown_in(browser: Page, path: Path) -> list[str]:
    """Open the page, and return what it asked for and complained of."""
    heard: list[str] = []
    browser.on("request", lambda request: heard.append(request.url))
    browser.on("console", lambda message: heard.append(message.text))
    browser.on("pageerror", lambda error: heard.append(str(error)))
    browser.goto(path.as_uri())
    return heard


def test_the_page_needs_no_network_and_shows_names_as_text(small_report: Path, offline: Page) -> None:
    assert shown_in(offline, small_report) == [small_report.as_uri()]
    assert offline.evaluate("window.hacked") is None
    assert offline.locator("script").count() == 0
    chart = offline.locator("article", has_text="What is approved").locator("svg")
    for name in (SCRIPT, SUMMER):
        expect(chart.get_by_text(name, exact=True)).to_have_count(1)
        cell = offline.locator("article", has_text="What is approved").get_by_role("cell", name=name, exact=True)
        expect(cell).to_be_visible()
    assert offline.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_no_address_is_in_the_page_but_the_name_of_svg(small_report: Path) -> None:
    text = small_report.read_text("utf-8")
    assert set(re.findall(r"https?://[^\s\"'<]+", text)) == {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert str(small_report.parent) not in text  # it may be sent to others


def test_every_exhibit_of_both_notebooks_is_in_the_page(bare_workspace: Workspace) -> None:
    truth = reviewed.year(200, 3)
    reviewed.write(bare_workspace, truth, reviewed.looks(truth, 24, 4))
    at = now()
    text = report_page(bare_workspace, lambda: at)
    articles = dict(re.findall(r'<article id="([^"]+)">(.*?)</article>', text, re.DOTALL))
    files = exhibits.Files(bare_workspace, lambda: at)
    shown = {
        one: one.shown(files, part.asked) for part in (exhibits.LIBRARY, exhibits.OUTCOMES) for one in part.exhibits
    }
    there = {one: told for one, told in shown.items() if len(told.frame)}
    assert [*articles] == [one.name for one in there]
    [library, outcomes] = re.findall(r"<summary>Nothing to show: (.*?)</summary>", text)
    assert f"{library} · {outcomes}".split(" · ") == [one.heading for one in shown if one not in there]
    assert all(f"<li>{escape(told.finding)}</li>" in text for one, told in shown.items() if one not in there)
    for exhibit, told in there.items():
        article = articles[exhibit.name]
        assert f"<h3>{exhibit.heading}</h3>" in article
        assert ("<svg" in article) == (told.draw is not None)
        assert article.count("<tr>") == min(len(told.frame), MOST) + 1
    names = re.findall(r'\bid="([^"]+)"', text)
    assert len(set(names)) == len(names)  # the charts' clip paths, too
    assert set(re.findall(r"url\(#([^)]+)\)", text)) <= set(names)


def test_its_spreadsheets_run_nothing(small_report: Path) -> None:
    text = small_report.read_text("utf-8")
    files = dict(re.findall(r'download="([^"]+)" href="data:text/csv;charset=utf-8;base64,([^"]*)"', text))
    assert base64.b64decode(files["pending.csv"]).decode().splitlines()[1].startswith("3,'=1+1,Static Banner,")


@pytest.mark.parametrize("lines", ["", "1,a,,,,,\n", "1,a.mp4,,,,video,pending\n", "1,a,,,,video,removed\n"])
def test_where_nothing_is_known_the_page_says_so(bare_workspace: Workspace, offline: Page, lines: str) -> None:
    bare_workspace.library.write_text(",".join(COLUMNS) + "\n" + lines, "utf-8")
    shown_in(offline, written(bare_workspace))
    if not lines:
        expect(offline.get_by_text("The library is empty: read it off the site first.")).to_be_visible()
    expect(offline.get_by_text("How long review takes can't be told yet")).to_be_hidden()
    offline.get_by_text("Nothing to show: ").last.click()
    for sentence in ("How long review takes can't be told yet", "The session holds no files"):
        expect(offline.get_by_text(sentence).first).to_be_visible()
    assert "nan" not in offline.locator("main").inner_text().split()


def test_what_it_wrote_is_told_as_json_and_where_it_cant_be_written_is_an_error(small: Workspace) -> None:
    told = json.loads(tjtools("report", "--json", cwd=small.root).stdout)
    assert told == {
        "written": "tjtools-report.html",
        "bytes": (small.root / "tjtools-report.html").stat().st_size,
    }
    done = tjtools("report", "--out", "missing/report.html", cwd=small.root)
    assert done.returncode == 2
    assert "can't be written" in done.stderr
