"""The sandbox's own interface, below `/_sandbox/`: for tests and demonstrations, no part of the replica."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tjtools.sandbox.site import COOKIE, site_of
from tjtools.sandbox.words import NewCreative, ReviewStatus, Script, Section, Settings


def _creatives(request: Request) -> Response:
    section = request.query_params.get("section")
    found = site_of(request).store.creatives(Section(section) if section else None)
    return JSONResponse([creative.as_json() for creative in found])


async def _add(request: Request) -> Response:
    new = _new_creative(await request.json())
    return JSONResponse(site_of(request).store.add(new).as_json(), status_code=201)


async def _change(request: Request) -> Response:
    values, store, creative_id = await request.json(), site_of(request).store, request.path_params["creative_id"]
    status = values.get("review_status")
    store.change(creative_id, ReviewStatus(status) if status else None, values.get("name"))
    creative = store.creative(creative_id)
    return JSONResponse(creative.as_json()) if creative else _unknown(creative_id)


def _delete(request: Request) -> Response:
    store, creative_id = site_of(request).store, request.path_params["creative_id"]
    creative = store.creative(creative_id)
    store.delete(creative_id)
    return JSONResponse(creative.as_json()) if creative else _unknown(creative_id)


def _session(request: Request) -> Response:
    return JSONResponse({"cookie": COOKIE, "value": site_of(request).store.sign_in()})


def _expire(request: Request) -> Response:
    site_of(request).store.sign_out()
    return JSONResponse({})


def _received(request: Request) -> Response:
    return JSONResponse([received.as_json() for received in site_of(request).store.received()])


async def _script(request: Request) -> Response:
    given = await request.json()
    site_of(request).scripts = {file_name: _read_script(values) for file_name, values in given.items()}
    return JSONResponse({})


async def _settings(request: Request) -> Response:
    site = site_of(request)
    if request.method == "PUT":
        site.settings = _changed(site.settings, await request.json())
    return JSONResponse(site.settings.as_json())


def _reset(request: Request) -> Response:
    site_of(request).reset()
    return JSONResponse({})


def _new_creative(values: dict[str, Any]) -> NewCreative:
    """What isn't said is as usual for the section."""
    section = Section(values["section"])
    return NewCreative(
        name=values["name"],
        section=section,
        dimensions=values.get("dimensions", section.dimensions),
        file_type=values.get("file_type", section.file_type),
        review_status=ReviewStatus(values.get("review_status", "pending")),
        sha256=values.get("sha256"),
    )


def _read_script(values: dict[str, Any]) -> Script:
    others = {when: tuple(map(_new_creative, values.get(when, ()))) for when in ("before", "after")}
    if values.get("outcome") not in {None, "drop", "error"}:
        raise ValueError(f"outcome is drop or error, not {values['outcome']}")
    return Script(**values | others)


def _changed(settings: Settings, values: dict[str, Any]) -> Settings:
    """Only what is said changes."""
    if section := values.get("first_section"):
        values = values | {"first_section": Section(section)}
    return replace(settings, **values)


def _unknown(creative_id: str) -> Response:
    return JSONResponse({"error": f"There is no creative {creative_id}."}, status_code=404)


def wrong(_request: Request, error: Exception) -> Response:
    """What a caller hears who asks for something that can't be."""
    return JSONResponse({"error": f"{type(error).__name__}: {error}"}, status_code=400)


ROUTES = [
    Route("/_sandbox/creatives", _creatives),
    Route("/_sandbox/creatives", _add, methods=["POST"]),
    Route("/_sandbox/creatives/{creative_id}", _change, methods=["PATCH"]),
    Route("/_sandbox/creatives/{creative_id}", _delete, methods=["DELETE"]),
    Route("/_sandbox/session", _session, methods=["POST"]),
    Route("/_sandbox/sessions", _expire, methods=["DELETE"]),
    Route("/_sandbox/received", _received),
    Route("/_sandbox/script", _script, methods=["PUT"]),
    Route("/_sandbox/settings", _settings, methods=["GET", "PUT"]),
    Route("/_sandbox/reset", _reset, methods=["POST"]),
]
