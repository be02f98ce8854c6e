"""What the journal of the live uploads can say: one record an event of the log.

A file and a creative stand in it as the list of their fields.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

from tjtools.model.creative import Creative, Key, Section, SessionFile, UploadStatus
from tjtools.workspace.log import Entry

STALLED: Final = "stalled"  # the site timed out on it


class _Event(BaseModel):
    """`run` is the run's name, `20251113_120000`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: AwareDatetime
    run: str

    @property
    def keys(self) -> Iterator[Key]:
        """The files that it is about."""
        yield from ()


class Begun(_Event):
    """A live run begins: these are the files that it is to hand over; `force`: also those that are there already."""

    event: Literal["begun"] = "begun"
    files: tuple[SessionFile, ...]
    force: bool = False

    @property
    def keys(self) -> Iterator[Key]:
        return (file.key for file in self.files)


class HandedOver(_Event):
    """Files are about to go to the site; `newest` is the highest Creative ID that the section showed before."""

    event: Literal["handed_over"] = "handed_over"
    section: Section
    files: tuple[str, ...]
    newest: str = ""

    @property
    def keys(self) -> Iterator[Key]:
        return ((self.section, name) for name in self.files)


class Settled(_Event):
    """What came of a file, with all that the tracking files are told of it.

    `creative` is what the file became, or is already; None where no ID is known. `day` is the day on which it became
    that creative, None where the site held it before. `retries` counts the earlier hand-overs.
    """

    event: Literal["settled"] = "settled"
    file: SessionFile
    status: UploadStatus | Literal["stalled"]
    creative: Creative | None = None
    message: str = ""
    day: date | None = None
    retries: int = 0

    @property
    def keys(self) -> Iterator[Key]:
        yield self.key

    @property
    def key(self) -> Key:
        """The file's section and name."""
        return self.file.key

    @property
    def creative_id(self) -> str:
        """The Creative ID, `""` where none is known."""
        return self.creative.creative_id if self.creative else ""


class Recorded(_Event):
    """The tracking files hold all that was settled in this run until now."""

    event: Literal["recorded"] = "recorded"


class Ended(_Event):
    """The run came to its end."""

    event: Literal["ended"] = "ended"


Event = Begun | HandedOver | Settled | Recorded | Ended
EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="event")])
KINDS: Final = ("begun", "handed_over", "settled", "recorded", "ended")


def entry_of(event: Event) -> Entry:
    """The event as the log notes it."""
    return Entry(event.event, event.at, event.model_dump(mode="json", exclude={"at", "event"}))


def event_of(entry: Entry) -> Event:
    """An event that the log noted; raises ValueError or TypeError for what is none."""
    return EVENT.validate_python({**entry.data, "event": entry.kind, "at": entry.at})
