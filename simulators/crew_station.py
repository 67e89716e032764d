"""An operator at one station: takes the next order, brings its material, runs it, reports, completes it.

All that is known between two looks is what the plant shows, so a crew that was killed goes on where it stopped.
"""

import asyncio
import random
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_UP, Decimal
from typing import Any

from simulators.crew_material import Material
from simulators.crew_people import Person
from simulators.crew_supplier import Supplier

REPORT_EVERY = 8  # Looks.
STOPS_EVERY = 4
REPORTS_OF_AN_ORDER = 20  # Where people count.
UNDONE = 0.1  # Share of reports that are taken back.
REFUSED_FOR_S = 15.0  # So long an operation that was refused is left alone.
Row = dict[str, Any]


@dataclass(slots=True)
class Floor:
    """What the people of a crew know of each other."""

    pace_s: float
    supplier: Supplier
    finishing: asyncio.Event = field(default_factory=asyncio.Event)
    stations_left: asyncio.Event = field(default_factory=asyncio.Event)
    taken: dict[int, str] = field(default_factory=dict)
    """Which station does which operation, so that two do not start the same one."""

    async def pause(self, until: asyncio.Event) -> None:
        """Until the next look, or until the event."""
        try:
            async with asyncio.timeout(self.pace_s):
                await until.wait()
        except TimeoutError:
            return


class Operator:
    """One person at one station."""

    def __init__(self, person: Person, name: str, path: str, floor: Floor, seed: int) -> None:
        self._person = person
        self._name = name
        self._path = path
        self._floor = floor
        self._random = random.Random(f"{seed} {name}")
        self._material = Material(person, path, floor.supplier)
        self._not_before: dict[int, float] = {}
        self._spoken: deque[int] = deque(maxlen=200)
        self._looks = 0

    async def work(self) -> None:
        """Until the crew finishes; then the open run ends, so that all it counted is told."""
        await self._person.sign_in()
        while not self._floor.finishing.is_set():
            self._looks += 1
            run = await self._open_run()
            if run is None:
                await self._start_next()
            else:
                await self._tend(run)
            if self._looks % STOPS_EVERY == 0:
                await self._explain_stops()
            await self._floor.pause(self._floor.finishing)
        run = await self._open_run()
        if run is not None:
            order = await self._order(run)
            await self._end(run, order, is_done=_good(run, order) >= Decimal(order["quantity"]))

    async def _open_run(self) -> Row | None:
        page = await self._person.read("runs", equipment=self._path, open=True, limit=1)
        return next(iter(page["items"]), None)

    async def _start_next(self) -> None:
        rows = await self._person.read("dispatch", equipment=self._path)
        now = time.monotonic()
        self._not_before = {key: until for key, until in self._not_before.items() if until > now}
        for row in rows:
            is_ready = row["state"] in ("ready", "paused") and row["order_state"] != "held"
            is_mine = self._floor.taken.get(row["operation_id"], self._name) == self._name
            if is_ready and is_mine and row["operation_id"] not in self._not_before:
                await self._start(row)
                return

    async def _start(self, row: Row) -> None:
        operation_id = row["operation_id"]
        self._floor.taken[operation_id] = self._name
        order = await self._person.read(f"work-orders/{row['work_order_id']}")
        if row["position"] == min(one["position"] for one in order["operations"]):
            await self._material.bring(order)
        body = {"operation_id": operation_id, "equipment": self._path}
        if not (await self._person.do("start", "runs", body)).is_done:
            del self._floor.taken[operation_id]
            self._not_before[operation_id] = time.monotonic() + REFUSED_FOR_S

    async def _tend(self, run: Row) -> None:
        """Report now and then; complete when the operation has its quantity."""
        order = await self._order(run)
        wanted = Decimal(order["quantity"])
        if _good(run, order) >= wanted:
            await self._end(run, order, is_done=True)
        elif run["count_source"] == "operator":
            if self._looks % REPORT_EVERY == 0:
                await self._report(run, self._counted_by_hand(wanted, wanted - _good(run, order)))
        elif self._is_full(run, order) or self._looks % REPORT_EVERY == 0:
            scrap = self._scrapped(Decimal(run["unexplained_rejects"]))
            if scrap or run["not_yet_booked"] or Decimal(run["since_last_report"]) > 0:
                await self._report(run, {"scrap": await self._with_reasons(scrap)})

    async def _order(self, run: Row) -> Row:
        order: Row = await self._person.read(f"work-orders/{run['work_order_id']}")
        return order

    def _is_full(self, run: Row, order: Row) -> bool:
        """What waits to be booked would do; a report books it."""
        per_cycle = run["parts_per_cycle"]
        waiting = run["not_yet_booked"] * (per_cycle["cavities"] - per_cycle["blocked"]) / per_cycle["cycles"]
        return waiting > 0 and _good(run, order) + Decimal(str(waiting)) >= Decimal(order["quantity"])

    def _counted_by_hand(self, wanted: Decimal, left: Decimal) -> Row:
        each = (wanted / REPORTS_OF_AN_ORDER).quantize(Decimal(1), ROUND_UP)
        return {"good": str(min(each, left))}

    def _scrapped(self, unexplained: Decimal) -> int:
        """How many rejects get a reason now: never more than the machine has counted."""
        if unexplained < 1 or self._random.random() < 0.3:
            return 0
        return self._random.randint(1, int(unexplained))

    async def _with_reasons(self, quantity: int) -> list[Row]:
        reason = await self._reason("scrap") if quantity else None
        return [{"quantity": str(quantity), "reason": reason}] if reason is not None else []

    async def _report(self, run: Row, body: Row) -> None:
        told = await self._person.do("report", f"runs/{run['run_id']}/reports", body)
        if told.is_done and self._random.random() < UNDONE:
            path = f"runs/{run['run_id']}/reports/{told.body['report_id']}/undo"
            await self._person.do("undo", path)

    async def _end(self, run: Row, order: Row, *, is_done: bool) -> None:
        """The operation is completed, or paused so that somebody can go on with it. Both tell all that was counted."""
        operation = _operation(run, order)
        if operation["position"] == min(one["position"] for one in order["operations"]):
            made = Decimal(operation["good"]) + Decimal(operation["scrap"])
            await self._material.consume_by_hand(order, made)
        word = "complete" if is_done else "pause"
        await self._person.do(word, f"runs/{run['run_id']}/{word}")
        self._floor.taken.pop(run["operation_id"], None)

    async def _explain_stops(self) -> None:
        """Each stop once: those that stand now, and those that were no micro-stops."""
        since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
        page = await self._person.read("stops", path=self._path, limit=20, **{"from": since})
        for stop in page["items"]:
            is_open = any(piece["reason"] is None for piece in stop["pieces"])
            if stop["stop_id"] in self._spoken or not is_open or (stop["to_ts"] and stop["is_micro"]):
                continue
            reason = await self._reason("stop")
            if reason is None:
                return
            self._spoken.append(stop["stop_id"])
            await self._person.do("stop reason", f"stops/{stop['stop_id']}/reason", {"reason": reason})

    async def _reason(self, kind: str) -> str | None:
        """One of those that can be chosen here."""
        rows = await self._person.read_all("reasons", kind=kind)
        codes = [row["code"] for row in rows if row["is_active"] and row["is_leaf"] and self._is_here(row)]
        return self._random.choice(codes) if codes else None

    def _is_here(self, reason: Row) -> bool:
        places = reason["equipment"]
        return not places or any(f"{self._path}/".startswith(f"{one}/") for one in places)


def _operation(run: Row, order: Row) -> Row:
    found: Row = next(one for one in order["operations"] if one["operation_id"] == run["operation_id"])
    return found


def _good(run: Row, order: Row) -> Decimal:
    return Decimal(_operation(run, order)["good"])
