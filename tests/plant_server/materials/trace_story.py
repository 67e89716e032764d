"""A story to be traced: screws of two lots go into brackets, brackets into a machine; one report is taken back.

WO-1 makes BRACKET of 4 SCREW, for SO-77: 5 good told and taken back, then 4 good and 1 scrap. S-1 holds 12 screws, S-2 the rest.
WO-2 makes MACHINE of 2 BRACKET, from the lot that WO-1 made. WO-3 makes BRACKET of S-2 and takes all of it back.
"""

from dataclasses import dataclass
from typing import Any

from tests.plant_server.work_orders.floor import LONG_AGO, PATH, Floor

STATION = f"{PATH}/press1"


@dataclass(frozen=True, slots=True)
class Story:
    floor: Floor
    lots: dict[str, int]
    """Ids by label."""


async def told(floor: Floor) -> Story:
    await floor.station("press1")
    await floor.reason("burr")
    for code in ("SCREW", "BRACKET", "MACHINE"):
        await floor.item(code, is_lot_tracked=True)
    await _bom(floor, "BRACKET", "SCREW", "4")
    await _bom(floor, "MACHINE", "BRACKET", "2")
    lots = {label: await _lot(floor, label, "SCREW", quantity) for label, quantity in _SCREWS}
    await _brackets(floor)
    lots["WO-1"] = await _lot(floor, "WO-1", "BRACKET", "4")
    run = await _run(floor, "WO-2", "MACHINE")
    await floor.done(f"runs/{run}/reports", {"good": 1})
    await floor.done(f"runs/{run}/complete")
    run = await _run(floor, "WO-3", "BRACKET")
    report = await floor.done(f"runs/{run}/reports", {"good": 2})
    await _take_back(floor, run, report)
    return Story(floor, lots)


_SCREWS = (("S-1", "12"), ("S-2", "500"))


async def _brackets(floor: Floor) -> None:
    run = await _run(floor, "WO-1", "BRACKET", requirement="SO-77")
    wrong = await floor.done(f"runs/{run}/reports", {"good": 5})
    await _take_back(floor, run, wrong)
    await floor.done(f"runs/{run}/reports", {"good": 4, "scrap": [{"quantity": 1, "reason": "burr"}]})
    await floor.done(f"runs/{run}/complete")


async def _take_back(floor: Floor, run: int, report: dict[str, Any]) -> None:
    await floor.done(f"runs/{run}/reports/{report['report_id']}/reverse", {"note": "miscounted"})


async def _run(floor: Floor, number: str, item: str, **more: Any) -> int:
    (operation,) = await floor.operations(await floor.order(number, item, **more))
    return await floor.start(operation)


async def _bom(floor: Floor, item: str, component: str, per: str) -> None:
    line = {"position": "10", "item": component, "quantity_per": per, "unit": "C62"}
    await floor.receive(
        "boms", f"bom-{item}", item=item, revision="A", released_time=LONG_AGO, components=[line]
    )


async def _lot(floor: Floor, label: str, item: str, quantity: str) -> int:
    body = {"lot": label, "item": item, "quantity": quantity, "location": STATION}
    body |= {"supplier_lot": f"heat {label}"} if item == "SCREW" else {"revision": "A"}
    return int((await floor.done("lots", body))["lot_id"])
