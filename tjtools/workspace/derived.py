"""What can be made again, in one SQLite file in the user's cache directory, or in `TJTOOLS_CACHE`.

A workspace is known by its path and by a name in `tracking/.tjtools/cache-name`: another one in its place begins anew.
The file is thrown away where it is damaged or of another version, and done without where it can't be used.
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

import platformdirs

from tjtools.workspace.folder import Workspace
from tjtools.workspace.log import BEFORE, NO_JSON

log = logging.getLogger("tjtools")

VARIABLE = "TJTOOLS_CACHE"
KEPT_PLACES = 20
FINGERPRINTS, COVERAGE, LAST_SEEN = "fingerprints", "coverage", "last seen"
STRIPS, LOOKS, MARKS = "pictures", "looks", "marks 5"  # bytes, by checksums
KINSHIPS = "kinships"  # of two checksums
_EARLIER = {COVERAGE: "covered.json", LAST_SEEN: "last_seen.json"}
_VERSION = 1
_TABLE = "CREATE TABLE IF NOT EXISTS kept (place, kind, key, value, PRIMARY KEY (place, kind, key)) WITHOUT ROWID"
_PATIENCE = 5.0  # seconds to wait for another process
_ODD = {
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_SCHEMA,
    sqlite3.SQLITE_READONLY,
}
_T = TypeVar("_T")


def cache_file() -> Path:
    """The file, whether it is there or not."""
    folder = os.environ.get(VARIABLE) or platformdirs.user_cache_path("tjtools", appauthor=False)
    return Path(folder) / "derived.sqlite3"


def _places_file() -> Path:
    return cache_file().with_name("workspaces.txt")


def remember(workspace: Workspace) -> None:
    """Note that this user works in it; where that can't be noted, it is not among the `opened`."""
    told = [str(workspace.root), *(root for root in _noted() if root != str(workspace.root))]
    with suppress(OSError, UnicodeEncodeError):
        _places_file().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _places_file().write_bytes("".join(f"{root}\n" for root in told[:KEPT_PLACES]).encode())


def opened() -> list[str]:
    """Where the workspaces are that this user has worked in, and that are still there; the last one first."""
    return [root for root in _noted() if _is_there(Path(root))]


def _is_there(root: Path) -> bool:
    with suppress(OSError):  # another user's rights, or a share that is gone, bar the way
        return (root / "tracking").is_dir() or (root / "tjtools.toml").is_file()
    return False


def _noted() -> list[str]:
    try:
        return [line for line in _places_file().read_text("utf-8").splitlines() if line.strip()]
    except (OSError, ValueError):
        return []


class Derived(NamedTuple):
    """What is kept of one workspace."""

    workspace: Workspace

    def load(self, kind: str, read: Callable[[Any], _T]) -> dict[str, _T]:
        """All values of a kind by their keys, each as `read` takes it; what it refuses is left out."""
        found: dict[str, _T] = {}
        told = (
            self._ask("SELECT key, value FROM kept WHERE place = ? AND kind = ?", kind) or self._earlier(kind).items()
        )
        for key, value in told:
            with suppress(ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError):
                found[str(key)] = read(json.loads(value))
        return found

    def keep(self, kind: str, values: Mapping[str, Any]) -> None:
        """Keep values by their keys; what is known of others stays."""
        there = kind not in _EARLIER or self._ask("SELECT 1 FROM kept WHERE place = ? AND kind = ? LIMIT 1", kind)
        before = {} if there else self._earlier(kind)
        self._put({(kind, key): value for key, value in before.items()} | _told(kind, values))

    def bytes_of(self, kind: str, key: str) -> bytes | None:
        """The bytes that are kept under a key."""
        told = self._ask("SELECT value FROM kept WHERE place = ? AND kind = ? AND key = ?", kind, key)
        return next((value for (value,) in told if isinstance(value, bytes)), None)

    def all_bytes(self, kind: str) -> dict[str, bytes]:
        """All that is kept of a kind, by its keys."""
        told = self._ask("SELECT key, value FROM kept WHERE place = ? AND kind = ?", kind)
        return {str(key): value for key, value in told if isinstance(value, bytes)}

    def keys(self, kind: str) -> set[str]:
        """Under which keys something of a kind is kept."""
        return {str(key) for (key,) in self._ask("SELECT key FROM kept WHERE place = ? AND kind = ?", kind)}

    def keep_bytes(self, kind: str, key: str, value: bytes) -> bool:
        """Keep bytes under a key; False where they can't be kept."""
        return self._put({(kind, key): value})

    def keep_together(self, values: Mapping[str, Mapping[str, Any]], data: Mapping[tuple[str, str], bytes]) -> bool:
        """Keep values by kind and key, and bytes, all or none: so it costs what one of them does."""
        told = {each: one for kind, ones in values.items() for each, one in _told(kind, ones).items()}
        return self._put({**data, **told})

    def _earlier(self, kind: str) -> dict[str, str]:
        """What a file of version 0.1 held, by its keys; nothing where there is none, or where it is damaged.

        Its fingerprints lack what is asked of a file now: each file is looked at again.
        """
        name, private = _EARLIER.get(kind), self.workspace.private
        for path in (private / name, private / "backups" / BEFORE / name) if name else ():
            with suppress(OSError, *NO_JSON):
                return {str(key): json.dumps(value) for key, value in dict(json.loads(path.read_text("utf-8"))).items()}
        return {}

    def _ask(self, query: str, kind: str, *more: str) -> list[tuple[Any, ...]]:
        place = self._place()
        if not place or not cache_file().exists():
            return []
        return _work(lambda base: base.execute(query, (place, kind, *more)).fetchall()) or []

    def _put(self, values: Mapping[tuple[str, str], str | bytes]) -> bool:
        place = self._place(new=True)
        rows = [(place, *both, value) for both, value in values.items()]
        query = "INSERT OR REPLACE INTO kept VALUES (?, ?, ?, ?)"
        return bool(place and rows and _work(lambda base: base.executemany(query, rows)))

    def _place(self, *, new: bool = False) -> bytes:
        path = self.workspace.private / "cache-name"
        with suppress(OSError):
            if new and not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                with suppress(FileExistsError), path.open("xb") as file:
                    file.write(os.urandom(8).hex().encode())
            return os.fsencode(self.workspace.root) + path.read_bytes()
        return b""


def _told(kind: str, values: Mapping[str, Any]) -> dict[tuple[str, str], str | bytes]:
    return {(kind, key): json.dumps(value) for key, value in values.items()}


def _work(work: Callable[[sqlite3.Connection], _T]) -> _T | None:
    """Do it, once more after a file that is odd was thrown away; None where it can't be done."""
    path = cache_file()
    for _ in range(2):
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with closing(sqlite3.connect(path, timeout=_PATIENCE)) as base:
                base.execute("PRAGMA synchronous = OFF")  # what a power failure tears is thrown away
                if not (version := base.execute("PRAGMA user_version").fetchone()[0]):
                    base.execute(_TABLE)
                    base.execute(f"PRAGMA user_version = {_VERSION}")
                elif version != _VERSION:
                    raise sqlite3.DatabaseError(f"version {version}")
                done = work(base)
                if base.in_transaction:
                    base.commit()
                return done
        except (OSError, sqlite3.Error, UnicodeDecodeError) as error:  # the last: a message that quotes what is torn
            log.debug("%s: %s", path, error)
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
            if isinstance(error, OSError) or code not in _ODD:
                return None
        for name in (path, path.with_name(f"{path.name}-journal")):
            with suppress(OSError):
                name.unlink(missing_ok=True)
    return None
