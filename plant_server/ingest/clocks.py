"""When an edge was heard last, and how far its clock is from ours."""

from dataclasses import dataclass, field

import psycopg

from plant_server.ingest.alarms import AlarmKind, clear_alarm, raise_alarm
from plant_server.ingest.births import Registry
from plant_server.ingest.message import EdgeKey, Opened
from plant_server.ingest.queries import QUERIES, moment

SKEW_MAX_S = 2.0
WRITE_EVERY_S = 1.0


@dataclass(slots=True)
class _Heard:
    received_ms: int
    skew_ms: int | None


@dataclass(slots=True)
class Clocks:
    """Collects from every message, writes each edge at most once a second."""

    _heard: dict[EdgeKey, _Heard] = field(default_factory=dict)
    _written_s: dict[EdgeKey, float] = field(default_factory=dict)
    _is_skewed: dict[EdgeKey, bool] = field(default_factory=dict)

    def hear(self, message: Opened) -> None:
        """The message that waited least between the edge's clock and ours tells the skew."""
        received_ms = message.raw.received_ms
        skew_ms = None if message.timestamp_ms is None else message.timestamp_ms - received_ms
        heard = self._heard.get(message.edge)
        if heard is None:
            self._heard[message.edge] = _Heard(received_ms, skew_ms)
            return
        heard.received_ms = max(heard.received_ms, received_ms)
        if skew_ms is not None and (heard.skew_ms is None or skew_ms > heard.skew_ms):
            heard.skew_ms = skew_ms

    def forget(self) -> None:
        """After a roll-back: what was written was not."""
        self._written_s.clear()
        self._is_skewed.clear()

    def due(self, now_s: float) -> list[EdgeKey]:
        return [
            edge for edge in self._heard if now_s - self._written_s.get(edge, -WRITE_EVERY_S) >= WRITE_EVERY_S
        ]

    def write(self, cursor: psycopg.Cursor, registry: Registry, now_s: float) -> None:
        """In a transaction of the caller's."""
        due = self.due(now_s)
        if not due:
            return
        heard = {edge: self._heard.pop(edge) for edge in due}
        skews = [None if row.skew_ms is None else row.skew_ms / 1000 for row in heard.values()]
        cursor.execute(
            QUERIES["edge_seen"],
            {
                "edge_ids": [registry.edge_id(edge) for edge in heard],
                "last_messages": [moment(row.received_ms) for row in heard.values()],
                "skews": skews,
            },
        )
        for edge, skew_s in zip(heard, skews, strict=True):
            self._written_s[edge] = now_s
            if skew_s is not None:
                self._judge(cursor, edge, skew_s)

    def _judge(self, cursor: psycopg.Cursor, edge: EdgeKey, skew_s: float) -> None:
        is_skewed = abs(skew_s) > SKEW_MAX_S
        if self._is_skewed.get(edge) == is_skewed:
            return
        if is_skewed:
            raise_alarm(cursor, AlarmKind.CLOCK_SKEW, str(edge), f"its clock is {skew_s:+.1f} s from ours")
        else:
            clear_alarm(cursor, AlarmKind.CLOCK_SKEW, str(edge))
        self._is_skewed[edge] = is_skewed
