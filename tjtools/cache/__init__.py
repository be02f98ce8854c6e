"""What is known of the library without asking the site: the cache, the inventories, the history, the snapshots.

CSV files come in, records go out, and back. It imports `model` and `workspace`.
"""

from tjtools.cache.library import Conflict, Library, Match
from tjtools.cache.rows import COLUMNS
from tjtools.workspace.csvfile import BadLine

__all__ = ["COLUMNS", "BadLine", "Conflict", "Library", "Match"]
