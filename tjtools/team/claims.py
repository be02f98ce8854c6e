"""The claims of a live upload: whoever hands a file over has said so before, and nobody else does it meanwhile.

A claim is committed before the hand-over, checked again right before it, held on to while the site works, and settled
in the transaction that tells the team what came of the file. Between the last look at the clock and the browser's own
hand-over lies a window of some milliseconds that nothing can close: the site takes no key.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext

from tjtools.model.creative import Key
from tjtools.model.errors import ClaimLost, TeamError, TJToolsError
from tjtools.team.records import Claimed, Left, Wanted
from tjtools.team.together import Team
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import UploadSettings

log = logging.getLogger("tjtools.team")
ASLEEP = "this run slept between its last look at its claims and the hand-over: nothing was handed over."


class Claims:
    """The claims of one live run; one holds for `lease` seconds without a sign of life.

    A workspace that belongs to no team has none: every file is its own.
    """

    def __init__(self, team: Team | None = None, run: str = "", lease: float = 0.0) -> None:
        self.team, self.run, self.lease = team, run, lease
        self.version, self.held_at = 0, 0.0
        self.claims: list[str] = []
        self.granted: dict[Key, str] = {}
        self.handed = False
        self.sync()

    def sync(self) -> None:
        """Bring copy and team up to date, before files are judged: what others tell later makes that stale."""
        if self.team:
            self.version = self.team.sync()

    def take(self, wanted: Sequence[Wanted], newest: str) -> Claimed:
        """Claim files; raises TeamUnreachable."""
        if self.team is None:
            return Claimed({one.key: "" for one in wanted}, {}, [])
        claimed = self.team.store.claim(self.version, self.run, newest, wanted, self.lease)
        if not claimed.stale:
            before, granted = [] if self.handed else self.claims, [*claimed.granted.values()]
            self.claims, self.granted, self.handed = granted, claimed.granted, False
            self._end({*before} - {*granted}, "released")
        return claimed

    def looked(self, left: Iterable[Left]) -> None:
        """Say that what others have left was looked for on the site."""
        self._end([one.claim for one in left], "not there")

    def _end(self, claims: Collection[str], outcome: str) -> None:
        if self.team and claims:
            self.team.store.end(self.run, claims, outcome)

    def hold(self, keys: Collection[Key] | None = None) -> None:
        """Look, right before the hand-over, whether the claims still hold; raises ClaimLost and TeamUnreachable.

        Of these files alone, where they are given: what was noted of the others since has ended theirs.
        """
        if keys is not None:
            self.claims = [claim for key, claim in self.granted.items() if key in keys]
        if self.team:
            asked = _clock()
            self.team.store.renew(self.run, self.claims, self.lease)
            self.held_at = asked

    def demand_awake(self) -> None:
        """Raise ClaimLost where so long has passed since that look that the claims may have ended."""
        if self.team and _clock() - self.held_at > self.lease / 2:
            raise ClaimLost(ASLEEP, remedy="Go on with it: tjtools upload --resume")
        self.handed = True

    def renew(self) -> None:
        """Hold on to the claims while the site works on the files."""
        if self.team and _clock() - self.held_at > self.lease / 10:
            try:
                self.hold()
            except TeamError as error:  # the files are with the site: what comes of them is noted all the same
                self.held_at = _clock()
                log.warning("%s", error)

    def done(self) -> None:
        """What came of the files is noted: tell the team."""
        if self.handed:
            self.claims = []
        if self.team:
            self.team.sync()  # the files to come were judged before: what is heard now is none of their judgement

    def close(self) -> None:
        """Give back what was not handed over, and tell the team the rest."""
        try:
            if not self.handed:
                self._end(self.claims, "released")
            if self.team:
                self.team.sync()
        except TJToolsError as error:  # the run has its report all the same
            log.warning("%s", error)


def _clock() -> float:
    """Seconds that go on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.time()


@contextmanager
def claims_of(workspace: Workspace, run: str, times: UploadSettings) -> Iterator[Claims]:
    """The claims of a live run, for as long as it lasts; raises TeamUnreachable where the team can't be asked."""
    # longer than the site may be silent about a file, so that nobody else looks for one that is still at work
    lease = 1.5 * times.patience
    with Team.of(workspace) or nullcontext() as team:
        claims = Claims(team, run, lease)
        try:
            yield claims
        finally:
            claims.close()
