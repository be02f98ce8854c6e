"""Notes which modules of the package a walk enters, in every process that is started for it.

Python imports this by itself: `walks.py` puts its folder onto PYTHONPATH. A walk begins when the file HOUSE_BEGIN is
opened, by whichever process, or where the script says so by `begin()`; it ends as soon as HOUSE_END holds something
that was written or renamed there, or with `end()`. In between, each function of the package that is called, or comes
back, counts its module as passed; what runs only because a module is imported does not.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from pathlib import Path
from types import FrameType

_PACKAGE, _FOLDER = os.environ.get("HOUSE_PACKAGE", ""), Path(os.environ.get("HOUSE_FOLDER", ""))
_BEGUN, _ENDED, _PASSED = str(_FOLDER / "begun"), str(_FOLDER / "ended"), str(_FOLDER / "passed")
_FUNCTION = 0x1  # the code flag that bodies of modules and classes lack
_WRITING = os.O_WRONLY | os.O_RDWR

_passed: set[str] = set()
_written = threading.Event()


def begin() -> None:
    """From now on, what is entered counts."""
    Path(_BEGUN).touch()


def end() -> None:
    """Nothing counts any more."""
    Path(_ENDED).touch()


def _note(frame: FrameType, event: str, _argument: object) -> None:
    code = frame.f_code
    if not code.co_filename.startswith(_PACKAGE) or not code.co_flags & _FUNCTION:
        return
    if not os.path.exists(_BEGUN) or os.path.exists(_ENDED):  # noqa: PTH110 (at each call: a Path takes five times as long)
        return
    if code.co_filename not in _passed and not _is_importing(frame):
        _passed.add(code.co_filename)
        with open(_PASSED, "a", encoding="utf-8") as file:  # noqa: PTH123 (the same)
            file.write(f"{os.path.relpath(code.co_filename, _PACKAGE)}\n")
    if event == "return" and _written.is_set():
        with suppress(OSError):
            if os.stat(os.environ["HOUSE_END"]).st_size:  # noqa: PTH116 (the same)
                end()


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_name == "_find_and_load":
            return True
        frame = frame.f_back
    return False


def _hear(event: str, told: tuple[object, ...]) -> None:
    if event == "open" and str(told[0]) == os.environ["HOUSE_BEGIN"]:
        begin()
    if event == "open" and str(told[0]) == os.environ["HOUSE_END"] and isinstance(told[2], int) and told[2] & _WRITING:
        _written.set()
    if event == "os.rename" and str(told[1]) == os.environ["HOUSE_END"]:
        _written.set()


if _PACKAGE:
    sys.addaudithook(_hear)
    threading.setprofile(_note)
    sys.setprofile(_note)
