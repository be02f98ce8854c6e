"""What a media file is, found out in child processes, one a core: each that takes too long is ended, and started anew.

A file that crashes a decoder takes its child with it and nothing else; the answer says so. The pool is our own: those
of the libraries hand their children the whole environment, and import the caller's script and from its folder.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from queue import Empty, LifoQueue, SimpleQueue
from threading import Lock, Timer
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from tjtools.model.creative import Medium
from tjtools.model.errors import Cancelled

if TYPE_CHECKING:
    from tjtools.media.lying import Lies

DEADLINE = 60.0  # seconds for looking at one file; and for a checksum, beyond what its bytes take
COMMAND = (sys.executable, "-P", "-m", "tjtools.media.child")  # -P: nothing is imported from the current folder
FRACTIONS = (0.1, 0.3, 0.5, 0.7, 0.9)  # of its time, at which something that moves was hashed before
STILL_CONTAINERS = frozenset({"png", "jpg", "gif", "webp", "bmp", "tiff", "avif", "heic", "jp2", "cr3"})
_SLOWEST = 10_000_000  # bytes a second that the slowest disk gives
_GLANCE = 0.1  # seconds between two looks at whether the work is cancelled
# one thread each; and glibc keeps what was freed, which else it hands back and asks for anew with each picture
THRIFT = {
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": str(64 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(128 << 20),
    "MALLOC_TOP_PAD_": str(16 << 20),
}

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


class MediaFacts(NamedTuple):
    """What a file is by its content.

    `container` is `mp4`, `png`, `jpg`, `gif`, or whatever else it is; `""` where it can't be read. `width` and `height`
    are in pixels as the picture is shown. `seconds` is None for a still image. `codec` is the video's, `""` for images.
    `turned` is by how many degrees a header asks the player to turn the picture; `frames` counts an animation's
    pictures. `trouble` says in words why a file can't be read as a whole, `""` where it can.

    What others may measure, where it differs: `stored` is `WIDTHxHEIGHT` of a picture that headers turn or stretch;
    `shortest` and `longest` are the least and the most seconds that the sound or a header tells. `pixels` is how a
    video's are stored, like `yuv420p`, with ` HDR` behind it where they have more light than a screen; else `""`.
    """

    bytes: int
    container: str
    width: int = 0
    height: int = 0
    seconds: float | None = None
    codec: str = ""
    turned: int = 0
    frames: int = 1
    trouble: str = ""
    stored: str = ""
    shortest: float | None = None
    longest: float | None = None
    pixels: str = ""

    @property
    def size(self) -> str:
        """`WIDTHxHEIGHT` in pixels."""
        return f"{self.width}x{self.height}" if self.width else ""

    @property
    def medium(self) -> Medium | None:
        """Whether it moves, as the site sorts it: an animated gif is a still creative; None where nothing is known."""
        if not self.container:
            return None
        return Medium.STILL if self.container in STILL_CONTAINERS else Medium.MOVING


class Fingerprint(NamedTuple):
    """By what a file is known again: its facts and its checksum, the blake3 of the whole content in 64 hex digits.

    How it looks is kept apart, under its checksum. `looks` are what was kept before, and what is compared where the
    file is gone: hashes of 16 hexadecimal digits, one of a still image, five of anything that moves; `""` for a picture
    too plain to tell from others. `looked` is False where only size, checksum or such hashes are known yet.
    """

    facts: MediaFacts
    checksum: str
    looks: tuple[str, ...] = ()
    looked: bool = True


class Sight(NamedTuple):
    """What a child found out about a file: its facts, its look as `media.look` keeps it, and its marks.

    Both are `b""` where nothing is to be seen. `lasting`: another try would say the same; not so after a crash or a
    deadline.
    """

    facts: MediaFacts
    look: bytes = b""
    marks: bytes = b""
    lasting: bool = True


def stamp(path: Path) -> tuple[int, int]:
    """A file's length in bytes and the time of its last change (ns), by which a change is told; 0 and -1 without it."""
    try:
        stat = path.stat()
    except (OSError, ValueError):  # a name or a folder that the system does not let us look at
        return 0, -1
    return stat.st_size, stat.st_mtime_ns


class Children(AbstractContextManager["Children"]):
    """A room of child processes; use it in a `with`, which ends them. They start when they are first asked."""

    def __init__(self, *, cores: int | None = None) -> None:
        self.cores = cores or os.cpu_count() or 1
        self._started: list[subprocess.Popen[str]] = []
        self._ended, self._guard = False, Lock()
        self._idle: LifoQueue[subprocess.Popen[str] | None] = LifoQueue()  # who has just seen it remembers it
        for _ in range(self.cores):
            self._idle.put(None)

    def __exit__(self, *_: object) -> None:
        self._end()
        for process in self._started:
            _close(process)

    def _end(self) -> None:
        """End every child, whatever it is at; none is started again."""
        with self._guard:
            self._ended = True
            for process in self._started:
                process.kill()

    def checksum(self, path: Path) -> tuple[str, str]:
        """The blake3 of a file's content, streamed, `""` where it can't be read; and why it can't."""
        answer = self.ask("checksum", path, more=stamp(path)[0] / _SLOWEST)
        return answer.get("checksum", ""), answer.get("trouble", "")

    def look(self, path: Path) -> Sight:
        """Facts, look and marks; what is wrong with the file stands in the facts' `trouble`."""
        answer = self.ask("look", path)
        if "facts" not in answer:
            return Sight(MediaFacts(stamp(path)[0], "", trouble=answer["trouble"]), lasting=False)
        look, marks = (base64.b64decode(answer[name]) for name in ("look", "marks"))
        return Sight(MediaFacts(**answer["facts"]), look, marks)

    def marks(self, look: bytes) -> bytes:
        """The marks of a look, as `media.marks` makes them; `b""` of one that is damaged."""
        return base64.b64decode(self.ask("marks", kept=text(look)).get("marks", ""))

    def kin(self, mine: bytes, theirs: bytes, lies: Lies | None = None, *, few: bool = False) -> dict[str, Any]:
        """How two looks are one, in the order of `Kinship`, under `kin`; or the `trouble` with them.

        Where their frames don't go along as one `lies` on the other, they are none. `few`: as for `timeline.kinship`.
        """
        return self.ask("kin", mine=text(mine), theirs=text(theirs), lies=lies, few=few)

    def poster(self, path: Path) -> bytes:
        """A jpg of at most 320x180 pixels: the image, or a picture out of the video; `b""` where there is none."""
        return base64.b64decode(self.ask("poster", path).get("poster", ""))

    def pictures(self, path: Path, seconds: Sequence[float] | int) -> list[bytes]:
        """Upright jpgs of at most 640 pixels for a person's eye: of a video those at the seconds, or so many, evenly
        over its length from its first one on; of an image it alone. None of a file that can't be read."""
        return [base64.b64decode(one) for one in self.ask("pictures", path, seconds=seconds).get("pictures", ())]

    def each(
        self, these: Iterable[K], work: Callable[[K], T], *, cancelled: Callable[[], bool] = lambda: False
    ) -> Iterator[tuple[K, T]]:
        """Do the work for each, for as many at once as there are children; yield each when it is done.

        Raises `Cancelled` soon after `cancelled` says so, the children ended.
        """
        done: SimpleQueue[Future[T]] = SimpleQueue()
        with ThreadPoolExecutor(self.cores) as pool:
            running = {pool.submit(work, one): one for one in these}
            for one in running:
                one.add_done_callback(done.put)
            try:
                while running:
                    if cancelled():
                        raise Cancelled("Stopped at a person's word; what was done until then is kept.")
                    with suppress(Empty):
                        one = done.get(timeout=_GLANCE)
                        yield running.pop(one), one.result()
            finally:
                if running:
                    self._end()  # whoever still waits for a child hears that the work is cancelled

    def ask(
        self,
        what: str,
        path: Path | None = None,
        *,
        more: float = 0.0,
        progress: Callable[[float], None] | None = None,
        **told: Any,
    ) -> dict[str, Any]:
        """What a child answers to a request, or its trouble; it may take so long without a word about its progress."""
        process = self._idle.get()
        try:
            process = process or self._start()
            request = {"what": what, **({"path": str(path.absolute())} if path else {}), **told}
            return _answer(process, request, DEADLINE + more, progress)
        finally:
            self._idle.put(process if process and process.poll() is None else None)

    def _start(self) -> subprocess.Popen[str]:
        told = {name: value for name, value in os.environ.items() if name.upper() != "TJTOOLS_PASSWORD"}
        with self._guard:
            if self._ended:
                raise Cancelled("Stopped while files were looked at.")
            process = subprocess.Popen(  # noqa: S603 (our own module)
                COMMAND,
                bufsize=1,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="ascii",
                env=told | THRIFT | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                start_new_session=True,  # Ctrl-C in a terminal is ours alone to heed
            )
            self._started.append(process)
        return process


def room_of(children: Children | None) -> AbstractContextManager[Children]:
    """These children, which stay, or else some that are ended afterwards."""
    return nullcontext(children) if children else Children()


def text(data: bytes) -> str:
    """Bytes as a line of JSON can hold them: base64."""
    return base64.b64encode(data).decode()


def _answer(
    process: subprocess.Popen[str],
    request: dict[str, Any],
    deadline: float,
    progress: Callable[[float], None] | None = None,
) -> dict[str, Any]:
    """What the child answers; what is wrong where it is silent for too long, or dies over it."""
    began, line = time.monotonic(), ""
    with suppress(OSError, ValueError):  # it died before it had read the request
        if process.stdin:
            process.stdin.write(json.dumps(request) + "\n")
    while True:
        began, line = time.monotonic(), _line(process, deadline)
        if not line.endswith("\n"):
            break
        answer: dict[str, Any] = json.loads(line)
        if "done" not in answer:
            return answer
        if progress:
            progress(answer["done"])
    late = time.monotonic() - began >= deadline
    _close(process)
    code = process.returncode
    ending = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    return {"trouble": f"it took more than {deadline:g} s" if late else f"it crashed the decoder ({ending})"}


def _line(process: subprocess.Popen[str], deadline: float) -> str:
    """The next line that the child writes; it is ended where that takes too long."""
    timer = Timer(deadline, process.kill)
    timer.start()
    try:
        return process.stdout.readline() if process.stdout else ""
    except (OSError, ValueError):
        return ""
    finally:
        timer.cancel()


def _close(process: subprocess.Popen[str]) -> None:
    """Wait for its end, and let go of its pipes."""
    with suppress(OSError), process:
        pass
