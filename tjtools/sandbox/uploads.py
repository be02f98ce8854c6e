"""A file's way in: read, checked against the section's limits, kept, dropped or refused."""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tjtools.sandbox.door import STARTED
from tjtools.sandbox.faults import Faults
from tjtools.sandbox.media import Media, examine
from tjtools.sandbox.site import Site, site_of, wait
from tjtools.sandbox.trouble import Endless, Reset, error_page
from tjtools.sandbox.words import Creative, NewCreative, Outcome, Received, Refusal, Script, Scripted, Section

EXTENSION = re.compile(r"(?s)(.+)\.[A-Za-z0-9]{1,5}")
# the raw header: a parser would take backslashes for escapes and cut paths off
FILE_NAME = re.compile(r'(?s)\bfilename="([^"]*)"')
CHUNK = 1 << 20
DROPPED = "The section holds this name already, or a script says so."


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file that has arrived in full."""

    file_name: str
    section: Section
    path: Path
    sha256: str
    bytes: int
    started_at: float

    @property
    def card_name(self) -> str:
        """The name that its card shows."""
        found = EXTENSION.fullmatch(self.file_name)
        return found[1] if found else self.file_name


async def upload(request: Request) -> Response:
    """Take one file, as Dropzone sends it; a refusal's text is what Dropzone shows."""
    site = site_of(request)
    try:
        async with request.form() as form:
            file, section = form.get("file"), str(form.get("section", "")).upper()
            if not isinstance(file, UploadFile) or section not in Section.__members__:
                return JSONResponse({"error": "There is no file, or no section for it."}, status_code=400)
            arrival = await run_in_threadpool(_arrived, site, file, Section[section], request.scope[STARTED])
    except ClientDisconnect:
        return Response(status_code=400)  # nobody is there to read it
    try:
        return await _handled(site, arrival)
    finally:
        arrival.path.unlink(missing_ok=True)


async def _handled(site: Site, arrival: Arrival) -> Response:
    resets, script = site.resets, site.scripts.get(arrival.file_name) or _by_fault(site.faults)
    _others_upload(site, script.before)
    creative: Creative | None = None
    reason: str | None = None
    try:
        media = await run_in_threadpool(_judged, arrival, script)
    except Refusal as refusal:
        outcome, reason = Outcome.REFUSED, str(refusal)
        answer = _refusal(reason, script.status)
    else:
        await wait(site.settings.processing_s)
        if resets != site.resets:
            return JSONResponse({"error": "The sandbox was reset."}, status_code=503)
        late = site.settings.card_delay_s
        late += site.settings.fault_s if site.faults.strikes("upload-late-card") else 0
        creative = await run_in_threadpool(_taken_in, site, arrival, media, script, late)
        outcome, reason = (Outcome.ACCEPTED, None) if creative else (Outcome.DROPPED, DROPPED)
        # the same for both: the site drops in silence
        answer = _success(site, late) if not creative else _answered(site, late)
    _others_upload(site, script.after)
    site.store.record(_received(arrival, outcome, creative, reason))
    return answer


def _arrived(site: Site, file: UploadFile, section: Section, started_at: float) -> Arrival:
    path = site.store.incoming / secrets.token_hex(8)
    digest, size = _copied(file.file, path)
    return Arrival(_name(file), section, path, digest, size, started_at)


def _name(file: UploadFile) -> str:
    """The file's name exactly as it arrived."""
    found = FILE_NAME.search(file.headers.get("content-disposition", ""))
    return found[1].encode("latin-1").decode("utf-8", "replace") if found else file.filename or ""


def _copied(source: BinaryIO, path: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as target:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            size += target.write(chunk)
    return digest.hexdigest(), size


def _judged(arrival: Arrival, script: Script) -> Media:
    if script.outcome is Scripted.ERROR:
        raise Refusal(script.message)
    return examine(arrival.path, arrival.section)


def _taken_in(site: Site, arrival: Arrival, media: Media, script: Script, late: float) -> Creative | None:
    """The new creative; None where the site drops the file."""
    if script.outcome is Scripted.DROP:
        return None
    now, section, folder = time.time(), arrival.section, site.store.media

    def keep(creative_id: str) -> None:
        arrival.path.replace(folder / f"{creative_id}.{media.kind}")
        if media.poster:
            (folder / f"{creative_id}.poster.jpg").write_bytes(media.poster)

    new = NewCreative(
        name=arrival.card_name,
        section=section,
        dimensions=f"{media.width}x{media.height}" if section.dimensions else None,
        file_type=f".{media.kind}" if section.file_type else None,
        file_name=arrival.file_name,
        sha256=arrival.sha256,
        uploaded_at=now,
        media=media.kind,
    )
    return site.store.take_in(new, now + late, keep, drops_duplicates=site.settings.drops_duplicates)


def _by_fault(faults: Faults) -> Script:
    """What shall happen to a file for which nobody wrote a script."""
    if faults.strikes("upload-drop"):
        return Script(outcome=Scripted.DROP)
    if faults.strikes("upload-refused"):
        return Script(outcome=Scripted.ERROR)
    if faults.strikes("upload-refused-mute"):
        return Script(outcome=Scripted.ERROR, message="")
    return Script()


def _refusal(reason: str, status: int) -> Response:
    """Dropzone has words of its own for an answer without any: so a mute one is a blank."""
    return JSONResponse({"error": reason}, status_code=status) if reason else PlainTextResponse(" ", status)


def _success(site: Site, late: float) -> Response:
    told, box = {"success": True, "shown_after_ms": round(late * 1000)}, site.faults.box("upload")
    return JSONResponse({**told, "box": box} if box else told)


def _answered(site: Site, late: float) -> Response:
    """The answer for a file that was taken, if it comes through."""
    if site.faults.strikes("upload-stuck"):
        return Endless()
    if site.faults.strikes("upload-taken-reset"):
        return Reset(site)
    if site.faults.strikes("upload-taken-502"):
        return error_page(site, HTTPStatus.BAD_GATEWAY)
    return _success(site, late)


def _others_upload(site: Site, creatives: tuple[NewCreative, ...]) -> None:
    for new in creatives:
        site.store.add(new)


def _received(arrival: Arrival, outcome: Outcome, creative: Creative | None, reason: str | None) -> Received:
    return Received(
        file_name=arrival.file_name,
        section=arrival.section,
        sha256=arrival.sha256,
        bytes=arrival.bytes,
        outcome=outcome,
        creative_id=creative.creative_id if creative else None,
        reason=reason,
        started_at=arrival.started_at,
        ended_at=time.time(),
    )


ROUTES = [Route("/media-library/upload", upload, methods=["POST"])]
