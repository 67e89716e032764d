"""An injection moulding machine that speaks OPC UA with Euromap 77/83 names, flattened to string node ids.

The counters are UInt64 and never wrap, but a job reset (the standard's ResetJobCounters) and a power cut bring the job
counters back to 0. `MachineCycleCounter` counts the machine's life and is kept over both.
"""

from collections.abc import Mapping

from simulators.device import MachineFacts, MachineKind, MachineState, Server, Value

NAMESPACE_URI = "urn:lineside:sim:euromap77"
NODES = {
    "Jobs.ActiveJobValues.JobCycleCounter": "UInt64",
    "Jobs.ActiveJobValues.JobPartsCounter": "UInt64",  # Steps by the open cavities.
    "Jobs.ActiveJobValues.JobGoodPartsCounter": "UInt64",
    "Jobs.ActiveJobValues.JobBadPartsCounter": "UInt64",
    "Jobs.ActiveJobValues.MachineCycleCounter": "UInt64",
    "Jobs.ActiveJobValues.LastCycleTime": "Double",  # Seconds.
    "Jobs.ActiveJobValues.JobStatus": "Int32",
    "MachineStatus.MachineMode": "Int32",
}
_JOB = "Jobs.ActiveJobValues."
_UINT64_MODULUS = 2**64

# Euromap 83 JobStatus and MachineMode.
_IN_PRODUCTION, _INTERRUPTED = 6, 7
_OTHER, _AUTOMATIC, _MANUAL, _SETUP = 0, 1, 3, 4
_STATUS_AND_MODE = {
    MachineState.OFF: (_INTERRUPTED, _OTHER),
    MachineState.IDLE: (_INTERRUPTED, _AUTOMATIC),
    MachineState.RUNNING: (_IN_PRODUCTION, _AUTOMATIC),
    MachineState.MICRO_STOP: (_INTERRUPTED, _AUTOMATIC),
    MachineState.BREAKDOWN: (_INTERRUPTED, _MANUAL),
    MachineState.SET_UP: (_INTERRUPTED, _SETUP),
}


def _advance(good: int, reject: int) -> Mapping[str, int]:
    return {
        _JOB + "JobCycleCounter": 1,
        _JOB + "JobPartsCounter": good + reject,
        _JOB + "JobGoodPartsCounter": good,
        _JOB + "JobBadPartsCounter": reject,
        _JOB + "MachineCycleCounter": 1,
    }


def _values(facts: MachineFacts, counters: Mapping[str, int]) -> Mapping[str, Value]:
    status, mode = _STATUS_AND_MODE[facts.state]
    return {
        _JOB + "LastCycleTime": facts.cycle_time_s,
        _JOB + "JobStatus": status,
        "MachineStatus.MachineMode": mode,
        **counters,
    }


async def _open_server() -> Server:
    from simulators.opcua_server import Node, OpcuaServer

    server = OpcuaServer(NAMESPACE_URI, [Node(id_, type_) for id_, type_ in NODES.items()])
    await server.open()
    return server


KIND = MachineKind(
    profile="euromap77",
    scheme="opc.tcp",
    total=_JOB + "JobPartsCounter",
    counters={
        _JOB + "JobCycleCounter": (_UINT64_MODULUS, False),
        _JOB + "JobPartsCounter": (_UINT64_MODULUS, False),
        _JOB + "JobGoodPartsCounter": (_UINT64_MODULUS, False),
        _JOB + "JobBadPartsCounter": (_UINT64_MODULUS, False),
        _JOB + "MachineCycleCounter": (_UINT64_MODULUS, True),
    },
    advance=_advance,
    values=_values,
    open_server=_open_server,
    has_jobs=True,
)
