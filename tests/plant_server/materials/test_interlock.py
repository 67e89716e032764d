"""One interlock: whoever asks, the answer is the same, with the number of the change order."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from psycopg import AsyncConnection

from plant_server.domain.interlock import InterlockCaller, InterlockRequest
from plant_server.domain.verdict import Allowed, Refused
from plant_server.events import Refused as CommandRefused
from plant_server.materials.interlock import ask, permission_of
from tests.plant_server.materials.commands import report
from tests.plant_server.materials.floor import LONG_AGO, STATION, Floor
from tests.plant_server.materials.hands import Hands

YESTERDAY = datetime.now(UTC) - timedelta(days=1)
TOMORROW = datetime.now(UTC) + timedelta(days=1)
Told = tuple[str | None, str | None]
"""Code of the reason and number of the change; (None, None): allowed."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is in the world when a lot of SCREW is asked for, and what the answer must be."""

    name: str
    arrange: Callable[[Floor, int], Awaitable[None]]
    told: Told
    revision: str | None = "A"


async def _nothing(floor: Floor, lot_id: int) -> None:
    return None


async def _superseded(floor: Floor, lot_id: int) -> None:
    await floor.change("ECN-7", "SCREW", "A", "B", YESTERDAY)


async def _superseded_tomorrow(floor: Floor, lot_id: int) -> None:
    await floor.change("ECN-7", "SCREW", "A", "B", TOMORROW)


async def _change_not_released(floor: Floor, lot_id: int) -> None:
    await floor.change("ECN-7", "SCREW", "A", "B", YESTERDAY, released=None)


async def _used_up(floor: Floor, lot_id: int) -> None:
    await floor.change("ECN-7", "SCREW", "A", "B", YESTERDAY, disposition="use_up")


async def _held(floor: Floor, lot_id: int) -> None:
    await floor.connection.execute(
        "INSERT INTO plant.lot_hold (lot_id, reference, placed_event) VALUES (%s, 'NC-1', gen_random_uuid())",
        (lot_id,),
    )


async def _expired(floor: Floor, lot_id: int) -> None:
    await floor.connection.execute(
        "UPDATE plant.material_lot SET expiry_time = %s WHERE lot_id = %s", (YESTERDAY, lot_id)
    )


async def _reserved(floor: Floor, lot_id: int) -> None:
    other = await floor.order("MO-2", "GEARBOX", "B", None)
    await floor.connection.execute(
        "UPDATE plant.material_lot SET reserved_for = %s WHERE lot_id = %s", (other, lot_id)
    )


async def _order_closed(floor: Floor, lot_id: int) -> None:
    await floor.connection.execute("UPDATE plant.work_order SET state = 'closed' WHERE number = 'MO-1'")


CASES = [
    Case("a released revision", _nothing, (None, None)),
    Case("after effectivity", _superseded, ("superseded-revision", "ECN-7")),
    Case("the new revision after effectivity", _superseded, (None, None), revision="B"),
    Case("before effectivity", _superseded_tomorrow, (None, None)),
    Case("the new revision before effectivity", _superseded_tomorrow, ("unreleased-revision", None), "B"),
    Case("a change that is not released", _change_not_released, (None, None)),
    Case("old stock that is used up", _used_up, (None, None)),
    Case("on hold", _held, ("lot-on-hold", None)),
    Case("expired", _expired, ("lot-expired", None)),
    Case("reserved for another order", _reserved, ("not-this-order", None)),
    Case("an order that is closed", _order_closed, ("not-this-order", None)),
    Case("a revision nobody knows", _nothing, ("unreleased-revision", None), revision="Z"),
    Case("no revision on the label", _nothing, ("unreleased-revision", None), revision=None),
]


async def by_scan(floor: Floor, hands: Hands, lot_id: int) -> Told:
    told = await hands.do("/scans", {"code": "S-1", "order": "MO-1", "station": STATION})
    assert told["ok"] is (told["reason"] is None)
    assert (told["lot"]["lot_id"], told["lot"]["quantity"], told["lot"]["here"]) == (lot_id, "100", "100")
    return told["reason"], told["change"]


async def by_issue(floor: Floor, hands: Hands, lot_id: int) -> Told:
    body = {"order": "MO-1", "quantity": "1", "from_location": STATION, "to_location": "elsewhere"}
    return _of_command(await hands.post(f"/lots/{lot_id}/issue", body))


async def by_consumption(floor: Floor, hands: Hands, lot_id: int) -> Told:
    body = {"order": "MO-1", "quantity": "1", "location": STATION}
    return _of_command(await hands.post(f"/lots/{lot_id}/consume", body))


def _of_command(answer: Any) -> Told:
    told = answer.json()
    if answer.status_code == 200:
        return None, None
    assert answer.status_code == 409
    return told["code"], told.get("params", {}).get("change")


async def by_backflush(floor: Floor, hands: Hands, lot_id: int) -> Told:
    run = await floor.run(await floor.one("SELECT work_order_id FROM plant.work_order WHERE number = 'MO-1'"))
    await report(floor, run, good=1)
    (row,) = [
        row for row in (await hands.get("/consumptions", order="MO-1"))["items"] if row["item"] == "SCREW"
    ]
    assert (row["shortage"] == "0") is (row["refused"] == [])
    if not row["refused"]:
        return None, None
    (refused,) = row["refused"]
    return refused["reason"].replace("_", "-"), refused["change"]


CALLERS = [by_scan, by_issue, by_consumption, by_backflush]


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.__name__)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_lot_is_judged_alike_by_every_caller(
    floor: Floor, operator: Hands, case: Case, caller: Callable[[Floor, Hands, int], Awaitable[Told]]
) -> None:
    lot_id = await floor.lot("SCREW", "S-1", "100", revision=case.revision)
    await case.arrange(floor, lot_id)
    assert await caller(floor, operator, lot_id) == case.told


@pytest.mark.parametrize("caller", [InterlockCaller.START, InterlockCaller.RESUME])
@pytest.mark.parametrize("effective", [YESTERDAY, TOMORROW])
async def test_an_order_starts_and_resumes_by_its_pinned_revision_alone(
    floor: Floor, connection: AsyncConnection, caller: InterlockCaller, effective: datetime
) -> None:
    await floor.revision("GEARBOX", "C")
    await floor.change("ECN-9", "GEARBOX", "B", "C", effective)
    now_ms = int(datetime.now(UTC).timestamp() * 1000)
    verdict = await ask(connection, InterlockRequest("GEARBOX", "B", None, "MO-1", now_ms, caller))
    if effective == TOMORROW:
        assert verdict == Allowed("MO-1", None)
        return
    assert isinstance(verdict, Refused)
    with pytest.raises(CommandRefused) as refusal:
        permission_of(verdict)
    assert (refusal.value.code, refusal.value.params["change"]) == ("superseded-revision", "ECN-9")


async def test_a_lot_of_something_else_is_refused(floor: Floor, operator: Hands) -> None:
    lot_id = await floor.lot("FOREIGN", "F-1", "5")
    body = {"order": "MO-1", "quantity": "1", "from_location": STATION, "to_location": "elsewhere"}
    assert (await operator.refused(f"/lots/{lot_id}/issue", body))[:2] == (409, "wrong-item")
    told = await operator.do("/scans", {"code": "F-1", "order": "MO-1"})
    assert (told["ok"], told["reason"]) == (False, "wrong-item")


async def test_a_part_drawn_with_one_revision_takes_what_a_change_put_in_its_place(
    floor: Floor, operator: Hands
) -> None:
    old = await floor.lot("HOUSING", "H-A", "5", revision="A")
    new = await floor.lot("HOUSING", "H-B", "5", revision="B")
    body = {"order": "MO-1", "quantity": "1", "location": STATION}
    assert (await operator.refused(f"/lots/{new}/consume", body))[1] == "unreleased-revision"
    await floor.change("ECN-8", "HOUSING", "A", "B", LONG_AGO)
    await operator.do(f"/lots/{new}/consume", body)
    status, code, params = await operator.refused(f"/lots/{old}/consume", body)
    assert (status, code, params["change"]) == (409, "superseded-revision", "ECN-8")


async def test_a_terminal_whose_clock_is_set_back_is_judged_by_ours(floor: Floor, operator: Hands) -> None:
    lot_id = await floor.lot("SCREW", "S-1", "100", revision="A")
    await floor.change("ECN-7", "SCREW", "A", "B", YESTERDAY)
    earlier = {"X-Client-Time": (YESTERDAY - timedelta(days=1)).isoformat()}
    body = {"order": "MO-1", "quantity": "1", "from_location": STATION, "to_location": "elsewhere"}
    answer = await operator.post(f"/lots/{lot_id}/issue", body, **earlier)
    assert (answer.status_code, answer.json()["params"]["change"]) == (409, "ECN-7")


async def test_parts_made_before_the_change_may_be_reported_after_it(floor: Floor, operator: Hands) -> None:
    lot_id = await floor.lot("SCREW", "S-1", "100", revision="A")
    run = await floor.run(await floor.one("SELECT work_order_id FROM plant.work_order WHERE number = 'MO-1'"))
    await floor.change("ECN-7", "SCREW", "A", "B", YESTERDAY)
    await report(floor, run, good=2, event_time=YESTERDAY - timedelta(hours=1))
    assert await floor.stock(lot_id) == {STATION: Decimal(92)}
    await report(floor, run, good=2)
    assert await floor.stock(lot_id) == {STATION: Decimal(92)}
