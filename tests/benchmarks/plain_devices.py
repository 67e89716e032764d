"""Devices to measure an edge with: many tags that all change once a second, and the edge that reads them."""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import yaml

from plant_server.demo.child import Child
from plant_server.demo.plant import Plant, credential_files

GROUP, EDGE = "demo", "press-shop"
SOURCE = {"document": "simulators", "revision": "1", "page": "1", "verified": "document"}
COUNTER = {"role": "counter", "counts": "parts", "unit": "parts", "rate_max": 100}


@dataclass(frozen=True, slots=True)
class PlainDevice:
    """Its entry in the edge's configuration, and its profile. Tag t1 is a counter, all others measurements."""

    name: str
    entry: dict[str, Any]
    profile: dict[str, Any]


def opcua_device(port: int, tags: int, *, name: str = "plain", **more: Any) -> PlainDevice:
    """Of `simulators.opcua_plain`."""
    entry = {"url": f"opc.tcp://127.0.0.1:{port}", "insecure": True, **more}
    profile = {"driver": "opcua", "namespace": "urn:lineside:sim:plain", "tags": _tags(tags, _opcua_tag)}
    return PlainDevice(name, entry, profile)


def modbus_device(port: int, tags: int, *, name: str = "plain") -> PlainDevice:
    """Of `simulators.modbus_plain`."""
    entry = {"url": f"modbus://127.0.0.1:{port}", "unit_id": 1}
    profile = {"driver": "modbus", "modbus": {"table": "holding"}, "tags": _tags(tags, _modbus_tag)}
    return PlainDevice(name, entry, profile)


def _tags(count: int, tag: Any) -> list[dict[str, Any]]:
    return [{"name": f"t{index}"} | tag(index) for index in range(count)]


def _opcua_tag(index: int) -> dict[str, Any]:
    tag: dict[str, Any] = {"node": f"s=t{index}"}
    if index == 1:
        return tag | {"datatype": "UInt32", "width": 32} | COUNTER
    return tag | {"datatype": "UInt32" if index % 2 else "Double", "role": "measurement"}


def _modbus_tag(index: int) -> dict[str, Any]:
    tag: dict[str, Any] = {"register": index, "type": "uint16"}
    return tag | ({"width": 16} | COUNTER if index == 1 else {"role": "measurement"})


def make_edge(plant: Plant, home: Path, devices: Sequence[PlainDevice]) -> Child:
    """An edge that polls them once a second. Not started. Its spool is spool/edge.db below `home`."""
    for device in devices:
        profile = {"name": device.name, **SOURCE, **device.profile}
        (home / f"{device.name}.yaml").write_text(yaml.safe_dump(profile), encoding="utf-8")
    config = {
        "edge": {"name": EDGE, "group": GROUP},
        "broker": {
            "urls": [plant.broker.url],
            **credential_files(plant.broker.credentials_for_edge(GROUP, EDGE), home),
        },
        "spool": {"path": str(home / "spool" / "edge.db")},
        "timing": {"birth_delay_max_s": 0},
        "devices": [
            {"name": one.name, "profile": f"{one.name}.yaml", "path": f"demo/{one.name}", "period_s": 1}
            | one.entry
            for one in devices
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
    """Until the plant has a value of so many tags."""
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
