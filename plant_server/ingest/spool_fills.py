"""How full the spools of edges are: the last word of each, in the transaction of whatever came with it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import psycopg
import structlog

from edge.contract.payloads import MalformedPayload
from edge.contract.spool_fill import FILL_NAMES, WAITING, SpoolFill
from plant_server.ingest.facts import Facts
from plant_server.ingest.message import EdgeKey, Opened
from plant_server.ingest.queries import QUERIES, moment

log = structlog.get_logger()


class ToldFill(NamedTuple):
    """`told_ms`: the edge's clock when it told; `received_ms`: ours."""

    edge_id: int
    fill: SpoolFill
    told_ms: int
    received_ms: int

    @property
    def oldest_age_s(self) -> float | None:
        """By the edge's clock alone, which may be far from ours."""
        oldest_ms = self.fill.oldest_ms
        return None if oldest_ms is None else max(0.0, (self.told_ms - oldest_ms) / 1000)


def write_born_fill(cursor: psycopg.Cursor, message: Opened, edge_id: int) -> None:
    """Of an NBIRTH. An edge whose birth says nothing of it (an older release, another maker) has no row."""
    values = {metric.name: metric.value for metric in message.metrics if metric.name in FILL_NAMES}
    fill = None
    if values.get(WAITING) is not None:
        try:
            fill = SpoolFill.of({name: value for name, value in values.items() if name})
        except MalformedPayload as error:
            log.warning("spool_fill_malformed", edge=str(message.edge), reason=str(error))
    if fill is None:
        cursor.execute(QUERIES["no_edge_spool"], {"edge_id": edge_id})
    else:
        _write(cursor, [_told(message, edge_id, fill)])


def write_fills(cursor: psycopg.Cursor, batch: Iterable[Facts], edge_ids: Mapping[EdgeKey, int]) -> None:
    """Of the NDATA of a batch; of several by one edge the last counts."""
    told = {
        facts.edge: _told(facts.message, edge_ids[facts.edge], facts.fill)
        for facts in batch
        if facts.fill is not None
    }
    if told:
        _write(cursor, sorted(told.values()))


def _told(message: Opened, edge_id: int, fill: SpoolFill) -> ToldFill:
    received_ms = message.raw.received_ms
    return ToldFill(edge_id, fill, message.timestamp_ms or received_ms, received_ms)


def _write(cursor: psycopg.Cursor, rows: Sequence[ToldFill]) -> None:
    cursor.execute(
        QUERIES["edge_spools"],
        {
            "edge_ids": [row.edge_id for row in rows],
            "waiting": [row.fill.waiting for row in rows],
            "ages": [row.oldest_age_s for row in rows],
            "used": [row.fill.used_bytes for row in rows],
            "bounds": [row.fill.bound_bytes for row in rows],
            "free": [row.fill.disk_free_bytes for row in rows],
            "received": [moment(row.received_ms) for row in rows],
        },
    )
