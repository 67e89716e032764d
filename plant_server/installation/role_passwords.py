"""Give the database's roles the passwords that lie in the plant's folder, whatever they had before.

In containers the database makes its owner alone; after a restore the roles of the server have other passwords than the
folder. Only a verifier leaves us, so that no log of the server can hold a password.
"""

from pathlib import Path

import psycopg
from psycopg import sql

from plant_server.database import connect
from plant_server.errors import ConfigError, MigrationError, Mistake
from plant_server.schema.migrate import ROLES, ensure_roles


def give_passwords(owner_url: str, secrets: Path) -> list[str]:
    """`owner_url`: of a role that may make roles. Returns the roles.

    Raises ConfigError (a password is missing), MigrationError (not allowed), DatabaseUnavailable.
    """
    passwords = {role: _password(secrets / f"postgres-{role}") for role in ROLES}
    with connect(owner_url, application="lineside migrate", autocommit=True) as session:
        ensure_roles(session)
        try:
            for role, password in passwords.items():
                _give(session, role, password)
        except psycopg.errors.InsufficientPrivilege as error:
            raise MigrationError(
                f"{session.info.user} may not give passwords; run {secrets}/roles.sql as a superuser instead"
            ) from error
    return list(passwords)


def _password(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError([Mistake(str(file), f"{error.strerror}: run `lineside prepare`")]) from error


def _give(session: psycopg.Connection, role: str, password: str) -> None:
    verifier = session.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    session.execute(
        sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(
            sql.Identifier(role), sql.Literal(verifier.decode())
        )
    )
