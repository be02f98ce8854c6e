"""Every error that tjtools raises on purpose.

::

    TJToolsError
    ├── WorkspaceError         the folder, its site or its settings
    │   ├── WorkspaceNotFound
    │   ├── SiteMismatch
    │   ├── SettingsError
    │   └── UnsafePath
    ├── TrackingFileError      a file in tracking/
    │   ├── WrongHeader
    │   ├── NotText
    │   └── NewerVersion
    ├── SiteError              the browser and the web site
    │   ├── BrowserNotFound
    │   ├── BrowserClosed
    │   ├── SiteUnreachable
    │   │   └── SiteBusy
    │   ├── SignInNeeded
    │   ├── PageChanged
    │   ├── PageCovered
    │   └── IncompleteReading
    ├── TeamError              the database that a team shares
    │   ├── TeamUnreachable
    │   ├── NotAllowed
    │   └── ClaimLost
    ├── TooManyGone
    └── Cancelled

A message says what happened and where; `remedy` says what to do next. `str(error)` holds both.

>>> str(WorkspaceError("There is no workspace here.", remedy="Run tjtools init."))
'There is no workspace here. Run tjtools init.'
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tjtools.model.names import printable


class TJToolsError(Exception):
    """Something that a person can understand and mend; names in its text can't command a terminal."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        self.message = printable(message)
        self.remedy = printable(remedy)
        super().__init__(f"{self.message} {self.remedy}".strip())

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows of it, instead of the way it came."""
        return [f"{type(self).__name__}: {self}"]


class WorkspaceError(TJToolsError):
    """The workspace can't be used as asked."""


class WorkspaceNotFound(WorkspaceError):
    """No folder with tracking files was found."""


class SiteMismatch(WorkspaceError):
    """The workspace belongs to another site than the one asked for."""


class SettingsError(WorkspaceError):
    """A setting has a value that can't be used."""


class UnsafePath(WorkspaceError):
    """A path leads out of the folder that it has to stay in."""


class TrackingFileError(TJToolsError):
    """A tracking file can't be read or written.

    `path` is the file; `line` is the line in it, counted from 1, or None for the whole file.
    """

    def __init__(self, message: str, *, path: Path, line: int | None = None, remedy: str = "") -> None:
        where = f"{path}:{line}" if line else f"{path}"
        super().__init__(f"{where}: {message}", remedy=remedy)
        self.path = path
        self.line = line


class WrongHeader(TrackingFileError):
    """The first line does not name the columns that this file must have."""


class NotText(TrackingFileError):
    """The file holds binary data, or text in no encoding that we read."""


class NewerVersion(TrackingFileError):
    """A newer tjtools has written the file: this one would misread it."""


class SiteError(TJToolsError):
    """The browser or the site did not do what was asked."""


class BrowserNotFound(SiteError):
    """No browser is on this machine, and none could be installed."""


class BrowserClosed(SiteError):
    """The browser window or its process went away in the middle of the work."""


class SiteUnreachable(SiteError):
    """The site does not answer."""


class SiteBusy(SiteUnreachable):
    """The site says that it is asked too much, and after how many `seconds` to come again."""

    def __init__(self, message: str, *, seconds: float, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.seconds = seconds


class SignInNeeded(SiteError):
    """There is no browser session, or the site no longer accepts it."""


class PageChanged(SiteError):
    """A page did not show, in time, an element that the driver relies on.

    `element` is the element's name in the selectors file; `selector` is what was looked for.
    """

    def __init__(self, message: str, *, element: str, selector: str, remedy: str = "") -> None:
        super().__init__(f"{message} (looked for {element}: {selector})", remedy=remedy)
        self.element = element
        self.selector = selector

    def kept_in(self, folder: Path) -> None:
        """Say where the page is kept."""
        self.message += f" Redacted page and picture: {folder}."
        self.args = (f"{self.message} {self.remedy}".strip(),)


class PageCovered(SiteError):
    """A box covers the page, and asks for something that only a person can decide."""


class IncompleteReading(SiteError):
    """A section could not be read to its end: what it lists keeps changing, or is not what the page says of it."""


class TeamError(TJToolsError):
    """The team's database did not do what was asked."""


class TeamUnreachable(TeamError):
    """The team's database does not answer."""


class NotAllowed(TeamError):
    """The person may only look, or is no member of the account."""


class ClaimLost(TeamError):
    """A file that was claimed for a hand-over is this run's no more."""


class TooManyGone(TJToolsError):
    """More creatives are gone from the site than may be marked so without a person's word."""

    def __init__(self, gone: int, there: int) -> None:
        super().__init__(
            f"{gone} of {there} creatives are gone from the site: nothing was applied.",
            remedy=f"Look whether that is so; then give --allow-removals {gone}.",
        )


class Cancelled(TJToolsError):
    """A person stopped the work; what was confirmed until then is recorded."""


@contextmanager
def translated(path: Path, done: str) -> Iterator[None]:
    """Turn an error of the disk into a TrackingFileError that says the file can't be `done`."""
    try:
        yield
    except OSError as error:
        held = "Close it in other programs, and look at the folder's rights and the disk's free space."
        wrong = isinstance(error, FileNotFoundError | NotADirectoryError | IsADirectoryError)
        reason, remedy = f"can't be {done}: {error.strerror or error}.", "Check the path." if wrong else held
        raise TrackingFileError(reason, path=path, remedy=remedy) from error
