"""A plant as it is installed, not as the demo makes it: what `lineside prepare` writes, a broker and a database server of
their own, processes that know one another by environment variables. Nobody can do anything before the one who reads the
log has made the first administrator."""

import json
import os
import re
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest
import yaml

from plant_server.demo.child import Child
from plant_server.embedded.free_port import free_port
from plant_server.embedded.mosquitto import find_mosquitto
from plant_server.embedded.postgres import running_postgres
from plant_server.installation.check_files import LAST_BACKUP
from plant_server.security.installation import BROKER_ACCOUNT
from tests.plant_server.installation.running import lineside_process as lineside

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]
ROOT = Path(__file__).parents[2]
PIN = "739105"
WITHIN_S = 30.0


@dataclass(frozen=True, slots=True)
class Installation:
    home: Path
    owner_url: str
    environment: Mapping[str, str]
    api: Child
    api_url: str

    @property
    def trusted(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.home / "ca/ca.pem")

    def client(self) -> httpx.Client:
        """A browser somewhere in the plant that trusts its authority."""
        return httpx.Client(base_url=self.api_url, verify=self.trusted, timeout=10)

    def is_serving(self) -> bool:
        with self.client() as client:
            return client.get("/healthz").status_code == 200


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with tempfile.TemporaryDirectory(prefix="lineside-installation-") as folder, ExitStack() as running:
        place = Path(folder)
        place.chmod(0o755)  # The broker's account reads its folder below.
        home = place / "plant"
        database = running.enter_context(
            running_postgres(
                place / "server", prefer="installed", tuning={"shared_buffers": "32MB", "fsync": "off"}
            )
        )
        (place / "kept").mkdir()
        port = free_port(0)
        prepare(home, place)
        running.enter_context(running_mosquitto(home / "broker/installation", place / "kept", port))
        owner_url = database.url("postgres")
        migrated = lineside(home, "migrate", "--passwords", owner_url=owner_url)
        assert migrated.returncode == 0, migrated.stderr
        password = (home / "secrets/postgres-lineside_plant").read_text().strip()
        theirs = re.sub(r"//postgres:[^@]*@", f"//lineside_plant:{password}@", owner_url)
        environment = {
            "LINESIDE_HOME": str(home),
            "LINESIDE_DATABASE_URL": theirs,
            "LINESIDE_MQTT__URL": f"mqtts://localhost:{port}",
            "LINESIDE_MQTT__CA": str(home / "ca/ca.pem"),
            "LINESIDE_MQTT__CERT": str(home / "ca/clients/host%3Aplant.pem"),
            "LINESIDE_MQTT__KEY": str(home / "ca/clients/host%3Aplant.key"),
        }
        yield running.enter_context(processes(home, owner_url, environment))


def prepare(home: Path, place: Path) -> None:
    words = ["--edge", "shop1:press-shop", "--broker-folder", str(home / "broker/installation")]
    done = lineside(home, "prepare", *words, "--broker-data", str(place / "kept"))
    assert done.returncode == 0, done.stderr
    home.chmod(0o755)


@contextmanager
def running_mosquitto(folder: Path, kept: Path, port: int) -> Iterator[None]:
    """With the configuration as it was prepared, but for the port."""
    text = (folder / "mosquitto.conf").read_text()
    configuration = kept / "mosquitto.conf"
    configuration.write_text(text.replace("listener 8883", f"listener {port} 127.0.0.1"))
    account = BROKER_ACCOUNT if os.geteuid() == 0 else None
    if account is not None:
        os.chown(kept, account, account)
    process = subprocess.Popen(
        [str(find_mosquitto()), "-c", str(configuration)],
        user=account,
        group=account,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def processes(home: Path, owner_url: str, environment: Mapping[str, str]) -> Iterator[Installation]:
    port = free_port(0)
    tls = ["--cert", str(home / "ca/server.pem"), "--key", str(home / "ca/server.key")]
    commands = {"ingest": ["ingest"], "keeper": ["keeper"], "api": ["api", "--port", str(port), *tls]}
    children = {
        name: Child(name, words, log=home / f"log/{name}.log", environment=environment, cwd=home)
        for name, words in commands.items()
    }
    try:
        for child in children.values():
            child.start()
        made = Installation(home, owner_url, environment, children["api"], f"https://localhost:{port}")
        wait_until(made.is_serving, children["api"].last_words)
        yield made
    finally:
        for child in children.values():
            child.stop()


def wait_until(condition: Callable[[], bool], last_words: Callable[[], str]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while True:
        with suppress(httpx.TransportError):
            if condition():
                return
        assert time.monotonic() < deadline, last_words()
        time.sleep(0.1)


def doctor(installation: Installation) -> dict[str, dict[str, str]]:
    told = lineside(installation.home, "doctor", "--json", **installation.environment)
    return {row["check"]: row for row in json.loads(told.stdout)}


def test_the_first_visit_is_refused_until_there_is_an_administrator(installation: Installation) -> None:
    with psycopg.connect(installation.environment["LINESIDE_DATABASE_URL"]) as connection:
        assert connection.execute("SELECT count(*) FROM plant.person").fetchone() == (0,), (
            "no account by default"
        )
    with installation.client() as client:
        for pin in ("000000", "123456"):
            assert client.post("/api/v1/sign-in", json={"person_id": 1, "pin": pin}).status_code == 401
        assert client.get("/api/v1/setup").json() == {"administrator_missing": True}
        log = installation.home / "log/api.log"
        wait_until(lambda: "first_administrator_code" in log.read_text(), log.read_text)
        wish = {"name": "Ada", "pin": PIN, "code": "guess"}
        assert client.post("/api/v1/setup/administrator", json=wish).status_code == 403
        found = re.search(r"code=(\S+)|\"code\": \"([^\"]+)\"", log.read_text())
        assert found, log.read_text()
        code = found[1] or found[2]
        assert client.post("/api/v1/setup/administrator", json=wish | {"code": code}).status_code == 204
        assert client.get("/api/v1/setup").json() == {"administrator_missing": False}
        signed_in = client.post("/api/v1/sign-in", json={"person_id": 1, "pin": PIN})
        assert signed_in.status_code == 200
        assert "secure" in signed_in.headers["set-cookie"].lower(), "over https alone"
        assert "admin" in client.get("/api/v1/me").json()["roles"]


def test_the_doctor_finds_it_well_but_for_what_is_yet_to_come(installation: Installation) -> None:
    wait_until(lambda: doctor(installation)["ingest"]["level"] == "ok", lambda: str(doctor(installation)))
    told = doctor(installation)
    not_yet = {check: row["code"] for check, row in told.items() if row["level"] != "ok" and check != "disk"}
    assert set(not_yet) <= {"edges", "anchors", "backup"}, told
    assert not_yet["edges"] == "edges-none"
    assert told["broker"]["code"] == "broker-ok"


def test_the_health_checks_of_the_containers_are_true(installation: Installation) -> None:
    """Run as written in docker-compose.yml, but for port and folder."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]

    def run(name: str, *, environment: Mapping[str, str] = installation.environment) -> int:
        words = [
            part.replace("/lineside/", f"{installation.home}/")
            for part in services[name]["healthcheck"]["test"][1:]
        ]
        words = [part.replace("https://127.0.0.1:8443", installation.api_url) for part in words]
        program = [sys.executable, "-m", "lineside"] if words[0] == "lineside" else [sys.executable]
        done = subprocess.run(
            [*program, *words[1:]], env=os.environ | environment, capture_output=True, timeout=60, check=False
        )
        return done.returncode

    assert {name: run(name) for name in ("api", "ingest", "keeper")} == {"api": 0, "ingest": 0, "keeper": 0}
    elsewhere = installation.environment | {
        "LINESIDE_DATABASE_URL": "postgresql://lineside_plant@127.0.0.1:1/lineside"
    }
    assert run("ingest", environment=elsewhere) == 1
    installation.api.stop()
    try:
        assert run("api") == 1
    finally:
        installation.api.start()
        wait_until(installation.is_serving, installation.api.last_words)


def test_it_is_backed_up_by_the_owner(installation: Installation) -> None:
    made = lineside(installation.home, "backup", "--keep", "3", owner_url=installation.owner_url)
    assert made.returncode == 0, made.stderr
    assert doctor(installation)["backup"]["code"] == "backup-ok"
    assert (installation.home / LAST_BACKUP).is_file(), "for the API, which sees no backup"
