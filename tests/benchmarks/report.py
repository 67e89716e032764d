"""Row `report`: terminals report quantities over HTTP on one order's one run, as fast as they are answered.

The api is a process as `lineside api` starts it, PostgreSQL has the embedded defaults (fsync on), and the clients are a
process of their own. Each client is an enrolled terminal with an operator signed in, and each report has its own key.
`wrong`: the largest difference between what was acknowledged and what stands in Events, ledger, run, operation, order
and outbox. `…_100`: the same with 100 clients. `…_cores`: processors that each side kept busy, with 50 clients; beside a
slower 100 they show that it is the plant that is measured, and not its clients.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psycopg
from psycopg import AsyncConnection

from plant_server.api import create_app
from plant_server.demo.child import Child
from plant_server.embedded.postgres import PostgresServer, running_postgres
from plant_server.people.identity import DEVICE_COOKIE, SESSION_COOKIE
from plant_server.people.secrets_of_people import hash_token, new_token
from plant_server.schema.migrate import migrate
from plant_server.settings import Settings
from tests.benchmarks.api_process import HOST, running_api
from tests.benchmarks.process_usage import cpu_s
from tests.benchmarks.report_clients import Outcome, Wanted
from tests.plant_server.facts import make_days
from tests.plant_server.work_orders.floor import standing_at

CLIENTS, MORE_CLIENTS = 50, 100
WARM_UP_S, SECONDS = 2.0, 8.0
SUMS = """
SELECT (SELECT count(*) FROM plant.event WHERE kind = 'run.report' AND NOT refused) AS events,
       (SELECT sum((answer ->> 'good')::numeric) FROM plant.event WHERE kind = 'run.report') AS in_events,
       (SELECT sum(quantity) FROM plant.production_entry) AS in_ledger,
       (SELECT entered_good FROM plant.run) AS of_run, (SELECT good FROM plant.operation) AS of_operation,
       (SELECT good FROM plant.work_order) AS of_order,
       (SELECT sum((body ->> 'quantity')::numeric) FROM plant.outbox WHERE kind = 'completion') AS in_outbox
"""


def report(home: Path) -> dict[str, Any]:
    with running_postgres(home, die_with_parent=True) as server:
        migrate(server.url(), say=lambda _: None)
        url = server.url("lineside_plant")
        run_id, cookies = asyncio.run(_furnish(url, home / "secrets"))
        with running_api(home, url) as (api, port):
            few, usage = _measure(server, api, _wanted(port, run_id, cookies[:CLIENTS]))
            many, _ = _measure(server, api, _wanted(port, run_id, cookies))
        wrong = _wrong(url, few, many)
    for one in (few, many):
        if one.problems:
            print(f"report: {one.errors} errors, the first: {one.problems}")
    return {
        "p95_ms": _percentile_ms(few, 0.95),
        "errors": few.errors,
        "wrong": wrong,
        "p50_ms": _percentile_ms(few, 0.5),
        "per_s": round(few.answered / SECONDS),
        "p95_100_ms": _percentile_ms(many, 0.95),
        "errors_100": many.errors,
        "per_s_100": round(many.answered / SECONDS),
        **usage,
    }


def _wanted(port: int, run_id: int, cookies: list[str]) -> Wanted:
    return Wanted(HOST, port, f"/api/v1/runs/{run_id}/reports", cookies, WARM_UP_S, SECONDS)


def _measure(server: PostgresServer, api: Child, wanted: Wanted) -> tuple[Outcome, dict[str, float]]:
    """What the clients heard, and how many processors each side kept busy meanwhile."""
    assert api.pid is not None, api.last_words()
    assert server.pid is not None
    began, api_s, database_s = time.monotonic(), cpu_s(api.pid), _cpu_of_database_s(server.pid)
    clients = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.report_clients"],
        input=json.dumps(asdict(wanted)),
        capture_output=True,
        text=True,
        timeout=WARM_UP_S + SECONDS + 120,
    )
    assert clients.returncode == 0, clients.stderr
    outcome = Outcome(**json.loads(clients.stdout))
    took_s = time.monotonic() - began
    usage = {
        "api_cores": (cpu_s(api.pid) - api_s) / took_s,
        "database_cores": (_cpu_of_database_s(server.pid) - database_s) / took_s,
        "clients_cores": outcome.cpu_s / took_s,
    }
    return outcome, {name: round(cores, 2) for name, cores in usage.items()}


def _cpu_of_database_s(postmaster: int) -> float:
    """Of the server and its sessions, those that ended too (their time is in the postmaster's fields for children)."""
    fields = Path(f"/proc/{postmaster}/stat").read_text().rpartition(")")[2].split()
    ended_s = (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    return ended_s + sum(cpu_s(int(pid)) for pid in [str(postmaster), *children])


def _wrong(url: str, *outcomes: Outcome) -> int:
    acknowledged = sum(one.acknowledged for one in outcomes)
    good = sum(one.acknowledged_good for one in outcomes)
    with psycopg.connect(url) as connection:
        row = connection.execute(SUMS).fetchone()
    assert row is not None
    events, *sums = row
    return int(max(abs(events - acknowledged), *(abs((one or 0) - good) for one in sums)))


def _percentile_ms(outcome: Outcome, share: float) -> int:
    latencies = sorted(outcome.latencies_s)
    return round(1000 * latencies[min(int(len(latencies) * share), len(latencies) - 1)])


async def _furnish(url: str, secrets: Path) -> tuple[int, list[str]]:
    """An order that runs at a station where people count, and the cookies of the terminals."""
    app = create_app(Settings(database_url=url), api_token="of the benchmark", secrets=secrets)
    async with (
        await AsyncConnection.connect(url, autocommit=True) as connection,
        app.router.lifespan_context(app),
        standing_at(app, connection) as floor,
    ):
        await make_days(connection)
        await floor.station()
        await floor.item()
        (operation,) = await floor.operations(await floor.order(quantity="1000000"))
        run_id = await floor.start(operation)
        return run_id, [await _terminal(connection, number) for number in range(MORE_CLIENTS)]


async def _terminal(connection: AsyncConnection, number: int) -> str:
    """An enrolled terminal at which an operator of its own has signed in; its cookies."""
    device, session = new_token(), new_token()
    await connection.execute(
        "WITH station AS (INSERT INTO plant.station (name, credential_hash, enrolled_time)"
        " VALUES (%(name)s, %(device)s, now()) RETURNING station_id),"
        " person AS (INSERT INTO plant.person (name, roles) VALUES (%(name)s, '{operator}') RETURNING person_id)"
        " INSERT INTO plant.session (token_hash, person_id, station_id)"
        " SELECT %(session)s, person_id, station_id FROM station, person",
        {"name": f"terminal{number}", "device": hash_token(device), "session": hash_token(session)},
    )
    return f"{SESSION_COOKIE}={session}; {DEVICE_COOKIE}={device}"
