"""The page that shows boards without a Grafana: full, empty, failing, and in Chromium in both languages."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.async_api import Page, async_playwright
from typer.testing import CliRunner

from dashboards.commands import app
from dashboards.macros import Range
from dashboards.preview import NotATime, board_answered, committed, moment, page
from plant_server.embedded.postgres import PostgresServer
from tests.dashboards.conftest import WrittenMonth
from tests.plant_server.database_fixture import PlantDatabase

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@pytest.fixture
def empty_url(database_server: PostgresServer, plant_database: PlantDatabase) -> str:
    return database_server.url("lineside_bi", plant_database.name)


def data_of(text: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    return dict(json.loads(found[1]))


def test_a_plant_without_facts_gives_a_page_without_errors(empty_url: str, tmp_path: Path) -> None:
    out = tmp_path / "boards.html"
    arguments = ["preview", "--database-url", empty_url, "--out", str(out)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    told = data_of(out.read_text(encoding="utf-8"))
    assert [board["uid"] for board in told["boards"]] == [board["uid"] for board in committed("en")]


def test_a_panel_that_fails_says_so_and_leaves_the_others(empty_url: str) -> None:
    board = next(committed("en"))
    board["panels"][0]["targets"][0]["rawSql"] = "SELECT 1 / 0"
    with psycopg.connect(empty_url, autocommit=True) as connection:
        told = board_answered(connection, board, Range(NOON - timedelta(hours=1), NOON))
    failed = [panel for panel in told["panels"] if "error" in panel]
    assert [panel["error"] for panel in failed] == ["division by zero"]
    assert len(told["panels"]) > 5


def test_what_the_plant_holds_cannot_break_out_of_the_page(
    empty_url: str, plant_database: PlantDatabase
) -> None:
    with psycopg.connect(plant_database.url) as connection:
        connection.execute(
            "INSERT INTO plant.alarm (kind, subject, detail) VALUES ('x', 'y', '</script><script>alert(1)</script>')"
        )
    text, _ = page(empty_url, "en", None, "now")
    assert "</script><script>alert" not in text
    assert "</script><script>alert(1)</script>" in json.dumps(data_of(text))


def test_the_command_says_what_is_wrong(empty_url: str) -> None:
    run = CliRunner().invoke
    assert (
        "now-7d or an ISO time" in run(app, ["preview", "--database-url", empty_url, "--from", "soon"]).output
    )
    assert run(app, ["preview", "--database-url", empty_url, "--language", "fr"]).exit_code == 2
    gone = empty_url.replace("/plant_", "/gone_")
    answered = run(app, ["preview", "--database-url", gone])
    assert answered.exit_code == 1
    assert "does not answer" in answered.output


def test_times_are_relative_or_iso() -> None:
    assert moment("now", NOON) == NOON
    assert moment("now-7d", NOON) == NOON - timedelta(days=7)
    assert moment("2026-05-01T08:00+08:00", NOON) == datetime(2026, 5, 1, tzinfo=UTC)
    assert moment("2026-05-01", NOON) == datetime(2026, 5, 1, tzinfo=UTC)
    with pytest.raises(NotATime):
        moment("now-7y", NOON)


@pytest.fixture
def shown(month: WrittenMonth, tmp_path: Path) -> dict[str, Path]:
    pages = {}
    for language in ("en", "zh-CN"):
        text, failed = page(month.bi_url, language, None, "now")
        assert failed == 0
        pages[language] = tmp_path / f"{language}.html"
        pages[language].write_text(text, encoding="utf-8")
    return pages


async def look(page_: Page, path: Path) -> list[str]:
    """Open a page from a file; what went wrong, and what was asked of the network."""
    wrong: list[str] = []
    page_.on("pageerror", lambda error: wrong.append(str(error)))
    page_.on("console", lambda message: wrong.append(message.text))
    page_.on(
        "request", lambda request: None if request.url.startswith("file:") else wrong.append(request.url)
    )
    await page_.goto(path.as_uri())
    await page_.wait_for_selector("html[data-drawn=yes]")
    return wrong


@pytest.mark.system
@pytest.mark.timeout(400)
async def test_every_panel_is_drawn_in_both_languages_on_a_wall_and_on_a_phone(
    shown: dict[str, Path],
) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", headless=True)
        for language, path in shown.items():
            for width in (1440, 390):
                page_ = await browser.new_page(viewport={"width": width, "height": 900})
                assert await look(page_, path) == []
                panels = sum(len(board["panels"]) for board in committed(language))
                bodies = page_.locator("article .body")
                assert await bodies.count() == panels
                filled = page_.locator("article .body > :is(.stat, table, .bars, .chart)")
                assert await filled.count() >= panels - 2, "at most two panels of the month have no rows"
                assert await page_.locator(".error").count() == 0
                beyond = "document.documentElement.scrollWidth > innerWidth"
                assert await page_.evaluate(beyond) is False
                await page_.close()
        await browser.close()


CUT = """() => [...document.querySelectorAll("article")].filter((card) => {
  const body = card.querySelector(".body"), figures = body.querySelector(".stat");
  return body.scrollWidth > body.clientWidth || (figures && body.scrollHeight > body.clientHeight);
}).map((card) => card.querySelector("h3").textContent)"""
"""Panels whose columns or figures one would have to push aside to see; a long table goes on below."""
LONG_STOP = 12 * 86_400 + 23 * 3600.0


@pytest.mark.system
@pytest.mark.timeout(200)
async def test_no_column_and_no_figure_is_cut_at_a_desk(shown: dict[str, Path], tmp_path: Path) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", headless=True)
        for language, path in shown.items():
            text = path.read_text(encoding="utf-8")
            told = data_of(text)
            _stands_long(told)
            changed = tmp_path / f"long.{language}.html"
            data = json.dumps(told, ensure_ascii=False).replace("<", "\\u003c")
            start, end = (
                text.index('id="data">') + len('id="data">'),
                text.index("</script>", text.index('id="data">')),
            )
            changed.write_text(text[:start] + data + text[end:], encoding="utf-8")
            for width in (1180, 1600):
                page_ = await browser.new_page(viewport={"width": width, "height": 900})
                assert await look(page_, changed) == []
                assert await page_.evaluate(CUT) == [], f"{language}, {width} px"
                await page_.close()
        await browser.close()


def _stands_long(told: dict[str, Any]) -> None:
    """As long as words for a time can be, on every panel that shows one figure in seconds."""
    panels = [panel for board in told["boards"] for panel in board["panels"]]
    times = [
        one for one in panels if one["type"] == "stat" and one["fieldConfig"]["defaults"].get("unit") == "s"
    ]
    assert times
    for panel in times:
        panel["rows"] = [[LONG_STOP for _ in panel["columns"]]]


@pytest.mark.system
async def test_nothing_and_errors_are_said_in_words(empty_url: str, tmp_path: Path) -> None:
    text, _ = page(empty_url, "zh-CN", None, "now")
    told = data_of(text)
    told["boards"][0]["panels"][1] |= {"error": "canceling statement due to statement timeout"}
    path = tmp_path / "boards.html"
    data = json.dumps(told, ensure_ascii=False).replace("<", "\\u003c")
    path.write_text(
        re.sub(
            r'(id="data">).*?(</script>)',
            lambda found: found[1] + data + found[2],
            text,
            count=1,
            flags=re.DOTALL,
        )
    )
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", headless=True)
        page_ = await browser.new_page()
        assert await look(page_, path) == []
        assert "statement timeout" in await page_.locator(".error").inner_text()
        assert await page_.get_by_text("所选时段没有数据").count() > 20
        await browser.close()
