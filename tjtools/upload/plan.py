"""What goes up: the files that a person chose, in batches of at most ten of one type; and how long that will take.

The saved plan is the last event `planned` of the log. Its `files` are `[["Native Rollover", "a.mp4"]]`, or null where
an earlier version forgot it; those that a person left out are `left_out`, and `contents` the checksums of those that
were looked at, as in `["Native Rollover", "a.mp4", "6f1c…"]`. It holds until another one is saved. Of a file that came
into the session later it says nothing: such a one waits until a person has chosen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median

from tjtools.diff.session import FileReview, Verdict
from tjtools.model.creative import CreativeType, Key, Section, SessionFile
from tjtools.model.errors import TrackingFileError
from tjtools.model.words import counted
from tjtools.upload.journal import Journal
from tjtools.workspace.folder import Workspace
from tjtools.workspace.log import Entry, Log

ORDER = (
    CreativeType.NATIVE_VIDEO,
    CreativeType.NATIVE_IMAGE,
    CreativeType.VIDEO,
    CreativeType.IMAGE,
    CreativeType.VIDEO_BANNER,
)
BEGINNING = 5.0  # seconds for the browser to start and show the Media Library
LATELY = 20  # batches of a section that tell its pace
# seconds a file, until the workspace knows better
USUAL = dict.fromkeys(Section, 6.0) | {Section.IN_STREAM_VIDEO: 30.0}
BEYOND = "beyond the limit of this run"
_PLANNED = "planned"


@dataclass(frozen=True, slots=True)
class Choice:
    """The files chosen and those left out, by section and name, and when that was saved; of others it says nothing.

    `contents` are the checksums of what the chosen ones held then, where that is known.
    """

    saved_at: datetime
    files: frozenset[Key]
    left_out: frozenset[Key] = frozenset()
    contents: Mapping[Key, str] = field(default_factory=dict)

    @property
    def seen(self) -> frozenset[Key]:
        """The files that it was made of."""
        return self.files | self.left_out


def save_choice(
    workspace: Workspace,
    files: Iterable[Key],
    *,
    left_out: Iterable[Key] = (),
    contents: Mapping[Key, str] = {},
    now: datetime,
) -> Choice:
    """Keep a choice of files, each by its section and name, in place of the one before.

    `left_out` are those that a person has seen and not chosen, `contents` the checksums of what the files hold. Raises
    TrackingFileError where the disk takes none.
    """
    chosen = frozenset(files)
    choice = Choice(now, chosen, frozenset(left_out) - chosen, {key: contents[key] for key in chosen & contents.keys()})
    held = sorted([section.value, name, content] for (section, name), content in choice.contents.items())
    told = {"files": _told(choice.files), "left_out": _told(choice.left_out), "contents": held}
    Log.at(workspace.log).append([Entry(_PLANNED, now, told, "")])
    return choice


def _told(keys: Iterable[Key]) -> list[list[str]]:
    return sorted([section.value, name] for section, name in keys)


def _keys(told: Iterable[tuple[str, str]]) -> frozenset[Key]:
    return frozenset((Section(place), str(name)) for place, name in told)


def load_choice(workspace: Workspace) -> Choice | None:
    """The saved choice; None: every new file of the session goes up.

    Raises TrackingFileError for one that can't be read: it is not taken for none.
    """
    log = Log.at(workspace.log)
    last = next((one for one in reversed(log.entries()) if one.kind == _PLANNED), None)
    line = last.line if last else 0
    later = [bad for bad in log.bad_lines if bad.line > line and _PLANNED in bad.text]
    try:
        if not later:
            if last is None or last.data["files"] is None:
                return None
            held = {(Section(place), str(name)): str(one) for place, name, one in last.data.get("contents", ())}
            return Choice(last.at, _keys(last.data["files"]), _keys(last.data.get("left_out", ())), held)
        line, why = later[-1].line, later[-1].reason
    except (ValueError, LookupError, TypeError) as error:
        why = str(error)
    remedy = "Choose anew: tjtools upload --session takes every new file."
    raise TrackingFileError(f"this is no saved plan: {why}.", path=workspace.log, line=line or None, remedy=remedy)


def exchanged(reviews: Iterable[FileReview], contents: Mapping[Key, str]) -> list[SessionFile]:
    """Those that go up and held something else before, by the checksums of then."""
    going = (one for one in reviews if one.goes_up)
    return [one.file for one in going if contents.get(one.file.key, one.content) != one.content]


@dataclass(frozen=True, slots=True)
class Batch:
    """Files of one section that are handed over together, and those of it that the library knows already.

    `of_type` counts the files of this type in the whole plan.
    """

    number: int
    creative_type: CreativeType
    reviews: tuple[FileReview, ...]
    of_type: int

    @property
    def title(self) -> str:
        """Its number and type, and how many files of the type it looks at."""
        return f"BATCH {self.number}: {self.creative_type.name} ({len(self.reviews)}/{counted(self.of_type, 'file')})"

    @property
    def files(self) -> tuple[SessionFile, ...]:
        """The files to hand over."""
        return tuple(one.file for one in self.reviews if one.goes_up)


@dataclass(frozen=True, slots=True)
class Plan:
    """The batches of a run; `held_back` are files that need a person first, `left` those beyond the limit.

    `not_chosen` are new files that the saved plan leaves out, `unseen` those that came after it. `repeats` were to go
    up, but repeat a creative that the network has rejected, or are the other half of such a one's pair: they stay
    until a person allows it. `cleared` are files of a run that is gone on with which the session no longer has.
    """

    batches: tuple[Batch, ...]
    held_back: tuple[FileReview, ...]
    left: tuple[FileReview, ...]
    not_chosen: tuple[FileReview, ...] = ()
    unseen: tuple[FileReview, ...] = ()
    repeats: tuple[FileReview, ...] = ()
    cleared: tuple[SessionFile, ...] = ()

    @property
    def asks(self) -> str:
        """How many files a person is asked about because of a rejected creative; `""` for none."""
        number = len(self.repeats)
        return f"{counted(number, 'file')} repeat{'s' * (number == 1)} a rejected creative" if number else ""

    @property
    def reviews(self) -> tuple[FileReview, ...]:
        """All that is in its batches, also what the library knows already."""
        return tuple(one for batch in self.batches for one in batch.reviews)

    @property
    def files(self) -> tuple[SessionFile, ...]:
        """All files to hand over, in order."""
        return tuple(one.file for one in self.reviews if one.goes_up)

    @property
    def stays(self) -> dict[SessionFile, str]:
        """The files that are in no batch, each with the reason."""
        reasons = {one.file: why_not(one) for one in self.held_back} | {one.file: one.reason for one in self.repeats}
        reasons |= {one.file: BEYOND for one in self.left}
        reasons |= {one.file: "not chosen in the saved plan" for one in self.not_chosen}
        reasons |= {one.file: "new since the saved plan" for one in self.unseen}
        return reasons | dict.fromkeys(self.cleared, "no longer in the session")


def why_not(one: FileReview) -> str:
    """Why a file is not handed over; the library's own words need no verdict before them."""
    return one.reason if one.verdict is Verdict.ALREADY_THERE else f"{one.verdict.value}: {one.reason}"


def make_plan(
    reviews: Sequence[FileReview],
    *,
    batch_size: int = 10,
    limit: int | None = None,
    choice: Choice | None = None,
    allow_repeats: bool | AbstractSet[Key] = False,
) -> Plan:
    """Sort a session's reviews into batches: native videos, native images, videos, images, video banners.

    `limit` is the most files to hand over, `choice` the only ones; a native pair goes whole or not at all. What repeats
    a rejected creative goes only where `allow_repeats` says so: True, or the keys of the files that may.
    """
    groups: dict[str | int, list[FileReview]] = {}  # the new files; the halves of a pair together
    for number, one in enumerate(reviews):
        if one.goes_up:
            groups.setdefault(one.file.pair or number, []).append(one)
    wanted: set[SessionFile] = set()
    chosen: set[SessionFile] = set()
    repeats: set[SessionFile] = set()
    for group in groups.values():
        files = {one.file for one in group}
        if choice is None or choice.files >= {file.key for file in files}:
            wanted |= files
            if any(one.repeats_rejected and not _allowed(one, allow_repeats) for one in group):
                repeats |= files
            elif limit is None or len(chosen) + len(group) <= limit:
                chosen |= files
    planned = [one for one in reviews if one.is_settled or one.file in chosen]
    seen = choice.seen if choice else frozenset()
    stay = [one for one in reviews if one.goes_up and one.file not in wanted]
    batches: list[Batch] = []
    for kind in ORDER:
        of_type = [one for one in planned if one.file.section is kind.section]
        for chunk in _chunks(of_type, batch_size):
            batches.append(Batch(len(batches) + 1, kind, tuple(chunk), len(of_type)))
    return Plan(
        batches=tuple(batches),
        held_back=tuple(one for one in reviews if one.needs_a_person and not one.goes_up),
        left=tuple(one for one in reviews if one.file in wanted - chosen - repeats),
        not_chosen=tuple(one for one in stay if one.file.key in seen),
        unseen=tuple(one for one in stay if one.file.key not in seen),
        repeats=tuple(_asked_about(one) for one in reviews if one.file in repeats),
    )


def _allowed(one: FileReview, allow_repeats: bool | AbstractSet[Key]) -> bool:
    return allow_repeats if isinstance(allow_repeats, bool) else one.file.key in allow_repeats


def _asked_about(one: FileReview) -> FileReview:
    """The same with the reason why a person is asked before it goes up."""
    told = "; ".join(repeat.told for repeat in one.repeats_rejected)
    why = f"repeats a rejected creative: {told}" if told else "the other half of its pair repeats a rejected creative"
    return one.held(one.verdict, why)


def expected_time(plan: Plan, journal: Journal) -> float:
    """How many seconds a plan will take: the median pace of each section's last batches, times the files that it has.

    Raises `TrackingFileError` for a journal that can't be read.
    """
    files = Counter(file.section for file in plan.files)
    paces = {section: median(told[-LATELY:]) for section, told in journal.paces().items()}
    seconds = sum(number * paces.get(section, USUAL[section]) for section, number in files.items())
    return seconds + BEGINNING * bool(files)


def _chunks(reviews: Iterable[FileReview], size: int) -> list[list[FileReview]]:
    chunks: list[list[FileReview]] = []
    for one in reviews:
        if not chunks or (one.goes_up and sum(each.goes_up for each in chunks[-1]) == size):
            chunks.append([])
        chunks[-1].append(one)
    return chunks
