"""The sandbox as a server of this process, on loopback only.

Its own interface, below `/_sandbox/`, is for tests and demonstrations, and no part of the replica.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import KW_ONLY, dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self

import uvicorn
from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from tjtools.sandbox import pages, uploads
from tjtools.sandbox.faults import Faults
from tjtools.sandbox.site import COOKIE, Site
from tjtools.sandbox.words import Creative, NewCreative, Script, Section, Settings

ADDRESS = "127.0.0.1"
SCRIPTS: TypeAdapter[dict[str, Script]] = TypeAdapter(dict[str, Script])


@dataclass(eq=False)
class Sandbox:
    """The replica, from `start()` to `stop()` or as a context manager.

    What it knows is kept in the folder `data` and found again there; without one it is gone afterwards. `creatives`
    says how many a new folder is seeded with; `latency_ms` is added to every page and list, and `processing_s` is how
    long the site works on each upload. `faults` are what it does wrong, as `tjtools.sandbox.faults` tells them. With
    `ending`, others may ask it to end: that event is set then. Once it is started, `app` is the site for callers in
    this process.
    """

    data: Path | None = None
    _: KW_ONLY
    port: int = 0
    creatives: int = 481
    latency_ms: int = 0
    processing_s: float = 0.0
    faults: Sequence[str] = ()
    ending: threading.Event | None = None
    app: ASGIApp = field(init=False)
    origin: str = field(default="", init=False)
    _running: ExitStack = field(default_factory=ExitStack, init=False)

    def start(self) -> Self:
        """Serve; who asks from the moment this returns gets an answer."""
        with ExitStack() as stack:
            listener = stack.enter_context(_listener(self.port))
            folder = self.data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sandbox-")))
            settings = Settings(latency_ms=self.latency_ms, processing_s=self.processing_s)
            site = Site(folder, self.creatives, settings, self.faults)
            stack.callback(site.close)
            self.app = _application(site)
            server = _Server(self.app, listener)
            site.reset_connection, site.end = server.reset, self._asked_to_end
            stack.callback(server.stop)
            self.origin = f"http://{ADDRESS}:{listener.getsockname()[1]}"
            self._running = stack.pop_all()
        return self

    def stop(self) -> None:
        """Stop at once, whatever is under way."""
        self._running.close()

    def _asked_to_end(self) -> bool:
        if self.ending:
            self.ending.set()
        return self.ending is not None

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
    def __init__(self, app: ASGIApp, listener: socket.socket) -> None:
        # the program that uses the sandbox owns the log
        config = uvicorn.Config(
            app, log_config=None, access_log=False, lifespan="off", ws="none", http="h11", loop="asyncio"
        )
        config.timeout_keep_alive = 75  # as usual elsewhere: idle browsers shouldn't meet a closed connection
        super().__init__(config)
        self._thread = threading.Thread(target=self.run, args=([listener],), name="sandbox", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self.should_exit = self.force_exit = True
        self._thread.join()

    def reset(self, client: tuple[str, int]) -> None:
        """Cut a client off as a crash would: it gets a reset instead of an end."""
        for connection in list(self.server_state.connections):
            if isinstance(connection, H11Protocol) and connection.client == client:
                raw = connection.transport.get_extra_info("socket")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.transport.abort()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Cut the connections: a browser keeps them open, and an upload may take minutes."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await super().shutdown(sockets)


def _listener(port: int) -> socket.socket:
    """Bound before the server runs: the port is ours, and who connects is in the queue from now on.

    Without NODELAY, an answer's body waits 40 ms for the client to confirm its headers. asyncio asks for it only on
    sockets that name their protocol, which those of `create_server` don't; connections inherit it from here.
    """
    listener = socket.create_server((ADDRESS, port))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _application(site: Site) -> ASGIApp:
    app = Starlette(
        routes=[*pages.ROUTES, *uploads.ROUTES, Mount("/_sandbox", _control(site))],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=[ADDRESS, "localhost"]),
            Middleware(pages.Door, site=site),
        ],
        exception_handlers={404: pages.not_found},
    )
    app.state.site = site

    async def until_cut(scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(asyncio.CancelledError):  # only the server's end cancels, and the connection is cut by then
            await app(scope, receive, send)

    return until_cut


def _known(site: Site, creative_id: str) -> Creative:
    creative = site.creative(creative_id)
    if creative is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, f"There is no creative {creative_id}.")
    return creative


def _script(site: Site, sent: object, _creative_id: str) -> None:
    site.scripts = SCRIPTS.validate_python(sent)


def _set(site: Site, sent: dict[str, Any], _creative_id: str) -> Settings:
    site.settings = Settings(**site.settings.model_dump() | sent)
    return site.settings


def _faults(site: Site, sent: list[str], _creative_id: str) -> dict[str, int]:
    """A new list begins to count anew."""
    site.faults = Faults(sent)
    return site.faults.fired()


# what is done with the site, what was sent, and a creative's ID; and what is answered
ANSWERS: dict[tuple[str, str], Callable[[Site, Any, str], object]] = {
    ("GET", "/creatives"): lambda site, sent, _: site.creatives(
        Section(sent["section"]) if "section" in sent else None
    ),
    ("POST", "/creatives"): lambda site, sent, _: site.add(NewCreative(**sent)),
    ("PATCH", "/creatives/{creative_id}"): lambda site, sent, creative_id: site.change(
        Creative(**_known(site, creative_id).model_dump() | sent)
    ),
    ("DELETE", "/creatives/{creative_id}"): lambda site, _, creative_id: site.delete(_known(site, creative_id)),
    ("POST", "/session"): lambda site, *_: {"cookie": COOKIE, "value": site.sign_in()},
    ("DELETE", "/sessions"): lambda site, *_: site.sign_out(),
    ("GET", "/received"): lambda site, *_: site.received(),
    ("PUT", "/script"): _script,
    ("GET", "/settings"): lambda site, *_: site.settings,
    ("PUT", "/settings"): _set,
    ("GET", "/faults"): lambda site, *_: site.faults.fired(),
    ("PUT", "/faults"): _faults,
    ("GET", "/home"): lambda site, *_: {"folder": site.folder},
    ("POST", "/end"): lambda site, *_: {"ends": site.end()},
    ("POST", "/reset"): lambda site, *_: site.reset(),
}


def _refused(_request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException):
        return JSONResponse({"error": error.detail}, error.status_code)
    return JSONResponse({"error": f"{type(error).__name__}: {error}"}, HTTPStatus.BAD_REQUEST)


def _control(site: Site) -> Starlette:
    """The sandbox's own interface, as an application: here wrong values are the caller's, elsewhere they are ours."""

    def route(method: str, path: str) -> Route:
        async def answered(request: Request) -> Response:
            sent = await request.json() if await request.body() else dict(request.query_params)
            told = ANSWERS[method, path](site, sent, request.path_params.get("creative_id", ""))
            return JSONResponse(to_jsonable_python(told))

        return Route(path, answered, methods=[method])

    handlers = dict.fromkeys((HTTPException, KeyError, TypeError, ValueError), _refused)
    return Starlette(routes=[route(*asked) for asked in ANSWERS], exception_handlers=handlers)
