"""What the steps of the day share: the factory, who works there, and the terminal in Chromium."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import async_playwright

from tests.system.day.desk import Desk, desk_of
from tests.system.day.factory import PRESS, SECOND_OPERATOR, Factory
from tests.system.day.office import Office
from tests.system.day.terminal import STATION, Hands

DAY, OLD, OLDER = "WO-DAY", "WO-OLD", "WO-OLDER"
ORDERED = 40
SECOND = ("Tom Reed", "周涛", "573184")


@dataclass
class Day:
    """What the steps share."""

    factory: Factory
    office: Office
    hands: Hands
    language: str
    desks: dict[str, Desk]
    lots: dict[str, int] = field(default_factory=dict)
    """By label."""
    runs: dict[str, int] = field(default_factory=dict)
    """By order."""

    def order(self, number: str) -> int:
        return int(
            self.factory.value("SELECT work_order_id FROM plant.work_order WHERE number = %(n)s", n=number)
        )

    def operation(self, number: str) -> int:
        query = "SELECT operation_id FROM plant.operation WHERE work_order_id = %(order)s"
        return int(self.factory.value(query, order=self.order(number)))

    def person(self, role: str) -> tuple[int, str, str]:
        """Number, name as this language shows it, and PIN."""
        if role == "second":
            name, name_zh, pin = SECOND
        else:
            one = self.factory.people[role]
            name, name_zh, pin = one.name, one.name_zh or one.name, one.pin
        number = self.factory.value("SELECT person_id FROM plant.person WHERE name = %(name)s", name=name)
        return int(number), name_zh if self.language == "zh-CN" else name, pin

    async def sign_in(self, role: str) -> None:
        await self.hands.sign_in(*self.person(role))


@contextlib.asynccontextmanager
async def day_at(factory: Factory, language: str, pictures: Path) -> AsyncIterator[Day]:
    """Desks of the office people, and the enrolled terminal in front of the press."""
    url = factory.plant.api_url
    async with contextlib.AsyncExitStack() as stack:
        desks = {}
        for role, one in factory.people.items():
            number = factory.value("SELECT person_id FROM plant.person WHERE name = %(name)s", name=one.name)
            desks[role] = await stack.enter_async_context(desk_of(url, number, one.pin))
        credential = await _furnish(factory, desks["admin"], desks["lead"], language)
        playwright = await stack.enter_async_context(async_playwright())
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", headless=True)
        stack.push_async_callback(browser.close)
        context = await browser.new_context(viewport={"width": 1280, "height": 800}, locale=language)
        context.set_default_timeout(15_000)
        cookie: Any = {"name": "lineside_device", "value": credential, "url": url, "httpOnly": True}
        await context.add_cookies([cookie | {"sameSite": "Strict"}])
        hands = Hands(await context.new_page(), url, language, pictures)
        yield Day(factory, Office(factory), hands, language, desks)


async def _furnish(factory: Factory, admin: Desk, lead: Desk, language: str) -> str:
    """The second operator, everybody's language, the terminal (its credential is returned), and when a stop needs a
    reason."""
    name, name_zh, pin = SECOND
    person = {
        "name": name,
        "name_zh": name_zh,
        "personnel_number": SECOND_OPERATOR,
        "language": language,
        "roles": ["operator"],
    }
    number = (await admin.do("people", person))["person_id"]
    await admin.do(f"people/{number}/pin", {"pin": pin}, "PUT")
    for one in (await admin.get("people"))["items"]:
        await admin.do(f"people/{one['person_id']}/change", {"language": language})
    equipment = factory.value("SELECT equipment_id FROM plant.equipment WHERE path = %(path)s", path=PRESS)
    station = await admin.do("stations", {"name": STATION, "equipment_id": equipment})
    enrolled = await admin.post(f"stations/{station['station_id']}/enrol")
    await lead.do("stop-thresholds", {"path": "", "micro_below_s": 2})
    credential = enrolled.cookies["lineside_device"]
    admin.client.cookies.delete("lineside_device")
    return credential
