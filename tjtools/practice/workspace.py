"""Workspaces on the sandbox: the demo's, and one to practise in, each with a library, sample files and notebooks."""

from __future__ import annotations

import atexit
import hashlib
import json
import random
import shutil
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import fields
from datetime import datetime
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from tjtools.cache.history import Source
from tjtools.cache.library import Library
from tjtools.cache.snapshots import keep_snapshot
from tjtools.media.content import Fingerprints, Upload, look_at
from tjtools.model.cells import in_utc
from tjtools.model.creative import Creative, CreativeType, ReviewStatus, Section
from tjtools.model.errors import SiteUnreachable, WorkspaceError
from tjtools.practice import samples
from tjtools.prepare.delivery import AS_IS, look_through
from tjtools.prepare.intake import Taken, plan_session
from tjtools.prepare.session import write_session
from tjtools.scrape.reading import Certificate, creative_of
from tjtools.scrape.refresh import shown_certificate
from tjtools.site import Card
from tjtools.site.driver import save_browser_session
from tjtools.upload import UploadReport
from tjtools.workspace.disk import locked
from tjtools.workspace.folder import FOLDERS, Workspace
from tjtools.workspace.settings import SANDBOX_ORIGIN, SiteSettings, bind, load_settings, start_of_sandbox

if TYPE_CHECKING:
    from tjtools.sandbox import Sandbox

MARK = ".tjtools-demo"
_PORTS = range(20_000, 32_000)  # below those that systems hand out for a moment
_EARLIER = {  # of the code of each notebook that an earlier tjtools came with
    *("255da5b31374fdfa", "d12f2d16e323b203", "55c5170cabd26eb2", "3456ed97872d1305", "9953d7b8ad7aba34"),
    *("c2784e93b14517ea", "76e357f95495af88", "3f7a0d2a04554626", "0cdccc691cdb76c5"),
}
_STARTS_WITHIN = 60.0  # seconds, on a busy machine
_ANSWERS_WITHIN = 3.0  # seconds; what is on this machine and silent for longer is no sandbox


def fresh_folder(folder: Path) -> Workspace:
    """An empty workspace, with a mark by which the next call knows it for its own, and clears it.

    Raises `WorkspaceError` for a folder that holds anything else: nothing of a person's is removed.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise WorkspaceError(
            f"{folder} holds files that tjtools did not make.", remedy="Move it, or name another folder."
        )
    shutil.rmtree(folder, ignore_errors=True)
    for part in FOLDERS:
        (folder / part).mkdir(parents=True)
    (folder / MARK).write_text("Made by tjtools, which clears this folder when it makes it again.\n", "utf-8")
    return Workspace(folder.resolve())


def bind_to_sandbox(workspace: Workspace, origin: str) -> None:
    """Make the workspace a sandbox's, with a sign-in that the sandbox hands out: only demo and tests take one."""
    bind(workspace, SiteSettings(kind="sandbox", origin=origin, account="demo"))
    session = ask_sandbox(origin, "session", method="POST")
    cookie = {"name": session["cookie"], "value": session["value"], "domain": urlsplit(origin).hostname, "path": "/"}
    cookie |= {"expires": -1, "httpOnly": True, "secure": False, "sameSite": "Lax"}
    save_browser_session(workspace.browser_session, {"cookies": [cookie], "origins": []})


def ask_sandbox(origin: str, what: str, *, method: str = "GET", body: object = None, timeout: float = 30) -> Any:
    """Ask one of the sandbox's control endpoints; no proxy, which knows nothing of this machine."""
    request = Request(  # noqa: S310 (an address of this machine)
        f"{origin}/_sandbox/{what}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with build_opener(ProxyHandler({})).open(request, timeout=timeout) as answer:
        return json.load(answer)


def make_session(
    workspace: Workspace, library: Sequence[Creative], now: datetime, progress: Callable[[str, int], None]
) -> tuple[Taken, ...]:
    """Draw real media files, and take them into session and master.

    Two bear names that the library holds, two look like creatives that were uploaded before, one of them rejected.
    """
    earlier = _uploaded_before(library)
    before = samples.earlier_session([(one.filename, one.creative_type) for one in earlier if one.creative_type])
    new = [*samples.demo_session(_known_pair(library)), *map(samples.exported_again, before)]
    plan = {workspace.media_file(one.name, one.kind): one for one in (*new, *before)}
    samples.draw(plan, progress)
    intake = plan_session(workspace, look_through(workspace, workspace.root / "uploaded", AS_IS), now=now)
    names = {one.name for one in before}
    taken = tuple(one for one in intake.taken if one.source.name not in names)
    write_session(workspace, intake._replace(taken=taken), folder="the demo", now=now)
    _record(workspace, earlier, [workspace.media_file(one.name, one.kind) for one in before], now)
    return taken


def _record(workspace: Workspace, creatives: Sequence[Creative], paths: Sequence[Path], now: datetime) -> None:
    """Write down which content became which creative, as an upload does."""
    fingerprints = Fingerprints.load(workspace)
    seen = look_at(paths, fingerprints)
    told = [(one, path, seen[path]) for one, path in zip(creatives, paths, strict=True)]
    uploads = [Upload(one.creative_id, path.name, one.creative_type, look) for one, path, look in told if look]
    fingerprints.keep_uploads(uploads, now=now)


def _uploaded_before(library: Sequence[Creative]) -> list[Creative]:
    """A rejected banner and an approved video of the library, whose names it holds once."""
    names = Counter(creative.filename for creative in library)
    once = [creative for creative in library if names[creative.filename] == 1]
    looked_for = (
        (CreativeType.IMAGE, ReviewStatus.REJECTED, "300x250"),
        (CreativeType.VIDEO, ReviewStatus.APPROVED, ""),
    )
    found = []
    for wanted in looked_for:
        fitting = (one for one in once if (one.creative_type, one.review_status, one.dimensions) == wanted)
        found += [*islice(fitting, 1)]
    return found


def _known_pair(library: Sequence[Creative]) -> list[tuple[str, CreativeType]]:
    """The names of a native pair that the library holds, each once."""
    names = [creative.filename for creative in library]
    for creative in library:
        image = creative.filename.replace("VID_", "IMG_").replace("-VID", "-IMG").replace("_4sec", "")
        if creative.creative_type is CreativeType.NATIVE_VIDEO and creative.filename.startswith("VID_"):
            pair = (creative.filename, image)
            if all(names.count(name) == 1 for name in pair):
                return [*zip(pair, samples.HALVES, strict=True)]
    return []


def confirmed(origin: str, report: UploadReport) -> tuple[int, int]:
    """Of how many IDs that a run wrote the sandbox holds the very file, by checksum; and how many it wrote."""
    truth = {one["creative_id"]: one["sha256"] for one in ask_sandbox(origin, "creatives")}
    written = [one for one in report.outcomes if one.card]
    sums = [hashlib.sha256(one.file.path.read_bytes()).hexdigest() for one in written]
    right = sum(truth.get(one.creative_id) == checksum for one, checksum in zip(written, sums, strict=True))
    return right, len(written)


def make_practice(folder: Path, *, now: datetime, progress: Callable[[str, int], None]) -> Workspace:
    """Make a workspace to practise in, bound to a sandbox that keeps its state there; one that is finished stays.

    The cache is a little older than the site, so that a refresh finds something of each kind. `progress`
    hears of each sample file that is drawn. Start its sandbox with `running_sandbox`.
    """
    workspace = Workspace(folder.resolve())
    if workspace.settings_file.exists():
        return workspace
    fresh_folder(folder)  # also where an earlier call was cut off
    copy_notebooks(workspace.notebooks)
    with _sandbox(workspace, _free_port()) as sandbox:
        library = Library.load(workspace.library)
        creatives = library.add(_creatives(sandbox.origin))
        keep_snapshot(workspace, _certificate(creatives, now), now)
        make_session(workspace, creatives, now, progress)
        _go_on(sandbox.origin, creatives)
        bind_to_sandbox(workspace, sandbox.origin)
    (workspace.root / MARK).unlink()
    return workspace


@contextmanager
def running_sandbox(workspace: Workspace) -> Iterator[str]:
    """The workspace's sandbox, signed in; its address. It runs until the last program that is in here has left.

    One that somebody started by hand is used, and left running. Raises `SiteUnreachable` where its port is taken by
    another program, or by the sandbox of another workspace.
    """
    from filelock import Timeout

    from tjtools.practice import running  # a panel that signs in needs no server

    bound = load_settings(workspace).site or SiteSettings(kind="sandbox", origin=SANDBOX_ORIGIN, account="demo")
    leased = workspace.private / "locks" / "sandbox.lease"
    lease = running.lease(leased)
    with ExitStack() as ours:
        ours.enter_context(lease.read_lock())
        with locked(workspace.private / "sandbox"):
            if not _is_ours(workspace, bound.origin):
                _start(workspace, bound, leased)
        bind_to_sandbox(workspace, bound.origin)
        yield bound.origin
    with suppress(Timeout, OSError), lease.write_lock(blocking=False):  # nobody else needs it
        if ask_sandbox(bound.origin, "end", method="POST")["ends"]:
            _wait_until(lambda: _answering(bound.origin) is None)


@cache
def need_sandbox(workspace: Workspace) -> None:
    """Have the workspace's sandbox run from now on until this process ends, however it does."""
    stack = ExitStack()
    stack.enter_context(running_sandbox(workspace))
    atexit.register(stack.close)


def _is_ours(workspace: Workspace, origin: str) -> bool:
    """Whether the workspace's sandbox answers there; raises `SiteUnreachable` where another one does."""
    folder, ours = _answering(origin), workspace.root / "sandbox"
    if folder and ours.exists() and folder != ours:
        raise SiteUnreachable(
            f"At {origin} runs another sandbox, whose creatives lie in {folder}.",
            remedy=f"End it, or write a free port into origin in {workspace.settings_file}.",
        )
    return folder is not None


def _start(workspace: Workspace, bound: SiteSettings, leased: Path) -> None:
    """Start it, and wait until it answers."""
    from tjtools.practice import running

    port = urlsplit(bound.origin).port or 0
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        raise SiteUnreachable(
            f"The sandbox can't start on port {port}: {error.strerror}.",
            remedy=f"End the program that uses the port, or correct origin in {workspace.settings_file}.",
        ) from error
    process = running.start(workspace.root / "sandbox", port, leased)
    _wait_until(lambda: process.poll() is not None or _answering(bound.origin))
    if process.poll() is not None:
        remedy = f"See why with: {start_of_sandbox(bound.origin, workspace.root)}"
        raise SiteUnreachable("The sandbox has ended at once.", remedy=remedy)


def _wait_until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN
    while not true():
        if time.monotonic() > deadline:
            raise SiteUnreachable(f"The sandbox has not answered for {_STARTS_WITHIN:.0f} seconds.")
        time.sleep(0.05)  # between two looks


def _go_on(origin: str, creatives: Sequence[Creative]) -> None:
    """What happens on a site while nobody looks: reviews are decided, somebody uploads, renames and deletes."""
    pending = [one for one in creatives if one.review_status is ReviewStatus.PENDING]
    for one, status in zip(pending, ("approved", "approved", "approved", "rejected"), strict=False):
        ask_sandbox(origin, f"creatives/{one.creative_id}", method="PATCH", body={"review_status": status})
    for number in (1, 2):
        name = f"VID_EN_Gaming_SFW_Generic_Dan_4sec_ID-0000000{number}-VID"
        ask_sandbox(origin, "creatives", method="POST", body={"section": "Native Rollover", "name": name})
    approved = [one for one in creatives if one.review_status is ReviewStatus.APPROVED]
    renamed, deleted = approved[0], approved[-1]
    name = f"{renamed.filename}_v2"
    ask_sandbox(origin, f"creatives/{renamed.creative_id}", method="PATCH", body={"name": name})
    ask_sandbox(origin, f"creatives/{deleted.creative_id}", method="DELETE")


def _sandbox(workspace: Workspace, port: int) -> Sandbox:
    from tjtools.sandbox import Sandbox  # a panel that signs in needs no server

    return Sandbox(workspace.root / "sandbox", port=port)


def _creatives(origin: str) -> list[Creative]:
    """What the sandbox holds, as a refresh would find it."""
    shown = [field.name for field in fields(Card)]
    held = ask_sandbox(origin, "creatives")
    return [creative_of(Card(*(one[name] or "" for name in shown)), Section(one["section"])) for one in held]


def _certificate(creatives: Sequence[Creative], now: datetime) -> dict[str, object]:
    """That all sections were read to their ends: so how old their statuses are is known."""
    count = Counter(one.creative_type.section for one in creatives if one.creative_type)
    sections = [shown_certificate(Certificate(one, count[one], count[one])) for one in Section]
    return {"observed_at": in_utc(now), "source": Source.REFRESH.value, "sections": sections}


def _answering(origin: str) -> Path | None:
    """The folder of the sandbox that answers there; None where none does."""
    try:
        return Path(ask_sandbox(origin, "home", timeout=_ANSWERS_WITHIN)["folder"])
    except (URLError, OSError, ValueError, KeyError, TypeError):
        return None


def _free_port() -> int:
    """One that is free, and that no other workspace is likely to have: it stays the workspace's own."""
    for port in random.sample(_PORTS, 20):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    return 0


def shipped() -> tuple[Path, ...]:
    """The notebooks that came with tjtools, in their order: an installed copy's, or those of the checkout."""
    here = Path(__file__).parents[1]
    folder = here / "_notebooks"
    return tuple(sorted((folder if folder.is_dir() else here.parent / "notebooks").glob("*.ipynb")))


def copy_notebooks(folder: Path) -> tuple[Path, ...]:
    """Put the notebooks into a folder, without outputs, and return those that were put there.

    What is there stays, but for what an earlier tjtools has put there and nobody has changed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    copied = [path for path in shipped() if not (folder / path.name).exists() or _is_earlier(folder / path.name)]
    for path in copied:
        notebook = json.loads(path.read_text("utf-8"))
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell["outputs"], cell["execution_count"] = [], None
        text = json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"
        (folder / path.name).write_text(text, "utf-8")
    return tuple(folder / path.name for path in copied)


def as_shipped(path: Path) -> bool:
    """Whether the code of a notebook is that of the one of its name that came with tjtools."""
    return any(one.name == path.name and _code(one) == _code(path) for one in shipped())


def _is_earlier(path: Path) -> bool:
    """Whether its code is that of a notebook which an earlier tjtools came with."""
    return hashlib.sha256((_code(path) or "").encode("utf-8", "replace")).hexdigest()[:16] in _EARLIER


def _code(path: Path) -> str | None:
    """All code of a notebook; None where the file is none."""
    try:
        cells = json.loads(path.read_text("utf-8"))["cells"]
        return "\0".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
