"""The site itself: what it remembers, in one SQLite file and a folder of media, and how it behaves at the moment."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from starlette.requests import Request

from tjtools.sandbox.faults import Faults
from tjtools.sandbox.words import Creative, NewCreative, Received, Script, Section, Settings, seeded

COOKIE = "sandbox_session"
FIRST_ID = 1_032_500_011
STEP = 10
FIRST_OPEN = Section.VIDEO  # what a new session's library shows at first
SCHEMA = """
CREATE TABLE IF NOT EXISTS creative (
    number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, section TEXT, dimensions TEXT, file_type TEXT,
    review_status TEXT, file_name TEXT, sha256 TEXT, uploaded_at REAL, media TEXT, shown_at REAL);
CREATE INDEX IF NOT EXISTS creative_by_section ON creative (section, number DESC);
CREATE INDEX IF NOT EXISTS creative_by_name ON creative (section, name);
CREATE TABLE IF NOT EXISTS session (token TEXT PRIMARY KEY, section TEXT);
CREATE TABLE IF NOT EXISTS received (
    file_name TEXT, section TEXT, sha256 TEXT, bytes INTEGER, outcome TEXT, creative_id TEXT, reason TEXT,
    started_at REAL, ended_at REAL);
"""
FORGET = "DELETE FROM creative; DELETE FROM session; DELETE FROM received; DELETE FROM sqlite_sequence;"
INSERT = """
INSERT INTO creative (name, section, dimensions, file_type, review_status, file_name, sha256, uploaded_at, media,
                      shown_at)
VALUES (:name, :section, :dimensions, :file_type, :review_status, :file_name, :sha256, :uploaded_at, :media, :shown_at)
"""
RECORD = f"INSERT INTO received VALUES ({', '.join(f':{field}' for field in Received.model_fields)})"  # noqa: S608 (our words)
SHOWN = "FROM creative WHERE section = ? AND shown_at <= ?"


class Site:
    """Everything the site knows, kept over restarts. Any thread may ask; one is answered at a time."""

    def __init__(self, folder: Path, creatives: int, settings: Settings, faults: Sequence[str]) -> None:
        self.folder = folder.resolve()
        self.media, self.incoming = folder / "media", folder / "incoming"
        self.media.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self.incoming, ignore_errors=True)  # uploads that the last stop cut off
        self.incoming.mkdir()
        self.resets = 0
        self.reset_connection: Callable[[tuple[str, int]], None] = lambda _client: None  # the server's
        self.end: Callable[[], bool] = lambda: False  # the server's: whether it ends when it is asked to
        self._usual = settings, faults
        self._behave_as_usual()
        self._lock = threading.RLock()
        self._db = sqlite3.connect(folder / "sandbox.sqlite3", check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        # a replica needn't outlive a power cut, only a restart
        self._db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;" + SCHEMA)
        if not self._seeded_with():
            self._db.execute(f"PRAGMA user_version = {creatives + 1:d}")
            self.reset()

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def reset(self) -> None:
        """As on the first day: the seeded library, no uploads, no sessions."""
        for kept in self.media.iterdir():
            kept.unlink()
        with self._lock, self._db:
            self._db.executescript(FORGET)
            self._db.executemany(INSERT, [_row(new) for new in seeded(self._seeded_with() - 1)])
        self._behave_as_usual()
        self.resets += 1

    def page(self, section: Section, start: int, length: int) -> tuple[list[Creative], int]:
        """One page of what a section shows now, newest first, and how many it shows in all."""
        known = (section.value, time.time())
        with self._lock:
            [[total]] = self._ask(f"SELECT COUNT(*) {SHOWN}", known)
            rows = self._ask(f"SELECT * {SHOWN} ORDER BY number DESC LIMIT ? OFFSET ?", (*known, length, start))
        return [_creative(row) for row in rows], total

    def creatives(self, section: Section | None = None) -> list[Creative]:
        """All of them, newest first, also those whose cards don't show yet."""
        wanted = (section.value if section else "",)
        rows = self._ask("SELECT * FROM creative WHERE ? IN (section, '') ORDER BY number DESC", wanted)
        return [_creative(row) for row in rows]

    def creative(self, creative_id: str) -> Creative | None:
        rows = self._ask("SELECT * FROM creative WHERE number = ?", (_number(creative_id),))
        return _creative(rows[0]) if rows else None

    def add(self, new: NewCreative, shown_at: float = 0, content: Path | None = None, poster: bytes = b"") -> Creative:
        """Take a creative in, its files before anybody sees it; its card shows from `shown_at`."""
        with self._lock, self._db:
            row = _row(new, shown_at)
            row["number"] = self._db.execute(INSERT, row).lastrowid
            creative = _creative(row)
            if content:
                content.replace(self.media / f"{creative.creative_id}.{new.media}")
            if poster:
                (self.media / f"{creative.creative_id}.poster.jpg").write_bytes(poster)
            return creative

    def take_in(self, new: NewCreative, shown_at: float, content: Path, poster: bytes) -> Creative | None:
        """The same; None where the section holds the name already and duplicates are dropped: nothing is said then."""
        name = (new.section.value, new.name)
        with self._lock:
            held = self._ask("SELECT 1 FROM creative WHERE section = ? AND name = ?", name)
            return None if held and self.settings.drops_duplicates else self.add(new, shown_at, content, poster)

    def change(self, creative: Creative) -> Creative | None:
        """Its name and review status; what it is then."""
        now = (creative.review_status, creative.name, _number(creative.creative_id))
        self._ask("UPDATE creative SET review_status = ?, name = ? WHERE number = ?", now)
        return self.creative(creative.creative_id)

    def delete(self, creative: Creative) -> Creative:
        self._ask("DELETE FROM creative WHERE number = ?", (_number(creative.creative_id),))
        for kept in self.media.glob(f"{creative.creative_id}.*"):
            kept.unlink()
        return creative

    def sign_in(self) -> str:
        token = secrets.token_urlsafe(24)
        self._ask("INSERT INTO session VALUES (?, ?)", (token, FIRST_OPEN.value))
        return token

    def open_section(self, token: str) -> Section | None:
        """The section that a session opened last; None where the session has expired."""
        rows = self._ask("SELECT section FROM session WHERE token = ?", (token,))
        return Section(rows[0]["section"]) if rows else None

    def remember_section(self, token: str, section: Section) -> None:
        self._ask("UPDATE session SET section = ? WHERE token = ?", (section.value, token))

    def sign_out(self, token: str | None = None) -> None:
        self._ask("DELETE FROM session WHERE coalesce(?, token) = token", (token,))

    def record(self, received: Received) -> None:
        self._ask(RECORD, received.model_dump(mode="json"))

    def received(self) -> list[Received]:
        """Every file that arrived, in the order in which they were answered."""
        return [Received(**dict(row)) for row in self._ask("SELECT * FROM received ORDER BY rowid")]

    def _behave_as_usual(self) -> None:
        self.settings, faults = self._usual
        self.faults = Faults(faults)
        self.scripts: dict[str, Script] = {}

    def _ask(self, sql: str, values: Sequence[object] | Mapping[str, object] = ()) -> list[sqlite3.Row]:
        with self._lock, self._db:
            return self._db.execute(sql, values).fetchall()

    def _seeded_with(self) -> int:
        """How many creatives this folder was seeded with, and one; 0: not yet."""
        [[version]] = self._ask("PRAGMA user_version")
        return int(version)


def _row(new: NewCreative, shown_at: float = 0) -> dict[str, Any]:
    kept = {"media": new.media, "shown_at": shown_at, "uploaded_at": new.uploaded_at or time.time()}
    return new.model_dump(mode="json") | kept


def _creative(row: sqlite3.Row | Mapping[str, Any]) -> Creative:
    values = dict(row)
    del values["shown_at"]
    return Creative(creative_id=_identity(values.pop("number")), **values)


def _identity(number: int) -> str:
    return str(FIRST_ID + STEP * (number - 1))


def _number(creative_id: str) -> int:
    """0, which no creative has, for what is no ID."""
    if not creative_id.isascii() or not creative_id.isdecimal() or (int(creative_id) - FIRST_ID) % STEP:
        return 0
    return (int(creative_id) - FIRST_ID) // STEP + 1


def site_of(request: Request[Any]) -> Site:
    site: Site = request.app.state.site
    return site


async def wait(seconds: float) -> None:
    if seconds > 0:
        await asyncio.sleep(seconds)
