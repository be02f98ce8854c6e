"""A file's way in: read, judged by its content and its section's limits, never by name; kept, dropped or refused."""

from __future__ import annotations

import hashlib
import io
import math
import re
import secrets
import time
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

import av
from PIL import Image
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tjtools.sandbox.door import STARTED, Endless, Reset, error_page
from tjtools.sandbox.faults import Faults
from tjtools.sandbox.site import Site, site_of, wait
from tjtools.sandbox.words import Creative, NewCreative, Outcome, Received, Refusal, Script, Section

EXTENSION = re.compile(r"(?s)(.+)\.[A-Za-z0-9]{1,5}")
# the raw header: a parser would take backslashes for escapes and cut paths off
FILE_NAME = re.compile(r'(?s)\bfilename="([^"]*)"')
CHUNK = 1 << 20
DROPPED = "The section holds this name already, or a script says so."
IMAGE_FORMATS = {"PNG": "png", "JPEG": "jpg", "GIF": "gif", "WEBP": "webp", "BMP": "bmp", "TIFF": "tiff"}
POSTER_SIZE = (640, 480)


class Limits(NamedTuple):
    """What a section takes; None: no limit."""

    kinds: tuple[str, ...]
    sizes: tuple[str, ...] | None = None
    max_bytes: int | None = None
    seconds: tuple[float, float] | None = None


LIMITS = {
    Section.STATIC: Limits(("gif", "jpg", "png"), ("300x100", "300x250")),
    Section.VIDEO: Limits(("mp4",), ("300x100", "300x250", "320x480", "468x60", "950x250", "970x90")),
    Section.IN_STREAM: Limits(("mp4",), seconds=(5, 31)),
    Section.NATIVE_STATIC: Limits(("jpg", "png"), ("640x360",), max_bytes=300_000),
    Section.NATIVE_ROLLOVER: Limits(("mp4",), ("640x360",)),
}


class Media(NamedTuple):
    """A file that its section takes."""

    kind: str
    width: int
    height: int
    poster: bytes | None  # a video's first frame, as jpg


class Arrival(NamedTuple):
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
    for new in script.before:
        site.add(new)
    creative: Creative | None = None
    reason: str | None = None
    outcome: Outcome = "accepted"
    try:
        media = await run_in_threadpool(_judged, arrival, script)
    except Refusal as refusal:
        outcome, reason = "refused", str(refusal)
        answer = _refusal(reason, script.status)
    else:
        await wait(site.settings.processing_s)
        if resets != site.resets:
            return JSONResponse({"error": "The sandbox was reset."}, status_code=503)
        late = site.settings.card_delay_s
        late += site.settings.fault_s if site.faults.strikes("upload-late-card") else 0
        creative = await run_in_threadpool(_taken_in, site, arrival, media, script, late)
        if not creative:
            outcome, reason = "dropped", DROPPED
        # the same for both: the site drops in silence
        answer = _answered(site, late) if creative else _success(site, late)
    for new in script.after:
        site.add(new)
    told = arrival._asdict() | {"outcome": outcome, "reason": reason, "ended_at": time.time()}
    del told["path"]
    site.record(Received(**told, creative_id=creative.creative_id if creative else None))
    return answer


def _arrived(site: Site, file: UploadFile, section: Section, started_at: float) -> Arrival:
    path = site.incoming / secrets.token_hex(8)
    digest = hashlib.sha256()
    with path.open("wb") as target:
        while chunk := file.file.read(CHUNK):
            digest.update(chunk)
            target.write(chunk)
    found = FILE_NAME.search(file.headers.get("content-disposition", ""))
    name = found[1].encode("latin-1").decode("utf-8", "replace") if found else file.filename or ""
    return Arrival(name, section, path, digest.hexdigest(), path.stat().st_size, started_at)


def _by_fault(faults: Faults) -> Script:
    """What shall happen to a file for which nobody wrote a script."""
    if faults.strikes("upload-drop"):
        return Script(outcome="drop")
    if faults.strikes("upload-refused"):
        return Script(outcome="error")
    if faults.strikes("upload-refused-mute"):
        return Script(outcome="error", message="")
    return Script()


def _judged(arrival: Arrival, script: Script) -> Media:
    """What the file is, held against its section's limits; a `Refusal` says what doesn't fit."""
    if script.outcome == "error":
        raise Refusal(script.message)
    with arrival.path.open("rb") as file:
        head = file.read(12)
    if not head:
        raise Refusal("The file is empty.")
    if head[4:8] == b"ftyp":
        return _video(arrival.path, "mov" if head[8:12] == b"qt  " else "mp4", arrival.section)
    return _image(arrival.path, arrival.section)


def _image(path: Path, section: Section) -> Media:
    limits = LIMITS[section]
    try:
        with Image.open(path, formats=tuple(IMAGE_FORMATS)) as picture:
            kind = IMAGE_FORMATS.get(picture.format or "", "jpg")  # Pillow calls a camera's jpg MPO
            _check_kind(kind, section)
            _check_size(picture.size, section)
            size = path.stat().st_size
            if limits.max_bytes and size > limits.max_bytes:
                raise Refusal(f"The image has {size:,} bytes; {section.value} takes at most {limits.max_bytes:,}.")
            picture.load()
            return Media(kind, *picture.size, None)
    # Pillow tells of broken files in many ways
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Refusal(f"The file can't be read; {section.value} takes {_listed(limits.kinds)}.") from error


def _video(path: Path, kind: str, section: Section) -> Media:
    _check_kind(kind, section)
    try:
        # the format is given: a text file must never be read as a playlist
        with av.open(str(path), format="mp4", metadata_errors="ignore") as container:
            if not container.streams.video:
                raise Refusal("The file has no picture: it holds only sound.")
            stream = container.streams.video[0]
            size = (stream.width, stream.height)
            _check_size(size, section)
            _check_length((container.duration or 0) / av.time_base, section)
            poster, jpeg = next(container.decode(stream)).to_image(), io.BytesIO()  # type: ignore[no-untyped-call]
            if any(packet.is_corrupt for packet in container.demux(stream)):
                raise Refusal("The video breaks off: the file isn't whole.")
    except (av.FFmpegError, StopIteration) as error:
        raise Refusal("The video can't be read.") from error
    poster.thumbnail(POSTER_SIZE)
    poster.save(jpeg, "JPEG", quality=85)
    return Media(kind, *size, jpeg.getvalue())


def _check_kind(kind: str, section: Section) -> None:
    if kind not in (kinds := LIMITS[section].kinds):
        what = {"mp4": "an mp4 video", "mov": "a mov video"}.get(kind, f"a {kind} image")
        raise Refusal(f"The file is {what}; {section.value} takes {_listed(kinds)}.")


def _check_size(size: tuple[int, int], section: Section) -> None:
    sizes, shown = LIMITS[section].sizes, f"{size[0]}x{size[1]}"
    if sizes is not None and shown not in sizes:
        raise Refusal(f"The size is {shown}; {section.value} takes {_listed(sizes)}.")


def _check_length(seconds: float, section: Section) -> None:
    least, most = LIMITS[section].seconds or (0, math.inf)
    if not least <= seconds <= most:
        shown = f"{seconds:.1f}" if abs(seconds - round(seconds, 1)) < 0.005 else f"{seconds:.3f}"
        raise Refusal(f"The video is {shown} s long; {section.value} takes {least} to {most} s.")


def _listed(words: Sequence[str]) -> str:
    """`gif, jpg or png`."""
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _taken_in(site: Site, arrival: Arrival, media: Media, script: Script, late: float) -> Creative | None:
    """The new creative; None where the site drops the file."""
    if script.outcome == "drop":
        return None
    now = time.time()

    def keep(creative_id: str) -> None:
        arrival.path.replace(site.media / f"{creative_id}.{media.kind}")
        if media.poster:
            (site.media / f"{creative_id}.poster.jpg").write_bytes(media.poster)

    new = NewCreative(
        name=arrival.card_name,
        section=arrival.section,
        dimensions=f"{media.width}x{media.height}",
        file_type=f".{media.kind}",
        file_name=arrival.file_name,
        sha256=arrival.sha256,
        uploaded_at=now,
        media=media.kind,
    )
    return site.take_in(new, now + late, keep)


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


ROUTES = [Route("/media-library/upload", upload, methods=["POST"])]
