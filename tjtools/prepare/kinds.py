"""Which type of creative a file is to be, told by its name and content; and which natives belong together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tjtools.diff.refusals import problems
from tjtools.media import MediaFacts
from tjtools.model.creative import CreativeType, Medium
from tjtools.model.names import pair_key, pair_keys, parse_name
from tjtools.prepare.fit import fit
from tjtools.workspace.limits import Limits

HALVES = {CreativeType.NATIVE_VIDEO: "VID", CreativeType.NATIVE_IMAGE: "IMG"}
_SHORT = 23.0  # seconds below which an upright video is a short one
_UPRIGHT = 9 / 16


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
    return usual is None or facts.seconds is None or abs(facts.seconds - usual) <= 0.5


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
