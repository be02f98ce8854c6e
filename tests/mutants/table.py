"""The mutants: what must never become of the code, each with the tests that notice it.

A snippet is looked for in every source file below `tjtools/`, so that it survives a move; tests are called by their
function's name. Where the code of a guarantee is written anew, its mutant is written anew with it, never dropped.
"""

from __future__ import annotations

from typing import NamedTuple


class Mutant(NamedTuple):
    """A guarantee, the edits (a snippet and what takes its place) that break it, and the tests that must fail then."""

    name: str
    guarantee: str
    edits: tuple[tuple[str, str], ...]
    tests: tuple[str, ...]


def _one(name: str, guarantee: str, old: str, new: str, *tests: str) -> Mutant:
    return Mutant(name, guarantee, ((old, new),), tests)


PAIRING = (
    _one(
        "pair-by-position",
        "An ID is paired with a file by name, never by position.",
        "_bearing(shown[file], new)",
        "[*new][handed.index(file) : handed.index(file) + 1]",
        "test_the_order_of_the_cards_does_not_matter",
    ),
    _one(
        "pair-old-card-as-new",
        "A card that was there before the hand-over is never the upload.",
        "if new:\n        return Outcome",
        "if candidates:\n        return Outcome",
        "test_what_is_not_known_is_said_to_be_unknown",
    ),
    _one(
        "list-top-taken-for-new",
        "Of the section's list only the cards above the newest from before the hand-over are new.",
        "new = [card for card in page.cards if is_newer(card.creative_id, newest_before)]",
        "new = [*page.cards]",
        "test_a_name_that_the_section_holds_already_is_a_duplicate_with_the_id_found",
    ),
    _one(
        "newer-as-text",
        "IDs are compared by their number: 1000000001 is newer than 999999991.",
        "return age_of(creative_id) > age_of(than)",
        "return creative_id > than",
        "test_ids_are_compared_by_their_number_and_stay_text",
    ),
    _one(
        "first-of-several",
        "Where several new creatives bear the file's name, none is it.",
        "if len(candidates) > 1:",
        "if len(candidates) > 9:",
        "test_what_is_not_known_is_said_to_be_unknown",
    ),
    _one(
        "twins-in-a-batch",
        "Two files of one batch that bear one name on the site get no ID.",
        "if all(together[name] == 1 for name in shown[file])",
        "if all(together[name] > 0 for name in shown[file])",
        "test_two_files_of_one_name_on_the_site_get_no_id",
    ),
    _one(
        "other-size-is-ours",
        "A card of another size than the file's is somebody else's.",
        "card.dimensions != size",
        "not card.dimensions",
        "test_a_card_that_contradicts_the_file_is_somebody_elses",
    ),
    _one(
        "unknown-is-success",
        "What is not known is never said to be a success.",
        "UploadStatus.UNKNOWN_ID, message=why, candidates",
        "UploadStatus.SUCCESS, message=why, candidates",
        "test_what_is_not_known_is_said_to_be_unknown",
    ),
    _one(
        "dropped-is-uploaded",
        "A name that the site dropped in silence is a duplicate, never an upload.",
        "UploadStatus.DUPLICATE, card.creative_id",
        "UploadStatus.SUCCESS, card.creative_id",
        "test_what_is_not_known_is_said_to_be_unknown",
    ),
    _one(
        "unknown-is-settled",
        "A file of which nobody knows stays in doubt, so that it is looked for before anything goes up again.",
        "UploadStatus.DUPLICATE, UploadStatus.FAILED)",
        "UploadStatus.DUPLICATE, UploadStatus.FAILED, UploadStatus.UNKNOWN_ID)",
        "test_a_cancelled_run_says_so_and_leaves_the_files_true",
    ),
)

FOLLOWING = (
    _one(
        "removal-after-an-error",
        "A reading that an error stopped is never applied.",
        "raise update.stopped\n    workspace",
        "pass\n    workspace",
        "test_a_reading_that_was_stopped_cannot_be_applied",
    ),
    _one(
        "difference-after-an-error",
        "A reading that an error stopped tells no removal and no status.",
        "return blank if reading.stopped else",
        "return blank if reading is None else",
        "test_a_reading_that_was_stopped_cannot_be_applied",
    ),
    _one(
        "removal-from-incomplete-section",
        "Nothing counts as gone from a section that was not read to its end.",
        "update.reading.complete >= _homes(known)",
        "_homes(known) is not None",
        "test_a_creative_is_gone_only_if_its_section_was_read_to_the_end",
    ),
    _one(
        "crossed-a-page-unseen",
        "A reading of what is new misses none that crosses to a page that was read before.",
        "page.total is not None and page.total <= len(known)",
        "page.total is not None",
        "test_new_misses_nothing_that_crosses_to_a_page_that_was_read",
    ),
    _one(
        "removal-of-unknown-section",
        "A creative of unknown section is gone only where all sections were read to their ends.",
        "update.reading.complete >= _homes(known)",
        "bool(update.reading.complete & _homes(known))",
        "test_a_creative_is_gone_only_if_its_section_was_read_to_the_end",
    ),
    _one(
        "removal-of-newcomers",
        "What came into the library after the reading had begun is not gone.",
        "known.creative_id in update.known and",
        "",
        "test_what_others_write_meanwhile_is_neither_lost_nor_gone",
    ),
    _one(
        "status-from-an-incomplete-reading",
        "No status and no removal is taken from a list that changed while it was read.",
        "return cards if still and not missing else None",
        "return cards",
        "test_a_list_that_never_keeps_still_is_given_up",
    ),
    _one(
        "unknown-status-overwrites",
        "A status that the site does not show takes no known one's place.",
        "shown.review_status or kept",
        "shown.review_status",
        "test_one_row_follows_the_site",
    ),
    _one(
        "removed-stays-removed",
        "A removed creative that shows again has an unknown status where the site shows none: it is no longer removed.",
        "kept = None if known.removed else",
        "kept =",
        "test_one_row_follows_the_site",
    ),
    _one(
        "stale-reading-applied",
        "A reading is not applied once a later one was.",
        "if newest_snapshot(workspace) != update.snapshot:",
        "if newest_snapshot(workspace) is None:",
        "test_what_was_read_before_the_last_update_is_not_applied",
    ),
    _one(
        "no-guard-of-removals",
        "More removals than 20 and a tenth need a person's word.",
        "return gone if gone >",
        "return 0 if gone >",
        "test_many_removals_need_a_person_s_word",
    ),
    _one(
        "no-snapshot",
        "Each update keeps the library as it left it, with its certificate.",
        "snapshot = keep_snapshot(workspace, _certificate(update), now)",
        "snapshot = workspace.library",
        "test_the_history_says_when_the_site_was_read_not_when_it_was_applied",
    ),
    Mutant(
        "history-after-library",
        "The history is written before the library: a failure in between costs no change of status.",
        (
            ("rows = history.record(observed", "note = lambda: history.record(observed"),
            ("        if update.full:\n", "        rows = note()\n        if update.full:\n"),
        ),
        ("test_a_file_that_cant_be_written_loses_no_change_of_status",),
    ),
    _one(
        "status-sync-adds",
        "A sync of statuses adds no creative.",
        "if key not in library] if update.full else []",
        "if key not in library]",
        "test_a_status_alone_adds_nothing",
    ),
)

REVIEWING = (
    _one(
        "near-duplicate-skipped",
        "A file that only looks like another is never skipped by itself: a person decides.",
        "Verdict.SKIPPED if skip else Verdict.NEAR_DUPLICATE",
        "Verdict.SKIPPED",
        "test_a_re_encoded_one_goes_up_unless_a_person_says_skip",
    ),
    _one(
        "removed-counts-as-there",
        "A creative that is gone from the site never counts as there.",
        "return self.review_status is ReviewStatus.REMOVED",
        "return False",
        "test_a_file_is_found_where",
    ),
    _one(
        "match-across-sections",
        "A creative of the same name in another section is shown, and never a reason to skip the file.",
        "or kind.section is creative_type.section",
        "or True",
        "test_a_match_in_another_section_is_shown_and_not_skipped",
    ),
    _one(
        "media-ignored",
        "A still image is never taken for the video of its name.",
        "return medium is other or medium is None or other is None",
        "return True",
        "test_an_image_is_never_taken_for_the_video_of_its_name",
    ),
    _one(
        "bad-line-does-not-block",
        "A bad line that mentions a file's name keeps it from going up until somebody mends the line.",
        "FileReview(file, Verdict.BLOCKED, reason)",
        "FileReview(file, Verdict.NEW, reason)",
        "test_the_verdict_of_one_file",
    ),
    _one(
        "id-of-several",
        "Where several creatives are the file, no ID is told.",
        "if len(self.there) == 1 else None",
        "if self.there else None",
        "test_several_matches_are_all_listed_and_no_id_is_told",
    ),
    _one(
        "id-by-uncertain-content",
        "An ID is told by content only where exactly one upload of that content is certain.",
        "certain.pop() if len(certain) == 1 else None",
        "certain.pop() if certain else None",
        "test_an_id_is_told_by_content_only_where_one_is_certain",
    ),
    _one(
        "source-uploaded",
        "An ORG_ file is a source and never goes up.",
        'name.startswith("ORG_")',
        'name.startswith("ORG__")',
        "test_the_verdict_of_one_file",
    ),
    _one(
        "half-pair-goes-up",
        "Half a native pair is held back.",
        "if one.goes_up and one.file.pair else one",
        "if one.goes_up and not one.file.pair else one",
        "test_half_a_pair_is_held_back_with_the_reason",
    ),
    _one(
        "one-name-twice-goes-up",
        "Two files of a session that are one name on the site are for a person.",
        "any(together[file.section, name] > 1 for",
        "any(together[file.section, name] > 9 for",
        "test_the_same_name_twice_is_for_a_person",
    ),
    _one(
        "contents-mixed-up",
        "Two contents are never taken for one.",
        'return {"checksum": kept.hexdigest()}',
        'return {"checksum": "0" * 64}',
        "test_the_same_picture_with_other_words_is_told_as_such",
    ),
)

FILES = (
    _one(
        "append-without-lock",
        "Rows are appended under the file's lock.",
        'with locked(path), translated(path, "written"):',
        'with translated(path, "written"):',
        "test_a_file_in_a_folder_of_tracking_has_its_lock_with_the_others",
    ),
    _one(
        "add-without-lock",
        "What the library has is looked at and added to under one lock.",
        "with locked(self.path):\n            self.refresh()\n            asked",
        "if self.path:\n            self.refresh()\n            asked",
        "test_a_creative_that_eight_processes_add_at_once_stands_there_once",
    ),
    _one(
        "rewrite-without-backup",
        "The library is rewritten with a backup.",
        "backup=now, seen=self",
        "backup=None, seen=self",
        "test_a_rewrite_keeps_the_old_file_under_its_time",
    ),
    _one(
        "odd-line-is-made-even",
        "A line that has not all fields is bad: only lines that Excel has written so, one below the other, are read.",
        "reached <= self._at - begun or many < 2",
        "not many",
        "test_a_line_by_itself_that_has_not_all_fields_is_none_of_excels",
    ),
    _one(
        "rewrite-loses-a-bad-line",
        "A rewrite moves bad lines to the quarantine, as they were.",
        "quarantine(self.path, sorted(aside))",
        "pass",
        "test_a_bad_line_goes_into_quarantine_only_where_all_that_the_site_holds_took_its_place",
    ),
    _one(
        "rewrite-loses-extra-columns",
        "A rewrite keeps the values of columns that are not ours.",
        "(same_name or known)[0].extra if known else ()",
        "()",
        "test_extra_columns_keep_their_values",
    ),
    _one(
        "line-during-replace-lost",
        "A line that somebody appends while a file is replaced is brought over.",
        "if late := _lines(others):\n",
        "if False:\n",
        "test_what_a_person_appends_in_the_moment_of_the_replace_is_brought_over",
    ),
    _one(
        "spreadsheet-number-is-an-id",
        "1.03E+09 is no Creative ID: its digits are lost.",
        "if re.fullmatch(_ROUNDED_ID, bare, re.IGNORECASE):\n",
        "if re.fullmatch(_ROUNDED_ID, bare, re.IGNORECASE):\n        return str(int(float(bare)))\n",
        "test_a_creative_that_could_not_be_read_back_is_refused",
    ),
    _one(
        "contradicting-row-dropped",
        "Of rows of one ID that contradict each other, each stays.",
        "merged.insert(place, row)",
        "merged[:] = merged[:1] or [row]",
        "test_rows_that_contradict_each_other_both_stay_and_are_reported",
    ),
    _one(
        "master-by-name-alone",
        "An ID goes into the master's row of the file's own section.",
        " if section_of(row, limits) is file.section]",
        "]",
        "test_two_files_of_one_name_in_two_sections_keep_their_own_ids",
    ),
    _one(
        "rebuild-empties-the-library",
        "A cache that can't be read is not made empty where the master has no IDs.",
        "if not found:\n                raise TrackingFileError(",
        "if found is None:\n                raise TrackingFileError(",
        "test_rebuild_cache_never_makes_an_empty_library_of_an_unreadable_one",
    ),
    _one(
        "torn-line-swallowed",
        "What stands behind the log's last line end is being written, or was torn: it is no event yet.",
        'end = new.rfind(b"\\n") + 1',
        "end = len(new)",
        "test_an_event_seen_half_written_is_whole_at_the_next_look",
    ),
)

UPLOADING = (
    Mutant(
        "journal-after-hand-over",
        "That files go to the site is in the log before they do.",
        (
            ("self.journal.handed_over(", "note = lambda: self.journal.handed_over("),
            (
                "hand_over(site, files, self.settings.upload, partial(self._tell, section))\n",
                "hand_over(site, files, self.settings.upload, partial(self._tell, section))\n        note()\n",
            ),
        ),
        ("test_what_is_handed_over_is_in_the_journal_before",),
    ),
    _one(
        "rejected-in-silence",
        "What repeats a rejected creative goes up on a person's word alone.",
        "if any(one.repeats_rejected and not _allowed(one, allow_repeats) for one in group):",
        "if all(one.repeats_rejected and not _allowed(one, allow_repeats) for one in group) and limit:",
        "test_what_repeats_a_rejected_creative_stays_until_somebody_allows_it",
    ),
    _one(
        "doubtful-handed-over-again",
        "A file that an earlier run handed over is looked for on the site before it goes up again.",
        "in_doubt = self.journal.in_doubt()",
        "in_doubt = set()",
        "test_a_run_that_was_cut_off_is_settled_by_looking_before_anything_goes_up_again",
    ),
    _one(
        "timed-out-handed-over-again",
        "A file on which the site timed out goes up again only when a person says so.",
        "if one.file.key in stalled)",
        "if one.file.key is None)",
        "test_a_file_on_which_the_site_timed_out_is_not_handed_over_again",
    ),
    _one(
        "doubt-of-another-session-left",
        "Every file that an earlier run left in doubt is looked for, also one that the session no longer has.",
        "            if (section, name) in in_doubt:",
        "            if (section, name) in in_doubt & {file.key for file in self.files}:",
        "test_a_file_in_doubt_that_the_session_no_longer_has_is_looked_for_by_the_next_run",
    ),
    _one(
        "renamed-after-a-crash-goes-up-again",
        "What a run finds of an earlier one's files is known by its content before anything goes up.",
        "(there := self.records.there(one.file))",
        '(there := "")',
        "test_a_file_that_is_called_otherwise_after_its_run_was_cut_off_goes_up_no_second_time",
    ),
    _one(
        "older-status-put-back",
        "What was learned of a creative since its run was cut off stays.",
        "if one.creative and known - {None, one.creative.review_status}:",
        "if one.creative and not known:",
        "test_a_status_that_was_learned_since_a_run_was_cut_off_stays_when_that_is_gone_on_with",
    ),
    _one(
        "days-of-utc",
        "An upload that was cut off bears the buyer's own day.",
        'told["kind"], at.astimezone(), told["data"]',
        'told["kind"], at, told["data"]',
        "test_days_and_times_are_those_of_the_buyer_also_where_a_run_was_cut_off",
    ),
    _one(
        "confirmed-not-recorded",
        "What a run had confirmed when it was cut off is recorded by the next.",
        "recover(self.workspace, self.records.library, self.journal, now=self.now)",
        "pass",
        "test_a_run_cut_off_between_library_and_master_is_completed_by_the_next",
    ),
    _one(
        "path-out-of-uploaded",
        "No file outside `uploaded/` is taken into a session.",
        "if not path.resolve().is_relative_to(home):",
        "if not path.is_relative_to(home):",
        "test_a_link_out_of_the_workspace_is_refused",
    ),
    _one(
        "link-after-the-review",
        "A file that has become a link out of `uploaded/` since its review is not handed over.",
        "self.workspace.guard(file.path)",
        "pass",
        "test_a_link_out_of_the_workspace_that_appears_after_the_review_is_not_uploaded",
    ),
    _one(
        "changed-content-old-verdict",
        "A file that was judged by its content is judged again when its content has changed.",
        "if one.verdict in _BY_CONTENT and self",
        "if one.verdict not in Verdict and self",
        "test_a_duplicate_whose_content_has_changed_since_the_review_is_for_a_person",
    ),
    _one(
        "exchanged-handed-over",
        "A file that holds something else than what was reviewed is not handed over.",
        "if seen.checksum != (reviewed or seen.checksum)",
        "if not seen.checksum",
        "test_a_file_that_holds_something_else_than_was_reviewed_is_not_handed_over",
    ),
    _one(
        "not-waited-goes-up-again",
        "A file that nobody waited for to the end goes up no second time in that run.",
        "not (one.candidates or one.open))",
        "not one.candidates)",
        "test_a_wait_for_an_earlier_runs_files_is_told_and_cut_short_and_what_is_unknown_goes_up_no_second_time",
    ),
    _one(
        "stale-request-stops",
        "A request to stop that was meant for another run stops none.",
        'return self.request.read_text("utf-8") == self.lease.token',
        'return bool(self.request.read_text("utf-8"))',
        "test_a_run_is_watched_file_by_file_and_stops_when_another_window_asks",
    ),
    _one(
        "two-live-runs",
        "One live run a workspace at a time.",
        'raise _Taken("another live upload is running here.", path=path, remedy=STOP_IT) from error',
        "pass",
        "test_a_run_on_another_machine_is_told_as_long_as_it_gives_signs_of_life",
    ),
    _one(
        "lost-place-hands-over",
        "A run whose place another machine has taken hands nothing over.",
        "self.demand_alone()",
        "pass",
        "test_a_run_whose_place_another_machine_took_stops_before_the_next_hand_over",
    ),
    _one(
        "dry-run-hands-over",
        "A dry run hands nothing over.",
        "if self.live:\n            self._go_live",
        "if self.site:\n            self._go_live",
        "test_a_dry_run_walks_the_pages_and_hands_nothing_over",
    ),
    _one(
        "more-than-ten",
        "No batch hands over more than ten files.",
        "for each in chunks[-1]) == size",
        "for each in chunks[-1]) == 2 * size",
        "test_no_batch_hands_over_more_than_ten_and_known_files_take_no_room",
    ),
    _one(
        "pair-split",
        "A native pair goes up whole or not at all.",
        "one.file.pair or number",
        "number",
        "test_a_limit_keeps_native_pairs_together",
    ),
    _one(
        "changed-page-gets-files",
        "A page that is not as the driver knows it is given no file.",
        "if not inspection.changed:",
        "if inspection:",
        "test_a_page_that_has_changed_is_not_given_any_file",
    ),
    _one(
        "campaign-too-long",
        "A campaign CSV holds at most fifty ads.",
        "len(parts[-1]) == MOST_ADS",
        "len(parts[-1]) == 2 * MOST_ADS",
        "test_more_than_fifty_ads_are_split",
    ),
)

SAFETY = (
    _one(
        "formula-exported",
        "What is exported for a spreadsheet runs no formula.",
        '[=+\\-@\\t\\r])", "\'", text)',
        '[=+\\-@\\t\\r])", "", text)',
        "test_a_spreadsheet_takes_no_exported_text_for_a_formula",
    ),
    _one(
        "sign-in-readable-by-others",
        "The saved sign-in is its owner's alone from its first byte.",
        "os.O_EXCL, 0o600)",
        "os.O_EXCL, 0o644)",
        "test_the_sign_in_is_its_owners_alone_from_the_first_byte",
    ),
    _one(
        "sign-in-page-photographed",
        "No picture is taken of the sign-in page, which shows a name.",
        'if isinstance(self.trouble, SignInNeeded) or await self.run("signedOut()"):',
        "if False:",
        "test_what_asks_to_sign_in_counts_only_where_it_is_seen_and_more_than_an_account",
    ),
    _one(
        "evidence-of-the-page-itself",
        "The picture that is kept of a changed page is drawn from the redacted one.",
        "drawn.screenshot(full_page",
        "page.screenshot(full_page",
        "test_the_picture_does_not_depend_on_what_the_texts_say",
    ),
    _one(
        "redaction-keeps-a-text",
        "A redacted page holds no text of the account.",
        "escape(_shape(data), quote=False)",
        "escape(data, quote=False)",
        "test_nothing_of_the_accounts_is_left",
    ),
    _one(
        "call-log-in-an-error",
        "What the browser says of an error is not told whole: it quotes the password.",
        "raise self._translated(error) from Error(gist(str(error)))",
        "raise self._translated(error) from error",
        "test_a_browsers_call_log_is_not_in_our_errors",
    ),
    _one(
        "password-for-the-decoder",
        "The processes that decode strangers' files get no password.",
        'if name.upper() != "TJTOOLS_PASSWORD"',
        'if name != ""',
        "test_a_decoder_does_not_get_the_password",
    ),
    _one(
        "error-commands-the-terminal",
        "A name in an error's text can't command a terminal.",
        "self.message = printable(message)",
        "self.message = message",
        "test_an_errors_text_is_safe_wherever_it_is_shown",
    ),
    _one(
        "sandbox-on-all-addresses",
        "The sandbox listens on this machine alone.",
        "socket.create_server((ADDRESS, port))",
        'socket.create_server(("", port))',
        "test_the_sandbox_listens_on_loopback_alone",
    ),
    _one(
        "foreign-origin-answered",
        "The sandbox refuses other sites' pages.",
        'if request.headers.get("origin") not in (None, f"http://{request.headers.get(\'host\')}"):',
        'if request.headers.get("origin") == "":',
        "test_a_foreign_origin_is_refused_everywhere_and_changes_nothing",
    ),
    _one(
        "check-imports-pandas",
        "`tjtools check` starts without pandas and the like.",
        "import argparse\n",
        "import argparse\n\nimport pandas\n",
        "test_check_loads_neither_pandas_nor_playwright_nor_typer",
    ),
)

MAKING = (
    _one(
        "sound-by-its-own-clock",
        "The sound of a cut begins at the instant of its picture.",
        "- round(cut * rate), base",
        ", base",
        "test_sound_stays_with_its_picture",
    ),
    _one(
        "cut-at-the-next-frame",
        "A cut begins with the frame that is shown then.",
        "        if current and coming.time > moment + _HARDLY:",
        "        if current and current.time > moment + _HARDLY:",
        "test_a_cut_is_exact_to_the_frame",
    ),
    _one(
        "lying-video",
        "A video that a header turns is made upright.",
        "steps = [*_TURNS.get(self._orientation, ()), ",
        "steps = [",
        "test_a_turned_video_is_made_upright",
    ),
    _one(
        "first-that-fits",
        "Of what fits, the best quality is made: the next better one was seen not to fit.",
        "if fits - heavy > 1 else fits",
        "if fits == len(steps) else fits",
        "test_the_best_quality_that_fits",
    ),
    _one(
        "draft-left",
        "What a killed child has begun is cleared away.",
        "                draft.unlink()",
        "                draft.exists()",
        "test_a_kill_leaves_nothing_behind",
        "test_a_person_stops_it",
    ),
)

PREPARING = (
    _one(
        "prepared-noted-late",
        "A preparation that is cut off after it was noted is finished by the next.",
        "            if noted_as(workspace, place.name) and (place / _PLAN).is_file():",
        "            if noted_as(workspace, place.name) and not (place / _PLAN).is_file():",
        "test_whatever_ends_it_the_session_is_as_it_was_and_the_next_call_completes_it",
    ),
    _one(
        "source-forgotten",
        "A source that was prepared is known by its content tomorrow.",
        "        if look and look.checksum in earlier and not wanted.again:",
        "        if look and look.checksum in earlier and wanted.again:",
        "test_what_was_prepared_is_known_by_its_content_and_redone_in_its_place_when_asked",
    ),
    _one(
        "loss-without-a-word",
        "What a person may miss is not cropped or cut away without a word.",
        "for kind, loss in losses if not (loss.agreed or",
        "for kind, loss in losses if (loss.agreed or",
        "test_a_loss_needs_a_word",
    ),
    _one(
        "rendition-unknown",
        "Another rendition of a source is known although its mended copy went up.",
        "            found.append(known._replace(fingerprint=seen))",
        "            found.append(known)",
        "test_another_rendition_of_a_source_is_known_although_its_mended_copy_went_up",
    ),
    _one(
        "uploaded-taken-back",
        "What was uploaded is not taken back.",
        "        if uploaded := last.uploaded(workspace):",
        "        if (uploaded := last.uploaded(workspace)) and not uploaded:",
        "test_what_was_uploaded_is_not_taken_back",
    ),
    _one(
        "replaced-thrown-away",
        "What `--again` took the place of comes back when that is taken back.",
        "            elif noted is None or noted.uploaded(workspace):",
        "            else:",
        "test_taking_back_what_was_done_anew_brings_the_earlier_result_back",
    ),
    _one(
        "changed-removed",
        "A file that somebody worked on since is not removed.",
        "if (one := seen[path]) and one.checksum == checksum]",
        "if (one := seen[path]) and one.checksum]",
        "test_a_file_that_somebody_worked_on_since_stays",
    ),
    _one(
        "only-source-removed",
        "Taking back never removes the source of what lay in its place before it was prepared.",
        "        if {*mend.replaced} <= {*files}:",
        "        if True:",
        "test_taking_back_keeps_the_source_of_what_lay_in_its_place_before",
    ),
    _one(
        "mend-left-behind",
        "A preparation is taken back with what was mended of it since.",
        "            noted[at] = renewed",
        "            noted[at] = one",
        "test_a_preparation_is_taken_back_with_what_was_mended_of_it_since",
    ),
    _one(
        "glare-kept",
        "A video that only some browsers show right is made usual, and not copied.",
        "(picture.codec_context.name, pixels_of(frame), orientation)",
        "(picture.codec_context.name, frame.format.name, orientation)",
        "test_pixels_that_not_all_browsers_play_are_told_and_made_usual",
    ),
    _one(
        "shallow-folder-first",
        "Of a delivery's folders the deepest goes first.",
        "            fields = told_by_folder(folder.name) | defaults.of(folder) | fields",
        "            fields = fields | told_by_folder(folder.name) | defaults.of(folder)",
        "test_the_deepest_folder_goes_first",
    ),
)

MUTANTS = (*PAIRING, *FOLLOWING, *REVIEWING, *FILES, *UPLOADING, *SAFETY, *MAKING, *PREPARING)
