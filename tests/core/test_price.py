"""What a clip costs, which question that needs, and how long it still takes."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora_tui.client.model_schema import parameter_names
from sora_tui.client.prices import measures_for
from sora_tui.core.eta import seconds_left, typical_seconds
from sora_tui.core.price import Ask, Price, PriceKind, PriceTable, ask_for, folded, price_of
from sora_tui.core.problem import ProblemError
from sora_tui.core.request import VideoRequest, check_request
from sora_tui.core.server import Server, simulator

WISH = VideoRequest(prompt="A kite", model="sora-2", seconds="8", size="1280x720")
LAB = Server("lab", "https://lab.example.org/v1")
HERE = Server("here", "http://127.0.0.1:8000/v1")
TABLE = PriceTable(
    {"sora-2": {"*": Decimal("0.10")}, "pro": {"1792x1024": Decimal("0.50")}}, dated="2026-11-01"
)


def test_practice_is_free_whatever_a_table_says() -> None:
    assert price_of(simulator(), WISH, TABLE).kind is PriceKind.FREE
    assert price_of(LAB._replace(free=True), WISH, TABLE) == Price(PriceKind.FREE, Decimal(0))


def test_the_table_of_the_host_names_sum_rate_and_day() -> None:
    assert price_of(LAB, WISH, TABLE) == Price(
        PriceKind.PRICED, Decimal("0.80"), "USD", Decimal("0.10"), "2026-11-01"
    )


def test_the_profile_knows_better_than_the_table() -> None:
    own = LAB._replace(prices={"*": {"*": Decimal("0.02")}}, currency="EUR")
    assert price_of(own, WISH, TABLE) == Price(
        PriceKind.PRICED, Decimal("0.16"), "EUR", Decimal("0.02")
    )


@pytest.mark.parametrize(
    "wish",
    [
        WISH._replace(model="unheard-of"),
        WISH._replace(model="pro"),  # priced, but not at this size
        WISH._replace(seconds=None),
        WISH._replace(seconds="a while"),
        WISH._replace(model=None),
    ],
)
def test_a_missing_size_or_length_leaves_the_price_unknown(wish: VideoRequest) -> None:
    price = price_of(LAB, wish, TABLE)
    assert (price.kind, price.sum) == (PriceKind.UNKNOWN, None)


@pytest.mark.parametrize(
    ("kind", "server", "self_run", "always", "ask"),
    [
        (PriceKind.FREE, LAB, False, False, Ask.NOTHING),
        (PriceKind.PRICED, LAB, False, False, Ask.SUM),
        (PriceKind.PRICED, LAB, False, True, Ask.SUM),  # "always" was said of unknown prices only
        (PriceKind.PRICED, HERE, True, True, Ask.SUM),
        (PriceKind.PRICED, LAB._replace(free=True), False, False, Ask.NOTHING),
        (PriceKind.UNKNOWN, LAB, False, False, Ask.UNKNOWN),
        (PriceKind.UNKNOWN, LAB, False, True, Ask.NOTHING),
        (PriceKind.UNKNOWN, HERE, False, False, Ask.UNKNOWN),
        (PriceKind.UNKNOWN, HERE, False, True, Ask.NOTHING),
        (PriceKind.UNKNOWN, HERE, True, False, Ask.NOTHING),
    ],
)
def test_the_question_follows_the_class_of_price(
    kind: PriceKind, server: Server, self_run: bool, always: bool, ask: Ask
) -> None:
    assert ask_for(Price(kind, None), server, self_run=self_run, always=always) is ask


positive = st.floats(0.001, 1e6)


@given(positive, st.none() | st.floats(0, 100), st.none() | positive)
def test_time_left_is_never_negative_and_over_at_the_end(
    elapsed: float, progress: float | None, usual: float | None
) -> None:
    left = seconds_left(elapsed, progress, usual)
    assert left is None or left >= 0
    if progress == 100:
        assert left == 0


@pytest.mark.parametrize(
    ("elapsed", "progress", "usual", "left"),
    [
        (30, 25, None, 90),
        (30, 25, 1000, 90),  # what the server says counts more than what was usual
        (30, 2, 83, 53),  # too early to count on
        (30, None, 83, 53),
        (90, None, 83, None),  # longer than usual: nothing honest can be said
        (30, None, None, None),
    ],
)
def test_time_left_by_example(
    elapsed: float, progress: float | None, usual: float | None, left: float | None
) -> None:
    assert seconds_left(elapsed, progress, usual) == left


def test_usual_is_the_middle_not_the_mean() -> None:
    assert typical_seconds([80, 83, 900]) == 83
    assert typical_seconds([]) is None


MEASURES = measures_for(Server("box", "http://127.0.0.1:8000/v1", dialect="vllm-omni"))
RATED = LAB._replace(prices={"*": {"*": Decimal("0.10")}})
PLAIN = VideoRequest("A kite", model="sora-2", seconds="4")


@pytest.mark.parametrize(
    ("params", "sum", "clips"),
    [
        ({"n": 4}, "1.60", 4),
        ({"n": "4"}, "1.60", 4),
        ({"num_outputs_per_prompt": 4}, "1.60", 4),
        ({"numVideos": 2.0}, "0.80", 2),
        ({"n": 2, "num_outputs_per_prompt": 3}, "1.20", 3),  # names of one thing
        ({"num_frames": 241, "fps": 16}, "1.50625", 1),
        ({"num-frames": "241", "frame_rate": "16"}, "1.50625", 1),
        ({"num_frames": 241}, "1.004167", 1),  # 24 a second there, rounded up
        ({"num_frames": 48, "fps": 24}, "0.40", 1),  # a server may go by the seconds
        ({"fps": 8}, "0.40", 1),
        ({"duration": 16}, "1.60", 1),
        ({"durationSeconds": "16", "sampleCount": 2}, "3.20", 2),
        ({"seed": 7, "extra_params": {"shift": 3}, "n": None}, "0.40", 1),
        ({"num_frames": 161, "fps": 16, "n": 2}, "2.0125", 2),
        ({"\uff4e": 4}, "1.60", 4),
        ({"n\u200b": 4}, "1.60", 4),
        ({"duration_in_seconds": 16}, "1.60", 1),
        ({"best_of": 2}, "0.80", 2),
        ({"num_inference_steps": 50, "max_sequence_length": 512}, "0.40", 1),
        ({"num_of_shorts": 1}, "0.40", 1),
    ],
)
def test_what_multiplies_or_lengthens_is_paid(params: dict[str, Any], sum: str, clips: int) -> None:
    price = price_of(RATED, PLAIN._replace(params=params), None, MEASURES)
    assert (price.kind, price.sum, price.clips) == (PriceKind.PRICED, Decimal(sum), clips)
    by_profile = price_of(RATED._replace(params=params), PLAIN, None, MEASURES)
    assert by_profile == price, "the profile's own parameters are sent too"


@pytest.mark.parametrize(
    "value",
    [
        *("four", "", "4 clips", "٤", "1e2", "0", "-2"),  # a digit that is not ASCII
        *(0, -1, 1.5, True, 10**400, math.inf, math.nan),
        *([4], {"value": 4}),
    ],
)
@pytest.mark.parametrize("name", ["n", "num_outputs_per_prompt"])
def test_a_number_of_clips_that_is_none_never_counts_as_one(name: str, value: Any) -> None:
    price = price_of(RATED, PLAIN._replace(params={name: value}), None, MEASURES)
    assert (price.kind, price.sum, price.unclear) == (PriceKind.UNKNOWN, None, name)


@pytest.mark.parametrize(
    ("params", "unclear"),
    [
        ({"num_frames": "many", "fps": 16}, "num_frames"),
        ({"num_frames": 241, "fps": 0}, "fps"),
        ({"duration": "8s"}, "duration"),
        ({"video_length": 129}, "video_length"),  # frames here, seconds there
        ({"extra_params": {"n": 4}}, "extra_params"),
        ({"extra_body": '{"inner": [{"num_frames": 241}]}'}, "extra_body"),
        ({"nvext": [{"fps": 8}]}, "nvext"),
        ({"extra[n]": 4}, "extra[n]"),
        ({"n[]": 4}, "n[]"),
        ({"input.n": 4}, "input.n"),
        ({"numOfShorts": 4}, "numOfShorts"),  # in no list, and sounds like a count
        ({"make_seconds": 60}, "make_seconds"),
        ({"latent_frame_total": 81}, "latent_frame_total"),
    ],
)
def test_an_amount_that_cannot_be_worked_out_leaves_the_price_unknown(
    params: dict[str, Any], unclear: str
) -> None:
    price = price_of(RATED, PLAIN._replace(params=params), None, MEASURES)
    assert (price.kind, price.sum, price.unclear) == (PriceKind.UNKNOWN, None, unclear)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "video_seconds_total",
            "minutes",
            "time",
            "runtime",
            "latent_frames",
            "num_latent_frames",
        ),
        *("num_frames_per_chunk", "window_frames", "end_frame", "loop", "loops", "takes"),
        *("iterations", "num_iterations", "amount", "images", "image_num", "generations"),
        *("variations", "repetitions", "segments", "n_predictions", "extensions", "total"),
        *("end_time", "dur", "len", "how_many"),
        *("results", "number", "video_quantity", "outputs_wanted", "sampleTotal"),
    ],
)
@pytest.mark.parametrize("value", [4, 4.0, "4", " 4", "+4", "1e3", "0x3e8", "٤", "4s", [4]])
def test_a_number_that_may_multiply_leaves_the_price_unclear(name: str, value: Any) -> None:
    price = price_of(RATED, PLAIN._replace(params={name: value}), None, MEASURES)
    assert (price.sum, price.unclear) == (None, name)
    for harmless in ("fast", True, None):
        told = price_of(RATED, PLAIN._replace(params={name: harmless}), None, MEASURES)
        assert told.sum == Decimal("0.40")


@pytest.mark.parametrize("name", ["prompts", "seeds", "shots", "scenes"])
def test_a_list_that_multiplies_leaves_the_price_unclear(name: str) -> None:
    price = price_of(RATED, PLAIN._replace(params={name: ["a", "b"]}), None, MEASURES)
    assert (price.sum, price.unclear) == (None, name)
    one = price_of(RATED, PLAIN._replace(params={name: ["a"]}), None, MEASURES)
    assert one.sum == Decimal("0.40")


@pytest.mark.parametrize(
    ("params", "unclear"),
    [
        ({"Model": "dear"}, "Model"),
        ({"extra_body": {"model": "dear"}}, "extra_body"),
        ({"extra_body": {"inner": {"model_name": "dear"}}}, "extra_body"),
        ({"extra_body": {"model": "sora-2"}}, ""),
    ],
)
def test_another_model_inside_leaves_the_price_unclear(
    params: dict[str, Any], unclear: str
) -> None:
    price = price_of(RATED, PLAIN._replace(params=params), None, MEASURES)
    assert price.unclear == unclear
    assert (price.sum is None) == bool(unclear)


@pytest.mark.parametrize(
    "name", ["n[]", "n.value", "extra[n]", "input.n", "seconds.total", "a/num_frames", "ｅ［ｎ］"]
)
def test_a_name_of_several_parts_is_taken_apart(name: str) -> None:
    price = price_of(RATED, PLAIN._replace(params={name: 4}), None, MEASURES)
    assert (price.sum, price.unclear) == (None, name)
    inside = {"extra": {name: 4}}
    assert price_of(RATED, PLAIN._replace(params=inside), None, MEASURES).unclear == "extra"


@pytest.mark.parametrize("name", ["ｎ", "Ｎ", "n\u200b", "\ufeffn", "n\ufe0f", "𝗇", " n", "n-"])
def test_a_name_that_reads_alike_is_the_same_name(name: str) -> None:
    price = price_of(RATED, PLAIN._replace(params={name: 4}), None, MEASURES)
    assert (price.sum, price.clips) == (Decimal("1.60"), 4)


@pytest.mark.parametrize("name", ["n\u200b", "\ufeffn", "n\ufe0f", "n\u3164", "n\u00a0", "n\n"])
def test_a_name_with_a_character_that_nobody_sees_is_not_sent(name: str) -> None:
    with pytest.raises(ProblemError, match="param_name"):
        check_request(PLAIN._replace(params={name: 4}))


def test_the_query_of_a_profile_multiplies_too() -> None:
    for query, sum in (({"n": "4"}, "1.60"), ({"api-version": "preview"}, "0.40")):
        assert price_of(RATED._replace(query=query), PLAIN, None, MEASURES).sum == Decimal(sum)
    both = RATED._replace(query={"n": "4"}, params={"n": 2})
    assert price_of(both, PLAIN, None, MEASURES).sum == Decimal("1.60")
    assert price_of(RATED._replace(query={"takes": "4"}), PLAIN, None, MEASURES).unclear == "takes"


def test_known_parameters_and_presets_have_a_price() -> None:
    named = {name for name in parameter_names() if not MEASURES.has(folded(name))}
    harmless = dict.fromkeys(sorted(named), 7) | {"num_inference_steps": 30, "sample_shift": 5.0}
    price = price_of(RATED, PLAIN._replace(params=harmless), None, MEASURES)
    assert (price.sum, price.unclear) == (Decimal("0.40"), "")


def test_frames_of_a_server_whose_rate_nobody_knows_have_no_price() -> None:
    unknown = measures_for(LAB)
    asked = PLAIN._replace(params={"num_frames": 241})
    assert price_of(RATED, asked, None, unknown).unclear == "num_frames"
    assert price_of(LAB, asked, None, unknown).unclear == "", "there is no rate either"


def test_a_parameter_taken_out_of_the_profile_is_not_paid() -> None:
    server = RATED._replace(params={"n": 4})
    asked = PLAIN._replace(params={"n": None})
    assert price_of(server, asked, None, MEASURES).sum == Decimal("0.40")
    assert server.with_own(asked.params) == {"n": None}, "and a record keeps that"


@pytest.mark.parametrize(
    ("size", "params", "rate"),
    [
        ("1280x720", {}, "0.30"),
        (None, {"size": "1920x1080"}, "0.70"),
        (None, {"width": 1920, "height": 1080}, "0.70"),
        ("1280x720", {"resolution": "1080P"}, "0.70"),
        ("1280x720", {"resolution": 480}, None),
        (None, {}, None),
    ],
)
def test_the_size_in_a_parameter_has_its_rate(
    size: str | None, params: dict[str, Any], rate: str | None
) -> None:
    tiers = {"720p": Decimal("0.30"), "1080p": Decimal("0.70")}
    price = price_of(
        LAB._replace(prices={"*": tiers}), PLAIN._replace(size=size, params=params), None, MEASURES
    )
    assert price.per_second == (None if rate is None else Decimal(rate))
