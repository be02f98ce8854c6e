"""Several workspaces of one team upload to one account: nothing is handed over twice, and nothing is lost."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from team.server import Server
from team.test_copy import rows, run
from world import NOW, Truth, banner, content_of, go, library_ids, session

from tjtools.media.content import Fingerprints
from tjtools.model.creative import Section, UploadStatus
from tjtools.model.errors import ClaimLost, TeamError, TeamUnreachable
from tjtools.scrape.connection import connect
from tjtools.site import Site
from tjtools.team import Team, Wanted, claims, claims_of
from tjtools.upload import UploadReport
from tjtools.upload.journal import Journal
from tjtools.workspace.folder import Workspace
from tjtools.workspace.settings import UploadSettings, load_settings

Make = Callable[[str], Workspace]
pytestmark = pytest.mark.usefixtures("site_kind")
BANNERS = Section.STATIC_BANNER


def with_session(workspace: Workspace, names: dict[str, int]) -> Workspace:
    """The workspace with banners of these names to upload, each with the content of its number."""
    session(workspace, [banner(workspace.root / "uploaded", name, seed) for name, seed in names.items()])
    return workspace


def patience(workspace: Workspace, seconds: float) -> None:
    told = f"\n[upload]\nprocessing_timeout = {seconds}\ncard_timeout = {seconds}\n"
    workspace.settings_file.write_text(workspace.settings_file.read_text("utf-8") + told, "utf-8")


def ended(report: UploadReport) -> dict[str, str]:
    return {one.file.name: one.status.value for one in report.outcomes}


def claims_of_all(server: Server, database: str) -> list[tuple[str, str | None]]:
    return server.ask(database, "SELECT name, outcome FROM tjtools.claims ORDER BY made, name")  # type: ignore[return-value]


def test_what_one_has_uploaded_the_other_knows_before_it_hands_over(
    at_site: Make, truth: Truth, server: Server, database: str
) -> None:
    anna = with_session(at_site("anna"), {"a.png": 1, "b.png": 2})
    ben = with_session(at_site("ben"), {"b.png": 2, "c.png": 3, "other-a.png": 1})
    assert ended(go(anna)) == {"a.png": "success", "b.png": "success"}
    run(ben, "pull")
    report = go(ben)
    assert ended(report) == {"b.png": "skipped", "c.png": "success", "other-a.png": "skipped"}
    assert Counter(truth.received()) == {"a.png": 1, "b.png": 1, "c.png": 1}
    run(anna, "pull")
    assert library_ids(anna) == library_ids(ben)
    assert claims_of_all(server, database) == [("a.png", "success"), ("b.png", "success"), ("c.png", "success")]


def test_a_review_that_is_older_than_a_colleagues_upload_hands_nothing_over_twice(at_site: Make, truth: Truth) -> None:
    """Ben has reviewed before Anna uploads: what he takes for new is there when he comes to it, by name or content."""
    anna = with_session(at_site("anna"), {"a.png": 1, "b.png": 2})
    ben = with_session(at_site("ben"), {"b.png": 2, "c.png": 3, "other-a.png": 1})

    def when_the_site_is_open() -> Site:
        go(anna)
        return connect(ben, load_settings(ben), say=lambda _: None)

    report = go(ben, open_site=when_the_site_is_open)
    assert ended(report) == {"b.png": "skipped", "c.png": "success", "other-a.png": "skipped"}
    told = {one.file.name: one.message for one in report.outcomes}
    assert "its content is on the site already, as" in told["other-a.png"]
    assert Counter(truth.received()) == {"a.png": 1, "b.png": 1, "c.png": 1}


def test_a_file_that_is_exchanged_once_it_is_claimed_keeps_none_of_the_others_from_going_up(
    at_site: Make, truth: Truth, server: Server, database: str
) -> None:
    anna = with_session(at_site("anna"), {"a.png": 1, "b.png": 2})

    def connected() -> Site:
        site = connect(anna, load_settings(anna), say=lambda _: None)
        open_panel = site.open_upload_panel

        def exchange() -> None:
            banner(anna.root / "uploaded", "a.png", 7)
            open_panel()

        site.open_upload_panel = exchange  # type: ignore[method-assign]
        return site

    report = go(anna, open_site=connected)
    assert report.stopped is None
    assert ended(report) == {"a.png": "failed", "b.png": "success"}
    assert truth.received() == ["b.png"]
    assert claims_of_all(server, database) == [("a.png", "failed"), ("b.png", "success")]


def test_what_a_colleague_notes_between_the_review_and_the_claim_is_not_handed_over(
    at_site: Make, truth: Truth
) -> None:
    """Nobody knows its content: its name alone tells, and only to who asks again."""
    anna, ben = at_site("anna"), with_session(at_site("ben"), {"a.png": 1})

    def when_the_site_is_open() -> Site:
        run(anna, "add", truth.add("Static Banner", "a"), "a.png", "--type", "image")
        return connect(ben, load_settings(ben), say=lambda _: None)

    assert ended(go(ben, open_site=when_the_site_is_open)) == {"a.png": "skipped"}
    assert truth.received() == []


def test_two_who_upload_overlapping_sessions_at_once_double_nothing(at_site: Make, truth: Truth) -> None:
    people = [
        with_session(at_site(name), {f"{number}.png": number for number in range(begin, begin + 12)})
        for name, begin in (("anna", 1), ("ben", 7))
    ]
    reports: list[UploadReport] = []
    threads = [threading.Thread(target=lambda one=one: reports.append(go(one))) for one in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.stopped for one in reports] == [None, None]
    assert Counter(truth.received()) == {f"{number}.png": 1 for number in range(1, 19)}
    for one in people:
        run(one, "pull")
    assert library_ids(people[0]) == library_ids(people[1])
    assert library_ids(people[0]) == {name: truth.named(name.removesuffix(".png"))[0] for name in truth.received()}
    assert rows(people[0]) == rows(people[1])


def test_a_file_that_a_colleague_is_uploading_is_left_to_them(at_site: Make, truth: Truth) -> None:
    anna, ben = at_site("anna"), with_session(at_site("ben"), {"a.png": 1, "b.png": 2})
    with claims_of(anna, "20251113_120000", UploadSettings()) as held:
        held.take([Wanted((BANNERS, "a.png"), "", forced=False, knew=False)], "")
        report = go(ben)
        assert ended(report) == {"a.png": "skipped", "b.png": "success"}
        [message] = [one.message for one in report.outcomes if one.status is UploadStatus.SKIPPED]
        assert message.startswith("anna (")
        assert "is uploading it, since" in message
        assert "Static Banner: a.png: anna (" in run(ben, "team", "status")
    assert ended(go(ben, now=NOW + timedelta(hours=1))) == {"a.png": "success", "b.png": "skipped"}
    assert truth.received() == ["b.png", "a.png"]


@pytest.mark.parametrize("there", [True, False])
def test_a_hand_over_whose_holder_died_is_looked_for_on_the_site(
    there: bool, at_site: Make, truth: Truth, server: Server, database: str
) -> None:
    anna, ben = at_site("anna"), with_session(at_site("ben"), {"a.png": 1})
    patience(ben, 0.3)
    expired(anna, Wanted((BANNERS, "a.png"), "", forced=False, knew=False))
    creative_id = truth.add("Static Banner", "a") if there else ""
    report = go(ben)
    assert ended(report) == {"a.png": "success"}
    assert truth.received() == [] if there else ["a.png"]
    [one] = report.outcomes
    assert one.creative_id == (creative_id or truth.named("a")[0])
    ends = ["success"] if there else ["not there", "success"]
    assert claims_of_all(server, database) == [("a.png", one) for one in ends]


def test_a_run_that_slept_past_its_lease_hands_nothing_over(
    at_site: Make, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    ben = with_session(at_site("ben"), {"a.png": 1})
    noted = Journal.handed_over

    def then_sleep(journal: Journal, *arguments: object, **named: object) -> None:
        noted(journal, *arguments, **named)  # type: ignore[arg-type]
        clock = claims._clock
        monkeypatch.setattr(claims, "_clock", lambda: clock() + 3600)

    monkeypatch.setattr(Journal, "handed_over", then_sleep)
    report = go(ben)
    assert isinstance(report.stopped, ClaimLost)
    assert truth.received() == []


def test_who_lost_a_claim_to_another_hands_nothing_over(at_site: Make, server: Server, database: str) -> None:
    anna, ben = at_site("anna"), at_site("ben")
    wanted = [Wanted((BANNERS, "a.png"), "", forced=False, knew=False)]
    with claims_of(anna, "1", UploadSettings()) as hers, claims_of(ben, "2", UploadSettings()) as his:
        hers.take(wanted, "")
        server.ask(database, "UPDATE tjtools.claims SET lease_until = clock_timestamp()")
        [left] = his.take(wanted, "").left
        assert (left.key, left.run) == ((BANNERS, "a.png"), "1")
        with pytest.raises(ClaimLost):
            hers.hold()
        assert [one.claim for one in his.take(wanted, "").left] == [left.claim], "nobody has looked yet"
        his.looked([left])
        assert [*his.take(wanted, "").granted] == [(BANNERS, "a.png")]
        his.hold()


def expired(workspace: Workspace, wanted: Wanted, newest: str = "1") -> None:
    """Who works here has claimed a file and died."""
    with Team.of(workspace) as team:  # type: ignore[union-attr]
        team.store.claim(team.sync(), "20251113_110000", newest, [wanted], 0.0)


def known_contents(workspace: Workspace) -> dict[str, str]:
    return {one.creative_id: one.fingerprint.checksum for one in Fingerprints.load(workspace).uploads()}


@pytest.mark.parametrize("same", [True, False])
def test_what_a_dead_colleague_handed_over_under_our_files_name_is_our_content_only_where_it_is_the_same(
    same: bool, at_site: Make, truth: Truth
) -> None:
    anna, ben = at_site("anna"), with_session(at_site("ben"), {"a.png": 1})
    patience(ben, 0.3)
    content = content_of(ben, ben.root / "uploaded" / "a.png")
    expired(anna, Wanted((BANNERS, "a.png"), content if same else "a" * 64, forced=False, knew=False))
    there = truth.add("Static Banner", "a")
    assert [one.creative_id for one in go(ben).outcomes] == [there]
    run(anna, "pull")
    assert known_contents(ben) == known_contents(anna) == ({there: content} if same else {})


def test_who_takes_over_a_name_keeps_their_own_content_for_themselves_from_then_on(at_site: Make) -> None:
    anna, ben, carla = at_site("anna"), at_site("ben"), at_site("carla")
    hers, his = (Wanted((BANNERS, "a.png"), one * 64, forced=False, knew=False) for one in "ab")
    expired(anna, hers)
    with claims_of(ben, "2", UploadSettings()) as ours, claims_of(carla, "3", UploadSettings()) as others:
        ours.looked(ours.take([his], "").left)
        assert [*ours.take([his], "").granted] == [his.key]
        copies = [one._replace(key=(BANNERS, f"copy of {one.content[0]}.png")) for one in (hers, his)]
        claimed = others.take(copies, "")
        assert [*claimed.granted] == [copies[0].key]
        assert "ben (" in claimed.held[copies[1].key]


def test_a_content_that_a_dead_colleague_may_have_handed_over_under_another_name_is_for_a_person(
    at_site: Make, truth: Truth
) -> None:
    anna, ben = at_site("anna"), with_session(at_site("ben"), {"a.png": 1})
    content = content_of(ben, ben.root / "uploaded" / "a.png")
    expired(anna, Wanted((BANNERS, "hers.png"), content, forced=False, knew=False))
    [one] = go(ben).outcomes
    assert one.status is UploadStatus.SKIPPED
    assert "began to upload it, as hers.png, and nobody knows" in one.message
    assert one.message.endswith("look there; if not: tjtools upload --file PATH --live --force")
    assert ended(go(ben, force=True, now=NOW + timedelta(hours=1))) == {"a.png": "success"}
    assert truth.received() == ["a.png"]


def test_a_run_that_is_gone_on_with_another_content_keeps_that_for_itself(at_site: Make) -> None:
    anna, ben = at_site("anna"), at_site("ben")
    before, now = (Wanted((BANNERS, "a.png"), one * 64, forced=False, knew=False) for one in "ab")
    with Team.of(anna) as team, claims_of(ben, "2", UploadSettings()) as others:  # type: ignore[union-attr]
        for one in (before, now):
            assert [*team.store.claim(team.sync(), "1", "", [one], 60).granted] == [one.key]
        copies = [one._replace(key=(BANNERS, f"copy of {one.content[0]}.png")) for one in (before, now)]
        claimed = others.take(copies, "")
        assert ([*claimed.granted], [*claimed.held]) == ([copies[0].key], [copies[1].key])


def test_the_content_of_a_file_that_was_found_for_a_dead_colleague_goes_up_under_no_other_name(
    at_site: Make, truth: Truth
) -> None:
    """Nobody else has that file: the claim alone knows which content it was."""
    anna, ben = at_site("anna"), with_session(at_site("ben"), {"a.png": 1})
    patience(ben, 0.3)
    carla = with_session(at_site("carla"), {"c.png": 2})
    content = content_of(carla, carla.root / "uploaded" / "c.png")
    expired(anna, Wanted((BANNERS, "a.png"), content, forced=False, knew=False))
    there = truth.add("Static Banner", "a")
    go(ben)
    [one] = go(carla).outcomes
    assert (one.status.value, one.message) == ("skipped", f"its content is on the site already, as {there}")
    assert truth.received() == []


def test_a_run_whose_colleagues_never_stop_telling_news_ends_with_a_word(
    at_site: Make, truth: Truth, server: Server, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ben = with_session(at_site("ben"), {"a.png": 1})
    take = claims.Claims.take

    def behind_the_others(*asked: object) -> object:
        server.ask(database, "UPDATE tjtools.accounts SET version = version + 1")
        return take(*asked)  # type: ignore[arg-type]

    monkeypatch.setattr(claims.Claims, "take", behind_the_others)
    report = go(ben)
    assert isinstance(report.stopped, TeamError)
    assert "nothing of this batch was handed over" in report.stopped.message
    assert "tjtools upload --resume" in report.stopped.remedy
    assert truth.received() == []
    monkeypatch.undo()
    assert "1 not begun" in run(ben, "status", code=1)


def test_without_the_database_a_live_upload_is_refused_and_a_dry_run_goes_on(
    at_site: Make, truth: Truth, server: Server
) -> None:
    ben = with_session(at_site("ben"), {"a.png": 1})
    for file in (ben.settings_file, ben.private / "team" / "state.json"):
        file.write_text(file.read_text("utf-8").replace(f":{server.port}/", ":1/"), "utf-8")
    assert ended(go(ben, live=False)) == {"a.png": "dry_run"}
    report = go(ben)
    assert isinstance(report.stopped, TeamUnreachable)
    assert truth.received() == []
    assert Journal(ben.log).unfinished() is None


def test_forced_files_go_up_again_and_it_is_noted_who_did_it(
    at_site: Make, truth: Truth, server: Server, database: str
) -> None:
    anna = with_session(at_site("anna"), {"a.png": 1})
    ben = with_session(at_site("ben"), {"other-a.png": 1})
    go(anna)
    run(ben, "pull")
    assert ended(go(ben, force=True)) == {"other-a.png": "success"}
    assert truth.received() == ["a.png", "other-a.png"]
    made = server.ask(database, "SELECT display, forced, outcome FROM tjtools.claims ORDER BY made")
    assert made == [("anna", False, "success"), ("ben", True, "success")]


def test_no_path_of_this_machine_goes_to_the_team(at_site: Make, server: Server, database: str) -> None:
    anna = with_session(at_site("anna"), {"a.png": 1})
    go(anna)
    told = server.ask(database, "SELECT kind, data FROM tjtools.events")
    assert {kind for kind, _ in told} >= {"creative", "observed", "settled", "uploaded"}
    assert str(Path(anna.root).parent) not in json.dumps(told)
