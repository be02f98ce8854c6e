"""Campaign CSVs on demand: the ads of what is approved now, as `tjtools campaign` and the desk's Library write them.

What single ads are to say instead of the settings, a person writes into `tracking/campaign_overrides.csv`. Each line
names its ads by `name`, `creative_id` or `category` (by all that it has), and says `target_url`, `headline`,
`brand_name`, `call_to_action` or some of them. An ID goes before a name, and a name before a category.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from tjtools.cache.history import History, Observation, Source
from tjtools.cache.library import Library
from tjtools.cache.snapshots import last_readings
from tjtools.model.cells import from_utc, read_id
from tjtools.model.creative import ReviewStatus, Section
from tjtools.model.errors import SettingsError, TJToolsError, TrackingFileError, WrongHeader
from tjtools.model.names import match_key
from tjtools.model.words import ago, counted
from tjtools.upload.approved import MAKE_ADS, NATIVE, VERIFY, Candidate, Why, candidates
from tjtools.upload.campaign import (
    PLACEHOLDER,
    Ad,
    CampaignFile,
    Half,
    Texts,
    files_of,
    fitted,
    native_ad,
    preroll_ad,
    why_no_address,
    write_ads,
)
from tjtools.upload.run_files import free_name
from tjtools.workspace.csvfile import BadLine, Table, read_table
from tjtools.workspace.folder import Workspace
from tjtools.workspace.limits import CampaignCaps, load_limits
from tjtools.workspace.settings import load_settings

KEYS = ("creative_id", "name", "category")  # the one that goes first, first
VALUES = ("target_url", "headline", "brand_name", "call_to_action")
_REMEDY = f"The first line names at least one of {', '.join(KEYS)}, and of {', '.join(VALUES)} what is to be said."
_LOOKS = (Source.REFRESH.value, Source.SYNC.value)


class Override(NamedTuple):
    """One line: what names its ads, what these are to say, and why it can't be used, `""` if it can."""

    line: int
    keys: Mapping[str, str]
    values: Mapping[str, str]
    why: str = ""

    def is_of(self, halves: Sequence[Half]) -> bool:
        """Whether it is of the ad of these: one of them is all that it names."""
        return any(all(_key(key, getattr(half, key)) == told for key, told in self.keys.items()) for half in halves)


class Overrides(NamedTuple):
    """The lines that name ads, and all that can't be used, with the reason."""

    path: Path
    lines: tuple[Override, ...] = ()
    bad: tuple[BadLine, ...] = ()

    @classmethod
    def load(cls, path: Path, caps: CampaignCaps, *, needed: bool = False) -> Overrides:
        """Read them; raises WrongHeader, NotText, and TrackingFileError for one that is `needed` and not there."""
        if needed and not path.is_file():
            raise TrackingFileError("there is no such file.", path=path, remedy="Name a CSV of overrides.")
        table, lines, bad = _table(path), list[Override](), list[BadLine]()
        for line, row in zip(table.lines, table.rows, strict=True):
            one = _read(line, row, caps, lines)
            if one.why:
                bad.append(BadLine(line, one.why, ",".join(row.values())))
            if one.keys:
                lines.append(one)
        return cls(path, tuple(lines), tuple(sorted([*table.bad, *bad])))

    def of(self, halves: Sequence[Half]) -> dict[str, Override]:
        """The line that says it, for each column of which one says something for the ad of these."""
        found = [one for one in self.lines if one.is_of(halves)]
        found.sort(key=lambda one: min(map(KEYS.index, one.keys)), reverse=True)  # of two alike, the later one
        return {column: one for one in found for column in one.values}

    def unused(self, halves: Sequence[Half]) -> tuple[int, ...]:
        """The numbers of the lines that are of none of these."""
        return tuple(one.line for one in self.lines if not one.is_of(halves))


class Asked(NamedTuple):
    """Of what a person asks ads for: a section (of a native one, both), categories, and what was approved `since`.

    `overrides` is a CSV of what single ads are to say, else it is `tracking/campaign_overrides.csv` if that is there.
    """

    section: Section | None = None
    categories: tuple[str, ...] = ()
    since: date | None = None
    overrides: Path | None = None

    @property
    def sections(self) -> tuple[Section | None, ...]:
        """The sections that are asked for; None: a creative of unknown section."""
        if self.section is None:
            return (*Section, None)
        return NATIVE if self.section in NATIVE else (self.section,)

    def wants(self, one: Candidate) -> bool:
        """Whether it is of a section and a category that are asked for."""
        wanted = {composed(each) for each in self.categories}
        return one.section in self.sections and (not wanted or composed(one.first.category) in wanted)


EVERYTHING = Asked()


class Campaign(NamedTuple):
    """The ads that can be made `at` this time, and what makes none; nothing is written yet.

    `as_of` says when each section that matters was last read off the site to its end, None where nobody knows, and
    `max_age` how old that may be. `unused` are the lines of the overrides that name nothing; `categories` are those
    that there are.
    """

    ads: tuple[Ad, ...]
    left_out: tuple[Candidate, ...]
    as_of: Mapping[Section, datetime | None]
    at: datetime
    max_age: timedelta
    overrides: Overrides
    unused: tuple[int, ...]
    categories: tuple[str, ...]

    @property
    def too_old(self) -> TJToolsError | None:
        """Why the statuses are not to be trusted; None where they are."""
        if not (told := "; ".join(self._ages(late=True))):
            return None
        told += f"; they may be older than {self.max_age / timedelta(days=1):g} days (max_age_days in [campaign])"
        remedy = "Bring them up to date with tjtools sync-status, or with --sync."
        return TJToolsError(f"{told}: nothing was written.", remedy=remedy)

    @property
    def aged(self) -> tuple[str, ...]:
        """How old the statuses are that may be trusted, in words: a line for each time at which sections were read."""
        return self._ages(late=False)

    def _ages(self, *, late: bool) -> tuple[str, ...]:
        by_time: dict[datetime | None, list[str]] = {}
        for section, at in self.as_of.items():
            if late is (at is None or self.at - at > self.max_age):
                by_time.setdefault(at, []).append(section.value)
        return tuple(f"Statuses of {', '.join(names)}: {self._age(at)}" for at, names in by_time.items())

    def _age(self, at: datetime | None) -> str:
        if at is None:
            return "of unknown age, the site was never read to the end"
        return f"as of {at.astimezone(self.at.tzinfo):%Y-%m-%d %H:%M}, {ago((self.at - at).days)}"

    @property
    def unset(self) -> str:
        """What the ads say that nobody has set yet, in words; `""`: nothing."""
        texts = (text for ad in self.ads for text in dict.fromkeys(ad.values.values()))  # where it leads comes first
        found = Counter(text for text in texts if text.startswith(PLACEHOLDER))
        told = ", ".join(f"{text} in {counted(many, 'ad')}" for text, many in found.items())
        bare = sum(ad.values.get("Headline") == "" for ad in self.ads)
        has, its = ("has", "its") if bare == 1 else ("have", "their")
        none = f"{counted(bare, 'ad')} {has} no headline, since nobody knows {its} category"
        them = "it" if len(found) == 1 else "them"
        return "; ".join([*[f"{told}: set {them} in [campaign] of tjtools.toml"] * bool(told), *[none] * bool(bare)])

    @property
    def needs_a_person(self) -> bool:
        """Whether there is no ad, or only a person can bring what is approved into one."""
        held = any(one.why and one.why.needs_a_person for one in self.left_out)
        return not self.ads or bool(self.overrides.bad) or held

    @property
    def counts(self) -> dict[str, int]:
        """How many make no ad, by the reason in words."""
        count = Counter(one.why for one in self.left_out)
        return {why.value: count[why] for why in Why if count[why]}

    def files(self, workspace: Workspace) -> tuple[CampaignFile, ...]:
        """What it would write now."""
        return files_of(workspace.campaigns, self.ads, free_name(workspace, self.at))

    def write(self, workspace: Workspace) -> tuple[CampaignFile, ...]:
        """Write the CSVs, and return them; raises TJToolsError for statuses that are too old, and TrackingFileError."""
        if self.too_old:
            raise self.too_old
        return write_ads(workspace.campaigns, self.ads, free_name(workspace, self.at))


def plan_campaign(workspace: Workspace, asked: Asked = EVERYTHING, *, now: datetime) -> Campaign:
    """The ads of what is approved now; nothing is written.

    Raises `SettingsError` for settings or limits that can't be used, and TrackingFileError for a file that can't be.
    """
    settings, limits = load_settings(workspace), load_limits(workspace.limits_file)
    path, texts = asked.overrides or workspace.overrides, Texts.of(settings.campaign)
    overrides = Overrides.load(path, limits.campaign, needed=asked.overrides is not None)
    known = candidates(workspace, Library.load(workspace.library), limits, settings.names.pair_suffixes)
    rows = History.of(workspace).rows()
    ads, left, seen = list[Ad](), list[Candidate](), _approvals(rows) if asked.since else {}
    for one in filter(asked.wants, known):
        said = overrides.of(one.halves)
        one = _said_well(_new(_as_seen(one, rows), asked.since, seen, now), overrides, said)
        if one.why:
            left.append(one)
        else:
            ads.append(_ad(one, texts, said))
    _demand_address(workspace, texts, ads)
    last, kinds = last_readings(workspace), {ad.kind for ad in ads}
    matter = [one for one in MAKE_ADS if one in asked.sections and (not ads or _kind(one) in kinds)]
    return Campaign(
        fitted(ads, limits.campaign),
        tuple(left),
        {one: last.get(one) for one in matter},
        now,
        timedelta(days=settings.campaign.max_age_days),
        overrides,
        overrides.unused([half for one in known for half in one.halves]),
        tuple(sorted({one.first.category for one in known if one.first.category and one.section in MAKE_ADS})),
    )


def _kind(section: Section) -> str:
    return "Native" if section in NATIVE else "Preroll"


def _ad(one: Candidate, texts: Texts, said: Mapping[str, Override]) -> Ad:
    texts = texts._replace(**{column: line.values[column] for column, line in said.items()})
    if one.section is Section.IN_STREAM_VIDEO:
        return preroll_ad(one.first, texts)
    video, image = one.halves
    return native_ad(video, image, texts)


def _said_well(one: Candidate, overrides: Overrides, said: Mapping[str, Override]) -> Candidate:
    """The same, held back where a line that can't be used is the one that tells what its ad says."""
    bad = next((line for line in said.values() if line.why), None)
    return one.held(Why.OVERRIDE, f"{overrides.path.name}:{bad.line}: {bad.why}") if bad else one


def _demand_address(workspace: Workspace, texts: Texts, ads: Iterable[Ad]) -> None:
    """Refuse a setting that the campaign uploader would refuse, where an ad needs it; one not set yet is told of."""
    used = any(ad.values["Target URL"] == texts.target_url for ad in ads)
    if used and texts.target_url not in texts.unset and (why := why_no_address(texts.target_url)):
        raise SettingsError(f"{workspace.settings_file} or environment: target_url: {why}.", remedy="Correct it.")


def _as_seen(one: Candidate, rows: Mapping[str, Sequence[Observation]]) -> Candidate:
    """The same, held back where half of it was last seen in another status: a library of before was put back."""
    last = {half.name: rows[half.creative_id][-1].to_status for half in one.halves if half.creative_id in rows}
    others = [f"{name} was last seen {told}" for name, told in last.items() if told != ReviewStatus.APPROVED.value]
    return one.held(Why.UNCLEAR, f"{', '.join(others)}: {VERIFY}") if others else one


def _new(one: Candidate, since: date | None, seen: Mapping[str, datetime | None], now: datetime) -> Candidate:
    """The same, held back where half of it was seen approved before that day, or nobody knows when."""
    if since is None:
        return one
    times = [seen.get(half.creative_id) for half in one.halves]
    last = max((at for at in times if at), default=None)
    if last is None or None in times:
        return one.held(Why.BEFORE, "nobody knows since when it is")
    seen_on = last.astimezone(now.tzinfo).date()
    return one if seen_on >= since else one.held(Why.BEFORE, f"seen so on {seen_on}")


def _approvals(rows: Mapping[str, Sequence[Observation]]) -> dict[str, datetime | None]:
    """When each creative was first seen approved, since it last became so.

    None for one that the first look at the site showed approved already: it may have been so for years.
    """
    first = min((one.observed_at for each in rows.values() for one in each if one.source in _LOOKS), default="")
    last = (each[-1] for each in rows.values() if each[-1].to_status == ReviewStatus.APPROVED.value)
    return {one.creative_id: _time(one, first) for one in last}


def _time(one: Observation, first: str) -> datetime | None:
    """When it was seen; a time that somebody damaged tells nothing."""
    with suppress(ValueError):
        if one.from_status or one.observed_at != first:
            return from_utc(one.observed_at)
    return None


def _table(path: Path) -> Table:
    for key in KEYS:
        with suppress(WrongHeader):
            table = read_table(path, [key])
            if {*table.header} & {*VALUES} or not table.form:
                return table
    raise WrongHeader(
        "it does not say which ads are meant, or what they are to say.", path=path, line=1, remedy=_REMEDY
    )


def _read(line: int, row: Mapping[str, str], caps: CampaignCaps, before: Iterable[Override]) -> Override:
    told = {column: text for column in (*KEYS, *VALUES) if (text := row.get(column, "").strip())}
    values = {column: told[column] for column in VALUES if column in told}
    try:
        told |= {key: read_id(told[key]) for key in KEYS[:1] if key in told}
    except ValueError as error:
        return Override(line, {}, values, str(error))
    keys = {key: _key(key, told[key]) for key in KEYS if key in told}
    whys = [
        *_refused(values, caps),
        *(
            f"line {one.line} says something else of the same ads"
            for one in before
            if one.keys == keys and any(values.get(column, said) != said for column, said in one.values.items())
        ),
    ]
    if not keys:
        whys = [f"it names no ads: it has none of {', '.join(KEYS)}"]
    return Override(line, keys, values, "; ".join(whys))


def _refused(values: Mapping[str, str], caps: CampaignCaps) -> Iterator[str]:
    """What the campaign uploader would not take."""
    for column, text in values.items():
        most = getattr(caps, column, len(text))
        if len(text) > most:
            yield f"its {column} has {len(text)} characters; the campaign uploader takes at most {most}"
    if why := why_no_address(values["target_url"]) if "target_url" in values else "":
        yield why


def _key(key: str, text: str) -> str:
    return match_key(text) if key == "name" else composed(text)


def composed(text: str) -> str:
    """A category as it is compared: its blanks count, how its letters are composed does not."""
    return unicodedata.normalize("NFC", text.strip())
