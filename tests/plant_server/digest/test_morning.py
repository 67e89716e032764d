"""A digest goes out once a morning whatever happens, over real HTTP to a chat that keeps a ledger."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from psycopg import AsyncConnection
from psycopg.rows import dict_row
from typer.testing import CliRunner

import lineside
from plant_server.digest import sending
from plant_server.digest.contents import contents_of
from plant_server.digest.morning import Morning
from plant_server.digest.settings import DigestSettings
from plant_server.errors import ConfigError
from tests.plant_server.database_fixture import PlantDatabase
from tests.plant_server.digest.chat_stub import DROP, NO_ROBOT, OK, SILENT, TOO_MANY, Chat
from tests.plant_server.terminal.test_boss import two_days

SHANGHAI = "Asia/Shanghai"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
DEADLINE_S = 30.0
MORNING = datetime(2026, 11, 24, 0, 0, 30, tzinfo=UTC)
"""08:00:30 in Shanghai."""


class Clock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def goes_on(self, **told: float) -> None:
        self.now += timedelta(**told)


class Office:
    """The keeper's job on a clock of its own, and the row it leaves."""

    def __init__(
        self, connection: AsyncConnection, chat: Chat, folder: Path, now: datetime = MORNING
    ) -> None:
        self.connection = connection
        self.clock = Clock(now)
        file = folder / "digest-url"
        file.write_text(f"{chat.url}\n", encoding="utf-8")
        self.settings = DigestSettings(receiver="wecom", url_file=file, language="en")
        self.start()

    def start(self) -> None:
        """Also again, as after a kill: what the one before knew is lost."""
        self.morning = Morning(self.settings, "wecom", SHANGHAI, self.clock)

    async def looks(self, times: int = 3) -> None:
        for _ in range(times):
            await self.morning.work(self.connection)

    async def row(self) -> dict[str, Any] | None:
        async with self.connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute("SELECT * FROM plant.digest ORDER BY business_date DESC LIMIT 1")
            return await cursor.fetchone()

    async def until(self, state: str) -> dict[str, Any]:
        async with asyncio.timeout(DEADLINE_S):
            while True:
                await self.looks(1)
                row = await self.row()
                if row is not None and row["state"] == state:
                    return row
                await asyncio.sleep(0.02)


@pytest.fixture
def office(connection: AsyncConnection, chat: Chat, tmp_path: Path) -> Office:
    return Office(connection, chat, tmp_path)


async def test_it_goes_out_once_at_its_time_of_the_day_before(office: Office, chat: Chat) -> None:
    office.clock.goes_on(minutes=-1)
    await office.looks()
    assert await office.row() is None
    office.clock.goes_on(minutes=1)
    row = await office.until("sent")
    assert (row["business_date"], row["attempts"], row["detail"]) == (date(2026, 11, 23), 1, "errcode 0")
    for _ in range(3):
        office.clock.goes_on(hours=3)
        office.start()
        await office.looks()
    assert len(chat.ledger) == 1
    assert chat.ledger[0].body["markdown"]["content"] == row["body"]
    assert row["body"].startswith("### Lineside · 2026-11-23")
    office.clock.goes_on(hours=15)
    await office.until("sent")
    assert len(chat.ledger) == 2, "the next morning"


@pytest.mark.parametrize("answer", [SILENT, DROP, 502])
async def test_an_answer_that_stays_away_is_not_followed_by_a_second_one(
    office: Office, chat: Chat, answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "ANSWER_S", 0.5)
    chat.answers = [answer]
    await office.until("unclear")
    office.clock.goes_on(hours=1)
    office.start()
    await office.looks()
    assert len(chat.ledger) == 1


async def test_a_keeper_that_ended_while_it_sent_leaves_a_note_and_nobody_sends_again(
    office: Office, chat: Chat
) -> None:
    chat.answers = [SILENT]
    await office.looks(1)
    async with asyncio.timeout(DEADLINE_S):
        await chat.arrived.wait()
    office.start()
    row = await office.until("unclear")
    assert "ended before the answer" in row["detail"]
    office.clock.goes_on(hours=1)
    await office.looks()
    assert len(chat.ledger) == 1


async def test_what_certainly_did_not_arrive_is_tried_again_with_one_key(office: Office, chat: Chat) -> None:
    await chat.close()
    row = await office.until("waiting")
    assert "no connection" in row["detail"]
    assert "robot-key" not in row["detail"]
    await chat.open()
    await office.looks()
    assert chat.ledger == [], "not before its time"
    chat.answers = [TOO_MANY, OK]
    office.clock.goes_on(minutes=1)
    await _until(lambda: len(chat.ledger) == 1, office)
    assert (await office.until("waiting"))["attempts"] == 2
    office.clock.goes_on(minutes=1, seconds=59)
    await office.looks()
    assert len(chat.ledger) == 1, "the second pause is longer"
    office.clock.goes_on(seconds=1)
    again = await office.until("sent")
    assert (again["attempts"], again["message_id"], len(chat.ledger)) == (3, row["message_id"], 2)


async def test_a_refusal_is_not_repeated(office: Office, chat: Chat) -> None:
    chat.answers = [NO_ROBOT]
    row = await office.until("refused")
    assert row["detail"] == "errcode 93000: invalid webhook url"
    office.clock.goes_on(hours=1)
    await office.looks()
    assert len(chat.ledger) == 1


async def test_a_late_start_sends_until_noon_and_nothing_older(office: Office, chat: Chat) -> None:
    office.clock.now = datetime(2026, 11, 24, 3, 59, tzinfo=UTC)
    await office.until("sent")
    office.clock.now = datetime(2026, 11, 27, 4, 0, tzinfo=UTC)
    await office.looks()
    query = "SELECT business_date::text, state FROM plant.digest ORDER BY business_date"
    told = await (await office.connection.execute(query)).fetchall()
    assert told == [("2026-11-23", "sent"), ("2026-11-26", "too_late")]
    assert len(chat.ledger) == 1


async def test_what_waited_until_noon_is_too_late(office: Office, chat: Chat) -> None:
    await chat.close()
    await office.until("waiting")
    office.clock.goes_on(hours=4)
    row = await office.until("too_late")
    assert "no connection" in row["detail"]


def test_a_keeper_without_an_address_does_not_start(tmp_path: Path) -> None:
    settings = DigestSettings(receiver="wecom", url_file=tmp_path / "nothing")
    with pytest.raises(ConfigError, match="LINESIDE_DIGEST__URL_FILE"):
        Morning(settings, "wecom", SHANGHAI)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_it_tells_the_owner_s_figures_with_a_line_of_why(
    connection: AsyncConnection, language: Any
) -> None:
    await two_days(connection)
    today = datetime.now(UTC).date()
    told = await contents_of(connection, today, ZoneInfo("UTC"), language)
    paragraphs = told.text.split("\n\n")
    assert told.title == f"Lineside · {today}"
    assert len([one for one in paragraphs if one.startswith("**")]) == 7
    assert sum("\n> " in one for one in paragraphs) >= 6
    for figure in ("100 ", "90.9 %", "27.8 %"):
        assert figure in told.text
    assert ("Better than the day before" if language == "en" else "好于前一日") in told.text
    assert ("unplanned stops: 20 min" if language == "en" else "20") in told.text
    assert bool(CHINESE.search(told.text)) == (language == "zh-CN")
    again = await contents_of(connection, today, ZoneInfo("UTC"), language, again=True)
    assert again.text != told.text


async def test_a_day_without_anything_is_told_too(connection: AsyncConnection) -> None:
    told = await contents_of(connection, date(2026, 11, 23), ZoneInfo("UTC"), "en")
    assert "**Output** –" in told.text
    assert "Nothing was made." in told.text


@pytest.mark.parametrize(
    ("state", "en", "zh"),
    [
        (None, "The daily digest is off.", "日报未开启。"),
        ("sent", "Daily digest of 2026-11-23: sent", "2026-11-23 日报：已发送"),
        ("refused", "The chat refused it.", "对方拒收。"),
        ("unclear", "Nobody knows whether it arrived", "不知是否送达"),
        ("too_late", "past noon", "已过中午"),
        ("waiting", "tried again until noon", "中午前会再试"),
    ],
)
async def test_the_owner_s_page_says_when_it_went_out_or_why_not(
    client: httpx.AsyncClient, connection: AsyncConnection, state: str | None, en: str, zh: str
) -> None:
    if state is not None:
        await connection.execute(
            "INSERT INTO plant.digest (business_date, message_id, receiver, state, ended_time, detail)"
            " VALUES ('2026-11-23', gen_random_uuid(), 'wecom', %s, now(), 'errcode 0')",
            (state,),
        )
    for language, words in (("en", en), ("zh-CN", zh)):
        answer = await client.get("/boss", headers={"Accept-Language": language})
        assert answer.status_code == 200, answer.text
        assert words in answer.text


async def test_by_hand_it_is_shown_rehearsed_and_sent_and_a_second_one_says_so(
    plant_database: PlantDatabase, chat: Chat, tmp_path: Path
) -> None:
    (tmp_path / "url").write_text(chat.url, encoding="utf-8")
    environment = {
        "LINESIDE_DATABASE_URL": plant_database.url,
        "LINESIDE_DIGEST__RECEIVER": "wecom",
        "LINESIDE_DIGEST__URL_FILE": str(tmp_path / "url"),
        "LINESIDE_DIGEST__LANGUAGE": "en",
    }

    async def digest(*words: str) -> tuple[int, str]:
        runner = CliRunner()
        done = await asyncio.to_thread(runner.invoke, lineside.app, ["digest", *words], env=environment)
        return done.exit_code, done.output

    code, shown = await digest("show", "--day", "2026-11-23")
    assert (code, shown.startswith("### Lineside · 2026-11-23")) == (0, True)
    code, told = await digest("send", "--dry-run", "--day", "2026-11-23")
    assert (code, "127.0.0.1 (wecom)" in told, "robot-key" in told) == (0, True, False)
    assert chat.ledger == []
    assert await digest("send", "--day", "2026-11-23") == (0, "sent: errcode 0\n")
    chat.answers = [NO_ROBOT]
    code, told = await digest("send", "--day", "2026-11-23")
    assert (code, "refused: errcode 93000" in told) == (1, True)
    first, second = (one.body["markdown"]["content"] for one in chat.ledger)
    assert "Sent again by hand" in second
    assert "Sent again by hand" not in first
    environment["LINESIDE_DIGEST__RECEIVER"] = ""
    code, told = await digest("send")
    assert (code, "LINESIDE_DIGEST__RECEIVER" in told) == (1, True)


@pytest.mark.system
async def test_a_keeper_killed_while_it_sends_sends_no_second_one(
    plant_database: PlantDatabase, connection: AsyncConnection, chat: Chat, tmp_path: Path
) -> None:
    """The process itself, in a time zone in which it is morning now."""
    (tmp_path / "url").write_text(chat.url, encoding="utf-8")
    chat.answers = [SILENT]
    environment = os.environ | {
        "LINESIDE_HOME": str(tmp_path),
        "LINESIDE_DATABASE_URL": plant_database.url,
        "LINESIDE_TIME_ZONE": _where_it_is_six(),
        "LINESIDE_DIGEST__RECEIVER": "wecom",
        "LINESIDE_DIGEST__URL_FILE": str(tmp_path / "url"),
        "LINESIDE_DIGEST__AT": "00:30",
    }

    async def keeper() -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "lineside", "keeper", env=environment, stderr=asyncio.subprocess.DEVNULL
        )

    first = await keeper()
    try:
        async with asyncio.timeout(DEADLINE_S):
            await chat.arrived.wait()
    finally:
        first.send_signal(signal.SIGKILL)
        await first.wait()
    second = await keeper()
    try:
        query = "SELECT state, attempts FROM plant.digest"
        async with asyncio.timeout(DEADLINE_S):
            while await (await connection.execute(query)).fetchall() != [("unclear", 1)]:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    finally:
        second.terminate()
        await second.wait()
    assert len(chat.ledger) == 1


def _where_it_is_six() -> str:
    hours = (6 - datetime.now(UTC).hour + 12) % 24 - 12
    return f"Etc/GMT{-hours:+d}" if hours else "UTC"  # Their signs are the other way round.


async def _until(is_so: Callable[[], bool], office: Office) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not is_so():
            await office.looks(1)
            await asyncio.sleep(0.02)
