"""Row `erp`: from a document's release (its row in plant.outbox, undo time over) to being in a living Tryton, read back.

Tryton and plant share one PostgreSQL with the embedded defaults (fsync on); the bridge is a process with its defaults. Material
and goods of several orders come at a steady pace, slower than one Tryton can take. Both ends are stamped by the database.
`wrong`: moves in Tryton that are missing or too many, order by order.
"""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from plant_server.embedded.postgres import PostgresServer, running_postgres
from plant_server.schema.migrate import migrate
from tests.erp_bridge.bridge_process import BridgeProcess, until
from tests.erp_bridge.floor import Floor
from tests.erp_bridge.tryton.bridge_to_tryton import tryton_settings
from tests.erp_bridge.tryton.in_tryton import InTryton
from tests.erp_bridge.tryton.pumps import Pumps
from tests.tryton.installed import programs, restore
from tests.tryton.orders import planned_production
from tests.tryton.rpc import Rpc
from tests.tryton.server import TrytonServer
from tests.tryton.set_up import ADMIN, PASSWORD

ORDERS, ROUNDS, PERIOD_S = 6, 8, 2.0
"""In every period one order reports once: a consumption and a completion."""
WITHIN_S = 120.0
LATENCIES = """
SELECT extract(epoch FROM document.finished_time - claim.not_before)::float
FROM bridge.document JOIN bridge.part USING (document_id) JOIN bridge.claim USING (outbox_id)
WHERE document.state = 'accepted' ORDER BY 1
"""


def erp(home: Path) -> dict[str, Any]:
    with running_postgres(home, die_with_parent=True) as server:
        migrate(server.url(), say=lambda _: None)
        restore(server.url("postgres", "postgres"), "tryton")
        tryton = TrytonServer(programs(), server.url("postgres", "postgres"), home)
        tryton.start("tryton")
        try:
            with Rpc(tryton.url, "tryton", ADMIN, PASSWORD) as rpc:
                return _measured(server, tryton, rpc, home)
        finally:
            tryton.stop()


def _measured(server: PostgresServer, tryton: TrytonServer, rpc: Rpc, home: Path) -> dict[str, Any]:
    numbers = [planned_production(rpc, 100, f"SO-{index}") for index in range(ORDERS)]
    settings = tryton_settings(tryton.url, "tryton", home / "secret", timeout_s=20, settle_s=60, workers=4)
    bridge_url = server.url("lineside_bridge")
    bridge = BridgeProcess(home, bridge_url, {"connectors": {"erp": settings}}, poll_s=None).start()
    try:
        until(lambda: "bridge_ready" in bridge.words(), "the bridge is ready", (bridge,))
        floor = Floor(server.url("lineside_plant"))
        began = time.monotonic()
        for index in range(ORDERS * ROUNDS):
            _report(Pumps(floor, numbers[index % ORDERS]), index)
            time.sleep(max(0.0, began + (index + 1) * PERIOD_S - time.monotonic()))
        wanted = 2 * ORDERS * ROUNDS
        until(lambda: len(_latencies(bridge_url)) == wanted, "all accepted", (bridge,), WITHIN_S)
        latencies = _latencies(bridge_url)
    finally:
        bridge.stop()
    moves = [len(InTryton(rpc, number).moves()) for number in numbers]
    return {
        "p95_s": round(latencies[round(0.95 * (len(latencies) - 1))], 2),
        "p50_s": round(latencies[len(latencies) // 2], 2),
        "documents": len(latencies),
        "wrong": sum(abs(of_one - 2 * ROUNDS) for of_one in moves),
    }


def _report(pumps: Pumps, index: int) -> None:
    now = datetime.now(UTC).isoformat()
    pumps.used("SEAL", {"L-1": "2"}, event_time=now)
    pumps.good("1", f"P-{index}", event_time=now)


def _latencies(url: str) -> list[float]:
    """Seconds, ascending."""
    with psycopg.connect(url) as connection:
        return [float(seconds) for (seconds,) in connection.execute(LATENCIES.encode()).fetchall()]
