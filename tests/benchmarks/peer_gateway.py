"""ThingsBoard gateway against our simulators: the recipe of PEERS.md, as a program and for the rows of `polling`.

    python -m tests.benchmarks.peer_gateway opcua
    python -m tests.benchmarks.peer_gateway modbus --tags 10000
    python -m tests.benchmarks.peer_gateway opcua --tags 2500 --limit 1000
    python -m tests.benchmarks.peer_gateway opcua --limit 0

The last two keep all values (tag tI holds I for ever), so that a value on a tag that is not its own is seen: `wrong_tags`.
`--gateway` is the Python of an environment that has `thingsboard-gateway==3.8.5`; without it, one is made (`peer_environment`). It
measures the gateway's own process for a minute after a warm-up, and counts what arrives at a mosquitto that stands in for its
platform; the platform's one question at the start (`getSessionLimits`) is answered with "no limits". `p50_ms`, `p99_ms`: from
the time the gateway gives a value to its arrival at the subscriber. Prints one line of JSON. The gateway's output lies in `--home`.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from plant_server.embedded.child_process import program_on_path
from plant_server.embedded.free_port import free_port
from tests.benchmarks.peer_environment import gateway_python
from tests.benchmarks.plain_devices import simulator
from tests.benchmarks.process_usage import measure, percentile

WARM_UP_S, MEASURE_S, FIRST_WITHIN_S, BROKER_WITHIN_S = 20.0, 60.0, 180.0, 10.0
TELEMETRY, ASKED, ANSWERED = (
    "v1/gateway/telemetry",
    "v1/devices/me/rpc/request/+",
    "v1/devices/me/rpc/response/",
)
NO_LIMITS = {
    "maxPayloadSize": 65536,
    "maxInflightMessages": 100,
    "rateLimits": {"messages": "", "telemetryMessages": "", "telemetryDataPoints": ""},
    "gatewayRateLimits": {"messages": "", "telemetryMessages": "", "telemetryDataPoints": ""},
}


def gateway_configuration(
    kind: str, tags: int, broker_port: int, server_port: int
) -> dict[str, dict[str, Any]]:
    """Files of the gateway's folder: its defaults, the two limits off, one device polled once a second."""
    thingsboard = {
        "host": "127.0.0.1",
        "port": broker_port,
        "remoteShell": False,
        "remoteConfiguration": False,
        "statistics": {"enable": False},
        "checkConnectorsConfigurationInSeconds": 60,
        "minPackSendDelayMS": 50,
        "minPackSizeToSend": 500,
        "maxPayloadSizeBytes": 65536,
        "security": {"type": "accessToken", "accessToken": "any"},
        "qos": 1,
        "rateLimits": "0:0,",
        "dpRateLimits": "0:0,",
        "messagesRateLimits": "0:0,",
        "deviceMessagesRateLimits": "0:0,",
        "deviceRateLimits": "0:0,",
        "deviceDpRateLimits": "0:0,",
    }
    connectors = [{"type": kind, "name": kind, "configuration": f"{kind}.json"}]
    storage = {"type": "memory", "read_records_count": 1000, "max_records_count": 100_000}
    device = opcua(server_port, tags) if kind == "opcua" else modbus(server_port, tags)
    return {
        "tb_gateway.json": {"thingsboard": thingsboard, "storage": storage, "connectors": connectors},
        f"{kind}.json": {"name": kind, "logLevel": "INFO"} | device,
    }


def opcua(port: int, tags: int) -> dict[str, Any]:
    keys = [
        {"key": f"t{index}", "type": "identifier", "value": f"${{ns=2;s=t{index}}}"} for index in range(tags)
    ]
    server = {
        "url": f"opc.tcp://127.0.0.1:{port}/",
        "timeoutInMillis": 5000,
        "scanPeriodInMillis": 3_600_000,
        "pollPeriodInMillis": 1000,
        "enableSubscriptions": False,
        "sessionTimeoutInMillis": 120_000,
        "showMap": False,
        "security": "None",
        "identity": {"type": "anonymous"},
    }
    mapping = {
        "deviceNodeSource": "identifier",
        "deviceNodePattern": "ns=2;s=Plain",
        "deviceInfo": _device_info(),
        "attributes": [],
        "timeseries": keys,
        "rpc_methods": [],
        "attributes_updates": [],
    }
    return {"server": server, "mapping": [mapping]}


def _device_info() -> dict[str, str]:
    return {
        "deviceNameExpression": "plain",
        "deviceNameExpressionSource": "constant",
        "deviceProfileExpression": "default",
        "deviceProfileExpressionSource": "constant",
    }


def modbus(port: int, tags: int) -> dict[str, Any]:
    """One entry, and so one request, for each tag."""
    entry = {"type": "16uint", "functionCode": 3, "objectsCount": 1}
    slave = {
        "host": "127.0.0.1",
        "port": port,
        "type": "tcp",
        "method": "socket",
        "unitId": 1,
        "deviceName": "plain",
        "deviceType": "default",
        "timeout": 5,
        "byteOrder": "BIG",
        "wordOrder": "BIG",
        "pollPeriod": 1000,
        "attributes": [],
        "timeseries": [{"tag": f"t{index}", "address": index} | entry for index in range(tags)],
        "attributeUpdates": [],
        "rpc": [],
    }
    return {"master": {"slaves": [slave]}}


class Platform:
    """Counts the values that arrive, and answers the one question."""

    def __init__(self, port: int) -> None:
        self.first = threading.Event()
        self._lock = threading.Lock()
        self._seen: list[tuple[float, set[str], list[float]]] = []  # When, of which tags, how old each.
        self.not_their_own: set[str] = set()
        """Tags tI that showed something else than I."""
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._hear
        self._connect(port)
        self._client.subscribe([(TELEMETRY, 1), (ASKED, 1)])
        self._client.loop_start()

    def _connect(self, port: int) -> None:
        """To a broker that may have been started this moment."""
        deadline = time.monotonic() + BROKER_WITHIN_S
        while True:
            try:
                self._client.connect("127.0.0.1", port)
                return
            except ConnectionRefusedError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def _hear(self, client: mqtt.Client, _: object, message: mqtt.MQTTMessage) -> None:
        body = json.loads(message.payload)
        if message.topic != TELEMETRY:
            if body.get("method") == "getSessionLimits":
                client.publish(ANSWERED + message.topic.rpartition("/")[2], json.dumps(NO_LIMITS), 1)
            return
        arrived = time.time()
        rows = [row for one in body.values() for row in one if "values" in row]
        names = [name for row in rows for name in row["values"]]
        ages = [arrived - row["ts"] / 1000 for row in rows for _ in row["values"]]
        wrong = {
            name for row in rows for name, value in row["values"].items() if float(value) != int(name[1:])
        }
        with self._lock:
            self.not_their_own |= wrong
            self._seen.append((time.monotonic(), set(names), ages))
        self.first.set()

    def since(self, began: float) -> tuple[list[float], int]:
        """How old in s each value was when it arrived, and how many different tags they were of."""
        with self._lock:
            seen = [(names, ages) for at, names, ages in self._seen if at >= began]
        return [age for _, ages in seen for age in ages], len(set().union(*(names for names, _ in seen)))

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@contextmanager
def running(command: list[str], log: Path, **more: Any) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output, subprocess.Popen(command, stderr=output, **more) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


@dataclass(frozen=True, slots=True)
class Peer:
    """Which gateway (the Python of its environment), what it reads, and the folder of its files."""

    python: Path
    kind: str
    tags: int
    home: Path


class PeerSilent(Exception):
    """Nothing arrived from the gateway."""


def gateway(peer: Peer, server_port: int, *, values_are_kept: bool = False) -> dict[str, Any]:
    """Measure it against the simulator at this port. `wrong_tags` where values are kept. Raises PeerSilent."""
    broker = program_on_path("mosquitto", "/usr/sbin")
    assert broker is not None, "mosquitto is needed"
    port = free_port(0)
    (peer.home / "mosquitto.conf").write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n"
    )
    with running([str(broker), "-c", str(peer.home / "mosquitto.conf")], peer.home / "mosquitto.log"):
        for name, content in gateway_configuration(peer.kind, peer.tags, port, server_port).items():
            (peer.home / name).write_text(json.dumps(content, indent=1))
        platform = Platform(port)
        figures = _measured(peer, platform)
        return figures | {"wrong_tags": len(platform.not_their_own)} if values_are_kept else figures


def _measured(peer: Peer, platform: Platform) -> dict[str, Any]:
    start = "from thingsboard_gateway.tb_gateway import main; main()"
    environment = os.environ | {"TB_GW_CONFIG_DIR": str(peer.home)}
    log = peer.home / "gateway.log"
    with running(
        [str(peer.python.absolute()), "-c", start],
        log,
        cwd=peer.home,
        env=environment,
        stdout=subprocess.DEVNULL,
    ) as process:
        try:
            if not platform.first.wait(FIRST_WITHIN_S):
                words = log.read_text(errors="replace")[-2000:]
                raise PeerSilent(f"nothing arrived within {FIRST_WITHIN_S:.0f} s: {words}")
            time.sleep(WARM_UP_S)
            began = time.monotonic()
            usage = measure(process.pid, MEASURE_S)
            ages, tags = platform.since(began)
        finally:
            platform.close()
    if not ages:
        raise PeerSilent(f"nothing arrived in the {MEASURE_S:.0f} s of the measurement")
    return {
        "cpu_us_per_tag": round(usage.cpu_s / len(ages) * 1e6, 1),
        "rss_mb": round(usage.rss_mb, 1),
        "tags_per_s": round(len(ages) / usage.seconds),
        "p50_ms": round(percentile(ages, 0.5) * 1000),
        "p99_ms": round(percentile(ages, 0.99) * 1000),
        "tags_seen": tags,
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.peer_gateway", description=__doc__)
    parser.add_argument("kind", choices=["opcua", "modbus"])
    parser.add_argument("--gateway", type=Path, help="Python with thingsboard-gateway [one is made]")
    parser.add_argument("--tags", type=int, default=1000)
    parser.add_argument("--limit", type=int, help="MaxNodesPerRead that the OPC UA server announces; 0: none")
    parser.add_argument("--home", type=Path, help="where its files stay [a temporary folder]")
    options = parser.parse_args()
    python = options.gateway or gateway_python()
    if python is None:
        sys.exit(1)
    serve = {"opcua": ["opcua_plain", "--nodes"], "modbus": ["modbus_plain", "--registers"]}[options.kind]
    kept = options.limit is not None
    limits = ["--max-nodes-per-read", str(options.limit), "--still"] if kept else []
    with (
        tempfile.TemporaryDirectory(prefix="lineside-peer-") as folder,
        simulator(f"simulators.{serve[0]}", serve[1], str(options.tags), *limits) as port,
    ):
        home = (options.home or Path(folder)).absolute()
        home.mkdir(parents=True, exist_ok=True)
        peer = Peer(python, options.kind, options.tags, home)
        print(json.dumps(gateway(peer, port, values_are_kept=kept)))


if __name__ == "__main__":
    main()
