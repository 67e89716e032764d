"""Pictures of an edge as tests want them: all well, but for what they say."""

from dataclasses import replace
from typing import Any

from edge.health import BrokerHealth, DeviceHealth, EdgeHealth, SpoolHealth

BROKER = BrokerHealth("mqtts://b1:8883", True, 1_000, True, "", "", None)
SPOOL = SpoolHealth("epoch", 9, 9, 0, 0.0, 1 << 20, 1 << 30, 1 << 34, 0, 0, 0, "", 0.0)
DEVICE = DeviceHealth(
    "press",
    "opc.tcp://p",
    "packml",
    True,
    0.5,
    0.02,
    "",
    False,
    None,
    (),
    polls=7,
    losses=0,
    gaps=0,
    skipped=0,
)
WELL = EdgeHealth(
    edge="e1",
    group="demo",
    version="0.1.0",
    taken_ms=1_800_000_000_000,
    started_ms=1_800_000_000_000,
    configured_ms=1_800_000_000_000,
    primary_host="plant",
    brokers=(BROKER,),
    plant_ahead_s=0.01,
    births=1,
    went_back=0,
    epochs_begun=0,
    spool=SPOOL,
    devices=(DEVICE,),
    lines=(),
    clock_mistrust="",
    cpu_s=1.0,
    rss_bytes=70 << 20,
    hangs={},
)


def with_broker(**changed: Any) -> EdgeHealth:
    return replace(WELL, brokers=(replace(BROKER, **changed),))


def with_spool(**changed: Any) -> EdgeHealth:
    return replace(WELL, spool=replace(SPOOL, **changed))


def with_device(**changed: Any) -> EdgeHealth:
    return replace(WELL, devices=(replace(DEVICE, **changed),))
