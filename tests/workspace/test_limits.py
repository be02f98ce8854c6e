"""The limits: a dated data file that a user can correct, and that says what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tjtools.diff.refusals import oddities, problems
from tjtools.media import MediaFacts
from tjtools.model.creative import CreativeType, SessionFile
from tjtools.model.errors import SettingsError
from tjtools.workspace.folder import Workspace
from tjtools.workspace.limits import load_limits
from tjtools.workspace.settings import load_settings

VIDEO = MediaFacts(1000, "mp4", 640, 360, 8.0, "h264")


def own(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "limits.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_users_file_goes_before_the_packages_key_by_key(tmp_path: Path) -> None:
    limits = load_limits(own(tmp_path, 'checked = 2027-01-02\n[image]\nsizes = ["300x250", "728x90"]\n'))
    image = limits.by_type[CreativeType.IMAGE]
    assert (image.sizes, image.formats, f"{limits.checked}") == (
        ("300x250", "728x90"),
        ("gif", "png", "jpg"),
        "2027-01-02",
    )
    assert limits.by_type[CreativeType.VIDEO] == load_limits().by_type[CreativeType.VIDEO]
    banner = MediaFacts(1000, "png", 728, 90)
    assert (problems(banner, CreativeType.IMAGE, limits), len(problems(banner, CreativeType.IMAGE))) == ((), 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[image]\n", "checked must be the day"),
        ("checked = 'today'\n", "checked must be the day"),
        ("checked = 2027-01-02\n[poster]\n", r"\[poster\] is no section; known are native_video, .*, campaign"),
        ("checked = 2027-01-02\nimage = 3\n", r"\[image\] is no section"),
        ("checked = 2027-01-02\n[image]\nmax_size = 3\n", r"\[image\] max_size is no limit; known are formats"),
        ("checked = 2027-01-02\n[image]\nsizes = ['300 x 250']\n", r"\[image\] sizes must be a list like"),
        ("checked = 2027-01-02\n[image]\nmax_bytes = '300 kB'\n", r"\[image\] max_bytes must be a number of bytes"),
        ("checked = 2027-01-02\n[image]\nmax_bytes = 0\n", r"max_bytes must be a number of bytes"),
        ("checked = 2027-01-02\n[video]\nmin_seconds = 60\n", "min_seconds 60 is more than max_seconds 31"),
        ("checked = 2027-01-02\n[video]\nformats = ['.MP4']\n", r"\[video\] formats must be a list like"),
        ("checked = \n", "is not valid TOML"),
        ("checked = 2027-01-02\ncampaign = 65\n", r"\[campaign\] is no section"),
        ("checked = 2027-01-02\n[campaign]\nad_name = 39\n", r"\[campaign\] ad_name must be a number of characters"),
        ("checked = 2027-01-02\n[campaign]\nheadline = '87'\n", r"\[campaign\] headline must be a number of char"),
        ("checked = 2027-01-02\n[campaign]\nformats = 1\n", r"\[campaign\] formats is no limit; known are ad_name, h"),
    ],
)
def test_a_file_that_cannot_be_used_names_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        load_limits(own(tmp_path, text))


def test_a_codec_can_be_a_limit(tmp_path: Path) -> None:
    limits = load_limits(own(tmp_path, 'checked = 2027-01-02\n[video]\ncodecs = ["h264"]\n'))
    assert problems(VIDEO, CreativeType.VIDEO, limits) == ()
    assert problems(VIDEO._replace(codec="hevc"), CreativeType.VIDEO, limits) == (
        "the codec is hevc; a video has h264: encode it again",
    )


@pytest.mark.parametrize(
    ("claims", "facts", "said"),
    [
        ({}, VIDEO, ()),
        ({"width": 1280, "height": 720}, VIDEO, ("the inventory says 1280x720, the content is 640x360",)),
        ({"duration": 8.4}, VIDEO, ()),
        ({"duration": 4.0}, VIDEO, ("the inventory says 4 s, the content lasts 8.0 s",)),
        ({"row": {"file_format": "MP4"}}, VIDEO, ()),
        ({"row": {"file_format": "png"}}, VIDEO, ("the inventory says png, the content is mp4",)),
        ({"row": {"file_size_mb": "0.001"}}, VIDEO, ()),
        ({"row": {"file_size_mb": "2,5"}}, VIDEO, ("the inventory says 2.5 MB, the file has 0.001 MB",)),
        ({}, VIDEO._replace(codec="av1"), ("the codec is av1; h264 is usual, and plays in every browser",)),
        (
            {},
            VIDEO._replace(turned=90, stored="360x640"),
            ("it is turned by its header to 640x360: who ignores that sees 360x640",),
        ),
        (
            {},
            VIDEO._replace(stored="480x360"),
            ("it is stretched by its header to 640x360: who ignores that sees 480x360",),
        ),
    ],
)
def test_what_is_no_problem_and_worth_a_word(
    claims: dict[str, object], facts: MediaFacts, said: tuple[str, ...]
) -> None:
    file = SessionFile(Path("a.mp4"), CreativeType.VIDEO)._replace(**claims)
    assert oddities(file, facts) == said


@pytest.mark.parametrize(
    ("name", "kind", "unique_id", "said"),
    [
        ("x" * 65, CreativeType.VIDEO, "", ()),
        ("x" * 66, CreativeType.IMAGE, "", ()),
        (
            "x" * 66,
            CreativeType.VIDEO,
            "",
            "its ad's name has 66 characters and is cut to 65, its Creative ID at the end",
        ),
        (
            f"{'x' * 60}_ID-99A0D7C3-VID",
            *(CreativeType.NATIVE_VIDEO, ""),
            "its ad's name has 76 characters and is cut to 65, ID-99A0D7C3-VID at the end",
        ),
        (
            *("x" * 66, CreativeType.SHORT_VIDEO, "99A0D7C3"),
            "its ad's name has 66 characters and is cut to 65, ID-99A0D7C3 at the end",
        ),
    ],
)
def test_what_is_cut_in_an_ad_is_said_before(
    name: str, kind: CreativeType, unique_id: str, said: str | tuple[()]
) -> None:
    file = SessionFile(Path(f"{name}.mp4"), kind, unique_id=unique_id)
    assert oddities(file, VIDEO._replace(seconds=4.0)) == ((said,) if said else ())


@pytest.mark.parametrize(("kind", "cut"), [(CreativeType.NATIVE_VIDEO, True), (CreativeType.VIDEO, False)])
def test_a_headline_that_will_be_cut_is_said_before(kind: CreativeType, cut: bool) -> None:
    file = SessionFile(Path("a.mp4"), kind, category="x" * 88)
    told = ("its category has 88 characters and is cut to 87 in its ad's headline",) if cut else ()
    assert oddities(file, VIDEO._replace(seconds=4.0)) == told


@pytest.mark.parametrize(("told", "most"), [("brand_name", 25), ("call_to_action", 25)])
def test_a_setting_beyond_its_cap_is_refused_with_the_number(bare_workspace: Workspace, told: str, most: int) -> None:
    def put(length: int) -> None:
        bare_workspace.settings_file.write_text(f'[campaign]\n{told} = "{"é" * length}"\n', "utf-8")

    put(most)
    assert len(getattr(load_settings(bare_workspace).campaign, told)) == most
    put(most + 1)
    with pytest.raises(SettingsError, match=rf"campaign\.{told} has {most + 1} characters; .* at most {most}\."):
        load_settings(bare_workspace)
    bare_workspace.limits_file.write_text(f"checked = 2027-01-02\n[campaign]\n{told} = {most + 1}\n", "utf-8")
    assert len(getattr(load_settings(bare_workspace).campaign, told)) == most + 1


def test_a_setting_beyond_its_cap_is_refused_wherever_it_comes_from(
    bare_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TJTOOLS_CAMPAIGN__BRAND_NAME", "x" * 26)
    with pytest.raises(SettingsError, match="at most 25"):
        load_settings(bare_workspace)


def test_a_native_video_of_another_length_is_unusual() -> None:
    file = SessionFile(Path("a.mp4"), CreativeType.NATIVE_VIDEO)
    assert (problems(VIDEO, CreativeType.NATIVE_VIDEO), oddities(file, VIDEO)) == (
        (),
        ("8.0 s long; a native video usually lasts 4 s",),
    )


@pytest.mark.parametrize(
    ("shortest", "longest", "said"),
    [
        (None, 12.0, ("its picture lasts 4.0 s, its sound or a header 12.0 s",)),
        (0.1, None, ("its picture lasts 4.0 s, its sound or a header 0.1 s",)),
        (3.6, 4.02, ()),
    ],
)
def test_where_no_length_is_wrong_a_sound_of_another_is_worth_a_word(
    shortest: float | None, longest: float | None, said: tuple[str, ...]
) -> None:
    facts = VIDEO._replace(seconds=4.0, shortest=shortest, longest=longest)
    assert oddities(SessionFile(Path("a.mp4"), CreativeType.NATIVE_VIDEO), facts) == said
