"""What the names of PackML mean. From OPC 30050 (OPC UA for PackML 1.01), chapter 6, Status and Admin. Pure.

Recognised by the namespace of the companion specification; the same names in a namespace of the machine's own are
recognised too, below Status or Admin, since many machines name their plain variables so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

NAMESPACE = "http://opcfoundation.org/UA/PackML/"


@dataclass(frozen=True, slots=True)
class Meaning:
    """Role, and what belongs to it."""

    role: str
    unit: str = "1"
    vocabulary: str | None = None
    counts: str | None = None


BY_NAME = {
    "StateCurrent": Meaning("state", vocabulary="packml"),
    "UnitModeCurrent": Meaning("mode", vocabulary="packml_mode"),
    "CurMachSpeed": Meaning("speed", unit="parts/min"),
    "MachSpeed": Meaning("measurement", unit="parts/min"),
    "MachDesignSpeed": Meaning("measurement", unit="parts/min"),
    "ProdProcessedCount": Meaning("counter", "parts", counts="parts"),
    "ProdDefectiveCount": Meaning("counter", "parts", counts="reject"),
    "StopReason": Meaning("alarm"),
}

COUNTED_IN_STRUCTURES = frozenset({"ProdProcessedCount", "ProdDefectiveCount"})
TOTAL_COUNT = "AccCount"
"""Of a PackMLCountDataType: counts on when an order ends, while `Count` begins again (OPC 30050, PackMLCountDataType)."""

_GROUPS = frozenset({"status", "admin"})


def standard_name(path: Sequence[str], *, in_namespace: bool) -> str | None:
    """The PackML name of a variable, or None. `in_namespace`: its browse name is in the standard's own namespace."""
    own, parents = path[-1], [part.lower() for part in path[:-1]]
    tagged = own.rpartition(".")[2]
    if tagged in BY_NAME and (in_namespace or _GROUPS & {*parents[-1:], *own.lower().split(".")[:-1]}):
        return tagged
    if own == "Number" and parents[-2:] and parents[-1] == "currentstate" and parents[-2] == "executestate":
        return "StateCurrent"  # The innermost machine's state has the numbers of PackML's own table.
    return None
