"""Row `ingest`: from encoded Sparkplug bytes to commit, all of the transaction, in one process; beside raw COPY.

Both write the same rows into tables of the same shape (daily partition, index on (tag_id, ts)) on the same server, in
turns, and the medians are compared. COPY gets finished binary blocks and has nothing else to do: it is the limit.
"""

import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

from edge.contract.datatypes import DataType
from edge.delivery.entries import Numbered, Readings, TagDefinition
from edge.delivery.live_values import LiveDevice
from edge.delivery.sparkplug_session import NodeIdentity, SparkplugSession
from edge.delivery.uuid7 import uuid7
from plant_server.embedded.postgres import running_postgres
from plant_server.ingest.message import RawMessage
from plant_server.ingest.pipeline import Pipeline
from plant_server.schema.migrate import migrate
from plant_server.settings import load_settings

TAGS = 100
MESSAGES_PER_BATCH = 100
ROUNDS = 5
BATCHES_PER_ROUND = 30
ROWS_PER_ROUND = TAGS * MESSAGES_PER_BATCH * BATCHES_PER_ROUND


def ingest(home: Path) -> dict[str, Any]:
    with running_postgres(home, die_with_parent=True, tuning={"max_wal_size": "4GB"}) as server:
        migrate(server.url(), say=lambda _: None)
        settings = load_settings(database_url=server.url("lineside_plant"))
        with psycopg.connect(settings.database_url) as connection, psycopg.connect(server.url()) as other:
            pipeline, sender = Pipeline(connection, settings), _Sender()
            pipeline.begin()
            pipeline.store_batch(sender.births())
            stored_s, copied_s = [], []
            for number in range(ROUNDS):
                batches = list(sender.batches())
                began = time.perf_counter()
                for batch in batches:
                    pipeline.store_batch(batch)
                stored_s.append(time.perf_counter() - began)
                copied_s.append(_copy(other, number))
            row = connection.execute("SELECT count(*) FROM plant.sample").fetchone()
    assert row is not None
    assert row[0] == ROUNDS * ROWS_PER_ROUND, f"{row[0]} rows of {ROUNDS * ROWS_PER_ROUND}"
    rate, limit = (ROWS_PER_ROUND / statistics.median(times) for times in (stored_s, copied_s))
    return {"rows_per_s": round(rate), "copy_rows_per_s": round(limit), "ratio": round(rate / limit, 2)}


def _copy(connection: psycopg.Connection[Any], number: int) -> float:
    """Seconds to COPY the rows of the last round into a table of the same shape."""
    with connection.cursor() as cursor:
        if number == 0:
            cursor.execute("CREATE SCHEMA bench")
            cursor.execute("CREATE TABLE bench.sample (LIKE plant.sample) PARTITION BY RANGE (ts)")
            cursor.execute("CREATE INDEX ON bench.sample (tag_id, ts)")
            cursor.execute(
                "CREATE TABLE bench.day PARTITION OF bench.sample FOR VALUES FROM ('2000-01-01') TO ('2100-01-01')"
            )
        last = f"SELECT * FROM plant.sample ORDER BY ts DESC LIMIT {ROWS_PER_ROUND}"  # noqa: S608
        with cursor.copy(f"COPY ({last}) TO STDOUT (FORMAT binary)") as out:
            blocks = [bytes(block) for block in out]
        connection.commit()
        joined = b"".join(blocks)
        began = time.perf_counter()
        with cursor.copy("COPY bench.sample FROM STDIN (FORMAT binary)") as into:
            for start in range(0, len(joined), 1 << 20):
                into.write(joined[start : start + (1 << 20)])
        connection.commit()
        return time.perf_counter() - began


class _Sender:
    """An edge with 99 measurements and a counter, as bytes."""

    def __init__(self) -> None:
        tags = {
            index: TagDefinition("m", f"t{index}", DataType.DOUBLE, {"role": "measurement"})
            for index in range(2, TAGS + 1)
        }
        counter = {
            "role": "counter",
            "counts": "parts",
            "unit": "parts",
            "width": 32,
            "scale": 1,
            "rate_max": 1e4,
        }
        tags[1] = TagDefinition("m", "parts", DataType.UINT32, counter)
        self._session = SparkplugSession(NodeIdentity("demo", "bench"), 0, str(uuid7()), tags)
        self._number = 0
        self._time_ms = int(time.time() * 1000) - 6 * 3_600_000

    def births(self) -> list[RawMessage]:
        now_ms = int(time.time() * 1000)
        messages = (self._session.node_birth(now_ms), self._session.device_birth("m", LiveDevice(), now_ms))
        return [RawMessage.received(message.topic, message.payload, now_ms) for message in messages]

    def batches(self) -> Iterator[list[RawMessage]]:
        for _ in range(BATCHES_PER_ROUND):
            yield [self._message() for _ in range(MESSAGES_PER_BATCH)]

    def _message(self) -> RawMessage:
        self._number += 1
        self._time_ms += 1000
        values: list[Any] = [self._number, *(20.0 + index + self._number % 7 for index in range(TAGS - 1))]
        entry = Readings("m", self._time_ms, list(range(1, TAGS + 1)), [0] * TAGS, values)
        now_ms = int(time.time() * 1000)
        message = self._session.readings("m", [Numbered(self._number, entry)], now_ms, historical=True)
        return RawMessage.received(message.topic, message.payload, now_ms)
