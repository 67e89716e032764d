"""Row `erp_kills`: kills of bridges and of the Tryton they talk to; what the floor told and Tryton does not have, or has twice.

The same code as the scenario of `make test`, with more kills. Everything on one PostgreSQL with the embedded defaults.
"""

import asyncio
from pathlib import Path
from typing import Any

from erp_bridge.schema.migrate import migrate as migrate_bridge
from plant_server.embedded.postgres import running_postgres
from plant_server.schema.migrate import migrate
from tests.erp_bridge.floor import Floor
from tests.scenarios.kills_up_to_the_erp import FAILPOINTS, Killer
from tests.tryton.installed import programs, restore
from tests.tryton.living import LivingTryton
from tests.tryton.rpc import Rpc
from tests.tryton.server import TrytonServer
from tests.tryton.set_up import ADMIN, PASSWORD

SEED = 20261124


def erp_kills(home: Path, *, kills: int) -> dict[str, Any]:
    """`lost` and `duplicated`: moves, postings, cycles of work and notes. `wrong`: orders of another cost, lots of another
    quantity."""
    with running_postgres(home, die_with_parent=True) as server:
        migrate(server.url(), say=lambda _: None)
        asyncio.run(migrate_bridge(server.url("lineside_bridge")))
        restore(server.url("postgres", "postgres"), "tryton")
        tryton = TrytonServer(programs(), server.url("postgres", "postgres"), home)
        tryton.start("tryton")
        try:
            with Rpc(tryton.url, "tryton", ADMIN, PASSWORD) as rpc:
                erp = LivingTryton(tryton, "tryton", rpc)
                floor, superuser_url = Floor(server.url("lineside_plant")), server.url("postgres")
                killer = Killer(erp, server.url("lineside_bridge"), superuser_url, floor, home)
                books = killer.run(kills, SEED)
        finally:
            tryton.stop()
    return {
        "kills": killer.kills.total(),
        "at_failpoints": sum(killer.kills[one] for one in FAILPOINTS),
        "of_tryton": killer.kills["tryton"],
        "documents": books.documents,
        "lost": books.lost,
        "duplicated": books.doubled,
        "wrong": len(books.wrong),
        "seed": SEED,
    }
