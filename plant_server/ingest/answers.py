"""What the plant tells an edge: how far it is stored, and to be born again. Pure; the consumer sends it.

Committed goes out at most ten times a second per edge, and the last one always; at once after an NBIRTH, which sets
the edge's position, and once half of the edge's window is stored, or a backlog of small messages would wait for us all
the time. An edge that sent what we have, or left out what we need, is told where we are a few times a second at most.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from edge.contract import spool_metrics
from edge.contract.datatypes import DataType
from edge.contract.payloads import Metric, encode
from edge.contract.topics import MessageType, edge_topic
from plant_server.ingest.message import EdgeKey
from plant_server.ingest.pipeline import Outcome

COMMITTED_EVERY_S = 0.1
BEHIND_EVERY_S = 0.3
HALF_A_WINDOW = 32
"""Messages. An edge keeps at most 64 unanswered."""


class Committed(NamedTuple):
    epoch: UUID
    number: int


class Command(NamedTuple):
    """An NCMD, ready to publish with QoS 0."""

    topic: str
    payload: bytes


@dataclass(slots=True)
class _Due:
    committed: Committed
    at_s: float


@dataclass(slots=True)
class Answers:
    """Keeps what is due to whom. Times are seconds of one monotonic clock."""

    _due: dict[EdgeKey, _Due] = field(default_factory=dict)
    _sent_s: dict[EdgeKey, float] = field(default_factory=dict)
    _untold: Counter[EdgeKey] = field(default_factory=Counter)  # Messages stored since the last Committed.

    def note(self, outcome: Outcome, now_s: float) -> None:
        """Take over what a batch came to."""
        self._untold += outcome.moved
        for edge, (epoch, number) in outcome.committed.items():
            if edge in outcome.born or self._untold[edge] >= HALF_A_WINDOW:
                at_s = now_s
            elif edge in outcome.moved:
                at_s = self._sent_s.get(edge, -COMMITTED_EVERY_S) + COMMITTED_EVERY_S
            elif edge in outcome.behind:
                at_s = self._sent_s.get(edge, -BEHIND_EVERY_S) + BEHIND_EVERY_S
            else:
                continue
            due = self._due.get(edge)
            self._due[edge] = _Due(Committed(epoch, number), at_s if due is None else min(at_s, due.at_s))

    def take_due(self, now_s: float, *, all_of_them: bool = False) -> list[tuple[EdgeKey, Committed]]:
        """What is to be sent now; it counts as sent."""
        edges = [edge for edge, due in self._due.items() if all_of_them or due.at_s <= now_s]
        taken = [(edge, self._due.pop(edge).committed) for edge in edges]
        for edge in edges:
            self._sent_s[edge] = now_s
            del self._untold[edge]
        return taken

    def wait_s(self, now_s: float, *, longest_s: float) -> float:
        """How long nothing becomes due."""
        return max(0.0, min((due.at_s - now_s for due in self._due.values()), default=longest_s))


def committed_command(edge: EdgeKey, committed: Committed, now_ms: int) -> Command:
    """NCMD {Spool/Epoch, Spool/Committed}."""
    return _command(
        edge,
        now_ms,
        [
            Metric(str(committed.epoch), DataType.STRING, spool_metrics.EPOCH, timestamp_ms=now_ms),
            Metric(committed.number, DataType.UINT64, spool_metrics.COMMITTED, timestamp_ms=now_ms),
        ],
    )


def rebirth_command(edge: EdgeKey, now_ms: int) -> Command:
    """NCMD {Node Control/Rebirth}."""
    return _command(
        edge, now_ms, [Metric(True, DataType.BOOLEAN, spool_metrics.REBIRTH, timestamp_ms=now_ms)]
    )


def _command(edge: EdgeKey, now_ms: int, metrics: Iterable[Metric]) -> Command:
    """Commands carry names and no seq (`tck-id-payloads-ncmd-seq`)."""
    topic = edge_topic(edge.group, MessageType.NCMD, edge.node)
    return Command(str(topic), encode(metrics, timestamp_ms=now_ms, seq=None, declares=False))
