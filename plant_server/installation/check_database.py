"""What the doctor asks the database: is it ours, and do those work that should work on it?

Sessions tell who is alive: every process names itself, and keeper and ingest ask something every second.
"""

import time
from collections.abc import Iterator

import psycopg

from edge.contract.spool_fill import FULL_RATIO
from plant_server.database import connect, load_queries
from plant_server.embedded.postgres_binaries import OLDEST_MAJOR
from plant_server.errors import DatabaseUnavailable, SchemaNotReady
from plant_server.installation.alarm_texts import ALARM_TEXTS
from plant_server.installation.finding import DAY_S, Finding, age, by_age
from plant_server.schema.migrate import FOLDER, read_migrations, require_migrated

QUERIES = load_queries(__package__, "doctor_queries.sql")
SKEW_WARN_S, SKEW_BAD_S = 2.0, 60.0
STUCK_S = 60.0
SILENT_S = 300.0
MIB = 1 << 20


def check_database(url: str) -> Iterator[Finding]:
    """All that can be asked; when the database does not answer, that alone."""
    try:
        with connect(url, application="lineside doctor", autocommit=True, statement_timeout_s=30) as session:
            yield from _server(session)
            try:
                require_migrated(session)
            except SchemaNotReady as error:
                yield Finding("schema", "bad", "schema-not-ready", {"why": str(error)})
                return
            yield Finding("schema", "ok", "schema-ok", {"count": len(read_migrations(FOLDER))})
            yield from _processes(session)
            yield from _edges(session)
            yield from _backlogs(session)
            yield from _spools(session)
            yield from _told(session)
    except (DatabaseUnavailable, psycopg.OperationalError) as error:
        yield Finding("database", "bad", "database-unavailable", {"why": " ".join(str(error).split())})


def _server(session: psycopg.Connection) -> Iterator[Finding]:
    before = time.time()
    ((version, major, clock, timescale, available),) = session.execute(QUERIES["server"]).fetchall()
    skew_s = clock - (before + time.time()) / 2
    is_old = major < OLDEST_MAJOR
    yield Finding(
        "database",
        "bad" if is_old else "ok",
        "database-too-old" if is_old else "database-ok",
        {"version": version},
    )
    code = "timescale-on" if timescale else "timescale-available" if available else "timescale-absent"
    yield Finding("timescale", "ok", code, {"version": timescale or available})
    yield by_age("clock", abs(skew_s), warn_s=SKEW_WARN_S, bad_s=SKEW_BAD_S, skew_s=f"{skew_s:+.1f}")


def _processes(session: psycopg.Connection) -> Iterator[Finding]:
    for name in ("ingest", "keeper"):
        found = session.execute(QUERIES["process"], {"name": f"lineside {name}%"}).fetchall()
        ((sessions, idle_s),) = found
        if sessions == 0:
            yield Finding(name, "bad", f"{name}-absent")
        else:
            yield by_age(name, idle_s, warn_s=STUCK_S, bad_s=STUCK_S)


def _edges(session: psycopg.Connection) -> Iterator[Finding]:
    edges = session.execute(QUERIES["edges"]).fetchall()
    if not edges:
        yield Finding("edges", "warn", "edges-none")
        return
    silent = [
        f"{node} ({'?' if silent_s is None else age(silent_s)})"
        for node, online, silent_s, _ in edges
        if not online or silent_s is None or silent_s > SILENT_S
    ]
    skewed = [f"{node} ({skew_s:+.0f} s)" for node, _, _, skew_s in edges if abs(skew_s) > SKEW_WARN_S]
    if silent:
        yield Finding("edges", "warn", "edges-silent", {"edges": ", ".join(silent)})
    if skewed:
        yield Finding("edges", "warn", "edges-skewed", {"edges": ", ".join(skewed)})
    if not silent and not skewed:
        yield Finding("edges", "ok", "edges-ok", {"count": len(edges)})
    ((cursor_s,),) = session.execute(QUERIES["cursor"]).fetchall()
    if cursor_s is None:
        yield Finding("cursor", "warn", "cursor-none")
    elif len(silent) < len(edges):  # Of edges that say nothing there is nothing to store.
        yield by_age("cursor", cursor_s, warn_s=600, bad_s=3600)


def _backlogs(session: psycopg.Connection) -> Iterator[Finding]:
    ((count, oldest_s),) = session.execute(QUERIES["unsealed"]).fetchall()
    yield by_age("sealer", oldest_s or 0.0, warn_s=60, bad_s=600, count=count)
    ((count, oldest_s),) = session.execute(QUERIES["outbox"]).fetchall()
    yield by_age("outbox", oldest_s or 0.0, warn_s=900, bad_s=DAY_S, count=count)


def _spools(session: psycopg.Connection) -> Iterator[Finding]:
    """How full they are. An edge that is not heard is worth another action than one that is."""
    spools = session.execute(QUERIES["spools"]).fetchall()
    full = [row for row in spools if row[3] >= FULL_RATIO]
    filling = [f"{edge} {100 * ratio:.0f} %" for edge, is_heard, _, ratio, *_ in full if is_heard]
    away = [
        f"{edge} {100 * ratio:.0f} % ({age(age_s)})"
        for edge, is_heard, age_s, ratio, *_ in full
        if not is_heard
    ]
    low = [f"{edge} {free / MIB:.0f} MiB" for edge, *_, is_low, free in spools if is_low]
    for code, told in (("spools-filling", filling), ("spools-away", away), ("spools-disk-low", low)):
        if told:
            yield Finding("spools", "warn", code, {"edges": ", ".join(told)})
    if spools and not full and not low:
        edge, _, _, ratio, *_ = spools[0]
        yield Finding("spools", "ok", "spools-ok", {"edge": edge, "percent": f"{100 * ratio:.0f}"})


def _told(session: psycopg.Connection) -> Iterator[Finding]:
    gaps = session.execute(QUERIES["gaps"]).fetchall()
    told = ", ".join(f"{node}: {count} × {reason}" for node, reason, count in gaps)
    yield Finding("spool", "warn" if gaps else "ok", "spool-dropped" if gaps else "spool-ok", {"gaps": told})
    ((count,),) = session.execute(QUERIES["quarantine"]).fetchall()
    code = "quarantine-some" if count else "quarantine-ok"
    yield Finding("quarantine", "warn" if count else "ok", code, {"count": count})
    yield from _alarms(session)
    yield from _holds(session)


def _alarms(session: psycopg.Connection) -> Iterator[Finding]:
    """One for each kind that is on."""
    alarms = session.execute(QUERIES["alarms"]).fetchall()
    if not alarms:
        yield Finding("alarms", "ok", "alarms-ok")
    for kind, count, subjects, detail in alarms:
        code = f"alarm-{kind}" if f"alarm-{kind}" in ALARM_TEXTS else "alarm-other"
        named = ", ".join(subjects) + (" …" if count > len(subjects) else "")
        values = {"kind": kind, "count": count, "subjects": named, "detail": detail}
        yield Finding("alarms", "warn", code, values)


def _holds(session: psycopg.Connection) -> Iterator[Finding]:
    held = session.execute(QUERIES["holds"]).fetchone()
    if held is None:
        yield Finding("hold", "ok", "hold-ok")
        return
    systems, seconds, backup = held
    values = {"systems": ", ".join(systems), "age": age(seconds), "backup": f"{backup:%Y-%m-%d %H:%M} UTC"}
    yield Finding("hold", "warn", "hold-on", values)
