"""Limits and refusals, held by the installed program: counted is what arrives at the server."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sora_tui.core.job import Consent
from sora_tui.core.request import VideoRequest
from sora_tui.core.server import Server
from sora_tui.engine.engine import Engine
from sora_tui.engine.quote import quote
from sora_tui.workspace.folder import open_folder
from tests.support.fault_server import Call, make_and_say, say
from tests.support.installed_program import Workspace, workspace

PRICES = {"*": {"*": Decimal("0.10")}}


def priced(place: Workspace, budget: str = "", more: str = 'prices = { "*" = 0.10 }') -> None:
    """The server under the name `lab`, one clip of four seconds for $0.40, and a `[budget]`."""
    (place.root / "sora-tui.toml").write_text(
        f'{budget}\n[servers.lab]\nbase_url = "{place.server.base_url}"\n'
        f'api_key_env = "SORA_API_KEY"\ndefault_seconds = "4"\n{more}\n'
    )


def generate(place: Workspace, prompt: str, *words: str) -> tuple[int, str]:
    done = place.run("generate", prompt, "--server", "lab", *words)
    return done.code, done.words


@pytest.mark.parametrize(
    ("budget", "words", "says"),
    [
        ("[budget]\nper_job = 0.39", ["--yes"], "the limit of $0.39: about $0.40"),
        ("[budget]\nper_day = 0.39", ["--yes"], "the limit of $0.39: about $0.40, and $0.00"),
        ("[budget]\nper_day = 1.00", ["--yes", "--count", "3"], "about $1.20"),
        ("[budget]\nper_day = 9", ["--max-spend", "0.39"], "the limit of $0.39: about $0.40"),
        ('[budget]\nper_day = 9\ncurrency = "EUR"', ["--yes"], "does not say what it charges"),
    ],
)
def test_an_order_beyond_a_limit_is_exit_5_and_no_post(
    tmp_path: Path, budget: str, words: list[str], says: str
) -> None:
    with workspace(tmp_path) as place:
        priced(place, budget)
        code, said = generate(place, "A kite", *words)
        assert (code, place.server.paid) == (5, 0), said
        assert says in said
        assert "Nothing was sent and nothing was billed." in said
        assert place.documents() == []


def test_the_day_is_counted_from_its_documents_the_trash_included(tmp_path: Path) -> None:
    with workspace(tmp_path) as place:
        priced(place, "[budget]\nper_day = 1.00")
        assert generate(place, "A kite", "--yes")[0] == 0
        # Neither the index nor a deleted record makes money come back.
        (place.metadata / ".index.sqlite3").unlink()
        (document,) = place.metadata.glob("2*.json")
        document.rename(place.metadata / ".trash" / document.name)
        assert generate(place, "A boat", "--yes")[0] == 0
        code, said = generate(place, "A fox", "--yes")
        assert (code, place.server.paid) == (5, 2), said
        assert "the limit of $1.00: about $0.40, and $0.80 of today" in said


def test_a_reported_sum_settles_what_was_reserved(tmp_path: Path) -> None:
    def cheap(call: Call) -> None:
        call.reply(call.make() | {"usage": {"cost": 0.01}})

    with workspace(tmp_path) as place:
        priced(place, "[budget]\nper_day = 0.50")
        place.server.posts["*"] = [cheap]
        assert generate(place, "A kite", "--yes")[0] == 0
        assert generate(place, "A boat", "--yes")[0] == 0
        assert [d["cost"]["reported"] for d in place.documents()] == [0.01, None]
        assert generate(place, "A fox", "--yes")[0] == 5
        assert place.server.paid == 2
        assert "today $0.41 of $0.50  in this folder  lab $0.41" in place.run("doctor").words


def test_a_lost_answer_keeps_its_money_reserved(tmp_path: Path) -> None:
    with workspace(tmp_path) as place:
        priced(place, "[budget]\nper_day = 0.50")
        place.server.can_list = False
        place.server.posts["*"] = [make_and_say(500, b"")]
        assert generate(place, "A kite", "--yes")[0] == 6
        assert generate(place, "A boat", "--yes")[0] == 5
        assert place.server.paid == 1


def test_a_refusal_gives_its_money_back(tmp_path: Path) -> None:
    with workspace(tmp_path) as place:
        priced(place, "[budget]\nper_day = 0.40")
        place.server.posts["*"] = [say(400, {"error": {"message": "Unknown size"}})]
        assert generate(place, "A kite", "--yes")[0] == 1
        assert generate(place, "A boat", "--yes")[0] == 0


def test_the_owner_holds_the_limit_over_orders_that_came_at_once(tmp_path: Path) -> None:
    """Ten requests lie in the inbox; each fitted when it was asked for, together they do not."""
    with workspace(tmp_path) as place:
        priced(place, "[budget]\nper_day = 1.00")
        server = Server("lab", place.server.base_url, prices=PRICES)
        folder = open_folder(place.root)
        engine = Engine(folder, {})
        for number in range(10):
            request = VideoRequest(f"Kite {number}", seconds="4")
            price = quote(server, request)
            consent = Consent("priced", datetime.now(UTC), price.sum)
            engine.submit(server, request, price, consent)
        done = place.run("wait")
        assert done.code == 5, done.words
        assert place.server.paid == 2
        assert place.states() == {"saved": 2, "pending": 8}
        place.check()


def test_a_dearer_price_than_agreed_to_is_not_paid(tmp_path: Path) -> None:
    with workspace(tmp_path) as place:
        priced(place)
        folder = open_folder(place.root)
        server = Server("lab", place.server.base_url, prices={"*": {"*": Decimal("0.01")}})
        request = VideoRequest("A kite", seconds="4")
        price = quote(server, request)
        consent = Consent("priced", datetime.now(UTC), price.sum)
        Engine(folder, {}).submit(server, request, price, consent)
        done = place.run("wait")
        assert (done.code, place.server.paid) == (5, 0), done.words
        assert "the limit of $0.04: about $0.40" in done.words


def test_a_price_that_became_unknown_does_not_pass_max_spend(tmp_path: Path) -> None:
    with workspace(tmp_path) as place:
        priced(place, more="")
        folder = open_folder(place.root)
        server = Server("lab", place.server.base_url, prices=PRICES)
        request = VideoRequest("A kite", seconds="4")
        price = quote(server, request)
        consent = Consent("priced", datetime.now(UTC), price.sum, max_spend=Decimal(9))
        Engine(folder, {}).submit(server, request, price, consent)
        assert place.run("wait").code == 2
        assert place.server.paid == 0


BEFORE = say(400, {"error": {"message": "Hmmm", "code": "sentinel_block"}})


def after(call: Call) -> None:
    """Make the video and let it fail for its content."""
    error = {"code": "moderation_blocked", "message": "Blocked by our moderation system."}
    video: dict[str, Any] = call.make()
    video |= {"status": "failed", "error": error}  # and it stays so, however often it is asked
    call.reply(video, x_request_id="req_after_1")


def test_a_refused_prompt_is_stopped_before_it_is_sent(tmp_path: Path) -> None:
    with workspace(tmp_path) as place:
        priced(place)
        place.server.posts["*"] = [BEFORE, BEFORE]
        assert generate(place, "A famous singer", "--yes")[0] == 3
        (refused,) = place.documents()
        assert (refused["state"], refused["error"]["kind"]) == ("rejected", "moderation_before")
        assert refused["error"]["spent"] == "no"
        assert place.run("wait").code == 0  # nothing is sent again by itself
        code, said = generate(place, "  a FAMOUS\nsinger ", "--yes", "--seconds", "8")
        assert (code, place.server.paid) == (3, 1), said
        assert "This prompt was refused here on 20" in said
        assert len(place.documents()) == 1
        assert generate(place, "A famous singer", "--yes", "--send-refused")[0] == 3
        assert place.server.paid == 2


def test_a_prompt_that_passed_since_is_sent_without_a_question(tmp_path: Path) -> None:
    with workspace(tmp_path) as place:
        priced(place)
        place.server.posts["*"] = [BEFORE]
        assert generate(place, "A singer", "--yes")[0] == 3
        assert generate(place, "A singer", "--yes", "--model", "other")[0] == 0
        assert generate(place, "A singer", "--yes", "--send-refused")[0] == 0
        assert generate(place, "A singer", "--yes")[0] == 0
        assert place.server.paid == 4


def test_what_was_refused_on_the_way_is_perhaps_billed_and_stopped_too(tmp_path: Path) -> None:
    with workspace(tmp_path) as place:
        priced(place)
        place.server.posts["*"] = [after]
        assert generate(place, "A singer", "--yes")[0] == 3
        (refused,) = place.documents()
        assert (refused["state"], refused["error"]["kind"]) == ("failed", "moderation_after")
        assert refused["error"]["spent"] == "perhaps"
        shown = place.run("show", "@last").words
        assert "req_after_1" in shown
        assert "Refused after generation (moderation_blocked)" in shown
        (place.metadata / ".index.sqlite3").unlink()  # it only finds what the document says
        assert generate(place, "A singer", "--yes")[0] == 3
        assert place.server.paid == 1


def test_the_rest_of_an_order_is_not_sent_once_its_prompt_is_refused(tmp_path: Path) -> None:
    with workspace(tmp_path) as place:
        priced(place, more='prices = { "*" = 0.10 }\nmax_active = 1')
        place.server.posts["*"] = [after]
        code, said = generate(place, "A singer", "--yes", "--count", "3")
        assert (code, place.server.paid) == (3, 1), said
        assert place.states() == {"failed": 1, "cancelled": 2}
