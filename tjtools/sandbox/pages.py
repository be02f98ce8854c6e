"""The door, which lets in this machine's own pages and who has a session; the pages behind it, and what they load."""

from __future__ import annotations

import hashlib
import math
import re
import time
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

import jinja2
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from tjtools.sandbox.faults import KNOWN, ON_THE_PAGE, Faults
from tjtools.sandbox.site import COOKIE, Site, site_of, wait
from tjtools.sandbox.words import Creative, Section

HERE = Path(__file__).parent
PRACTICE = ("demo", "demo")
OUTSIDE = ("/sign-in", "/login", "/google")  # pages for who is not signed in
# as a content network would serve them: at once, to everybody; the control interface isn't part of the site
AT_ONCE = ("/_sandbox/", "/static/", "/cdn/")
PLACES = {
    ("GET", "/media-library"): "page",
    ("GET", "/media-library/list"): "list",
    ("POST", "/media-library/upload"): "upload",
}  # where faults strike
BREAKS = ("reset", "endless", "500", "502", "429")  # the faults that leave a request without the site's own answer
STARTED = "sandbox.started"
CONSENT = "cookie_consent"
A_FORTNIGHT = 14 * 86_400
PAGE_LENGTH = 12
LONGEST_PAGE = 100
PALETTES = (
    ("#26468c", "#faaa78", "#281e46"),
    ("#10788c", "#bee0d7", "#0a3c46"),
    ("#6e2878", "#ff8c82", "#320f3c"),
    ("#c85a32", "#ffd78c", "#502319"),
    ("#2f6b4f", "#e6e8b0", "#16382a"),
)
NOT_IN_TITLES = {"VID", "IMG", "SFW", "Real", "Anime", "Generic", "Outdoor", "Event", "sec"}
_templates = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE / "templates"), autoescape=True)


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
        if request.headers.get("origin") not in (None, f"http://{request.headers.get('host')}"):
            # another site's page asks, or sends something here; a person who follows a link does neither
            return JSONResponse({"error": "The sandbox answers only its own pages."}, status_code=403)
        path, faults = request.url.path, self.site.faults
        if path.startswith(AT_ONCE):
            return None
        await wait(self.site.settings.latency_ms / 1000)
        if place := PLACES.get((request.method, path)):
            if faults.strikes(f"{place}-slow"):
                await wait(self.site.settings.fault_s)
            if faults.expires(place):
                self.site.sign_out()
            if answer := broken(self.site, place):
                return answer
        signed_in = path in OUTSIDE or self.site.open_section(request.cookies.get(COOKIE, "")) is not None
        return None if signed_in else _signed_out(request)


def broken(site: Site, place: str) -> Response | None:
    """What a server in trouble answers, where one of its faults strikes."""
    names = {f"{place}-{kind}": kind for kind in BREAKS}
    kind = next((kind for name, kind in names.items() if name in KNOWN and site.faults.strikes(name)), "")
    if kind == "reset":
        return Reset(site)
    if kind == "endless":
        return Endless()
    return _error_page(site, HTTPStatus(int(kind))) if kind else None


def _error_page(site: Site, status: HTTPStatus) -> Response:
    again = {"Retry-After": str(math.ceil(site.settings.fault_s))} if status is HTTPStatus.TOO_MANY_REQUESTS else {}
    return HTMLResponse(f"<h1>{status.value} {status.phrase}</h1>", status.value, again)


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


def _page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    consent, faults = CONSENT in request.cookies, site_of(request).faults
    html = _templates.get_template(template).render(consent=consent, path=request.url.path, **values)
    if template == "media_library.html":
        html = faults.otherwise("page", html)
    return HTMLResponse(html, status, {"Cache-Control": "no-store"})


def _sign_in_page(request: Request) -> Response:
    token = request.cookies.get(COOKIE)
    expired = token is not None and site_of(request).open_section(token) is None
    return _page(request, "sign_in.html", problem="Your session has expired. Please sign in again." if expired else "")


def _signed_out(request: Request) -> Response:
    """What who is not signed in gets in place of any page, list or answer."""
    site = site_of(request)
    if not site.faults.shell:
        return RedirectResponse("/sign-in", status_code=303)
    return _page(request, "shell.html", shell=site.faults.shell, late_ms=round(site.settings.fault_s * 1000))


async def _sign_in(request: Request) -> Response:
    async with request.form() as form:
        given, human = (form.get("username"), form.get("password")), "robot" in form
    if not human:
        return _page(request, "sign_in.html", problem="Please confirm that you are not a robot.")
    if given != PRACTICE:
        return _page(request, "sign_in.html", stranger=True)
    return _let_in(request, RedirectResponse("/campaigns", status_code=303))


def _google(request: Request) -> Response:
    """What stands for Google's own pages, in a popup: it signs the person in, and closes."""
    if request.method == "GET":
        return _page(request, "google.html")
    return _let_in(request, _page(request, "google.html", done=True))


def _let_in(request: Request, answer: Response) -> Response:
    answer.set_cookie(COOKIE, site_of(request).sign_in(), max_age=A_FORTNIGHT, httponly=True, samesite="lax")
    return answer


def _sign_out(request: Request) -> Response:
    site_of(request).sign_out(request.cookies[COOKIE])
    answer = RedirectResponse("/sign-in", status_code=303)
    answer.delete_cookie(COOKIE)
    return answer


def _media_library(request: Request) -> Response:
    site = site_of(request)
    section = site.settings.first_section or site.open_section(request.cookies[COOKIE]) or Section.VIDEO
    if section is Section.NATIVE_ROLLOVER:  # the tab may be remembered, its sub-tab never is
        section = Section.NATIVE_STATIC
    struck = [name for name in ON_THE_PAGE if site.faults.strikes(f"page-{name}")]
    late_ms, box = round(site.settings.fault_s * 1000), site.faults.box("page")
    values: dict[str, Any] = {"faults": struck, "late_ms": late_ms, "box": box}
    return _page(request, "media_library.html", section=section, page_length=PAGE_LENGTH, **values)


def _media_list(request: Request) -> Response:
    site, asked = site_of(request), request.query_params
    try:
        section = Section[asked["section"].upper()]
        draw, start = int(asked["draw"]), max(0, int(asked["start"]))
        length = min(max(1, int(asked["length"])), LONGEST_PAGE)
    except (KeyError, ValueError):
        return JSONResponse({"error": "The list can't be read like this."}, status_code=400)
    site.remember_section(request.cookies[COOKIE], section)
    cards, total = _listed(site, section, start, length)
    blank = round(site.settings.fault_s * 1000) if cards and site.faults.strikes("list-blank") else 0
    told = {"recordsTotal": total, "recordsFiltered": total, "data": [[card] for card in cards]}
    return JSONResponse({"draw": draw, "box": site.faults.box("list"), "blank_ms": blank, **told})


def _listed(site: Site, section: Section, start: int, length: int) -> tuple[list[str], int]:
    faults = site.faults
    if faults.strikes("list-empty"):
        return [], 0
    shifted = start > 0 and faults.strikes("list-shifted")
    creatives, total = site.page(section, start + shifted, length)
    shown = [{"name": one.name, "status": one.review_status} for one in creatives]
    if shown:
        _make_odd(faults, shown[0])
    card = _templates.get_template("card.html")
    cards = [card.render(creative=one, **told) for one, told in zip(creatives, shown, strict=True)]
    more, less = faults.strikes("list-total-more"), faults.strikes("list-total-less")
    return [faults.otherwise("list", card) for card in cards], max(0, total + more - less)


def _make_odd(faults: Faults, shown: dict[str, str]) -> None:
    if faults.strikes("list-nameless"):
        shown["name"] = ""
    if faults.strikes("list-cut-name"):
        shown["name"] = f"{shown['name'][:-3]}…"
    if faults.strikes("list-odd-status"):
        shown["status"] = "on hold"


def _poster(request: Request) -> Response:
    """A creative's thumbnail: its own picture, or one drawn from its name."""
    site, creative_id = site_of(request), request.path_params["creative_id"]
    creative = site.creative(creative_id)
    if creative and creative.media == "mp4":
        return FileResponse(site.media / f"{creative_id}.poster.jpg")
    if creative and not creative.media:
        return Response(_drawn(creative), media_type="image/svg+xml", headers={"Cache-Control": "max-age=3600"})
    return _media_file(request)


def _media_file(request: Request) -> Response:
    site, creative_id = site_of(request), request.path_params["creative_id"]
    creative = site.creative(creative_id)
    if creative is None or creative.media is None:
        return Response(status_code=404)
    return FileResponse(site.media / f"{creative_id}.{creative.media}")


def _drawn(creative: Creative) -> str:
    dice = hashlib.sha256(creative.name.encode("utf-8", "replace")).digest()
    width, height = (int(side) for side in (creative.dimensions or "640x360").split("x"))
    words = [word for word in re.findall(r"[^\W\d_]{3,}", creative.name) if word not in NOT_IN_TITLES]
    return _templates.get_template("poster.svg").render(
        width=width, height=height, title=" ".join(words[:2]), palette=PALETTES[dice[0] % len(PALETTES)], dice=dice
    )


def not_found(request: Request, _error: Exception) -> Response:
    return _page(request, "missing.html", status=404)


ROUTES = [
    Route("/", RedirectResponse("/campaigns", status_code=303)),
    *(Route(path, _sign_in_page) for path in ("/sign-in", "/login")),
    *(Route(path, _sign_in, methods=["POST"]) for path in ("/sign-in", "/login")),
    Route("/google", _google, methods=["GET", "POST"]),
    Route("/sign-out", _sign_out),
    Route("/campaigns", partial(_page, template="campaigns.html")),
    Route("/media-library", _media_library),
    Route("/media-library/list", _media_list),
    Route("/cdn/{creative_id}", _poster),
    Route("/cdn/{creative_id}/file", _media_file),
    Mount("/static", StaticFiles(directory=HERE / "static")),
]
