"""What the tables offer, per server and model, and that every name of them has its words."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sora_tui.client.data_files import read_data_file
from sora_tui.client.dialect import DIALECTS
from sora_tui.client.model_schema import model_schema, preset_names, preset_schema
from sora_tui.core.parameters import Parameter
from sora_tui.core.problem import ProblemError
from sora_tui.core.request import width_height
from sora_tui.core.server import Server, simulator
from sora_tui.i18n.parameters import HELP

OMNI = Server("omni", "http://127.0.0.1:8091/v1", dialect="vllm-omni")
SGLANG = Server("sglang", "http://127.0.0.1:30010/v1", dialect="sglang")
GATEWAY = Server("gw", "https://gw.example.org/v1", dialect="litellm")


def test_every_table_is_for_a_server_there_is_and_every_name_has_a_line_of_help() -> None:
    tables = read_data_file("parameters.toml")
    assert tables.keys() <= DIALECTS.keys()
    names = {name for table in tables.values() for name in table["parameters"]}
    assert names == HELP.keys()


def test_every_preset_is_what_the_servers_take() -> None:
    for server in (OMNI, SGLANG, GATEWAY):
        for name in preset_names():
            schema = preset_schema(server, name)
            assert schema is not None
            assert schema.check(schema.preset) == schema.preset
            for size in schema.sizes:
                width_height(size)
    table = read_data_file("models.toml")["model"]
    assert len({row["name"] for row in table}) == len(table)


@pytest.mark.parametrize(
    ("model", "title"),
    [
        ("Wan-AI/Wan2.2-T2V-A14B-Diffusers", "Wan 2.2 T2V A14B"),
        ("Wan-AI/Wan2.2-I2V-A14B-Diffusers", "Wan 2.2 I2V A14B"),
        ("Wan2.2-TI2V-5B-Diffusers", "Wan 2.2 TI2V 5B"),
        ("wan2.1-3B", "Wan 2.1 T2V 1.3B"),
        ("hunyuanVideo-1.5-480p-fp8", "HunyuanVideo 1.5 480p"),
        ("Lightricks/LTX-2.3", "LTX-2.3"),
        ("ltx-2", "LTX-2"),
        ("MiniMaxAI/MiniMax-H3", "MiniMax H3"),
        ("sora-2-pro-2025-10-06", "Sora 2 Pro"),
        ("something-new", ""),
    ],
)
def test_a_served_name_is_recognized(model: str, title: str) -> None:
    assert model_schema(OMNI, model).title == title


def test_one_model_and_two_servers_with_their_own_bounds_and_defaults() -> None:
    wan = "Wan2.2-T2V-A14B"
    steps = Parameter("num_inference_steps", "integer", low=1, high=200, default=40)
    assert model_schema(OMNI, wan).parameter("num_inference_steps") == steps
    assert model_schema(SGLANG, wan).parameter("boundary_ratio") is None
    assert "boundary_ratio" not in model_schema(SGLANG, wan).preset
    fps = model_schema(OMNI, wan).parameter("fps")
    assert fps is not None and fps.default == 24  # the server's, not what the model was made for
    assert model_schema(OMNI, wan).preset["fps"] == 16


def test_sizes_and_lengths_are_the_profiles_then_the_models_then_the_servers() -> None:
    own = Server("x", OMNI.base_url, dialect="vllm-omni", sizes=("640x480",))
    assert model_schema(own, "wan2.2").sizes == ("640x480",)
    assert model_schema(OMNI, "wan2.2").sizes[0] == "832x480"
    assert "1920x1080" in model_schema(simulator(), "sora-2-pro").sizes
    assert "20" in model_schema(simulator(), "sora-2").seconds
    aquiles = Server("a", OMNI.base_url, dialect="aquiles")
    assert model_schema(aquiles, "wan2.2").sizes[0] == "1280x720"  # it makes no others
    assert model_schema(Server("y", OMNI.base_url, models=("ltx-2",)), None).title == "LTX-2"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("seed", "7", 7),
        ("seed", "7.0", 7),
        ("guidance_scale", "4", 4),
        ("negative_prompt", "123", "123"),
        ("generate_sound", "Yes", True),
        ("generate_sound", "off", False),
        ("quality", "high", "high"),
        ("extra_params", '{"a": [1]}', {"a": [1]}),
        ("brand_new", "[1, 2]", [1, 2]),
        ("brand_new", "NaN", "NaN"),
        ("seed", "null", None),
    ],
)
def test_a_value_is_read_as_its_kind(name: str, text: str, value: object) -> None:
    schema = model_schema(OMNI, "wan2.2")
    assert schema.read(name, text) == value
    assert schema.check({name: value}) == {name: value}


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("seed", "seven", "param_kind"),
        ("seed", "7.5", "param_kind"),
        ("guidance_scale", "true", "param_kind"),
        ("generate_sound", "perhaps", "param_kind"),
        ("extra_params", "words", "param_kind"),
        ("num_inference_steps", "0", "param_range"),
        ("num_inference_steps", "201", "param_range"),
        ("sound_duration", "0", "param_range"),
        ("quality", "low", "param_choice"),
    ],
)
def test_what_the_server_would_refuse_is_refused_here(name: str, text: str, code: str) -> None:
    with pytest.raises(ProblemError) as refused:
        model_schema(OMNI, "wan2.2").read(name, text)
    assert refused.value.problem.code == code
    assert refused.value.problem.facts["name"] == name


def test_no_table_is_read_by_importing() -> None:
    script = (
        "import sora_tui.engine.model_schema, sora_tui.engine.quote,"
        " sora_tui.client.model_schema as o,"
        " sora_tui.client.prices as p;"
        "print(sum(f.cache_info().currsize for f in (o._rows, o._models, p._hosts)))"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (told.returncode, told.stdout.strip()) == (0, "0"), told.stderr
