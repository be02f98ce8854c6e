"""A file's way in: read, judged by its content and its section's limits, never by name; kept, dropped or refused."""

from __future__ import annotations

import hashlib
import io
import re
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import av
from PIL import Image
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tjtools.sandbox.pages import STARTED, Endless, broken
from tjtools.sandbox.site import Site, site_of, wait
from tjtools.sandbox.words import TAKES, Creative, NewCreative, Received, Refusal, Script, Section

EXTENSION = re.compile(r"(?s)(.+)\.[A-Za-z0-9]{1,5}")
# the raw header: a parser would take backslashes for escapes and cut paths off
FILE_NAME = re.compile(r'(?s)\bfilename="([^"]*)"')
CHUNK = 1 << 20
DROPPED = "The section holds this name already, or a script says so."
IMAGE_FORMATS = {"PNG": "png", "JPEG": "jpg", "GIF": "gif", "WEBP": "webp", "BMP": "bmp", "TIFF": "tiff"}
POSTER_SIZE = (640, 480)
BY_FAULT = {
    "upload-drop": Script(outcome="drop"),
    "upload-refused": Script(outcome="error"),
    "upload-refused-mute": Script(outcome="error", message=""),
}


class Media(NamedTuple):
    kind: str
    width: int
    height: int
    poster: bytes = b""  # a video's first frame, as jpg


async def upload(request: Request) -> Response:
    """Take one file, as Dropzone sends it; a refusal's text is what Dropzone shows."""
    site, started_at = site_of(request), request.scope[STARTED]
    path = site.incoming / secrets.token_hex(8)
    try:
        async with request.form() as form:
            sent, section = form.get("file"), str(form.get("section", "")).upper()
            if not isinstance(sent, UploadFile) or section not in Section.__members__:
                return JSONResponse({"error": "There is no file, or no section for it."}, status_code=400)
            file = await run_in_threadpool(_kept, sent, Section[section], path, started_at)
    except ClientDisconnect:
        return Response(status_code=400)  # nobody is there to read it
    try:
        return await _handled(site, path, file)
    finally:
        path.unlink(missing_ok=True)


async def _handled(site: Site, path: Path, file: Received) -> Response:
    resets, script = site.resets, site.scripts.get(file.file_name)
    if not script:
        script = next((told for fault, told in BY_FAULT.items() if site.faults.strikes(fault)), Script())
    for new in script.before:
        site.add(new)
    became: dict[str, object] = {}
    try:
        media = await run_in_threadpool(_judged, path, file.section, script)
    except Refusal as refusal:
        became = {"outcome": "refused", "reason": str(refusal)}
        mute = PlainTextResponse(" ", script.status)  # Dropzone has words of its own for an answer without any
        answer: Response = JSONResponse({"error": str(refusal)}, script.status) if str(refusal) else mute
    else:
        await wait(site.settings.processing_s)
        if resets != site.resets:
            return JSONResponse({"error": "The sandbox was reset."}, status_code=503)
        late = site.settings.card_delay_s
        late += site.settings.fault_s if site.faults.strikes("upload-late-card") else 0
        creative = await run_in_threadpool(_taken_in, site, path, file, media, script, late)
        became = {"creative_id": creative.creative_id} if creative else {"outcome": "dropped", "reason": DROPPED}
        stuck = creative and site.faults.strikes("upload-stuck")
        broke = Endless() if stuck else creative and broken(site, "upload-taken")
        answer = broke or _success(site, late)  # what is dropped is dropped in silence
    for new in script.after:
        site.add(new)
    site.record(file.model_copy(update={**became, "ended_at": time.time()}))
    return answer


def _kept(sent: UploadFile, section: Section, path: Path, started_at: float) -> Received:
    digest = hashlib.sha256()
    with path.open("wb") as target:
        while chunk := sent.file.read(CHUNK):
            digest.update(chunk)
            target.write(chunk)
    found = FILE_NAME.search(sent.headers.get("content-disposition", ""))
    return Received(
        file_name=found[1].encode("latin-1").decode("utf-8", "replace") if found else sent.filename or "",
        section=section,
        sha256=digest.hexdigest(),
        bytes=path.stat().st_size,
        started_at=started_at,
    )


def _judged(path: Path, section: Section, script: Script) -> Media:
    """What the file is, held against its section's limits; a `Refusal` says what doesn't fit."""
    if script.outcome == "error":
        raise Refusal(script.message)
    with path.open("rb") as file:
        head = file.read(12)
    if not head:
        raise Refusal("The file is empty.")
    if head[4:8] == b"ftyp":
        return _video(path, "mov" if head[8:12] == b"qt  " else "mp4", section)
    return _image(path, section)


def _image(path: Path, section: Section) -> Media:
    try:
        with Image.open(path, formats=tuple(IMAGE_FORMATS)) as picture:
            kind = IMAGE_FORMATS.get(picture.format or "", "jpg")  # Pillow calls a camera's jpg MPO
            _check(section, kind, picture.size)
            size, most = path.stat().st_size, TAKES[section].max_bytes
            _demand(size <= most, f"The image has {size:,} bytes", section, f"at most {most:,}")
            picture.load()
            return Media(kind, *picture.size)
    # Pillow tells of broken files in many ways
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Refusal(f"The file can't be read; {section.value} takes {_listed(TAKES[section].kinds)}.") from error


def _video(path: Path, kind: str, section: Section) -> Media:
    _check(section, kind)
    try:
        # the format is given: a text file must never be read as a playlist
        with av.open(str(path), format="mp4", metadata_errors="ignore") as container:
            if not container.streams.video:
                raise Refusal("The file has no picture: it holds only sound.")
            stream = container.streams.video[0]
            size = (stream.width, stream.height)
            _check(section, kind, size)
            seconds, (least, most) = (container.duration or 0) / av.time_base, TAKES[section].seconds
            shown = f"{seconds:.1f}" if abs(seconds - round(seconds, 1)) < 0.005 else f"{seconds:.3f}"
            _demand(least <= seconds <= most, f"The video is {shown} s long", section, f"{least} to {most} s")
            poster, jpeg = next(container.decode(stream)).to_image(), io.BytesIO()  # type: ignore[no-untyped-call]
            if any(packet.is_corrupt for packet in container.demux(stream)):
                raise Refusal("The video breaks off: the file isn't whole.")
    except (av.FFmpegError, StopIteration) as error:
        raise Refusal("The video can't be read.") from error
    poster.thumbnail(POSTER_SIZE)
    poster.save(jpeg, "JPEG", quality=85)
    return Media(kind, *size, jpeg.getvalue())


def _check(section: Section, kind: str, size: tuple[int, int] | None = None) -> None:
    what, takes = {"mp4": "an mp4 video", "mov": "a mov video"}.get(kind, f"a {kind} image"), TAKES[section]
    _demand(kind in takes.kinds, f"The file is {what}", section, _listed(takes.kinds))
    if size and takes.sizes:
        shown = f"{size[0]}x{size[1]}"
        _demand(shown in takes.sizes, f"The size is {shown}", section, _listed(takes.sizes))


def _demand(fits: bool, told: str, section: Section, taken: str) -> None:
    if not fits:
        raise Refusal(f"{told}; {section.value} takes {taken}.")


def _listed(words: Sequence[str]) -> str:
    *others, last = sorted(words)
    return f"{', '.join(others)} or {last}" if others else last


def _taken_in(site: Site, path: Path, file: Received, media: Media, script: Script, late: float) -> Creative | None:
    """The new creative; None where the site drops the file."""
    if script.outcome == "drop":
        return None
    now, bare = time.time(), EXTENSION.fullmatch(file.file_name)
    new = NewCreative(
        name=bare[1] if bare else file.file_name,
        section=file.section,
        dimensions=f"{media.width}x{media.height}",
        file_type=f".{media.kind}",
        file_name=file.file_name,
        sha256=file.sha256,
        uploaded_at=now,
        media=media.kind,
    )
    return site.take_in(new, now + late, path, media.poster)


def _success(site: Site, late: float) -> Response:
    told, box = {"success": True, "shown_after_ms": round(late * 1000)}, site.faults.box("upload")
    return JSONResponse({**told, "box": box} if box else told)


ROUTES = [Route("/media-library/upload", upload, methods=["POST"])]
