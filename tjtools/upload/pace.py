"""How long a plan is going to take, by what earlier uploads of the workspace took."""

from __future__ import annotations

from collections import Counter
from statistics import median
from typing import NamedTuple

from tjtools.model.creative import Section
from tjtools.upload.journal import Journal
from tjtools.upload.plan import Plan

BEGINNING = 5.0  # seconds for the browser to start and show the Media Library
LATELY = 20  # batches of a section that tell its pace
USUAL = dict.fromkeys(Section, 6.0) | {
    Section.IN_STREAM_VIDEO: 30.0
}  # seconds a file, until the workspace knows better


class Expected(NamedTuple):
    """How many `seconds` a plan will take; `measured` where every section's pace was measured in this workspace."""

    seconds: float
    measured: bool


def expected_time(plan: Plan, journal: Journal) -> Expected:
    """The median pace of each section's last batches, times the files that the plan has for it.

    Raises `TrackingFileError` for a journal that can't be read.
    """
    files = Counter(file.section for file in plan.files)
    if not files:
        return Expected(0.0, measured=True)
    paces = {section: median(told[-LATELY:]) for section, told in journal.paces().items()}
    seconds = sum(number * paces.get(section, USUAL[section]) for section, number in files.items())
    return Expected(BEGINNING + seconds, measured=files.keys() <= paces.keys())
