"""Run a TrafficJunky creative library: know what is there, upload what is new."""

from tjtools.cache.library import Library, Match
from tjtools.model.creative import Creative, CreativeType, ReviewStatus, Section, SessionFile, UploadStatus
from tjtools.model.errors import TJToolsError
from tjtools.workspace.folder import Workspace

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
