"""What stands in the plant's tables, as a number of rows and a hash of each table.

The hash is the sum of a 60-bit hash of every row, so it does not depend on where the rows lie on the disk: a table that
was dumped and restored has the same one. It finds loss and mistakes; what was done on purpose is found by the chain of
Events. Rows are hashed as text, with the session's settings below, which is the same on PostgreSQL 15 to 18.
"""

from collections.abc import Callable
from dataclasses import dataclass

import psycopg
from psycopg import sql

from plant_server.database import load_queries

QUERIES = load_queries(__package__)
SCHEMAS = ("plant", "bridge", "bi", "migration")
_ONE_TEXT = b"SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO'; SET LOCAL IntervalStyle = 'postgres';\
 SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1;"
_CONTENT = sql.SQL(
    "SELECT count(*), to_hex((coalesce(sum(('x' || left(encode(sha256(convert_to(whole_row::text, 'UTF8')), 'hex'), 15))"
    "::bit(60)::bigint), 0) %% 9223372036854775783)::bigint) FROM {} AS whole_row"
)
"""The sum is folded by the largest prime below 2^63 to fit 16 hexadecimal digits."""

Progress = Callable[[int, int], None]
"""Gets how many bytes are done, and how many there are."""


@dataclass(frozen=True, slots=True)
class TableContent:
    rows: int
    hash: str


def table_contents(connection: psycopg.Connection, progress: Progress) -> dict[str, TableContent]:
    """Every table of our schemas by name. Call it inside a transaction: its snapshot is what is counted."""
    connection.execute(_ONE_TEXT)
    tables = connection.execute(QUERIES["tables"], {"schemas": list(SCHEMAS)}).fetchall()
    total, done, found = sum(size for _, _, size in tables), 0, {}
    for schema, name, size in tables:
        row = connection.execute(_CONTENT.format(sql.Identifier(schema, name)), {}).fetchone()
        assert row is not None, "an aggregate has one row"  # noqa: S101
        found[f"{schema}.{name}"] = TableContent(int(row[0]), str(row[1]))
        done += size
        progress(done, total)
    return found


def differences(expected: dict[str, TableContent], found: dict[str, TableContent]) -> list[str]:
    """What is not as expected, a line each."""
    lines = [f"{name}: not there" for name in expected.keys() - found.keys()]
    lines += [f"{name}: not in the backup" for name in found.keys() - expected.keys()]
    for name in expected.keys() & found.keys():
        before, now = expected[name], found[name]
        if before.rows != now.rows:
            lines.append(f"{name}: {now.rows} rows instead of {before.rows}")
        elif before.hash != now.hash:
            lines.append(f"{name}: {now.rows} rows, but not the same ones")
    return sorted(lines)
