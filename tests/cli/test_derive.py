"""`remix`, `edit` and `extend`: the source's own server, the same rules about money."""

from __future__ import annotations

import json

import pytest

from sora_tui.workspace.folder import open_folder
from sora_tui.workspace.history import History
from tests.support.raw_server import Line, RawServer, answer, read_request
from tests.support.server_answers import clip
from tests.support.shell import Shell
from tests.support.simulator_process import Simulator

BOAT = ("generate", "A paper boat", "--model", "sora-2", "--seconds", "1", "--size", "320x180")


def test_a_remix_is_a_new_clip_of_its_source(shell: Shell) -> None:
    assert shell(*BOAT).code == 0
    source = History(open_folder(shell.workspace)).newest(1)[0]
    ran = shell("remix", "@last", "the same boat at night", "--json")
    assert ran.code == 0, ran.err
    (document,) = (said for said in ran.documents if said.get("schema"))
    assert document["state"] == "saved"
    request = document["request"]
    assert (request["operation"], request["source_video"]) == ("remix", source.remote_id)
    assert (request["prompt"], request["size"]) == ("the same boat at night", "320x180")
    assert document["remote"]["remixed_from_video_id"] == source.remote_id
    output = document["outputs"][0]
    assert (output["width"], output["height"], output["seconds"]) == (320, 180, 1.0)


def test_an_edit_is_as_long_as_its_source_and_an_extension_longer(shell: Shell) -> None:
    assert shell(*BOAT).code == 0
    for words, operation, seconds in (
        (("edit", "@last", "in snow"), "edit", 1.0),
        (("extend", "@2", "on and on", "--seconds", "2"), "extend", 3.0),
    ):
        ran = shell(*words, "--json")
        assert ran.code == 0, ran.err
        (document,) = (said for said in ran.documents if said.get("schema"))
        assert document["request"]["operation"] == operation
        assert document["outputs"][0]["seconds"] == seconds


def test_what_is_refused_costs_nothing_and_is_remembered(shell: Shell) -> None:
    def talk(line: Line) -> None:
        while True:
            read_request(line)
            assert line.request is not None
            target = line.request.target.partition("?")[0]
            if line.request.method == "POST" and target != "/v1/videos":
                line.socket.sendall(answer(405, {"detail": "Method Not Allowed"}))
            elif target.endswith("/content"):
                line.socket.sendall(answer(404, "late"))
            else:
                line.socket.sendall(answer(200, clip("completed")))

    with RawServer([talk]) as server:
        environ = {"SORA_BASE_URL": server.url}
        assert shell(*BOAT, "--no-wait", "--yes", **environ).code == 0
        words = ("--seconds", "4", "--yes", "--json")
        ran = shell("extend", "@last", "on and on", *words, **environ)
        assert ran.code == 2, ran.err
        (document,) = (said for said in ran.documents if said.get("schema"))
        error = document["error"]
        assert (error["kind"], error["spent"]) == ("operation_unsupported", "no")
        assert error["message"] == "Method Not Allowed"
        posts = [request for request in server.requests if request.method == "POST"]
        assert json.loads(posts[-1].body) == {
            "prompt": "on and on",
            "seconds": "4",
            "video": {"id": "video_1"},
        }
        ran = shell("extend", "@2", "on and on", "--json", **environ)
        assert ran.code == 2
        (problem,) = ran.documents
        assert problem["code"] == "operation_unsupported"
        assert len([r for r in server.requests if r.method == "POST"]) == len(posts)


def test_a_clip_that_was_not_made_cannot_be_edited(shell: Shell) -> None:
    assert shell.inside("edit", "@last", "red").code == 2
    environ = {"SORA_BASE_URL": "http://127.0.0.1:9/v1"}
    assert shell(*BOAT, "--yes", **environ).code == 4
    ran = shell.inside("edit", "@last", "red", "--json")
    assert ran.code == 2
    assert ran.documents[0]["code"] == "step_illegal"


def test_a_character_is_made_listed_and_used(shell: Shell) -> None:
    assert shell(*BOAT).code == 0
    ran = shell("character", "Mossy", "@last", "--json")
    assert ran.code == 0, ran.err
    (made,) = (said for said in ran.documents if said.get("schema"))
    assert (made["state"], made["outputs"]) == ("completed", [])
    assert made["request"]["source_file"]["path"].startswith("output/")
    assert shell.inside("characters").out.splitlines()[1].split()[::2] == [
        "Mossy",
        made["remote_id"],
    ]
    prompt = shell.workspace / "prompts" / "walk.md"
    prompt.write_text('+++\ncharacters = ["Mossy"]\nsize = "320x180"\n+++\n\nMossy walks\n')
    ran = shell("generate", "-f", "walk", "--seconds", "1", "--json")
    assert ran.code == 0, ran.err
    (walk,) = (said for said in ran.documents if said.get("schema"))
    assert walk["request"]["characters"] == [
        {"name": "Mossy", "id": made["remote_id"], "job": made["id"]}
    ]
    shown = shell.inside("show", made["id"], "--json").documents[0]
    assert shown["lineage"]["became"] == [{"id": walk["id"], "how": "with"}]
    ran = shell.inside("generate", "Nobody", "--character", "Tom", "--json")
    assert (ran.code, ran.documents[0]["code"]) == (2, "character_unknown")
    dry = shell.inside("generate", "It walks", "--character", "Mossy", "--dry-run", "--json")
    assert dry.documents[0]["fields"]["characters"] == [{"id": made["remote_id"]}]
    assert dry.documents[0]["encoding"] == "json"


def test_a_prompt_file_may_say_what_it_is_made_of(shell: Shell) -> None:
    assert shell(*BOAT).code == 0
    source = History(open_folder(shell.workspace)).newest(1)[0]
    prompt = shell.workspace / "prompts" / "night.md"
    prompt.write_text(f'+++\noperation = "extend"\nsource = "{source.id}"\n+++\n\nNight falls\n')
    ran = shell("generate", "-f", "night", "--dry-run", "--json", SORA_DURATION="8")
    assert ran.code == 0, ran.err
    (order,) = ran.documents
    assert order["url"].endswith("/v1/videos/extensions")
    assert order["fields"] == {
        "prompt": "Night falls",
        "seconds": "1",
        "video": {"id": source.remote_id},
    }
    ran = shell.inside("edit", f"output/{source.outputs[0].path[7:]}", "in snow", "--dry-run")
    assert "(multipart)" in ran.out
    assert f"video = {source.outputs[0].path}  sha256 {source.outputs[0].sha256[:12]}" in ran.out


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, simulator: Simulator) -> Shell:
    """A workspace with one saved clip."""
    environ = {"SORA_BASE_URL": simulator.base_url, "SORA_API_KEY": simulator.key}
    shell = Shell(tmp_path_factory.mktemp("made"), environ)
    assert shell(*BOAT).code == 0
    return shell


@pytest.mark.parametrize(
    ("operation", "more"), [("remix", {}), ("edit", {}), ("extend", {"seconds": "1"})]
)
def test_parameters_travel_as_for_a_new_clip(
    made: Shell, operation: str, more: dict[str, str]
) -> None:
    words = ("--param", "seed=7", "--preset", "wan2.2-t2v-a14b", "--param", "steps=3")
    ran = made.inside(operation, "@last", "at night", *words, "--dry-run", "--json")
    assert ran.code == 0, ran.err
    fields = ran.documents[0]["fields"]
    assert (fields.pop("video", None) is None) is (operation == "remix")
    # Of the preset what this server takes; the rest of a new clip's settings is the source's.
    assert fields == {"prompt": "at night", "seed": 7, "steps": 3, "fps": 16, **more}


def test_a_remix_out_of_a_file_holds_all_that_was_asked(made: Shell) -> None:
    (made.workspace / "prompts" / "hour.md").write_text(
        '+++\nsize = "64x64"\nseconds = 8\n[params]\nnegative_prompt = "people"\n'
        '[variables]\nhour = "noon"\n+++\n\nThe boat at {{hour}}\n'
    )
    words = ("-f", "hour", "--var", "hour=dusk", "--param", "seed=7")
    ran = made("remix", "@last", *words, "--json")
    assert ran.code == 0, ran.err
    (document,) = (said for said in ran.documents if said.get("schema"))
    request, asked = document["request"], {"seed": 7, "negative_prompt": "people"}
    assert (request["prompt"], request["params"]) == ("The boat at dusk", asked)
    assert request["prompt_file"] == "prompts/hour.md"
    assert request["variables"] == {"hour": "dusk"}
    assert {name: document["remote"][name] for name in asked} == asked
    assert "Not sent, because the clip decides: seconds, size" in ran.err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--param", "seed=x"), "param_kind"),
        (("--param", "size=64x64"), "param_standard"),
        (("--param", "video=x"), "param_standard"),
        (("--preset", "nobody"), "preset_unknown"),
        (("-f", "nowhere.md"), "prompt_missing"),
        (("-f", "picture.md"), "operation_takes_no"),
        (("-f", "cast.md"), "operation_takes_no"),
    ],
)
def test_what_an_operation_cannot_carry_is_refused(
    made: Shell, words: tuple[str, ...], code: str
) -> None:
    for name, setting in {
        "picture": 'reference = "a.jpg"',
        "cast": 'characters = ["Mossy"]',
    }.items():
        (made.workspace / "prompts" / f"{name}.md").write_text(f"+++\n{setting}\n+++\n\nNight\n")
    text = () if words[0] == "-f" else ("at night",)
    before = made.documents
    ran = made.inside("edit", "@last", *text, *words, "--json", "--yes")
    assert (ran.code, ran.documents[-1]["code"]) == (2, code)
    assert made.documents == before


def test_a_text_or_a_file_and_not_both(made: Shell) -> None:
    for words, said in (((), "give TEXT or -f FILE"), (("a", "-f", "b"), "not both")):
        ran = made.inside("remix", "@last", *words)
        assert ran.code == 2
        assert ran.err.startswith("sora-tui remix: ")
        assert said in ran.err
