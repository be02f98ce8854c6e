"""Run a TrafficJunky creative library: know what is there, upload what is new."""

from tjtools.cache import Library, Match
from tjtools.errors import TJToolsError
from tjtools.models import Creative, CreativeType, ReviewStatus, Section, SessionFile, UploadStatus
from tjtools.workspace import Workspace

__all__ = [
    "Creative",
    "CreativeType",
    "Library",
    "Match",
    "ReviewStatus",
    "Section",
    "SessionFile",
    "TJToolsError",
    "UploadStatus",
    "Workspace",
]
