"""The workspace to practise in: what is known in it from the first moment on."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from world import NOW

from tjtools.cache.inventory import load_session
from tjtools.cache.library import Library
from tjtools.cache.snapshots import last_readings
from tjtools.health.status import overview
from tjtools.model.creative import Section
from tjtools.practice.workspace import MARK, make_practice
from tjtools.upload.on_demand import plan_campaign


def test_who_stops_while_it_is_made_gets_a_whole_one_the_next_time(tmp_path: Path) -> None:
    def stop(_name: str, done: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_practice(tmp_path / "shop", now=NOW, progress=stop)
    place = make_practice(tmp_path / "shop", now=NOW, progress=lambda *_: None)
    assert (len(Library.load(place.library)), len(load_session(place).files)) == (481, 28)
    assert not (place.root / MARK).exists()  # no later call clears it


def test_how_old_its_library_is_is_known_and_campaign_files_are_made_of_it_at_once(tmp_path: Path) -> None:
    place = make_practice(tmp_path / "shop", now=NOW, progress=lambda *_: None)
    assert last_readings(place) == dict.fromkeys(Section, NOW)
    seen = overview(place, now=NOW + timedelta(days=1))
    assert seen.facts["library_as_of"] == "2025-11-13 12:00, 1 day ago"
    assert not any("up to date" in one.what for one in seen.steps)
    campaign = plan_campaign(place, now=NOW + timedelta(days=1))
    [aged] = campaign.aged
    assert (campaign.too_old, aged.endswith("as of 2025-11-13 12:00, 1 day ago")) == (None, True)
    assert campaign.ads
    assert campaign.write(place)
