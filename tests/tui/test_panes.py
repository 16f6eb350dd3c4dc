"""The panes: what stands on the screen for the values they are given, and what they ask for."""

import json
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal

import pytest
from textual.geometry import Region
from textual.pilot import Pilot
from textual.widget import Widget

from sora_tui.core.document import to_document
from sora_tui.core.price import Price, PriceKind
from sora_tui.core.problem import problem
from sora_tui.core.reference_fit import ImageFacts, ReferenceFile
from sora_tui.core.request import COVER, Fit, Reference
from sora_tui.engine.events import EngineChanged, Transfer
from sora_tui.i18n import set_language
from sora_tui.tui.panes.inspector.intents import JobDecision
from sora_tui.tui.panes.inspector.pane import InspectorPane
from sora_tui.tui.panes.job_intents import JobHighlighted
from sora_tui.tui.panes.jobs import JobsPane
from sora_tui.tui.panes.prompts import NewPrompt, PromptOpened, PromptsPane
from sora_tui.tui.panes.references import FitAsked, ReferenceChosen, ReferencesPane
from sora_tui.tui.presenters.reference_fit import shape
from sora_tui.tui.presenters.unconfirmed_job import question_again
from sora_tui.tui.state.job_view import JobView
from sora_tui.tui.state.text_lines import Line, wrap
from sora_tui.tui.widgets.scroll_text import LongText
from sora_tui.workspace.prompts import PromptFile
from tests.support.pty_session import ROOT, PtySession
from tests.support.sample_jobs import (
    NOW,
    ago,
    completed,
    downloading,
    in_progress,
    pending,
    queued,
    refused_after,
    rejected,
    saved,
    searched,
    unconfirmed,
    video,
)
from tests.support.tui.host import open_app, screen_text
from tests.support.tui.panes_app import PaneApp, busy
from tests.support.tui.workspace_app import PAID


@pytest.fixture(autouse=True)
def utc_english(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    set_language("en")
    yield
    monkeypatch.undo()
    time.tzset()


@asynccontextmanager
async def shown(
    pane: Widget, size: tuple[int, int] = (80, 24), *, strip: bool = False
) -> AsyncIterator[tuple[PaneApp, Pilot[None]]]:
    app = PaneApp(pane, strip=strip)
    async with open_app(app, size, hear=app.hear) as pilot:
        yield app, pilot


def rows_of(app: PaneApp) -> list[str]:
    return screen_text(app).split("\n")


async def test_the_strip_of_80_columns_is_mock_a() -> None:
    pane = JobsPane()
    views = [
        JobView(in_progress(pending(25, number=5), 38)),
        JobView(downloading(pending(60), 58 * 60 + 20), Transfer(1_100_000, 3_000_000)),
        JobView(unconfirmed(pending(242, paid=True, prompt="Neon [b]fox[/b], rain, low angle"))),
        JobView(saved(pending(300))),
        JobView(rejected(pending(400, paid=True))),
        JobView(queued(pending(4))),
    ]
    async with shown(pane, (80, 9), strip=True) as (app, pilot):
        pane.show(views, NOW)
        pane.set_engine(EngineChanged(owner=True, workers=2, downloads=1))
        await pilot.pause()
        assert rows_of(app)[:8] == [
            " Jobs  2 running  1 needs you  pollers 2                    all 6  newest first",
            " STATE          PROGRESS        LEFT    EXPIRES  COST    PROMPT",
            ">▶ in_progress  ███▍·····   38% ~0:41   -        free    A harbour at dawn",
            " ⇣ downloading  1.1/3.0 MB      ~0:09   58 min   free    A harbour at dawn",
            " ? unconfirmed  answer lost     you     -        0.40?   Neon [b]fox[/b], rain,",
            " ✓ saved        4.0 s  3.0 MB   -       kept     free    A harbour at dawn",
            " ✗ rejected     moderation      -       -        0       A harbour at dawn",
            " · queued       behind 1        -       -        free    A harbour at dawn",
        ]
        assert pane.status("").startswith("running on the simulator for 0:25, started 10:15")


@pytest.mark.parametrize(
    ("width", "there", "gone"),
    [
        (160, "ELAPSED SERVER MODEL SIZE SEC REF", ""),
        (124, "ELAPSED SERVER MODEL SIZE SEC REF", ""),
        (123, "ELAPSED SERVER MODEL SIZE SEC", "REF"),
        (119, "ELAPSED SERVER MODEL SIZE", "SEC REF"),
        (115, "ELAPSED SERVER MODEL", "SIZE SEC REF"),
        (105, "ELAPSED SERVER", "MODEL SIZE SEC REF"),
        (94, "ELAPSED", "SERVER MODEL SIZE SEC REF"),
        (80, "", "ELAPSED SERVER MODEL SIZE SEC REF"),
        (60, "", "ELAPSED SERVER MODEL SIZE SEC REF"),
    ],
)
async def test_columns_give_way_in_their_order(width: int, there: str, gone: str) -> None:
    pane = JobsPane()
    async with shown(pane, (width, 10), strip=True) as (app, pilot):
        pane.show(busy(), NOW)
        await pilot.pause()
        titles = rows_of(app)[1].split()
    assert [word for word in there.split() if word in titles] == there.split()
    assert not set(gone.split()) & set(titles)
    assert {"STATE", "PROGRESS", "EXPIRES", "COST"} <= set(titles)


async def test_changes_keep_the_cursor_and_new_jobs_come_first() -> None:
    pane = JobsPane()
    pane.show(busy(), NOW)
    async with shown(pane) as (app, pilot):
        third = busy()[2].job
        pane.select(third.id)
        newest = JobView(queued(pending(1, prompt="Newest")))
        pane.change([newest], NOW)
        await pilot.pause()
        assert pane.cursor_id == third.id
        assert "Newest" in rows_of(app)[1]
        pane.change([JobView(refused_after(pending(20, number=9)))], NOW)
        await pilot.pause()
        assert pane.cursor_id == third.id
        assert "✗ failed" in rows_of(app)[2]
        assert "3 running" in (pane.border_title or "")


async def test_empty_list_says_how_to_begin() -> None:
    pane = JobsPane(simulated=True)
    async with shown(pane) as (app, pilot):
        assert "No jobs yet. F5 makes a clip" in rows_of(app)[1]
        assert "nothing is charged" in rows_of(app)[1]
        pane.set_simulated(False)
        await pilot.pause()
        assert "nothing is charged" not in screen_text(app)
        assert pane.status("") == ""
        assert pane.keys == ()


async def test_highlight_is_told() -> None:
    pane = JobsPane()
    async with shown(pane) as (app, pilot):
        pane.show(busy(), NOW)
        pane.focus_pane()
        await pilot.press("down")
        told = [m.job_id for m in app.heard if isinstance(m, JobHighlighted)]
        assert told[-1] == busy()[1].job.id == pane.cursor_id


async def test_inspector_tells_a_lost_answer_money_first() -> None:
    pane = InspectorPane()
    job = searched(unconfirmed(pending(242, paid=True)), "video_9c1e")
    async with shown(pane, (50, 30)) as (app, pilot):
        assert "Choose a job with 4 and the arrows." in rows_of(app)[0]
        pane.show(JobView(job), None, None, NOW)
        await pilot.pause()
        assert rows_of(app)[:15] == [
            "? UNCONFIRMED",
            "It may be running, and billed (about $0.40).",
            "Nothing was sent again.",
            "The answer was lost after the prompt was sent.",
            "",
            "Found on team-gw since 10:11:",
            "> video_9c1e  10:11:31  same size and prompt",
            "",
            "  a  adopt it (no new cost)",
            "  s  send again (may be billed twice)",
            "  x  give up (a record stays)",
            "  p  paste a video id",
            "",
            "10:11:28.0  pending",
            "10:11:28.0  submitting",
        ]
        text = screen_text(app)
        assert "list asked: 1" in text
        assert "error" not in text.lower()
        pane.focus_pane()
        await pilot.press("E")
        assert rows_of(app)[0] == "2026-11-22"
        assert rows_of(app)[1].split() == ["10:11:28.0", "pending"]
        assert rows_of(app)[4].split()[:3] == ["10:15:28.0", "+4:00", "unconfirmed"]
        assert "try 1" in screen_text(app)
        await pilot.press("right")
        assert pane.page == "json"
        assert "not on disk yet" in rows_of(app)[0]


async def test_the_ways_of_a_lost_answer_fit_into_the_smallest_pane() -> None:
    pane = InspectorPane()
    job = searched(unconfirmed(pending(242, paid=True)), "video_9c1e")
    async with shown(pane, (78, 10)) as (app, pilot):
        pane.show(JobView(job), None, None, NOW)
        await pilot.pause()
        text = screen_text(app)
        for way in ("a  adopt it", "s  send again", "x  give up", "p  paste a video id"):
            assert way in text


async def test_a_lost_answer_is_decided_by_keys() -> None:
    pane = InspectorPane()
    job = searched(unconfirmed(pending(242, paid=True)), "video_1", "video_2")
    async with shown(pane, (80, 30)) as (app, pilot):

        def decisions() -> list[tuple[str, str]]:
            return [(m.verb, m.video_id) for m in app.heard if isinstance(m, JobDecision)]

        pane.show(JobView(job), None, None, NOW)
        pane.focus_pane()
        await pilot.press("down", "down", "a")
        assert decisions() == [("adopt", "video_2")]
        await pilot.press("p", *"video_7", "enter")
        assert decisions()[1:] == [("adopt", "video_7")]
        await pilot.press("p", "escape", "s")
        assert decisions()[2:] == [("price", "")], "the sum is not known here"
        question = question_again(job, Price(PriceKind.PRICED, Decimal("0.40")), PAID)
        pane.ask(job.id, question)
        await pilot.pause()
        assert "Pay about $0.40 on gw.example.org, perhaps for the second time?" in "\n".join(
            rows_of(app)
        )
        await pilot.press("s", "x", "n")
        assert decisions()[3:] == [], "no single key pays or gives up"
        pane.ask(job.id, question)
        await pilot.press("y")
        assert decisions()[3:] == [("send", "")]
        await pilot.press("x", "y")
        assert decisions()[4:] == [("abandon", "")]


async def test_a_question_goes_when_the_job_is_found() -> None:
    pane = InspectorPane()
    lost = unconfirmed(pending(242, paid=True))
    async with shown(pane, (80, 30)) as (app, pilot):
        pane.show(JobView(lost), None, None, NOW)
        pane.focus_pane()
        await pilot.press("a")
        await pilot.press("x")
        assert "Give it up?" in screen_text(app)
        pane.show(JobView(lost.accepted(NOW, video("queued"))), None, None, NOW)
        await pilot.press("y")
        assert "QUEUED" in rows_of(app)[0]
        assert not [m for m in app.heard if isinstance(m, JobDecision)]


async def test_inspector_paints_only_the_rows_that_say_something_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pane = InspectorPane()
    made = JobView(completed(pending(), 2999))
    async with shown(pane) as (app, pilot):
        pane.show(made, None, None, NOW)
        await pilot.pause()
        painted: list[Region] = []
        text = pane.query_one(LongText)
        monkeypatch.setattr(text, "refresh", lambda *regions, **_: painted.extend(regions))
        pane.show(made, None, None, NOW + timedelta(seconds=1))
        assert painted == []
        pane.show(made, None, None, NOW + timedelta(seconds=61))
        assert len(painted) == 1
        monkeypatch.undo()
        text.refresh()
        await pilot.pause()
        assert "48 min" in rows_of(app)[painted[0].y]


async def test_inspector_shows_the_document_as_it_is_written() -> None:
    pane = InspectorPane()
    job = saved(pending(prompt='quote " [bold]and[/] \\ more ' + "word " * 60))
    text = json.dumps(to_document(job), indent=2)
    async with shown(pane, (60, 20)) as (app, pilot):
        pane.show(JobView(job), text, None, NOW)
        pane.select_page("json")
        await pilot.pause()
        rows = rows_of(app)
        assert rows[:2] == ["{", '  "schema": 1,']
        pane.focus_pane()
        await pilot.press("pagedown", "pagedown")
        below = rows_of(app)
        pane.show(JobView(job), text.replace('"schema": 1', '"schema": 2'), None, NOW)
        await pilot.pause()
        assert rows_of(app) == below  # who reads on keeps the place
        await pilot.press("home")
        assert rows_of(app)[1] == '  "schema": 2,'


async def test_inspector_marks_the_line_that_broke_a_document() -> None:
    pane = InspectorPane()
    view = JobView(saved(pending()))
    lines = json.dumps(to_document(view.job), indent=2).split("\n")
    lines[30] = lines[30].replace(":", "", 1)
    broken = problem(
        "document_broken", path="metadata/x.json", line=31, column=12, reason="Expecting ':'"
    )
    async with shown(pane, (80, 20)) as (app, pilot):
        pane.show(view, "\n".join(lines), broken, NOW)
        await pilot.pause()
        assert pane.page == "json"
        rows = rows_of(app)
        at = next(n for n, row in enumerate(rows) if row.startswith(lines[30]))
        assert rows[at + 1].strip() == "^ Expecting ':'"
        await pilot.press("home")
        pane.focus_pane()
        await pilot.press("home")
        top = " ".join(rows_of(app)[:3])
        assert "metadata/x.json, line 31, column 12" in top


async def test_another_width_keeps_the_line_at_the_top() -> None:
    pane = InspectorPane()
    job = saved(pending(prompt="word " * 300))
    text = json.dumps(to_document(job), indent=2)
    pane.show(JobView(job), text, None, NOW)
    async with shown(pane, (60, 12)) as (app, pilot):
        pane.select_page("json")
        pane.focus_pane()
        await pilot.press("end", "pageup")
        top = rows_of(app)[0].strip()
        await pilot.resize_terminal(100, 12)
        await pilot.pause()
        assert rows_of(app)[0].strip().startswith(top)


async def test_a_megabyte_of_json_scrolls() -> None:
    pane = InspectorPane()
    text = json.dumps({"prompt": "x" * 500_000, "list": list(range(60_000))}, indent=1)
    async with shown(pane, (80, 20)) as (app, pilot):
        pane.show(JobView(saved(pending())), text, None, NOW)
        pane.select_page("json")
        pane.focus_pane()
        begin = time.process_time()
        await pilot.press("end", "home", *["pagedown"] * 20, "end")
        assert time.process_time() - begin < 3
        assert rows_of(app)[-1] == "}"


@pytest.mark.parametrize(
    ("text", "width", "indent", "rows"),
    [
        ("", 10, 0, [""]),
        ("short", 10, 0, ["short"]),
        ("one two three four", 9, 0, ["one two", "three", "four"]),
        ("label     one two three", 16, 10, ["label     one", "two", "three"]),
        ("label      " + "x" * 20, 24, 11, ["label      " + "x" * 13, "x" * 7]),
        ("30 fps  no sound", 6, 0, ["30 fps", "no", "sound"]),
        ("x" * 25, 10, 2, ["x" * 10, "x" * 8, "x" * 7]),
        ("港の夜明け", 4, 0, ["港の", "夜明", "け"]),
        ("港の夜", 1, 0, ["港", "の", "夜"]),
    ],
)
def test_wrap_loses_nothing(text: str, width: int, indent: int, rows: list[str]) -> None:
    found = [text[start:end] for start, end in wrap(Line(text, indent), width)]
    assert found == rows


PICTURES = [
    ReferenceFile("dawn.png", 1, NOW, ImageFacts("PNG", 1280, 720)),
    ReferenceFile("loop.gif", 1, NOW, ImageFacts("GIF", 1280, 720)),
    ReferenceFile("pier.jpg", 1, NOW, ImageFacts("JPEG", 4032, 3024)),
    ReferenceFile("scan.bmp", 1, NOW, None),
]


async def test_badges_follow_the_size_at_once() -> None:
    pane = ReferencesPane()
    async with shown(pane) as (app, pilot):
        pane.show(PICTURES, "1280x720", "input_reference/pier.jpg")
        await pilot.pause()
        assert [row.split() for row in rows_of(app)[:4]] == [
            [">✓", "dawn.png", "1280x720", "16:9", "ok"],
            ["✓", "loop.gif", "1280x720", "16:9", "png"],
            ["✂", "*", "pier.jpg", "4032x3024", "4:3", "fit", "cuts", "25%"],
            ["✗", "scan.bmp", "unreadable", "no"],
        ]
        pane.set_size("720x1280")
        await pilot.pause()
        assert "✂" in rows_of(app)[0]
        assert "for 720x1280" in (pane.border_title or "")
        pane.set_fit(Fit("contain"))
        await pilot.pause()
        assert rows_of(app)[2].endswith("adds bars")


async def test_enter_uses_a_picture_and_enter_again_drops_it() -> None:
    pane = ReferencesPane()
    async with shown(pane) as (app, pilot):
        pane.show(PICTURES, None, None)
        pane.focus_pane()
        await pilot.press("down", "enter", "f")
        pane.set_chosen("loop.gif")
        await pilot.press("enter")
        chosen = [m.path for m in app.heard if isinstance(m, ReferenceChosen | FitAsked)]
        assert chosen == ["loop.gif", "loop.gif", None]


async def test_no_pictures_says_how_to_bring_one() -> None:
    async with shown(ReferencesPane(host="box", folder="/srv/w/input_reference")) as (app, _pilot):
        text = " ".join(" ".join(rows_of(app)).split())
    assert "scp photo.jpg box:/srv/w/input_reference/" in text
    assert "(JPG PNG GIF BMP WebP)" in text


async def test_signs_that_need_a_word_have_one_in_ascii() -> None:
    """All others are replaced cell for cell when the screen is written."""
    pane = ReferencesPane(ascii=True)
    async with shown(pane) as (app, pilot):
        pane.show(PICTURES, "1280x720", None)
        await pilot.pause()
        assert screen_text(app).isascii()
    jobs = JobsPane(ascii=True)
    sent = pending(reference=Reference("input_reference/a.png", "0", COVER))
    async with shown(jobs, (160, 20), strip=True) as (app, pilot):
        jobs.show([JobView(in_progress(sent, 40)), *busy()], NOW)
        await pilot.pause()
        text = screen_text(app)
        assert " fit " in text
        assert "ok saved" in text
        assert not set("✓✂≠") & set(text)


@pytest.mark.parametrize(
    ("width", "height", "name"),
    [
        (1280, 720, "16:9"),
        (720, 1280, "9:16"),
        (4032, 3024, "4:3"),
        (1792, 1024, "7:4"),
        (1000, 1000, "1:1"),
        (2350, 1000, "21:9"),
        (3000, 1000, "3:1"),
    ],
)
def test_shapes(width: int, height: int, name: str) -> None:
    assert shape(width, height) == name


async def test_prompts_open_and_begin() -> None:
    pane = PromptsPane()
    files = [
        PromptFile("prompt.md", "prompt.md", "", ago(9), True),
        PromptFile("prompts/harbour.md", "harbour", "", ago(200), False),
        PromptFile("prompts/fox.md", "fox\x1b[31m", "", NOW - timedelta(days=2), False),
    ]
    async with shown(pane) as (app, pilot):
        assert "ctrl+s keeps it in prompts/" in rows_of(app)[0]
        pane.show(files, NOW)
        pane.set_current("prompts/harbour.md")
        pane.focus_pane()
        await pilot.press("down")
        assert [row.split() for row in rows_of(app)[:3]] == [
            ["prompt.md", "the", "default"],
            [">harbour", "*", "today", "10:12"],
            ["fox[31m", "2026-11-20"],
        ]
        await pilot.press("enter", "n")
        asked = [m for m in app.heard if isinstance(m, PromptOpened | NewPrompt)]
        assert [getattr(m, "path", None) for m in asked] == ["prompts/harbour.md", None]


def test_a_second_of_four_jobs_costs_little() -> None:
    argv = [sys.executable, "-m", "tests.support.tui.panes_app"]
    with PtySession(argv, cols=120, rows=40, cwd=ROOT, env={"TZ": "UTC"}) as session:
        session.wait_for("0:23")
        session.wait_quiet()
        seen = session.bytes_seen
        session.wait_quiet(1.0)
        assert session.bytes_seen == seen  # nothing moves unless somebody ticks
        session.send("t")
        session.wait_for("0:24")
        seen = session.bytes_seen
        session.wait_for("0:27")
        assert (session.bytes_seen - seen) / 3 <= 300
