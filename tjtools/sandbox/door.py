"""Who comes in, and what a server in trouble answers: only this machine's own pages, and who has a session."""

from __future__ import annotations

import math
import time
from contextlib import suppress
from http import HTTPStatus

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tjtools.sandbox.pages import OUTSIDE, signed_out
from tjtools.sandbox.site import COOKIE, Site, wait

# as a content network would serve them: at once, to everybody; the control interface isn't part of the site
AT_ONCE = ("/_sandbox/", "/static/", "/cdn/")
PLACES = {
    ("GET", "/media-library"): "page",
    ("GET", "/media-library/list"): "list",
    ("POST", "/media-library/upload"): "upload",
}  # where faults strike
ERRORS = {"500": HTTPStatus.INTERNAL_SERVER_ERROR, "502": HTTPStatus.BAD_GATEWAY, "429": HTTPStatus.TOO_MANY_REQUESTS}
STARTED = "sandbox.started"


class Door:
    """Stands before every page. It adds the site's latency, and sends who has no session to sign in."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self.app = app
        self.site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        scope[STARTED] = time.time()
        request = Request(scope, receive)
        if answer := await self._kept_out(request):
            with suppress(ClientDisconnect):  # read to the end: who is cut off while sending never sees the answer
                async for _ in request.stream():
                    pass
        await (answer or self.app)(scope, receive, send)

    async def _kept_out(self, request: Request) -> Response | None:
        if _is_foreign(request):
            return JSONResponse({"error": "The sandbox answers only its own pages."}, status_code=403)
        path = request.url.path
        if path.startswith(AT_ONCE):
            return None
        await wait(self.site.settings.latency_ms / 1000)
        place = PLACES.get((request.method, path))
        if place and (answer := await self._struck(place)):
            return answer
        signed_in = path in OUTSIDE or self.site.open_section(request.cookies.get(COOKIE, "")) is not None
        return None if signed_in else signed_out(request)

    async def _struck(self, place: str) -> Response | None:
        """What faults do to a request; the answer, if there is to be none of the site's own."""
        faults = self.site.faults
        if faults.strikes(f"{place}-slow"):
            await wait(self.site.settings.fault_s)
        if faults.expires(place):
            self.site.sign_out()
        if faults.strikes(f"{place}-reset"):
            return Reset(self.site)
        if faults.strikes(f"{place}-endless"):
            return Endless()
        failed = next((status for name, status in ERRORS.items() if faults.strikes(f"{place}-{name}")), None)
        return error_page(self.site, failed) if failed else None


def _is_foreign(request: Request) -> bool:
    """Whether another site's page asks, or sends something here; a person who follows a link does neither."""
    origin = request.headers.get("origin")
    own = f"http://{request.headers.get('host')}"
    return origin is not None and origin != own


class Endless(Response):
    """Its head and first byte come, and nothing more until the client goes."""

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
        await send({"type": "http.response.body", "body": b"<", "more_body": True})
        await _gone(receive)


class Reset(Response):
    """No answer: the connection is reset."""

    def __init__(self, site: Site) -> None:
        super().__init__()
        self.site = site

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        self.site.reset_connection(tuple(scope["client"]))
        await _gone(receive)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def error_page(site: Site, status: HTTPStatus) -> Response:
    """What a server says of its error; where it has too much to do, it says after how many seconds to come again."""
    wait = {"Retry-After": str(math.ceil(site.settings.fault_s))} if status is HTTPStatus.TOO_MANY_REQUESTS else {}
    return HTMLResponse(f"<h1>{status.value} {status.phrase}</h1>", status.value, wait)
