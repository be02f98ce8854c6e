"""The upload's notebook in a real JupyterLab: a person's clicks, and nothing else."""

from __future__ import annotations

import csv
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import nbformat
import psutil
import pytest
from lab import CODE, PANEL, Lab, running_lab
from playwright.sync_api import Locator, expect
from world import Truth, banner, checksum, library_ids, native_pair, rejected_before, session

from tjtools.practice.workspace import bind_to_sandbox, copy_notebooks
from tjtools.sandbox import Sandbox
from tjtools.upload.journal import Journal
from tjtools.workspace.folder import VARIABLE, Workspace

NOTEBOOK = "notebooks/02_upload.ipynb"
MARK = "TJTOOLS_TEST_LAB"  # inherited by all that the kernels start: so they are known among all processes
EVIL = "<img src=x onerror=alert(1)>.png"
ANSWER = "from time import perf_counter\nprint('answer', perf_counter())"


class Shop(NamedTuple):
    """A workspace on a sandbox of its own, open in JupyterLab."""

    lab: Lab
    workspace: Workspace
    truth: Truth
    mark: str

    def browsers(self) -> int:
        """How many browser processes the kernels have started that still run."""
        return sum(_is_browser(process, self.mark) for process in psutil.process_iter(["name"]))

    def wait_for_no_browser(self) -> None:
        for _ in range(1200):
            if not self.browsers():
                return
            self.lab.page.wait_for_timeout(100)
        raise TimeoutError(f"{self.browsers()} browser processes still run")

    @property
    def results(self) -> Locator:
        """What came of the last upload."""
        return self.lab.page.locator(f"{PANEL} .tj-step").filter(has=self.lab.page.get_by_text("Last upload"))

    def rehearse(self, upload: str) -> Locator:
        """One click, and then the button that uploads is there."""
        self.lab.button("Rehearse").click()
        button = self.lab.button(upload)
        button.wait_for()
        return button


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, chromium: str) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("lab")
    workspace = Workspace((folder / "shop").resolve())
    for part in ("tracking", "uploaded/Native/Video", "uploaded/Native/Image"):
        (workspace.root / part).mkdir(parents=True)
    copy_notebooks(workspace.notebooks)
    _add_a_cell_that_answers(workspace.root / NOTEBOOK)
    environment = {VARIABLE: str(workspace.root), MARK: folder.name}
    environment |= {"TJTOOLS_UPLOAD__PROCESSING_TIMEOUT": "25", "TJTOOLS_UPLOAD__CARD_TIMEOUT": "5"}
    with Sandbox(folder / "sandbox", creatives=20) as sandbox:
        bind_to_sandbox(workspace, sandbox.origin)
        with running_lab(workspace.root, folder / "home", chromium, **environment) as lab:
            yield Shop(lab, workspace, Truth(sandbox.origin), folder.name)


def test_a_person_uploads_by_clicks_while_other_cells_answer(shop: Shop) -> None:
    lab, workspace, truth = shop.lab, shop.workspace, shop.truth
    uploaded = workspace.root / "uploaded"
    session(workspace, [*native_pair(uploaded, "99A0D7C3"), banner(uploaded, "a.png"), banner(uploaded, EVIL, 1)])
    rejected_before(workspace, uploaded / EVIL)
    lab.page.set_viewport_size({"width": 1440, "height": 900})
    lab.open(NOTEBOOK)
    lab.run_all()
    assert shop.browsers() == 0
    upload = shop.rehearse("Upload 3 files")
    assert truth.received() == []
    lab.page.get_by_text("✓ Signed in as demo✓ 3 files in 3 batches✓ Rehearsed").wait_for()
    expect(lab.page.locator(".tj-repeats")).to_contain_text(
        f"1 file repeats a rejected creative{EVIL}same content as ID"
    )
    expect(lab.page.locator(".tj-section img")).to_have_count(3)
    lab.page.get_by_label("Upload it all the same").check()
    upload = lab.button("Upload 4 files")
    expect(upload).to_be_in_viewport()
    expect(lab.page.get_by_text("4 files go to the practice site")).to_contain_text("account demo")
    truth.settings(processing_s=20)  # it ends when the test lets it
    upload.dblclick()
    lab.page.get_by_role("progressbar", name="processing").first.wait_for()
    for _ in range(3):
        _ask_a_cell(lab)
    assert not shop.results.is_visible()
    truth.settings(processing_s=0)
    shop.results.filter(has_text="✓ uploaded: 4").wait_for()
    shown = shop.results.locator("tbody tr")
    expect(shown).to_have_count(4)
    ids = {row.nth(1).inner_text(): row.nth(2).inner_text() for row in (one.locator("td") for one in shown.all())}
    held = truth.creatives()
    assert {name: held[ID]["sha256"] for name, ID in ids.items()} == {
        path.name: checksum(path) for path in uploaded.rglob("*.*")
    }
    assert library_ids(workspace) == ids | {"old.png": "1032530511"}
    assert lab.page.locator("img[src=x]").count() == 0
    assert len(truth.received()) == 4
    with lab.page.expect_download() as download:
        lab.button("Download all (zip)").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        [status] = [name for name in archive.namelist() if name.startswith("upload_status_")]
        rows = list(csv.DictReader(archive.read(status).decode().splitlines()))
        assert all(one in archive.read("report.txt").decode() for one in ids.values())
    assert [row["tj_creative_id"] for row in rows] == list(ids.values())
    site = lab.page.get_by_role("link", name="Open the Media Library")
    assert [site.get_attribute(one) for one in ("href", "target", "rel")] == [
        f"{truth.origin}/media-library", "_blank", "noopener noreferrer"
    ]  # fmt: skip
    shop.wait_for_no_browser()


def test_a_cell_run_again_run_all_and_a_page_opened_again_let_the_upload_go_on(shop: Shop) -> None:
    lab, workspace, truth = shop.lab, shop.workspace, shop.truth
    uploaded, settings = workspace.root / "uploaded", workspace.settings_file.read_text("utf-8")
    workspace.settings_file.write_text(settings.replace("batch_size = 10", "batch_size = 1"), "utf-8")
    banners = [banner(uploaded, f"again {n}.png", 60 + n) for n in range(4)]
    files = [*native_pair(uploaded, "7B1E04D2", 50), *banners]
    session(workspace, files)
    before = library_ids(workspace) if workspace.library.exists() else {}
    truth.settings(processing_s=0)
    lab.open(NOTEBOOK)
    lab.run_all()
    upload = shop.rehearse("Upload 6 files")
    truth.settings(processing_s=18)  # for each of six batches: it ends when the test lets it
    upload.click()
    [browser] = lab.wait_until(lab.browsers)
    for run_again in (_run_the_panels_cell, _interrupt_and_run_all, _reload, _open_again):
        _ran(lab, run_again)
        lab.page.locator(".tj-task").get_by_text("▶ Running").wait_for()
        lab.page.get_by_role("progressbar", name="processing").first.wait_for()
        expect(lab.button("Cancel")).to_have_count(1)
        assert lab.browsers() == {browser}
    truth.settings(processing_s=0)
    shop.results.filter(has_text="✓ uploaded: 6").wait_for(timeout=240_000)
    names, ids = {row["new_filename"] for row in files}, library_ids(workspace)
    assert sorted(name for name in truth.received() if name in names) == sorted(names)
    assert {name: [ids[name]] for name in names} == {name: truth.named(Path(name).stem) for name in names}
    assert len(ids) == len(before) + 6
    _ran(lab, Lab.run_all)  # which looks afresh, now that the work has ended
    lab.button("Rehearse").wait_for()
    workspace.settings_file.write_text(settings, "utf-8")
    shop.wait_for_no_browser()


def test_a_kernel_that_restarts_in_mid_upload_leaves_no_browser_and_true_files(shop: Shop) -> None:
    lab, workspace, truth = shop.lab, shop.workspace, shop.truth
    uploaded = workspace.root / "uploaded"
    session(workspace, [*native_pair(uploaded, "0A5D2F34", 5), *[banner(uploaded, f"{n}.png", ord(n)) for n in "xyz"]])
    before = library_ids(workspace) if workspace.library.exists() else {}
    truth.settings(processing_s=0)
    lab.open(NOTEBOOK)
    lab.run_all()
    upload = shop.rehearse("Upload 5 files")
    truth.settings(processing_s=20)
    upload.click()
    lab.page.get_by_role("progressbar", name="processing").first.wait_for()
    assert shop.browsers()
    lab.restart_kernel()
    shop.wait_for_no_browser()
    assert (library_ids(workspace) if workspace.library.exists() else {}) == before
    assert len(Journal(workspace.log).in_doubt()) == 1
    truth.settings(processing_s=0)
    lab.open(NOTEBOOK)
    lab.run_all()
    told = "was not finished: 0 confirmed, 1 under way, 4 not begun"
    lab.page.get_by_text(told).wait_for()
    shop.results.filter(has_text="ID unknown: 1").wait_for()
    lab.button("Go on").click()
    lab.page.get_by_text(told).wait_for(state="hidden")
    shop.results.filter(has_text="✓ uploaded: 5").wait_for()
    assert len(library_ids(workspace)) == len(before) + 5
    names = [one["name"] for one in truth.creatives().values()]
    assert {names.count(path.stem) for path in uploaded.rglob("*.*")} == {1}
    shop.wait_for_no_browser()


def test_a_second_kernel_watches_an_upload_stops_it_and_goes_on_with_it(shop: Shop) -> None:
    lab, workspace, truth = shop.lab, shop.workspace, shop.truth
    uploaded, settings = workspace.root / "uploaded", workspace.settings_file.read_text("utf-8")
    workspace.settings_file.write_text(settings.replace("batch_size = 10", "batch_size = 1"), "utf-8")
    files = [banner(uploaded, f"second {n}.png", 140 + n) for n in range(3)]
    session(workspace, files)
    truth.settings(processing_s=0)
    lab.open(NOTEBOOK)
    lab.run_all()
    upload = shop.rehearse("Upload 3 files")
    truth.settings(processing_s=20)
    upload.click()
    lab.page.get_by_role("progressbar", name="processing").first.wait_for()
    shutil.copy(workspace.root / NOTEBOOK, workspace.root / "notebooks/second.ipynb")
    lab.open("notebooks/second.ipynb")
    lab.run_all()
    runs = re.compile(r"An upload runs in another window: \d of 3 files")  # by how long the second kernel took to start
    watched = lab.page.locator(f"{PANEL} .tj-task").filter(has_text=runs)
    watched.wait_for()
    truth.settings(processing_s=0)
    lab.button("Stop").click()
    lab.page.get_by_text("was not finished: ").wait_for()
    watched.wait_for(state="hidden")
    shop.wait_for_no_browser()
    lab.button("Go on").click()
    shop.results.filter(has_text="✓ uploaded: 3").wait_for()
    names, ids = {row["new_filename"] for row in files}, library_ids(workspace)
    assert {name: [ids[name]] for name in names} == {name: truth.named(Path(name).stem) for name in names}
    workspace.settings_file.write_text(settings, "utf-8")
    shop.wait_for_no_browser()


def _ran(lab: Lab, run_again: Callable[[Lab], None]) -> None:
    """Run the panel's cell in one way or another, and wait until it has run."""
    before = lab.page.evaluate(f"{CODE}[1].executionCount")
    run_again(lab)
    lab.wait_until(lambda: lab.page.evaluate(f"{CODE}[1].executionCount") not in (None, before))


def _run_the_panels_cell(lab: Lab) -> None:
    cell = lab.page.locator(f"{PANEL} .jp-CodeCell").nth(1)
    cell.locator(".jp-InputPlaceholder").click()  # the code unfolds
    cell.locator(".jp-InputArea-editor").click()
    lab.page.keyboard.press("Control+Enter")


def _interrupt_and_run_all(lab: Lab) -> None:
    lab.page.get_by_role("menuitem", name="Kernel", exact=True).click()
    lab.page.get_by_text("Interrupt Kernel", exact=True).click()
    lab.run_all()


def _reload(lab: Lab) -> None:
    lab.page.reload()
    lab.ready(NOTEBOOK)
    lab.run_all()


def _open_again(lab: Lab) -> None:
    """As somebody does who closed the tab."""
    lab.open(NOTEBOOK, afresh=True)
    lab.run_all()


def _is_browser(process: psutil.Process, mark: str) -> bool:
    try:
        return "chrom" in (process.info["name"] or "") and process.environ().get(MARK) == mark
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def _ask_a_cell(lab: Lab) -> None:
    """Run the last cell, and wait until its new answer is on the screen."""
    cell = lab.page.locator(f"{PANEL} .jp-CodeCell").last
    shown = cell.locator(".jp-OutputArea-output")
    before = shown.inner_text()
    cell.locator(".jp-InputArea-editor").click()
    lab.page.keyboard.press("Control+Enter")
    expect(shown).not_to_have_text(before)


def _add_a_cell_that_answers(path: Path) -> None:
    notebook = nbformat.read(path, 4)
    notebook.cells.append(nbformat.v4.new_code_cell(ANSWER))
    nbformat.write(notebook, path)
