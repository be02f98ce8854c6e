"""`tracking/metadata_defaults.csv`: what is not in a delivery's names, folder by folder; the deepest folder wins.

A row's `folder_path` is a whole path, or the end of one: `Sports` is each folder of a delivery that is called so,
`delivery 3/Sports` the one in `delivery 3`; an empty one, or `.`, is all. Lines that begin with `#` are comments.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path, PurePath
from typing import NamedTuple

from tjtools.model.names import folded
from tjtools.prepare.naming import FIELDS, checked
from tjtools.workspace.csvfile import BadLine, Form, line_of, quarantine, read_records, text_of
from tjtools.workspace.disk import Seen, locked, replace_file
from tjtools.workspace.folder import Workspace

COLUMNS = (
    "folder_path", "category_name", "model_sex", "style", "creator_name", "language", "content_type",
    "creative_description", "test_id",
)  # fmt: skip
_COMMENT = re.compile(r'^[ \t"]*#.*', re.MULTILINE)  # a spreadsheet puts it into quotes
_REMEDY = "Correct its first line, or move it away: what it told is asked anew."


class Defaults(NamedTuple):
    """What the file tells: rows and comments by their lines, bad lines, and the header, which is at `first`."""

    path: Path
    rows: Mapping[int, Mapping[str, str]] = {}
    comments: Mapping[int, str] = {}
    bad: tuple[BadLine, ...] = ()
    header: tuple[str, ...] = COLUMNS
    first: int = 1
    seen: Seen = Seen()

    @classmethod
    def load(cls, workspace: Workspace) -> Defaults:
        """Read it; a missing file tells nothing. Raises WrongHeader, NotText and TrackingFileError."""
        path = workspace.defaults
        seen, data, _ = Seen().follow(path)
        text = text_of(data, path, _REMEDY)[0].replace("\r\n", "\n")
        comments = {
            text.count("\n", 0, found.start()) + 1: found[0].strip('" \t,;') for found in _COMMENT.finditer(text)
        }
        bare = _COMMENT.sub("", text)
        records = read_records(bare.encode(), path, ("folder_path",), _REMEDY)
        form = records.form or Form(COLUMNS)
        rows, bad = dict[int, dict[str, str]](), []
        for line, fields in records:
            row = dict(zip(form.header, fields, strict=True))
            try:
                rows[line] = row | {name: checked(name, row[name]) for name in FIELDS if row.get(name, "").strip()}
            except ValueError as error:
                bad.append(BadLine(line, str(error), records.text))
        bad = sorted([*bad, *records.bad], key=lambda one: one.line)
        header = (*form.header, *(name for name in COLUMNS if name not in form.header))
        first = bare.count("\n", 0, len(bare) - len(bare.lstrip())) + 1
        first += first in comments  # where nothing else is there
        return cls(path, rows, comments, tuple(bad), header, first, seen)

    def of(self, folder: Path, *, above: bool = False) -> dict[str, str]:
        """What it tells of one folder itself, of none around it; `above` a delivery: by whole paths only."""
        here, found = _parts(str(folder)), list[tuple[int, Mapping[str, str]]]()
        for row in self.rows.values():
            told = _parts(row["folder_path"])
            if told and here[-len(told) :] == told and not (above and len(told) < len(here)):
                found.append((len(told), row))
        found.sort(key=lambda one: one[0])
        return {name: value for _, row in found for name, value in _told(row)}

    @property
    def everywhere(self) -> dict[str, str]:
        """What it tells of all folders."""
        return {
            name: value for row in self.rows.values() if not _parts(row["folder_path"]) for name, value in _told(row)
        }

    def save(self, answers: Mapping[str, Mapping[str, str]], *, now: datetime) -> None:
        """Write down what was answered for each folder, with comments and other rows as they are, and a backup.

        Lines that can't be used are moved to the quarantine file. Raises TrackingFileError.
        """
        rows = {**self.rows}
        left = {f"./{folder}" if _COMMENT.match(folder) else folder: told for folder, told in answers.items()}
        for line, row in self.rows.items():
            if answer := left.pop(row["folder_path"].strip(), None):
                rows[line] = {**row, **answer}
        rows |= {10**9 + number: {"folder_path": folder, **told} for number, (folder, told) in enumerate(left.items())}
        lines = {line: line_of([row.get(name, "") for name in self.header]) for line, row in rows.items()}
        lines |= {self.first: line_of(self.header), **{at: f"{text}\n" for at, text in self.comments.items()}}
        whole = "".join(lines[at] for at in sorted(lines))
        with locked(self.path):
            quarantine(self.path, self.bad)
            replace_file(self.path, whole.encode(), seen=self.seen, backup=now)


def _told(row: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    return ((name, row[name]) for name in FIELDS if row.get(name, "").strip())


def _parts(path: str) -> list[str]:
    bare = PurePath(path.strip().replace("\\", "/"))
    return [folded(part) for part in bare.parts if part != "."]
