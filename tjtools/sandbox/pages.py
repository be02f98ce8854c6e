"""The pages that people see, and what they load: sign-in, campaigns, the Media Library and its list."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import jinja2
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from tjtools.sandbox.site import COOKIE, site_of
from tjtools.sandbox.words import Creative, Section

HERE = Path(__file__).parent
PRACTICE = ("demo", "demo")
CONSENT = "cookie_consent"
A_FORTNIGHT = 14 * 86_400
PAGE_LENGTH = 12
LONGEST_PAGE = 100
MEDIA_TYPES = {"mp4": "video/mp4", "png": "image/png", "jpg": "image/jpeg", "gif": "image/gif"}
PALETTES = (
    ("#26468c", "#faaa78", "#281e46"),
    ("#10788c", "#bee0d7", "#0a3c46"),
    ("#6e2878", "#ff8c82", "#320f3c"),
    ("#c85a32", "#ffd78c", "#502319"),
    ("#2f6b4f", "#e6e8b0", "#16382a"),
)
NOT_IN_TITLES = {"VID", "IMG", "SFW", "Real", "Anime", "Generic", "Outdoor", "Event", "sec"}
_templates = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE / "templates"), autoescape=True)


def _page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    consent = CONSENT in request.cookies
    html = _templates.get_template(template).render(consent=consent, path=request.url.path, **values)
    return HTMLResponse(html, status, {"Cache-Control": "no-store"})


def sign_in_page(request: Request) -> Response:
    """The form, and why one sees it again."""
    token = request.cookies.get(COOKIE)
    expired = token is not None and site_of(request).store.open_section(token) is None
    return _page(request, "sign_in.html", problem="Your session has expired. Please sign in again." if expired else "")


async def sign_in(request: Request) -> Response:
    """Open a session for who has the right credentials and isn't a robot."""
    async with request.form() as form:
        given, human = (form.get("username"), form.get("password")), "robot" in form
    if not human:
        return _page(request, "sign_in.html", problem="Please confirm that you are not a robot.")
    if given != PRACTICE:
        return _page(request, "sign_in.html", problem="Sorry, we don't recognize these credentials.")
    answer = RedirectResponse("/campaigns", status_code=303)
    answer.set_cookie(COOKIE, site_of(request).store.sign_in(), max_age=A_FORTNIGHT, httponly=True, samesite="lax")
    return answer


def sign_out(request: Request) -> Response:
    """End the session."""
    site_of(request).store.sign_out(request.cookies[COOKIE])
    answer = RedirectResponse("/sign-in", status_code=303)
    answer.delete_cookie(COOKIE)
    return answer


def home(_request: Request) -> Response:
    """Signed in, everything starts at the campaigns."""
    return RedirectResponse("/campaigns", status_code=303)


def campaigns(request: Request) -> Response:
    """A few campaigns, to land on."""
    return _page(request, "campaigns.html")


def media_library(request: Request) -> Response:
    """The library's frame: its script loads the list."""
    site = site_of(request)
    remembered = site.store.open_section(request.cookies[COOKIE])
    section = site.settings.first_section or remembered or Section.VIDEO
    return _page(request, "media_library.html", section=section, settings=site.settings, page_length=PAGE_LENGTH)


def media_list(request: Request) -> Response:
    """One page of cards, as DataTables asks for it."""
    site, asked = site_of(request), request.query_params
    try:
        section = Section[asked["section"].upper()]
        draw, start = int(asked["draw"]), max(0, int(asked["start"]))
        length = min(max(1, int(asked["length"])), LONGEST_PAGE)
    except (KeyError, ValueError):
        return JSONResponse({"error": "The list can't be read like this."}, status_code=400)
    site.store.remember_section(request.cookies[COOKIE], section)
    creatives, total = site.store.page(section, start, length)
    cards = [[_card(creative)] for creative in creatives]
    return JSONResponse({"draw": draw, "recordsTotal": total, "recordsFiltered": total, "data": cards})


def _card(creative: Creative) -> str:
    return _templates.get_template("card.html").render(creative=creative)


def poster(request: Request) -> Response:
    """A creative's thumbnail: its own picture, or one drawn from its name."""
    creative, store = site_of(request).store.creative(request.path_params["creative_id"]), site_of(request).store
    if creative is None:
        return Response(status_code=404)
    if creative.media == "mp4":
        return FileResponse(store.media / f"{creative.creative_id}.poster.jpg", media_type="image/jpeg")
    if creative.media:
        return media_file(request)
    return Response(_drawn(creative), media_type="image/svg+xml", headers={"Cache-Control": "max-age=3600"})


def media_file(request: Request) -> Response:
    """An uploaded file, to look at or to play."""
    creative, store = site_of(request).store.creative(request.path_params["creative_id"]), site_of(request).store
    if creative is None or creative.media is None:
        return Response(status_code=404)
    return FileResponse(
        store.media / f"{creative.creative_id}.{creative.media}", media_type=MEDIA_TYPES[creative.media]
    )


def _drawn(creative: Creative) -> str:
    dice = hashlib.sha256(creative.name.encode("utf-8", "replace")).digest()
    width, height = (int(side) for side in (creative.dimensions or "640x360").split("x"))
    words = [word for word in re.findall(r"[^\W\d_]{3,}", creative.name) if word not in NOT_IN_TITLES]
    return _templates.get_template("poster.svg").render(
        width=width, height=height, title=" ".join(words[:2]), palette=PALETTES[dice[0] % len(PALETTES)], dice=dice
    )


def not_found(request: Request, _error: Exception) -> Response:
    """What the site says of an address that it doesn't have."""
    return _page(request, "missing.html", status=404)


ROUTES = [
    Route("/", home),
    Route("/sign-in", sign_in_page),
    Route("/sign-in", sign_in, methods=["POST"]),
    Route("/sign-out", sign_out),
    Route("/campaigns", campaigns),
    Route("/media-library", media_library),
    Route("/media-library/list", media_list),
    Route("/cdn/{creative_id}", poster),
    Route("/cdn/{creative_id}/file", media_file),
    Mount("/static", StaticFiles(directory=HERE / "static")),
]
