"""What several test modules share: a browser, a sandbox that is reset for each test, and workspaces."""

from __future__ import annotations

import gc
import os
import signal
import sys
import tempfile
from collections.abc import Generator, Iterator
from functools import partial
from pathlib import Path

import pytest
from drawn_once import drawn_once
from fake_site import FakeSite
from hypothesis import settings
from kept_children import children_that_stay
from one_browser import Visit, running_browser
from world import Truth

from tjtools.practice.workspace import ask_sandbox, bind_to_sandbox
from tjtools.sandbox import Sandbox
from tjtools.scrape import connection
from tjtools.site import Site
from tjtools.site.browser import ensure_browser, without_window
from tjtools.workspace.derived import VARIABLE
from tjtools.workspace.folder import Workspace

sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]  # lighter/sitecustomize.py says why
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # else each process that is started compiles all modules again
os.environ.setdefault("NODE_COMPILE_CACHE", str(Path(tempfile.gettempdir()) / "node-compile-cache"))  # Playwright's
LIGHTER = str(Path(__file__).parent / "lighter")
if LIGHTER not in os.environ.get("PYTHONPATH", "").split(os.pathsep):
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (LIGHTER, os.environ.get("PYTHONPATH"))))
LONGEST = (
    "whole/test_faults", "whole/test_lab_upload", "whole/test_notebooks", "whole/test_day", "upload/test_run",
    "whole/test_lab", "cli/test_commands", "site/test_driver", "whole/test_crashes", "fuzz/test_damaged",
    "sandbox/test_site_facts", "media/test_making", "site/test_inspection", "contract/test_site",
    "security/test_strangers", "whole/test_delivery", "widgets/test_upload", "whole/test_demo", "team/test_torture",
    "team/test_copy", "prepare/test_mend", "analysis/test_times", "widgets/test_analysis", "scrape/test_refresh",
)  # fmt: skip
settings.register_profile("long", max_examples=5000)
settings.register_profile("usual", settings(), max_examples=40)  # under CI the same ones each time
settings.load_profile("usual")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--thorough", action="store_true", help="each fault through each kind of run, more orders of files"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A process works on a whole file: on the longest first, so that none is alone with one in the end."""
    order = {name: at for at, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(f"{item.path.parent.name}/{item.path.stem}", len(order)))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What collecting has made stays: looking through it again and again for garbage takes a fifth of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _no_power_cuts() -> Iterator[None]:
    """Nothing here could tell a write that is on the disk from one that is not: each costs ten milliseconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", os.fstat)
        yield


@pytest.fixture(scope="session", autouse=True)
def _a_cache_for_each_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What the fuzzing damages is not what another process reads."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_is_heard() -> None:
    """A shell that runs the tests in the background has them ignore it, and so would what they start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _kept_children() -> Iterator[None]:
    with children_that_stay():
        yield


@pytest.fixture(scope="session")
def of_all(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this run share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session", autouse=True)
def _drawn_once(of_all: Path) -> Iterator[None]:
    with drawn_once(of_all / "drawn"):
        yield


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a browser that Playwright can drive; on a machine without one, it is installed now."""
    return str(without_window(ensure_browser(say=print)))


@pytest.fixture(scope="session")
def browser(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_browser(chromium, tmp_path_factory.mktemp("browser")) as site:
        yield site


@pytest.fixture
def real_site(browser: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who connects in this process gets a window of a browser that runs already."""
    monkeypatch.setattr(connection, "Site", partial(Visit, browser))


@pytest.fixture
def fake_site(running_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who connects in this process gets the sandbox without a browser."""
    monkeypatch.setattr(connection, "Site", partial(FakeSite, running_sandbox))


@pytest.fixture
def site_kind(request: pytest.FixtureRequest) -> None:
    """Who connects gets the fake, or what `IN_A_BROWSER` and its like in world.py say."""
    request.getfixturevalue(getattr(request, "param", "fake_site"))


@pytest.fixture(scope="session")
def running_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("sandbox"), creatives=60) as sandbox:
        yield sandbox


@pytest.fixture
def truth(running_sandbox: Sandbox) -> Truth:
    ask_sandbox(running_sandbox.origin, "reset", method="POST")
    return Truth(running_sandbox.origin)


@pytest.fixture
def bare_workspace(tmp_path: Path) -> Workspace:
    """A workspace without files that belongs to no site."""
    for part in ("tracking", "uploaded/Native/Video", "uploaded/Native/Image"):
        (tmp_path / "shop" / part).mkdir(parents=True)
    return Workspace((tmp_path / "shop").resolve())


@pytest.fixture
def workspace(bare_workspace: Workspace, truth: Truth) -> Workspace:
    """A workspace that belongs to the sandbox and is signed in there."""
    bind_to_sandbox(bare_workspace, truth.origin)
    return bare_workspace
