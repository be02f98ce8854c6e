"""The sandbox's own interface, below `/_sandbox/`: for tests and demonstrations, no part of the replica."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tjtools.sandbox.faults import Faults
from tjtools.sandbox.site import COOKIE, Site, site_of
from tjtools.sandbox.words import Creative, NewCreative, ReviewStatus, Script, Scripted, Section, plain


def _creatives(request: Request) -> Response:
    section = request.query_params.get("section")
    found = site_of(request).store.creatives(Section(section) if section else None)
    return JSONResponse([_shown(creative) for creative in found])


async def _add(request: Request) -> Response:
    new = _new_creative(await request.json())
    return JSONResponse(_shown(site_of(request).store.add(new)), status_code=201)


async def _change(request: Request) -> Response:
    values, store, creative_id = await request.json(), site_of(request).store, request.path_params["creative_id"]
    status = values.get("review_status")
    store.change(creative_id, ReviewStatus(status) if status else None, values.get("name"))
    creative = store.creative(creative_id)
    return JSONResponse(_shown(creative)) if creative else _unknown(creative_id)


def _delete(request: Request) -> Response:
    store, creative_id = site_of(request).store, request.path_params["creative_id"]
    creative = store.creative(creative_id)
    store.delete(creative_id)
    return JSONResponse(_shown(creative)) if creative else _unknown(creative_id)


def _session(request: Request) -> Response:
    return JSONResponse({"cookie": COOKIE, "value": site_of(request).store.sign_in()})


def _expire(request: Request) -> Response:
    site_of(request).store.sign_out()
    return JSONResponse({})


def _received(request: Request) -> Response:
    return JSONResponse([plain(received) for received in site_of(request).store.received()])


async def _script(request: Request) -> Response:
    given = await request.json()
    site_of(request).scripts = {file_name: _read_script(values) for file_name, values in given.items()}
    return JSONResponse({})


async def _settings(request: Request) -> Response:
    site = site_of(request)
    if request.method == "PUT":
        given = await request.json()
        site.settings = replace(site.settings, **{name: READ[name](value) for name, value in given.items()})
    return JSONResponse(plain(site.settings))


async def _faults(request: Request) -> Response:
    """Which faults are at work, and how often each has struck; a new list begins to count anew."""
    site = site_of(request)
    if request.method == "PUT":
        site.faults = Faults(await request.json())
    return JSONResponse(site.faults.fired())


def _home(request: Request) -> Response:
    return JSONResponse({"folder": str(site_of(request).store.folder)})


def _reset(request: Request) -> Response:
    site_of(request).reset()
    return JSONResponse({})


def _new_creative(values: dict[str, Any]) -> NewCreative:
    """What isn't said is as usual for the section; what its cards don't show isn't kept."""
    section = Section(values["section"])
    dimensions = values.get("dimensions") or section.dimensions
    if dimensions and not re.fullmatch(r"[1-9]\d*x[1-9]\d*", dimensions):
        raise ValueError(f"dimensions are like 300x250, not {dimensions}")
    return NewCreative(
        name=str(values["name"]),
        section=section,
        dimensions=dimensions if section.dimensions else None,
        file_type=(values.get("file_type") or section.file_type) if section.file_type else None,
        review_status=ReviewStatus(values.get("review_status", "pending")),
        sha256=values.get("sha256"),
    )


def _read_script(values: dict[str, Any]) -> Script:
    others = {when: tuple(map(_new_creative, values.get(when, ()))) for when in ("before", "after")}
    return Script(**values | others | {"outcome": Scripted(values.get("outcome"))})


def _shown(creative: Creative) -> dict[str, Any]:
    values = plain(creative)
    del values["media"]
    return values


def _unknown(creative_id: str) -> Response:
    return JSONResponse({"error": f"There is no creative {creative_id}."}, status_code=404)


def _wrong(_request: Request, error: Exception) -> Response:
    return JSONResponse({"error": f"{type(error).__name__}: {error}"}, status_code=400)


READ: dict[str, Callable[[Any], Any]] = {
    "latency_ms": int,
    "processing_s": float,
    "card_delay_s": float,
    "drops_duplicates": bool,
    "first_section": lambda name: Section(name) if name else None,
    "fault_s": float,
}
ROUTES = [
    Route("/creatives", _creatives),
    Route("/creatives", _add, methods=["POST"]),
    Route("/creatives/{creative_id}", _change, methods=["PATCH"]),
    Route("/creatives/{creative_id}", _delete, methods=["DELETE"]),
    Route("/session", _session, methods=["POST"]),
    Route("/sessions", _expire, methods=["DELETE"]),
    Route("/received", _received),
    Route("/script", _script, methods=["PUT"]),
    Route("/settings", _settings, methods=["GET", "PUT"]),
    Route("/faults", _faults, methods=["GET", "PUT"]),
    Route("/home", _home),
    Route("/reset", _reset, methods=["POST"]),
]


def application(site: Site) -> Starlette:
    """The interface as an application of its own: here wrong values are the caller's, elsewhere they are ours."""
    app = Starlette(routes=ROUTES, exception_handlers=dict.fromkeys((KeyError, TypeError, ValueError), _wrong))
    app.state.site = site
    return app
