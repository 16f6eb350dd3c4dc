"""Settings: precedence, the choice of the server, and mistakes named by their place."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import pytest

from sora_tui.config.order_options import (
    Choices,
    check_names,
    from_front_matter,
    from_settings,
    unused_variables,
)
from sora_tui.config.settings import Settings, early_language, load_settings
from sora_tui.core.limits import Budget
from sora_tui.core.problem import ProblemError
from sora_tui.core.secret import Secret

PROFILES = """
default = "team-gw"

[servers.team-gw]
base_url = "https://gw.example.org/v1/"
api_key_env = "SORA_TEAM_KEY"
default_model = "wan2.2"
default_seconds = 5
sizes = ["832x480", "1280x720"]
seconds = [5, 8.5]
prices = { "*" = 0.05 }
params = { guidance = 7 }

[servers.lab]
base_url = "http://lab.example.org:8000/v1"
"""


@pytest.fixture(autouse=True)
def own_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own settings live in the test's folder."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "own"))
    folder = tmp_path / "own" / "sora-tui"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


def load(workspace: Path, server: str | None = None, **environ: str) -> Settings:
    return load_settings(workspace=workspace, server=server, environ=environ)


def write_env(workspace: Path, text: str) -> None:
    path = workspace / ".env"
    path.write_text(text)
    path.chmod(0o600)


def test_nothing_configured_is_the_simulator(workspace: Path) -> None:
    settings = load(workspace)
    assert settings.server.simulated
    assert (settings.model, settings.seconds, settings.size) == ("sora-2", "4", "1280x720")
    assert settings.warnings == ()


@pytest.mark.parametrize("key", ["", "your_api_key_here", "  "])
def test_an_empty_or_example_key_is_none(workspace: Path, key: str) -> None:
    assert load(workspace, SORA_API_KEY=key).server.simulated


def test_a_key_alone_is_openai_and_the_cheapest_clip(workspace: Path) -> None:
    settings = load(workspace, SORA_API_KEY="sk-one")
    assert settings.server.base_url == "https://api.openai.com/v1"
    assert settings.server.key is not None
    assert settings.server.key.reveal() == "sk-one"
    assert "sk-one" not in repr(settings)
    assert (settings.model, settings.seconds, settings.size) == ("sora-2", "4", "1280x720")


def test_a_key_belongs_to_one_server(workspace: Path) -> None:
    (workspace / "sora-tui.toml").write_text(PROFILES)
    settings = load(workspace, SORA_API_KEY="sk-one", SORA_BASE_URL="http://127.0.0.1:8000/v1")
    assert settings.server.name == "env"
    assert {name for name, server in settings.servers.items() if server.key} == {"env"}
    assert "openai" not in settings.servers


def test_a_server_decides_what_it_was_not_told(workspace: Path) -> None:
    settings = load(workspace, SORA_BASE_URL="http://127.0.0.1:8000/v1", SORA_SIZE="832x480")
    assert (settings.model, settings.seconds, settings.size) == (None, None, "832x480")


@pytest.mark.parametrize(
    ("said", "environ", "expected", "by"),
    [
        ("lab", {"SORA_SERVER": "simulator"}, "lab", "--server"),
        (None, {"SORA_SERVER": "lab", "SORA_BASE_URL": "http://h/v1"}, "lab", "SORA_SERVER"),
        (None, {"SORA_BASE_URL": "http://h/v1", "SORA_API_KEY": "k"}, "env", "SORA_BASE_URL"),
        (None, {"SORA_API_KEY": "k"}, "team-gw", "sora-tui.toml"),
    ],
)
def test_which_server(
    workspace: Path, said: str | None, environ: dict[str, str], expected: str, by: str
) -> None:
    (workspace / "sora-tui.toml").write_text(PROFILES)
    settings = load(workspace, said, **environ)
    assert (settings.server.name, settings.chosen_by) == (expected, by)


def test_a_profile_is_read_whole(workspace: Path, own_config: Path) -> None:
    named(own_config, "https://gw.example.org/v1")
    (workspace / "sora-tui.toml").write_text(PROFILES)
    write_env(workspace, "SORA_TEAM_KEY=secret\n")
    settings = load(workspace)
    server = settings.server
    assert server.base_url == "https://gw.example.org/v1"
    assert server.key is not None
    assert server.key.reveal() == "secret"
    assert settings.keys["team-gw"] == "SORA_TEAM_KEY"
    assert server.seconds_choices == ("5", "8.5")
    assert server.prices == {"*": {"*": Decimal("0.05")}}
    assert (settings.model, settings.seconds, settings.size) == ("wan2.2", "5", None)


def test_the_workspace_is_stronger_than_the_user(workspace: Path, own_config: Path) -> None:
    own = '[servers.team-gw]\nbase_url = "https://old.example.org"\n[servers.mine]\n'
    (own_config / "sora-tui.toml").write_text(own + 'base_url = "https://mine.example.org"\n')
    (workspace / "sora-tui.toml").write_text(PROFILES)
    settings = load(workspace)
    assert settings.servers["team-gw"].host == "gw.example.org"
    assert settings.servers["mine"].host == "mine.example.org"


def test_environment_over_env_file_over_profile(workspace: Path) -> None:
    (workspace / "sora-tui.toml").write_text(PROFILES)
    write_env(workspace, "SORA_MODEL=from-file\nSORA_DURATION=8\nSORA_LANG=fr\n")
    settings = load(workspace, SORA_MODEL="from-process", SORA_DURATION="")
    assert (settings.model, settings.seconds, settings.language) == ("from-process", "8", "fr")
    assert settings.variables["SORA_MODEL"] == "environment"
    assert settings.variables["SORA_DURATION"] == str(workspace / ".env")
    assert "SORA_DURATION" not in os.environ
    assert early_language(workspace, {}) == "fr"


def test_how_to_be_called_is_chosen_like_everything_else(workspace: Path, own_config: Path) -> None:
    assert load(workspace).notify == "auto"
    (own_config / "sora-tui.toml").write_text('notify = "bell"\n')
    assert load(workspace).notify == "bell"
    (workspace / "sora-tui.toml").write_text('notify = "auto"\n')
    assert load(workspace).notify == "auto"
    assert load(workspace, SORA_NOTIFY="off").notify == "off"
    for environ, text, place in (
        ({"SORA_NOTIFY": "loud"}, "", "SORA_NOTIFY"),
        ({}, "notify = true\n", "notify"),
    ):
        (workspace / "sora-tui.toml").write_text(text)
        with pytest.raises(ProblemError) as refused:
            load(workspace, **environ)
        assert (refused.value.problem.code, refused.value.problem.facts["key"]) == (
            "config_invalid",
            place,
        )


def test_another_server_brings_its_own_defaults(workspace: Path) -> None:
    (workspace / "sora-tui.toml").write_text(PROFILES)
    settings = load(workspace, SORA_SIZE="832x480").on("simulator")
    assert (settings.model, settings.seconds, settings.size) == ("sora-2", "4", "832x480")


def test_the_example_file_sets_nothing_and_all_of_it_can_be_set(workspace: Path) -> None:
    example = (Path(__file__).parents[2] / ".env.example").read_text()
    write_env(workspace, example)
    assert load(workspace).variables == {}
    write_env(workspace, example.replace("\n#SORA", "\nSORA"))
    settings = load(workspace)
    assert settings.server.name == "env"
    assert settings.server.key is None
    assert (settings.model, settings.seconds, settings.size) == ("sora-2", "4", "1280x720")
    assert settings.reference == "input_reference/my_image.jpg"


@pytest.mark.parametrize(
    ("env", "line", "key"),
    [("\n\nSORA_SIZE=big\n", 3, "SORA_SIZE"), ("A=1\nSORA_BASE_URL=ftp://h\n", 2, "SORA_BASE_URL")],
)
def test_a_wrong_variable_is_named_by_file_and_line(
    workspace: Path, env: str, line: int, key: str
) -> None:
    write_env(workspace, env)
    with pytest.raises(ProblemError) as refused:
        load(workspace)
    facts = refused.value.problem.facts
    assert refused.value.problem.code == "config_invalid"
    assert (facts["path"], facts["line"], facts["key"]) == (str(workspace / ".env"), line, key)


def test_a_broken_env_line_is_named(workspace: Path) -> None:
    write_env(workspace, "SORA_MODEL=a\nthis is no setting\n")
    with pytest.raises(ProblemError) as refused:
        load(workspace)
    assert refused.value.problem.code == "config_broken"
    assert refused.value.problem.facts["line"] == 2


@pytest.mark.parametrize(
    ("toml", "code", "key", "line"),
    [
        ("a = = 1", "config_broken", None, 1),
        ("[servers.x]\nbase_url = 5", "config_invalid", "servers.x.base_url", 2),
        ('[servers.x]\nbase_url = "ftp://x"', "config_invalid", "servers.x.base_url", 2),
        ('[servers.x]\nbase_url = "https://u:p@x"', "config_invalid", "servers.x.base_url", 2),
        (
            '[servers.x]\nbase_url = "https://x"\n\nauth = "basic"',
            "config_invalid",
            "servers.x.auth",
            4,
        ),
        (
            '[servers.x]\nbase_url = "https://x"\ndialect = "klingon"',
            "config_invalid",
            "servers.x.dialect",
            3,
        ),
        (
            '[servers.x]\nbase_url = "https://x"\napi_kye_env = "K"',
            "config_invalid",
            "servers.x.api_kye_env",
            3,
        ),
        (
            '[servers.x]\nbase_url = "https://x"\nheaders = { Authorization = "Bearer k" }',
            "config_invalid",
            "servers.x.headers",
            3,
        ),
        ('[servers.simulator]\nbase_url = "https://x"', "config_invalid", None, 2),
        ("[severs.x]", "config_invalid", "severs", None),
    ],
)
def test_a_wrong_profile_is_named_by_file_key_and_line(
    workspace: Path, toml: str, code: str, key: str | None, line: int | None
) -> None:
    (workspace / "sora-tui.toml").write_text(toml)
    with pytest.raises(ProblemError) as refused:
        load(workspace)
    problem = refused.value.problem
    assert problem.code == code
    assert problem.facts["path"] == str(workspace / "sora-tui.toml")
    assert key is None or problem.facts["key"] == key
    assert problem.facts.get("line") == line
    assert "u:p" not in str(refused.value)


def test_an_unknown_profile_names_the_known(workspace: Path) -> None:
    (workspace / "sora-tui.toml").write_text(PROFILES)
    with pytest.raises(ProblemError) as refused:
        load(workspace, "nowhere")
    assert refused.value.problem.facts["known"] == "lab, simulator, team-gw"


def test_a_key_command_runs_when_the_key_is_needed_and_once(
    workspace: Path, own_config: Path
) -> None:
    ran = workspace / "ran"
    (own_config / "sora-tui.toml").write_text(
        '[servers.x]\nbase_url = "https://x.example.org"\n'
        f"api_key_command = \"sh -c 'echo ran >> {ran}; echo the-key'\"\n"
    )
    key = load(workspace).servers["x"].key
    assert key is not None
    assert not ran.exists()
    assert (key.reveal(), key.reveal()) == ("the-key", "the-key")
    assert ran.read_text() == "ran\n"
    assert "the-key" not in repr(key)


def test_others_who_can_read_the_key_are_a_warning(workspace: Path) -> None:
    write_env(workspace, "SORA_API_KEY=sk-one\n")
    assert load(workspace).warnings == ()
    (workspace / ".env").chmod(0o644)
    assert [warning.code for warning in load(workspace).warnings] == ["env_readable"]


def test_a_way_in_clear_is_refused_before_sending(workspace: Path) -> None:
    (workspace / "sora-tui.toml").write_text(PROFILES)
    settings = load(workspace, "lab")
    assert [warning.code for warning in settings.warnings] == ["base_url_insecure"]
    with pytest.raises(ProblemError, match="base_url_insecure"):
        settings.check_sendable()
    (workspace / "sora-tui.toml").write_text(PROFILES + "allow_http = true\n")
    load(workspace, "lab").check_sendable()


def test_a_key_that_is_named_and_not_there_is_refused_before_sending(workspace: Path) -> None:
    (workspace / "sora-tui.toml").write_text(PROFILES)
    with pytest.raises(ProblemError) as refused:
        load(workspace).check_sendable()
    assert refused.value.problem.facts == {"profile": "team-gw", "variable": "SORA_TEAM_KEY"}


def test_command_line_over_front_matter_over_settings(workspace: Path) -> None:
    (workspace / "sora-tui.toml").write_text(PROFILES)
    settings = load(workspace, SORA_SIZE="832x480")
    written = from_front_matter(
        {"size": "640x360", "seconds": 8, "count": 2, "params": {"seed": 1}, "mood": "grey"}, "p.md"
    )
    said = Choices(seconds="12", params={"seed": 2})
    chosen = said.over(written).over(from_settings(settings))
    assert (chosen.model, chosen.seconds, chosen.size) == ("wan2.2", "12", "640x360")
    assert chosen.count == 2
    assert chosen.params == {"guidance": 7, "seed": 2}


@pytest.mark.parametrize(
    "written", [{"count": 0}, {"count": True}, {"fit": "crop"}, {"size": "big"}, {"seconds": [4]}]
)
def test_wrong_front_matter_is_named_by_file_and_key(written: dict[str, object]) -> None:
    with pytest.raises(ProblemError) as refused:
        from_front_matter(written, "prompts/fox.md")
    facts = refused.value.problem.facts
    assert (facts["path"], facts["key"]) == ("prompts/fox.md", *written)[:2]


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("secnds", "seconds"),
        ("modle", "model"),
        ("szie", "size"),
        ("Size", "size"),
        ("param", "params"),
        ("variable", "variables"),
        ("reference_image", "reference"),
        ("duration", "seconds"),
        ("seed", "[params] seed"),
    ],
)
def test_a_mistyped_name_of_a_front_matter_is_refused_with_the_one_meant(
    name: str, near: str
) -> None:
    with pytest.raises(ProblemError) as refused:
        check_names({"count": 2, name: 1}, "p.md", {"seed"})
    assert refused.value.problem.code == "front_matter_name"
    assert refused.value.problem.facts == {"path": "p.md", "name": name, "near": near}


def test_a_note_of_the_persons_own_may_stand_in_a_front_matter() -> None:
    check_names({"size": "720p", "mood": "grey", "title": "A", "author": "B", "scene": 3}, "p.md")


def test_a_value_without_a_variable_is_told_and_a_mistyped_one_refused() -> None:
    text = "A {{thing}} in {{weather}}"
    assert unused_variables({"thing": "kite", "weather": "rain"}, text) == ()
    assert unused_variables({"thing": "kite", "things": "kites", "sky": "red"}, text) == (
        "things",
        "sky",
    )
    with pytest.raises(ProblemError) as refused:
        unused_variables({"thing": "kite", "waether": "rain"}, text)
    assert refused.value.problem.facts == {"name": "waether", "near": "weather"}


def test_a_variable_that_nobody_reads_is_a_warning(workspace: Path) -> None:
    lines = ("SORA_DURATON=8", "OTHER=1", "SORA_HOST=127.0.0.1:1", "SORA_WHATEVER=2")
    used = "SORA_BASE_URL=http://${SORA_HOST}/v1"
    write_env(workspace, "\n".join((*lines, used)))
    told = load(workspace, SORA_SZIE="720p", SORA_TEST_CLOCK="now", SORA_PLAYER="mpv").warnings
    assert [(why.facts["name"], why.facts.get("near"), why.facts.get("line")) for why in told] == [
        ("SORA_DURATON", "SORA_DURATION", 1),
        ("SORA_SZIE", "SORA_SIZE", None),
        ("SORA_WHATEVER", None, 4),
    ]
    write_env(workspace, "SORA_PLAYER=mpv\nSORA_WORKSPACE=/elsewhere")
    (player, place) = load(workspace).warnings
    assert (player.facts["name"], player.facts["line"]) == ("SORA_PLAYER", 1)
    assert (place.facts["name"], place.facts.get("near")) == ("SORA_WORKSPACE", None)
    assert place.facts["reason"] == "it counts in the environment alone"
    write_env(workspace, "SORA_TEAM_KEY=sk-team")
    (workspace / ".env").chmod(0o600)
    (workspace / "sora-tui.toml").write_text(PROFILES)
    assert load(workspace).warnings == ()


@pytest.mark.parametrize(
    ("toml", "line", "reason"),
    [
        ("a = = 1", 1, "toml_value"),
        ("\ntheme = no", 2, "toml_value"),
        ("hello", 1, "toml_line"),
        ('a = "b', 1, "toml_quote"),
        ('a = 1\na = "b"', 2, "toml_twice"),
        ("[a]\n[a]", 2, "toml_twice"),
        ("a = 1 2", 1, "toml_rest"),
        ('a = "\\p"', 1, "toml_backslash"),
        ("[a", 1, "toml_bracket"),
    ],
)
def test_what_is_no_toml_is_told_without_a_word_of_the_parser(
    workspace: Path, toml: str, line: int, reason: str
) -> None:
    (workspace / "sora-tui.toml").write_text(toml)
    with pytest.raises(ProblemError) as refused:
        load(workspace)
    facts = refused.value.problem.facts
    assert (refused.value.problem.code, facts["line"], facts["reason"]) == (
        "config_broken",
        line,
        reason,
    )


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ('prices = { "*" = "abc" }', "must be 0 or more, per second"),
        ('prices = { "*" = [1] }', "must be 0 or more, per second"),
        ('default_seconds = "long"', "must be a number of seconds, such as 4"),
        ('default_size = "big"', "must be width x height in pixels, such as 1280x720"),
        ("max_active = 0", "must be a whole number, 1 or more"),
        ("free = 1", "must be true or false"),
        ("models = 3", "must be a list"),
        ("headers = 3", "must be a table"),
        ('dialect = ["x"]', "must be one of: "),
    ],
)
def test_a_wrong_setting_says_what_is_allowed(workspace: Path, setting: str, reason: str) -> None:
    (workspace / "sora-tui.toml").write_text(
        f'[servers.x]\nbase_url = "https://x.example/v1"\n{setting}\n'
    )
    with pytest.raises(ProblemError) as refused:
        load(workspace)
    facts = refused.value.problem.facts
    assert str(facts["reason"]).startswith(reason)
    assert (facts["line"], facts["key"]) == (3, f"servers.x.{setting.split()[0]}")


@pytest.mark.parametrize(
    ("toml", "near"),
    [
        ("[severs.x]", "servers"),
        ("[budget]\nper_dya = 3", "per_day"),
        ('[servers.x]\nbase_url = "https://x.example"\napi_kye_env = "K"', "api_key_env"),
        ("zzz = 3", None),
    ],
)
def test_an_unknown_setting_names_the_one_meant(
    workspace: Path, toml: str, near: str | None
) -> None:
    (workspace / "sora-tui.toml").write_text(toml)
    with pytest.raises(ProblemError) as refused:
        load(workspace)
    assert refused.value.problem.facts.get("near") == near


@pytest.mark.parametrize(
    ("own", "folder", "expected", "warned"),
    [
        ("per_day = 10.0\nper_job = 2", 'per_job = "0.50"', ("10.0", "0.50", "EUR"), False),
        ("per_day = 0.5\nper_job = 0.5", "per_day = 9\nper_job = 9", ("0.5", "0.5", "EUR"), False),
        ("per_day = 1", 'currency = "JPY"', ("1", None, "EUR"), True),
        ("per_day = 1", 'currency = "JPY"\nper_day = 0.1', ("1", None, "EUR"), True),
        ("per_day = 1", 'currency = "EUR"\nper_job = 0', ("1", "0", "EUR"), False),
        ("", "per_day = 3", ("3", None, "EUR"), False),
        ("", 'per_day = 3\ncurrency = "USD"', ("3", None, "USD"), False),
    ],
)
def test_a_folder_lowers_a_limit_and_never_raises_it(
    workspace: Path,
    own_config: Path,
    own: str,
    folder: str,
    expected: tuple[str, str | None, str],
    warned: bool,
) -> None:
    (own_config / "sora-tui.toml").write_text(f'[budget]\ncurrency = "EUR"\n{own}\n')
    (workspace / "sora-tui.toml").write_text(f"[budget]\n{folder}\n")
    settings = load(workspace)
    day, job = (None if sum is None else Decimal(sum) for sum in expected[:2])
    assert settings.budget == Budget(day, job, expected[2])
    assert ["budget_ignored"] * warned == [warning.code for warning in settings.warnings]


def named(own_config: Path, url: str, more: str = "") -> None:
    """Let the person's own settings name a server."""
    (own_config / "sora-tui.toml").write_text(f'[servers.mine]\nbase_url = "{url}"\n{more}\n')


URL = "https://gw.example.org/v1"


@pytest.mark.parametrize("address", ["toml", "env file"])
@pytest.mark.parametrize(
    ("own", "env_file", "is_sent"),
    [
        ("", "", False),
        ("", "SORA_API_KEY=sk-other", True),
        ("https://other.example.org/v1", "", False),
        (URL, "", True),
        ("https://GW.example.org/elsewhere", "", True),
    ],
)
def test_a_key_of_the_person_goes_to_no_address_that_came_with_a_folder(
    workspace: Path, own_config: Path, address: str, own: str, env_file: str, is_sent: bool
) -> None:
    environ = {} if env_file else {"SORA_API_KEY": "sk-mine"}
    if own:
        named(own_config, own)
    if address == "toml":
        profile = f'[servers.lab]\nbase_url = "{URL}"\napi_key_env = "SORA_API_KEY"\n'
        (workspace / "sora-tui.toml").write_text(profile)
        write_env(workspace, env_file)
    else:
        write_env(workspace, f"SORA_BASE_URL={URL}\n{env_file}\n")
    settings = load(workspace, "lab" if address == "toml" else None, **environ)
    if is_sent:
        settings.check_sendable()
        assert settings.server.key is not None
        assert settings.server.key.reveal().startswith("sk-")
        return
    with pytest.raises(ProblemError) as refusal:
        settings.check_sendable()
    assert refusal.value.problem.code == "key_withheld"


@pytest.mark.parametrize(
    ("own", "folders", "free", "price"),
    [
        ('prices = { "*" = 0.5 }', "free = true", False, "0.5"),
        ('prices = { "*" = 0.5 }', 'prices = { "*" = 0.01 }', False, "0.5"),
        ("free = false", "free = true", False, None),
        ("free = true", 'prices = { "*" = 0.01 }', True, None),
        ("", "free = true", False, None),
        ("", 'prices = { "*" = 0.01 }', False, "0.01"),
    ],
)
@pytest.mark.parametrize("name", ["mine", "lab"])
def test_the_persons_own_price_of_a_server_goes_before_a_folders(
    workspace: Path,
    own_config: Path,
    own: str,
    folders: str,
    free: bool,
    price: str | None,
    name: str,
) -> None:
    named(own_config, URL, own)
    (workspace / "sora-tui.toml").write_text(f'[servers.{name}]\nbase_url = "{URL}"\n{folders}\n')
    server = load(workspace, name).server
    assert server.free is free
    prices = {} if price is None else {"*": {"*": Decimal(price)}}
    assert server.prices == prices


@pytest.mark.parametrize(
    ("own", "runs"),
    [
        ("", False),
        ('api_key_command = "pass show gw"', True),
        ('api_key_command = "pass show mine"', False),
        ('api_key_env = "MINE"', False),
        (None, False),
    ],
)
def test_a_folders_command_runs_where_the_person_has_that_very_command(
    workspace: Path, own_config: Path, own: str | None, runs: bool
) -> None:
    if own is not None:
        named(own_config, URL, own)
    profile = f'[servers.lab]\nbase_url = "{URL}"\napi_key_command = "pass show gw"\n'
    (workspace / "sora-tui.toml").write_text(profile)
    server = load(workspace, "lab").server
    assert (server.key is not None) is runs
    assert ("api_key_command" in server.ignored) is not runs


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("per_day = -1", "budget.per_day"),
        ("per_day = nan", "budget.per_day"),
        ("per_job = true", "budget.per_job"),
        ('per_job = "much"', "budget.per_job"),
        ("currency = 3", "budget.currency"),
        ("per_week = 3", "budget.per_week"),
    ],
)
def test_a_limit_that_is_none_is_refused_with_its_place(
    workspace: Path, line: str, key: str
) -> None:
    (workspace / "sora-tui.toml").write_text(f"[budget]\n{line}\n")
    with pytest.raises(ProblemError) as refused:
        load(workspace)
    facts = refused.value.problem.facts
    assert (refused.value.problem.code, facts["key"], facts["line"]) == ("config_invalid", key, 2)


@pytest.mark.parametrize(
    ("key", "character", "position"),
    [
        ("sk-local-0123\u200b456789", "U+200B", 14),
        ("\ufeffsk-local-0123456789", "U+FEFF", 1),
        ("sk-local-0123\n456789", "U+000A", 14),
        ("abc\r\nEvil: yes", "U+000D", 4),
        ("\u201csk-local-0123456789\u201d", "U+201C", 1),
        ('"sk-local-0123456789"', "U+0022", 1),
        ("sk-local-0123456789'", "U+0027", 20),
        ("clé", "U+00E9", 3),
        ("sk-\udcff", "U+DCFF", 4),
    ],
)
def test_a_key_that_no_header_carries_is_named_by_place_and_never_shown(
    workspace: Path, key: str, character: str, position: int
) -> None:
    settings = load(workspace, SORA_API_KEY=key)  # looking at jobs needs no key
    with pytest.raises(ProblemError) as refusal:
        settings.check_sendable()
    facts = {"variable": "SORA_API_KEY", "character": character, "position": position}
    assert refusal.value.problem.facts == facts
    assert settings.server.key is not None
    with pytest.raises(ProblemError):
        settings.server.key.reveal()
    assert key not in repr(settings)


def test_a_key_in_a_file_is_named_by_its_line(workspace: Path) -> None:
    write_env(workspace, '# mine\n\nSORA_TEAM_KEY="sk-local-0123\\n456789"\n')
    (workspace / "sora-tui.toml").write_text(PROFILES)
    with pytest.raises(ProblemError) as refusal:
        load(workspace).check_sendable()
    facts = refusal.value.problem.facts
    assert (facts["path"], facts["line"]) == (str(workspace / ".env"), 3)
    assert facts["variable"] == "SORA_TEAM_KEY"
    write_env(workspace, "SORA_TEAM_KEY=sk-good-0123456789\n")
    load(workspace).check_sendable()


def test_a_key_that_is_never_sent_may_be_anything(workspace: Path) -> None:
    profile = '[servers.lab]\nbase_url = "https://a.example"\nauth = "none"\napi_key_env = "K"\n'
    (workspace / "sora-tui.toml").write_text(profile)
    load(workspace, "lab", K="clé").check_sendable()


@pytest.mark.parametrize("header", ["X Y", "Content-Length", "Transfer-Encoding", "X-\u00d6", ""])
def test_a_header_that_no_request_may_have_is_named_by_its_line(
    workspace: Path, header: str
) -> None:
    profile = f'[servers.lab]\nbase_url = "https://a.example"\nheaders = {{ "{header}" = "1" }}\n'
    (workspace / "sora-tui.toml").write_text(profile)
    with pytest.raises(ProblemError) as refusal:
        load(workspace)
    assert refusal.value.problem.facts["line"] == 3


def test_other_programs_get_no_key(workspace: Path) -> None:
    (workspace / "sora-tui.toml").write_text(PROFILES)
    environ = {"SORA_API_KEY": "a", "SORA_TEAM_KEY": "b", "PATH": "/bin", "SORA_TEAM_KEYS": "c"}
    assert load(workspace).without_keys(environ) == {"PATH": "/bin", "SORA_TEAM_KEYS": "c"}


def test_settings_that_another_account_keeps_are_none_with_a_word(
    workspace: Path, own_config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own_config / "sora-tui.toml").write_text("[budget]\nper_day = 1\n")
    real = Path.stat

    def closed(path: Path, **options: bool) -> os.stat_result:
        if path.parent == own_config:  # root may look everywhere
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, **options)

    monkeypatch.setattr(Path, "stat", closed)
    settings = load(workspace)
    assert settings.budget == Budget()
    assert [warning.code for warning in settings.warnings] == ["settings_unreadable"]


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("SORA_API_KEY='sk-${HOME}-x'", "sk-${HOME}-x"),
        ('SORA_API_KEY="sk-${HOME}-x"', "sk-${HOME}-x"),
        ("SORA_API_KEY=sk-${HOME}-x", "sk-${HOME}-x"),
        ("SORA_MODEL='wan-${NAME}'", "wan-${NAME}"),
        ("NAME=two\nSORA_MODEL=wan-${NAME}", "wan-two"),
        ('NAME=two\nSORA_MODEL="wan-${NAME}"', "wan-two"),
        ("SORA_MODEL=wan-${LAB_SECRET}", "wan-${LAB_SECRET}"),  # never the process's
        ("SORA_MODEL=wan-${LAB_SECRET:-big}", "wan-big"),
    ],
)
def test_single_quotes_and_keys_are_taken_to_the_letter(
    workspace: Path, line: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_SECRET", "sk-mine")
    (workspace / ".env").write_text(line + "\n")
    (workspace / ".env").chmod(0o600)
    settings = load_settings(workspace=workspace, server=None, environ={})
    if "KEY" in line:
        assert settings.server.key == Secret(value)
    else:
        assert settings.model == value


@pytest.mark.parametrize("name", ["sora-tui.toml", ".env"])
@pytest.mark.parametrize("kind", ["folder", "pipe", "link to nothing", "loop"])
def test_settings_that_are_no_file_are_not_taken_for_none(
    workspace: Path, name: str, kind: str
) -> None:
    """Limits on spending may stand in them."""
    path = workspace / name
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(path.name if kind == "loop" else workspace / "away")
    with pytest.raises(ProblemError) as refusal:
        load(workspace)
    assert refusal.value.problem.code == "config_broken"
    assert refusal.value.problem.facts["path"] == str(path)
