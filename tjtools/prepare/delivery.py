"""What a delivery is: each file by its content, what it is to become, what its names don't tell, and what it repeats.

Nothing is written but fingerprints, and nothing is made: `prepare/session.py` does that.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from functools import partial
from math import inf
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from tjtools.cache.inventory import load_session
from tjtools.cache.library import Library
from tjtools.diff.duplicates import MEDIA, OTHER_MEDIA, files_below, media_below
from tjtools.diff.refusals import problems, unreadable
from tjtools.diff.repeats import Repeat, RepeatKind, find_repeats, known_creatives
from tjtools.media import Children, Fingerprint
from tjtools.media.content import Fingerprints, Progress, look_at
from tjtools.model.creative import CreativeType, Medium, SessionFile
from tjtools.model.names import ending, is_source, why_unheld
from tjtools.prepare.besides import UNREADY, is_unpacked, kinds_of
from tjtools.prepare.fit import HALVES, POSTER, Fit, Loss, Wishes, fit, nearest_type, pairs_of, told_type
from tjtools.prepare.naming import NEEDED, Defaults, by_convention, told_by_folder, told_by_name
from tjtools.prepare.remembered import Before, Source, known_sources, preparations, prepared_before
from tjtools.workspace.folder import Workspace
from tjtools.workspace.limits import Limits, load_limits
from tjtools.workspace.settings import load_settings


class Wanted(NamedTuple):
    """What a person asks for. `as_is`: names and files stay as they are.

    `wishes` are for all files but those of which something else is `said`, each by its path.
    """

    native: bool = False
    as_is: bool = False
    again: bool = False
    allow_repeats: bool = False
    wishes: Wishes = Wishes()
    said: Mapping[Path, Wishes] = MappingProxyType({})


AS_IS = Wanted(as_is=True, again=True)


class Piece(NamedTuple):
    """A file of the session that is to be made of a delivered one."""

    kind: CreativeType
    fit: Fit


class Delivered(NamedTuple):
    """A file of a delivery. `fields` is what is known of it; `other` the one with which it makes a native pair."""

    path: Path
    seen: Fingerprint
    fields: Mapping[str, str]
    keeps_name: bool = False
    pieces: tuple[Piece, ...] = ()
    other: Path | None = None
    notes: tuple[str, ...] = ()
    repeats: tuple[Repeat, ...] = ()

    @property
    def lacks(self) -> tuple[str, ...]:
        """What is needed for its name, and nobody has said."""
        return () if self.keeps_name else tuple(field for field in NEEDED if not self.fields.get(field))

    @property
    def same(self) -> Repeat | None:
        """The known creative or file that has its content, or None."""
        return next((repeat for repeat in self.repeats if repeat.kind is RepeatKind.SAME_CONTENT), None)


class Delivery(NamedTuple):
    """A folder that was looked through: the files `found`, those `unusable` with the reason, those prepared before.

    `passed_over` counts what is no image or video, by its names' endings.
    """

    folder: Path
    wanted: Wanted
    found: tuple[Delivered, ...]
    unusable: tuple[tuple[Path, str], ...]
    known: tuple[Before, ...]
    defaults: Defaults
    passed_over: Mapping[str, int] = MappingProxyType({})

    @property
    def sources(self) -> tuple[Delivered, ...]:
        """The files that go in."""
        kept = [one for one in self.found if not any(_against(one, self.wanted))]
        there = {one.path for one in kept}
        return tuple(_alone(one) if one.other and one.other not in there else one for one in kept)

    @property
    def left_out(self) -> tuple[tuple[Path, str], ...]:
        """The files that stay out, each with the reason; of some a person may allow what would be done to them."""
        against = ((one.path, "; ".join(dict.fromkeys(_against(one, self.wanted)))) for one in self.found)
        return (*self.unusable, *((path, why) for path, why in against if why))

    @property
    def lacks(self) -> dict[Path, tuple[str, ...]]:
        """What nobody has said, folder by folder."""
        return lacking(self.sources)

    @property
    def is_finished(self) -> bool:
        """Whether a person has nothing to say: all are named by the convention, fit, and repeat nothing known."""
        asks = self.lacks or self.undecided or any(one.repeats for one in self.found)
        made = any(piece.fit.recipe for one in self.sources for piece in one.pieces)
        return bool(self.sources) and not (asks or made) and all(one.keeps_name for one in self.sources)

    def place(self, folder: Path) -> str:
        """How `metadata_defaults.csv` calls a folder of it."""
        return folder.relative_to(self.folder.parent).as_posix() if folder != folder.parent else ""

    @property
    def repeated(self) -> tuple[Delivered, ...]:
        """The files with the content of what is known: a person's word alone takes them in."""
        return tuple(one for one in self.found if one.same)

    @property
    def undecided(self) -> tuple[Delivered, ...]:
        """The files that are left out for nothing but a loss that a person may agree to."""
        out = self.found if self.wanted.allow_repeats else [one for one in self.found if not one.same]
        return tuple(one for one in out if asked(one, self.wanted) and not _impossible(one))

    def answered(self, answers: Mapping[Path, Mapping[str, str]]) -> Delivery:
        """The same with what a person said of its folders."""

        def told(one: Delivered) -> Delivered:
            said = answers.get(one.path.parent, {})
            return one._replace(fields={**one.fields, **{field: said[field] for field in one.lacks if field in said}})

        return self._replace(found=tuple(map(told, self.found)))

    def allowed(self, wanted: Wanted, limits: Limits) -> Delivery:
        """The same by other wishes for single files, and with or without repeats; all else of `wanted` stays."""
        wanted = self.wanted._replace(said=wanted.said, allow_repeats=wanted.allow_repeats)
        found = [
            one._replace(pieces=tuple(Piece(kind, fit_of(one, kind, wanted, limits)) for kind, _ in one.pieces))
            for one in self.found
        ]
        return self._replace(wanted=wanted, found=tuple(found))


def lacking(files: Iterable[Delivered]) -> dict[Path, tuple[str, ...]]:
    """What nobody has said of these files, folder by folder."""
    found: dict[Path, set[str]] = {}
    for one in files:
        if one.lacks:
            found.setdefault(one.path.parent, set()).update(one.lacks)
    return {folder: tuple(field for field in NEEDED if field in fields) for folder, fields in found.items()}


def look_through(
    workspace: Workspace,
    folder: Path,
    wanted: Wanted,
    *,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Delivery:
    """Look at every media file below a folder, and say what is to become of it.

    Raises `WorkspaceError` for a folder that is not there, `Cancelled`, and the errors of the tracking files.
    """
    limits, fingerprints = load_limits(workspace.limits_file), Fingerprints.load(workspace)
    defaults, before, settings = Defaults.load(workspace), preparations(workspace), load_settings(workspace)
    found = folder.resolve()
    root = found if found.is_dir() else found.parent
    if _is_ours(root, workspace):
        wanted = wanted._replace(as_is=True)
    if wanted.native and not settings.prepare.native_sound:
        wanted = wanted._replace(wishes=wanted.wishes._replace(sound=False))
    whole = _whole(found, root, workspace)
    below = {one for one in media_below(found, workspace, others=True) if ending(one.name) not in UNREADY}
    paths = [one for one in whole if one in below and (wanted.as_is or not _is_ours(one, workspace))]
    others = () if workspace.root.is_relative_to(root) else whole  # of ours nobody asks
    passed_over = kinds_of(one.name for one in others if one not in below and ending(one.name) not in UNREADY)
    session = load_session(workspace).files
    held = [] if wanted.as_is else [one for one in session if one.path.is_file()]
    with Children() as room:
        looked = [*paths, *(one.path for one in held)]
        seen = look_at(looked, fingerprints, children=room, progress=progress, cancelled=cancelled)
        earlier = {source.seen.checksum: (one, source) for one in before for source in one.sources}
        left_out = [*_closed(found), *_unready(whole, cancelled)]
        known, sources = [], list[Delivered]()
        for path in paths:
            look = seen[path]
            if look and look.checksum in earlier and not wanted.again:
                known.append((path, *earlier[look.checksum]))
                continue
            why = _why_not(path, look) or (_why_not_so(path, look, limits) if wanted.as_is and look else "")
            if look and not why:
                sources.append(_delivered(path, look, root, defaults, wanted))
            else:
                left_out.append((path, why))
        sources = [*_with_pieces(sources, wanted, limits, settings.names.pair_suffixes)]
        if not wanted.as_is:
            compared = [source for one in before for source in one.sources]
            repeats = partial(find_repeats, children=room, progress=progress, cancelled=cancelled)
            sources = [*_with_repeats(sources, held, seen, compared, fingerprints, repeats)]
    told = prepared_before(workspace, known, {one.path for one in session})
    return Delivery(root, wanted, tuple(sources), tuple(left_out), tuple(told), defaults, passed_over)


def _whole(found: Path, root: Path, workspace: Workspace) -> list[Path]:
    coming = root.is_relative_to(workspace.incoming)
    return [path for path in files_below(found, workspace) if coming or not _is_coming(path, workspace)]


def _unready(whole: Sequence[Path], cancelled: Callable[[], bool]) -> Iterator[tuple[Path, str]]:
    for one in whole:
        if ending(one.name) in UNREADY and not is_unpacked(one, whole, cancelled=cancelled):
            yield one, UNREADY[ending(one.name)]


def _is_ours(path: Path, workspace: Workspace) -> bool:
    """Whether it lies where the session has its files."""
    return path.is_relative_to(workspace.root / "uploaded") and not _is_coming(path, workspace)


def _is_coming(path: Path, workspace: Workspace) -> bool:
    return path.is_relative_to(workspace.incoming)


def _closed(folder: Path) -> Iterator[tuple[Path, str]]:
    """The folders that can't be looked into, and the links that lead to a folder or nowhere."""
    errors: list[OSError] = []
    for base, folders, names in os.walk(folder, onerror=errors.append) if folder.is_dir() else ():
        if (folders or names) and not os.access(base, os.X_OK):
            yield Path(base), "we have no rights to the files in this folder: change its rights"
        for path in (Path(base, name) for name in (*folders, *names) if not name.startswith(".")):
            if os.path.islink(path) and os.path.isdir(path):  # noqa: PTH112, PTH114 (a Path raises without rights)
                yield path, "this is a link to another folder: prepare that one"
            elif os.path.islink(path) and not os.path.exists(path) and ending(path.name) in MEDIA | OTHER_MEDIA:  # noqa: PTH110, PTH114
                yield path, "this is a link to a file that is gone"
    for error in errors:
        yield Path(error.filename), f"this folder can't be read ({error.strerror}): change its rights"


def _why_not(path: Path, look: Fingerprint | None) -> str:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return "its name, or that of its folder, can't be written as text: rename it"
    if is_source(path.name):
        return "ORG_ files are sources that were converted"
    if look is None or not look.facts.container:
        why = unreadable(look.facts.trouble) if look else "it is gone"
        return f"no format that the site takes ({why}): convert it" if ending(path.name) in OTHER_MEDIA else why
    return ""


def _why_not_so(path: Path, look: Fingerprint, limits: Limits) -> str:
    """Why a file that is to stay as it is can't be one of the session."""
    facts = look.facts
    if told_type(path.name, facts, limits)[0] is None:
        return f"{facts.container} is no format that the site takes: convert it"
    if ending(path.name) not in MEDIA:
        wrong = f"its content is {facts.container}, and its name does not say so: let it end in .{facts.container}"
        return facts.trouble or wrong
    return ""


def _delivered(path: Path, look: Fingerprint, root: Path, defaults: Defaults, wanted: Wanted) -> Delivered:
    """The file with what its names tell, and what is known of its folders: the deepest one goes before those above."""
    fields = told_by_name(path.name)
    if wanted.as_is:
        return Delivered(path, look, fields, keeps_name=True)
    for folder in path.parents:
        if folder.is_relative_to(root):
            fields = told_by_folder(folder.name) | defaults.of(folder) | fields
        else:
            fields = defaults.of(folder, above=True) | fields
    return Delivered(path, look, defaults.everywhere | fields, keeps_name=by_convention(path.name) is not None)


def _with_pieces(
    sources: Sequence[Delivered], wanted: Wanted, limits: Limits, suffixes: tuple[str, ...]
) -> Iterator[Delivered]:
    """The files with what is to be made of them, and with which they make a native pair."""
    kinds = {one.path: _kind(one, wanted, limits) for one in sources}
    natives = {path: kind for path, kind in kinds.items() if kind in HALVES}
    pairs = pairs_of(natives, suffixes, by_folder=not wanted.as_is)
    for one in sources:
        facts, kind, (other, alone) = one.seen.facts, kinds[one.path], pairs.get(one.path, (None, ""))
        becomes = [kind]
        if wanted.native and not other and facts.medium is Medium.MOVING and not wanted.as_is:
            becomes, alone = [kind, CreativeType.NATIVE_IMAGE], ""
        doubts = (facts.trouble, *problems(facts, kind, limits)) if wanted.as_is else ()
        unheld = why_unheld(one.path.name) if one.keeps_name else ""
        pieces = tuple(Piece(each, fit_of(one, each, wanted, limits)) for each in becomes)
        yield one._replace(pieces=pieces, other=other, notes=tuple(filter(None, (*doubts, alone, unheld))))


def _kind(one: Delivered, wanted: Wanted, limits: Limits) -> CreativeType:
    facts = one.seen.facts
    if wanted.as_is:
        return told_type(one.path.name, facts, limits)[0] or CreativeType.IMAGE
    if wanted.native:
        return CreativeType.NATIVE_VIDEO if facts.medium is Medium.MOVING else CreativeType.NATIVE_IMAGE
    return nearest_type(one.path.name, facts, limits)


def fit_of(one: Delivered, kind: CreativeType, wanted: Wanted, limits: Limits) -> Fit:
    """What is to be made of a file to be that type, by what is wished for it."""
    said = wanted.said.get(one.path)
    facts, wishes = one.seen.facts, said._replace(sound=wanted.wishes.sound) if said else wanted.wishes
    if wanted.as_is:
        return Fit(facts)
    if wanted.native and facts.medium is Medium.MOVING:
        start, seconds = wishes.start or 0.0, limits.by_type[CreativeType.NATIVE_VIDEO].usual_seconds
        lasts = min(seconds or inf, max((facts.seconds or 0.0) - start, 0.0))
        still = start + lasts * POSTER if wishes.still is None else wishes.still
        wishes = wishes._replace(start=start, seconds=seconds, still=still)
    return fit(facts, kind, limits, wishes)


def _with_repeats(
    sources: Sequence[Delivered],
    held: Sequence[SessionFile],
    seen: Mapping[Path, Fingerprint | None],
    earlier: Sequence[Source],
    fingerprints: Fingerprints,
    find: Callable[..., Mapping[Path, Sequence[Repeat]]],
) -> Iterator[Delivered]:
    """The files with what they repeat: of library, session, earlier deliveries and this one."""
    creatives = known_creatives(Library.load(fingerprints.workspace.library), fingerprints)
    own = {one.seen.checksum for one in sources}  # where they are redone
    before = [one for one in known_sources(earlier, creatives, fingerprints) if one.fingerprint.checksum not in own]
    redone = {made.name for one in earlier if one.seen.checksum in own for made in one.made}
    files = [one for one in held if one.name not in redone]
    files += [SessionFile(one.path, one.pieces[0].kind) for one in sources]
    found = find(files, seen, (*creatives, *before), fingerprints)
    coming = {one.path for one in sources}
    for one in sources:
        placed = (_placed(repeat, coming) for repeat in reversed(found.get(one.path, ())))
        repeats = {repeat.known.creative_id or repeat.known.name: repeat for repeat in placed}
        told = [repeat for repeat in reversed(repeats.values()) if not one.other or repeat.known.path != one.other]
        yield one._replace(repeats=tuple(told), notes=(*one.notes, *(repeat.told for repeat in told)))


def _placed(repeat: Repeat, coming: Container[Path]) -> Repeat:
    here = repeat.known.path in coming and not repeat.known.creative
    return repeat._replace(known=repeat.known._replace(where="this delivery")) if here else repeat


def _alone(one: Delivered) -> Delivered:
    lost = one.other.name if one.other else ""
    return one._replace(other=None, notes=(*one.notes, f"its other half, {lost}, is not among them"))


def _against(one: Delivered, wanted: Wanted) -> Iterator[str]:
    if one.same and not wanted.allow_repeats:
        yield one.same.told
        return
    yield from _impossible(one)
    for kind, loss in asked(one, wanted):
        yield f"{kind.one} takes a {loss.told}"


def _impossible(one: Delivered) -> list[str]:
    return [why for _, made in one.pieces for why in made.cannot]


def asked(one: Delivered, wanted: Wanted) -> list[tuple[CreativeType, Loss]]:
    """What would be lost, and nobody has agreed to."""
    losses = [(kind, loss) for kind, made in one.pieces if not made.cannot for loss in made.losses]
    return [(kind, loss) for kind, loss in losses if not (loss.agreed or (loss.what == "still" and wanted.native))]
