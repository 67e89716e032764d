"""Rows `opcua_1000`, `modbus_10000` …: a real edge reads N changing values a second and a real plant stores them.

CPU is the edge process's own. Latency is taken from the plant's commit log: `stored_time - newest` is from the edge's
read to the commit (a counter in each device carries the read time); `stored_time - oldest` is from the source's change.
`fast` is the same edge with `scalar_read: true`. `peer` is ThingsBoard gateway on the same simulator in the same run, if it
can be installed (`peer_gateway`); its latency ends at a subscriber of its broker, where ours goes on into a database.
"""

import time
from pathlib import Path
from typing import Any

import psycopg

from plant_server.demo.plant import PlantOptions, running_plant
from tests.benchmarks.peer_environment import gateway_python, left_out
from tests.benchmarks.peer_gateway import Peer, PeerSilent, gateway
from tests.benchmarks.plain_devices import (
    PlainDevice,
    make_edge,
    modbus_device,
    opcua_device,
    simulator,
    wait_for_samples,
)
from tests.benchmarks.process_usage import measure

WARM_UP_S = 8.0
MEASURE_S = 30.0
FIRST_WITHIN_S = 120.0
LATENCY = """
SELECT percentile_cont(array[0.5, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM stored_time - newest)),
       percentile_cont(array[0.5, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM stored_time - oldest)),
       sum(samples)
FROM plant.commit_log WHERE stored_time > now() - make_interval(secs => %s) AND samples > 10
"""


def opcua(home: Path, tags: int) -> dict[str, Any]:
    with simulator("simulators.opcua_plain", "--nodes", str(tags)) as port:
        figures = run_edge(home / "edge", opcua_device(port, tags), tags)
        fast = run_edge(home / "fast", opcua_device(port, tags, scalar_read=True), tags)
        return figures | {"fast": fast} | _peer(home / "peer", "opcua", tags, port)


def modbus(home: Path, tags: int) -> dict[str, Any]:
    with simulator("simulators.modbus_plain", "--registers", str(tags)) as port:
        figures = run_edge(home / "edge", modbus_device(port, tags), tags)
        return figures | _peer(home / "peer", "modbus", tags, port)


def _peer(home: Path, kind: str, tags: int, port: int) -> dict[str, Any]:
    """Nothing where it cannot be had: a figure that is not measured is absent."""
    python = gateway_python()
    if python is None:
        return {}
    home.mkdir(parents=True)
    try:
        return {"peer": gateway(Peer(python, kind, tags, home), port)}
    except PeerSilent as error:
        left_out(str(error))
        return {}


def run_edge(home: Path, device: PlainDevice, tags: int) -> dict[str, Any]:
    """Poll once a second, deliver to a plant, measure."""
    home.mkdir(parents=True, exist_ok=True)
    with running_plant(home, PlantOptions(any_ports=True)) as plant:
        edge = make_edge(plant, home, [device])
        try:
            edge.start()
            wait_for_samples(plant, edge, tags, FIRST_WITHIN_S)
            time.sleep(WARM_UP_S)
            assert edge.pid is not None
            usage = measure(edge.pid, MEASURE_S)
            with psycopg.connect(plant.database.url()) as connection:
                row = connection.execute(LATENCY, [MEASURE_S]).fetchone()
        finally:
            edge.stop()
    assert row is not None
    committed, changed, samples = row
    per_s = float(samples) / MEASURE_S
    return {
        "cpu_us_per_tag": round(usage.cpu_s / float(samples) * 1e6, 2),
        "rss_mb": round(usage.rss_mb, 1),
        "tags_per_s": round(per_s),
        "p50_ms": round(committed[0] * 1000),
        "p99_ms": round(committed[1] * 1000),
        "changed_p50_ms": round(changed[0] * 1000),
        "changed_p99_ms": round(changed[1] * 1000),
    }
