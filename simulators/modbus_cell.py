"""A machining cell behind a small PLC that speaks Modbus TCP: seven holding registers, 16-bit counters that wrap."""

from collections.abc import Mapping

from simulators.device import MachineFacts, MachineKind, MachineState, Server, Value
from simulators.modbus_tcp import READ_HOLDING, Table
from simulators.registers import Register, RegisterServer

REGISTERS = (
    Register(0, "u16", "good"),
    Register(1, "u16", "reject"),
    Register(2, "u16", "state"),
    Register(3, "u16", "total"),
    Register(4, "u16", "cycle_time_ms"),
    Register(5, "u32", "order_number"),
)
_UINT16_MODULUS = 2**16
_STATES = {
    MachineState.OFF: 0,
    MachineState.IDLE: 1,
    MachineState.RUNNING: 2,
    MachineState.MICRO_STOP: 1,
    MachineState.BREAKDOWN: 3,
    MachineState.SET_UP: 4,
}


def _advance(good: int, reject: int) -> Mapping[str, int]:
    return {"good": good, "reject": reject, "total": good + reject}


def _values(facts: MachineFacts, counters: Mapping[str, int]) -> Mapping[str, Value]:
    return {
        "state": _STATES[facts.state],
        "cycle_time_ms": min(round(facts.cycle_time_s * 1000), _UINT16_MODULUS - 1),
        "order_number": facts.order_number,
        **counters,
    }


async def _open_server() -> Server:
    server = RegisterServer(READ_HOLDING, REGISTERS, Table())
    await server.open()
    return server


KIND = MachineKind(
    profile="modbus_cell",
    scheme="modbus",
    total="total",
    counters=dict.fromkeys(("good", "reject", "total"), (_UINT16_MODULUS, False)),
    advance=_advance,
    values=_values,
    open_server=_open_server,
)
