import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from plant_server.embedded.postgres import PostgresServer, running_postgres
from plant_server.errors import ConfigError, MigrationError
from plant_server.installation.role_passwords import give_passwords
from plant_server.schema.migrate import ROLES


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """One of our own: what is changed here is every database's."""
    tuning = {"fsync": "off", "shared_buffers": "32MB"}
    with running_postgres(tmp_path_factory.mktemp("pg"), prefer="installed", tuning=tuning) as server:
        yield server


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    for role in ROLES:
        (tmp_path / f"postgres-{role}").write_text(f"new-{role}\n")
    return tmp_path


def with_password(url: str, password: str) -> str:
    return re.sub(r"(//\w+:)[^@]*@", rf"\g<1>{password}@", url)


def test_a_role_has_the_password_of_the_folder_and_no_longer_its_old_one(
    server: PostgresServer, secrets: Path
) -> None:
    assert give_passwords(server.url("postgres"), secrets) == list(ROLES)
    for role in ROLES:
        with psycopg.connect(with_password(server.url(role), f"new-{role}")) as connection:
            assert connection.info.user == role
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(server.url(role))


def test_no_log_of_the_server_holds_a_password(server: PostgresServer, secrets: Path) -> None:
    with psycopg.connect(server.url("postgres", "postgres"), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET log_statement = 'all'")
        connection.execute("SELECT pg_reload_conf()")
    (secrets / "postgres-lineside_bi").write_text("told-to-nobody\n")
    give_passwords(server.url("postgres"), secrets)
    text = server.log.read_text()
    assert "ALTER ROLE" in text
    assert "told-to-nobody" not in text


def test_who_may_not_is_told_what_to_run(server: PostgresServer, secrets: Path) -> None:
    with pytest.raises(MigrationError, match=r"may not give passwords; run .*/roles\.sql as a superuser"):
        give_passwords(server.url("lineside"), secrets)


def test_a_missing_password_is_named(server: PostgresServer, secrets: Path) -> None:
    (secrets / "postgres-lineside_bridge").unlink()
    with pytest.raises(ConfigError, match="postgres-lineside_bridge: No such file"):
        give_passwords(server.url("postgres"), secrets)
