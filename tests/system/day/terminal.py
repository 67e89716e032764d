"""What hands do at the press's terminal, in either language. Every step leaves a picture."""

import re
from pathlib import Path

from playwright.async_api import Page, expect

STATION = "press1"
WORDS = {
    "en": {
        "next": "Start {}",
        "take_over": "Take over",
        "allow": "Allow for 8 hours",
        "waived": "Allowed by a waiver",
        "pieces": "pcs",
    },
    "zh-CN": {
        "next": "开始 {}",
        "take_over": "接班",
        "allow": "允许 8 小时",
        "waived": "特采放行",
        "pieces": "件",
    },
}


class Hands:
    def __init__(self, page: Page, url: str, language: str, pictures: Path) -> None:
        self.page = page
        self.words = WORDS[language]
        self._url = url
        self._language = language
        self._pictures = pictures
        self._count = 0

    async def picture(self, name: str) -> None:
        self._count += 1
        await self.page.screenshot(path=self._pictures / f"{self._count:02}-{name}-{self._language}.png")

    async def sign_in(self, person_id: int, name: str, pin: str) -> None:
        """By name tile and PIN pad; ends at the terminal, in the person's language."""
        await self.page.goto(f"{self._url}/?station={STATION}")
        await self.page.locator(f'[data-person-id="{person_id}"]').click()
        for digit in pin:
            await self.page.locator(f'#pin-form [data-key="{digit}"]').click()
        await self.picture(f"sign-in-{person_id}")
        await self.page.locator("#pin-send").click()
        await expect(self.page.locator("#screen")).to_be_visible()
        await self.page.wait_for_load_state("load")  # Before that nothing hears the scanner.
        await expect(self.page.locator("html")).to_have_attribute("lang", self._language)
        await expect(self.page.locator(".head .person")).to_contain_text(name)

    async def start(self, number: str) -> None:
        await self.page.get_by_role("button", name=self.words["next"].format(number), exact=True).click()
        await expect(self.page.locator("#job h2")).to_contain_text(number)

    async def scan(self, code: str) -> None:
        """As a scanner does: the prefix it was programmed to send, quick keys and Enter. Ends when the plant has judged."""
        await self.page.keyboard.press("F9")
        await self.page.keyboard.type(code, delay=2)
        await self.page.keyboard.press("Enter")
        await expect(self.page.locator("#verdict")).to_contain_text(code)
        await expect(self.page.locator("#verdict")).to_have_class(re.compile("good|bad"))

    async def scan_good(self, code: str) -> str:
        await self.scan(code)
        await expect(self.page.locator("#verdict .sign")).to_have_text("✓")
        return await self.page.locator("#verdict").inner_text()

    async def scan_bad(self, code: str, change: str) -> None:
        await self.scan(code)
        await expect(self.page.locator("#verdict .sign")).to_have_text("✕")
        await expect(self.page.locator("#verdict")).to_contain_text(change)

    async def close_panel(self) -> None:
        await self.page.locator(".panel:not([hidden]) [data-close]").click()
        await expect(self.page.locator(".panel:not([hidden])")).to_have_count(0)

    async def good_shown(self) -> int:
        return int(await self.page.locator("#counts .numbers .number b").first.inner_text())

    async def open_report(self, parts: int) -> bool:
        """Whether so many good parts are proposed; else the panel is closed again. It proposes what was made when it
        was opened."""
        await self.page.locator('[data-show="report"]').click()
        shown = await self.page.locator('#panel-report [data-target="good"] b').inner_text()
        if int(shown) >= parts:
            return True
        await self.close_panel()
        return False

    async def report(self, reason: str | None = None) -> None:
        """What the open panel proposes, one part of it scrap if there is a reason."""
        if reason is not None:
            await self.page.locator(f'#panel-report [data-reason="{reason}"]').click()
        await self.picture("report")
        await self.page.locator("#report-send").click()
        await expect(self.page.locator("#panel-report")).to_be_hidden()
        await expect(self.page.locator("#notice-undo")).to_be_visible()

    async def undo(self) -> None:
        await self.page.locator("#notice-undo").click()
        await expect(self.page.locator("#notice-undo")).to_be_hidden()
        await expect(self.page.locator("#notice .sign")).to_have_text("✓")

    async def give_reason(self, reason: str) -> None:
        """On the panel that opens by itself when a stop has lasted."""
        await expect(self.page.locator("#panel-stop")).to_be_visible(timeout=30_000)
        await self.picture("stop")
        await self.page.locator(f'#panel-stop [value="{reason}"]').click()
        await expect(self.page.locator("#panel-stop")).to_be_hidden()

    async def complete(self) -> None:
        await self.page.locator('[data-show="more"]').click()
        await self.page.locator('#panel-more [data-show="complete"]').click()
        await self.picture("complete")
        await self.page.locator("#panel-complete .primary").click()
        await expect(self.page.locator("#job[data-order]")).to_have_count(0)
