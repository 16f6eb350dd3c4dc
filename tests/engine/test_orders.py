"""One home for money: the same order meets the same question from every entry point."""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from sora_tui.cli import place_order
from sora_tui.cli import resolve_unconfirmed as decide_command
from sora_tui.cli.commands import batch as batch_command
from sora_tui.cli.consent import agree
from sora_tui.cli.console import Console
from sora_tui.cli.resolve_unconfirmed import UnconfirmedResolver
from sora_tui.config.consents import consents_path
from sora_tui.config.paths import user_toml_path
from sora_tui.config.settings import Settings, load_settings
from sora_tui.core.job import Consent, Cost, Job, JobError
from sora_tui.core.job_id import JobIds
from sora_tui.core.limits import Budget
from sora_tui.core.price import Ask, PriceKind
from sora_tui.core.problem import Problem, ProblemError, Spent, problem, problem_error
from sora_tui.core.request import VideoRequest
from sora_tui.core.server import Server
from sora_tui.engine import orders
from sora_tui.engine.budget_guard import BudgetGuard
from sora_tui.engine.engine import Engine
from sora_tui.engine.orders import Answer, Item, Order
from sora_tui.engine.submit import refusal
from sora_tui.media.decoder_client import DecoderClient
from sora_tui.tui.services.draft_orders import prepare
from sora_tui.tui.services.job_plans import plan_retry
from sora_tui.tui.state.draft import draft_of_request
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from sora_tui.workspace.job_document import decode, encode
from tests.support.raw_server import answer
from tests.support.server_answers import NOT_FOUND, SHAPES, Shape, answering
from tests.support.shell import Shell
from tests.support.stored_jobs import put, wish
from tests.support.tui.workspace_app import FakeEngine

REQUEST = VideoRequest("A kite", model="sora-2", seconds="4", size="1280x720")
PRICES = 'prices = { "sora-2" = 0.10 }'
HANDED_IN = "handed in"
HERE = 'base_url = "http://127.0.0.1:9/v1"\ndialect = "vllm-omni"'
UNDER_FOUR = "[budget]\nper_job = 1.50"
LOST = JobError("answer_lost", Spent.PERHAPS)

Entry = Callable[[Folder, Settings, pytest.MonkeyPatch], str]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return open_folder(tmp_path)


def settings_of(folder: Folder, profile: str, more: str = "") -> Settings:
    """The settings of a person whose chosen server is `lab`."""
    base_url = "" if "base_url" in profile else 'base_url = "https://lab.example.org/v1"\n'
    user_toml_path().parent.mkdir(parents=True, exist_ok=True)
    user_toml_path().write_text(f'default = "lab"\n{more}\n[servers.lab]\n{base_url}{profile}\n')
    return load_settings(workspace=folder.root, server=None, environ=os.environ)


def job_at(settings: Settings, second: int) -> Job:
    """A job of today that asked the chosen server for `REQUEST`."""
    made = replace(wish(second), request=REQUEST, server=settings.server.ref, cost=Cost(None))
    return replace(made, consent=Consent("unknown", made.created_at))


def lost(settings: Settings) -> Job:
    job = job_at(settings, 1)
    sent = job.submitting(job.created_at, "key")
    return sent.unconfirmed(job.created_at, JobError("answer_lost", Spent.PERHAPS))


def failed(settings: Settings) -> Job:
    job = job_at(settings, 2)
    sent = job.submitting(job.created_at, "key")
    return sent.rejected(job.created_at, JobError("request_refused", Spent.NO))


def outcome(problem: Problem) -> str:
    return {"declined": HANDED_IN, "consent_price": "sum", "consent_unknown": "unknown"}.get(
        problem.code, problem.code
    )


def nothing_is_sent(*_words: object) -> list[Job]:
    raise problem_error("declined")


def on_command_line(
    words: list[str], folder: Folder, patch: pytest.MonkeyPatch, **environ: str
) -> str:
    # What is asked is decided before anything is handed in: no server is needed to see it.
    for command in (place_order, batch_command):
        patch.setattr(command, "submit", nothing_is_sent)
    ran = Shell(folder.root, environ).inside(*words, "--json")
    return outcome(problem(ran.documents[-1]["code"]))


WORDS = ["generate", "A kite", "--model", "sora-2", "--seconds", "4", "--size", "1280x720"]


def generate(folder: Folder, settings: Settings, patch: pytest.MonkeyPatch) -> str:
    return on_command_line(WORDS, folder, patch)


def batch(folder: Folder, settings: Settings, patch: pytest.MonkeyPatch) -> str:
    line = {"prompt": "A kite", "model": "sora-2", "seconds": 4, "size": "1280x720"}
    (folder.root / "shots.jsonl").write_text(json.dumps(line))
    ran = on_command_line(["batch", "shots.jsonl"], folder, patch)
    return ran if ran != "batch_line" else "refused_before"


def send_again(folder: Folder, settings: Settings, patch: pytest.MonkeyPatch) -> str:
    """`wait JOB --send-again`."""
    patch.setattr(decide_command, "submit", nothing_is_sent)
    engine, console = Engine(folder, settings.servers), Console(as_json=True)
    deciding = UnconfirmedResolver(
        folder, engine, SimpleQueue(), History(folder), settings, console
    )
    with pytest.raises(ProblemError) as raised:
        deciding.send_again(lost(settings))
    return outcome(raised.value.problem)


def asked(order: Order) -> str:
    """What the screen asks before it hands this in."""
    if order.refused is not None:
        return order.refused.code
    return HANDED_IN if order.ask is Ask.NOTHING else str(order.ask)


def on_screen(price: Callable[[], Order]) -> str:
    try:
        order = price()
        order.check()
    except ProblemError as error:
        return outcome(error.problem)
    return asked(order)


def screen_generate(folder: Folder, settings: Settings, patch: pytest.MonkeyPatch) -> str:
    draft, now = draft_of_request(REQUEST), datetime.now(UTC)
    return on_screen(lambda: prepare(folder, settings, draft, now, DecoderClient()).order)


def screen_again(folder: Folder, settings: Settings, patch: pytest.MonkeyPatch) -> str:
    def price() -> Order:
        plan = plan_retry([failed(settings)], folder, settings, datetime.now(UTC))
        assert plan.order is not None
        assert (plan.question is None) == (asked(plan.order) == HANDED_IN)
        return plan.order

    return on_screen(price)


def screen_send_again(folder: Folder, settings: Settings, patch: pytest.MonkeyPatch) -> str:
    now = datetime.now(UTC)
    return on_screen(lambda: orders.resend(folder, lost(settings), settings, now))


ENTRIES: list[Entry] = [
    generate,
    batch,
    send_again,
    screen_generate,
    screen_again,
    screen_send_again,
]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.__name__)
@pytest.mark.parametrize(
    ("profile", "more", "expected"),
    [
        pytest.param("free = true", "", HANDED_IN, id="free"),
        pytest.param(PRICES, "", "sum", id="priced"),
        pytest.param('prices = { "*" = 0 }', "", "sum", id="priced at nothing"),
        pytest.param("", "", "unknown", id="unknown"),
        pytest.param(PRICES, "[budget]\nper_day = 0.39", "over_budget", id="over a day's limit"),
        pytest.param(PRICES, "[budget]\nper_job = 0.39", "over_budget", id="over a clip's limit"),
        pytest.param("", "[budget]\nper_day = 9", "price_unknown", id="a limit nobody can hold"),
        pytest.param(PRICES, "refused", "refused_before", id="refused before"),
        pytest.param(
            'base_url = "https://api.openai.com/v1"\nauth = "none"', "", "sum", id="ended model"
        ),
        pytest.param(f'api_key_env = "NO_SUCH_KEY"\n{PRICES}', "", "key_missing", id="no key"),
        pytest.param(
            f"{PRICES}\nparams = {{ n = 4 }}", UNDER_FOUR, "over_budget", id="four clips in one"
        ),
        pytest.param(
            f"{PRICES}\nparams = {{ num_frames = 241, fps = 16 }}",
            UNDER_FOUR,
            "over_budget",
            id="frames",
        ),
        pytest.param(
            f'{PRICES}\nparams = {{ n = "four" }}', UNDER_FOUR, "price_unclear", id="no number"
        ),
        pytest.param(
            f'{HERE}\n{PRICES}\nparams = {{ n = "four" }}', "", "unknown", id="no number here"
        ),
        pytest.param(PRICES, "[budget]\nper_day = 9\nbroken", "day_unreadable", id="unreadable"),
        pytest.param(PRICES, "broken", "sum", id="unreadable, without a limit"),
        pytest.param("free = true", "[budget]\nper_day = 9\nbroken", HANDED_IN, id="broken, free"),
        pytest.param("free = true", "reported", HANDED_IN, id="a free server that reports"),
        pytest.param(
            "free = true", "[budget]\nper_day = 0.30\nreported", "over_budget", id="reports, day"
        ),
        pytest.param(
            "free = true", "[budget]\nper_job = 0.19\nreported", "over_budget", id="reports, clip"
        ),
    ],
)
def test_the_same_order_meets_the_same_question_everywhere(
    entry: Entry,
    profile: str,
    more: str,
    expected: str,
    folder: Folder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = more
    for word in ("refused", "broken", "reported"):
        written = written.removesuffix(word)
    settings = settings_of(folder, profile, written)
    now = datetime.now(UTC)
    if more.endswith("broken"):
        (folder.metadata / f"{JobIds().next(now)}.json").write_text('{"schema": 1,')
    if more.endswith("reported"):
        job = job_at(settings, 5)
        cost = Cost(Decimal(0), Decimal("0.20"))
        put(folder, replace(job.submitting(now, "key").unconfirmed(now, LOST), cost=cost))
    if more == "refused":
        job = job_at(settings, 3)
        sent = job.submitting(job.created_at, "key")
        why = JobError("moderation_before", Spent.NO, "sentinel_block")
        put(folder, sent.rejected(job.created_at, why))
    if more.endswith("broken") and entry is batch:
        expected = "document_broken"  # it may be of this very batch, limit or not
    assert entry(folder, settings, monkeypatch) == expected


def test_an_ended_model_is_named_with_the_order(folder: Folder) -> None:
    settings = settings_of(folder, 'base_url = "https://api.openai.com/v1"\nauth = "none"')
    now = datetime.now(UTC)
    for order in (
        orders.prepare(folder, [Item(REQUEST)], settings.server, settings, now),
        orders.retry(folder, [failed(settings)], settings, now),
        orders.resend(folder, lost(settings), settings, now),
    ):
        assert [end.own for end in order.retirements] == [True]


# The limits count the sum -----------------------------------------------------------------------


def shop(name: str, price: str) -> Server:
    prices = {"*": {"*": Decimal(price)}}
    return Server(name, f"https://{name}.example.org/v1", prices=prices)


CHEAP, DEAR = shop("cheap", "0.10"), shop("dear", "0.20")


def shops(settings: Settings, budget: Budget) -> Settings:
    return settings._replace(servers={"cheap": CHEAP, "dear": DEAR}, budget=budget)


@pytest.mark.parametrize(
    ("budget", "code"),
    [
        # 4 s at 0.10, 4 s at 0.20, once more 4 s at 0.10: 1.60 in all.
        (Budget(per_day=Decimal("1.60")), None),
        (Budget(per_day=Decimal("1.59")), "over_budget"),
        (Budget(per_job=Decimal("0.80")), None),
        (Budget(per_job=Decimal("0.79")), "over_budget"),
    ],
)
def test_again_on_several_jobs_counts_the_sum_over_all_servers(
    folder: Folder, budget: Budget, code: str | None
) -> None:
    settings = shops(settings_of(folder, ""), budget)
    jobs = [
        replace(failed(settings_of(folder, "")), server=server.ref)
        for server in (CHEAP, DEAR, CHEAP)
    ]
    try:
        plan = plan_retry(jobs, folder, settings, datetime.now(UTC))
    except ProblemError as error:
        assert error.problem.code == code
    else:
        assert code is None
        assert plan.question is not None
        assert "Make 3 new clips on cheap, dear: about $1.60?" in plan.question.asked


# What the answer makes of it --------------------------------------------------------------------


def order_of(folder: Folder, profile: str, *items: Item) -> Order:
    settings = settings_of(folder, profile)
    return orders.prepare(folder, items, settings.server, settings, datetime.now(UTC))


def test_each_clip_gets_its_own_part_of_the_consent(folder: Folder) -> None:
    now, engine = datetime.now(UTC), FakeEngine()
    longer = Item(REQUEST._replace(seconds="8"))
    order = order_of(folder, PRICES, Item(REQUEST, clips=2), longer)
    assert (order.clips, order.price.sum) == (3, Decimal("1.60"))
    orders.submit(engine, order, orders.consent(order, Answer(yes=True), now))
    assert [(consent.sum, count) for _s, _r, consent, count in engine.orders] == [
        (Decimal("0.40"), 2),
        (Decimal("0.80"), 1),
    ]
    alone = order_of(folder, "free = true", Item(REQUEST, clips=2))
    answer = Answer(max_spend=Decimal(1))
    (job, _other) = orders.submit(engine, alone, orders.consent(alone, answer, now))
    assert job.consent is not None
    assert (job.consent.kind, job.consent.max_spend) == (PriceKind.FREE, Decimal("0.5"))


@pytest.mark.parametrize(
    ("profile", "answer", "code"),
    [
        (PRICES, Answer(), "consent_price"),
        (PRICES, Answer(yes=True), None),
        (PRICES, Answer(max_spend=Decimal("0.80")), None),
        (PRICES, Answer(max_spend=Decimal("0.79")), "over_budget"),
        (PRICES, Answer(yes=True, max_spend=Decimal("0.79")), "over_budget"),
        ("", Answer(), "consent_unknown"),
        ("", Answer(yes=True), None),
        ("", Answer(yes=True, max_spend=Decimal(9)), "consent_unknown"),
        ("free = true", Answer(), None),
        (f"{PRICES}\nparams = {{ n = 4 }}", Answer(max_spend=Decimal("3.20")), None),
        (f"{PRICES}\nparams = {{ n = 4 }}", Answer(max_spend=Decimal("3.19")), "over_budget"),
        (f"{PRICES}\nparams = {{ n = 0 }}", Answer(max_spend=Decimal(9)), "consent_unknown"),
        (f"{PRICES}\nparams = {{ n = 0 }}", Answer(), "consent_unknown"),
        (f"{HERE}\n{PRICES}\nparams = {{ n = 0 }}", Answer(), "consent_unknown"),
    ],
)
def test_what_an_answer_covers(
    folder: Folder, profile: str, answer: Answer, code: str | None
) -> None:
    order = order_of(folder, profile, Item(REQUEST, clips=2))
    try:
        orders.consent(order, answer, datetime.now(UTC))
    except ProblemError as error:
        assert error.problem.code == code
    else:
        assert code is None


def test_what_a_free_server_reported_is_held_to_the_limit_of_an_answer(folder: Folder) -> None:
    settings, now = settings_of(folder, "free = true"), datetime.now(UTC)
    job = job_at(settings, 5).submitting(now, "key").unconfirmed(now, LOST)
    put(folder, replace(job, cost=Cost(Decimal(0), Decimal("0.20"))))
    order = order_of(folder, "free = true", Item(REQUEST, clips=2))
    assert (order.price.kind, order.price.sum) == (PriceKind.FREE, Decimal("0.40"))
    assert orders.open_question(order, Answer(max_spend=Decimal("0.40"))) is Ask.NOTHING
    with pytest.raises(ProblemError, match="over_budget"):
        orders.open_question(order, Answer(max_spend=Decimal("0.39")))


def test_an_order_knows_how_many_clips_come_of_it(folder: Folder) -> None:
    order = order_of(folder, f"{PRICES}\nparams = {{ n = 4 }}", Item(REQUEST, clips=2))
    assert (order.clips, order.outputs, order.price.sum) == (2, 8, Decimal("3.20"))


def test_what_never_left_keeps_its_consent_only_as_long_as_that_covers_its_price(
    folder: Folder,
) -> None:
    """Else the engine would hold back what the person has just agreed to."""
    settings, now = settings_of(folder, PRICES), datetime.now(UTC)

    def way(sum: str | None) -> Any:
        job = job_at(settings, 4)
        consent = Consent("priced", now, None if sum is None else Decimal(sum))
        unsent = replace(job, consent=consent).not_sent(
            now, JobError("server_unreachable", Spent.NO)
        )
        engine = FakeEngine()
        order = orders.retry(folder, [unsent], settings, now)
        orders.submit(engine, order, orders.consent(order, Answer(yes=True), now))
        return [verb for _id, verb, _more in engine.commands], len(engine.orders)

    assert way("0.40") == (["retry"], 0)
    assert way("0.39") == ([], 1)
    assert way(None) == ([], 1)


# On this machine ---------------------------------------------------------------------------------

VLLM, LITELLM = SHAPES["vllm-omni"][0], SHAPES["litellm"][0]
#: A gateway that hands on the answers of a server that runs models, and has others behind it.
BOTH: Shape = {
    **VLLM,
    "/v1/models": answer(
        200,
        {
            "object": "list",
            "data": [{"id": "wan2.2", "owned_by": "vllm"}, {"id": "sora-2", "owned_by": "openai"}],
        },
    ),
}
#: It has videos, and tells nothing of itself.
NAMELESS: Shape = {"/v1/videos": answer(200, {"object": "list", "data": []})}
ASKED_NOTHING, ASKED = (HANDED_IN, HANDED_IN), ("unknown", "price_unknown")


def here(url: str, more: str = "") -> str:
    return f'base_url = "{url}"\n{more}'


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.__name__)
@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        pytest.param(VLLM, ASKED_NOTHING, id="vLLM-Omni"),
        pytest.param(LITELLM, ASKED, id="LiteLLM"),
        pytest.param(NAMELESS, ASKED, id="unknown server"),
    ],
)
def test_on_this_machine_only_a_server_that_runs_its_models_asks_nothing(
    entry: Entry,
    shape: Shape,
    expected: tuple[str, str],
    folder: Folder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with answering(shape, NOT_FOUND) as server:
        for limit, said in zip(("", "[budget]\nper_day = 9"), expected, strict=True):
            settings = settings_of(folder, here(server.url), limit)
            assert entry(folder, settings, monkeypatch) == said
    assert {request.method for request in server.requests} == {"GET"}


@pytest.mark.parametrize(
    ("shape", "profile", "asks"),
    [
        *(
            pytest.param(SHAPES[name][0], "", Ask.NOTHING, id=name)
            for name in ("sglang", "aquiles", "trt-llm", "simulator")
        ),
        *(
            pytest.param(SHAPES[name][0], "", Ask.UNKNOWN, id=name)
            for name in ("new-api", "openrouter", "openai")
        ),
        pytest.param(BOTH, "", Ask.UNKNOWN, id="a gateway before vLLM"),
        pytest.param({}, 'dialect = "vllm-omni"', Ask.NOTHING, id="the person says vllm-omni"),
        pytest.param(VLLM, 'dialect = "litellm"', Ask.UNKNOWN, id="the person says litellm"),
        pytest.param(VLLM, "free = true", Ask.NOTHING, id="the person says free"),
        pytest.param(LITELLM, "free = true", Ask.NOTHING, id="a free gateway"),
        pytest.param(VLLM, PRICES, Ask.SUM, id="with a price"),
        pytest.param(
            VLLM,
            f'dialect = "vllm-omni"\nparams = {{ num_frames = "many" }}\n{PRICES}',
            Ask.UNKNOWN,
            id="with a rate, and no length",
        ),
    ],
)
def test_which_servers_of_this_machine_are_asked_about(
    folder: Folder, shape: Shape, profile: str, asks: Ask
) -> None:
    with answering(shape, NOT_FOUND) as server:
        order = order_of(folder, here(server.url, profile), Item(REQUEST))
    assert order.ask is asks
    assert bool(server.requests) is (profile == ""), "what is known is not asked"


@pytest.mark.parametrize("limit", ["", "[budget]\nper_day = 9"])
def test_a_server_that_does_not_answer_is_not_asked_about(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    settings_of(folder, here(f"http://127.0.0.1:{port}/v1"), limit)
    ran = Shell(folder.root, {}).inside(*WORDS, "--json")
    assert (ran.code, ran.documents[-1]["code"]) == (4, "server_unreachable")
    assert not list(folder.metadata.glob("2*.json"))


def test_the_probe_result_reaches_the_check_before_sending(folder: Folder) -> None:
    """The owner of the folder may be another process, which asked nothing."""
    now, engine = datetime.now(UTC), FakeEngine()
    with answering(VLLM, NOT_FOUND) as server:
        order = order_of(folder, here(server.url), Item(REQUEST))
        (job,) = orders.submit(engine, order, orders.consent(order, Answer(), now))
        (profile,) = order.servers
    assert job.consent is not None
    assert job.consent.found == "vllm-omni"
    assert decode(Path(f"{job.id}.json"), encode(job)).consent == job.consent
    budget = Budget(per_day=Decimal(9))
    assert BudgetGuard(budget, folder).refusal(profile, job, now) is None
    assert refusal(profile, job) is None
    why = refusal(profile._replace(dialect="litellm"), job)
    assert why is not None
    assert why.code == "consent_unknown"
    asked_for = replace(job, consent=job.consent._replace(found=None))
    why = BudgetGuard(budget, folder).refusal(profile, asked_for, now)
    assert why is not None
    assert why.code == "price_unknown"


def test_a_price_that_comes_later_opens_a_day_that_could_not_be_added_up(folder: Folder) -> None:
    """Prices are typed on the screen while the engine runs."""
    now = datetime.now(UTC)
    profile = Server("lab", "https://lab.example/v1", dialect="openai", encoding="json")
    earlier = replace(wish(), created_at=now, cost=Cost(), server=profile.ref)
    put(folder, earlier.submitting(now, "key"))
    priced = profile._replace(prices={"sora-2": {"*": Decimal("0.10")}})
    guard = BudgetGuard(Budget(per_day=Decimal(9)), folder, {"lab": profile})
    job = replace(wish(), server=profile.ref)
    before = guard.refusal(priced, job, now)
    assert before is not None
    assert before.code == "day_unpriced"
    guard.use_servers({"lab": priced})
    assert guard.refusal(priced, job, now) is None


def test_always_on_this_machine_ends_with_another_server(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(LITELLM, NOT_FOUND) as server:
        settings = settings_of(folder, here(server.url))
        for found, said in (("litellm", HANDED_IN), ("generic", "unknown")):
            remembered = {"always": [], "loopback": {settings.server.origin: found}}
            consents_path().write_text(json.dumps(remembered))
            assert generate(folder, settings, monkeypatch) == said


def test_always_is_asked_once(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(LITELLM, NOT_FOUND) as server:
        order = order_of(folder, here(server.url), Item(REQUEST))
        assert agree(order, "", yes=False, max_spend=None, ask=lambda _asked: "A\n").sum is None
        assert on_command_line(WORDS, folder, monkeypatch) == HANDED_IN


def test_free_holds_for_the_same_address_under_any_name(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(LITELLM, NOT_FOUND) as server:
        settings_of(folder, here(server.url.replace("/v1", "/other"), "free = true"))

        def by_variable() -> str:
            environ = {"SORA_BASE_URL": server.url.replace("http", "HTTP"), "SORA_SERVER": "env"}
            return on_command_line(WORDS, folder, monkeypatch, **environ)

        assert by_variable() == HANDED_IN
        paid = f'[servers.paid]\nbase_url = "{server.url}"\n{PRICES}\n'
        settings_of(folder, here(server.url, "free = true"), paid)
        assert by_variable() == "unknown", "which of the two it is nobody knows"


def test_the_refusal_names_the_command_that_ends_the_question(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(LITELLM, NOT_FOUND) as server:
        environ = {"SORA_BASE_URL": server.url}
        shell = Shell(folder.root, environ)
        commands = []
        for limit in ("", "[budget]\nper_day = 9\n"):
            own_settings(limit)
            said = " ".join(shell.inside(*WORDS).err.split())
            commands += re.findall(r"sora-tui (servers add \S+ \S+ --free)", said)
        assert len(commands) == 2
        assert shell.inside(*shlex.split(commands[0])).code == 0
        assert on_command_line(WORDS, folder, monkeypatch, **environ) == HANDED_IN


# A folder that came from somebody else ----------------------------------------------------------


def own_settings(text: str) -> None:
    user_toml_path().parent.mkdir(parents=True, exist_ok=True)
    user_toml_path().write_text(text)


def cloned(folder: Folder, profile: str) -> None:
    (folder.root / "sora-tui.toml").write_text(f'default = "lab"\n[servers.lab]\n{profile}\n')


@pytest.mark.parametrize(
    "profile", ["free = true", 'dialect = "vllm-omni"', 'dialect = "vllm-omni"\nfree = true']
)
def test_a_cloned_folder_spends_nothing_unasked(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, profile: str
) -> None:
    with answering(LITELLM, NOT_FOUND) as server:
        cloned(folder, here(server.url, profile))
        assert on_command_line(WORDS, folder, monkeypatch) == "unknown"
        (folder.root / ".env").write_text(f"SORA_BASE_URL={server.url}\nSORA_SERVER=lab\n")
        assert on_command_line(WORDS, folder, monkeypatch) == "unknown", "its .env names nothing"
        own_settings(f'[servers.mine]\nbase_url = "{server.url}"\n')
        assert on_command_line(WORDS, folder, monkeypatch) == "unknown", "a name is no price"
        own_settings(f'[servers.mine]\nbase_url = "{server.url}"\n{profile}\n')
        assert on_command_line(WORDS, folder, monkeypatch) == HANDED_IN
        own_settings("")
        origin = server.url.removesuffix("/v1")
        for found, said in (("other", "unknown"), ("litellm", HANDED_IN)):
            consents_path().write_text(json.dumps({"always": [], "loopback": {origin: found}}))
            assert on_command_line(WORDS, folder, monkeypatch) == said, "agreed to for that server"


def test_a_cloned_folder_runs_nothing_unasked(folder: Folder) -> None:
    ran = folder.root / "ran"
    profile = f"{PRICES}\napi_key_command = \"sh -c 'echo ran >> {ran}; echo the-key'\""
    url = "https://gw.example.org/v1"
    cloned(folder, here(url, profile))
    shell = Shell(folder.root, {})
    said = shell.inside(*WORDS, "--yes")
    assert said.code == 2
    assert f"sora-tui servers add NAME {url}" in " ".join(said.err.split())
    for own in ("", f'[servers.mine]\nbase_url = "{url}"\napi_key_command = "echo mine"\n'):
        own_settings(own)  # a name, or a command of its own, is no word for this one
        for words in (["servers"], ["servers", "test", "lab"], ["jobs"], ["doctor"], ["adopt"]):
            shell.inside(*words)
        shell.inside(*WORDS, "--dry-run")
    assert not ran.exists()
    command = profile.partition("\n")[2]
    own_settings(f'[servers.mine]\nbase_url = "{url}"\n{command}\n')
    key = load_settings(workspace=folder.root, server=None, environ=os.environ).server.key
    assert key is not None
    assert key.reveal() == "the-key"


def test_what_does_not_count_is_said(folder: Folder) -> None:
    cloned(folder, here("https://gw.example.org/v1;$(x)", "free = true"))
    said = " ".join(Shell(folder.root, {}).inside(*WORDS).err.split())
    assert "says that lab charges nothing. That does not count:" in said
    assert "sora-tui servers add NAME 'https://gw.example.org/v1;$(x)' --free" in said
