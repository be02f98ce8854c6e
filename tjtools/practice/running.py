"""The practice site as a process of its own, which lives as long as any program of ours needs it, and no longer.

Who needs it holds the lease, a lock that many can share: it is free when they have ended, however they did. Then the
site takes it alone and ends, so that nobody comes to need it in that moment.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from filelock import ReadWriteLock, Timeout

from tjtools.sandbox import Sandbox

LOOKS_EVERY = 0.5  # seconds between two looks whether anybody needs it


def lease(path: Path) -> ReadWriteLock:
    """The lease of a site; each holder has one of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return ReadWriteLock(path, is_singleton=False)


def start(folder: Path, port: int, leased: Path) -> subprocess.Popen[bytes]:
    """Start the site in a process that outlives this one, and its terminal, where others need it too."""
    command = [sys.executable, "-m", __name__, str(folder), str(port), str(leased)]
    none = subprocess.DEVNULL
    group = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)  # on Windows: Ctrl-C is not for it
    process = subprocess.Popen(  # noqa: S603
        command, stdin=none, stdout=none, stderr=none, start_new_session=True, creationflags=group
    )
    threading.Thread(target=process.wait, daemon=True).start()  # whenever it ends, this process hears of it
    return process


def main(folder: str, port: str, leased: str) -> None:
    """Serve until nobody needs it, or until the last one who did asks it to end."""
    ending, alone = threading.Event(), lease(Path(leased))
    with Sandbox(Path(folder), port=int(port), ending=ending):
        while not ending.wait(LOOKS_EVERY):
            with suppress(Timeout):
                alone.acquire_write(blocking=False)
                break


if __name__ == "__main__":
    main(*sys.argv[1:])
