"""From a reviewed session to Creative IDs: plan, dry run, live run, and what they write down."""

from tjtools.upload.choice import Choice, forget_choice, load_choice, save_choice
from tjtools.upload.pairing import Outcome
from tjtools.upload.plan import Batch, Plan, make_plan
from tjtools.upload.prepare import Prepared, load_library, named_file, prepare
from tjtools.upload.run import FileProgress, UploadReport, upload

__all__ = [
    "Batch",
    "Choice",
    "FileProgress",
    "Outcome",
    "Plan",
    "Prepared",
    "UploadReport",
    "forget_choice",
    "load_choice",
    "load_library",
    "make_plan",
    "named_file",
    "prepare",
    "save_choice",
    "upload",
]
