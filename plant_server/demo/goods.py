"""What the demo makes: BOMs as the PLM releases them, orders as the core does, and the words for scrap and stops.

Orders are released one by one as machines work them off, so that a demo can run for days. Lots arrive with the crew
(simulators/crew_material.py), which books them into the core first.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from plant_server.demo.business import Business
from simulators.business_client import BusinessClient, BusinessRefused

LOOSE_ITEMS = (("BOLT-M6", "pcs"), ("GREASE-1", "kg"))
LOOSE_QUANTITY = "5000000"


@dataclass(frozen=True, slots=True)
class Product:
    """What a machine makes, how many pieces an order has, and what making it is called."""

    item: str
    quantity: int
    operation_en: str
    operation_zh: str


MADE_AT = {
    "press1": Product("FG-100", 150, "Press", "冲压"),
    "mould1": Product("FG-200", 80, "Mould", "注塑"),
    "cell1": Product("FG-300", 50, "Machine", "机加工"),
}
"""Of each machine an item of its own, so that a routing has its planned time. An order is twenty seconds' work at speed 10."""
ELSEWHERE = Product("FG-100", 100, "Make", "生产")
OVER_RECEIPT_TOLERANCE = "20"
"""A fast machine makes more until somebody ends its order, and the customers of the demo take all of it."""
ENDED_ORDERS = (
    "SELECT number FROM plant.work_order WHERE state IN ('completed', 'closed', 'cancelled', 'aborted')"
)
PAGE = 500
ALREADY_THERE = 409
REASONS = (
    ("scrap", "burr", "Burr", "毛刺", None, ("press1",)),
    ("scrap", "crack", "Crack", "裂纹", None, ("press1",)),
    ("scrap", "double_hit", "Double hit", "重复冲压", None, ("press1",)),
    ("scrap", "short_shot", "Short shot", "缺料", None, ("mould1",)),
    ("scrap", "flash", "Flash", "飞边", None, ("mould1",)),
    ("scrap", "sink_mark", "Sink mark", "缩痕", None, ("mould1",)),
    ("scrap", "out_of_tolerance", "Out of tolerance", "尺寸超差", None, ("cell1",)),
    ("scrap", "tool_mark", "Tool mark", "刀痕", None, ("cell1",)),
    ("rework", "deburr", "Deburr again", "重新去毛刺", None, ()),
    ("stop", "jam", "Jam", "卡料", "unplanned", ()),
    ("stop", "tool", "Tool broken", "刀具损坏", "unplanned", ()),
    ("stop", "material", "No material", "缺料待料", "blocked", ()),
    ("stop", "change_over", "Change-over", "换型", "setup", ()),
    ("stop", "break", "Break", "休息", "planned", ()),
)
"""kind, code, en, zh, which time a stop is, and at which machines."""
ADD_REASON = """INSERT INTO plant.reason (kind, code, name_en, name_zh, stop_time, equipment)
    VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"""


def give_words(database_url: str, line: str) -> None:
    """Reasons for scrap and stops. Raises psycopg.Error."""
    rows = [(*reason[:5], [f"{line}/{machine}" for machine in reason[5]]) for reason in REASONS]
    with psycopg.connect(database_url) as connection:
        connection.cursor().executemany(ADD_REASON, rows)


def stock_up(business: Business) -> None:
    """Seed core and PLM, and bring what is not kept by lot into the core. Again: adds what is missing."""
    with business.client("plm") as plm:
        plm.post("/control/seed", {})
    with business.client("core") as core:
        core.post("/control/seed", {"orders": 0, "machines": list(business.options.machines)})
        now = datetime.now(UTC)
        lines = [
            {"item": item, "quantity": LOOSE_QUANTITY, "unit": unit, "warehouse": "LINE"}
            for item, unit in LOOSE_ITEMS
        ]
        head = {"external_id": "demo-loose", "event_time": now.isoformat()}
        try:
            core.post("/control/openings", head | {"posting_date": now.date().isoformat(), "lines": lines})
        except BusinessRefused as refused:
            if refused.status != ALREADY_THERE:
                raise


class OrderBook:
    """The planner at the core: every machine has so many open orders ahead of it."""

    def __init__(self, business: Business, database_url: str, ahead: int = 2) -> None:
        self._business = business
        self._database_url = database_url
        self._ahead = ahead

    def top_up(self) -> int:
        """Release what is missing; returns how many. Raises OSError, BusinessRefused, psycopg.Error."""
        with psycopg.connect(self._database_url, autocommit=True) as connection:
            ended = {row[0] for row in connection.execute(ENDED_ORDERS)}
        released = 0
        with self._business.client("core") as core:
            orders = _released(core)
            number = max((int(known.split("-")[1]) for known in orders), default=1000)
            for machine in self._business.options.machines:
                there = sum(at == machine and known not in ended for known, at in orders.items())
                for _ in range(self._ahead - there):
                    number, released = number + 1, released + 1
                    core.post("/control/work-orders", _order(f"WO-{number}", machine))
        return released


def _released(core: BusinessClient) -> dict[str, str]:
    """Number and machine of every order of the core."""
    found: dict[str, str] = {}
    after, more = 0, True
    while more:
        page = core.get(f"/api/work-orders?changed_after={after}&limit={PAGE}")
        found |= {one["work_order"]["number"]: one["work_order"]["work_center"] for one in page["items"]}
        after, more = page["next_cursor"], page["more"]
    return found


def _order(number: str, machine: str) -> dict[str, Any]:
    product = MADE_AT.get(machine, ELSEWHERE)
    due = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=8)
    return {
        "number": number,
        "item": product.item,
        "quantity": str(product.quantity),
        "due": due.isoformat(),
        "work_center": machine,
        "customer": "C-1001",
        "over_receipt_tolerance": OVER_RECEIPT_TOLERANCE,
    }
