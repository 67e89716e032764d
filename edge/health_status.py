"""Whether an edge is well: what is wrong, how bad, and for which thing. Pure; the words are in `health_texts`.

`failed`: nothing that is read is kept, or a loop hangs. `degraded`: something needs a person sooner or later, and nothing
is lost meanwhile but what is said. A restart helps against a loop that hangs, and against nothing else.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from edge.configuration.state import Outcome
from edge.errors import BrokerTrouble
from edge.health import BrokerHealth, DeviceHealth, EdgeHealth, SpoolHealth

Status = Literal["ok", "degraded", "failed"]

FILLING = 0.8
"""Share of its bound at which the spool is said to be filling: at 0.9 it begins to thin."""
FREE_BYTES_MIN = 64 << 20
LAG_MAX_S = 60.0
SKEW_MAX_S = 2.0
"""As the plant's alarm."""
DISK_SILENT_S = 10.0
NOT_TAKEN = frozenset({Outcome.REFUSED, Outcome.NEEDS_RESTART, Outcome.NO_ROOM})


@dataclass(frozen=True, slots=True)
class Finding:
    """`code` names the words; `about` the device, loop or broker it concerns, if it is one of several."""

    code: str
    about: str = ""
    values: dict[str, str] = field(default_factory=dict)
    is_failure: bool = False


def findings(health: EdgeHealth) -> list[Finding]:
    """The worst first; none: all is well."""
    found = [
        *_loops(health),
        *_clock(health),
        *_configuration(health),
        *_spool(health.spool),
        *_broker(health),
        *(finding for device in health.devices for finding in _device(device)),
    ]
    if not health.devices:
        found.append(Finding("no_devices"))
    return sorted(found, key=lambda finding: not finding.is_failure)


def status_of(found: list[Finding]) -> Status:
    if any(finding.is_failure for finding in found):
        return "failed"
    return "degraded" if found else "ok"


def _loops(health: EdgeHealth) -> Iterator[Finding]:
    for name, seconds in health.hangs.items():
        yield Finding("loop_hangs", name, {"seconds": f"{seconds:.0f}"}, is_failure=True)


def _clock(health: EdgeHealth) -> Iterator[Finding]:
    if health.clock_mistrust:
        yield Finding("clock_wrong", values={"reason": health.clock_mistrust}, is_failure=True)
    elif health.plant_ahead_s is not None and abs(health.plant_ahead_s) > SKEW_MAX_S:
        yield Finding("clock_skewed", values={"seconds": f"{-health.plant_ahead_s:+.1f}"})


def _configuration(health: EdgeHealth) -> Iterator[Finding]:
    """The edge goes on with the configuration it had."""
    if health.configuration in NOT_TAKEN:
        first, *others = health.configuration_words or ("",)
        reason = f"{first} (+{len(others)})" if others else first
        yield Finding(f"configuration_{health.configuration}", values={"reason": reason})


def _spool(spool: SpoolHealth) -> Iterator[Finding]:
    if spool.failure:
        yield Finding("spool_refuses", values={"reason": spool.failure}, is_failure=True)
    elif spool.seen_s_ago is None or spool.seen_s_ago > DISK_SILENT_S:
        yield Finding("disk_hangs")
    if spool.bytes >= FILLING * spool.max_bytes:
        yield Finding("spool_filling", values={"percent": f"{100 * spool.bytes / spool.max_bytes:.0f}"})
    if spool.free_bytes is not None and spool.free_bytes < FREE_BYTES_MIN:
        yield Finding("disk_full", values={"free_mb": f"{spool.free_bytes / 1e6:.0f}"})


def _broker(health: EdgeHealth) -> Iterator[Finding]:
    connected = next((one for one in health.brokers if one.connected_ms is not None), None)
    if connected is None:
        tried = [one for one in health.brokers if one.trouble]
        if not tried:
            yield Finding("broker_connecting")
        for broker in tried:
            yield Finding(f"broker_{broker.trouble}", broker.url, {"reason": broker.reason})
    elif health.primary_host is not None and connected.host_online is not True:
        yield from _waiting(health, connected)
    elif health.spool.lag_s is not None and health.spool.lag_s > LAG_MAX_S:
        yield Finding("lagging", values={"seconds": f"{health.spool.lag_s:.0f}"})


def _waiting(health: EdgeHealth, connected: BrokerHealth) -> Iterator[Finding]:
    trouble = BrokerTrouble.HOST_ABSENT if connected.host_online is None else BrokerTrouble.HOST_OFFLINE
    yield Finding(f"broker_{trouble}", connected.url, {"reason": str(health.primary_host)})


def _device(device: DeviceHealth) -> Iterator[Finding]:
    if device.online is None and not device.error:
        yield Finding("device_not_tried", device.name)
    elif not device.online:
        code = "device_refuses" if device.error_is_refusal else "device_silent"
        yield Finding(code, device.name, {"reason": device.error})
