"""A press that speaks OPC UA with PackML names (OPC 30050), flattened to string node ids.

`Admin.ProdProcessedCount` counts all parts and rolls over from 2^31-1 to 0, as PackML's Int32 counts do.
"""

from collections.abc import Mapping

from simulators.device import MachineFacts, MachineKind, MachineState, Server, Value

NAMESPACE_URI = "urn:lineside:sim:packml"
NODES = {
    "Status.StateCurrent": "Int32",
    "Status.UnitModeCurrent": "Int32",
    "Status.CurMachSpeed": "Float",  # Parts per minute.
    "Admin.ProdProcessedCount": "Int32",
    "Admin.ProdDefectiveCount": "Int32",
    "Admin.StopReason": "Int32",
}
_INT32_MODULUS = 2**31

# PackML StateNumber and UnitMode (OPC 30050). OPC 30060 numbers the states differently: not used here.
_STOPPED, _IDLE, _EXECUTE, _ABORTED, _HELD = 2, 4, 6, 9, 11
_PRODUCE, _MAINTENANCE, _MANUAL = 1, 2, 3
_STATE_AND_MODE = {
    MachineState.OFF: (_STOPPED, _PRODUCE),
    MachineState.IDLE: (_IDLE, _PRODUCE),
    MachineState.RUNNING: (_EXECUTE, _PRODUCE),
    MachineState.MICRO_STOP: (_HELD, _PRODUCE),
    MachineState.BREAKDOWN: (_ABORTED, _MAINTENANCE),
    MachineState.SET_UP: (_STOPPED, _MANUAL),
}


def _advance(good: int, reject: int) -> Mapping[str, int]:
    return {"Admin.ProdProcessedCount": good + reject, "Admin.ProdDefectiveCount": reject}


def _values(facts: MachineFacts, counters: Mapping[str, int]) -> Mapping[str, Value]:
    state, mode = _STATE_AND_MODE[facts.state]
    return {
        "Status.StateCurrent": state,
        "Status.UnitModeCurrent": mode,
        "Status.CurMachSpeed": facts.parts_per_min,
        "Admin.StopReason": facts.stop_reason,
        **counters,
    }


async def _open_server() -> Server:
    from simulators.opcua_server import Node, OpcuaServer

    server = OpcuaServer(NAMESPACE_URI, [Node(id_, type_) for id_, type_ in NODES.items()])
    await server.open()
    return server


KIND = MachineKind(
    profile="packml",
    scheme="opc.tcp",
    total="Admin.ProdProcessedCount",
    counters={
        "Admin.ProdProcessedCount": (_INT32_MODULUS, False),
        "Admin.ProdDefectiveCount": (_INT32_MODULUS, False),
    },
    advance=_advance,
    values=_values,
    open_server=_open_server,
)
