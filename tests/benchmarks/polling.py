"""Rows `opcua_1000`, `modbus_1000` …: a real edge reads N changing values a second and a real plant stores them.

CPU is the edge process's own. Latency is taken from the plant's commit log: `stored_time - newest` is from the edge's
read to the commit (a counter in each device carries the read time); `stored_time - oldest` is from the source's change.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import yaml

from plant_server.demo.child import Child
from plant_server.demo.plant import Plant, PlantOptions, credential_files, running_plant
from tests.benchmarks.process_usage import measure

WARM_UP_S = 8.0
MEASURE_S = 30.0
GROUP, EDGE = "demo", "press-shop"
LATENCY = """
SELECT percentile_cont(array[0.5, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM stored_time - newest)),
       percentile_cont(array[0.5, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM stored_time - oldest)),
       sum(samples)
FROM plant.commit_log WHERE stored_time > now() - make_interval(secs => %s) AND samples > 10
"""


def opcua(home: Path, tags: int) -> dict[str, Any]:
    with simulator("simulators.opcua_plain", "--nodes", str(tags)) as port:
        profile = {
            "name": "plain",
            "driver": "opcua",
            **SOURCE,
            "namespace": "urn:lineside:sim:plain",
            "tags": [_opcua_tag(index) for index in range(tags)],
        }
        device = {"url": f"opc.tcp://127.0.0.1:{port}", "insecure": True}
        return run_edge(home, profile, device, tags)


def modbus(home: Path, tags: int) -> dict[str, Any]:
    with simulator("simulators.modbus_plain", "--registers", str(tags)) as port:
        profile = {
            "name": "plain",
            "driver": "modbus",
            **SOURCE,
            "modbus": {"table": "holding"},
            "tags": [_modbus_tag(index) for index in range(tags)],
        }
        return run_edge(home, profile, {"url": f"modbus://127.0.0.1:{port}", "unit_id": 1}, tags)


SOURCE = {"document": "simulators", "revision": "1", "page": "1", "verified": "document"}
COUNTER = {"role": "counter", "counts": "parts", "unit": "parts", "rate_max": 100}


def _opcua_tag(index: int) -> dict[str, Any]:
    tag: dict[str, Any] = {"name": f"t{index}", "node": f"s=t{index}"}
    if index == 1:
        return tag | {"datatype": "UInt32", "width": 32} | COUNTER
    return tag | {"datatype": "UInt32" if index % 2 else "Double", "role": "measurement"}


def _modbus_tag(index: int) -> dict[str, Any]:
    tag: dict[str, Any] = {"name": f"t{index}", "register": index, "type": "uint16"}
    return tag | ({"width": 16} | COUNTER if index == 1 else {"role": "measurement"})


def run_edge(home: Path, profile: dict[str, Any], device: dict[str, Any], tags: int) -> dict[str, Any]:
    """Poll once a second, deliver to a plant, measure."""
    home.mkdir(parents=True, exist_ok=True)
    with running_plant(home, PlantOptions(any_ports=True)) as plant:
        edge = make_edge(plant, home, profile, device)
        try:
            edge.start()
            wait_for_samples(plant, edge, tags)
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


def make_edge(plant: Plant, home: Path, profile: dict[str, Any], device: dict[str, Any]) -> Child:
    (home / "plain.yaml").write_text(yaml.safe_dump(profile), encoding="utf-8")
    config = {
        "edge": {"name": EDGE, "group": GROUP},
        "broker": {
            "urls": [plant.broker.url],
            **credential_files(plant.broker.credentials_for_edge(GROUP, EDGE), home),
        },
        "spool": {"path": str(home / "spool" / "edge.db")},
        "timing": {"birth_delay_max_s": 0},
        "devices": [
            {"name": "plain", "profile": "plain.yaml", "path": "demo/plain", "period_s": 1, **device}
        ],
    }
    path = home / "edge.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return Child(
        "edge",
        ["edge", "run", "--config", str(path)],
        log=home / "log" / "edge.log",
        environment={},
        cwd=home,
    )


def wait_for_samples(plant: Plant, edge: Child, tags: int, within_s: float = 60) -> None:
    deadline = time.monotonic() + within_s
    with psycopg.connect(plant.database.url(), autocommit=True) as connection:
        while True:
            row = connection.execute("SELECT count(*) FROM plant.last_value").fetchone()
            if row is not None and row[0] >= tags:
                return
            if time.monotonic() > deadline or not edge.alive:
                raise AssertionError(f"no samples:\n{edge.last_words()}\n{plant.ingest.last_words()}")
            time.sleep(0.1)


@contextmanager
def simulator(module: str, *arguments: str) -> Iterator[int]:
    """A plain server as a process of its own; yields its port."""
    command = [sys.executable, "-m", module, *arguments, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.terminate()
