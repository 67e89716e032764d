"""Who did it when nobody can sign in: a session, a word or nothing; never the person of before (decisions/0005)."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Page, expect
from psycopg import AsyncConnection

from plant_server.people.roles import Role
from tests.browser.accessible import violations
from tests.browser.conftest import Plant
from tests.browser.hands import report, sign_in, waiting
from tests.browser.test_kiosk import CACHED, enrolled, kiosk
from tests.browser.test_screens import MM_PX, SIZES, SMALL
from tests.browser.test_terminal import nothing_waits, number, people_count, until
from tests.plant_server.people.staff import add_person
from tests.plant_server.terminal.shop import NAME

pytestmark = pytest.mark.system
IDLE_MS = 10 * 60_000
REPORTS = "SELECT actor, sum(quantity) FROM plant.production_entry GROUP BY actor ORDER BY actor"
LISTED = (
    "SELECT detail, event.actor, event.body FROM plant.alarm JOIN plant.event ON event_id = subject::uuid"
    " WHERE alarm.kind = 'unsigned_fact' AND cleared_time IS NULL ORDER BY alarm_id"
)


async def rows(connection: AsyncConnection, statement: str) -> list[tuple[object, ...]]:
    return await (await connection.execute(statement)).fetchall()


async def actor_of_terminal(connection: AsyncConnection) -> str:
    return f"station:{(await rows(connection, 'TABLE plant.station'))[0][0]}"


async def written_without_contact(page: Page, context: BrowserContext, plant: Plant, good: int) -> None:
    await sign_in(page, plant.url)
    await page.wait_for_function(CACHED)
    await context.set_offline(True)
    await expect(page.locator("#contact")).to_be_visible()
    await report(page, good)


@pytest.mark.parametrize("answer", ["Somebody else", "I am Li Na"])
async def test_a_kiosk_that_starts_without_contact_after_a_while_asks_who_is_there(
    plant: Plant, connection: AsyncConnection, tmp_path: Path, answer: str
) -> None:
    await people_count(connection)
    async with kiosk(tmp_path / "profile") as context:
        await enrolled(context, plant)
        await context.clock.install(time=datetime.now(UTC) - timedelta(minutes=30))
        await written_without_contact(await context.new_page(), context, plant, 5)
    await connection.execute("UPDATE plant.session SET created_time = created_time - interval '30 min'")
    async with kiosk(tmp_path / "profile") as context:
        await context.set_offline(True)
        page = await context.new_page()
        await page.goto(f"{plant.url}/t/{NAME}")
        await expect(page.locator("#lock")).to_be_visible()
        await expect(page.locator("#job")).to_contain_text("MO-1")
        await page.get_by_role("button", name=answer).click()
        await expect(page.locator(".person")).to_contain_text(
            "Person not known" if answer == "Somebody else" else "Li Na not signed in"
        )
        await report(page, 7)
        await context.set_offline(False)
        await until(lambda: nothing_waits(page))
        await page.wait_for_url(f"{plant.url}/?station={NAME}")  # Here somebody may sign in again.
    person, terminal = f"person:{plant.operator}", await actor_of_terminal(connection)
    if answer == "Somebody else":
        assert await rows(connection, REPORTS) == [(person, 5), (terminal, 7)]
        assert await rows(connection, LISTED) == [("nothing", terminal, {"good": "7"})]
    else:
        assert await rows(connection, REPORTS) == [(person, 12)]
        assert await rows(connection, LISTED) == [("word", person, {"good": "7"})]


async def test_a_restart_within_the_idle_time_keeps_who_was_there(
    plant: Plant, connection: AsyncConnection, tmp_path: Path
) -> None:
    await people_count(connection)
    async with kiosk(tmp_path / "profile") as context:
        await enrolled(context, plant)
        page = await context.new_page()
        await written_without_contact(page, context, plant, 5)
        await page.get_by_role("button", name="Lock").click()
        await page.get_by_role("button", name="Somebody else").click()
    async with kiosk(tmp_path / "profile") as context:
        await context.set_offline(True)
        page = await context.new_page()
        await page.goto(f"{plant.url}/t/{NAME}")
        await expect(page.locator(".person")).to_contain_text("Person not known")
        await expect(page.locator("#lock")).to_be_hidden()
        await report(page, 7)
        await context.set_offline(False)
        await until(lambda: nothing_waits(page))
    terminal = await actor_of_terminal(connection)
    assert await rows(connection, REPORTS) == [(f"person:{plant.operator}", 5), (terminal, 7)]


async def test_ten_idle_minutes_without_contact_lock_and_the_job_goes_on(
    page: Page, context: BrowserContext, plant: Plant, connection: AsyncConnection
) -> None:
    await people_count(connection)
    await page.clock.install()
    await written_without_contact(page, context, plant, 5)
    await page.clock.fast_forward(IDLE_MS - 60_000)
    await page.locator('[data-show="more"]').click()
    await page.locator("#panel-more [data-close]").click()
    await page.clock.fast_forward(IDLE_MS - 60_000)
    await expect(page.locator("#lock")).to_be_hidden()  # Somebody has touched in between.
    await page.clock.fast_forward(120_000)
    await expect(page.locator("#lock")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")
    await page.keyboard.type("L100", delay=2)
    await page.keyboard.press("Enter")
    await expect(page.locator("#lock")).to_be_visible()
    await connection.execute("UPDATE plant.session SET created_time = created_time - interval '20 min'")
    assert await waiting(page) == 1, "a scan at a locked terminal is nobody's"
    await page.get_by_role("button", name="Somebody else").click()
    await report(page, 7)
    await context.set_offline(False)
    await page.evaluate("dispatchEvent(new Event('online'))")
    await until(lambda: nothing_waits(page))
    terminal = await actor_of_terminal(connection)
    assert await rows(connection, REPORTS) == [(f"person:{plant.operator}", 5), (terminal, 7)]
    assert await number(connection, "SELECT count(*) FROM plant.run WHERE to_time IS NULL") == 1


async def test_ten_idle_minutes_with_contact_show_the_sign_in_and_the_job_goes_on(
    page: Page, plant: Plant, connection: AsyncConnection
) -> None:
    await page.clock.install()
    await sign_in(page, plant.url)
    await page.clock.fast_forward(IDLE_MS - 5_000)
    await expect(page.locator("#screen")).to_be_visible()
    await page.clock.fast_forward(10_000)
    await page.wait_for_url(f"{plant.url}/?station={NAME}")
    await expect(page.locator("#pin-form")).to_be_visible()
    assert await number(connection, "SELECT count(*) FROM plant.run WHERE to_time IS NULL") == 1
    await sign_in(page, plant.url)
    await expect(page.locator("#job")).to_contain_text("MO-1")


async def test_a_terminal_that_loses_contact_at_the_sign_in_goes_on_for_nobody(
    page: Page, context: BrowserContext, plant: Plant, connection: AsyncConnection
) -> None:
    await people_count(connection)
    await sign_in(page, plant.url)
    await page.wait_for_function(CACHED)
    await page.goto(f"{plant.url}/?station={NAME}")
    await expect(page.locator("#pin-form")).to_be_visible()
    await expect(page.locator("#go-on")).to_be_hidden()
    await context.set_offline(True)
    await page.locator("#go-on").click()
    await page.get_by_role("button", name="Somebody else").click()
    await report(page, 7)
    await context.set_offline(False)
    await until(lambda: nothing_waits(page))
    assert await rows(connection, REPORTS) == [(await actor_of_terminal(connection), 7)]


async def test_what_was_done_after_the_sessions_end_is_not_sent_for_ever(
    page: Page, context: BrowserContext, plant: Plant, connection: AsyncConnection
) -> None:
    """Its longest life is over, or a lead has ended it elsewhere; the page could not know."""
    await people_count(connection)
    await written_without_contact(page, context, plant, 5)
    await connection.execute(
        "UPDATE plant.session SET created_time = now() - interval '2 h', ended_time = now() - interval '1 h'"
    )
    await context.set_offline(False)
    await until(lambda: nothing_waits(page))
    terminal = await actor_of_terminal(connection)
    assert await rows(connection, REPORTS) == [(terminal, 5)]
    assert await rows(connection, LISTED) == [("nothing", terminal, {"good": "5"})]


async def test_what_a_role_may_not_do_goes_to_the_list_of_those_not_accepted(
    page: Page, plant: Plant, connection: AsyncConnection
) -> None:
    await people_count(connection)
    await add_person(plant.app, connection, Role.PLANNER, name="Zhou")
    await sign_in(page, plant.url, "Zhou")
    await report(page, 3)
    await expect(page.locator("#notice")).to_contain_text("Your role may not do this")
    assert await waiting(page) == 0
    await expect(page.locator("#review-items li")).to_have_count(1)


async def test_a_browser_that_is_no_terminal_goes_on_for_its_person_alone(
    page: Page, context: BrowserContext, plant: Plant, connection: AsyncConnection
) -> None:
    await people_count(connection)
    await context.clear_cookies()
    await page.clock.install()
    await written_without_contact(page, context, plant, 5)
    await page.clock.fast_forward(IDLE_MS + 5_000)
    await expect(page.locator("#lock")).to_be_visible()
    await expect(page.locator("#lock button")).to_have_text("I am Li Na")


async def test_a_clock_three_hours_late_tells_the_right_time(
    page: Page, plant: Plant, connection: AsyncConnection
) -> None:
    await people_count(connection)
    await page.clock.install(time=datetime.now(UTC) - timedelta(hours=3))
    await sign_in(page, plant.url)
    await report(page, 5)
    await until(lambda: nothing_waits(page))
    ((age_s, notes),) = await rows(
        connection,
        "SELECT extract(epoch FROM recorded_time - event_time), facts ->> 'clock' FROM plant.event"
        " WHERE event_id IN (SELECT event_id FROM plant.production_entry)",
    )
    assert 0 <= float(str(age_s)) < 60
    assert json.loads(str(notes))["client_skew_s"] == pytest.approx(-10_800, abs=60)
    assert await rows(connection, REPORTS) == [(f"person:{plant.operator}", 5)]


@pytest.mark.parametrize("size", ["terminal", "phone"])
@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_the_question_is_accessible_and_fits_gloves(
    page: Page, context: BrowserContext, plant: Plant, connection: AsyncConnection, language: str, size: str
) -> None:
    width, height = SIZES[size]
    await page.set_viewport_size({"width": width, "height": height})
    await connection.execute("UPDATE plant.person SET language = %s", (language,))
    await sign_in(page, plant.url)
    await page.wait_for_function(CACHED)
    await context.set_offline(True)
    await expect(page.locator("#contact")).to_be_visible()
    small = 48 if size == "phone" else 15 * MM_PX
    assert await page.evaluate(SMALL, small) == [], "without contact"
    await page.locator("[data-lock]").click()
    await expect(page.locator("#lock")).to_be_visible()
    assert await violations(page) == []
    assert await page.evaluate(SMALL, small) == [], "while it asks"
