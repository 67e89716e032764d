"""The factory of the demo: simulated machines, and the edge agent that reads them."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import yaml

from plant_server.demo.child import Child
from plant_server.demo.plant import Plant, credential_files


class FactoryFailed(Exception):
    """A process of the demo ended, or did not come up. The text holds its last words."""


@dataclass(frozen=True, slots=True)
class FloorOptions:
    scenario: str = "demo"
    seed: int = 1
    speed: float = 10.0
    any_ports: bool = False
    edge: tuple[str, str] = ("demo", "press-shop")
    spool: tuple[tuple[str, Any], ...] = ()  # More keys of the edge's `spool` block.
    timing: tuple[tuple[str, Any], ...] = ()  # The edge's `timing` block.


class ShopFloor:
    """Simulators and one edge. `state_dir` holds the truth; `edge` may be killed and started again."""

    def __init__(self, plant: Plant, options: FloorOptions) -> None:
        self.options = options
        self.state_dir = plant.home / "demo"
        self.edge_config = plant.home / "edge.yaml"
        self.spool_path = plant.home / "spool" / f"{options.edge[1]}.db"
        self._plant = plant
        ports = "any" if options.any_ports else "preferred"
        arguments = ["sim", "run", "--scenario", options.scenario, "--state-dir", str(self.state_dir)]
        arguments += ["--seed", str(options.seed), "--speed", f"{options.speed:g}", "--ports", ports]
        log = plant.home / "log"
        self.simulators = Child("sim", arguments, log=log / "sim.log", environment={}, cwd=plant.home)
        self.edge = Child(
            "edge",
            ["edge", "run", "--config", str(self.edge_config)],
            log=log / "edge.log",
            environment={"LINESIDE_HOME": str(plant.home)},
            cwd=plant.home,
        )

    @property
    def children(self) -> tuple[Child, ...]:
        return self.edge, self.simulators

    @property
    def devices(self) -> list[dict[str, Any]]:
        """What `endpoints.json` says of each device."""
        text = (self.state_dir / "endpoints.json").read_text(encoding="utf-8")
        return list(json.loads(text)["devices"])

    def start_simulators(self, patience_s: float = 60) -> None:
        """Start the machines and wait until they listen. Production begins on command."""
        endpoints = self.state_dir / "endpoints.json"
        endpoints.unlink(missing_ok=True)
        self.simulators.start()
        deadline = time.monotonic() + patience_s
        while not endpoints.exists():
            if not self.simulators.alive or time.monotonic() > deadline:
                raise FactoryFailed(f"the simulators did not come up:\n{self.simulators.last_words()}")
            time.sleep(0.05)

    def write_edge_config(self) -> None:
        group, name = self.options.edge
        broker = self._plant.broker
        credentials = credential_files(broker.credentials_for_edge(group, name), self._plant.home)
        devices = [
            {
                "name": device["name"],
                "profile": device["profile"],
                "url": device["url"],
                "path": device["path"],
                "period_s": 1,
                **({"unit_id": device["unit_id"]} if device.get("unit_id") is not None else {}),
                **({"insecure": True} if device["url"].startswith("opc.tcp") else {}),
            }
            for device in self.devices
        ]
        config = {
            "edge": {"name": name, "group": group},
            "broker": {"urls": [broker.url], "primary_host": self._plant.options.shard, **credentials},
            "spool": {"path": str(self.spool_path), **dict(self.options.spool)},
            "timing": {"birth_delay_max_s": 0, **dict(self.options.timing)},
            "devices": devices,
        }
        self.edge_config.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")


@contextmanager
def running_shop_floor(plant: Plant, options: FloorOptions) -> Iterator[ShopFloor]:
    """Machines that listen and an edge that reads them. Raises FactoryFailed."""
    floor = ShopFloor(plant, options)
    try:
        floor.start_simulators()
        floor.write_edge_config()
        floor.edge.start()
        yield floor
    finally:
        for child in floor.children:
            child.stop()
