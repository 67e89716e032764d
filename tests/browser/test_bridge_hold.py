"""The bridge's page after a restore: what the ERP knows, what would be told, and the button, for everyone."""

import httpx
import psycopg
import pytest
from playwright.async_api import Browser, expect

from erp_bridge.after_restore.examine import examine
from erp_bridge.after_restore.holds import QUERIES
from erp_bridge.api import create_app
from erp_bridge.api_keys import make_key
from erp_bridge.connectors import CONNECTORS
from erp_bridge.settings import Settings
from tests.browser.accessible import violations
from tests.erp_bridge.bridge_here import BridgeHere
from tests.erp_bridge.conftest import bridge, bridge_url, core, core_process, floor
from tests.erp_bridge.floor import Floor
from tests.erp_bridge.served import served
from tests.plant_server.database_fixture import PlantDatabase
from tests.simulators.business_process import released_order

__all__ = ["bridge", "bridge_url", "core", "core_process", "floor"]
pytestmark = pytest.mark.system
PATIENCE_MS = 20_000
FORGET = """DELETE FROM bridge.part; DELETE FROM bridge.delivery; DELETE FROM bridge.document; DELETE FROM bridge.claim"""


async def asked(bridge: BridgeHere) -> None:
    """As the bridge does while it runs."""
    connector = CONNECTORS["core"]("core", bridge.config.connectors["core"])
    async with bridge.session() as session:
        await session.execute(QUERIES["hold"], {"connector": "core"})
        await examine(session, bridge.config, connector)
    await connector.close()


@pytest.fixture
async def number(core: httpx.Client, floor: Floor, bridge: BridgeHere, plant_database: PlantDatabase) -> str:
    """An order of which 40 were told and forgotten, as after a restore, and 55 are entered again."""
    number = released_order(core)
    floor.good(number, "40")
    await bridge.deliver()
    await bridge.ask(FORGET)
    with psycopg.connect(plant_database.url, autocommit=True) as connection:
        connection.execute("INSERT INTO plant.restoration (backup_time) VALUES (now() - interval '1 hour')")
    floor.good(number, "55")
    await bridge.plan()
    return number


@pytest.mark.parametrize(
    ("language", "heading", "numbers", "button"),
    [
        (
            "en",
            "Held since a restore",
            "there 40 pcs, here 55; waiting 55, would be told 15",
            "Let it be told again…",
        ),
        ("zh-CN", "恢复备份后已暂停", "对方 40 pcs，我方 55；等待 55，将发送 15", "恢复发送…"),
    ],
)
async def test_a_person_sees_what_stands_there_and_lets_it_be_told_again(
    browser: Browser, bridge: BridgeHere, number: str, language: str, heading: str, numbers: str, button: str
) -> None:
    key = await make_key(bridge.url, "Li", ["read", "write"])
    app = create_app(Settings(bridge_database_url=bridge.url), bridge.config)
    async with served(app) as url:
        context = await browser.new_context(viewport={"width": 800, "height": 800}, locale=language)
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("dialog", lambda dialog: dialog.accept())
        await page.goto(url)
        await page.locator("#key").fill(key)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name=heading)).to_have_count(0)
        await asked(bridge)
        await expect(page.get_by_role("heading", name=heading)).to_be_visible(timeout=PATIENCE_MS)
        await expect(page.locator("#hold-list")).to_contain_text(f"{number}")
        await expect(page.locator("#hold-list")).to_contain_text(numbers)
        assert await violations(page) == []
        assert await bridge.send_due() == 0
        await page.get_by_role("button", name=button).click()
        await expect(page.locator("#holds")).to_be_hidden(timeout=PATIENCE_MS)
        await context.close()
    assert [one["state"] for one in await bridge.deliver()] == ["accepted"]
    (told,) = await bridge.ask("SELECT request #>> '{lines,0,quantity}' AS quantity FROM bridge.delivery")
    assert told == {"quantity": "15"}
