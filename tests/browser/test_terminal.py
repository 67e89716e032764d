"""A terminal in a real browser: sign in, report, undo, lose the network, come back, each fact counted once."""

import asyncio
import re
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import BrowserContext, Page, Route, expect
from psycopg import AsyncConnection

from tests.browser.conftest import Plant
from tests.browser.hands import report, sign_in, waiting
from tests.plant_server.materials.floor import LONG_AGO
from tests.plant_server.terminal.shop import NAME, lose_parts

pytestmark = pytest.mark.system

DEADLINE_S = 30


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not await condition():  # noqa: ASYNC110 - what it waits for is another process's
            await asyncio.sleep(0.1)


async def number(connection: AsyncConnection, statement: str) -> int:
    row = await (await connection.execute(statement)).fetchone()
    return int(row[0]) if row and row[0] is not None else 0


async def people_count(connection: AsyncConnection) -> None:
    """At this station people count: what they report is what is made."""
    await connection.execute("UPDATE plant.run SET count_source = 'operator'")


async def test_three_taps_report_good_and_scrap_and_a_fourth_undoes_it(
    page: Page, plant: Plant, connection: AsyncConnection
) -> None:
    await sign_in(page, plant.url)
    await page.locator('[data-show="report"]').click()
    await page.locator('[data-reason="burr"]').click()
    await expect(page.locator("#report-send")).to_have_text("Save: 36 good, 1 bad")
    await page.locator("#report-send").click()
    await expect(page.locator("#notice")).to_contain_text("Saved")
    assert (
        await number(connection, "SELECT sum(quantity) FROM plant.production_entry WHERE kind = 'scrap'") == 1
    )
    await page.locator("#notice-undo").click()
    await expect(page.locator("#notice")).to_contain_text("Undone")
    assert await number(connection, "SELECT sum(quantity) FROM plant.production_entry") == 0
    assert (
        await number(connection, "SELECT count(*) FROM plant.production_entry WHERE reverses IS NOT NULL") > 0
    )


async def test_55_taps_of_which_20_offline_and_30_with_lost_answers_are_55_reports(
    page: Page, context: BrowserContext, plant: Plant, connection: AsyncConnection
) -> None:
    await people_count(connection)
    await sign_in(page, plant.url)
    for tap in range(5):
        await report(page, 1 + tap % 2)
    await until(lambda: nothing_waits(page))
    await context.set_offline(True)
    for tap in range(5, 25):
        await report(page, 1 + tap % 2)
    assert await waiting(page) == 20
    await expect(page.locator("#queue-badge")).to_contain_text("20")
    await context.set_offline(False)
    answers, losing = 0, True

    async def lose_every_second(route: Route) -> None:
        nonlocal answers
        answers += 1
        answer = await route.fetch()
        if losing and answers % 2:
            await route.fulfill(status=504, body="")
        else:
            await route.fulfill(response=answer)

    await page.route("**/reports", lose_every_second)
    for tap in range(25, 55):
        await report(page, 1 + tap % 2)
    losing = False
    await page.evaluate("dispatchEvent(new Event('online'))")  # Else it waits for its back-off.
    await until(lambda: nothing_waits(page))
    assert await number(connection, "SELECT count(*) FROM plant.production_entry") == 55
    assert await number(connection, "SELECT count(DISTINCT event_id) FROM plant.production_entry") == 55
    assert await number(connection, "SELECT sum(quantity) FROM plant.production_entry") == 28 * 1 + 27 * 2
    versions = await (
        await connection.execute("SELECT DISTINCT substr(event_id::text, 15, 1) FROM plant.production_entry")
    ).fetchall()
    assert versions == [("7",)]


WHETHER_THE_SCREEN_WAITS = """
    document.querySelector('[data-show=report]').dataset.old = 'yes';
    window.screenWaits = new Promise((done) => {
        addEventListener('htmx:beforeRequest', (event) => { if (event.defaultPrevented) done(true); });
        addEventListener('htmx:beforeSwap', (event) => { if (event.target.id === 'screen' && !event.detail.shouldSwap) done(true); });
        addEventListener('htmx:afterSettle', (event) => { if (event.target.id === 'screen') done(false); });
    });
    0;"""


@pytest.mark.parametrize("was_asked_for", ["before", "meanwhile"])
async def test_a_screen_that_comes_while_a_finger_is_down_takes_no_button_from_under_it(
    page: Page, plant: Plant, connection: AsyncConnection, was_asked_for: str
) -> None:
    await people_count(connection)
    await sign_in(page, plant.url)
    await page.evaluate(WHETHER_THE_SCREEN_WAITS)
    await page.locator('[data-show="report"]').hover()
    if was_asked_for == "before":  # And the finger comes down before the answer is there.
        await page.evaluate(
            "htmx.trigger('#screen', 'refresh'); dispatchEvent(new PointerEvent('pointerdown'))"
        )
    await page.mouse.down()
    if was_asked_for == "meanwhile":
        await page.evaluate("htmx.trigger('#screen', 'refresh')")
    assert await page.evaluate("screenWaits") is True
    await page.mouse.up()
    await expect(page.locator("#panel-report")).to_be_visible()
    await page.locator("#panel-report [data-close]").first.click()
    await expect(page.locator('[data-show="report"][data-old]')).to_have_count(
        0
    )  # The late screen came after all.


async def nothing_waits(page: Page) -> bool:
    return await waiting(page) == 0


async def test_a_reload_without_contact_shows_the_job_and_keeps_what_waits(
    page: Page, context: BrowserContext, plant: Plant, connection: AsyncConnection
) -> None:
    await people_count(connection)
    await sign_in(page, plant.url)
    await page.wait_for_function(
        "caches.open('lineside-1').then((c) => c.keys()).then((k) => k.some((r) => r.url.includes('/t/')))"
    )
    await context.set_offline(True)
    await page.reload()
    await expect(page.locator("#job")).to_contain_text("MO-1")
    await expect(page.locator("#contact")).to_be_visible()
    await report(page, 7)
    await page.reload()
    await expect(page.locator("#queue-badge")).to_contain_text("1")
    await page.locator('[data-show="more"]').click()
    await expect(page.locator('[data-show="complete"]')).to_be_disabled()
    await context.set_offline(False)
    await until(lambda: nothing_waits(page))
    assert await number(connection, "SELECT sum(quantity) FROM plant.production_entry") == 7


async def test_what_waits_is_sent_once_by_two_tabs_and_for_the_person_who_did_it(
    page: Page, context: BrowserContext, plant: Plant, connection: AsyncConnection
) -> None:
    await people_count(connection)
    await sign_in(page, plant.url)
    other = await context.new_page()
    await other.goto(f"{plant.url}/t/{NAME}")
    await page.bring_to_front()  # A page in the background draws nothing, and a click waits for that.
    await context.set_offline(True)
    for tap in range(6):
        await report(page, 1 + tap % 2)
    await connection.execute("UPDATE plant.session SET ended_time = now()")
    sent: list[str] = []
    for tab in (page, other):
        tab.on(
            "request",
            lambda request: (
                sent.append(request.headers["idempotency-key"]) if request.method == "POST" else None
            ),
        )
    await context.set_offline(False)
    await until(lambda: nothing_waits(page))
    assert await number(connection, "SELECT count(*) FROM plant.production_entry") == 6
    assert len(sent) == len(set(sent)) == 6
    actors = await (await connection.execute("SELECT DISTINCT actor FROM plant.production_entry")).fetchall()
    assert actors == [(f"person:{plant.operator}",)]


async def test_a_fact_that_is_refused_waits_for_a_person_to_see_it(
    page: Page, plant: Plant, connection: AsyncConnection
) -> None:
    await people_count(connection)
    await sign_in(page, plant.url)
    await page.route(
        "**/reports",
        lambda route: route.fulfill(
            status=409,
            content_type="application/problem+json",
            body='{"type":"urn:lineside:problem:run-has-ended","title":"The run has ended","status":409,"code":"run-has-ended"}',
        ),
    )
    await report(page, 3)
    await expect(page.locator("#notice")).to_contain_text("The run has ended")
    assert await waiting(page) == 0
    await page.locator("#notice-close").click()
    await page.locator("#queue-badge").click()
    await expect(page.locator("#review-items")).to_contain_text("The run has ended")
    await page.locator("#review-items button").click()
    await expect(page.locator("#review-items li")).to_have_count(0)


async def test_a_scanned_lot_is_judged_aloud(page: Page, plant: Plant, connection: AsyncConnection) -> None:
    await plant.shop.floor.lot("SCREW", "L100", "500", revision="B")
    await plant.shop.floor.change("ECN-7", "SCREW", "A", "B", LONG_AGO)
    await plant.shop.floor.lot("SCREW", "L200", "500", revision="A")
    await sign_in(page, plant.url)
    await page.keyboard.type("L100", delay=2)
    await page.keyboard.press("Enter")
    await expect(page.locator("#verdict")).to_have_class(re.compile("good"))
    await expect(page.locator("#verdict")).to_contain_text("✓")
    await page.keyboard.type("L200", delay=2)
    await page.keyboard.press("Enter")
    await expect(page.locator("#verdict")).to_have_class(re.compile("bad"))
    await expect(page.locator("#verdict")).to_contain_text("ECN-7")
    await expect(page.locator("#waiver-form")).to_be_visible()


async def test_a_stop_without_a_reason_asks_by_itself(
    page: Page, plant: Plant, connection: AsyncConnection
) -> None:
    await plant.shop.stand_still()
    await sign_in(page, plant.url)
    await expect(page.locator("#panel-stop")).to_be_visible()
    await page.locator('#panel-stop [value="jam"]').click()
    await expect(page.locator("#panel-stop")).to_be_hidden()
    await until(lambda: said(connection))


async def said(connection: AsyncConnection) -> bool:
    return await number(connection, "SELECT count(*) FROM plant.stop_reason WHERE reason = 'jam'") == 1


async def test_a_second_identical_tap_is_ignored(
    page: Page, plant: Plant, connection: AsyncConnection
) -> None:
    await people_count(connection)
    await sign_in(page, plant.url)
    await page.locator('[data-show="report"]').click()
    await page.locator('#panel-report [data-key="5"]').click()
    await page.evaluate(
        "() => { const form = document.getElementById('report-form'); form.requestSubmit(); form.requestSubmit(); }"
    )
    await expect(page.locator("#notice")).to_contain_text("Saved")
    assert await number(connection, "SELECT count(*) FROM plant.production_entry") == 1


async def test_counts_grow_old_in_sight(page: Page, plant: Plant, connection: AsyncConnection) -> None:
    await sign_in(page, plant.url)
    await connection.execute("UPDATE plant.odometer SET total = total + 1, ts = now() - interval '45 s'")
    await expect(page.locator("#counts")).to_contain_text("1241")
    await expect(page.locator(".age")).to_contain_text("old")
    await expect(page.locator("#counts")).to_have_class(re.compile("is-old"))


async def test_parts_that_nobody_owns_ask_for_their_order(
    page: Page, plant: Plant, connection: AsyncConnection
) -> None:
    await lose_parts(plant.shop)
    await sign_in(page, plant.url)
    await expect(page.locator(".banner").first).to_contain_text("37 parts")
    await page.locator('[data-show="assign"]').click()
    await expect(page.locator("#panel-assign")).to_contain_text("MO-1")


async def test_an_order_that_is_released_appears_by_itself(
    page: Page, plant: Plant, connection: AsyncConnection
) -> None:
    await sign_in(page, plant.url)
    await connection.execute("UPDATE plant.odometer SET total = total + 1")
    await expect(page.locator("#counts")).to_contain_text("1241")  # The stream has looked at the orders too.
    await connection.execute(
        "INSERT INTO plant.work_order (number, source, item_id, quantity, unit, state, item_revision, bom_id,"
        " ordered_quantity, ordered_unit) SELECT 'MO-9', source, item_id, quantity, unit, state, item_revision, bom_id,"
        " ordered_quantity, ordered_unit FROM plant.work_order WHERE number = 'MO-2'"
    )
    await connection.execute(
        "INSERT INTO plant.operation (work_order_id, position, name_en, name_zh, state, is_last)"
        " SELECT work_order_id, 10, 'press', '冲压', 'ready', true FROM plant.work_order WHERE number = 'MO-9'"
    )
    await expect(page.locator("#panel-change")).to_contain_text("MO-9")
