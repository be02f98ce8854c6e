"""The sandbox's memory: one SQLite file and a folder of media, kept over restarts."""

from __future__ import annotations

import secrets
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tjtools.sandbox.library import seeded
from tjtools.sandbox.words import Creative, NewCreative, Outcome, Received, ReviewStatus, Section, plain

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
FORGET = ("DELETE FROM creative", "DELETE FROM session", "DELETE FROM received", "DELETE FROM sqlite_sequence")
INSERT = """
INSERT INTO creative (name, section, dimensions, file_type, review_status, file_name, sha256, uploaded_at, media,
                      shown_at)
VALUES (:name, :section, :dimensions, :file_type, :review_status, :file_name, :sha256, :uploaded_at, :media, :shown_at)
"""


class Store:
    """Everything the site knows. Any thread may ask; one is answered at a time."""

    def __init__(self, folder: Path, creatives: int) -> None:
        self.folder = folder.resolve()
        self.media, self.incoming = folder / "media", folder / "incoming"
        self.media.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self.incoming, ignore_errors=True)  # uploads that the last stop cut off
        self.incoming.mkdir()
        self._lock = threading.Lock()
        self._db = sqlite3.connect(folder / "sandbox.sqlite3", check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        # a replica needn't outlive a power cut, only a restart
        self._db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;" + SCHEMA)
        if self._seeds() is None:
            self._db.execute(f"PRAGMA user_version = {creatives + 1:d}")
            self.reset()

    def close(self) -> None:
        """Let go of the files."""
        with self._lock:
            self._db.close()

    def reset(self) -> None:
        """Back to the seeded library: no uploads, no sessions."""
        for kept in self.media.iterdir():
            kept.unlink()
        with self._transaction() as db:
            for everything in FORGET:
                db.execute(everything)
            db.executemany(INSERT, [_row(new, 0) for new in seeded(self._seeds() or 0)])

    def page(self, section: Section, start: int, length: int) -> tuple[list[Creative], int]:
        """One page of what a section shows now, newest first, and how many it shows in all."""
        shown = "FROM creative WHERE section = ? AND shown_at <= ?"
        with self._transaction() as db:
            known = (section.value, time.time())
            total = db.execute(f"SELECT COUNT(*) {shown}", known).fetchone()[0]
            rows = db.execute(
                f"SELECT * {shown} ORDER BY number DESC LIMIT ? OFFSET ?",
                (*known, length, start),
            )
            return [_creative(row) for row in rows], total

    def creatives(self, section: Section | None = None) -> list[Creative]:
        """All of them, newest first, also those whose cards don't show yet."""
        with self._transaction() as db:
            rows = db.execute(
                "SELECT * FROM creative WHERE ? IN (section, '') ORDER BY number DESC",
                (section.value if section else "",),
            )
            return [_creative(row) for row in rows]

    def creative(self, creative_id: str) -> Creative | None:
        """One of them."""
        with self._transaction() as db:
            row = db.execute("SELECT * FROM creative WHERE number = ?", (_number(creative_id),)).fetchone()
            return _creative(row) if row else None

    def add(self, new: NewCreative, shown_at: float = 0) -> Creative:
        """Take a creative in; its card shows from `shown_at`."""
        with self._transaction() as db:
            return self._insert(db, new, shown_at)

    def take_in(
        self, new: NewCreative, shown_at: float, keep: Callable[[str], None], *, drops_duplicates: bool
    ) -> Creative | None:
        """None where the section holds the name already and duplicates are dropped: the site says nothing then.

        `keep` gets the new ID and puts the files where they belong, before anybody sees the creative.
        """
        with self._transaction() as db:
            held = db.execute("SELECT 1 FROM creative WHERE section = ? AND name = ?", (new.section.value, new.name))
            if drops_duplicates and held.fetchone():
                return None
            creative = self._insert(db, new, shown_at)
            keep(creative.creative_id)
            return creative

    def change(self, creative_id: str, review_status: ReviewStatus | None, name: str | None) -> None:
        """Review or rename a creative."""
        status = review_status.value if review_status else None
        with self._transaction() as db:
            db.execute(
                "UPDATE creative SET review_status = coalesce(?, review_status), name = coalesce(?, name)"
                " WHERE number = ?",
                (status, name, _number(creative_id)),
            )

    def delete(self, creative_id: str) -> None:
        """Take a creative out, and its files."""
        with self._transaction() as db:
            db.execute("DELETE FROM creative WHERE number = ?", (_number(creative_id),))
        for kept in self.media.glob(f"{_identity(_number(creative_id))}.*"):
            kept.unlink()

    def sign_in(self) -> str:
        """Open a session; its token."""
        token = secrets.token_urlsafe(24)
        with self._transaction() as db:
            db.execute("INSERT INTO session VALUES (?, ?)", (token, FIRST_OPEN.value))
        return token

    def open_section(self, token: str) -> Section | None:
        """The section that a session opened last; None where the session has expired."""
        with self._transaction() as db:
            row = db.execute("SELECT section FROM session WHERE token = ?", (token,)).fetchone()
            return Section(row["section"]) if row else None

    def remember_section(self, token: str, section: Section) -> None:
        """Keep the section that a session opens."""
        with self._transaction() as db:
            db.execute("UPDATE session SET section = ? WHERE token = ?", (section.value, token))

    def sign_out(self, token: str | None = None) -> None:
        """End one session, or all."""
        with self._transaction() as db:
            db.execute("DELETE FROM session WHERE coalesce(?, token) = token", (token,))

    def record(self, received: Received) -> None:
        """Remember a received file."""
        with self._transaction() as db:
            db.execute(
                "INSERT INTO received VALUES (:file_name, :section, :sha256, :bytes, :outcome, :creative_id, :reason,"
                " :started_at, :ended_at)",
                plain(received),
            )

    def received(self) -> list[Received]:
        """Every file that arrived, in the order in which they were answered."""
        with self._transaction() as db:
            rows = [dict(row) for row in db.execute("SELECT * FROM received ORDER BY rowid")]
        return [
            Received(**row | {"section": Section(row["section"]), "outcome": Outcome(row["outcome"])}) for row in rows
        ]

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._db:
            yield self._db

    def _seeds(self) -> int | None:
        """How many creatives this folder was seeded with; None: not yet."""
        version: int = self._db.execute("PRAGMA user_version").fetchone()[0]
        return version - 1 if version else None

    def _insert(self, db: sqlite3.Connection, new: NewCreative, shown_at: float) -> Creative:
        new = replace(new, uploaded_at=new.uploaded_at or time.time())
        number = db.execute(INSERT, _row(new, shown_at)).lastrowid or 0
        return Creative(creative_id=_identity(number), **{name: getattr(new, name) for name in plain(new)})


def _row(new: NewCreative, shown_at: float) -> dict[str, Any]:
    return plain(new) | {"shown_at": shown_at}


def _creative(row: sqlite3.Row) -> Creative:
    values = dict(row)
    del values["shown_at"]
    return Creative(
        creative_id=_identity(values.pop("number")),
        section=Section(values.pop("section")),
        review_status=ReviewStatus(values.pop("review_status")),
        **values,
    )


def _identity(number: int) -> str:
    return str(FIRST_ID + STEP * (number - 1))


def _number(creative_id: str) -> int:
    """0, which no creative has, for what is no ID."""
    if not creative_id.isascii() or not creative_id.isdecimal() or (int(creative_id) - FIRST_ID) % STEP:
        return 0
    return (int(creative_id) - FIRST_ID) // STEP + 1
