"""What a machine does, in eight words, whatever language it speaks; and the intervals in which it did so.

The words follow the ISO 22400 times: `producing` is APT, `setup` AUST, `idle`, `stopped` and `fault` are delay or down
time (ADET inside an order, ADOT outside), `maintenance` and `off` are not planned busy time unless the shift says so.
`unknown` is the absence of facts, never a machine's own word: it heals when late facts come. "No contact" is not here:
it is what a screen shows between now and the last message.

A vocabulary maps a machine's codes to these words. Raw codes are stored, so a better table heals the past.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class MachineState(StrEnum):
    PRODUCING = "producing"  # Executes; parts come out.
    IDLE = "idle"  # Ready, and waits: for a start, for material from before it, for room after it.
    SETUP = "setup"  # Is prepared for the next job, or tries it out.
    STOPPED = "stopped"  # Was stopped or held from within: by its operator, its program, its own material.
    FAULT = "fault"  # Cannot go on before somebody has mended it.
    MAINTENANCE = "maintenance"  # Is kept in order, and not for production.
    OFF = "off"  # Has no power, or sleeps.
    UNKNOWN = "unknown"  # Nobody knows.


PRODUCING, IDLE, SETUP, STOPPED, FAULT, MAINTENANCE, OFF, UNKNOWN = MachineState

# PackML, OPC 30050 StateNumber. Only Execute produces: a state that leads there counts as the one it came from, any
# other passing state as the one it leads to. (OPC 30060 for tobacco machines numbers its states differently.)
_PACKML = {
    1: STOPPED,  # Clearing
    2: STOPPED,  # Stopped
    3: IDLE,  # Starting
    4: IDLE,  # Idle
    5: IDLE,  # Suspended: waits for what comes before or after it
    6: PRODUCING,  # Execute
    7: STOPPED,  # Stopping
    8: FAULT,  # Aborting
    9: FAULT,  # Aborted
    10: STOPPED,  # Holding
    11: STOPPED,  # Held: stopped for a reason of its own
    12: STOPPED,  # Unholding
    13: IDLE,  # Suspending
    14: IDLE,  # Unsuspending
    15: IDLE,  # Resetting
    16: IDLE,  # Completing
    17: IDLE,  # Complete
}
# PackML UnitModeCurrent: 0 Invalid and 1 Produce leave the state as it is; what runs by hand is not production.
_PACKML_MODES = {2: MAINTENANCE, 3: SETUP}

# OPC 40001-1, MachineryItemState: 0 NotAvailable, 1 OutOfService, 2 NotExecuting, 3 Executing;
# MachineryOperationMode: 0 None, 1 Maintenance, 2 Setup, 3 Processing.
_MACHINERY = {0: OFF, 1: FAULT, 2: IDLE, 3: PRODUCING}
_MACHINERY_MODES = {
    1: {0: OFF, 1: MAINTENANCE, 2: MAINTENANCE, 3: MAINTENANCE},
    2: {0: OFF, 1: FAULT, 2: SETUP, 3: SETUP},
}

# OPC 40501-1, state of the active program (ProductionStateMachineType), read with MachineOperationMode: 0 Manual,
# 1 Automatic, 2 Setup, 3 AutoWithManualIntervention, 4 Service, 5 Other. By hand nothing is produced, whatever runs.
_MACHINETOOL_PROGRAM = {
    0: SETUP,  # Initializing: the program is made ready, its tools and its part are brought
    1: PRODUCING,  # Running
    2: IDLE,  # Ended
    3: STOPPED,  # Interrupted: will go on where it stopped
    4: FAULT,  # Aborted: will not
}
# OPC 40501-1 ChannelState of one NC channel, where it stands for the machine.
_MACHINETOOL_CHANNEL = {0: PRODUCING, 1: STOPPED, 2: IDLE}
_MACHINETOOL_MODES = {0: SETUP, 2: SETUP, 4: MAINTENANCE}

# OPC 40083 (Euromap 77 and 83) JobStatus.
_EUROMAP = {
    1: IDLE,  # TRANSFERRED_ASSIGNED
    2: SETUP,  # SET_UP_ACTIVE
    3: STOPPED,  # SET_UP_INTERRUPTED
    4: IDLE,  # SET_UP_FINISHED
    5: SETUP,  # START_UP_ACTIVE: runs, not yet for the job
    6: PRODUCING,  # JOB_IN_PRODUCTION
    7: STOPPED,  # JOB_INTERRUPTED
    8: IDLE,  # JOB_FINISHED
    9: SETUP,  # TEAR_DOWN_ACTIVE
    10: STOPPED,  # TEAR_DOWN_INTERRUPTED
    11: IDLE,  # TEAR_DOWN_FINISHED
}
# OPC 40083 MachineMode, by itself: 0 OTHER says nothing, and an automatic mode not whether the machine runs.
_EUROMAP_MODE = {3: STOPPED, 4: SETUP, 5: OFF}

# The demo cell's own register.
_CELL = {0: OFF, 1: IDLE, 2: PRODUCING, 3: FAULT, 4: SETUP}

_CODES = {
    "packml": _PACKML,
    "machinery": _MACHINERY,
    "machinetool_program": _MACHINETOOL_PROGRAM,
    "machinetool_channel": _MACHINETOOL_CHANNEL,
    "euromap_job": _EUROMAP,
    "cell": _CELL,
}

VOCABULARIES = frozenset(_CODES)


class UnknownVocabulary(ValueError):
    """No table of this name: a mistake in a device profile; do not retry."""


def machine_state(vocabulary: str, code: int, mode: int | None = None) -> MachineState:
    """A machine's own code, and its operation mode where it has one, in our words. A code that is not in the table is
    `unknown`. Raises UnknownVocabulary.

    `packml`: StateNumber, UnitModeCurrent. `machinery`: MachineryItemState, MachineryOperationMode.
    `machinetool_program`: state of the active program, MachineOperationMode. `machinetool_channel`: ChannelState,
    MachineOperationMode. `euromap_job`: JobStatus, MachineMode. `cell`: 0 off, 1 idle, 2 running, 3 fault, 4 set-up; no mode.
    """
    codes = _CODES.get(vocabulary)
    if codes is None:
        raise UnknownVocabulary(f"{vocabulary}: known are {', '.join(sorted(VOCABULARIES))}")
    state = codes.get(code, UNKNOWN)
    if mode is None or state is UNKNOWN:
        return state
    if vocabulary == "packml":
        return state if state is FAULT else _PACKML_MODES.get(mode, state)
    if vocabulary == "machinery":
        return _MACHINERY_MODES.get(mode, codes)[code]
    if vocabulary.startswith("machinetool_"):
        return state if state is FAULT else _MACHINETOOL_MODES.get(mode, state)
    if vocabulary == "euromap_job":
        return _EUROMAP_MODE.get(mode, state)
    return state


@dataclass(frozen=True, slots=True)
class StateInterval:
    """In `state` from `start_ms` until just before `end_ms`; UTC, never empty."""

    state: MachineState
    start_ms: int
    end_ms: int


def intervals(
    samples: Iterable[tuple[int, MachineState]], until_ms: int, *, since_ms: int | None = None
) -> list[StateInterval]:
    """What a machine did, from facts (source time in ms, state) in any order and any number of copies.

    A total function: the intervals follow one another without gap or overlap, neighbours differ, and the same facts
    give the same answer whenever they came. They run from the first fact, or from `since_ms` (in the state in force
    then, `unknown` before the first fact), to `until_ms`. A state holds until the next fact. Two states at the same
    millisecond contradict each other: the less favourable, which is the later in MachineState, is taken.
    """
    changes: dict[int, MachineState] = {}
    for at_ms, state in samples:
        if at_ms < until_ms:
            known = changes.get(at_ms)
            changes[at_ms] = state if known is None else max(known, state, key=_ORDER.__getitem__)
    told: list[StateInterval] = []
    begin_ms, current = since_ms, UNKNOWN
    for at_ms, state in sorted(changes.items()):
        if begin_ms is not None and at_ms > begin_ms and state is not current:
            told.append(StateInterval(current, begin_ms, at_ms))
            begin_ms = at_ms
        elif begin_ms is None:
            begin_ms = at_ms
        current = state
    if begin_ms is not None and begin_ms < until_ms:
        told.append(StateInterval(current, begin_ms, until_ms))
    return told


_ORDER = {state: order for order, state in enumerate(MachineState)}
