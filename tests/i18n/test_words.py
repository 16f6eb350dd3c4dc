"""Every text in both languages: catalogue, problems, the choice of the language."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from sora_tui.core.job import Consent, Cost, Job, JobError, State
from sora_tui.core.problem import CODES, Spent, problem
from sora_tui.core.recovery import RecoverySearch
from sora_tui.core.request import VideoRequest
from sora_tui.core.server import ServerRef
from sora_tui.engine.active_jobs import utc_now
from sora_tui.i18n import _, language, ngettext, reasons, set_language
from sora_tui.i18n.formatting import bytes_words, duration, money
from sora_tui.i18n.problems import TABLE, job_sentences, sentences
from sora_tui.i18n.reasons import reason_words
from tools import catalogue


@pytest.fixture(autouse=True)
def english_afterwards() -> Iterator[None]:
    yield
    set_language("en")


@pytest.mark.parametrize("source", catalogue.sources(), ids=lambda path: path.parts[-3])
def test_the_catalogue_is_complete_certain_and_compiled(source: Path) -> None:
    assert list(catalogue.check(source)) == []


def test_every_reason_that_a_setting_or_a_file_is_refused_for_has_words_in_french() -> None:
    package = Path(reasons.__file__).parents[1]
    places = [*(package / "config").glob("*.py"), package / "core/batch.py"]
    said = {
        reason
        for path in [*places, package / "core/prompt.py", package / "core/toml_fault.py"]
        for reason in reasons_in(ast.parse(path.read_text()))
    }
    assert len(said) > 40
    set_language("fr")
    assert [reason for reason in sorted(said) if reason_words(reason) == reason] == []


def reasons_in(tree: ast.Module) -> Iterator[str]:
    """Every text that is given as the reason of a refusal."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            given = [each.value for each in node.keywords if each.arg == "reason"]
            if name in {"TypeError", "ValueError", "_refusal"}:
                given += node.args[:1]
            if name == "invalid":
                given += node.args[2:3]
            yield from filter(None, map(text_of, given))
        if isinstance(node, ast.AnnAssign) and node.value is not None:
            match ast.unparse(node.target):
                case "_REASON":
                    yield text_of(node.value)
                case "_REASONS":
                    yield from re.findall(r"'(toml_\w+)'", ast.unparse(node))
                case "_ALLOWED":
                    assert isinstance(node.value, ast.Dict)
                    yield from map(text_of, node.value.values)


def text_of(node: ast.expr | None) -> str:
    """The text of a constant; a value that is put in has a name of its own; empty for a name."""
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) or "VALUE" for part in node.values)
    if isinstance(node, ast.BinOp):
        return text_of(node.left) + "VALUE"
    return str(node.value) if isinstance(node, ast.Constant) and node.value is not None else ""


def test_check_sees_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "ROOT", tmp_path)
    source = tmp_path / "sora_tui" / "i18n" / "fr" / "LC_MESSAGES" / "sora_tui.po"
    source.parent.mkdir(parents=True)
    (tmp_path / "sora_tui" / "words.py").write_text(
        'a = _("Hello {name}")\nb = _("New")\nc = _("Sure")\nd = _("Empty")\n'
    )
    source.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgid "Hello {name}"\nmsgstr "Bonjour {nom}"\n\n'
        'msgid "Gone"\nmsgstr "Parti"\n\n'
        '#, fuzzy\nmsgid "Sure"\nmsgstr "Sûr"\n\n'
        'msgid "Empty"\nmsgstr ""\n'
    )
    complaints = "\n".join(catalogue.check(source))
    for words in (
        "missing: 'New'",
        "nobody says it any more: 'Gone'",
        "not certain (fuzzy): 'Sure'",
        "not translated: 'Empty'",
        "other placeholders: 'Hello {name}'",
        ".mo is out of date",
    ):
        assert words in complaints


@pytest.mark.parametrize(
    ("code", "environ", "expected"),
    [
        ("fr", {}, "fr"),
        ("fr_CA.UTF-8", {}, "fr"),
        (None, {"SORA_LANG": "fr", "LANG": "en_US.UTF-8"}, "fr"),
        (None, {"SORA_LANG": "en", "LANG": "fr_FR.UTF-8"}, "en"),
        (None, {"SORA_LANG": "", "LC_ALL": "fr_FR.UTF-8", "LANG": "C"}, "fr"),
        (None, {"LANG": "fr_FR"}, "fr"),
        (None, {"LANG": "C.UTF-8"}, "en"),
        (None, {}, "en"),
        ("xx", {}, "en"),
        ("../../fr", {}, "en"),
    ],
)
def test_which_language(code: str | None, environ: dict[str, str], expected: str) -> None:
    assert set_language(code, environ) == language() == expected


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("code", CODES)
def test_every_problem_has_three_sentences(code: str, lang: str) -> None:
    set_language(lang)
    facts = set(re.findall(r"\{(\w+)\}", "".join(TABLE[code]))) - {"sum"}
    full = replace(problem(code), facts=dict.fromkeys(facts, "X\x1b[31m[{Y}]"))
    for said in (sentences(problem(code)), sentences(full)):
        for sentence in (said.happened, said.money, said.next):
            assert len(sentence) > 8
            assert sentence[0].isupper() or sentence.startswith("sora-tui")
            assert "  " not in sentence
            assert "\x1b" not in sentence
    plain = sentences(problem(code))
    assert not set("{}[]") & set(plain.happened + plain.money + plain.next)
    if lang == "fr":
        set_language("en")
        assert sentences(problem(code)).happened != plain.happened


@pytest.mark.parametrize("code", CODES)
def test_every_fact_stands_where_it_can_be_left_out(code: str) -> None:
    for lang in ("en", "fr"):
        set_language(lang)
        for text in TABLE[code]:
            assert "{" not in re.sub(r"\[[^\[\]]*\]", "", _(text))


def test_a_fact_is_shown_as_it_is_and_harmless() -> None:
    said = sentences(problem("reference_missing", path="a\x1b[2J[{b}]\nc.png"))
    assert "a[2J[{b}] c.png" in said.happened


def test_the_money_of_a_case_wins_over_the_money_of_its_code() -> None:
    case = replace(problem("request_refused"), spent=Spent.PERHAPS)
    assert sentences(case).money == "It may be billed."
    assert sentences(case, free=True).money == "Nothing is charged on this server."


def test_a_job_names_its_sum_and_a_simulated_one_has_none() -> None:
    at = utc_now()
    job = Job.new(
        "20261122-101530-7f3k2m",
        at,
        ServerRef("team-gw", "https://gw.example.org/v1"),
        VideoRequest("A kite"),
        cost=Cost(Decimal("0.40")),
        consent=Consent("priced", at),
    )
    assert job_sentences(job) is None
    lost = replace(job, error=JobError("answer_lost", Spent.PERHAPS))
    said = job_sentences(lost)
    assert said is not None
    assert said.money == "It may be running, and billed (about $0.40). Nothing was sent again."
    said = job_sentences(replace(lost, simulated=True))
    assert said is not None
    assert said.money == "Nothing is charged on this server."


#: Codes that an answer of a server, and its own sentence with it, can end in.
SERVER_SAYS = (
    "answer_lost",
    "answer_repeated",
    "answer_unclear",
    "answer_unusable",
    "delete_refused",
    "download_refused",
    "gateway_misroutes",
    "generation_failed",
    "job_hidden",
    "key_refused",
    "key_without_grant",
    "look_refused",
    "moderation_after",
    "moderation_before",
    "no_list",
    "quota_exhausted",
    "remote_cancelled",
    "remote_expired",
    "remote_gone",
    "request_refused",
    "server_busy",
    "server_failed",
    "server_unreachable",
    "video_unknown",
)


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("code", SERVER_SAYS)
def test_the_sentence_of_the_server_is_shown(code: str, lang: str) -> None:
    set_language(lang)
    error = JobError(code, CODES[code], code="400", message="Prompt rejected.", status=400)
    happened = sentences(error.problem).happened
    assert "Prompt rejected" in happened
    assert happened.count("400") <= 1  # a code that repeats the status tells nothing


def test_words_of_a_lost_answer_do_not_send_to_a_list_that_is_not_there() -> None:
    at = utc_now()
    job = Job.new(
        "20261122-101530-7f3k2m",
        at,
        ServerRef("team-gw", "https://gw.example.org/v1"),
        VideoRequest("A kite"),
        cost=Cost(),
        consent=Consent("free", at),
    )
    job = replace(job.submitting(at, "key"), state=State.UNCONFIRMED)
    for kind in ("answer_lost", "answer_unclear", "answer_repeated"):
        lost = replace(job, error=JobError(kind, Spent.PERHAPS, message="it broke", status=500))
        for search in (None, RecoverySearch(at, at)):
            said = job_sentences(replace(lost, search=search))
            assert said is not None
            assert "in the server's list" in said.next
        said = job_sentences(replace(lost, search=RecoverySearch(at, at, listed=False)))
        assert said is not None
        assert "no list" in said.next
        assert "understood" not in said.happened


def test_amounts_in_both_languages() -> None:
    set_language("en")
    assert [money(Decimal(sum), "USD") for sum in ("0.4", "1.60", "0.005")] == [
        "$0.40",
        "$1.60",
        "$0.005",
    ]
    worked_out = ("1.50625", "0.504167", "0.00002", "0.337")
    assert [money(Decimal(sum), "USD") for sum in worked_out] == [
        "$1.51",
        "$0.5042",
        "$0.00002",
        "$0.337",
    ]
    assert money(Decimal("0.4"), "EUR") == "0.40 EUR"
    assert [bytes_words(n) for n in (812, 23_891, 3_040_000)] == ["812 bytes", "24 kB", "3.0 MB"]
    assert [duration(n) for n in (41, 242, 3842)] == ["0:41", "4:02", "1:04:02"]
    set_language("fr")
    assert money(Decimal("0.4"), "USD") == "0,40\u00a0$"
    assert bytes_words(3_040_000) == "3,0\u00a0Mo"
    assert ngettext("{count} clip", "{count} clips", 0) == "{count} clip"
