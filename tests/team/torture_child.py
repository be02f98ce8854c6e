"""In the process of a command: the site is a sandbox in another process, asked without a browser."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import closing
from functools import partial, wraps
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from fake_site import FakeSite
from starlette.types import Receive, Scope, Send

from tjtools.scrape import connection
from tjtools.team.claims import Claims
from tjtools.upload.journal import Journal

# where a run can fall asleep: behind what it does last
POINTS = {"claimed": (Claims, "hold"), "noted": (Journal, "handed_over"), "awake": (Claims, "demand_awake")}


class Elsewhere:
    """What the fake of the site takes for the sandbox's own application: it asks over HTTP."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.place = urlsplit(origin).netloc

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = (await receive())["body"]
        status, headers, told = await asyncio.to_thread(self._ask, scope, body)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": told})

    def _ask(self, scope: Scope, body: bytes) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        headers = {name.decode(): value.decode() for name, value in scope["headers"] if value and name != b"host"}
        query = scope["query_string"].decode()
        with closing(HTTPConnection(self.place, timeout=60)) as asked:
            asked.request(scope["method"], f"{scope['path']}?{query}" if query else scope["path"], body, headers)
            answer = asked.getresponse()
            pairs = [(name.lower().encode(), value.encode()) for name, value in answer.getheaders()]
            return answer.status, pairs, answer.read()


def prepare(origin: str, falls_asleep: str = "") -> None:
    """Ask this sandbox, wait for no disk, which only a power cut could tell, and fall asleep where it is said."""
    os.fsync = os.fstat  # type: ignore[assignment]
    connection.Site = partial(FakeSite, Elsewhere(origin))  # type: ignore[misc, assignment, arg-type]
    if falls_asleep:
        _sleep_behind(*POINTS[falls_asleep])


def _sleep_behind(owner: Any, name: str) -> None:
    """The first call is the last thing before the sleep."""
    real = getattr(owner, name)

    @wraps(real)
    def done(*args: Any, **named: Any) -> Any:
        came = real(*args, **named)
        setattr(owner, name, real)
        os.kill(os.getpid(), signal.SIGSTOP)
        return came

    setattr(owner, name, done)
