"""The child process: answers one JSON line for each that it reads, until its standard input ends.

It is ended from outside whenever it takes too long, and whatever crashes it crashes it alone.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

MOST_MEMORY = 3 << 30  # bytes of address space; a file that needs more is no creative
_PIECE = 1 << 20


def main() -> None:
    """Answer requests."""
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what a decoder prints is no answer
    _limit_memory()
    for line in sys.stdin:
        answers.write(json.dumps(_answer(json.loads(line))) + "\n")
        answers.flush()


def _answer(request: dict[str, str]) -> dict[str, Any]:
    path = Path(request["path"])
    began = time.perf_counter()
    try:
        before = path.stat()
        told = _checksum(path) if request["what"] == "checksum" else _look(path)
        after = path.stat()
    except (OSError, MemoryError) as error:
        return {"trouble": _in_words(error), "lasting": False}
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        return {"trouble": "it changed while it was read", "lasting": False}
    return {"bytes": after.st_size, "mtime_ns": after.st_mtime_ns, "seconds": time.perf_counter() - began, **told}


def _checksum(path: Path) -> dict[str, Any]:
    from blake3 import blake3

    kept, piece = blake3(), memoryview(bytearray(_PIECE))
    with path.open("rb", buffering=0) as file:
        while length := file.readinto(piece):
            kept.update(piece[:length])
    return {"checksum": kept.hexdigest()}


def _look(path: Path) -> dict[str, Any]:
    from tjtools.media.decode import look

    facts, looks, strip = look(path)
    return {"facts": facts._asdict(), "looks": looks, "strip": strip}


def _in_words(error: OSError | MemoryError) -> str:
    if isinstance(error, MemoryError):
        return "it needs more memory than any creative does"
    return error.strerror or str(error)


def _limit_memory() -> None:
    if sys.platform != "win32":
        import resource

        allowed = resource.getrlimit(resource.RLIMIT_AS)[1]
        most = MOST_MEMORY if allowed == resource.RLIM_INFINITY else min(MOST_MEMORY, allowed)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
