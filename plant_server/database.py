"""Connections to the plant's database, and SQL from files.

Every connection has deadlines: for connecting, for a statement, for a lock, and TCP keep-alives in both directions,
so that a session whose machine vanished gives its locks back within about 25 s.
"""

import re
from collections.abc import Mapping
from importlib.resources import files

import psycopg

from plant_server.errors import DatabaseUnavailable

CONNECT_TIMEOUT_S = 10
_BLOCK = re.compile(r"^-- (\w+) --$", re.MULTILINE)
# For the server's side of the connection; the client's side is given as parameters of libpq.
_SERVER_KEEPALIVE = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"


def connect(
    url: str,
    *,
    application: str,
    autocommit: bool = False,
    statement_timeout_s: float = 60,
    lock_timeout_s: float = 20,
) -> psycopg.Connection:
    """A session with deadlines, in UTC. `application` is what pg_stat_activity shows. Raises DatabaseUnavailable."""
    try:
        return psycopg.connect(
            url,
            autocommit=autocommit,
            connect_timeout=CONNECT_TIMEOUT_S,
            application_name=application,
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=3,
            options=session_options(statement_timeout_s=statement_timeout_s, lock_timeout_s=lock_timeout_s),
        )
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(str(error).strip()) from error


def session_options(*, statement_timeout_s: float, lock_timeout_s: float) -> str:
    """The `options` of a session as `connect` makes it; for asynchronous connections and pools."""
    return (
        f"{_SERVER_KEEPALIVE} -c statement_timeout={int(statement_timeout_s * 1000)}"
        f" -c lock_timeout={int(lock_timeout_s * 1000)} -c timezone=UTC"
    )


def load_queries(package: str, file: str = "queries.sql") -> Mapping[str, bytes]:
    """The named blocks of an SQL file that lies in `package`: each follows a line `-- name --`.

    Bytes, because psycopg takes them for a query that was not glued together.
    """
    parts = _BLOCK.split(files(package).joinpath(file).read_text(encoding="utf-8"))
    names, bodies = parts[1::2], parts[2::2]
    if len(set(names)) != len(names):
        raise ValueError(f"{package}/{file}: two blocks have one name")
    return {name: body.strip().encode() for name, body in zip(names, bodies, strict=True)}
