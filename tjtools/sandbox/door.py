"""Who comes in: only this machine's own pages, and to the signed-in area only who has a session."""

from __future__ import annotations

import time
from contextlib import suppress

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tjtools.sandbox.pages import OUTSIDE, signed_out
from tjtools.sandbox.site import COOKIE, Site, wait
from tjtools.sandbox.trouble import in_trouble

# as a content network would serve them: at once, to everybody; the control interface isn't part of the site
AT_ONCE = ("/_sandbox/", "/static/", "/cdn/")
PLACES = {
    ("GET", "/media-library"): "page",
    ("GET", "/media-library/list"): "list",
    ("POST", "/media-library/upload"): "upload",
}  # where faults strike
STARTED = "sandbox.started"


class Door:
    """Stands before every page. It adds the site's latency, and sends who has no session to sign in."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self.app = app
        self.site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] != "http":
            return
        scope[STARTED] = time.time()
        request = Request(scope, receive)
        if _is_foreign(request):
            await _drain(request)
            refusal = JSONResponse({"error": "The sandbox answers only its own pages."}, status_code=403)
            await refusal(scope, receive, send)
            return
        path = request.url.path
        if not path.startswith(AT_ONCE):
            await wait(self.site.settings.latency_ms / 1000)
            place = PLACES.get((request.method, path))
            if place and (answer := await self._struck(place)):
                await _drain(request)
                await answer(scope, receive, send)
                return
            if path not in OUTSIDE and not self._is_signed_in(request):
                await _drain(request)
                await signed_out(request)(scope, receive, send)
                return
        await self.app(scope, receive, send)

    async def _struck(self, place: str) -> Response | None:
        """What faults do to a request; the answer, if there is to be none of the site's own."""
        if self.site.faults.strikes(f"{place}-slow"):
            await wait(self.site.settings.fault_s)
        if self.site.faults.expires(place):
            self.site.store.sign_out()
        return in_trouble(self.site, place)

    def _is_signed_in(self, request: Request) -> bool:
        return self.site.store.open_section(request.cookies.get(COOKIE, "")) is not None


def _is_foreign(request: Request) -> bool:
    """Whether another site's page asks, or sends something here; a person who follows a link does neither."""
    origin = request.headers.get("origin")
    own = f"http://{request.headers.get('host')}"
    return origin is not None and origin != own


async def _drain(request: Request) -> None:
    """Read to the end: a browser that is cut off while it sends never sees the answer."""
    with suppress(ClientDisconnect):
        async for _ in request.stream():
            pass
