"""Whether the site would refuse a file for its content, and what else of it a person should know.

Where nobody knows what the site measures, only what is right by every reading is right.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from operator import gt, lt
from typing import TYPE_CHECKING

from tjtools.media import MediaFacts
from tjtools.model.creative import CreativeType, Section, SessionFile
from tjtools.model.names import ad_end, is_rounded, stem

if TYPE_CHECKING:
    from tjtools.workspace.limits import CampaignCaps, Limit, Limits

_MEGABYTE = 1_000_000
_DENIED = os.strerror(errno.EACCES)


def problems(facts: MediaFacts, creative_type: CreativeType, limits: Limits | None = None) -> tuple[str, ...]:
    """Why the site would refuse such a file in this type's section: limit, value and remedy; empty if it would not.

    >>> problems(MediaFacts(310_000, "png", 640, 360), CreativeType.NATIVE_IMAGE)
    ('310,000 bytes; a native image has at most 300,000: compress it further',)
    """
    from tjtools.workspace.limits import load_limits

    return tuple(_problems(facts, creative_type.one, (limits or load_limits()).by_type[creative_type]))


def unreadable(trouble: str, remedy: str = "") -> str:
    """Why a file can't be read, and what mends it: another copy, by this `remedy`, is no better where one may not."""
    return f"it can't be read ({trouble}): change its rights" if trouble == _DENIED else trouble + remedy


def _problems(facts: MediaFacts, kind: str, limit: Limit) -> Iterator[str]:
    if not facts.container:
        formats = f"; {kind} is {_either(limit.formats)}" if limit.formats else ""
        yield f"no image or video that can be read{formats}: export it again"
        return
    if limit.formats and facts.container not in limit.formats:
        yield f"the content is {facts.container}; {kind} is {_either(limit.formats)}: convert it"
    if limit.codecs and facts.codec and facts.codec not in limit.codecs:
        yield f"the codec is {facts.codec}; {kind} has {_either(limit.codecs)}: encode it again"
    if limit.sizes and facts.size:
        yield from _wrong_size(facts, kind, limit.sizes)
    if limit.max_bytes and facts.bytes > limit.max_bytes:
        yield f"{facts.bytes:,} bytes; {kind} has at most {limit.max_bytes:,}: compress it further"
    if limit.min_seconds is not None:
        least = limit.min_seconds
        yield from _wrong_length(facts, least, lt, f"{kind} lasts at least {least:g} s", "make it longer")
    if limit.max_seconds is not None:
        most = limit.max_seconds
        yield from _wrong_length(facts, most, gt, f"{kind} lasts at most {most:g} s", "cut it")


def _wrong_size(facts: MediaFacts, kind: str, sizes: tuple[str, ...]) -> Iterator[str]:
    stored = facts.stored or facts.size
    if facts.size not in sizes and stored not in sizes:
        yield f"{facts.size} pixels; {kind} has {_either(sizes)}: scale or crop it"
    elif facts.size not in sizes or stored not in sizes:
        unknown = f"{kind} has {_either(sizes)}, and what the site measures isn't known"
        remedy = "export it upright, in square pixels"
        yield f"{facts.size} pixels as it is shown, {stored} in the file; {unknown}: {remedy}"


def _wrong_length(
    facts: MediaFacts, bound: float, wrong: Callable[[float, float], bool], limit: str, remedy: str
) -> Iterator[str]:
    """Only what is right under every reading is: nobody knows whether the site counts the picture or the whole file."""
    readings = [one for one in (facts.shortest, facts.seconds, facts.longest) if one is not None]
    faults = [one for one in readings if wrong(one, bound)]
    if facts.seconds is not None and len(faults) == len(readings):
        yield f"{_exact(facts.seconds, bound)} s long; {limit}: {remedy}"
    elif faults:
        told = " or ".join(_exact(one, bound) for one in (readings[0], readings[-1]))
        unknown = "and what the site counts isn't known: export it with sound and picture of one length"
        yield f"{told} s long, by its picture or by its sound and headers; {limit}, {unknown}"


def _exact(seconds: float, bound: float) -> str:
    """With as many digits as tell on which side of the bound it is.

    >>> _exact(4.9, 5), _exact(4.96, 5), _exact(4.9996, 5), _exact(31.06, 31), _exact(31, 31)
    ('4.9', '4.96', '4.9996', '31.06', '31.0')
    >>> _exact(1.5859375, 1.5859375)
    '1.5859375'
    """
    shown = [f"{seconds:.{digits}f}" for digits in range(1, 7)]
    near = (one for one in shown if abs(float(one) - seconds) < 0.005)
    side = seconds < bound, seconds > bound
    return next((one for one in near if (float(one) < bound, float(one) > bound) == side), repr(seconds))


def oddities(file: SessionFile, facts: MediaFacts, limits: Limits | None = None) -> tuple[str, ...]:
    """What a person should know of a file that no limit forbids: what is unusual, and where the inventory is wrong."""
    from tjtools.workspace.limits import load_limits

    limits = limits or load_limits()
    return (*_oddities(file, facts, limits.by_type[file.creative_type]), *_cut_in_its_ad(file, limits.campaign))


def _cut_in_its_ad(file: SessionFile, caps: CampaignCaps) -> Iterator[str]:
    name, native = stem(file.name), file.creative_type is CreativeType.NATIVE_VIDEO
    if (native or file.section is Section.IN_STREAM_VIDEO) and len(name) > caps.ad_name:
        end = ad_end(name, file.unique_id, caps.ad_name) or "its Creative ID"
        yield f"its ad's name has {len(name)} characters and is cut to {caps.ad_name}, {end} at the end"
    if native and len(file.category) > caps.headline:
        yield f"its category has {len(file.category)} characters and is cut to {caps.headline} in its ad's headline"


def _unusual(facts: MediaFacts, kind: str, limit: Limit) -> Iterator[str]:
    if limit.usual_seconds and facts.seconds is not None and abs(facts.seconds - limit.usual_seconds) > 0.5:
        yield f"{facts.seconds:.1f} s long; {kind} usually lasts {limit.usual_seconds:g} s"
    if limit.usual_codecs and facts.codec and facts.codec not in limit.usual_codecs:
        yield f"the codec is {facts.codec}; {_either(limit.usual_codecs)} is usual, and plays in every browser"
    if limit.usual_pixels and facts.pixels and facts.pixels not in limit.usual_pixels:
        yield f"its pixels are {facts.pixels}; {limit.usual_pixels[0]} is usual, and plays in every browser"


def _oddities(file: SessionFile, facts: MediaFacts, limit: Limit) -> Iterator[str]:
    yield from _unusual(facts, file.creative_type.one, limit)
    if facts.stored:
        done = "turned" if facts.stored == f"{facts.height}x{facts.width}" else "stretched"
        yield f"it is {done} by its header to {facts.size}: who ignores that sees {facts.stored}"
    if limit.max_seconds is None:
        yield from _other_lengths(facts)
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
    with suppress(ValueError):  # a word where a size should be is no claim
        megabytes = float(file.row.get("file_size_mb", "").replace(",", "."))
        if megabytes and abs(megabytes * _MEGABYTE - facts.bytes) > 0.01 * _MEGABYTE + 0.06 * facts.bytes:
            yield f"the inventory says {megabytes:g} MB, the file has {facts.bytes / _MEGABYTE:.3g} MB"


def _other_lengths(facts: MediaFacts) -> Iterator[str]:
    for other in (facts.shortest, facts.longest):
        if facts.seconds is not None and other is not None and abs(other - facts.seconds) > 0.5:
            yield f"its picture lasts {facts.seconds:.1f} s, its sound or a header {other:.1f} s"


def _either(values: tuple[str, ...]) -> str:
    return " or ".join(filter(None, (", ".join(values[:-1]), values[-1])))
