"""The library follows the site: read its sections, show the difference, apply it.

A site comes in, certificates and an update go out. It imports all below it, `site` and `diff` too.
"""

from tjtools.scrape.connection import access_to, connect
from tjtools.scrape.reading import Certificate, SiteReading, scrape_library
from tjtools.scrape.refresh import refresh_library, sync_status

__all__ = [
    "Certificate",
    "SiteReading",
    "access_to",
    "connect",
    "refresh_library",
    "scrape_library",
    "sync_status",
]
