"""A session to practise with is drawn once for all tests, of whatever process: its forty videos take ten seconds."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tjtools.practice import samples


@contextmanager
def drawn_once(folder: Path) -> Iterator[None]:
    """What a planned file holds lies in the folder, by all that the plan says of it but its name."""
    write = samples._write

    def write_or_copy(path: Path, file: samples.SampleFile) -> None:
        told = hashlib.sha256(repr(file._replace(name="")).encode()).hexdigest()[:20]
        kept = folder / f"{told}{path.suffix}"
        if not kept.exists():
            with tempfile.TemporaryDirectory(dir=folder) as beside:  # two processes may draw it at once
                drawn = Path(beside) / f"drawn{path.suffix}"
                write(drawn, file)
                drawn.replace(kept)
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(kept, path)

    folder.mkdir(parents=True, exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(samples, "_write", write_or_copy)
        yield
