"""The pages that people see, and what they load: sign-in, campaigns, the Media Library and its list."""

from __future__ import annotations

import hashlib
import re
from functools import partial
from pathlib import Path
from typing import Any

import jinja2
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from tjtools.sandbox.faults import ON_THE_PAGE, Faults
from tjtools.sandbox.site import COOKIE, Site, site_of
from tjtools.sandbox.words import Creative, Section

HERE = Path(__file__).parent
PRACTICE = ("demo", "demo")
OUTSIDE = ("/sign-in", "/login", "/google")  # pages for who is not signed in
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
    consent, faults = CONSENT in request.cookies, site_of(request).faults
    html = _templates.get_template(template).render(consent=consent, path=request.url.path, **values)
    if template == "media_library.html":
        html = faults.otherwise("page", html)
    return HTMLResponse(html, status, {"Cache-Control": "no-store"})


def _sign_in_page(request: Request) -> Response:
    token = request.cookies.get(COOKIE)
    expired = token is not None and site_of(request).open_section(token) is None
    return _page(request, "sign_in.html", problem="Your session has expired. Please sign in again." if expired else "")


def signed_out(request: Request) -> Response:
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
        return FileResponse(site.media / f"{creative_id}.poster.jpg", media_type="image/jpeg")
    if creative and not creative.media:
        return Response(_drawn(creative), media_type="image/svg+xml", headers={"Cache-Control": "max-age=3600"})
    return _media_file(request)


def _media_file(request: Request) -> Response:
    site, creative_id = site_of(request), request.path_params["creative_id"]
    creative = site.creative(creative_id)
    if creative is None or creative.media is None:
        return Response(status_code=404)
    return FileResponse(site.media / f"{creative_id}.{creative.media}", media_type=MEDIA_TYPES[creative.media])


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
