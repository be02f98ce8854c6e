"""All duplicates at once: groups of the same and of near-same creatives among files, session and library.

Also which files repeat a rejected creative, and a person's decision about two that look the same.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from tjtools.cache.history import Observation
from tjtools.cache.inventory import load_session, named_in_session
from tjtools.cache.library import Library
from tjtools.diff.repeats import (
    Content,
    Contents,
    Decision,
    Decisions,
    Known,
    Repeat,
    RepeatKind,
    find_repeats,
    known_creatives,
    media_files,
)
from tjtools.media import Children
from tjtools.media.content import Fingerprints, Progress, look_at
from tjtools.model.cells import is_id, told_id
from tjtools.model.creative import Creative, ReviewStatus
from tjtools.model.errors import WorkspaceError
from tjtools.model.names import ending, extension
from tjtools.workspace.folder import Workspace

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    *("filename", "section", "how", "closeness", "done", "creative_id", "rejected_name", "rejected_at", "decision"),
)
MEDIA = {"mp4", "mov", "m4v", "mkv", "webm", "avi", "png", "jpg", "jpeg", "gif", "webp"}
OTHER_MEDIA = {
    "apng", "avif", "bmp", "dib", "heic", "heif", "hif", "jfi", "jfif", "jif", "jp2", "jpe", "jxl", "pjp",
    "pjpeg", "svg", "tif", "tiff",
    "3g2", "3gp", "3gpp", "asf", "divx", "f4v", "flv", "m1v", "m2ts", "m2v", "mpe", "mpeg", "mpg", "mts",
    "mxf", "ogv", "rm", "rmvb", "vob", "wmv",
}  # fmt: skip
_FIRST_BYTES = re.compile(
    rb"\xff\xd8\xff|\x89PNG|GIF8|BM.{4}\0\0\0\0|II\*\0|MM\0\*|RIFF.{4}(?:WEBP|AVI )|.{4}ftyp(?!M4[AB])"
    rb"|.{4}(?:moov|mdat|wide)|\x1aE\xdf\xa3|0&\xb2u|FLV\x01|\0\0\x01[\xba\xb3]|G.{187}G.{187}G",
    re.DOTALL,
)


KnownGroups: TypeAlias = tuple[list[tuple[str, tuple[str, ...]]], int]


class Group(NamedTuple):
    """Creatives and files that are the same, or look so: `closeness` is that of the least like neighbours, 0 to 1.

    `repeats` say which looks like which, and what was done to it.
    """

    members: tuple[Known, ...]
    closeness: float
    repeats: tuple[Repeat, ...] = ()

    @property
    def kind(self) -> RepeatKind:
        """What they have in common."""
        return self.repeats[0].kind if self.repeats else RepeatKind.SAME_CONTENT

    def how(self, one: Known) -> str:
        """What was done to make this one of another, in words; `""` where nobody knows."""
        return next((repeat.how for repeat in self.repeats if repeat.file is one and repeat.how), "")

    @property
    def rejected(self) -> bool:
        """Whether the network has rejected one of them."""
        return any(one.rejected_at is not None for one in self.members)


class Duplicates(NamedTuple):
    """What was found. `files` counts those that were looked at, `compared` the pairs whose pictures were compared.

    `unreadable` are files that can't be compared by their looks, each with the reason. `without_copy` are the library's
    creatives of which there is neither a local copy nor a recorded upload: nobody can say what they look like.
    """

    groups: tuple[Group, ...]
    files: int
    compared: int
    unreadable: tuple[tuple[Path, str], ...]
    without_copy: tuple[Creative, ...]


class Repeated(NamedTuple):
    """What was found: `table` has a row for each file and rejected creative, `COLUMNS` are its columns.

    `files` is how many files the session holds, `unseen` how many of them nobody has looked at since they changed.
    """

    table: pd.DataFrame
    files: int
    unseen: int


def find_duplicates(
    workspace: Workspace,
    paths: Sequence[Path] = (),
    *,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Duplicates:
    """Look at what was not seen yet, and group what is the same; with `paths` (files or folders), only groups of them.

    Two files of which a person has decided that they are not the same are in one group only by way of a third. Raises
    `WorkspaceError` for a path that is not there, `Cancelled`, and the errors of the tracking files.
    """
    library, fingerprints = Library.load(workspace.library), Fingerprints.load(workspace)
    asked = {one.absolute() for path in paths for one in media_below(path, workspace)}
    session = [file.path for file in load_session(workspace).files if extension(file.name)]
    files = [*asked, *session, *(path for path, _ in media_files(workspace))]
    with Children() as room:
        seen = look_at(files, fingerprints, children=room, progress=progress, cancelled=cancelled)
        known = known_creatives(library, fingerprints)
        copies, told = {one.path for one in known}, {one.creative_id for one in known}
        others = [
            Known(one, path.name, path=path)
            for path, one in seen.items()
            if one and one.checksum and path not in copies
        ]
        groups, compared = _grouped([*known, *others], fingerprints, room, progress, cancelled)
    return Duplicates(
        tuple(one for one in groups if not paths or any(member.path in asked for member in one.members)),
        sum(one is not None for one in seen.values()),
        compared,
        tuple((path, one.facts.trouble) for path, one in seen.items() if one and one.facts.trouble),
        tuple(one for one in library if not one.removed and one.creative_id not in told),
    )


def known_groups(
    workspace: Workspace,
    library: Library,
    *,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> KnownGroups:
    """Groups of the library's creatives by what was seen of them before, and of how many something was.

    Each group is a kind (`same content` or `looks the same`) and Creative IDs; what looks the same has a group more for
    those of one content. No file is opened: what nobody has looked at yet is not compared. Raises `Cancelled` and the
    errors of the tracking files.
    """
    fingerprints = Fingerprints.load(workspace)
    known = known_creatives(library, fingerprints, history={})
    found = []
    with Children() as room:
        groups = _grouped(known, fingerprints, room, progress, cancelled)[0]
    for group in groups:
        if group.kind is RepeatKind.OTHER_WORDS:
            continue  # variants are no waste
        contents = [tuple(one.creative_id for one in ones) for ones in _by_content(group.members)]
        found += [(RepeatKind.SAME_CONTENT.value, ids) for ids in contents if len(ids) > 1]
        if group.kind is RepeatKind.LOOKS_SAME:
            found.append((RepeatKind.LOOKS_SAME.value, tuple(chain(*contents))))
    return found, len(known)


def _by_content(known: Iterable[Known]) -> list[list[Known]]:
    found: dict[str, list[Known]] = {}
    for one in known:
        if one.fingerprint.facts.bytes:  # all empty files have one checksum
            found.setdefault(one.fingerprint.checksum, []).append(one)
    return [*found.values()]


def _grouped(
    known: Iterable[Known],
    fingerprints: Fingerprints,
    room: Children,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[list[Group], int]:
    """The groups, the same content first, then the closest; and how many pairs of pictures were compared for them."""
    contents = _by_content(known)
    compared = Contents((ones[0] for ones in contents), fingerprints, room)
    edges = [
        (other, place, repeat)
        for place, repeats in compared.repeats(range(len(contents)), progress, cancelled).items()
        for other, repeat in repeats
        if repeat.decision is not Decision.NOT_THE_SAME
    ]
    found = []
    for words in (False, True):  # what has other words is a group of its own
        some = [edge for edge in edges if (edge[2].kind is RepeatKind.OTHER_WORDS) is words]
        found += [one for one in _joined(contents, some) if not words or one.kind is not RepeatKind.SAME_CONTENT]
    return sorted(found, key=lambda group: -group.closeness), compared.copies.compared


def _joined(contents: Sequence[Sequence[Known]], edges: Sequence[tuple[int, int, Repeat]]) -> list[Group]:
    first = joined(len(contents), ((one, other) for one, other, _ in edges))
    members, least = dict[int, list[Known]](), dict.fromkeys(first, 1.0)
    told = dict[int, list[Repeat]]()
    for one, _, repeat in edges:
        least[first[one]] = min(repeat.closeness, least[first[one]])
        told.setdefault(first[one], []).append(repeat)
    for place, ones in zip(first, contents, strict=True):
        members.setdefault(place, []).extend(ones)
    return [Group(tuple(ones), least[one], tuple(told.get(one, ()))) for one, ones in members.items() if len(ones) > 1]


def joined(places: int, edges: Iterable[tuple[int, int]]) -> list[int]:
    """What hangs together by edges: of each place, the first one of its group.

    >>> joined(5, [(4, 1), (3, 3), (1, 2)])
    [0, 1, 1, 3, 1]
    """
    first = list(range(places))
    for edge in edges:
        one, later = sorted(first[place] for place in edge)
        if one != later:
            first = [one if place == later else place for place in first]
    return first


def media_below(path: Path, workspace: Workspace, *, others: bool = False) -> Iterator[Path]:
    """A file itself, or the media files anywhere below a folder; raises `WorkspaceError` where there is neither.

    With `others` also those of other formats and under other names, by their first bytes. What is hidden is passed
    over, and so are the screenshots and pictures that tjtools keeps.
    """
    for one in files_below(path, workspace):
        if one == path.resolve() or ending(one.name) in MEDIA or (others and _is_media(one)):
            yield one


def files_below(path: Path, workspace: Workspace) -> Iterator[Path]:
    """The same, whatever the files hold."""
    path = path.resolve()  # by whatever way it was named, a file is one
    if path.is_file():
        yield path
        return
    if not path.is_dir():
        raise WorkspaceError(f"There is no file or folder {path}.", remedy="Check the path.")
    for one in sorted(path.rglob("*")):
        hidden = any(part.startswith(".") for part in one.relative_to(path).parts)
        own = hidden or workspace.tracking in one.absolute().parents
        if not own and os.path.isfile(one):  # noqa: PTH113 (raises not)
            yield one


def _is_media(path: Path) -> bool:
    if ending(path.name.rstrip(" .")) in MEDIA | OTHER_MEDIA:
        return True
    try:
        with path.open("rb") as file:
            return _FIRST_BYTES.match(file.read(400)) is not None
    except OSError:
        return False


def repeats_of_rejected(
    workspace: Workspace,
    library: Library,
    history: pd.DataFrame,
    *,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Repeated:
    """Compare the session with the rejected creatives; looks at no file anew, and writes nothing.

    `history` has the columns of `TJ_Review_History.csv`, all text. Rows: `filename` and its `section`, `how` it repeats
    (a `RepeatKind`), `closeness` (float64, 0 to 1), what was `done` to the rejected one, its `creative_id`, its name,
    the day on which it was seen rejected (`""`: not known), and what a person decided about the two. Raises as
    `load_session` and `Fingerprints.load` do, and `Cancelled`.
    """
    import pandas as pd

    files, fingerprints = load_session(workspace).files, Fingerprints.load(workspace)
    seen = {file.path: fingerprints.of(file.path) for file in files}
    known = known_creatives(library, fingerprints, history=_of_rejected(history))
    rejected = [one for one in known if one.rejected_at is not None]
    compared = rejected and find_repeats(files, seen, rejected, fingerprints, progress=progress, cancelled=cancelled)
    repeats = compared or {}
    rows = [
        (
            *(file.name, file.section.value, one.kind.value, one.closeness, one.how),
            *(one.known.creative_id, one.known.name, (one.known.rejected_at or "")[:10], one.decision.value),
        )
        for file in files
        for one in repeats.get(file.path, ())
        if one.known.rejected_at is not None
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"closeness": "float64"})
    return Repeated(table, len(files), sum(one is None or not one.looked for one in seen.values()))


def _of_rejected(history: pd.DataFrame) -> dict[str, tuple[Observation, ...]]:
    """The observations of the creatives that were rejected once, the oldest first."""
    rejected = history.loc[history["to_status"] == ReviewStatus.REJECTED.value, "creative_id"]
    rows = history.loc[history["creative_id"].isin(rejected), list(Observation._fields)]
    found: dict[str, list[Observation]] = {}
    for row in rows.itertuples(index=False, name=None):
        one = Observation(*row)
        found.setdefault(one.creative_id, []).append(one)
    return {creative_id: tuple(of_it) for creative_id, of_it in found.items()}


def decide_about(
    workspace: Workspace, file: Path, other: str, decision: Decision, *, now: datetime
) -> tuple[Content, Content]:
    """Remember a decision about a file beside a creative (its ID) or another file, and return the two.

    A file is a path, or a name as the review of the session prints it.

    Raises `WorkspaceError` for a file that is not there, and for a creative that nothing is known of to compare with.
    """
    fingerprints = Fingerprints.load(workspace)
    one, two = _of_file(workspace, file, fingerprints), _of_other(workspace, other, fingerprints)
    if one.checksum == two.checksum:
        raise WorkspaceError(
            f"{one.name} and {two.name} are the same to the last byte: there is nothing to decide.",
            remedy="--force uploads it all the same.",
        )
    Decisions.load(workspace).decide(one, two, decision, now=now)
    return one, two


def _of_file(workspace: Workspace, told: Path, fingerprints: Fingerprints) -> Content:
    named = named_in_session(load_session(workspace).files, told)
    path = named.path if named else told
    seen = look_at([path], fingerprints)[path]
    if seen is None or not seen.checksum:
        raise WorkspaceError(f"There is no file {path} that can be read.", remedy="Check the path.")
    return Content(seen.checksum, path.name)


def _of_other(workspace: Workspace, other: str, fingerprints: Fingerprints) -> Content:
    creative_id = told_id(other)
    if not is_id(creative_id):
        return _of_file(workspace, Path(other), fingerprints)
    for one in known_creatives(Library.load(workspace.library), fingerprints):
        if one.creative_id == creative_id:
            return one.content
    raise WorkspaceError(
        f"Nothing is known of what creative {creative_id} looks like.",
        remedy="Look at its local copy first: tjtools duplicates.",
    )
