"""Stops of the shift: each piece gets its reason, also late; a piece is cut at a moment; what nobody explained is visible."""

import pytest
from playwright.async_api import Page, expect
from psycopg import AsyncConnection

from tests.browser.conftest import Plant
from tests.browser.hands import sign_in
from tests.plant_server.terminal.shop import NAME, explained_stop

pytestmark = pytest.mark.system


async def pieces(connection: AsyncConnection) -> list[tuple[int, str | None]]:
    told = "SELECT stop_piece.from_ts, stop_piece.to_ts, reason FROM plant.stop_piece ORDER BY 1"
    rows = await (await connection.execute(told)).fetchall()
    return [(round((end - begin).total_seconds() / 60), reason) for begin, end, reason in rows]


async def believed(plant: Plant, connection: AsyncConnection) -> None:
    """The machine's states say the same as the stop, or the projection would take it back."""
    await explained_stop(plant.shop)
    await connection.execute(
        "INSERT INTO plant.stop_reason (device_id, from_ts, to_ts, from_start, to_end, reason, actor, event_id, said_time)"
        " SELECT device_id, piece.from_ts, piece.to_ts, true, false, reason, 'person:1', gen_random_uuid(), now()"
        " FROM plant.stop_piece AS piece JOIN plant.stop USING (stop_id) WHERE reason IS NOT NULL"
    )
    await connection.execute("UPDATE plant.machine_state_interval SET from_ts = now() - interval '20 min'")
    await connection.execute(
        "INSERT INTO plant.machine_state_interval (device_id, state, from_ts, to_ts)"
        " SELECT device_id, 'fault', from_ts, to_ts FROM plant.stop"
    )


async def test_each_piece_gets_its_own_reason_late(
    page: Page, plant: Plant, connection: AsyncConnection
) -> None:
    await believed(plant, connection)
    await sign_in(page, plant.url)
    await page.locator("#panel-stop [data-close]").click()  # It asks by itself, for the whole stop.
    await expect(page.locator("#counts")).to_contain_text("Stops without a reason: 1 · 32 min")
    await page.goto(f"{plant.url}/t/{NAME}/stops")
    await expect(page.locator(".head")).to_contain_text("without a reason 32 min")
    await page.get_by_role("link", name="Explain").click()
    await expect(page.locator(".orders li")).to_contain_text(["Jam", "without a reason"])
    await page.locator('[data-show="reason-1"]').click()
    async with page.expect_request("**/reason") as asked:
        await page.locator('#panel-reason-1 [value="tool"]').click()
    body = (await asked.value).post_data_json
    assert body is not None
    assert set(body) == {"at", "reason"}
    await expect(page.locator(".orders li")).to_contain_text(["Jam", "Tool change"])
    await expect(page.locator(".head")).to_contain_text("without a reason 0 min")
    assert await pieces(connection) == [(10, "jam"), (32, "tool")]


async def test_a_piece_is_cut_at_a_moment_and_each_side_gets_its_reason(
    page: Page, plant: Plant, connection: AsyncConnection
) -> None:
    await believed(plant, connection)
    await sign_in(page, plant.url)
    await page.goto(f"{plant.url}/t/{NAME}/stops")
    await page.get_by_role("link", name="Explain").click()
    await page.locator('[data-show="split-1"]').click()
    panel = page.locator("#panel-split-1")
    await expect(panel.locator(".primary")).to_be_disabled()
    for _ in range(9):
        await panel.locator('[data-step="-300"]').click()  # No further than the piece goes.
    await expect(panel.locator("fieldset output").first).to_have_text("1 s")
    for _ in range(2):
        await panel.locator('[data-step="300"]').click()
    await expect(panel.locator("fieldset output").first).to_have_text("10 min")
    await panel.locator('[data-side="before"] [data-cause="material"]').click()
    await panel.locator('[data-side="after"] [data-cause="tool"]').click()
    await panel.locator('[data-side="after"] [data-cause="tool"]').click()  # Not so sure after all.
    await panel.locator(".primary").click()
    await expect(page.locator(".orders li")).to_contain_text(["Jam", "No material", "without a reason"])
    assert await pieces(connection) == [(10, "jam"), (10, "material"), (22, None)]


async def test_who_is_not_signed_in_sees_stops_and_explains_none(page: Page, plant: Plant) -> None:
    await explained_stop(plant.shop)
    await page.goto(f"{plant.url}/t/{NAME}/stops")
    await page.get_by_role("link", name="Explain").click()
    await expect(page.locator(".orders li")).to_have_count(2)
    await expect(page.locator("[data-show]")).to_have_count(0)
