"""The shift lead: completes orders whose operations are all completed."""

from decimal import Decimal

from simulators.crew_people import Person
from simulators.crew_station import Floor, Row

_OVER = ("completed", "skipped")


class Lead:
    """Walks the floor until the last operator has left, and once more then."""

    def __init__(self, person: Person, floor: Floor) -> None:
        self._person = person
        self._floor = floor

    async def work(self) -> None:
        await self._person.sign_in()
        while not self._floor.stations_left.is_set():
            await self._complete_orders()
            await self._floor.pause(self._floor.stations_left)
        await self._complete_orders()

    async def _complete_orders(self) -> None:
        for state in ("running", "paused"):
            for row in await self._person.read_all("work-orders", state=state):
                if Decimal(row["remaining"]) <= 0:
                    await self._complete(row)

    async def _complete(self, row: Row) -> None:
        order = await self._person.read(f"work-orders/{row['work_order_id']}")
        if order["state"] == row["state"] and all(one["state"] in _OVER for one in order["operations"]):
            await self._person.do("complete order", f"work-orders/{row['work_order_id']}/complete", {})
