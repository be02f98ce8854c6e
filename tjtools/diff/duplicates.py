"""All duplicates at once: groups of the same and of near-same creatives among files, session and library."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from tjtools.cache.inventory import load_session
from tjtools.cache.library import Library
from tjtools.diff.decisions import Decision, Decisions
from tjtools.diff.known import known_creatives, local_copies, media_files
from tjtools.diff.repeats import Known, RepeatKind
from tjtools.media import Fingerprint
from tjtools.media.content import Fingerprints
from tjtools.media.likeness import LooksIndex, confirmed
from tjtools.media.looking import LookedAt, look_at
from tjtools.model.creative import Creative
from tjtools.model.errors import WorkspaceError
from tjtools.model.names import extension
from tjtools.workspace.folder import Workspace

_MEDIA = {"mp4", "mov", "m4v", "mkv", "webm", "avi", "png", "jpg", "jpeg", "gif", "webp"}


class Group(NamedTuple):
    """Creatives and files that are the same, or look so: `closeness` is that of the least like neighbours, 0 to 1."""

    kind: RepeatKind
    members: tuple[Known, ...]
    closeness: float

    @property
    def rejected(self) -> bool:
        """Whether the network has rejected one of them."""
        return any(one.rejected_at is not None for one in self.members)


class Duplicates(NamedTuple):
    """What was found. `files` counts those that were looked at, `compared` the hashes that were compared.

    `unreadable` are files that can't be compared by their looks, each with the reason. `without_copy` are the library's
    creatives of which there is neither a local copy nor a recorded upload: nobody can say what they look like.
    """

    groups: tuple[Group, ...]
    files: int
    compared: int
    unreadable: tuple[tuple[Path, str], ...]
    without_copy: tuple[Creative, ...]


def find_duplicates(
    workspace: Workspace,
    paths: Sequence[Path] = (),
    *,
    progress: Callable[[LookedAt], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Duplicates:
    """Look at what was not seen yet, and group what is the same; with `paths` (files or folders), only groups of them.

    Two files of which a person has decided that they are not the same are in one group only by way of a third. Raises
    `WorkspaceError` for a path that is not there, `Cancelled`, and the errors of the tracking files.
    """
    library, fingerprints = Library.load(workspace.library), Fingerprints.load(workspace)
    asked = {one.absolute() for path in paths for one in media_below(path, workspace)}
    files = dict.fromkeys([*asked, *_files_of(workspace)])
    seen = look_at(list(files), fingerprints, progress=progress, cancelled=cancelled)
    known = known_creatives(workspace, library, fingerprints, local_copies(workspace, library))
    there = [*known, *_unknown(seen, known)]
    groups, compared = _grouped(there, fingerprints, Decisions.load(workspace))
    told = {one.creative.creative_id for one in known if one.creative}
    return Duplicates(
        tuple(one for one in groups if not paths or any(member.path in asked for member in one.members)),
        sum(one is not None for one in seen.values()),
        compared,
        tuple((path, one.facts.trouble) for path, one in seen.items() if one and one.facts.trouble),
        tuple(one for one in library if not one.removed and one.creative_id not in told),
    )


def known_groups(workspace: Workspace, library: Library) -> tuple[list[tuple[str, tuple[str, ...]]], int]:
    """Groups of the library's creatives by what was seen of them before, and of how many something was.

    Each group is a kind (`same content` or `looks the same`) and Creative IDs; what looks the same has a group more for
    those of one content. No file is opened: what nobody has looked at yet is not compared. Raises the errors of the
    tracking files.
    """
    fingerprints = Fingerprints.load(workspace)
    known = known_creatives(workspace, library, fingerprints, local_copies(workspace, library), history={})
    found = []
    for group in _grouped(known, fingerprints, Decisions.load(workspace))[0]:
        contents: dict[str, list[str]] = {}
        for one in group.members:
            contents.setdefault(one.fingerprint.checksum, []).append(one.creative.creative_id if one.creative else "")
        found += [(RepeatKind.SAME_CONTENT.value, tuple(ids)) for ids in contents.values() if len(ids) > 1]
        if len(contents) > 1:
            found.append((RepeatKind.LOOKS_SAME.value, tuple(chain(*contents.values()))))
    return found, len(known)


def _grouped(known: Iterable[Known], fingerprints: Fingerprints, decisions: Decisions) -> tuple[list[Group], int]:
    """The groups, and how many hashes were compared for them."""
    everything = [one for one in known if one.fingerprint.facts.bytes]  # all empty files have one checksum
    contents = _contents(everything)
    places = list(contents.values())
    index = LooksIndex([everything[place].fingerprint for place in places])
    same = [(contents[one.fingerprint.checksum], place, 1.0) for place, one in enumerate(everything)]
    looks = _same_looks(index, fingerprints, decisions)
    edges = [*same, *((places[one], places[other], close) for one, other, close in looks)]
    return _groups(everything, edges), index.compared


def media_below(path: Path, workspace: Workspace) -> Iterator[Path]:
    """A file itself, or the media files anywhere below a folder; raises `WorkspaceError` where there is neither.

    What is hidden is passed over, and so are the screenshots and pictures that tjtools keeps.
    """
    path = path.resolve()  # by whatever way it was named, a file is one
    if path.is_dir():
        own = workspace.tracking
        yield from sorted(one for one in path.rglob("*") if _is_media(one, path) and own not in one.absolute().parents)
    elif path.is_file():
        yield path
    else:
        raise WorkspaceError(f"There is no file or folder {path}.", remedy="Check the path.")


def _is_media(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return path.suffix.lower().lstrip(".") in _MEDIA and not hidden and path.is_file()


def _files_of(workspace: Workspace) -> Iterator[Path]:
    """The session's files and everything else below `uploaded/`."""
    yield from (file.path for file in load_session(workspace).files if extension(file.name))
    yield from (path for path, _ in media_files(workspace))


def _unknown(seen: dict[Path, Fingerprint | None], known: Iterable[Known]) -> Iterator[Known]:
    """The files that are no creative's local copy."""
    copies = {one.path for one in known}
    for path, one in seen.items():
        if one and one.checksum and path not in copies:
            yield Known(one, path.name, path=path)


Edge = tuple[int, int, float]


def _contents(everything: Sequence[Known]) -> dict[str, int]:
    """The first place of every content, by its checksum."""
    first: dict[str, int] = {}
    for place, one in enumerate(everything):
        first.setdefault(one.fingerprint.checksum, place)
    return first


def _same_looks(index: LooksIndex, fingerprints: Fingerprints, decisions: Decisions) -> Iterator[Edge]:
    for place, other, bits in index.pairs():
        one, two = index.fingerprints[place], index.fingerprints[other]
        if decisions.of(one.checksum, two.checksum) is not Decision.NOT_THE_SAME:
            close = confirmed(one, two, bits, fingerprints.picture)
            if close is not None:
                yield place, other, close


def _groups(everything: Sequence[Known], edges: Iterable[Edge]) -> list[Group]:
    """What hangs together by edges; the same content first, then the closest."""
    parent = list(range(len(everything)))
    least: dict[int, float] = {}

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    for one, other, close in edges:
        a, b = root(one), root(other)
        parent[b] = a
        least[a] = min(close, least.get(a, 1.0), least.get(b, 1.0))
    members: dict[int, list[Known]] = {}
    for place, known in enumerate(everything):
        members.setdefault(root(place), []).append(known)
    groups = [_group(tuple(ones), least[place]) for place, ones in members.items() if len(ones) > 1]
    return sorted(groups, key=lambda group: -group.closeness)


def _group(members: tuple[Known, ...], closeness: float) -> Group:
    same = len({one.fingerprint.checksum for one in members}) == 1
    return Group(RepeatKind.SAME_CONTENT if same else RepeatKind.LOOKS_SAME, members, closeness)
