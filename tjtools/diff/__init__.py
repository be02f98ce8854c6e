"""What differs, and what is the same: a session beside the library, two libraries, one content beside another.

Records come in, verdicts go out. It imports `model`, `workspace`, `cache` and `media`.
"""

from tjtools.diff.libraries import FieldChange, LibraryDifference, diff_libraries
from tjtools.diff.session import FileReview, Verdict, review_file, review_session

__all__ = [
    "FieldChange",
    "FileReview",
    "LibraryDifference",
    "Verdict",
    "diff_libraries",
    "review_file",
    "review_session",
]
