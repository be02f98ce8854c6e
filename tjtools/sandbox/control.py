"""The sandbox's own interface, below `/_sandbox/`: for tests and demonstrations, no part of the replica."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tjtools.sandbox.faults import Faults
from tjtools.sandbox.site import COOKIE, Site, site_of
from tjtools.sandbox.words import Creative, NewCreative, Script, Section

SCRIPTS: TypeAdapter[dict[str, Script]] = TypeAdapter(dict[str, Script])


def _creatives(site: Site, sent: dict[str, Any], _creative_id: str) -> list[Creative]:
    return site.creatives(Section(sent["section"]) if "section" in sent else None)


def _add(site: Site, sent: dict[str, Any], _creative_id: str) -> Creative:
    return site.add(NewCreative(**sent))


def _change(site: Site, sent: dict[str, Any], creative_id: str) -> Creative:
    site.change(Creative(**_known(site, creative_id).model_dump() | sent))
    return _known(site, creative_id)


def _delete(site: Site, _sent: object, creative_id: str) -> Creative:
    creative = _known(site, creative_id)
    site.delete(creative_id)
    return creative


def _known(site: Site, creative_id: str) -> Creative:
    creative = site.creative(creative_id)
    if creative is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, f"There is no creative {creative_id}.")
    return creative


def _script(site: Site, sent: object, _creative_id: str) -> None:
    site.scripts = SCRIPTS.validate_python(sent)


def _set(site: Site, sent: dict[str, Any], _creative_id: str) -> object:
    site.settings = type(site.settings)(**site.settings.model_dump() | sent)
    return site.settings


def _faults(site: Site, sent: list[str], _creative_id: str) -> dict[str, int]:
    """A new list begins to count anew."""
    site.faults = Faults(sent)
    return site.faults.fired()


# what is done with the site, what was sent, and a creative's ID; and what is answered
ANSWERS: dict[tuple[str, str], Callable[[Site, Any, str], object]] = {
    ("GET", "/creatives"): _creatives,
    ("POST", "/creatives"): _add,
    ("PATCH", "/creatives/{creative_id}"): _change,
    ("DELETE", "/creatives/{creative_id}"): _delete,
    ("POST", "/session"): lambda site, *_: {"cookie": COOKIE, "value": site.sign_in()},
    ("DELETE", "/sessions"): lambda site, *_: site.sign_out(),
    ("GET", "/received"): lambda site, *_: site.received(),
    ("PUT", "/script"): _script,
    ("GET", "/settings"): lambda site, *_: site.settings,
    ("PUT", "/settings"): _set,
    ("GET", "/faults"): lambda site, *_: site.faults.fired(),
    ("PUT", "/faults"): _faults,
    ("GET", "/home"): lambda site, *_: {"folder": site.folder},
    ("POST", "/reset"): lambda site, *_: site.reset(),
}


def _route(method: str, path: str, answer: Callable[[Site, Any, str], object]) -> Route:
    async def answered(request: Request) -> Response:
        sent = await request.json() if await request.body() else dict(request.query_params)
        told = answer(site_of(request), sent, request.path_params.get("creative_id", ""))
        return JSONResponse(to_jsonable_python(told))

    return Route(path, answered, methods=[method])


def _refused(_request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException):
        return JSONResponse({"error": error.detail}, error.status_code)
    return JSONResponse({"error": f"{type(error).__name__}: {error}"}, HTTPStatus.BAD_REQUEST)


def application(site: Site) -> Starlette:
    """The interface as an application of its own: here wrong values are the caller's, elsewhere they are ours."""
    routes = [_route(method, path, answer) for (method, path), answer in ANSWERS.items()]
    handlers = dict.fromkeys((HTTPException, KeyError, TypeError, ValueError), _refused)
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.state.site = site
    return app
