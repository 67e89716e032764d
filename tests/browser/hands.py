"""What an operator's hands do at a terminal."""

from playwright.async_api import Error, Page, expect

from tests.plant_server.people.staff import PIN
from tests.plant_server.terminal.shop import NAME

WAITING = """() => new Promise((done) => { const wish = indexedDB.open('lineside', 1);
    wish.onsuccess = () => { wish.result.transaction('queue').objectStore('queue').count().onsuccess =
    (event) => { wish.result.close(); done(event.target.result); }; }; })"""


async def sign_in(page: Page, url: str, name: str = "Li Na") -> None:
    """By name tile and PIN pad; ends at the terminal of the press."""
    await page.goto(f"{url}/?station={NAME}")
    await page.get_by_role("button", name=name, exact=True).click()
    for digit in PIN:
        await page.locator(f'#pin-form [data-key="{digit}"]').click()
    await page.locator("#pin-send").click()
    await expect(page.locator("#screen")).to_be_visible()
    await page.wait_for_load_state("load")  # Its scripts listen to the scanner from then on.


async def report(page: Page, good: int) -> None:
    """Good parts by the number pad."""
    await page.locator('[data-show="report"]').click()
    for digit in str(good):
        await page.locator(f'#panel-report [data-key="{digit}"]').click()
    await page.locator("#report-send").click()
    await expect(page.locator("#panel-report")).to_be_hidden()


async def waiting(page: Page) -> int:
    """How many facts are in the queue of this browser."""
    while True:
        try:
            return int(await page.evaluate(WAITING))
        except Error as error:  # The page was exchanged for another while it was asked.
            if "context was destroyed" not in error.message:
                raise
            await page.wait_for_load_state()
