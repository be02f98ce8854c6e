"""What a server in trouble answers: an error, half an answer, or a connection that is reset."""

from __future__ import annotations

import math
from http import HTTPStatus

from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from tjtools.sandbox.site import Site

ERRORS = {"500": HTTPStatus.INTERNAL_SERVER_ERROR, "502": HTTPStatus.BAD_GATEWAY, "429": HTTPStatus.TOO_MANY_REQUESTS}


class Endless(Response):
    """Its head and first byte come, and nothing more until the client goes."""

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Begin, and wait."""
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
        await send({"type": "http.response.body", "body": b"<", "more_body": True})
        await _gone(receive)


class Reset(Response):
    """No answer: the connection is reset."""

    def __init__(self, site: Site) -> None:
        super().__init__()
        self.site = site

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        """Cut the client off."""
        self.site.reset_connection(tuple(scope["client"]))
        await _gone(receive)


def in_trouble(site: Site, place: str) -> Response | None:
    """The answer that a fault gives instead of the site's own; None where none strikes."""
    faults = site.faults
    if faults.strikes(f"{place}-reset"):
        return Reset(site)
    if faults.strikes(f"{place}-endless"):
        return Endless()
    failed = next((status for name, status in ERRORS.items() if faults.strikes(f"{place}-{name}")), None)
    return error_page(site, failed) if failed else None


def error_page(site: Site, status: HTTPStatus) -> Response:
    """What a server says of its error; where it has too much to do, it says after how many seconds to come again."""
    wait = {"Retry-After": str(math.ceil(site.settings.fault_s))} if status is HTTPStatus.TOO_MANY_REQUESTS else {}
    return HTMLResponse(f"<h1>{status.value} {status.phrase}</h1>", status.value, wait)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
