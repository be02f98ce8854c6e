"""Whether the site would refuse a file, and what of it a person should know: by its content, not by the inventory."""

from __future__ import annotations

from collections.abc import Iterator

from tjtools.media import MediaFacts
from tjtools.model.creative import CreativeType, SessionFile
from tjtools.model.names import is_rounded
from tjtools.workspace.limits import Limit, Limits, load_limits

_MEGABYTE = 1_000_000


def problems(facts: MediaFacts, creative_type: CreativeType, limits: Limits | None = None) -> tuple[str, ...]:
    """Why the site would refuse such a file in this type's section: limit, value and remedy; empty if it would not.

    >>> problems(MediaFacts(310_000, "png", 640, 360), CreativeType.NATIVE_IMAGE)
    ('310,000 bytes; a native_image has at most 300,000: compress it further',)
    """
    limit, kind = (limits or load_limits()).by_type[creative_type], creative_type.value
    if not facts.container:
        formats = f"; a {kind} is {_either(limit.formats)}" if limit.formats else ""
        return (f"no image or video that can be read{formats}: export it again",)
    return tuple(_problems(facts, limit, kind))


def _problems(facts: MediaFacts, limit: Limit, kind: str) -> Iterator[str]:
    if limit.formats and facts.container not in limit.formats:
        yield f"the content is {facts.container}; a {kind} is {_either(limit.formats)}: convert it"
    if limit.codecs and facts.codec and facts.codec not in limit.codecs:
        yield f"the codec is {facts.codec}; a {kind} has {_either(limit.codecs)}: encode it again"
    if limit.sizes and facts.size not in limit.sizes:
        yield f"{facts.size} pixels; a {kind} has {_either(limit.sizes)}: scale or crop it"
    if limit.max_bytes and facts.bytes > limit.max_bytes:
        yield f"{facts.bytes:,} bytes; a {kind} has at most {limit.max_bytes:,}: compress it further"
    if facts.seconds is None:
        return
    if limit.min_seconds is not None and facts.seconds < limit.min_seconds:
        yield f"{facts.seconds:.1f} s long; a {kind} lasts at least {limit.min_seconds:g} s: make it longer"
    if limit.max_seconds is not None and facts.seconds > limit.max_seconds:
        yield f"{facts.seconds:.1f} s long; a {kind} lasts at most {limit.max_seconds:g} s: cut it"


def oddities(file: SessionFile, facts: MediaFacts, limits: Limits | None = None) -> tuple[str, ...]:
    """What a person should know of a file that no limit forbids: what is unusual, and where the inventory is wrong."""
    limit, kind = (limits or load_limits()).by_type[file.creative_type], file.creative_type.value
    return (*_unusual(facts, limit, kind), *_contradictions(file, facts))


def _unusual(facts: MediaFacts, limit: Limit, kind: str) -> Iterator[str]:
    if limit.usual_seconds and facts.seconds is not None and abs(facts.seconds - limit.usual_seconds) > 0.5:
        yield f"{facts.seconds:.1f} s long; a {kind} usually lasts {limit.usual_seconds:g} s"
    if limit.usual_codecs and facts.codec and facts.codec not in limit.usual_codecs:
        yield f"the codec is {facts.codec}; {_either(limit.usual_codecs)} is usual, and plays in every browser"
    if facts.turned % 180:
        yield f"it is turned by its header to {facts.size}: who ignores that sees {facts.height}x{facts.width}"


def _contradictions(file: SessionFile, facts: MediaFacts) -> Iterator[str]:
    """Where the inventory claims something else than the content shows, or has lost what it claimed."""
    if is_rounded(file.unique_id):
        lost = f"the inventory's unique_id {file.unique_id} was rounded by a spreadsheet"
        yield f"{lost}: write it again, such as ID-99A0D7C3"
    claimed = f"{file.width}x{file.height}" if file.width and file.height else ""
    if claimed and facts.size and claimed != facts.size:
        yield f"the inventory says {claimed}, the content is {facts.size}"
    if file.duration is not None and facts.seconds is not None and abs(file.duration - facts.seconds) > 0.5:
        yield f"the inventory says {file.duration:g} s, the content lasts {facts.seconds:.1f} s"
    form = file.row.get("file_format", "").lower().strip(" .").replace("jpeg", "jpg")
    if form and facts.container and form != facts.container:
        yield f"the inventory says {form}, the content is {facts.container}"
    megabytes = _number(file.row.get("file_size_mb", ""))
    if megabytes and abs(megabytes * _MEGABYTE - facts.bytes) > 0.01 * _MEGABYTE + 0.06 * facts.bytes:
        yield f"the inventory says {megabytes:g} MB, the file has {facts.bytes / _MEGABYTE:.3g} MB"


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None  # a word where a size should be is no claim


def _either(values: tuple[str, ...]) -> str:
    return values[0] if len(values) == 1 else f"{', '.join(values[:-1])} or {values[-1]}"
