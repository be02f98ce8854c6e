"""What media files are and how they look, found out in child processes that may crash, hang or run out of memory."""

from tjtools.media.pool import Children, Fingerprint, MediaFacts, Sight

__all__ = ["Children", "Fingerprint", "MediaFacts", "Sight"]
