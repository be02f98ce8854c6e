"""Coverage-guided fuzzing of the CSV reader and of the library: random bytes, and what grows out of valid files.

    python -m pip install -e '.[fuzz]'
    python tests/fuzz/csv_reader.py -max_total_time=600

Further arguments are libFuzzer's. What is asserted: no error but ours; every record and every bad line
stands on a line of its own; what was read and written again holds the same records. A finding is an input file and a
traceback; put the input into `tests/fuzz/test_damaged.py`.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["tjtools"]):
    from tjtools.cache.library import Library
    from tjtools.cache.rows import COLUMNS, fields_of
    from tjtools.cache.snapshots import read_snapshot
    from tjtools.diff.libraries import diff_libraries
    from tjtools.model.errors import TJToolsError, TrackingFileError
    from tjtools.workspace.csvfile import append_rows, encoded, read_table

TABLE = ("id", "name", "note")
SEEDS = (
    'id,name,note\n1,a,x\n2,"b, c",y\n3,"two\nlines","a ""b"""\n',
    "id;name;note\r\n1;a,b;x\r\n\r\n2;b\r\n",
    'note,more,id,name\nx,m,1,a\n,,2,"b',
    ",".join(COLUMNS) + "\n1032530571,a.mp4,2025-11-13,640x360,mp4,native_video,pending\n"
    '1032530571,a,,640x360,,Native Rollover,Approved\n1.03E+09,b,,,,,\n1032530581,"say ""hi""",,,,,removed\n',
    ";".join(COLUMNS) + "\n007;c.png;13.11.2025;300x250;.PNG;image;rejected\n99999999999999999999;d;;;;;\n",
)


def one_input(data: bytes) -> None:
    """What one input has to bear."""
    path, again = FOLDER / "input.csv", FOLDER / "again.csv"
    path.write_bytes(data)
    table(path, again)
    library(path, again)
    if len(data) % 8 == 0:  # locks, and waits for the disk
        appended(path)


def table(path: Path, again: Path) -> None:
    """Any table, with the three columns or with those of the library."""
    for columns in (TABLE, COLUMNS):
        try:
            found = read_table(path, columns)
        except TrackingFileError:
            continue
        places = [*found.lines, *(bad.line for bad in found.bad)]
        assert len(set(places)) == len(places)
        assert all(bad.reason for bad in found.bad)
        again.write_bytes(b"".join(encoded(again, [found.header, *(list(row.values()) for row in found.rows)])))
        second = read_table(again, columns)
        assert (second.rows, second.bad) == (found.rows, ())


def library(path: Path, again: Path) -> None:
    """The library's own reading, and the strict one of a snapshot."""
    try:
        found = Library.load(path)
    except TrackingFileError:
        return
    creatives = list(found)
    assert all(bad.line > 0 and bad.reason for bad in found.bad_lines)
    again.write_bytes(b"".join(encoded(again, [COLUMNS, *map(fields_of, creatives)])))
    second = Library.load(again)
    assert not second.bad_lines
    assert list(second) == creatives or found.conflicts
    assert all(
        creative
        in found.find(creative.filename).there
        + found.find(creative.filename).removed
        + found.find(creative.filename).elsewhere
        for creative in creatives
    )
    with suppress(TJToolsError):
        diff_libraries(read_snapshot(path), read_snapshot(again))


def appended(path: Path) -> None:
    """An append costs no record and no bad line, whatever stood there before."""
    try:
        before = read_table(path, TABLE)
    except TrackingFileError:
        return
    aside = path.with_suffix(".quarantine.csv")
    aside.unlink(missing_ok=True)
    news = ("9", "new, one", '"quoted"')
    append_rows(path, TABLE, [news])
    after = read_table(path, TABLE)
    assert after.rows[:-1] == before.rows
    assert tuple(after.rows[-1][column] for column in TABLE) == news
    moved = read_table(aside, ("line", "reason", "text")).rows
    assert len(before.bad) == len(after.bad) or [(str(bad.line), bad.reason, bad.text) for bad in before.bad] == [
        tuple(row.values()) for row in moved
    ]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=os.environ.get("XDG_RUNTIME_DIR")) as folder:
        FOLDER = Path(folder)
        seeds = FOLDER / "corpus"
        seeds.mkdir()
        for number, text in enumerate(SEEDS):
            for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
                (seeds / f"{number}-{encoding}").write_bytes(text.encode(encoding))
        atheris.Setup([*sys.argv, str(seeds)], one_input)
        atheris.Fuzz()
