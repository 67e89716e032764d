"""The database as the guide makes it without Docker: an owner, a database, `roles.sql`; then the owner migrates."""

from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from plant_server.embedded.postgres import PostgresServer, running_postgres
from plant_server.schema.migrate import CONNECTION_LIMITS, ROLES, migrate, require_migrated
from plant_server.security.access_control import EdgeNode, Host
from plant_server.security.installation import Places, prepare


def url_in(file: Path, server: PostgresServer) -> str:
    """The URL that a process gets, but for the place of this test's server."""
    parts = urlsplit(file.read_text().strip().split("=", 1)[1])
    assert parts.hostname == "localhost"
    return f"postgresql://{parts.username}:{parts.password}@/lineside?host={server.socket_folder}"


def test_what_is_prepared_opens_a_database_that_was_made_as_the_guide_says(tmp_path: Path) -> None:
    home = tmp_path / "lineside"
    prepare(
        home,
        edges=[EdgeNode("shop1", "a")],
        hosts=[Host("plant")],
        server_names=[],
        places=Places("localhost"),
    )
    secrets = home / "secrets"
    with running_postgres(tmp_path / "server", prefer="installed", tuning={"fsync": "off"}) as server:
        with psycopg.connect(server.url("postgres", "postgres"), autocommit=True) as superuser:
            superuser.execute("DROP DATABASE lineside")  # As on a server that knows nothing of us yet.
            for role in (*ROLES, "lineside"):
                superuser.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))
            password = (secrets / "postgres-lineside").read_text().strip()
            superuser.execute(sql.SQL("CREATE ROLE lineside LOGIN PASSWORD {}").format(sql.Literal(password)))
            superuser.execute("CREATE DATABASE lineside OWNER lineside")
            superuser.execute((secrets / "roles.sql").read_bytes())
        assert migrate(url_in(secrets / "lineside.env", server), say=lambda _: None)
        for role in ("lineside_plant", "lineside_bridge"):
            with psycopg.connect(url_in(secrets / f"{role}.env", server)) as connection:
                require_migrated(connection)
                assert connection.info.user == role
        boards = (secrets / "lineside_bi.env").read_text().strip().removeprefix("LINESIDE_BI_PASSWORD=")
        with psycopg.connect(
            host=str(server.socket_folder), user="lineside_bi", password=boards, dbname="lineside"
        ) as connection:
            assert connection.execute("SHOW default_transaction_read_only").fetchone() == ("on",)
            limit = connection.execute(
                "SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
            assert limit == (CONNECTION_LIMITS["lineside_bi"],), (
                "boards never take the connections that others need"
            )
