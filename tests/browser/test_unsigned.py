"""What nobody's badge or PIN stands behind is shown to a lead at the terminal, to say whose it was."""

import pytest
from playwright.async_api import BrowserContext, Page, expect
from psycopg import AsyncConnection

from plant_server.people.roles import Role
from tests.browser.accessible import violations
from tests.browser.conftest import Plant
from tests.browser.hands import report, sign_in
from tests.browser.test_kiosk import CACHED
from tests.browser.test_terminal import nothing_waits, people_count, until
from tests.plant_server.people.staff import add_person

pytestmark = pytest.mark.system


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_a_lead_says_at_the_terminal_who_it_was(
    page: Page, context: BrowserContext, plant: Plant, connection: AsyncConnection, language: str
) -> None:
    await people_count(connection)
    await add_person(plant.app, connection, Role.LEAD, name="Ma")
    await sign_in(page, plant.url)
    await page.wait_for_function(CACHED)
    await context.set_offline(True)
    await page.get_by_role("button", name="Lock").click()
    await page.get_by_role("button", name="I am Li Na").click()
    await report(page, 5)
    await page.get_by_role("button", name="Lock").click()
    await page.get_by_role("button", name="Somebody else").click()
    await report(page, 7)
    await context.set_offline(False)
    await until(lambda: nothing_waits(page))
    await page.wait_for_url("**/?station=*")
    await sign_in(page, plant.url)
    await expect(page.locator("#job")).to_contain_text("MO-1")
    # An operator has no say in it.
    await expect(page.locator(".banner").filter(has_text="Person not known")).to_have_count(0)
    await connection.execute("UPDATE plant.person SET language = %s WHERE name = 'Ma'", (language,))
    await sign_in(page, plant.url, "Ma")
    words = {
        "en": ("said to be Li Na, not signed in", "It was Li Na", "Good 7", "Nobody knows"),
        "zh-CN": ("自称李娜，未登录", "是李娜", "合格 7", "无人知道"),
    }[language]
    await expect(page.get_by_text(words[0])).to_be_visible()
    assert await violations(page) == []
    await page.get_by_role("button", name=words[1]).click()
    await expect(page.get_by_text(words[0])).to_have_count(0)
    await expect(page.locator(".banner").filter(has_text=words[2])).to_be_visible()
    await page.get_by_role("button", name=words[3]).click()
    await expect(page.locator(".banner").filter(has_text=words[2])).to_have_count(0)
    told = await connection.execute(
        "SELECT body, facts #>> '{unsigned_fact,known_by}', actor FROM plant.event"
        " WHERE kind = 'unsigned_fact.settle' ORDER BY recorded_time"
    )
    rows = await told.fetchall()
    assert [(body, known_by) for body, known_by, _ in rows] == [
        ({"person_id": plant.operator}, "word"),
        ({"person_id": None}, "nothing"),
    ]
    assert {actor for _, _, actor in rows}.isdisjoint({f"person:{plant.operator}"})
