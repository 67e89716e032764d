"""The planner of the demo: how long a part is planned to take, by the routings an order pins at its release.

The planned run time is the machine's shortest cycle: what the scenario says, less its jitter, at the demo's speed. A real machine's
comes from its data sheet, and is as short.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx

from plant_server.demo.business import BusinessOptions
from plant_server.demo.goods import ELSEWHERE, MADE_AT
from plant_server.demo.plant import Plant
from plant_server.demo.shop_floor import FactoryFailed, FloorOptions
from simulators.scenario import Machine, load

ITEMS_WITHIN_S = 60.0
ANSWER_WITHIN_S = 10.0
DIGITS = Decimal("0.0001")


def release_routings(
    plant: Plant, floor: FloorOptions, business: BusinessOptions, check_alive: Callable[[], None]
) -> None:
    """Of every item that one machine alone makes: a routing pins no machine, so one of several has no time that is true for all.

    Called again it releases only what has another time, as after another speed. Raises FactoryFailed; `check_alive` too.
    """
    token = (plant.home / "secrets" / "api-token").read_text(encoding="utf-8").strip()
    headers = {"Authorization": f"Bearer {token}"}
    machines = own_items(load(floor.scenario).machines)
    transport = httpx.HTTPTransport(retries=5)  # Of the connection alone: an API that is just starting.
    with httpx.Client(
        base_url=f"{plant.api_url}/api/v1",
        headers=headers,
        timeout=ANSWER_WITHIN_S,
        transport=transport,
        trust_env=False,
    ) as planner:
        try:
            for machine in machines:
                _release(planner, f"{business.line}/{machine.name}", machine, floor.speed, check_alive)
        except httpx.HTTPError as error:
            raise FactoryFailed(f"no routing was released: {error}") from error


def own_items(machines: Iterable[Machine]) -> list[Machine]:
    """Those whose item no other one makes."""
    known = list(machines)
    makers = Counter(MADE_AT.get(one.name, ELSEWHERE).item for one in known)
    return [one for one in known if makers[MADE_AT.get(one.name, ELSEWHERE).item] == 1]


def planned_run_time_s(machine: Machine, speed: float) -> Decimal:
    """Per part, of the machine's shortest cycle."""
    shortest_s = machine.cycle_time_s * (1 - machine.jitter) / speed
    return (Decimal(str(shortest_s)) / machine.cavities).quantize(DIGITS)


def _release(
    planner: httpx.Client, path: str, machine: Machine, speed: float, check_alive: Callable[[], None]
) -> None:
    product = MADE_AT.get(machine.name, ELSEWHERE)
    planned_s = planned_run_time_s(machine, speed)
    known = _all(planner, "routings", item=product.item)
    if known and _is(known[-1], path, planned_s):
        return
    _wait_for(planner, product.item, check_alive)
    revision = str(len(known) + 1)
    body = {
        "system": "demo",
        "external_id": f"ROUTING-{product.item}-{revision}",
        "external_revision": 1,
        "item": product.item,
        "revision": revision,
        "released_time": datetime.now(UTC).isoformat(),
        "operations": [
            {
                "position": 10,
                "name_en": product.operation_en,
                "name_zh": product.operation_zh,
                "work_center": path,
                "cycle_time_s": str(planned_s),
            }
        ],
    }
    planner.post("/routings", json=body, headers={"Idempotency-Key": str(uuid4())}).raise_for_status()


def _is(routing: dict[str, Any], path: str, planned_s: Decimal) -> bool:
    (operation, *more) = routing["operations"]
    return (
        not more and operation["work_center"] == path and Decimal(str(operation["cycle_time_s"])) == planned_s
    )


def _wait_for(planner: httpx.Client, item: str, check_alive: Callable[[], None]) -> None:
    """Until the bridge has brought the item. Raises FactoryFailed."""
    deadline = time.monotonic() + ITEMS_WITHIN_S
    while not _all(planner, "items", code=item):
        check_alive()
        if time.monotonic() > deadline:
            raise FactoryFailed(f"after {ITEMS_WITHIN_S:.0f} s the plant does not know {item}")
        time.sleep(0.2)


def _all(planner: httpx.Client, name: str, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = planner.get(f"/{name}", params=query | ({"cursor": cursor} if cursor else {}))
        told = page.raise_for_status().json()
        found += told["items"]
        cursor = told["next_cursor"]
        if not cursor:
            return found
