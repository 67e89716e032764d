"""Row `drain`: an hour of 1000 values a second waits in the spool; the edge delivers it while it goes on polling 1000
values a second. `live_lag_p99_s`: how old the newest value of the live device is at the plant meanwhile."""

import time
from pathlib import Path
from typing import Any

import psycopg

from edge.delivery.spool import Spool, SpoolLimits
from plant_server.demo.plant import Plant, PlantOptions, running_plant
from tests.benchmarks.plain_devices import make_edge, modbus_device, simulator
from tests.system.history import History, write_history

LIVE_TAGS = 1000
HISTORY_S = 3600
WITHIN_S = 300.0
PROGRESS = """
SELECT (SELECT coalesce(sum(committed), 0) FROM plant.edge_cursor),
       (SELECT extract(epoch FROM now() - max(ts)) FROM plant.last_value JOIN plant.tag USING (tag_id)
        JOIN plant.device USING (device_id) WHERE device.name = 'plain')
"""


def drain(home: Path) -> dict[str, Any]:
    home.mkdir(parents=True, exist_ok=True)
    with (
        simulator("simulators.modbus_plain", "--registers", str(LIVE_TAGS)) as port,
        running_plant(home, PlantOptions(any_ports=True)) as plant,
    ):
        edge = make_edge(plant, home, [modbus_device(port, LIVE_TAGS)])
        spool = Spool(home / "spool" / "edge.db", SpoolLimits())
        history = History(
            now_ms=int(time.time() * 1000), seconds=HISTORY_S, machines=5, tags=199, restart_every_s=100_000
        )
        written = write_history(spool, home / "demo", history)
        spool.close()
        edge.start()
        try:
            seconds, lags = _watch(plant, written.last)
        finally:
            edge.stop()
    rate = written.readings / seconds
    lags.sort()
    p99 = lags[int(len(lags) * 0.99)] if lags else float("nan")
    return {"times_live": round(rate / LIVE_TAGS), "rows_per_s": round(rate), "live_lag_p99_s": round(p99, 2)}


def _watch(plant: Plant, last: int) -> tuple[float, list[float]]:
    """Seconds from the first committed entry to the last, and the lags seen meanwhile."""
    began: float | None = None
    lags: list[float] = []
    deadline = time.monotonic() + WITHIN_S
    with psycopg.connect(plant.database.url(), autocommit=True) as connection:
        while time.monotonic() < deadline:
            row = connection.execute(PROGRESS).fetchone()
            committed, lag = (row[0], row[1]) if row is not None else (0, None)
            if committed and began is None:
                began = time.monotonic()
            if lag is not None and began is not None:
                lags.append(float(lag))
            if began is not None and committed >= last:
                return time.monotonic() - began, lags
            time.sleep(0.1)
    raise AssertionError(f"not drained in {WITHIN_S:.0f} s\n{plant.ingest.last_words()}")
