"""The sandbox as a server of this process, on loopback only."""

from __future__ import annotations

import asyncio
import socket
import struct
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from tjtools.sandbox import control, pages, uploads
from tjtools.sandbox.door import Door
from tjtools.sandbox.site import Site
from tjtools.sandbox.words import Settings

ADDRESS = "127.0.0.1"


@dataclass(eq=False)
class Sandbox:
    """The replica, from `start()` to `stop()` or as a context manager.

    What it knows is kept in the folder `data` and found again there; without one it is gone afterwards. `creatives`
    says how many a new folder is seeded with; `latency_ms` is added to every page and list, and `processing_s` is how
    long the site works on each upload. `faults` are what it does wrong, as `tjtools.sandbox.faults` tells them. Once it
    is started, `app` is the site for callers in this process.
    """

    data: Path | None = None
    _: KW_ONLY
    port: int = 0
    creatives: int = 481
    latency_ms: int = 0
    processing_s: float = 0.0
    faults: Sequence[str] = ()
    app: ASGIApp = field(init=False)
    origin: str = field(default="", init=False)
    _running: ExitStack = field(default_factory=ExitStack, init=False)

    def start(self) -> Self:
        """Serve; it answers from the moment this returns."""
        with ExitStack() as stack:
            listener = stack.enter_context(_listener(self.port))
            folder = self.data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sandbox-")))
            settings = Settings(latency_ms=self.latency_ms, processing_s=self.processing_s)
            site = Site(folder, self.creatives, settings, self.faults)
            stack.callback(site.close)
            self.app = _application(site)
            server = _Server(self.app)
            site.reset_connection = server.reset
            server.start(listener)
            stack.callback(server.stop)
            self.origin = f"http://{ADDRESS}:{listener.getsockname()[1]}"
            self._running = stack.pop_all()
        return self

    def stop(self) -> None:
        """Stop at once, whatever is under way."""
        self._running.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


def serve(sandbox: Sandbox, ready: Callable[[str], None]) -> None:
    """Run a sandbox until Ctrl-C; `ready` gets its address as soon as it answers."""
    forever = threading.Event()
    with sandbox, suppress(KeyboardInterrupt):
        ready(sandbox.origin)
        while not forever.wait(0.5):  # a wait without a limit can't be interrupted on every system
            pass


class _Server(uvicorn.Server):
    def __init__(self, app: ASGIApp) -> None:
        # the program that uses the sandbox owns the log
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", ws="none", http="h11")
        config.timeout_keep_alive = 75  # as usual elsewhere: idle browsers shouldn't meet a closed connection
        super().__init__(config)
        self._settled = threading.Event()

    def start(self, listener: socket.socket) -> None:
        """Return when it answers."""
        self._thread = threading.Thread(target=self._run, args=(listener,), name="sandbox", daemon=True)
        self._thread.start()
        self._settled.wait()
        if not self.started:
            raise RuntimeError("The sandbox's server didn't start: see the log for the reason.")

    def stop(self) -> None:
        """Return when it has ended."""
        self.should_exit = self.force_exit = True
        self._thread.join()

    def reset(self, client: tuple[str, int]) -> None:
        """Cut a client off as a crash would: it gets a reset instead of an end."""
        for connection in list(self.server_state.connections):
            if isinstance(connection, H11Protocol) and connection.client == client:
                raw = connection.transport.get_extra_info("socket")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.transport.abort()

    def _run(self, listener: socket.socket) -> None:
        try:
            asyncio.run(self.serve([listener]))
        finally:
            self._settled.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._settled.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Cut the connections: a browser keeps them open, and an upload may take minutes."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await super().shutdown(sockets)


def _listener(port: int) -> socket.socket:
    """Bound before the server runs: the port is ours from now on.

    Without NODELAY, an answer's body waits 40 ms for the client to confirm its headers. asyncio asks for it only on
    sockets that name their protocol, which those of `create_server` don't; connections inherit it from here.
    """
    listener = socket.create_server((ADDRESS, port))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _application(site: Site) -> ASGIApp:
    app = Starlette(
        routes=[*pages.ROUTES, *uploads.ROUTES, Mount("/_sandbox", control.application(site))],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=[ADDRESS, "localhost"]),
            Middleware(Door, site=site),
        ],
        exception_handlers={404: pages.not_found},
    )
    app.state.site = site

    async def until_cut(scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(asyncio.CancelledError):  # only the server's end cancels, and the connection is cut by then
            await app(scope, receive, send)

    return until_cut
