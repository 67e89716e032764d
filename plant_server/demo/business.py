"""The office of the demo: a simulated business core and a PLM, and the bridge between them and the plant."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from plant_server.demo.child import Child
from plant_server.demo.plant import Plant
from plant_server.demo.shop_floor import FactoryFailed
from plant_server.embedded.free_port import free_port
from plant_server.security.secrets import private_folder, secret, write_private_file
from simulators.business_client import BusinessClient

LINE = "demo/plant1/area1/line1"
MACHINES = ("press1", "mould1", "cell1")
UNITS = {"H87": "pcs", "KGM": "kg", "GRM": "g", "SEC": "s", "KWH": "kWh"}
REASONS = {
    **{same: same for same in ("burr", "crack", "double_hit", "short_shot", "flash", "sink_mark")},
    "out_of_tolerance": "dimension",
    "tool_mark": "other",
    "machine_reject": "other",
    "setup": "set_up",
}
"""The plant's reasons for scrap, in the core's words."""
PEOPLE_MOST = 40
START_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class BusinessOptions:
    """How the office works. `policies`: bridge.yaml's, by kind of document; `labor`: the core's classes of labor, by
    person (`P-1009`), where it is not OPERATOR; `timing`: of the bridge's connectors."""

    any_ports: bool = False
    machines: tuple[str, ...] = MACHINES
    line: str = LINE
    policies: tuple[tuple[str, str], ...] = ()
    labor: tuple[tuple[str, str], ...] = ()
    timing: tuple[tuple[str, Any], ...] = (("timeout_s", 5), ("settle_s", 15), ("retry_max_s", 5))
    poll_s: float = 0.5
    pull_s: float = 1.0


class Business:
    """Core, PLM and bridge as processes. Each may be killed and started again."""

    def __init__(self, plant: Plant, options: BusinessOptions) -> None:
        self.options = options
        self.state_dir = plant.home / "demo"
        self._plant = plant
        self._ports = {"core": 8090, "plm": 8091, "bridge": 8081}
        if options.any_ports:
            self._ports = dict.fromkeys(self._ports, 0)
        self.core = self._system("core")
        self.plm = self._system("plm")
        self.bridge_port = free_port(self._ports["bridge"])
        self.bridge = self.make_bridge("bridge", self.bridge_port)

    @property
    def children(self) -> tuple[Child, ...]:
        return self.bridge, self.core, self.plm

    @property
    def bridge_url(self) -> str:
        return f"http://127.0.0.1:{self.bridge_port}"

    def url(self, system: str) -> str:
        """Where `core` or `plm` listens."""
        return str(json.loads(self._endpoint(system).read_text(encoding="utf-8"))["url"])

    def client(self, system: str) -> BusinessClient:
        """A client of `core` or `plm`. Raises OSError while it is not there."""
        return BusinessClient.of(self.state_dir, system)

    def make_bridge(self, name: str, port: int = 0) -> Child:
        """One more bridge beside the first."""
        arguments = ["bridge", "run", "--config", str(self._plant.home / "bridge.yaml"), "--port", str(port)]
        return self._child(name, arguments, self.bridge_environment())

    def bridge_environment(self) -> dict[str, str]:
        return {
            "LINESIDE_HOME": str(self._plant.home),
            "LINESIDE_BRIDGE_DATABASE_URL": self._plant.database.url("lineside_bridge"),
            "LINESIDE_BRIDGE_POLL_S": f"{self.options.poll_s:g}",
            "LINESIDE_BRIDGE_PULL_S": f"{self.options.pull_s:g}",
        }

    def bridge_key(self, patience_s: float = START_WITHIN_S) -> str:
        """A key for the bridge's page and API, made once for this folder. Raises FactoryFailed."""
        file = private_folder(self._plant.home / "secrets") / "bridge-key"
        if file.exists():
            return file.read_text(encoding="utf-8").strip()
        command = [
            sys.executable,
            "-m",
            "lineside",
            "bridge",
            "key",
            "demo",
            "--scope",
            "read",
            "--scope",
            "write",
        ]
        environment = os.environ | self.bridge_environment()
        deadline = time.monotonic() + patience_s
        while True:  # Until the bridge has made its tables.
            made = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=patience_s
            )
            if made.returncode == 0:
                write_private_file(file, made.stdout)
                return made.stdout.strip()
            if time.monotonic() > deadline:
                raise FactoryFailed(f"no key for the bridge: {made.stderr}")
            time.sleep(0.5)

    def start_systems(self, patience_s: float = START_WITHIN_S) -> None:
        """Start core and PLM and wait until they listen. Raises FactoryFailed."""
        for child in (self.core, self.plm):
            self._endpoint(child.name).unlink(missing_ok=True)
            child.start()
        deadline = time.monotonic() + patience_s
        for child in (self.core, self.plm):
            while not self._endpoint(child.name).exists():
                if not child.alive or time.monotonic() > deadline:
                    raise FactoryFailed(f"{child.name} did not come up:\n{child.last_words()}")
                time.sleep(0.05)

    def write_bridge_config(self) -> None:
        """bridge.yaml, with the codes of the demo. Core and PLM must have been started once."""
        home, timing = self._plant.home, dict(self.options.timing)
        secret(home / "secrets", "api-token")
        config = {
            "site": {"time_zone": "UTC"},
            "plant": {"url": self._plant.api_url, "token_file": str(home / "secrets" / "api-token")},
            "connectors": {
                "core": {
                    "connector": "core",
                    "endpoint_file": str(self._endpoint("core")),
                    "documents": self._policies(),
                    "sources": ["item", "work_order"],
                    "codes": self._codes(),
                    "places": {"receipt": "FG", "issue": "LINE"},
                    **timing,
                },
                "plm": {
                    "connector": "plm_sim",
                    "endpoint_file": str(self._endpoint("plm")),
                    "sources": ["bom", "change_order", "drawing"],
                    "codes": {"item": "same", "unit": UNITS},
                    **timing,
                },
            },
        }
        (home / "bridge.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")

    def _policies(self) -> dict[str, str]:
        kinds = ("completion", "consumption", "scrap", "labor_time", "machine_time", "energy_cost")
        return dict.fromkeys((*kinds, "order_progress"), "each") | dict(self.options.policies)

    def _codes(self) -> dict[str, Any]:
        machines = {f"{self.options.line}/{name}": name for name in self.options.machines}
        people = {f"person:{number}": "OPERATOR" for number in range(1, PEOPLE_MOST + 1)}
        people |= {f"P-{1000 + number}": "OPERATOR" for number in range(1, PEOPLE_MOST + 1)}
        people |= dict(self.options.labor)
        return {"item": "same", "unit": UNITS, "reason": REASONS, "machine": machines, "person": people}

    def _system(self, name: str) -> Child:
        arguments = ["sim", name, "--state-dir", str(self.state_dir), "--port", str(self._ports[name])]
        return self._child(name, arguments, {})

    def _child(self, name: str, arguments: list[str], environment: dict[str, str]) -> Child:
        home = self._plant.home
        return Child(name, arguments, log=home / "log" / f"{name}.log", environment=environment, cwd=home)

    def _endpoint(self, system: str) -> Path:
        return self.state_dir / system / "endpoint.json"


@contextmanager
def running_business(plant: Plant, options: BusinessOptions = BusinessOptions()) -> Iterator[Business]:
    """Core, PLM and bridge beside a running plant; nothing is seeded. Raises FactoryFailed."""
    business = Business(plant, options)
    try:
        business.start_systems()
        business.write_bridge_config()
        business.bridge.start()
        yield business
    finally:
        for child in business.children:
            child.stop()
