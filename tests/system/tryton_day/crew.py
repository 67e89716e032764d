"""What people do that day at the two presses, over the API their terminals use."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from tests.system.day.desk import Desk, desk_of
from tests.system.tryton_day.factory import Factory

STORE = "store"
TOLD = """SELECT count(*) FILTER (WHERE document.state = 'accepted') = count(*) AND count(*) > 0
    FROM bridge.claim JOIN bridge.part USING (outbox_id) JOIN bridge.document USING (document_id)
    WHERE claim.event_id = %(report)s AND document.reverses IS NULL"""
ENERGY = """SELECT count(*) = 0 FROM plant.run LEFT JOIN plant.run_energy USING (run_id)
    WHERE run.work_order_id = %(order)s AND run_energy.run_id IS NULL"""

ARRIVED = """SELECT quantity >= %(quantity)s::numeric FROM plant.lot_stock JOIN plant.material_lot USING (lot_id)
    WHERE lot = %(lot)s AND location = %(store)s"""
WAITING = "SELECT count(*) FROM plant.outbox WHERE work_order_id = %(order)s"


@dataclass
class Job:
    """An order at a press."""

    number: str
    press: str
    order_id: int
    run_id: int = 0
    reports: list[str] = field(default_factory=list)
    """Those that stand."""


@dataclass
class Crew:
    factory: Factory
    desks: dict[str, Desk]

    async def order(self, number: str, press: str) -> Job:
        """Nobody types it: it came from Tryton."""
        query = "SELECT work_order_id FROM plant.work_order WHERE number = %(number)s AND state = 'released'"
        order_id = await self.factory.until(
            f"order {number}", lambda: self.factory.value(query, number=number)
        )
        return Job(number, press, int(order_id))

    async def start(self, job: Job, **how: Any) -> None:
        query = "SELECT operation_id FROM plant.operation WHERE work_order_id = %(order)s"
        operation = self.factory.value(query, order=job.order_id)
        body = {"operation_id": operation, "equipment": job.press} | how
        job.run_id = (await self.desks["operator"].do("runs", body))["run_id"]

    async def bring(self, job: Job, lot: str, quantity: str) -> None:
        """From the store, where Tryton says that it arrived, to the press."""
        there = {"lot": lot, "store": STORE, "quantity": quantity}
        await self.factory.until(f"{quantity} of {lot}", lambda: self.factory.value(ARRIVED, **there))
        body = {"order": job.number, "quantity": quantity, "from_location": STORE, "to_location": job.press}
        await self.desks["operator"].do(f"lots/{self._lot(lot)}/issue", body)

    async def use_more(self, job: Job, lot: str, quantity: str) -> None:
        """More than the BOM says, by scan."""
        body = {
            "order": job.number,
            "quantity": quantity,
            "location": job.press,
            "run_id": job.run_id,
        }
        await self.desks["operator"].do(f"lots/{self._lot(lot)}/consume", body)

    async def report(self, job: Job, **body: Any) -> str:
        told = await self.desks["operator"].do(f"runs/{job.run_id}/reports", body)
        job.reports.append(told["report_id"])
        return str(told["report_id"])

    async def undo(self, job: Job, report: str) -> None:
        """Within its undo time: no ERP ever hears of it."""
        await self.desks["operator"].do(f"runs/{job.run_id}/reports/{report}/undo")
        job.reports.remove(report)

    async def take_back(self, job: Job, report: str, instead: dict[str, Any] | None = None) -> None:
        """After Tryton was told."""
        await self.factory.until("the report in Tryton", lambda: self._is_told(report), 180)
        body = {"note": "counted wrongly", "instead": instead}
        await self.desks["lead"].do(f"runs/{job.run_id}/reports/{report}/reverse", body)
        job.reports.remove(report)

    async def take_over(self, job: Job, who: str) -> None:
        await self.desks[who].do(f"runs/{job.run_id}/hand-over")

    async def made(self, job: Job, parts: int) -> None:
        """Until the machine's counter has shown so many parts that nobody has reported."""

        async def enough() -> bool:
            run = await self.desks["operator"].get(f"runs/{job.run_id}")
            return float(run["since_last_report"]) >= parts

        await self.factory.until(f"{parts} parts at {job.press}", enough)

    async def end(self, job: Job) -> None:
        """The run is ended when its counts are booked, and the order completed."""
        await self.factory.until("all counts booked", lambda: self._is_booked(job))
        await self.desks["operator"].do(f"runs/{job.run_id}/complete")
        await self.desks["lead"].do(f"work-orders/{job.order_id}/complete", {"confirm": True})

    async def close(self, job: Job) -> None:
        """When its energy is told and its undo times are over: nothing more comes of it."""
        await self.factory.until("the energy", lambda: self.factory.value(ENERGY, order=job.order_id))
        await self.factory.until(
            "no posting in the plant", lambda: not self.factory.value(WAITING, order=job.order_id)
        )
        await self.desks["planner"].do(f"work-orders/{job.order_id}/close")

    async def _is_booked(self, job: Job) -> bool:
        run = await self.desks["operator"].get(f"runs/{job.run_id}")
        return bool(run["not_yet_booked"] == 0)

    def _lot(self, label: str) -> int:
        query = "SELECT lot_id FROM plant.material_lot WHERE lot = %(lot)s"
        return int(self.factory.value(query, lot=label))

    def _is_told(self, report: str) -> bool:
        return bool(self.factory.value(TOLD, report=report))


@contextlib.asynccontextmanager
async def crew_of(factory: Factory) -> AsyncIterator[Crew]:
    async with contextlib.AsyncExitStack() as stack:
        desks = {}
        for role, one in factory.people.items():
            number = factory.value("SELECT person_id FROM plant.person WHERE name = %(name)s", name=one.name)
            desks[role] = await stack.enter_async_context(desk_of(factory.plant.api_url, number, one.pin))
        yield Crew(factory, desks)
