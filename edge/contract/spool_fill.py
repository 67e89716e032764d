"""How full an edge's spool is, as the edge tells it: part of the delivery contract, and about the spool, not in it.

    NBIRTH  all of FILL_NAMES, as of at most `HEARTBEAT_EVERY_S` before
    NDATA   all of FILL_NAMES and nothing else, when they changed enough to matter, at most once in `HEARTBEAT_EVERY_S`

No entry, no number, never spooled, never stored twice: the plant keeps the last word of each edge. An edge says it again
when it changed, so the word holds for as long as the edge is heard. A null says that it is not known, or that there is
none. Names begin with `Node Control/`, which every plant and host leaves alone unless it knows the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from edge.contract.payloads import MalformedPayload

WAITING = "Node Control/Spool/Waiting"
OLDEST = "Node Control/Spool/Oldest"
USED = "Node Control/Spool/Used"
BOUND = "Node Control/Spool/Bound"
DISK_FREE = "Node Control/Spool/Disk Free"
FILL_NAMES = frozenset({WAITING, OLDEST, USED, BOUND, DISK_FREE})

ON_ITS_WAY_S = 5.0
"""What is younger is on its way and does not count as waiting."""
FULL_RATIO = 0.8
"""From this part of the bound on a person should do something. At 0.9 what is oldest begins to give way to gap records."""

_NUMBER_MAX = 1 << 62


@dataclass(frozen=True, slots=True)
class SpoolFill:
    """State of a spool file.

    `waiting`: entries the plant has not committed; 0 while the oldest of them is younger than ON_ITS_WAY_S.
    `oldest_ms`: time of the oldest of those that wait, UTC ms by the edge's clock, like the timestamp of the message that
    tells it; None: none waits, or its time is not known.
    `used_bytes`: pages in use, what the plant has committed and is kept for a while included; without the write-ahead log.
    `bound_bytes`: what they may grow to: `spool.max_bytes`, less while the disk is full.
    `disk_free_bytes`: what the file system of the spool has left for the edge; None: it does not say.
    """

    waiting: int
    oldest_ms: int | None
    used_bytes: int
    bound_bytes: int
    disk_free_bytes: int | None

    def by_name(self) -> dict[str, int | None]:
        """Metric name → value, in the order in which they are declared."""
        return {
            WAITING: self.waiting,
            OLDEST: self.oldest_ms,
            USED: self.used_bytes,
            BOUND: self.bound_bytes,
            DISK_FREE: self.disk_free_bytes,
        }

    @staticmethod
    def of(values: Mapping[str, object]) -> "SpoolFill":
        """From metric name → value; other names may be among them. Raises MalformedPayload."""
        waiting, used, bound = (_number(values, name) for name in (WAITING, USED, BOUND))
        if waiting is None or used is None or not bound:
            raise MalformedPayload(f"the fill of a spool without {WAITING}, {USED} or {BOUND}")
        return SpoolFill(waiting, _number(values, OLDEST), used, bound, _number(values, DISK_FREE))


def _number(values: Mapping[str, object], name: str) -> int | None:
    value = values.get(name)
    if value is None:
        return None
    if type(value) is not int or not 0 <= value < _NUMBER_MAX:
        raise MalformedPayload(f"{name} is {value!r}")
    return value
