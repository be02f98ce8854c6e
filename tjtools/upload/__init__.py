"""From a reviewed session to Creative IDs: plan, dry run, live run, and what they write down."""

from tjtools.diff.review import Prepared, load_library, named_files, prepare
from tjtools.upload.handover import Outcome
from tjtools.upload.plan import Batch, Choice, Plan, expected_time, load_choice, make_plan, save_choice
from tjtools.upload.record import FileProgress, UploadReport
from tjtools.upload.resume import Rest, Watch, Watched, demand_settled, prepare_rest, stop_run, unfinished_run, watched
from tjtools.upload.run import upload
from tjtools.upload.run_files import RecordedFile, RecordedRun, last_live_run, read_run

__all__ = [
    "Batch",
    "Choice",
    "FileProgress",
    "Outcome",
    "Plan",
    "Prepared",
    "RecordedFile",
    "RecordedRun",
    "Rest",
    "UploadReport",
    "Watch",
    "Watched",
    "demand_settled",
    "expected_time",
    "last_live_run",
    "load_choice",
    "load_library",
    "make_plan",
    "named_files",
    "prepare",
    "prepare_rest",
    "read_run",
    "save_choice",
    "stop_run",
    "unfinished_run",
    "upload",
    "watched",
]
