"""Finding the workspace, and the one site that it belongs to."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from tjtools.model.errors import SettingsError, SiteMismatch, TrackingFileError, WorkspaceNotFound
from tjtools.workspace.folder import Workspace, read_toml
from tjtools.workspace.settings import SiteSettings, bind, bound_site, load_settings, put_section

SANDBOX = SiteSettings(kind="sandbox", origin="http://127.0.0.1:8642", account="demo")
LIVE = SiteSettings(kind="live", origin="https://advertiser.trafficjunky.com", account="ana")


def test_the_nearest_workspace_above_is_found(bare_workspace: Workspace) -> None:
    deep = bare_workspace.root / "uploaded" / "Native"
    assert Workspace.find(cwd=deep, environment={}) == bare_workspace


def test_a_name_goes_before_the_variable_and_the_variable_before_the_folder(
    bare_workspace: Workspace, tmp_path: Path
) -> None:
    for name in ("named", "told"):
        (tmp_path / name / "tracking").mkdir(parents=True)
    told = {"TJTOOLS_WORKSPACE": str(tmp_path / "told")}
    found = Workspace.find(tmp_path / "named", cwd=bare_workspace.root, environment=told)
    assert found.root.name == "named"
    assert Workspace.find(cwd=bare_workspace.root, environment=told).root.name == "told"


def test_no_workspace_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceNotFound, match="tjtools init DIR"):
        Workspace.find(tmp_path, cwd=tmp_path, environment={})


def test_a_bound_workspace_stays_with_its_site(bare_workspace: Workspace) -> None:
    assert bind(bare_workspace, SANDBOX) is True
    assert bind(bare_workspace, SANDBOX) is False
    with pytest.raises(SiteMismatch, match=r"belongs to http://127\.0\.0\.1:8642"):
        bind(bare_workspace, LIVE)
    assert load_settings(bare_workspace).site == SANDBOX


def test_a_bound_workspace_is_told_its_account_later_and_stays_with_it(bare_workspace: Workspace) -> None:
    bind(bare_workspace, LIVE.model_copy(update={"account": ""}))
    assert bind(bare_workspace, LIVE) is False
    assert load_settings(bare_workspace).site == LIVE
    with pytest.raises(SiteMismatch, match="belongs to the account ana at"):
        bind(bare_workspace, LIVE.model_copy(update={"account": "bea"}))
    assert load_settings(bare_workspace).site == LIVE


def test_what_a_person_wrote_beside_the_values_stays_when_one_of_them_is_put_anew(bare_workspace: Workspace) -> None:
    told = f"[site]  # the shop's\n# ask Bea first\nkind = 'live'  # no practice\norigin = '{LIVE.origin}'\n"
    told += "account = ''\n"
    bare_workspace.settings_file.write_text(f"# our own\n{told}\n# slowly\n[upload]\nbatch_size = 5\n", "utf-8")
    assert bind(bare_workspace, LIVE) is False
    settings, text = load_settings(bare_workspace), bare_workspace.settings_file.read_text("utf-8")
    assert (settings.site, settings.upload.batch_size) == (LIVE, 5)
    assert [line for line in text.splitlines() if "#" in line] == [
        "# our own", "[site]  # the shop's", "# ask Bea first", "kind = 'live'  # no practice", "# slowly",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "told",
    [
        "site = {kind = 'live', origin = 'ORIGIN'}  # ours",
        "site.kind = 'live'  # ours\nsite.origin = 'ORIGIN'\n[upload]\nbatch_size = 5",
        "['site']  # ours\n\"kind\" = 'live'\norigin = 'ORIGIN'\n",
        "\t[site]  # ours\n\tkind = 'live'\n\torigin = 'ORIGIN'\n\taccount = ''",
        "\ufeff[site]\r\nkind = 'live'\r\norigin = 'ORIGIN'\r\naccount = ''  # ours\r\n[names]\r\n",
        "[names]\npair_suffixes = [  # ours\n  'a',\n]\n[site]\nkind = 'live'\norigin = '''\nORIGIN'''\n",
        "[campaign]  # ours\nbrand_name = '''\n[site]\n# of it'''\n[site]\nkind = 'live'\norigin = 'ORIGIN'\n",
        "[site]\n# ours\u2028too\nkind = 'live'\norigin = 'ORIGIN'  # ours\naccount = ''  # ours",
    ],
)
def test_however_a_person_wrote_the_settings_one_is_put_in_and_nothing_is_lost(
    bare_workspace: Workspace, told: str
) -> None:
    file = bare_workspace.settings_file
    file.write_bytes(told.replace("ORIGIN", LIVE.origin).encode())
    before = read_toml(file)
    bind(bare_workspace, LIVE)
    assert read_toml(file) == before | {"site": LIVE.model_dump()}
    text = file.read_bytes().decode()
    assert (text.count("# ours"), text.count("\r\n")) == (told.count("# ours"), text.count("\n") * ("\r\n" in told))
    put_section(file, "site", {})
    assert read_toml(file) == {name: one for name, one in before.items() if name != "site"}


def test_an_environment_that_names_another_site_is_refused(
    bare_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    bind(bare_workspace, SANDBOX)
    monkeypatch.setenv("TJTOOLS_SITE__KIND", "live")
    monkeypatch.setenv("TJTOOLS_SITE__ORIGIN", LIVE.origin)
    with pytest.raises(SiteMismatch, match=r"advertiser\.trafficjunky\.com"):
        load_settings(bare_workspace)


def test_a_folder_without_a_site_can_be_read_and_not_used(bare_workspace: Workspace) -> None:
    settings = load_settings(bare_workspace)
    with pytest.raises(SiteMismatch, match="tjtools init"):
        bound_site(bare_workspace, settings)


def test_binding_keeps_the_settings_that_were_there(bare_workspace: Workspace) -> None:
    bare_workspace.settings_file.write_text('[campaign]\nbrand_name = "Ana & Co"\n', "utf-8")
    bind(bare_workspace, LIVE)
    settings = load_settings(bare_workspace)
    assert (settings.campaign.brand_name, settings.site) == ("Ana & Co", LIVE)


def test_binding_on_a_full_disk_keeps_the_settings_that_were_there(bare_workspace: Workspace) -> None:
    told = f'[campaign]\ntarget_url = "https://example.com/{"a" * 100}"\n'
    bare_workspace.settings_file.write_text(told, "utf-8")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(TrackingFileError, match=r"tjtools\.toml"):
            bind(bare_workspace, LIVE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert bare_workspace.settings_file.read_text("utf-8") == told


@pytest.mark.parametrize("suffix", ['""', '"_"', '" - "', "7"])
def test_a_suffix_of_a_pairs_names_is_a_word(bare_workspace: Workspace, suffix: str) -> None:
    bare_workspace.settings_file.write_text(f"[names]\npair_suffixes = [{suffix}]\n", "utf-8")
    with pytest.raises(SettingsError, match=r"names\.pair_suffixes"):
        load_settings(bare_workspace)


@pytest.mark.parametrize(
    ("kind", "origin"),
    [
        ("sandbox", "https://advertiser.trafficjunky.com"),
        ("sandbox", "http://192.168.1.2:8642"),
        ("live", "http://127.0.0.1:8642"),
        ("live", "http://advertiser.trafficjunky.com"),
    ],
)
def test_a_sandbox_is_on_this_machine_and_the_live_site_is_not(
    bare_workspace: Workspace, kind: str, origin: str
) -> None:
    bare_workspace.settings_file.write_text(f'[site]\nkind = "{kind}"\norigin = "{origin}"\n', "utf-8")
    with pytest.raises(SettingsError, match=r"tjtools\.toml.*site"):
        load_settings(bare_workspace)


def test_the_environment_goes_before_dotenv_and_dotenv_before_the_file(
    bare_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare_workspace.settings_file.write_text("[upload]\nbatch_size = 3\ncard_timeout = 7\n", "utf-8")
    (bare_workspace.root / ".env").write_text("TJTOOLS_UPLOAD__BATCH_SIZE=4\nOTHER_TOOL=x\n", "utf-8")
    assert load_settings(bare_workspace).upload.batch_size == 4
    monkeypatch.setenv("TJTOOLS_UPLOAD__BATCH_SIZE", "5")
    upload = load_settings(bare_workspace).upload
    assert (upload.batch_size, upload.card_timeout) == (5, 7)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[upload]\nbatch_size = 50\n", "upload.batch_size: Input should be less than or equal to 10, not 50"),
        ("[upload]\nbatchsize = 5\n", "upload.batchsize"),
        ("[uplaod]\nbatch_size = 5\n", "unknown section or key uplaod"),
        ('password = "secret"\n', "unknown section or key password"),
        ("[upload\n", "is not valid TOML"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(bare_workspace: Workspace, text: str, said: str) -> None:
    bare_workspace.settings_file.write_text(text, "utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(bare_workspace)
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_setting_of_an_older_version_that_is_gone_is_ignored(bare_workspace: Workspace) -> None:
    bare_workspace.settings_file.write_text("[reading]\ntabs = 3\n[upload]\nbatch_size = 5\n", "utf-8")
    assert load_settings(bare_workspace).upload.batch_size == 5


def test_a_password_is_in_no_representation(bare_workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TJTOOLS_PASSWORD", "hunter2")
    settings = load_settings(bare_workspace)
    assert "hunter2" not in f"{settings!r} {settings.model_dump_json()}"


@pytest.mark.parametrize("head", ["[team]", "\ufeff[team]", "[team]  # ours", "[ team ]", "[campaign]\n[team]\r"])
def test_a_section_is_put_anew_however_a_person_wrote_it(bare_workspace: Workspace, head: str) -> None:
    told = '\nurl = "postgresql://ana@localhost/library"\naccount = "shop"\n\n[upload]  # mine\nbatch_size = 5\n'
    bare_workspace.settings_file.write_text(head + told, "utf-8")
    for account in ("shop", "other"):
        settings = load_settings(bare_workspace)
        assert (settings.team and settings.team.account, settings.upload.batch_size) == (account, 5)
        put_section(bare_workspace.settings_file, "team", {"url": "postgresql://ana@localhost/x", "account": "other"})
    put_section(bare_workspace.settings_file, "team", {})
    assert load_settings(bare_workspace).team is None


def test_a_comment_on_the_next_section_outlives_the_one_that_is_taken_out(bare_workspace: Workspace) -> None:
    told = "[team]\nurl = 'postgresql://localhost/x'\naccount = 'shop'\n\n# slowly\n[upload]\nbatch_size = 5\n"
    bare_workspace.settings_file.write_text(told, "utf-8")
    for _ in range(2):  # the second time there is none, as where the environment names the team
        put_section(bare_workspace.settings_file, "team", {})
        assert bare_workspace.settings_file.read_text("utf-8") == "# slowly\n[upload]\nbatch_size = 5\n"


def test_what_a_section_lacks_is_put_before_the_comment_on_the_next_one(bare_workspace: Workspace) -> None:
    told = "[team]\nurl = 'postgresql://localhost/x' # ours\n\n# slowly\n[upload]\nbatch_size = 5\n"
    bare_workspace.settings_file.write_text(told, "utf-8")
    put_section(bare_workspace.settings_file, "team", {"url": "postgresql://localhost/x", "account": "shop"})
    assert bare_workspace.settings_file.read_text("utf-8") == told.replace("ours\n", 'ours\naccount = "shop"\n')
