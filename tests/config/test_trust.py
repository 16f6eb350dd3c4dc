"""A folder that came from somebody else: what of it counts in money, keys and commands."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from sora_tui.client.prices import table_for
from sora_tui.config.api_keys import CommandKey
from sora_tui.config.consents import consents_path
from sora_tui.config.paths import saved_servers_path, user_toml_path
from sora_tui.config.settings import Settings, load_settings
from sora_tui.core.price import PriceKind, price_of
from sora_tui.core.problem import ProblemError
from sora_tui.core.request import VideoRequest
from sora_tui.core.server import Server

MINE = "sk-mine-123456789"
GW = "https://gw.example.org/v1"
CLIP = VideoRequest("-", model="sora-2", seconds="4", size="1280x720")


def profile(name: str, *lines: str, url: str = GW) -> str:
    return "\n".join((f"[servers.{name}]", f'base_url = "{url}"', *lines, ""))


def load(
    folder: Path, *, own: str = "", toml: str = "", env: str = "", server: str = "", **environ: str
) -> Settings:
    user_toml_path().parent.mkdir(parents=True, exist_ok=True)
    user_toml_path().write_text(own)
    (folder / "sora-tui.toml").write_text(toml)
    (folder / ".env").write_text(env)
    (folder / ".env").chmod(0o600)
    return load_settings(workspace=folder, server=server or None, environ=environ)


def price(server: Server) -> str:
    found = price_of(server, CLIP, table_for(server))
    return f"{found.sum} {found.currency}" if found.kind is PriceKind.PRICED else found.kind.value


PRICED = 'prices = { "*" = 0.25 }'
CHEAP = 'prices = { "*" = 0.0001 }'
FREE = "free = true"
OTHER = f"{GW.removesuffix('/v1')}/paid/v1"
OPENAI = "https://api.openai.com/v1"


@pytest.mark.parametrize(
    ("own", "folder", "expected"),
    [
        pytest.param("", profile("lab", FREE), "unknown", id="free of nobody"),
        pytest.param(profile("lab"), profile("lab", FREE), "unknown", id="a name is no price"),
        pytest.param(
            profile("mine", PRICED), profile("lab", FREE), "1.00 USD", id="priced, other name"
        ),
        pytest.param(
            profile("lab", PRICED), profile("lab", FREE), "1.00 USD", id="priced, same name"
        ),
        pytest.param(
            profile("lab", PRICED), profile("lab", CHEAP), "1.00 USD", id="cheaper, same name"
        ),
        pytest.param(
            profile("m", PRICED), profile("lab", CHEAP, url=OTHER), "1.00 USD", id="other path"
        ),
        pytest.param(
            profile("m", PRICED),
            profile("lab", FREE, url="https://GW.example.org:443/v1"),
            "1.00 USD",
            id="spelled otherwise",
        ),
        pytest.param(
            profile("m", PRICED),
            profile("lab", CHEAP, 'currency = "JPY"'),
            "1.00 USD",
            id="other currency",
        ),
        pytest.param(
            profile("m", PRICED), profile("lab"), "1.00 USD", id="the folder says nothing"
        ),
        pytest.param(
            profile("m", "free = false"), profile("lab", CHEAP), "unknown", id="not free, no sum"
        ),
        pytest.param(
            profile("m", FREE) + profile("n", PRICED), profile("lab", FREE), "1.00 USD", id="both"
        ),
        pytest.param(
            profile("m", PRICED) + profile("n", 'prices = { "*" = 0.50 }'),
            profile("lab", CHEAP),
            "unknown",
            id="two prices",
        ),
        pytest.param(profile("m", FREE), profile("lab", FREE), "free", id="free of both"),
        pytest.param(profile("m", FREE), profile("lab", PRICED), "free", id="the own word holds"),
        pytest.param(
            profile("m", FREE), profile("lab", FREE, url=OTHER), "unknown", id="free elsewhere"
        ),
        pytest.param(
            profile("m", FREE) + profile("n", PRICED, url=OTHER),
            profile("lab", FREE),
            "free",
            id="each path for itself",
        ),
        pytest.param("", profile("lab", PRICED), "1.00 USD", id="nobody else states a price"),
        pytest.param(
            "", profile("lab", CHEAP, url=OPENAI), "0.40 USD", id="the table of that host holds"
        ),
        pytest.param(
            profile("m", CHEAP, url=OPENAI),
            profile("lab", PRICED, url=OPENAI),
            "0.0004 USD",
            id="a price of one's own there",
        ),
    ],
)
def test_the_own_word_about_a_price_holds(
    tmp_path: Path, own: str, folder: str, expected: str
) -> None:
    settings = load(tmp_path, own=own, toml=folder, server="lab")
    assert price(settings.server) == expected
    said = "free = true" in folder and expected != "free"
    assert [warning.code for warning in settings.warnings] == ["free_ignored"] * said


def test_an_always_about_a_price_makes_nothing_free(tmp_path: Path) -> None:
    consents_path().parent.mkdir(parents=True, exist_ok=True)
    consents_path().write_text(json.dumps({"always": [GW.removesuffix("/v1")]}))
    assert price(load(tmp_path, toml=profile("lab", FREE), server="lab").server) == "unknown"


@pytest.mark.parametrize(
    ("own", "env", "environ", "expected"),
    [
        (profile("m", FREE), f"SORA_BASE_URL={OTHER}\n", {}, "unknown"),
        (profile("m", FREE), f"SORA_BASE_URL={GW}\n", {}, "free"),
        (profile("m", FREE), "", {"SORA_BASE_URL": OTHER}, "free"),  # the person's own address
        (profile("m", FREE) + profile("n", PRICED), "", {"SORA_BASE_URL": GW}, "unknown"),
    ],
)
def test_an_address_of_the_folder_is_free_by_the_whole_of_it(
    tmp_path: Path, own: str, env: str, environ: dict[str, str], expected: str
) -> None:
    assert price(load(tmp_path, own=own, env=env, **environ).server) == expected


@pytest.mark.parametrize(
    ("own", "url", "counts"),
    [
        (profile("m", 'dialect = "vllm-omni"'), GW, True),
        (profile("m", 'dialect = "litellm"'), GW, False),
        (profile("m", 'dialect = "vllm-omni"'), OTHER, False),
        (profile("m"), GW, False),
        ("", GW, False),
    ],
)
def test_a_dialect_is_a_word_about_money(tmp_path: Path, own: str, url: str, counts: bool) -> None:
    folder = profile("lab", 'dialect = "vllm-omni"', url=url)
    assert load(tmp_path, own=own, toml=folder, server="lab").server.trusted is counts


NAMED = 'api_key_env = "GW_KEY"'
KEY = {"GW_KEY": MINE}
BY_FILE = "from the file"
#: own file, the folder's file, its .env, the environment, the key that goes there or the refusal
KEYS = {
    "exported address and key": ("", "", "", {"SORA_BASE_URL": GW, "SORA_API_KEY": MINE}, MINE),
    "both in .env": ("", "", f"SORA_BASE_URL={GW}\nSORA_API_KEY={BY_FILE}\n", {}, BY_FILE),
    "exported key, no address": ("", "", "", {"SORA_API_KEY": MINE}, MINE),
    "key of .env, no address": ("", "", f"SORA_API_KEY={BY_FILE}\n", {}, BY_FILE),
    "exported address, key of .env": (
        "",
        "",
        f"SORA_API_KEY={BY_FILE}\n",
        {"SORA_BASE_URL": GW},
        BY_FILE,
    ),
    "address of .env alone": (
        "",
        "",
        f"SORA_BASE_URL={GW}\n",
        {"SORA_API_KEY": MINE},
        "key_withheld",
    ),
    "an address of this machine in .env": (
        "",
        "",
        "SORA_BASE_URL=http://127.0.0.1:8000/v1\n",
        {"SORA_API_KEY": MINE},
        "key_withheld",
    ),
    "both in .env, another key exported": (
        "",
        "",
        f"SORA_BASE_URL={GW}\nSORA_API_KEY={BY_FILE}\n",
        {"SORA_API_KEY": MINE},
        BY_FILE,
    ),
    "an address of .env that the own file names": (
        profile("m"),
        "",
        f"SORA_BASE_URL={OTHER}\n",
        {"SORA_API_KEY": MINE},
        MINE,
    ),
    "a key inside the address": (
        "",
        "",
        "SORA_BASE_URL=https://gw.example.org/${SORA_API_KEY}\n",
        {"SORA_API_KEY": MINE},
        "key_withheld",
    ),
    "any variable": (
        "",
        profile("lab", 'api_key_env = "AWS_SECRET_ACCESS_KEY"'),
        "",
        {"AWS_SECRET_ACCESS_KEY": MINE},
        "key_withheld",
    ),
    "any variable of .env": (
        "",
        profile("lab", 'api_key_env = "AWS_SECRET_ACCESS_KEY"'),
        f"AWS_SECRET_ACCESS_KEY={MINE}\n",
        {},
        "key_withheld",
    ),
    "the exported SORA_API_KEY": (
        "",
        profile("lab", 'api_key_env = "SORA_API_KEY"'),
        "",
        {"SORA_API_KEY": MINE},
        "key_withheld",
    ),
    "that of SORA_BASE_URL": (
        "",
        profile("lab", 'api_key_env = "SORA_API_KEY"'),
        "",
        {"SORA_API_KEY": MINE, "SORA_BASE_URL": GW},
        MINE,
    ),
    "that of another SORA_BASE_URL": (
        "",
        profile("lab", 'api_key_env = "SORA_API_KEY"'),
        "",
        {"SORA_API_KEY": MINE, "SORA_BASE_URL": "https://other.example.org"},
        "key_withheld",
    ),
    "a key of .env for another address of .env": (
        "",
        profile("lab", 'api_key_env = "SORA_API_KEY"'),
        f"SORA_API_KEY={MINE}\nSORA_BASE_URL=https://other.example.org\n",
        {},
        "key_withheld",
    ),
    "the own name for another address": (
        profile("lab", NAMED, url="https://mine.example.org"),
        profile("lab", NAMED),
        "",
        KEY,
        "key_withheld",
    ),
    "the own address with another variable": (
        profile("lab", 'api_key_env = "OTHER"'),
        profile("lab", NAMED),
        "",
        KEY,
        "key_withheld",
    ),
    "the own address in clear": (
        profile("m", NAMED, url="http://gw.example.org/v1"),
        profile("lab", NAMED, "allow_http = true", url="http://gw.example.org/v1"),
        "",
        KEY,
        "key_withheld",
    ),
    "the own address and variable": (
        profile("m", NAMED),
        profile("lab", NAMED, url=OTHER),
        "",
        KEY,
        MINE,
    ),
    "beside its address": (
        "",
        profile("lab", 'api_key_env = "SORA_LAB_KEY"'),
        f"SORA_LAB_KEY={BY_FILE}\n",
        {"SORA_LAB_KEY": MINE},
        BY_FILE,
    ),
    "none is sent": ("", profile("lab", NAMED, 'auth = "none"'), "", KEY, None),
    "there is none": ("", profile("lab", NAMED), "", {}, "key_missing"),
    "a file of one's own": (profile("lab", NAMED), "", "", KEY, MINE),
}


@pytest.mark.parametrize("case", KEYS)
def test_a_key_goes_to_the_server_it_was_given_for(tmp_path: Path, case: str) -> None:
    own, toml, env, environ, expected = KEYS[case]
    by_name = "lab" if "[servers.lab]" in own + toml else ""
    settings = load(tmp_path, own=own, toml=toml, env=env, server=by_name, **environ)
    try:
        settings.check_sendable()
        key = settings.server.key
        found = None if key is None else key.reveal()
    except ProblemError as refused:
        assert settings.server.key is None
        found = refused.problem.code
    assert found == expected
    assert MINE not in settings.server.base_url


def test_an_address_that_was_agreed_to_gets_the_exported_key(tmp_path: Path) -> None:
    consents_path().parent.mkdir(parents=True, exist_ok=True)
    consents_path().write_text(json.dumps({"always": [GW.removesuffix("/v1")]}))
    settings = load(tmp_path, env=f"SORA_BASE_URL={GW}\n", SORA_API_KEY=MINE)
    assert settings.server.key is not None
    settings = load(tmp_path, toml=profile("lab", NAMED), server="lab", **KEY)
    assert settings.server.key is None, "it was about a price, and not about that variable"


EVIL = "api_key_command = \"sh -c 'echo evil'\""


@pytest.mark.parametrize(
    ("own", "url", "runs"),
    [
        ("", GW, False),
        (profile("m", NAMED), GW, False),
        (profile("lab", FREE), GW, False),
        (profile("m", 'api_key_command = "pass show gw"'), GW, False),
        (profile("m", EVIL, url="https://other.example.org"), GW, False),
        (profile("m", EVIL), GW, True),
        (profile("m", EVIL), OTHER, True),
    ],
)
def test_a_command_runs_where_it_is_ones_own(
    tmp_path: Path, own: str, url: str, runs: bool
) -> None:
    always = {"always": [GW.removesuffix("/v1")], "loopback": {}}
    consents_path().parent.mkdir(parents=True, exist_ok=True)
    consents_path().write_text(json.dumps(always))  # about a price
    environ = {"SORA_BASE_URL": GW, "GW_KEY": MINE}
    server = load(tmp_path, own=own, toml=profile("lab", EVIL, url=url), server="lab", **environ)
    assert isinstance(server.server.key, CommandKey) is runs
    if not runs:
        with pytest.raises(ProblemError, match="key_command_ignored"):
            server.check_sendable()


def test_what_the_program_wrote_is_the_person_s_own(tmp_path: Path) -> None:
    saved_servers_path().parent.mkdir(parents=True, exist_ok=True)
    saved_servers_path().write_text(profile("m", NAMED, PRICED))
    server = load(tmp_path, toml=profile("lab", NAMED, FREE), server="lab", **KEY).server
    assert (price(server), server.key is not None) == ("1.00 USD", True)
    assert server.prices == {"*": {"*": Decimal("0.25")}}
