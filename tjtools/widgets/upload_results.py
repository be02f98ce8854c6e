"""The results of the last live upload as its files tell them: IDs, reasons, retry, downloads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import ipywidgets as w
import pandas as pd
from anywidget import AnyWidget
from traitlets import List

from tjtools.model.creative import UploadStatus
from tjtools.model.words import counted
from tjtools.upload import RecordedFile, RecordedRun
from tjtools.widgets.markup import STATIC, Markup, Node, node
from tjtools.widgets.table import Table, table_view
from tjtools.widgets.upload import Upload
from tjtools.widgets.upload_plan import FAILED
from tjtools.widgets.view import button, column, follow, row, watch


class Downloads(AnyWidget):
    """One button a file; what it holds is read when the button is pressed."""

    _esm = STATIC / "downloads.js"
    _css = STATIC / "panel.css"
    names: List[Any] = List().tag(sync=True)

    def __init__(self) -> None:
        super().__init__()
        self._paths: tuple[Path, ...] = ()
        self.on_msg(self._hear)

    def offer(self, paths: Sequence[Path]) -> None:
        """Offer these files from now on."""
        self._paths = tuple(paths)
        self.names = [path.name for path in self._paths]

    def _hear(self, _widget: object, told: dict[str, Any], _buffers: object) -> None:
        path = next((one for one in self._paths if one.name == told["name"]), None)
        answer = {"name": told["name"], "view": told["view"]}
        try:
            if path is None:
                raise FileNotFoundError
            self.send(answer, [path.read_bytes()])
        except OSError as error:
            self.send(answer | {"problem": f"It can't be read: {error.strerror or 'it is gone'}."})


OUTCOMES = {
    UploadStatus.SUCCESS: "✓ uploaded",
    UploadStatus.DUPLICATE: "≡ was on the site",
    UploadStatus.FAILED: "✗ failed",
    UploadStatus.UNKNOWN_ID: "? ID unknown",
    UploadStatus.SKIPPED: "○ skipped",
    UploadStatus.DRY_RUN: "○ dry run",
}


def results_view(panel: Upload) -> w.Widget:
    told, downloads, table = Markup(), Downloads(), Table(_frame(()), what="files", most=200)
    rows = table_view(table)
    again = button("Retry the failed", panel.retry, icon="repeat", style="warning")
    offered = column(Markup(node("h3", "Download")), downloads)
    box = column(told, rows, row(again), offered)
    box.add_class("tj-step")

    def show() -> None:
        run = panel.recorded
        box.layout.display = "" if run else "none"
        again.layout.display = "" if panel.retryable else "none"
        again.description = f"Retry {counted(panel.retryable, 'file')} that failed"
        again.disabled = panel.busy or not panel.connected
        if run:
            told.show(_counts(run, panel.connected or not panel.retryable))

    def fill() -> None:
        run = panel.recorded
        table.put(_frame(run.files if run else ()))
        downloads.offer((run.status_file, *run.campaign_files) if run else ())

    follow(panel, "recorded", fill)
    watch(panel, "connected recorded", show)
    return box


def _counts(run: RecordedRun, reachable: bool) -> Node:
    count = Counter(one.status for one in run.files)
    told = " · ".join(f"{words}: {count[status]}" for status, words in OUTCOMES.items() if count[status])
    lines = [
        node("div", node("h3", "5 · Results"), node("span", "the last live upload, as recorded"), css="tj-step-head")
    ]
    lines += [node("p", node("strong", told), role="status")]
    lines += [node("p", f"⚠ {counted(len(run.bad_lines), 'line')} of {run.status_file.name} can't be read.")] * bool(
        run.bad_lines
    )
    if count[UploadStatus.SUCCESS]:
        after = node("a", "03_refresh_and_sync", href="03_refresh_and_sync.ipynb")
        lines.append(node("p", "The site reviews what is new: follow it in ", after, ".", css="tj-note"))
    lines += [] if reachable else [node("p", "Connect in step 1 to retry what failed.", css="tj-note")]
    return node("div", *lines)


def _frame(files: Iterable[RecordedFile]) -> pd.DataFrame:
    """What needs a person comes first."""
    rows = [
        (OUTCOMES[one.status], one.name, one.creative_id, one.message, one.creative_type.value)
        for one in sorted(files, key=lambda one: one.status not in FAILED)
    ]
    return pd.DataFrame(rows, columns=["outcome", "file", "Creative ID", "reason", "type"], dtype="str")
