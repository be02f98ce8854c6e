"""The views' common parts: each takes a model, follows its traits, and may be told from any thread."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, TypeAlias

import ipywidgets as w
from traitlets import HasTraits, Instance, Tuple, observe

from tjtools.model.errors import Cancelled, TJToolsError
from tjtools.model.words import counted
from tjtools.team import brought_up_to_date
from tjtools.widgets.markup import Looks, Markup, Node, call_node, error_node, folded, node, note
from tjtools.widgets.panel import Broken, Made, Panel, State, Task, make
from tjtools.workspace.folder import Workspace

if TYPE_CHECKING:
    import pandas as pd

SITES = {
    "sandbox": ("◇ PRACTICE: the sandbox", "Nothing here reaches the real site.", "tj-sandbox"),
    "live": ("● LIVE account", "What you upload here goes to the real site.", "tj-live"),
    "": ("○ No site yet", "This folder belongs to no site: bind it with tjtools init.", "tj-nosite"),
}
STEPS = {  # the tabs of the desk, and the notebook of each
    "today": "00_start_here.ipynb",
    "review": "01_review_session.ipynb",
    "upload": "02_upload.ipynb",
    "sync": "03_refresh_and_sync.ipynb",
    "library": "04_library_analysis.ipynb",
    "outcomes": "05_review_outcomes.ipynb",
}
Place: TypeAlias = "str | Path | Workspace | None"
KINDS = {  # a panel's model and view, imported when it is shown: pandas would slow the start of every notebook
    "desk": ("desk:Desk", "desk:desk_view"),
    "today": ("start:Start", "start:start_view"),
    "review": ("review:Review", "review_view:review_view"),
    "upload": ("upload:Upload", "upload_view:upload_view"),
    "sync": ("refresh:Refresh", "refresh:refresh_view"),
    "look_up": ("analysis:LookUp", "analysis_view:lookup_view"),
    "campaign": ("campaign:CampaignFiles", "campaign:campaign_view"),
    "library": ("analysis:LibraryAnalysis", "analysis_view:library_view"),
    "outcomes": ("analysis:ReviewOutcomes", "analysis_view:outcomes_view"),
}
MOST = 10_000  # rows of a table in the browser
_LONG = 24  # characters
_PAGE = 25  # rows
_FEW = 10  # rows that are seen at a glance


def row(*parts: w.Widget) -> w.Widget:
    """Side by side, wrapping."""
    return w.HBox(parts, layout=w.Layout(flex_flow="row wrap", align_items="center", grid_gap="8px"))


def column(*parts: w.Widget, css: str = "") -> w.Widget:
    """One below the other, in a box of this class."""
    return w.VBox(parts, layout=w.Layout(grid_gap="6px"), _dom_classes=tuple(css.split()))


def button(label: str, action: Callable[[], object], *, icon: str = "", style: str = "", title: str = "") -> w.Button:
    """A button; `style` is `primary`, `success`, `warning`, `danger` or none."""
    made = w.Button(description=label, icon=icon, button_style=style, tooltip=title or label)
    made.layout.width = "auto"
    made.on_click(lambda _button: action())
    return made


def follow(model: HasTraits, names: str, show: Callable[[], object]) -> None:
    """Call `show` now, and whenever one of the traits named (with spaces between) changes."""
    model.observe(lambda _change: show(), names.split())
    show()


def told(model: HasTraits, names: str, made: Callable[[], Node | None]) -> Markup:
    """Text that follows the traits named; it takes no room while `made` returns None."""
    text = Markup()
    follow(model, names, lambda: text.show(made()))
    return text


def tied(model: HasTraits, names: str, made: w.Widget, **looks: Callable[[], Any]) -> w.Widget:
    """A widget whose traits are what `looks` say, whenever one of the model's changes.

    `shown`: whether it has room; `fresh`: its children, which are made anew each time, unless it is None.
    """

    def show() -> None:
        for name, look in looks.items():
            if name == "shown":
                made.layout.display = "" if look() else "none"
            elif name == "fresh":
                if (anew := look()) is not None:
                    gone, made.children = made.children, anew
                    for one in gone:
                        _let_go(one)
            else:
                setattr(made, name, look())

    follow(model, names, show)
    return made


def _let_go(widget: w.Widget) -> None:
    """Neither the page nor its next reload has to carry it any more, with all that is in it."""
    for one in (*getattr(widget, "children", ()), getattr(widget, "layout", None), getattr(widget, "style", None)):
        if isinstance(one, w.Widget):
            _let_go(one)
    widget.close()


def linked(model: HasTraits, trait: str, control: w.Widget) -> w.Widget:
    """A control of one trait of the model."""
    w.link((model, trait), (control, "value"))
    return control


def idle(panel: Panel, control: w.Widget) -> w.Widget:
    """A control that can't be used while the panel is at work."""
    return tied(panel, "busy", control, disabled=lambda: panel.busy)


def ticked(model: HasTraits, trait: str, words: str = "") -> w.Widget:
    """A box to tick, with its words, for a trait of the model."""
    return linked(model, trait, w.Checkbox(description=words, indent=False, layout=w.Layout(width="auto")))


class Choice(w.Dropdown):  # type: ignore[misc]
    """A list; `offered` are its options and the one that is chosen, and `filling` says whether they are being set."""

    offered = Tuple()
    filling = False

    @observe("offered")
    def _fill(self, _change: object) -> None:
        self.filling = True  # a new list has a first value, which nobody chose
        self.options, value = self.offered
        for _ in range(2):  # by its place, since None has one too, which is lost as the value becomes None
            self.index = [one for _label, one in self.options].index(value)
        self.filling = False


def choice(
    model: HasTraits, trait: str, options: Callable[[], list[tuple[str, Any]]], names: str = "", **looks: Any
) -> w.Dropdown:
    """A list of what a trait can be, each with its label; the list follows the traits in `names`."""
    made = Choice(**looks)
    made.observe(lambda change: None if made.filling else setattr(model, trait, change["new"]), "value")
    return tied(model, f"{trait} {names}", made, offered=lambda: (options(), getattr(model, trait)))


def actions(panel: Panel, *buttons: w.Widget) -> w.Widget:
    """The panel's buttons, with what they lead to below: the task, an error, and the call in Python."""
    task = [] if panel.looks else [task_view(panel.task)]
    return column(row(*buttons), *task, error_view(panel), call_view(panel))


def task_view(task: Task) -> w.Widget:
    """A bar, the seconds, Cancel, and the log to unfold; an error in plain words. Empty before the first start.

    While it waits at the site, the seconds count down, and a wait that can be cut short has its button.
    """
    cancel = button("Cancel", task.cancel, icon="stop")
    dont_wait = button("Don't wait", task.dont_wait, icon="forward", title="What is unknown stays so for now")

    def log() -> Node | None:
        return folded(f"Log, {counted(len(task.log), 'line')}", node("pre", "\n".join(task.log))) if task.log else None

    return column(
        told(task, "state text waiting elapsed error", lambda: task_node(task)),
        row(
            tied(task, "state", cancel, shown=lambda: task.state is State.RUNNING),
            tied(task, "waiting", dont_wait, shown=lambda: task.waiting and task.waiting.cut),
        ),
        told(task, "state text elapsed", log),
    )


def until_done(task: Task) -> w.Widget:
    """The same, which takes no room once all went well."""
    return tied(task, "state", task_view(task), shown=lambda: task.state is not State.DONE)


def task_node(task: Task) -> Node | None:
    """Where a task is, in words; None before its first start."""
    if task.state is State.READY:
        return None
    counted = f"{int(task.done):,} of {task.total:,}" if task.total else ""
    begin, seconds = " · ".join(filter(None, (task.state.value, counted))), f"{task.elapsed:.0f} s"
    busy = f" · {task.busy_with}" if task.busy_with else ""
    progress = {"value": str(task.done), "max": str(task.total)} if task.total else {}
    bar = [node("progress", label=f"{begin}{busy}", **progress)] if task.state is State.RUNNING else []
    stopped = isinstance(task.error, Cancelled)  # a person's own word is no trouble
    trouble = [error_node(task.error)] if task.error and not stopped else []
    clock, aloud = (seconds, busy) if task.waiting is None else (f"{seconds}{busy}", "")
    status = node("span", f"{begin} · ", node("span", clock, role="timer"), aloud, role="status")
    how_far = [node("div", *bar, status)] if task.total or not trouble else []
    return node("div", *how_far, *trouble, css="tj-task")


def way_on(panel: Panel, step: str, label: str, *, style: str = "") -> w.Widget:
    """To another of the `STEPS`: a button on the desk, a link to its notebook elsewhere."""
    if lead := panel.lead:
        return button(label, lambda: lead(step), style=style)
    return Markup(node("a", label, href=STEPS[step]))


def pager(panel: Any, changes: str) -> tuple[w.Button, w.Button]:
    """Back and on through the `pages` of a panel that can `turn`; no room where there is one alone."""
    back, on = button("‹ Back", lambda: panel.turn(-1)), button("Next ›", lambda: panel.turn(1))
    tied(panel, changes, back, disabled=lambda: panel.page == 1, shown=lambda: panel.pages > 1)
    tied(panel, changes, on, disabled=lambda: panel.page == panel.pages, shown=lambda: panel.pages > 1)
    return back, on


def kind_of(name: str) -> tuple[type[Panel], Callable[[Panel], w.Widget]]:
    """The model and the view of one of the `KINDS`."""
    model, view = (resolve_name(f"{__package__}.{one}") for one in KINDS[name])
    return model, view


def heading_of(title: str, *, opened: bool = False) -> w.ToggleButton:
    """A heading that is pressed as long as what it is of has room."""
    heading = w.ToggleButton(value=opened, description=title, tooltip=title, layout=w.Layout(width="auto"))
    heading.add_class("tj-unfold")
    return tied(heading, "value", heading, icon=lambda: "caret-down" if heading.value else "caret-right")


def unfolding(title: str, make: Callable[[], w.Widget], *, opened: bool = False) -> w.ToggleButton:
    """A heading that shows and hides its `room`; what is in it is made when it is first opened."""
    heading = heading_of(title, opened=opened)
    heading.room = column()

    def show() -> None:
        heading.room.layout.display = "" if heading.value else "none"
        if heading.value and not heading.room.children:
            heading.room.children = [make()]

    follow(heading, "value", show)
    return heading


def error_view(it: Panel | Task) -> w.Widget:
    """What went wrong in a task, or in a panel outside it; empty while all is well."""
    return told(it, "error", lambda: error_node(it.error) if it.error else None)


def call_view(panel: Panel) -> w.Widget:
    """The panel's action in Python, to copy."""
    return told(panel, "call", lambda: call_node(panel.call))


class Table(w.VBox):  # type: ignore[misc]
    """The rows of a `frame`, at most so many, with search, sort and pages in the browser; above them, their number."""

    frame: Any = Instance(object)

    def __init__(self, frame: pd.DataFrame, *, what: str = "rows", most: int = MOST) -> None:
        from itables.widget import ITable

        self.what, self.most, self._counted = what, most, Markup()
        self._rows = ITable(
            order=[], pageLength=_PAGE, scrollY="26em", scrollCollapse=True, classes="display compact tj-rows"
        )
        super().__init__([self._counted, self._rows], frame=frame, layout=w.Layout(grid_gap="6px"))
        follow(self, "frame", self._show)

    def _show(self) -> None:
        shown = self.frame.head(self.most).reset_index(drop=True)
        first = f"the first {len(shown):,} of " if len(shown) < len(self.frame) else ""
        what = self.what.removesuffix("s") if len(self.frame) == 1 else self.what
        self.counted = f"{first}{len(self.frame):,} {what}"
        paged = len(shown) > _PAGE
        self._counted.show(node("span", self.counted, role="status", css="tj-count") if first or not paged else None)
        longest = [shown[name].astype(str).str.len().max() for name in shown.columns]
        broken = [at for at, length in enumerate(longest) if length > _LONG]  # so that every column is seen
        pages = {"topEnd": "info", "bottomStart": "pageLength", "bottomEnd": "paging"}
        around = {"topStart": "search" if len(shown) > _FEW else None} | (pages if paged else dict.fromkeys(pages))
        words = {"info": f"_START_–_END_ of _TOTAL_ {self.what}", "infoFiltered": "(of _MAX_)", "infoEmpty": "none"}
        words |= {"lengthMenu": "_MENU_ a page"}
        columns = [{"targets": broken, "className": "tj-long"}]
        self._rows.update(
            shown, style="width:100%", maxBytes=0, maxRows=0, columnDefs=columns, layout=around, language=words
        )


def banner(panel: Panel, *, named: bool = True) -> Node:
    """Where the panel works; sandbox and live differ in colour, words and mark. `named`: the workspace is told, too."""
    name, what, css = SITES[panel.site]
    facts = {"workspace": _from_home(panel.workspace.root)} if named else {}
    if bound := panel.settings.site:
        saved = panel.workspace.browser_session.exists()  # whether the site still takes it, only the site can say
        facts |= {"site": bound.origin, "account": bound.account or "not named"}
        facts |= {"sign-in": "saved" if saved else "none yet"}
    if panel.team:
        facts["team"] = panel.team
    where = [node("span", node("em", f"{key} "), node("strong", value)) for key, value in facts.items()]
    site = node("div", node("strong", name), node("span", what), css="tj-banner-site")
    return node(
        "div",
        site,
        node("div", *where, css="tj-banner-facts"),
        css=f"tj-banner {css}",
        role="note",
        title=str(panel.workspace.root),
    )


def _from_home(folder: Path) -> str:
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 (a Path raises where there is none)
    return f"~/{folder.relative_to(home).as_posix()}" if folder.is_relative_to(home) else str(folder)


def show(kind: type[Made], view: Callable[[Made], w.Widget], workspace: Place = None) -> Made | Broken:
    """Show a panel in the cell's output and return its model; where it can't be made, what the person sees is why."""
    try:
        place = found(workspace)
        team = "" if kind.lasts else brought_up_to_date(place)
        panel = make(kind, place)
    except TJToolsError as error:
        broken = Broken(kind.title, error)
        show_on_screen(column(Looks(), error_view(broken)), kind.title)
        return broken
    panel.team = team or panel.team
    if panel.on_screen is None:
        looks, head = Looks(), [] if panel.lasts else [Markup(banner(panel))]  # what lasts tells it itself
        panel.on_screen = column(looks, *head, in_room(panel, view))
    elif panel.lasts:
        panel.come_back()
    show_on_screen(panel.on_screen, panel.title)
    if panel.presses and panel.looked():
        panel.press()
    return panel


def found(workspace: Place) -> Workspace:
    """The workspace named, else the one of the cell's folder; raises `WorkspaceNotFound`."""
    if isinstance(workspace, Workspace):
        return workspace
    return Workspace.find(Path(workspace).expanduser() if workspace else None, cwd=Path.cwd())


def in_room(panel: Made, view: Callable[[Made], w.Widget]) -> w.Widget:
    """The view; before it, where the panel has to look, how far that is: the cell has ended meanwhile."""
    if not panel.looks:
        return view(panel)
    again = button("Look again", lambda: panel.task.start(panel.look), icon="refresh", style="primary")
    tied(panel.task, "state", again, shown=lambda: panel.task.state in (State.CANCELLED, State.FAILED))
    room = column(until_done(panel.task), row(again))

    def shown(_change: object) -> None:
        if panel.task.state is State.DONE:
            panel.task.unobserve(shown, "state")  # when it looks again, the view follows its model
            room.children = [Markup(note("Opening …"))]  # to make the view takes its time, too
            room.children = [view(panel)]

    panel.task.observe(shown, "state")
    panel.task.start(panel.look)
    return room


def show_on_screen(box: w.Widget, title: str) -> None:
    """Show a widget in the cell's output, and words where no widget can be shown."""
    from IPython.display import display

    words = f"{title}: run this notebook in JupyterLab to see it"
    view = {"version_major": 2, "version_minor": 0, "model_id": box.model_id}
    display({"text/plain": words, "application/vnd.jupyter.widget-view+json": view}, raw=True)  # type: ignore[no-untyped-call]
