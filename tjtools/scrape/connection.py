"""From a workspace to its site, open at the Media Library."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from tjtools.model.errors import SignInNeeded
from tjtools.model.words import Waits
from tjtools.scrape.reading import Access
from tjtools.site import Site
from tjtools.site.browser import ensure_browser
from tjtools.site.inspection import keep_evidence
from tjtools.site.sitepage import load_selectors
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import Settings, bound_site, load_settings, password_for

SIGN_IN_TIMEOUT = 600.0  # seconds that a person has, with a captcha to solve


def site_of(
    workspace: Workspace,
    settings: Settings,
    *,
    say: Callable[[str], None],
    headless: bool | None = None,
    pictures: bool = True,
    cancelled: Callable[[], bool] | None = None,
    waits: Waits = lambda _: None,
) -> Site:
    """The workspace's site in a browser that is not open yet; without `pictures`, it asks for none.

    Raises `SiteMismatch` for a folder that belongs to no site, and `BrowserNotFound`.
    """
    bound = bound_site(workspace, settings)
    return Site(
        bound.origin,
        sign_in_url=bound.sign_in_url,
        selectors=load_selectors(workspace.selectors_file),
        executable=ensure_browser(settings.browser.executable, say=say),
        browser_session=workspace.browser_session,
        headless=_is_hidden(settings, headless),
        pictures=pictures,
        cancelled=cancelled,
        waits=waits,
        keep=lambda page: keep_evidence([page], workspace, datetime.now(UTC)),
    )


def connect(
    workspace: Workspace,
    settings: Settings,
    *,
    say: Callable[[str], None],
    headless: bool | None = None,
    pictures: bool = True,
    cancelled: Callable[[], bool] | None = None,
    waits: Waits = lambda _: None,
) -> Site:
    """Open the site at its Media Library with the saved sign-in; the caller closes it.

    In a visible window, a person is asked to sign in where the site wants it; without one, `SignInNeeded` is raised.
    `waits` hears what the site is waited for, where that takes long.
    """
    hidden = _is_hidden(settings, headless)
    site = site_of(workspace, settings, say=say, headless=hidden, pictures=pictures, cancelled=cancelled, waits=waits)
    try:
        site.open()
        try:
            site.open_library()
        except SignInNeeded:
            if hidden:
                raise
            sign_in(site, workspace, settings, say=say)
            site.open_library()
    except BaseException:
        site.close()
        raise
    return site


def access_to(
    workspace: Workspace,
    settings: Settings | None = None,
    *,
    say: Callable[[str], None] = lambda _: None,
    headless: bool | None = None,
    cancelled: Callable[[], bool] | None = None,
    waits: Waits = lambda _: None,
) -> Access:
    """How a workspace's site is read: pictures stay away from a hidden window, in a visible one a person can sign in.

    Raises `SettingsError` for settings that can't be used.
    """
    settings = settings or load_settings(workspace)
    hidden = _is_hidden(settings, headless)
    shown = {"headless": hidden, "pictures": not hidden}
    return Access(
        partial(connect, workspace, settings, say=say, cancelled=cancelled, waits=waits, **shown),
        sign_in=None if hidden else lambda site: sign_in(site, workspace, settings, say=say),
    )


def sign_in(site: Site, workspace: Workspace, settings: Settings, *, say: Callable[[str], None]) -> None:
    """Let a person sign in, in the window of a site that is open, and keep the session for later runs."""
    username, password = password_for(settings, bound_site(workspace, settings))
    say("Please sign in in the browser window: solve the captcha and press LOG IN, or go by Google's link there.")
    site.sign_in(username, password.get_secret_value(), timeout=SIGN_IN_TIMEOUT)
    say("Signed in; the session is kept for the next runs.")


def _is_hidden(settings: Settings, headless: bool | None) -> bool:
    return settings.browser.headless if headless is None else headless
