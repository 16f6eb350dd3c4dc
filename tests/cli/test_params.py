"""Parameters, presets, words for sizes, and the end of a model, on the command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine

from tests.support.shell import Shell

LAB = (
    'default = "lab"\n[servers.lab]\nbase_url = "http://127.0.0.1:9/v1"\ndialect = "vllm-omni"\n'
    'default_model = "Wan2.2-T2V-A14B"\n'
)


@pytest.fixture
def lab(tmp_path: Path) -> Shell:
    """A workspace whose server is a vLLM-Omni that nobody asks."""
    (tmp_path / "sora-tui.toml").write_text(LAB)
    return Shell(tmp_path, {})


def fields(lab: Shell, *words: str) -> dict[str, Any]:
    ran = lab.inside("generate", "A kite", "--dry-run", "--json", *words)
    assert ran.code == 0, ran.err
    return dict(ran.documents[0]["fields"])


def test_only_what_the_person_set_is_sent(lab: Shell) -> None:
    assert fields(lab) == {"prompt": "A kite", "model": "Wan2.2-T2V-A14B"}


def test_a_preset_and_what_stands_above_it(lab: Shell) -> None:
    sent = fields(
        lab,
        *("--preset", "wan2.2-t2v-a14b", "--param", "fps=24", "--param", 'lora={"name": "x"}'),
        *("--param", "negative_prompt=12", "--param", "flow_shift=null"),
    )
    assert (sent["num_frames"], sent["boundary_ratio"], sent["fps"]) == (81, 0.875, 24)
    assert (sent["lora"], sent["negative_prompt"]) == ({"name": "x"}, "12")
    assert "flow_shift" not in sent


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--param", "num_inference_steps=0"], "param_range"),
        (["--param", "seed=x"], "param_kind"),
        (["--param", "quality=low"], "param_choice"),
        (["--param", "model=y"], "param_standard"),
        (["--param", "seed"], "param_invalid"),
        (["--preset", "nobody"], "preset_unknown"),
        (["--size", "large"], "size_invalid"),
    ],
)
def test_invalid_parameters_are_refused_before_anything_is_sent(
    lab: Shell, words: list[str], code: str
) -> None:
    ran = lab.inside("generate", "A kite", "--yes", "--json", *words)
    assert (ran.code, ran.documents[-1]["code"]) == (2, code)
    assert lab.documents == []


def test_a_parameter_may_stand_where_a_setting_says_nothing(lab: Shell) -> None:
    assert fields(lab, "--param", "size=768P")["size"] == "768P"


@pytest.mark.parametrize(
    ("word", "size"),
    [("landscape", "832x480"), ("portrait", "480x832"), ("720p", "1280x720"), ("64x64", "64x64")],
)
def test_words_for_sizes(lab: Shell, word: str, size: str) -> None:
    assert fields(lab, "--size", word)["size"] == size
    lab.environ["SORA_SIZE"] = word
    assert fields(lab)["size"] == size
    (lab.workspace / "prompt.md").write_text(f'+++\nsize = "{word}"\n+++\nA kite\n')
    ran = lab.inside("generate", "--dry-run", "--json", SORA_SIZE="1x1")
    assert ran.documents[0]["fields"]["size"] == size


def test_params_lists_what_this_server_takes_of_this_model(lab: Shell) -> None:
    ran = lab.inside("params")
    assert "num_inference_steps" in ran.out
    assert "1 … 200" in ran.out
    (told,) = lab.inside("params", "--json").documents
    assert told["model"] == "Wan 2.2 T2V A14B"
    steps = next(p for p in told["parameters"] if p["name"] == "num_inference_steps")
    assert (steps["low"], steps["high"], steps["default"]) == (1, 200, 40)
    (other,) = lab.inside("params", "--preset", "ltx-2", "--json").documents
    assert other["preset"]["generate_sound"] is True
    (practice,) = lab.inside("params", "--server", "simulator", "--json").documents
    assert [each["name"] for each in practice["parameters"]] == ["seed", "negative_prompt", "fps"]
    (lab.workspace / "sora-tui.toml").write_text(LAB.replace("vllm-omni", "openai"))
    assert "No parameter beyond the standard" in lab.inside("params", "--model", "sora-2").out


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (datetime(2026, 9, 22, 12, tzinfo=UTC), "ends at api.openai.com on 2026-09-24\n"),
        (datetime(2028, 2, 29, 12, tzinfo=UTC), "ended at api.openai.com on 2026-09-24: it may"),
    ],
)
def test_the_end_of_a_model_is_told_before_the_question(
    tmp_path: Path, day: datetime, said: str
) -> None:
    with time_machine.travel(day.timestamp()):
        ran = Shell(tmp_path, {"SORA_API_KEY": "sk-real-looking-key"}).inside("generate", "A kite")
    assert ran.code == 2  # without a terminal nobody agrees to the price
    assert f"sora-2 {said}" in ran.err
    assert ran.err.index(said) < ran.err.index("0.40")


def test_prices_of_a_profile_by_size_and_tier(lab: Shell) -> None:
    prices = '"*" = { "480p" = 0.02, "1280x720" = 0.05, "*" = 0.10 }'
    (lab.workspace / "sora-tui.toml").write_text(f"{LAB}prices = {{ {prices} }}\n")
    for size, sum in (("832x480", 0.08), ("1280x720", 0.2), ("720x1280", 0.4)):
        words = ("--size", size, "--seconds", "4", "--dry-run", "--json")
        (order,) = lab.inside("generate", "A kite", *words).documents
        assert order["price"]["sum"] == pytest.approx(sum), size
    wrong = lab.workspace / "sora-tui.toml"
    wrong.write_text(f'{LAB}prices = {{ "*" = {{ "wide" = 1 }} }}\n')
    ran = lab.inside("generate", "A kite", "--json")
    assert ran.documents[0]["code"] == "config_invalid"


def test_a_wrong_value_of_a_prompt_file_is_refused_too(lab: Shell) -> None:
    (lab.workspace / "prompt.md").write_text("+++\n[params]\nseed = 'x'\n+++\nA kite\n")
    ran = lab.inside("generate", "--json")
    assert json.loads(ran.out)["code"] == "param_kind"


def test_a_preset_says_what_a_word_for_a_size_means(lab: Shell) -> None:
    sent = fields(lab, "--preset", "ltx-2", "--size", "portrait")
    assert (sent["size"], sent["generate_sound"]) == ("512x768", True)
