"""What was handed over to the site and what came of it: one JSON line an event, on disk before the event goes on.

`tracking/.tjtools/journal.jsonl`, append only::

    {"at": "2025-11-13T12:00:00+00:00", "run": "20251113_120000", "event": "handed_over", "section": "Native Rollover", "files": ["a.mp4"]}
    {"at": "2025-11-13T12:00:09+00:00", "run": "20251113_120000", "event": "settled", "section": "Native Rollover", "file": "a.mp4", "status": "success", "creative_id": "1032530571"}

A file that was handed over and has not been settled since, or on which the site timed out (`stalled`), is in doubt: the
site may hold it. A line that a crash tore is
an event that did not happen, since each event waits for its line.
"""  # noqa: E501 (whole lines, as they are in the file)

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tjtools.csvfile import locked
from tjtools.errors import TrackingFileError
from tjtools.models import Section, SessionFile

STALLED = "stalled"


@dataclass(frozen=True, slots=True)
class Journal:
    """The journal of one workspace; `path` need not exist yet."""

    path: Path

    def handed_over(self, files: Iterable[SessionFile], *, section: Section, run: str, now: datetime) -> None:
        """Note, before it happens, that these files go to the site."""
        names = [file.name for file in files]
        self._append([{"at": now, "run": run, "event": "handed_over", "section": section.value, "files": names}])

    def settled(
        self, outcomes: Iterable[tuple[SessionFile, str, str]], *, section: Section, run: str, now: datetime
    ) -> None:
        """Note what is known of files that were handed over: each with its status and Creative ID (`""`: none)."""
        told = {"at": now, "run": run, "event": "settled", "section": section.value}
        self._append([told | {"file": file.name, "status": how, "creative_id": ID} for file, how, ID in outcomes])

    def stalled(self) -> set[tuple[Section, str]]:
        """The files in doubt on which the site timed out: it may still be at work on them."""
        last = {(Section(event["section"]), event["file"]): event["status"] for event in self._events("settled")}
        return {key for key, status in last.items() if status == STALLED}

    def hand_overs(self) -> Counter[tuple[Section, str]]:
        """How often each file of each section was handed over."""
        return Counter(
            (Section(event["section"]), name) for event in self._events("handed_over") for name in event["files"]
        )

    def in_doubt(self) -> set[tuple[Section, str]]:
        """The files, by section and name, of which nobody knows whether the site holds them."""
        doubt: set[tuple[Section, str]] = set()
        for event in self._events():
            section = Section(event["section"])
            if event["event"] == "handed_over":
                doubt |= {(section, name) for name in event["files"]}
            elif event["status"] != STALLED:
                doubt.discard((section, event["file"]))
        return doubt

    def paces(self) -> dict[Section, list[float]]:
        """Of each section, how many seconds a file took in each batch that was settled, oldest batch first."""
        begun: dict[tuple[str, Section], tuple[datetime, set[str]]] = {}
        ended: dict[tuple[str, Section, datetime], tuple[datetime, int]] = {}
        for event in self._events():
            section, at = Section(event["section"]), datetime.fromisoformat(event["at"])
            if event["event"] == "handed_over":
                begun[event["run"], section] = at, set(event["files"])
                continue
            start, names = begun.get((event["run"], section), (at, set()))
            if event["file"] in names and event["status"] != STALLED:
                ended[event["run"], section, start] = at, len(names)
        paces: dict[Section, list[float]] = {}
        for (_, section, start), (end, files) in ended.items():
            paces.setdefault(section, []).append((end - start).total_seconds() / files)
        return paces

    def _events(self, kind: str = "") -> list[dict[str, str]]:
        if not self.path.exists():
            return []
        found = []
        for number, line in enumerate(self.path.read_bytes().splitlines(), start=1):
            try:
                event = json.loads(line)
            except ValueError:  # torn by a crash
                continue
            if not _is_event(event):
                raise TrackingFileError(
                    "this is no event of the journal.", path=self.path, line=number, remedy="Remove the line."
                )
            found.append(event)
        return [event for event in found if kind in ("", event["event"])]

    def _append(self, events: Iterable[dict[str, object]]) -> None:
        lines = b"".join(json.dumps(event, default=datetime.isoformat).encode() + b"\n" for event in events)
        if not lines:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with locked(self.path), self.path.open("ab+") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                lines = lines if file.read(1) == b"\n" else b"\n" + lines
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())


def _is_event(event: object) -> bool:
    if not isinstance(event, dict) or event.get("section") not in {section.value for section in Section}:
        return False
    needed = {"handed_over": {"files"}, "settled": {"file", "status", "creative_id"}}.get(event.get("event", ""))
    return needed is not None and needed <= event.keys()
