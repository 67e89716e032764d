"""A well plant is told to be well; then each thing is broken, and the doctor names it and what to do."""

import asyncio
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest

import plant_server
from erp_bridge.schema.migrate import migrate
from plant_server.embedded.broker import Broker, running_broker
from plant_server.embedded.postgres import PostgresServer
from plant_server.ingest.alarms import AlarmKind
from plant_server.installation.alarm_texts import ALARM_TEXTS
from plant_server.installation.doctor import examine
from plant_server.installation.doctor_texts import words
from plant_server.installation.finding import Finding
from plant_server.keeper import machine_states, shifts
from plant_server.security.access_control import EdgeNode, Host
from plant_server.security.certificate_authority import CertificateAuthority
from plant_server.security.installation import prepare
from tests.plant_server.database_fixture import PlantDatabase
from tests.plant_server.installation.running import lineside

ALIVE = """
INSERT INTO plant.edge (group_id, node, online, last_message, clock_skew_s) VALUES ('shop1', 'press-shop', true, now(), 0.1);
INSERT INTO plant.edge_cursor (edge_id, epoch, committed) VALUES (1, gen_random_uuid(), 7);
"""
EVENT = """INSERT INTO plant.unsealed (event_id, recorded_time) VALUES (gen_random_uuid(), now() - interval '{}')"""
DUE = """INSERT INTO plant.outbox (event_id, kind, body, not_before) VALUES (gen_random_uuid(), 'completion', '{{}}',
         now() - interval '{}')"""

INSERTED = re.compile(r"INSERT INTO plant\.alarm [^;]*?(?:VALUES \(|SELECT )'(\w+)'")

SPOOL = """INSERT INTO plant.edge_spool SELECT edge_id, 9, 60, {used}, 1000000000, {free}, now() FROM plant.edge"""

Examine = Callable[[], dict[str, Finding]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("site") / ".lineside"
    prepare(home, edges=[EdgeNode("shop1", "press-shop")], hosts=[Host("plant")], server_names=[])
    (home / "backups").mkdir(exist_ok=True)
    (home / "backups/plant.zip").touch(mode=0o600)
    (home / "log").mkdir(exist_ok=True)
    (home / "log/anchors.log").touch()
    return home


@pytest.fixture(scope="module")
def broker(home: Path) -> Iterator[Broker]:
    """With the certificates of the folder."""
    with running_broker(
        home, prefer="mosquitto", edges=[("shop1", "press-shop")], hosts=["plant"], port=0
    ) as broker:
        yield broker


@pytest.fixture
def execute(plant_database: PlantDatabase) -> Callable[[str], None]:
    def run(statement: str) -> None:
        with psycopg.connect(plant_database.url, autocommit=True) as connection:
            connection.execute(statement.encode())

    return run


@pytest.fixture
def environment(plant_database: PlantDatabase, broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINESIDE_DATABASE_URL", plant_database.url)
    monkeypatch.setenv("LINESIDE_MQTT__URL", broker.url)


@pytest.fixture
def well(
    home: Path, plant_database: PlantDatabase, environment: None, execute: Callable[[str], None]
) -> Iterator[Examine]:
    """A plant at work: what examines it, by check. Sessions stand for ingest and keeper."""
    execute(ALIVE)
    with ExitStack() as sessions:
        for name in ("lineside ingest plant", "lineside keeper"):
            sessions.enter_context(at_work(plant_database, name))
        yield lambda: {finding.check: finding for finding in examine(home, home / "backups")}


@contextmanager
def at_work(database: PlantDatabase, name: str) -> Iterator[None]:
    with psycopg.connect(database.url, autocommit=True, application_name=name):
        yield


def level_and_code(found: dict[str, Finding], check: str) -> tuple[str, str]:
    return found[check].level, found[check].code


def test_a_well_plant_is_told_to_be_well(well: Examine) -> None:
    found = well()
    del found["disk"]  # This machine's own.
    assert {check: finding.code for check, finding in found.items() if finding.level != "ok"} == {}
    checks = """secrets certificates settings database timescale clock schema ingest keeper edges cursor sealer
        outbox spool quarantine alarms hold broker anchors backup"""
    assert set(found) == set(checks.split())


@pytest.mark.parametrize(
    ("statement", "check", "expected"),
    [
        (EVENT.format("2 minutes"), "sealer", ("warn", "sealer-old")),
        (EVENT.format("11 minutes"), "sealer", ("bad", "sealer-old")),
        (DUE.format("20 minutes"), "outbox", ("warn", "outbox-old")),
        (DUE.format("2 days"), "outbox", ("bad", "outbox-old")),
        (
            "UPDATE plant.edge_cursor SET moved_time = now() - interval '11 minutes'",
            "cursor",
            ("warn", "cursor-old"),
        ),
        (
            "UPDATE plant.edge_cursor SET moved_time = now() - interval '2 hours'",
            "cursor",
            ("bad", "cursor-old"),
        ),
        ("DELETE FROM plant.edge_cursor", "cursor", ("warn", "cursor-none")),
        ("UPDATE plant.edge SET online = false", "edges", ("warn", "edges-silent")),
        ("UPDATE plant.edge SET last_message = now() - interval '1 hour'", "edges", ("warn", "edges-silent")),
        ("UPDATE plant.edge SET clock_skew_s = -3600", "edges", ("warn", "edges-skewed")),
        ("DELETE FROM plant.edge_cursor; DELETE FROM plant.edge", "edges", ("warn", "edges-none")),
        (SPOOL.format(used=799_999_999, free=10**10), "spools", ("ok", "spools-ok")),
        (SPOOL.format(used=800_000_000, free=10**10), "spools", ("warn", "spools-filling")),
        (
            f"{SPOOL.format(used=800_000_000, free='NULL')}; UPDATE plant.edge SET online = false",  # noqa: S608
            "spools",
            ("warn", "spools-away"),
        ),
        (SPOOL.format(used=4096, free=99_999_999), "spools", ("warn", "spools-disk-low")),
        (
            "INSERT INTO plant.gap (edge_id, epoch, first, last, reason) VALUES (1, gen_random_uuid(), 1, 9, 'full')",
            "spool",
            ("warn", "spool-dropped"),
        ),
        (
            "INSERT INTO plant.quarantine (topic, payload, reason, detail) VALUES ('t', '', 'not_sparkplug', '')",
            "quarantine",
            ("warn", "quarantine-some"),
        ),
        (
            "INSERT INTO plant.alarm (kind, subject, detail) VALUES ('two_epochs', 'press-shop', '')",
            "alarms",
            ("warn", "alarm-two_epochs"),
        ),
        (
            "INSERT INTO plant.alarm (kind, subject, detail) VALUES ('of_tomorrow', 'press-shop', 'more')",
            "alarms",
            ("warn", "alarm-other"),
        ),
    ],
)
def test_what_the_database_tells(
    well: Examine, execute: Callable[[str], None], statement: str, check: str, expected: tuple[str, str]
) -> None:
    execute(statement)
    assert level_and_code(well(), check) == expected


def test_an_alarm_is_said_in_words_with_what_it_is_about(
    well: Examine, execute: Callable[[str], None]
) -> None:
    execute(
        "INSERT INTO plant.device (edge_id, name, path) VALUES (1, 'press1', 'demo/plant1/area1/line1/press1')"
    )
    execute("INSERT INTO plant.tag (device_id, name, datatype) VALUES (1, 'parts', 8)")
    execute(
        "INSERT INTO plant.alarm (kind, subject, detail) SELECT 'booking_overlap', tag_id::text, 'x' FROM plant.tag"
    )
    what, action = words(well()["alarms"], "en")
    assert what == "counts of press1/parts are no longer booked: x"
    assert "lineside audit rebuild" in action
    execute("DELETE FROM plant.alarm")
    execute(
        "INSERT INTO plant.alarm (kind, subject, detail) SELECT 'clock_skew', 'e' || n, '' FROM generate_series(1, 4) n"
    )
    assert words(well()["alarms"], "en")[0] == "the clock is off at e1, e2, e3 …"


def test_every_alarm_that_is_raised_has_words() -> None:
    raised = {str(kind) for kind in AlarmKind} | {machine_states.ALARM, shifts.ALARM["kind"]}
    for path in Path(plant_server.__file__).parent.rglob("*.sql"):
        if path.parent.name != "migrations":
            raised |= set(INSERTED.findall(path.read_text(encoding="utf-8")))
    assert len(raised) >= 9
    assert {f"alarm-{kind}" for kind in raised} <= set(ALARM_TEXTS)


def test_a_system_that_is_held_since_a_restore_is_named(
    well: Examine,
    execute: Callable[[str], None],
    database_server: PostgresServer,
    plant_database: PlantDatabase,
) -> None:
    restored = "INSERT INTO plant.restoration (backup_time, restored_time) VALUES ('2026-11-23 06:00Z', now() - interval '3 h')"
    execute(restored)
    assert level_and_code(well(), "hold") == ("ok", "hold-ok"), (
        "no bridge ever worked here, so nobody is told anything"
    )
    url = database_server.url("lineside_bridge", plant_database.name)
    asyncio.run(migrate(url))
    assert level_and_code(well(), "hold") == ("warn", "hold-on")
    with psycopg.connect(url, autocommit=True) as bridge:
        bridge.execute(
            "INSERT INTO bridge.hold SELECT 'erp', restoration_id, now(), backup_time FROM plant.restoration"
        )
        what, action = words(well()["hold"], "en")
        assert what == "erp: told nothing since the restore 3 h ago, from a backup of 2026-11-23 06:00 UTC"
        assert "lineside bridge release" in action
        bridge.execute("UPDATE bridge.hold SET released_time = now()")
    assert level_and_code(well(), "hold") == ("ok", "hold-ok")


def test_a_process_that_is_not_there_is_missed(
    home: Path, environment: None, plant_database: PlantDatabase
) -> None:
    with at_work(plant_database, "lineside keeper"):
        found = {finding.check: finding for finding in examine(home, home / "backups")}
    assert level_and_code(found, "ingest") == ("bad", "ingest-absent")
    assert level_and_code(found, "keeper")[0] == "ok"


def test_a_process_that_asks_nothing_is_stuck(well: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plant_server.installation.check_database.STUCK_S", 0.001)
    found = well()
    assert level_and_code(found, "keeper") == ("bad", "keeper-old")
    assert level_and_code(found, "ingest") == ("bad", "ingest-old")


def test_a_database_that_is_not_there_or_not_ours(
    well: Examine,
    empty_database: PlantDatabase,
    monkeypatch: pytest.MonkeyPatch,
    execute: Callable[[str], None],
) -> None:
    monkeypatch.setenv("LINESIDE_DATABASE_URL", empty_database.url)
    assert level_and_code(well(), "schema") == ("bad", "schema-not-ready")
    monkeypatch.setenv("LINESIDE_DATABASE_URL", "postgresql://lineside_plant@127.0.0.1:1/lineside")
    found = well()
    assert level_and_code(found, "database") == ("bad", "database-unavailable")
    assert "keeper" not in found


def test_a_schema_that_is_behind(well: Examine, plant_database: PlantDatabase) -> None:
    with psycopg.connect(plant_database.owner_url, autocommit=True) as connection:
        connection.execute(
            "DELETE FROM migration.applied WHERE number = (SELECT max(number) FROM migration.applied)"
        )
    found = well()
    assert level_and_code(found, "schema") == ("bad", "schema-not-ready")
    assert "run `lineside migrate`" in words(found["schema"], "en")[1]


def test_a_clock_that_is_off(well: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time
    for ahead_s, level in ((5, "warn"), (3600, "bad")):
        monkeypatch.setattr("plant_server.installation.check_database.time.time", lambda s=ahead_s: now() + s)
        assert level_and_code(well(), "clock") == (level, "clock-old")


def test_settings_that_are_wrong(well: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINESIDE_RETENTION_DAYS", "0")
    found = well()
    assert level_and_code(found, "settings") == ("bad", "settings-wrong")
    assert "LINESIDE_RETENTION_DAYS" in words(found["settings"], "en")[0]


def test_a_broker_that_is_not_there_or_of_another_authority(
    well: Examine, broker: Broker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = CertificateAuthority(tmp_path / "ca")
    monkeypatch.setenv("LINESIDE_MQTT__CA", str(other.certificate))
    assert level_and_code(well(), "broker") == ("bad", "broker-refused")
    monkeypatch.delenv("LINESIDE_MQTT__CA")
    broker.stop()
    assert level_and_code(well(), "broker") == ("bad", "broker-unreachable")
    broker.start()
    assert level_and_code(well(), "broker")[0] == "ok"


@pytest.mark.parametrize("file", ["secrets/api-token", "ca/ca.key", "backups/plant.zip"])
def test_a_secret_that_others_may_read(home: Path, well: Examine, file: str) -> None:
    path = home / file
    if not path.exists():
        path.touch()
    path.chmod(0o640)
    try:
        found = well()
    finally:
        path.chmod(0o600)
    assert level_and_code(found, "secrets") == ("bad", "secrets-open")
    assert str(path) in words(found["secrets"], "en")[0]


@pytest.mark.parametrize(
    ("hours", "expected"),
    [(20, ("ok", "backup-ok")), (30, ("warn", "backup-old")), (200, ("bad", "backup-old"))],
)
def test_a_backup_that_is_old(home: Path, well: Examine, hours: int, expected: tuple[str, str]) -> None:
    then = time.time() - hours * 3600
    os.utime(home / "backups/plant.zip", (then, then))
    assert level_and_code(well(), "backup") == expected


def test_no_backup_and_no_anchors_at_all(home: Path, environment: None, tmp_path: Path) -> None:
    found = {finding.check: finding for finding in examine(tmp_path, tmp_path)}
    assert level_and_code(found, "backup") == ("warn", "backup-none")
    assert level_and_code(found, "anchors") == ("warn", "anchors-none")


def test_the_exit_code_says_whether_something_is_bad(
    home: Path, well: Examine, broker: Broker, plant_database: PlantDatabase
) -> None:
    (home / "backups/plant.zip").touch()
    told = {"LINESIDE_DATABASE_URL": plant_database.url, "LINESIDE_MQTT__URL": broker.url}
    good = lineside(home, "doctor", **told)
    assert good.returncode == 0, good.stdout
    broken = lineside(home, "doctor", "--json", **told | {"LINESIDE_MQTT__URL": "mqtts://127.0.0.1:1"})
    assert broken.returncode == 1
    bad = [row for row in json.loads(broken.stdout) if row["level"] == "bad"]
    assert [(row["check"], row["code"]) for row in bad] == [("broker", "broker-unreachable")]
    chinese = lineside(
        home, "doctor", **told | {"LINESIDE_MQTT__URL": "mqtts://127.0.0.1:1", "LANG": "zh_CN.UTF-8"}
    )
    assert "→ 启动代理" in chinese.stdout
