"""Row `commands`: commands a second from 50 clients, each with its Event and to-do rows, committed to the disk.

`per_s`: the statements of a command, an UPDATE of a total between them, sent by pgbench; each tells the ERP. `execute_per_s`:
the same through `execute`, by two processes of 25 sessions each on the same machine, without HTTP.
"""

import asyncio
import multiprocessing
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from plant_server.async_database import ConnectionPool
from plant_server.embedded.postgres import running_postgres
from plant_server.events import Actor, Command, CommandContext, execute
from plant_server.schema.migrate import migrate
from tests.benchmarks.commands_in_sql import commands_in_sql

PROCESSES = 2
CLIENTS = 50
SECONDS = 12.0
WARM_UP_S = 2.0


def commands(home: Path) -> dict[str, Any]:
    tuning = {"max_wal_size": "4GB", "shared_buffers": "256MB"}
    with running_postgres(home, die_with_parent=True, tuning=tuning) as server:
        migrate(server.url(), say=lambda _: None)
        url = server.url("lineside_plant")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE plant.bench_total (client int PRIMARY KEY, good int NOT NULL)")
            connection.execute(
                "INSERT INTO plant.bench_total SELECT client, 0 FROM generate_series(1, %s) AS client",
                (CLIENTS,),
            )
            in_sql = commands_in_sql(server, home, CLIENTS)
            done = _run_clients(url)
            counted = _counted(connection)
    assert len(set(counted)) == 1, f"events, unsealed, outbox and total differ: {counted}"
    figures = {"per_s": in_sql, "execute_per_s": round(done / SECONDS), "clients": CLIENTS}
    return {name: figure for name, figure in figures.items() if figure is not None}


def _run_clients(url: str) -> int:
    share = CLIENTS // PROCESSES
    shares = [(url, 1 + number * share, share) for number in range(PROCESSES)]
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        return sum(pool.starmap(_process, shares))


def _process(url: str, first: int, number: int) -> int:
    return asyncio.run(_clients(url, first, number))


async def _clients(url: str, first: int, number: int) -> int:
    """How many commands were answered within the measured seconds."""
    pool = ConnectionPool(url, application="bench", size=number, wait_s=60)
    began = time.monotonic() + WARM_UP_S
    clients = [_client(pool, client, began) for client in range(first, first + number)]
    counts = await asyncio.gather(*clients)
    await pool.close()
    return sum(counts)


async def _client(pool: ConnectionPool, client: int, began: float) -> int:
    actor = Actor(f"person:{client}", client, f"station:{client}")
    done = 0

    async def report(context: CommandContext) -> Mapping[str, Any]:
        cursor = await context.connection.execute(
            "UPDATE plant.bench_total SET good = good + 1 WHERE client = %s RETURNING good", (client,)
        )
        row = await cursor.fetchone()
        context.facts["good"] = 1
        context.work_order_id = client
        await context.tell_erp("completion", client, {"good": 1}, context.event_time)
        return {"good": row[0] if row else None}

    while (now := time.monotonic()) < began + SECONDS:
        route = f"POST /api/v1/work-orders/{client}/report"
        command = Command(uuid4(), "work_order.report", route, {"good": 1}, actor, datetime.now(UTC))
        await execute(pool, command, report)
        done += now >= began
    return done


def _counted(connection: psycopg.Connection[Any]) -> tuple[int, int, int, int]:
    row = connection.execute(
        "SELECT (SELECT count(*) FROM plant.event), (SELECT count(*) FROM plant.unsealed),"
        " (SELECT count(*) FROM plant.outbox), (SELECT sum(good)::int FROM plant.bench_total)"
    ).fetchone()
    assert row is not None
    return (row[0], row[1], row[2], row[3])
