"""What can be made again, in one SQLite file in the user's cache directory: fingerprints, pictures, coverage, times.

`TJTOOLS_CACHE` names another directory. Each value stands under its workspace, its kind and its key. The workspace is
known by its path, and by a name that lies in `tracking/.tjtools/cache-name`: another one in its place begins anew. The
file is thrown away where it is damaged, or of another version; where it can't be opened, or another process holds it
for too long, the work goes on without it. So nothing here may be needed: it only saves time.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from tjtools.workspace.csvfile import read_table
from tjtools.workspace.folder import Workspace
from tjtools.workspace.log import BEFORE, NO_JSON

log = logging.getLogger("tjtools")

VARIABLE = "TJTOOLS_CACHE"
FINGERPRINTS, PICTURES, COVERAGE, LAST_SEEN = "fingerprints", "pictures", "coverage", "last seen"
_EARLIER = {FINGERPRINTS: "fingerprints.csv", COVERAGE: "covered.json", LAST_SEEN: "last_seen.json"}
_VERSION = 1
_PATIENCE = 5.0  # seconds to wait for another process
_ODD = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_SCHEMA}
_TABLE = "CREATE TABLE IF NOT EXISTS kept (place, kind, key, value, PRIMARY KEY (place, kind, key)) WITHOUT ROWID"
_T = TypeVar("_T")


def cache_file() -> Path:
    """The file, whether it is there or not."""
    if told := os.environ.get(VARIABLE):
        return Path(told) / "derived.sqlite3"
    import platformdirs

    return platformdirs.user_cache_path("tjtools", appauthor=False) / "derived.sqlite3"


class Derived(NamedTuple):
    """What is kept of one workspace."""

    workspace: Workspace

    def load(self, kind: str, read: Callable[[Any], _T]) -> dict[str, _T]:
        """All values of a kind by their keys, each as `read` takes it; what it refuses is left out."""
        found: dict[str, _T] = {}
        for key, value in (self._kept(kind) or self._earlier(kind)).items():
            with suppress(ValueError, TypeError, LookupError, ArithmeticError, AttributeError):
                found[key] = read(value)
        return found

    def keep(self, kind: str, values: Mapping[str, Any]) -> None:
        """Keep values by their keys; what is known of others stays."""
        there = self._ask("SELECT 1 FROM kept WHERE place = ? AND kind = ? LIMIT 1", kind)
        before = {} if there else self._earlier(kind)
        self._put(kind, {key: json.dumps(value) for key, value in (before | dict(values)).items()})

    def picture(self, checksum: str) -> bytes | None:
        """The jpg that is kept of a content."""
        told = self._ask("SELECT value FROM kept WHERE place = ? AND kind = ? AND key = ?", PICTURES, checksum)
        return next((value for (value,) in told if isinstance(value, bytes)), None)

    def keep_picture(self, checksum: str, jpg: bytes) -> bool:
        """Keep the jpg of a content; False where it can't be kept."""
        return self._put(PICTURES, {checksum: jpg})

    def _earlier(self, kind: str) -> dict[str, Any]:
        """What a file of version 0.1 held, by its keys; nothing where there is none, or where it is damaged."""
        private, name = self.workspace.private, _EARLIER[kind]
        for path in (private / name, private / "backups" / BEFORE / name):
            with suppress(OSError, *NO_JSON):
                if path.suffix == ".csv" and path.exists():
                    return {row["path"]: row for row in read_table(path, ("path",)).rows}
                return dict(json.loads(path.read_text("utf-8")))
        return {}

    def _kept(self, kind: str) -> dict[str, Any]:
        told = self._ask("SELECT key, value FROM kept WHERE place = ? AND kind = ?", kind)
        try:
            return {str(key): json.loads(value) for key, value in told}
        except (ValueError, TypeError, RecursionError):
            _throw_away()
            return {}

    def _ask(self, query: str, kind: str, *more: str) -> list[tuple[Any, ...]]:
        place = self._place
        if not place or not cache_file().exists():
            return []
        return _work(lambda base: base.execute(query, (place, kind, *more)).fetchall()) or []

    def _put(self, kind: str, values: Mapping[str, str | bytes]) -> bool:
        self._name()
        rows = [(self._place, kind, key, value) for key, value in values.items()]

        def put(base: sqlite3.Connection) -> bool:
            base.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?, ?, ?)", rows)
            base.commit()
            return True

        return bool(self._place and rows and _work(put))

    @property
    def _place(self) -> bytes:
        """By what the workspace is known; nothing where it has no name yet."""
        with suppress(OSError):
            return os.fsencode(self.workspace.root) + self._name_file.read_bytes()
        return b""

    @property
    def _name_file(self) -> Path:
        return self.workspace.private / "cache-name"

    def _name(self) -> None:
        """Give the workspace a name, where nobody has done so."""
        with suppress(OSError):
            self._name_file.parent.mkdir(parents=True, exist_ok=True)
            with self._name_file.open("xb") as file:
                file.write(os.urandom(8).hex().encode())


def _work(work: Callable[[sqlite3.Connection], _T]) -> _T | None:
    """Do it, once more after a file that is odd was thrown away; None where it can't be done."""
    for _ in range(2):
        try:
            with closing(_opened()) as base:
                return work(base)
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF not in _ODD:
                log.debug("%s: %s", cache_file(), error)
                return None
            _throw_away()
        except (OSError, sqlite3.Error) as error:
            log.debug("%s: %s", cache_file(), error)
            return None
    return None


def _opened() -> sqlite3.Connection:
    path = cache_file()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    base = sqlite3.connect(path, timeout=_PATIENCE)
    base.execute("PRAGMA synchronous = OFF")  # what a power failure tears is thrown away
    if (version := base.execute("PRAGMA user_version").fetchone()[0]) != _VERSION:
        if version or base.execute("SELECT 1 FROM sqlite_master").fetchone():
            base.close()
            raise sqlite3.DatabaseError(f"version {version}")
        base.execute(_TABLE)
        base.execute(f"PRAGMA user_version = {_VERSION}")
    return base


def _throw_away() -> None:
    log.debug("%s is thrown away: it is damaged, or of another version", cache_file())
    for name in (cache_file(), cache_file().with_name(f"{cache_file().name}-journal")):
        with suppress(OSError):
            name.unlink(missing_ok=True)
