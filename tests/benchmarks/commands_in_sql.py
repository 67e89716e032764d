"""The statements of a command, sent by pgbench: what the database can do, with no Python in the way."""

import re
import subprocess
from pathlib import Path

from plant_server.embedded.postgres import PostgresServer
from plant_server.events.execute import QUERIES

SECONDS = 12
_VALUES = {
    "event_id": "md5(:client_id || '-' || :seq)::uuid",
    "kind": "'work_order.report'",
    "actor": "'person:7'",
    "actor_id": "7",
    "device": "'station:3'",
    "request_hash": "sha256('request')",
    "body": """'{"good": 1}'""",
    "event_time": "now()",
    "not_before": "now()",
    "status": "200",
    "answer": """'{"good": 1}'""",
    "facts": """'{"good": 1}'""",
    "refused": "false",
    "work_order_id": "1 + :client_id",
}
_SCRIPT = """\\set seq random(1, 1000000000000000)
BEGIN;
{record}
UPDATE plant.bench_total SET good = good + 1 WHERE client = 1 + :client_id RETURNING good;
{tell_erp_of_order}
{finish}
COMMIT;
"""


def commands_in_sql(server: PostgresServer, folder: Path, clients: int) -> int | None:
    """Transactions a second, each with Event, `unsealed` and outbox row; None without pgbench."""
    pgbench = server.binaries.folder / "pgbench"
    if not pgbench.exists():
        print(f"commands: no pgbench in {server.binaries.folder}, so `per_s` is absent")
        return None
    script = folder / "command.sql"
    script.write_text(_SCRIPT.format(**{name: _with_values(QUERIES[name]) for name in QUERIES}))
    arguments = ["-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T", str(SECONDS), "-f", str(script)]
    done = subprocess.run(
        [str(pgbench), *arguments, server.url("lineside_plant")],
        capture_output=True,
        text=True,
        timeout=SECONDS + 60,
        check=True,
    )
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    assert found is not None, done.stdout
    assert "number of failed transactions: 0 " in done.stdout, done.stdout
    return round(float(found[1]))


def _with_values(query: bytes) -> str:
    without_comments = re.sub(r"^--.*$", "", query.decode(), flags=re.MULTILINE)
    return re.sub(r"%\((\w+)\)s", lambda match: _VALUES[match[1]], without_comments)
