"""Which type of creative a file is to be, what would make it one and what that costs, and which natives are a pair.

Pure functions over facts: nothing is looked at and nothing is made here. What is promised passes the preflight of
`diff/refusals.py` by every reading, whatever the limits say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from math import inf, log
from pathlib import Path
from typing import NamedTuple

from tjtools.diff.refusals import problems
from tjtools.media import MediaFacts
from tjtools.media.recipe import Box, Recipe
from tjtools.model.creative import CreativeType, Medium
from tjtools.model.names import pair_key, pair_keys, parse_name
from tjtools.workspace.limits import Limit, Limits

CODEC, PIXELS = "h264", "yuv420p"  # of every video that is made
_HARDLY = 0.01  # of a side: what is cropped to come out even, and worth no question
ABOUT = 0.5  # seconds by which a video may be longer than was wished
POSTER = 0.3  # of its length into a video: the picture by which the gallery shows it, and the still of a native
_FRAME = 0.1  # seconds within a bound that are aimed at, since a cut falls between two frames
_PHOTOS = {"jpg", "heic", "avif", "jp2", "cr3"}  # of no transparency, in practice
_WITHOUT_LOSS = 2  # bytes a pixel that a picture of many colours takes
HALVES = {CreativeType.NATIVE_VIDEO: "VID", CreativeType.NATIVE_IMAGE: "IMG"}
_SHORT = 23.0  # seconds below which an upright video is a short one
_UPRIGHT = 9 / 16
_PLACES = {0.0: ("left", "top"), 0.5: ("centre", "centre"), 1.0: ("right", "bottom")}


class Wishes(NamedTuple):
    """What a person said; what nobody said is proposed, and a loss by it is to be asked about.

    `crop`: where the part that is kept lies, from 0, the left or top, to 1. `letterbox`: nothing is cropped, black bars
    fill up. `start`: where a cut begins, in seconds. `still`: which frame becomes a still. `seconds`: about how long a
    video is to be; a shorter one stays so. `sound`: whether a video that is made keeps its own.
    """

    crop: float | None = None
    letterbox: bool = False
    start: float | None = None
    seconds: float | None = None
    sound: bool = True
    still: float | None = None


NOTHING_SAID = Wishes()


class Loss(NamedTuple):
    """Something lost that a person may care about: `what` is `crop`, `cut` or `still`; whether a person said so."""

    what: str
    told: str
    agreed: bool


class Fit(NamedTuple):
    """What is to be made of a file, None for nothing; `facts` are those of what is made, or of the file as it is.

    `mends` say in words what becomes what, `cannot` why nothing can be made of it that would do.
    """

    facts: MediaFacts
    recipe: Recipe | None = None
    mends: tuple[str, ...] = ()
    losses: tuple[Loss, ...] = ()
    cannot: tuple[str, ...] = ()

    @property
    def asks(self) -> tuple[str, ...]:
        """The losses of which no person has said anything yet."""
        return tuple(one.told for one in self.losses if not one.agreed)


def fit(facts: MediaFacts, kind: CreativeType, limits: Limits, wishes: Wishes = NOTHING_SAID) -> Fit:
    """What makes a file of these facts one that a person would upload as that type.

    >>> from tjtools.workspace.limits import load_limits
    >>> made = fit(MediaFacts(9_000_000, "mov", 1080, 1920, 90.2, "hevc"), CreativeType.VIDEO, load_limits())
    >>> made.mends
    ('mov → mp4', 'hevc → h264', '90.2 s → 30.9 s, from 0 s on')
    >>> made.asks
    ('cut: 30.9 of 90.2 s',)
    """
    limit, recipe = limits.by_type[kind], _recipe(facts, kind, limits.by_type[kind], wishes)
    refused = problems(facts, kind, limits)
    cut = recipe.seconds is not None and _lasts(facts) > recipe.seconds
    if not (refused or facts.trouble or cut or facts.stored or _unusual(facts, limit)):
        return Fit(facts)
    if cannot := tuple(_cannot(facts, kind, limit, recipe)):
        return Fit(facts, cannot=cannot)
    return Fit(_made(facts, recipe), recipe, tuple(_mends(facts, recipe)), tuple(_losses(facts, recipe, wishes)))


def _recipe(facts: MediaFacts, kind: CreativeType, limit: Limit, wishes: Wishes) -> Recipe:
    """What would be made; 0x0 where no size will do, no container where none can be made."""
    moving = kind.medium is Medium.MOVING
    width, height = _size(facts, limit.sizes, even=moving)
    box = Box() if wishes.letterbox else _box(facts, width, height, 0.5 if wishes.crop is None else wishes.crop)
    start, seconds = _span(facts, limit, wishes) if moving else (_moment(facts, wishes), None)
    container = _container(facts, limit, width * height, moving=moving)
    return Recipe(container, width, height, box, start, seconds, wishes.sound, limit.max_bytes)


def _size(facts: MediaFacts, sizes: tuple[str, ...], *, even: bool) -> tuple[int, int]:
    """Of those allowed the one for which least is cropped, then that which is nearest, rather smaller than larger."""
    step = 2 if even else 1  # the sides of what is encoded as a video are even
    if not facts.width or not facts.height:
        return 0, 0
    if not sizes:
        return max(step, facts.width // step * step), max(step, facts.height // step * step)

    def far(size: tuple[int, int]) -> tuple[float, bool, float]:
        box, larger = _box(facts, *size, 0.5), size[0] > facts.width or size[1] > facts.height
        return round(1 - box.width * box.height, 2), larger, abs(log(size[0] * size[1] / facts.width / facts.height))

    told = [(int(width), int(height)) for width, _, height in (size.partition("x") for size in sizes)]
    return min((one for one in told if min(one) and not (one[0] % step or one[1] % step)), key=far, default=(0, 0))


def _box(facts: MediaFacts, width: int, height: int, place: float) -> Box:
    """The largest part of the picture that has the shape of such a size; `place` says where it lies."""
    if not (width and height and facts.width and facts.height):
        return Box()
    place, wider = min(max(place, 0.0), 1.0), facts.width * height / (facts.height * width)
    kept = min(wider, 1 / wider)
    if wider > 1:
        return Box(left=(1 - kept) * place, width=kept)
    return Box(top=(1 - kept) * place, height=kept)


def _lasts(facts: MediaFacts) -> float:
    readings = (facts.seconds, facts.shortest, facts.longest)
    return next((one for one in readings if one is not None), 0.0)


def _span(facts: MediaFacts, limit: Limit, wishes: Wishes) -> tuple[float, float | None]:
    """From when on and for how long a video is kept, None: all of it; nothing says more than its picture lasts."""
    seconds, least, most = _lasts(facts), limit.min_seconds or 0.0, limit.max_seconds or inf
    within = min(_FRAME, (most - least) / 2)
    wished = inf if wishes.seconds is None else wishes.seconds
    length = min(most - within, max(wished, least + within))
    if length < seconds and (seconds > most or seconds > wished + ABOUT):
        return min(max(wishes.start or 0.0, 0.0), seconds - length), length
    doubted = facts.shortest is not None or facts.longest is not None
    return 0.0, seconds if doubted else None


def _moment(facts: MediaFacts, wishes: Wishes) -> float:
    """The frame that becomes a still."""
    asked = _lasts(facts) * POSTER if wishes.still is None else wishes.still
    return min(max(asked, 0.0), max(_lasts(facts) - _FRAME, 0.0)) if facts.medium is Medium.MOVING else 0.0


def _container(facts: MediaFacts, limit: Limit, pixels: int, *, moving: bool) -> str:
    """As it is where that will do; a picture that would be too heavy without loss is a jpg rather than of few colours.

    A still of a video is a png, as the names of native pairs say.
    """
    able, first = ("mp4",) if moving else ("png", "jpg", "gif"), facts.container
    if facts.medium is Medium.STILL:
        heavy = facts.bytes if facts.container == "png" else pixels * _WITHOUT_LOSS
        lossy = facts.container in _PHOTOS or (facts.container != "gif" and heavy > (limit.max_bytes or inf))
        first = "gif" if facts.frames > 1 else "jpg" if lossy else first
    return next((one for one in (first, *able) if one in able and one in (limit.formats or able)), "")


def _unusual(facts: MediaFacts, limit: Limit) -> bool:
    told = ((facts.codec, CODEC, limit.usual_codecs), (facts.pixels, PIXELS, limit.usual_pixels))
    return any(own and made in usual and own not in usual for own, made, usual in told)


def _cannot(facts: MediaFacts, kind: CreativeType, limit: Limit, recipe: Recipe) -> Iterator[str]:
    one = kind.one
    if facts.trouble or not facts.container:
        yield facts.trouble or "no image or video that can be read"
        return
    if kind.medium is Medium.MOVING and facts.medium is Medium.STILL:
        yield f"{one} can't be made of an image"
        return
    if not (facts.width and facts.height):
        yield f"its picture can't be read ({facts.container}), so nothing can be made of it"
    elif not recipe.width:
        yield f"{one} has {' or '.join(limit.sizes)}: a video has sides of even numbers"
    if not recipe.container:
        yield f"{one} is {' or '.join(limit.formats)}: these are not made here"
    if kind.medium is Medium.MOVING and limit.codecs and CODEC not in limit.codecs:
        yield f"{one} has {' or '.join(limit.codecs)}: only {CODEC} is made here"
    if kind.medium is Medium.MOVING and _lasts(facts) < (limit.min_seconds or 0.0):
        short = f"{_told(_lasts(facts))} s is too short; {one} lasts at least {limit.min_seconds:g} s"
        yield f"{short}, and nothing is shown twice to fill it: ask for a longer one"


def _made(facts: MediaFacts, recipe: Recipe) -> MediaFacts:
    """The facts of what is made, as far as they are promised."""
    moving, most = recipe.container == "mp4", recipe.max_bytes or facts.bytes
    return MediaFacts(
        min(facts.bytes, most),
        recipe.container,
        recipe.width,
        recipe.height,
        (_lasts(facts) if recipe.seconds is None else recipe.seconds) if moving else None,
        CODEC if moving else "",
        pixels=PIXELS if moving else "",
        frames=facts.frames if recipe.container in ("mp4", "gif") else 1,
    )


def _mends(facts: MediaFacts, recipe: Recipe) -> Iterator[str]:
    after = _made(facts, recipe)
    if facts.container != after.container:
        yield f"{facts.container} → {after.container}"
    if after.codec and facts.codec != after.codec:
        yield f"{facts.codec or 'an unknown codec'} → {after.codec}"
    if after.pixels and facts.pixels not in ("", after.pixels):
        yield f"{facts.pixels} → {after.pixels}"
    if facts.stored:
        yield f"{facts.stored}, shown as {facts.size} → {after.size}, upright and in square pixels"
    elif facts.size != after.size:
        yield f"{facts.size} → {after.size}"
    if after.codec and _lasts(facts) > (after.seconds or 0.0):
        yield f"{_told(_lasts(facts))} s → {_told(after.seconds or 0.0)} s, from {_told(recipe.start)} s on"
    elif after.codec and recipe.seconds is not None:
        yield f"picture, sound and headers → all of {_told(recipe.seconds)} s"
    if recipe.max_bytes and facts.bytes > recipe.max_bytes:
        yield f"{facts.bytes:,} bytes → at most {recipe.max_bytes:,}"


def _losses(facts: MediaFacts, recipe: Recipe, wishes: Wishes) -> Iterator[Loss]:
    box, moving, chosen = recipe.box, recipe.container == "mp4", wishes.still is not None
    for side, kept, before in (("width", box.width, box.left), ("height", box.height, box.top)):
        if 1 - kept > _HARDLY:
            told = f"crop: {(1 - kept) * 100:.0f} % of the {side}, {_place(before / (1 - kept), side)}"
            yield Loss("crop", told, wishes.crop is not None)
    if moving and recipe.seconds is not None:
        longest = max(_lasts(facts), facts.longest or 0.0)
        if longest > recipe.seconds + (ABOUT if _lasts(facts) <= recipe.seconds else 0.0):
            said = wishes.start is not None or wishes.seconds is not None
            yield Loss("cut", f"cut: {_told(recipe.seconds)} of {_told(longest)} s", said)
    elif not moving and facts.medium is Medium.MOVING:
        yield Loss("still", f"one frame of {_told(_lasts(facts))} s of video, at {_told(recipe.start)} s", chosen)
    elif not moving and facts.frames > 1 and recipe.container != "gif":
        yield Loss("still", f"one of {facts.frames} pictures", chosen)


def _place(place: float, side: str) -> str:
    words = _PLACES.get(round(place, 3))
    return f"the {words[side == 'height']} is kept" if words else f"at {place * 100:.0f} %"


def _told(seconds: float) -> str:
    return f"{round(seconds, 2):g}"


def told_type(name: str, facts: MediaFacts, limits: Limits) -> tuple[CreativeType | None, tuple[str, ...]]:
    """The type that name and content tell, and what speaks against it; None for a format that no type takes."""
    parsed = parse_name(name)
    for kind, prefix in HALVES.items():
        if parsed and parsed.prefix == prefix:
            return kind, problems(facts, kind, limits)
    of_format = [kind for kind in CreativeType if facts.container in limits.by_type[kind].formats]
    if not of_format:
        return None, ()
    fitting = next(filter(None, (_fitting(one, of_format, limits) for one in _readings(facts))), [])
    if not fitting:
        kind = CreativeType.VIDEO if CreativeType.VIDEO in of_format else CreativeType.IMAGE
    else:
        kind = next((one for one in (CreativeType.VIDEO_BANNER, CreativeType.VIDEO) if one in fitting), fitting[0])
        kind = CreativeType.SHORT_VIDEO if kind is CreativeType.VIDEO and _is_short(facts) else kind
    return kind, problems(facts, kind, limits)


def nearest_type(name: str, facts: MediaFacts, limits: Limits) -> CreativeType:
    """The type that a file is to be made: what it tells, whatever its format; of stills, where least is cropped."""
    moving = facts.medium is Medium.MOVING
    plain = facts._replace(container="mp4" if moving else "png", stored="", shortest=None, longest=None, bytes=1)
    kind, against = told_type(name, plain, limits)
    parsed = parse_name(name)
    if kind and (moving or not against or (parsed and parsed.prefix)):
        return CreativeType.SHORT_VIDEO if kind is CreativeType.VIDEO and _is_short(facts) else kind
    stills = (CreativeType.IMAGE, CreativeType.NATIVE_IMAGE)
    return min(stills, key=lambda one: _cropped(facts, one, limits))


def _cropped(facts: MediaFacts, kind: CreativeType, limits: Limits) -> float:
    recipe = fit(facts, kind, limits).recipe
    return 1 - recipe.box.width * recipe.box.height if recipe else 0


def _readings(facts: MediaFacts) -> Iterator[MediaFacts]:
    """The facts; then as if nothing of them were in doubt, as the picture is shown and as it is stored."""
    yield facts
    plain = facts._replace(stored="", shortest=None, longest=None)
    yield plain
    if facts.stored:
        width, height = map(int, facts.stored.split("x"))
        yield plain._replace(width=width, height=height)


def _fitting(facts: MediaFacts, kinds: Sequence[CreativeType], limits: Limits) -> list[CreativeType]:
    return [kind for kind in kinds if not problems(facts, kind, limits) and _usual(facts, kind, limits)]


def _usual(facts: MediaFacts, kind: CreativeType, limits: Limits) -> bool:
    usual = limits.by_type[kind].usual_seconds
    return usual is None or facts.seconds is None or abs(facts.seconds - usual) <= ABOUT


def _is_short(facts: MediaFacts) -> bool:
    upright = facts.height and abs(facts.width / facts.height - _UPRIGHT) < 0.01
    return bool(upright) and (facts.seconds or 0) < _SHORT


def pairs_of(
    natives: Mapping[Path, CreativeType], suffixes: tuple[str, ...], *, by_folder: bool
) -> dict[Path, tuple[Path | None, str]]:
    """Of each native its other half, None without exactly one; and why there is none, `""` where it is.

    Natives are paired by the ID in their names, or by names that differ in VID and IMG, the duration and a known suffix
    alone: within each folder, or whatever their folders.
    """
    folders, like = defaultdict[Path, list[Path]](list), {}
    sharing = defaultdict[tuple[Path | None, str], list[Path]](list)  # by what the halves of one pair share alone
    for path in natives:
        folders[path.parent if by_folder else Path()].append(path)
    for folder, paths in folders.items():
        keys = pair_keys([(path.name, natives[path]) for path in paths], suffixes)
        for path, key in zip(paths, keys, strict=True):
            sharing[None if key.startswith("ID ") else folder, key].append(path)
            like[path] = folder, pair_key(path.name, suffixes)
    found = dict[Path, tuple[Path | None, str]]()
    for same in sharing.values():
        two = len({natives[path] for path in same}) == len(same) == 2
        for path, other in zip(same, reversed(same), strict=True):
            others = [one.name for one in natives if one != path and like[one] == like[path]]
            found[path] = (other, "") if two else (None, _unpaired(natives[path], others))
    return found


def _unpaired(kind: CreativeType, others: Sequence[str]) -> str:
    if others:
        return f"it can't be told which native belongs to it: {', '.join(others)} have the same name"
    return f"no {'image' if kind is CreativeType.NATIVE_VIDEO else 'video'} belongs to it by its name"
