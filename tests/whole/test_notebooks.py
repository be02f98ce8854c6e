"""The notebooks: what is in git, what nbval compares, and what a person sees and clicks in a real JupyterLab."""

from __future__ import annotations

import filecmp
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import pytest
from lab import MOST_AT_ONCE, PANEL, Lab, running_lab
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from PIL import Image, ImageChops, ImageStat
from playwright.sync_api import JSHandle, Locator, Request, expect
from world import read_rows

from tjtools.model.creative import Section
from tjtools.practice.lab import TAG
from tjtools.practice.samples import write_image, write_video
from tjtools.practice.workspace import make_practice, running_sandbox
from tjtools.upload import load_choice, prepare
from tjtools.workspace.folder import VARIABLE, Workspace

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CACHE_NAME = "cache-name"


@pytest.fixture(scope="session")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace to practise in, as `tjtools lab` makes it; drawn once."""
    folder = tmp_path_factory.mktemp("practice") / "shop"
    return make_practice(folder, now=datetime.now(tz=UTC), progress=lambda _name, _done: None)


@pytest.fixture(scope="module")
def place(practice: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A copy whose files were looked at and compared: that takes ten seconds, and kernels share what was seen."""
    copy = Workspace(Path(shutil.copytree(practice.root, tmp_path_factory.mktemp("lab") / "shop")).resolve())
    prepare(copy)
    return copy


@pytest.fixture
def shop(practice: Workspace, place: Workspace) -> Workspace:
    """The copy in one place, as it was; a sandbox may be running in it, and its files need no second look."""
    stay = place.root / "sandbox", place.private / "locks", place.private / CACHE_NAME
    for path in place.root.rglob("*"):
        if path.is_file() and not any(map(path.is_relative_to, stay)):
            path.unlink()
    stays = shutil.ignore_patterns("sandbox", "locks", CACHE_NAME)
    shutil.copytree(practice.root, place.root, ignore=stays, dirs_exist_ok=True)
    return place


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_in_git_has_what_nbval_compares_and_nothing_else(path: Path) -> None:
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"tags", "jupyter", "jp-MarkdownHeadingCollapsed"}
        for output in cell.get("outputs", []):
            assert output.output_type in {"stream", "display_data"}
            assert set(output.get("data", {})) <= {"text/plain"}
    text = path.read_text("utf-8")
    assert not re.search(r"(/tmp/|/home/|/root|/Users/|[A-Z]:\\\\|127\.0\.0\.1|localhost)", text)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_hides_its_code_says_little_and_takes_its_workspace_as_a_parameter(path: Path) -> None:
    cells, folded = nbformat.read(path, 4).cells, False
    tags = [tag for cell in cells for tag in cell.metadata.get("tags", ())]
    assert (tags.count("parameters"), tags.count(TAG)) == (1, 1)
    for cell in cells:
        folded = folded or cell.metadata.get("jp-MarkdownHeadingCollapsed", False)
        jupyter, tag = cell.metadata.get("jupyter", {}), cell.metadata.get("tags", [""])[0]
        if cell.cell_type == "markdown":
            assert len(cell.source.splitlines()) <= 6
            continue
        assert jupyter.get("source_hidden") or folded
        assert jupyter.get("outputs_hidden", False) is (tag == TAG)
        assert ("summary" in cell.source) is (tag == TAG)
        assert cell.source.startswith("workspace = None") is (tag == "parameters")
        assert ("(workspace)" in cell.source) is (not tag)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_is_thin(path: Path) -> None:
    code = [cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
    for source in code:
        assert not re.search(r"^\s*(def|class|for|while|with)\b", source, re.MULTILINE), source
        assert len(source.splitlines()) <= 5, source


def test_every_notebook_is_in_the_wheel() -> None:
    told = (ROOT / "pyproject.toml").read_text("utf-8")
    assert [path.name for path in NOTEBOOKS if f"tjtools/_notebooks/{path.name}" not in told] == []


def as_papermill_does(name: str, workspace: str) -> nbformat.NotebookNode:
    """The notebook run with its parameter set by a cell after the tagged one."""
    notebook = nbformat.read(ROOT / "notebooks" / name, 4)
    place = next(at for at, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", ()))
    notebook.cells.insert(place + 1, nbformat.v4.new_code_cell(f"workspace = {workspace!r}"))
    return NotebookClient(notebook, kernel_name="python3", timeout=120).execute()


def test_a_notebook_runs_for_the_account_that_its_parameter_names(shop: Workspace) -> None:
    ran = as_papermill_does("04_library_analysis.ipynb", str(shop.root))
    told = "".join(one.text for cell in ran.cells if TAG in cell.metadata.get("tags", ()) for one in cell.outputs)
    assert "481 creatives on the site" in told


def test_a_parameter_that_names_no_workspace_ends_the_run_in_plain_words(tmp_path: Path) -> None:
    with pytest.raises(CellExecutionError) as ended:
        as_papermill_does("04_library_analysis.ipynb", str(tmp_path / "none"))
    assert f"{tmp_path / 'none'} is no workspace" in str(ended.value)
    assert "Traceback" not in str(ended.value)


def nbval(workspace: Workspace, notebook: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval", f"notebooks/{notebook}", "-q"],
        cwd=ROOT, env=os.environ | {VARIABLE: str(workspace.root)}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_one_changed_verdict_in_the_session_fails_the_run(shop: Workspace) -> None:
    """That it passes unchanged is tried where all notebooks are, by `.ci/run`."""
    next((shop.root / "uploaded").glob("EN_Music_*.jpg")).unlink()
    changed = nbval(shop, "01_review_session.ipynb")
    assert changed.returncode == 1
    assert "1 failed, 2 passed" in changed.stdout
    assert "20 new" in changed.stdout


@pytest.fixture(scope="module")
def started(place: Workspace, chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    home = tmp_path_factory.mktemp("home")
    with running_sandbox(place), running_lab(place.root, home, chromium, **{VARIABLE: str(place.root)}) as lab:
        yield lab


@pytest.fixture
def lab(started: Lab, shop: Workspace) -> Iterator[Lab]:
    """A real JupyterLab on a workspace whose sandbox runs; no request leaves this machine."""
    outside: list[str] = []

    def ask(request: Request) -> None:
        outside.append(request.url)

    started.page.context.on("request", ask)
    yield started
    started.leave()
    started.end_kernels()
    started.page.context.remove_listener("request", ask)
    assert [url for url in outside if not re.match(r"(http|ws)://127\.0\.0\.1|data:|blob:|about:blank", url)] == []


def test_a_person_reviews_the_session_and_saves_a_plan(lab: Lab, shop: Workspace) -> None:
    """From the day's list to a saved plan, with clicks alone."""
    page = lab.page
    lab.open_desk()
    shown = page.locator(f"{PANEL} .jp-OutputArea")
    expect(shown.get_by_text("PRACTICE: the sandbox")).to_have_count(1)
    page.get_by_role("tab", name="Review").click()
    cards = page.locator(f"{PANEL} .tj-card")
    expect(cards).to_have_count(24)  # when each file was looked at
    expect(page.locator(f"{PANEL} .tj-card-picture img")).to_have_count(24)

    video = cards.filter(has_text="ID-D82C07CD-VID").first
    video.get_by_role("button", name="Play VID_EN_Sports").click()
    playing = video.locator("video")
    playing.wait_for()
    page.wait_for_function("video => video.currentTime > 0.2", arg=playing.element_handle())

    video.get_by_role("checkbox").uncheck()
    lab.button("19 of 21 new ticked").wait_for()
    expect(cards.filter(has=lab.page.locator("input:not(:checked)"))).to_have_count(3)  # both halves, and a copy
    lab.button("Save and go to upload").click()
    expect(page.get_by_role("tab", name="Upload")).to_have_attribute("aria-selected", "true")
    choice = load_choice(shop)
    assert choice is not None
    assert len(choice.files) == 20  # with the near duplicate
    assert (
        Section.NATIVE_ROLLOVER,
        "VID_EN_Sports_F_Real_SFW_Generic_Ana_4sec_ID-D82C07CD-VID.mp4",
    ) not in choice.files

    page.get_by_role("tab", name="Review").click()
    shown.get_by_text("✓ Saved").first.wait_for()
    lab.button("3 can't go").click()
    expect(cards).to_have_count(3)
    lab.button("Table").click()
    expect(page.locator(f"{PANEL} .tj-work tbody tr:visible")).to_have_count(3)


def test_a_person_adds_a_delivery_with_the_mouse_and_takes_it_back_out(
    lab: Lab, shop: Workspace, tmp_path: Path
) -> None:
    """What the names don't tell is filled in once, a cut and a crop lie where the mouse has put them."""
    delivery, before = draw_delivery(tmp_path / "October shoot"), shop.session.read_bytes()
    lab.open_desk()
    page = lab.page
    page.get_by_role("tab", name="Review").click()
    page.get_by_placeholder("or the path of a folder").fill(str(delivery))
    lab.button("Look through it").click()
    expect(lab.button("Add 1 file")).to_be_disabled()
    for title, answer in (("Model", "F"), ("Style", "Real"), ("Rating", "SFW")):
        page.locator(f'select[title="{title} of Sports"]').select_option(label=answer)
    for title, answer in (("Creator", "Ana"), ("Language", "EN")):
        page.locator(f'input[title="{title} of Sports"]').fill(answer)
        page.keyboard.press("Enter")
    expect(page.locator('input[title="Creator of Travel"]')).to_have_value("Ana")
    lab.button("Decide").click()
    strip = page.locator(".tj-mend-strip:visible")
    expect(strip.locator("img")).to_have_count(10)
    strip.click(position={"x": strip.evaluate("one => one.clientWidth") - 5, "y": 20})
    page.get_by_text("33 s → 30.9 s, from 2.1 s on").wait_for()
    lab.button("Take it so").click()
    frame = page.locator(".tj-mend-drag:visible")
    frame.locator("img").wait_for()
    drag_to_its_end(lab, frame)
    page.get_by_text("crop: 50 % of the width, the right is kept").first.wait_for()
    lab.button("Take it so").click()
    lab.button("Add 3 files").click()
    page.get_by_text("✓ 3 files added.").wait_for()
    rows = {row["original_filename"]: row for row in read_rows(shop.session)}
    assert "from 2.1 s on" in rows["long road.mp4"]["notes"]
    made = shop.root / "uploaded" / rows["wide beach.png"]["new_filename"]
    assert made.name.startswith("EN_Travel_F_Real_SFW_WideBeach_Ana_ID-")
    source = delivery / "Travel/wide beach.png"
    assert likeness(made, source, left=750) < 2 < likeness(made, source, left=375)
    expect(page.locator(".tj-card").filter(has_text=made.name)).to_have_count(1)
    lab.button("Undo: take 3 files of October shoot back out").click()
    page.get_by_text("✓ 3 files taken back out.").wait_for()
    assert (shop.session.read_bytes(), made.exists()) == (before, False)


def draw_delivery(folder: Path) -> Path:
    """Three files: one that fits, one too wide, one too long."""
    for part in ("Sports", "Travel"):
        (folder / part).mkdir(parents=True)
    write_image(folder / "Sports/IMG_0001.png", width=300, height=250, title="October", seed=71)
    write_image(folder / "Travel/wide beach.png", width=1500, height=250, title="October", seed=72)
    write_video(folder / "Travel/long road.mp4", width=160, height=90, seconds=33, title="October", seed=73, fps=2)
    return folder


def drag_to_its_end(lab: Lab, frame: Locator) -> None:
    frame.scroll_into_view_if_needed()
    box = frame.bounding_box()
    assert box
    lab.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    lab.page.mouse.down()
    lab.page.mouse.move(box["x"] + box["width"] - 4, box["y"] + box["height"] / 2, steps=4)
    lab.page.mouse.up()


def likeness(made: Path, source: Path, *, left: int) -> float:
    """How far the picture is from that part of its source: the mean difference of a pixel, of 255."""
    with Image.open(made) as one, Image.open(source) as other:
        part = other.convert("RGB").crop((left, 0, left + 750, 250)).resize(one.size, Image.Resampling.LANCZOS)
        return sum(ImageStat.Stat(ImageChops.difference(one.convert("RGB"), part)).mean) / 3


def test_what_a_person_drops_becomes_the_session_a_large_file_piece_by_piece(
    lab: Lab, shop: Workspace, tmp_path: Path
) -> None:
    """A folder with one name twice, and a video twice as large as what the lab takes at once: whole, by its HTTP."""
    drawn = sorted((shop.root / "uploaded").glob("*.*"))
    for path in drawn:
        path.rename(tmp_path / path.name)
    shop.session.unlink()
    for seed, folder in enumerate(("one", "two")):
        (tmp_path / "media" / folder).mkdir(parents=True)
        write_image(tmp_path / "media" / folder / "a.png", width=300, height=250, title=folder, seed=seed)
    large = tmp_path / "large.mp4"
    shutil.copy(next(tmp_path / path.name for path in drawn if path.suffix == ".mp4"), large)
    room = 2 * MOST_AT_ONCE
    with large.open("ab") as file:
        file.write((room + 8).to_bytes(4) + b"free" + os.urandom(1000) * (room // 1000))

    lab.open("notebooks/01_review_session.ipynb")
    lab.run_all()
    page = lab.page
    place = page.locator(f"{PANEL} .tj-drop")
    expect(place).to_contain_text("Drop your files here, or")
    expect(page.locator(f"{PANEL} .tj-bar:visible")).to_have_count(0)
    place.locator("input[webkitdirectory]").set_input_files(tmp_path / "media")
    add_as_it_is(lab)
    page.get_by_text("✓ 1 file added.").wait_for()
    page.get_by_text("media/two/a.png: another file of the folder has this name").wait_for()
    expect(page.locator(f"{PANEL} .tj-card")).to_have_count(1)

    place.locator("input[multiple]").set_input_files(large)
    add_as_it_is(lab)
    page.locator(f"{PANEL} .tj-card").filter(has_text="large.mp4").wait_for()
    came = shop.root / "uploaded/large.mp4"
    assert filecmp.cmp(came, large, shallow=False)

    dropped = as_a_browser_has_it(lab, tmp_path / "media/two/a.png", "b.png")
    page.route("**/api/contents/uploaded/**", lambda route: route.abort())  # the server is gone
    place.dispatch_event("drop", {"dataTransfer": dropped})
    expect(place).to_contain_text("Cut off")
    page.unroute("**/api/contents/uploaded/**")
    lab.wait_until(lambda: not (shop.root / "uploaded/incoming").exists())
    assert not (shop.root / "uploaded/b.png").exists()
    place.dispatch_event("drop", {"dataTransfer": dropped})
    add_as_it_is(lab)
    page.locator(f"{PANEL} .tj-card").filter(has_text="b.png").wait_for()
    lab.wait_until(lambda: not (shop.root / "uploaded/incoming").exists())


def as_a_browser_has_it(lab: Lab, path: Path, name: str) -> JSHandle:
    """What a drop event has of a file with that name."""
    return lab.page.evaluate_handle(
        """([data, name]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(data)], name));
            return transfer;
        }""",
        [[*path.read_bytes()], name],
    )


def add_as_it_is(lab: Lab) -> None:
    """Say that names and files stay as they are, and add what was dropped."""
    lab.page.get_by_label("Keep names and files as they are").check()
    expect(lab.page.get_by_text("What the names don't tell")).to_have_count(0)
    lab.button("Add 1 file").click()


def test_a_person_keeps_a_section_and_saves_chart_and_table(lab: Lab) -> None:
    lab.open("notebooks/04_library_analysis.ipynb")
    lab.run_all()
    page = lab.page
    shown = page.locator(f"{PANEL} .jp-OutputArea")
    page.locator(f"{PANEL} select").filter(has_text="All sections").select_option("Static Banner")
    shown.get_by_text("Static Banner is the only section: 21 of 21 creatives").wait_for()
    with page.expect_download() as told:
        lab.button("Save PNG").first.click()
    assert told.value.suggested_filename == "inventory.png"
    with Image.open(told.value.path()) as picture:
        assert picture.width > 1000
    with page.expect_download() as told:
        lab.button("Save CSV").first.click()
    assert told.value.path().read_text("utf-8").splitlines()[1].startswith("Static Banner,21,1.0,")


def test_a_creative_named_like_html_shows_as_text(lab: Lab, shop: Workspace) -> None:
    evil = '<img src=x onerror="window.hacked=1"> $x^2$ <b>.png'
    original = next((shop.root / "uploaded").glob("EN_Cooking_*.png"))
    original.rename(original.with_name(evil))
    text = shop.session.read_text("utf-8")
    shop.session.write_text(text.replace(original.name, '"' + evil.replace('"', '""') + '"'), "utf-8")
    lab.open("notebooks/01_review_session.ipynb")
    lab.run_all()
    page = lab.page
    expect(page.locator(f"{PANEL} .tj-card-name").filter(has_text=evil)).to_have_count(1)
    lab.button("Table").click()
    page.locator(f"{PANEL} .tj-work td").filter(has_text=evil).first.wait_for()
    page.get_by_text("The same in Python").last.click()
    assert page.evaluate("window.hacked") is None
    assert page.locator(f"{PANEL} .jp-OutputArea b, {PANEL} .jp-OutputArea img[src=x]").count() == 0
