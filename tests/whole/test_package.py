"""The package as a whole: its face, its floors, and what it must not hold."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import tjtools

PACKAGE = Path(tjtools.__file__).parent
FLOORS = (
    ("model",),
    ("workspace",),
    ("cache", "media", "site"),
    ("diff", "team"),
    ("prepare", "scrape"),
    ("upload",),
    ("analysis", "health", "practice"),
    ("widgets",),
    ("cli",),
)
APART = "sandbox"


def imported(path: Path) -> set[str]:
    """The rooms of ours that a module imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tjtools"):
            parts = (node.module or "").split(".")
            found |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("tjtools.")}
    return found


def test_the_visible_names_are_those_that_are_promised() -> None:
    modules = {path.stem for path in PACKAGE.iterdir()}
    visible = {name for name in vars(tjtools) if not name.startswith("_") and name not in modules}
    assert visible == set(tjtools.__all__)


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = {"pandas", "playwright", "pydantic", "typer", "av", "PIL", "numpy", "cv2", "faiss", "blake3"}
    code = f"import sys, tjtools; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_imports_only_descend() -> None:
    floor = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
    for path in PACKAGE.rglob("*.py"):
        room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if room in floor:
            upward = {other for other in imported(path) if other in floor and floor[other] > floor[room]}
            assert not upward, f"{path.relative_to(PACKAGE)} imports {upward}, which stand above it"


def test_no_face_imports_the_other() -> None:
    for face, other in (("cli", "widgets"), ("widgets", "cli")):
        assert other not in {room for path in (PACKAGE / face).rglob("*.py") for room in imported(path)}


def test_every_room_stands_on_a_floor() -> None:
    rooms = {path.name.removesuffix(".py") for path in PACKAGE.iterdir() if path.suffix in {"", ".py"}}
    assert rooms - {"__init__", "__main__", "__pycache__", APART} == {room for rooms in FLOORS for room in rooms}


def test_sandbox_and_driver_share_no_code() -> None:
    assert {room for path in (PACKAGE / APART).rglob("*.py") for room in imported(path)} <= {APART}
    assert APART not in {room for path in (PACKAGE / "site").rglob("*.py") for room in imported(path)}


def test_only_the_demo_takes_a_session_from_the_sandbox() -> None:
    knows = [path for path in PACKAGE.rglob("*.py") if "_sandbox/" in path.read_text("utf-8")]
    assert {path.relative_to(PACKAGE).parts[0] for path in knows} == {"practice", APART}
