"""What a host may do to a machine that is not ours, over a real broker: what the configuration names, and nothing else."""

import asyncio
import json
import time
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from edge.acquisition.device_settings import Device
from edge.contract.datatypes import DataType
from edge.contract.payloads import Metric, encode
from edge.contract.topics import MessageType, edge_topic
from edge.run import run_until
from tests.edge.delivery.running_edge import settings_for
from tests.edge.delivery.scripted_plant import eventually
from tests.edge.drivers.opcua.plc import plc

pytestmark = pytest.mark.system

PROFILE = """\
name: bench
driver: opcua
document: d
revision: r
page: p
verified: document
namespace: urn:not-ours:plc
tags:
  - {name: setpoint, node: s=setpoint, datatype: Float, role: measurement, scale: 0.1}
  - {name: recipe, node: s=recipe, datatype: String, role: text, mode: subscribe, publishing_ms: 50}
  - {name: forbidden, node: s=forbidden, datatype: Double, role: measurement}
  - {name: order, node: s=order, datatype: String, role: text}
  - {name: level, node: s=level, datatype: Float, role: measurement, scale: 0.1}
"""
NODES = {"object": "nsu=urn:not-ours:plc;s=plc", "method": "nsu=urn:not-ours:plc;s=Reset"}
ALLOWED = {
    "writable": ({"tag": "setpoint", "min": 0, "max": 8}, "recipe", "order", "level"),
    "methods": ({"name": "reset", **NODES, "arguments": ({"type": "Int32", "value": 7},)},),
}


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    with plc(tmp_path_factory.mktemp("plc")) as machine:
        yield machine


@pytest.fixture
def running(place, plant, machine, tmp_path):
    """An edge with this machine; the block begins when its values are stored."""

    @asynccontextmanager
    async def run(**allowed):
        profile = tmp_path / "bench.yaml"
        profile.write_text(PROFILE)
        url = f"opc.tcp://127.0.0.1:{machine.port}"
        device = Device(
            name="press", profile=str(profile), url=url, path="demo", insecure=True, period_s=0.1, **allowed
        )
        settings = settings_for(place.broker, place.edge, place.host, place.spool)
        stop = asyncio.Event()
        edge = asyncio.create_task(run_until(settings.model_copy(update={"devices": (device,)}), stop))
        try:
            plant.say_online()
            await eventually(lambda: plant.values("setpoint") and plant.values("recipe"))
            yield
        finally:
            stop.set()
            await asyncio.wait_for(edge, 30)

    return run


@pytest.fixture
def say(place, plant):
    def command(*metrics: Metric, device: str = "press", age_s: float = 0.0) -> None:
        body = encode(metrics, timestamp_ms=int((time.time() - age_s) * 1000), seq=None)
        topic = edge_topic("demo", MessageType.DCMD, place.edge, device)
        plant._client.publish(str(topic), body, qos=0)

    return command


def named(name: str, value, datatype: DataType) -> Metric:
    return Metric(value, datatype, name)


def held(machine) -> dict:
    return json.loads(machine.ask(ask="written"))


async def test_what_is_declared_is_written_and_called_and_the_machine_shows_it(running, say, plant, machine):
    before = held(machine)["calls"]
    async with running(**ALLOWED):
        say(named("setpoint", 4.5, DataType.FLOAT), named("recipe", "R2", DataType.STRING))
        await eventually(lambda: plant.values("setpoint")[-1] == pytest.approx(4.5), "the setpoint read back")
        await eventually(lambda: plant.values("recipe")[-1] == "R2")
        assert held(machine)["setpoint"] == pytest.approx(45)  # The node counts in tenths.
        say(named("Device Control/reset", True, DataType.BOOLEAN))
        await eventually(
            lambda: held(machine)["calls"] == [*before, 7], "the call, with the declared argument"
        )
        (birth,) = plant.of(MessageType.DBIRTH)
        assert ("Device Control/reset", False) in {(m.name, m.value) for m in birth.payload.metrics}


async def test_a_node_that_counts_in_whole_steps_gets_the_nearest_and_nothing_between(
    running, say, plant, machine
):
    with capture_logs() as lines:
        async with running(**ALLOWED):
            say(named("level", 4.3, DataType.FLOAT))
            await eventually(lambda: plant.values("level")[-1] == pytest.approx(4.3))
            say(named("level", 4.35, DataType.FLOAT))
            await eventually(lambda: any(line["event"] == "command_failed" for line in lines))
    assert held(machine)["level"] == 43


async def test_a_tag_may_be_named_by_its_alias(running, say, plant, machine):
    async with running(**ALLOWED):
        (birth,) = plant.of(MessageType.DBIRTH)
        (alias,) = [metric.alias for metric in birth.payload.metrics if metric.name == "setpoint"]
        say(Metric(2.5, DataType.FLOAT, alias=alias))
        await eventually(lambda: plant.values("setpoint")[-1] == pytest.approx(2.5))


REFUSED = [
    (named("forbidden", 9.0, DataType.DOUBLE), "the configuration does not allow it"),
    (named("setpoint", 8.5, DataType.FLOAT), "8.5 is not between 0.0 and 8.0"),
    (named("setpoint", True, DataType.BOOLEAN), "True is no FLOAT"),
    (named("setpoint", "4", DataType.STRING), "'4' is no FLOAT"),
    (named("setpoint", None, DataType.FLOAT), "None is no FLOAT"),
    (named("recipe", 4, DataType.INT32), "4 is no STRING"),
    (named("Device Control/reset", False, DataType.BOOLEAN), "a method is called by writing true"),
    (named("Device Control/format", True, DataType.BOOLEAN), "the configuration does not allow it"),
]


async def test_everything_else_is_refused_said_and_counted(running, say, plant, machine):
    before = held(machine)
    with capture_logs() as lines:
        async with running(**ALLOWED):
            for metric, _ in REFUSED:
                say(metric)
            say(named("setpoint", 1.0, DataType.FLOAT), age_s=120)
            say(named("setpoint", 1.0, DataType.FLOAT), device="nobody")
            say(named("order", "B-1", DataType.STRING))  # Allowed here, but not by the machine.
            said = lambda event: [line for line in lines if line["event"] == event]  # noqa: E731
            await eventually(lambda: said("command_failed"), "the last of them")
            say(named("setpoint", 3.0, DataType.FLOAT))
            await eventually(lambda: plant.values("setpoint")[-1] == pytest.approx(3.0), "life afterwards")
    reasons = [line["reason"] for line in said("command_refused")]
    assert reasons == [*(reason for _, reason in REFUSED), "it is not from now"]
    assert [line["metrics"] for line in said("command_unknown")] == [1]
    (failed,) = said("command_failed")
    assert failed["reason"].startswith("the device said Bad")
    after = held(machine)
    assert {**after, "setpoint": 0} == {**before, "setpoint": 0}


async def test_nothing_is_written_where_nothing_is_declared(running, say, machine):
    before = held(machine)
    with capture_logs() as lines:
        async with running():
            say(named("setpoint", 4.0, DataType.FLOAT), named("Device Control/reset", True, DataType.BOOLEAN))
            await eventually(lambda: sum(line["event"] == "command_refused" for line in lines) == 2)
    assert held(machine) == before
