"""What belongs to roles and not to a table, and so stands in no dump of our schemas: their settings.

And a gap of pg_restore's order: it gives a view to its owner before the grant that lets that role have something in the
schema. So for the time of the restore every role may create in every schema, and afterwards those alone that could before.
"""

from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from plant_server.database import load_queries
from plant_server.installation.table_contents import SCHEMAS
from plant_server.schema.migrate import ROLES

QUERIES = load_queries(__package__)
_TO_ROLES = sql.SQL(", ").join(map(sql.Identifier, ROLES))


@dataclass(frozen=True, slots=True)
class Rights:
    """`settings`: of each role, `name=value`. `creators`: per schema, who may create in it beside its owner."""

    settings: dict[str, list[str]] = field(default_factory=dict)
    creators: dict[str, list[str]] = field(default_factory=dict)


def read_rights(session: psycopg.Connection) -> Rights:
    roles, schemas = list(ROLES), list(SCHEMAS)
    settings = session.execute(QUERIES["role_settings"], {"roles": roles}).fetchall()
    creators = session.execute(QUERIES["creators"], {"roles": roles, "schemas": schemas}).fetchall()
    return Rights(dict(settings), dict(creators))


def let_all_create(session: psycopg.Connection) -> None:
    """In every schema that is made from now on."""
    session.execute(sql.SQL("ALTER DEFAULT PRIVILEGES GRANT CREATE ON SCHEMAS TO {}").format(_TO_ROLES))


def end_all_create(session: psycopg.Connection) -> None:
    session.execute(sql.SQL("ALTER DEFAULT PRIVILEGES REVOKE CREATE ON SCHEMAS FROM {}").format(_TO_ROLES))


def give_rights(session: psycopg.Connection, rights: Rights) -> None:
    """After the schemas are there. A role sets what is its own, which the owner of the database may let it do."""
    for schema, owner in session.execute(QUERIES["owners"], {"schemas": list(SCHEMAS)}).fetchall():
        for role in set(ROLES) - {owner, *rights.creators.get(schema, ())}:
            session.execute(
                sql.SQL("REVOKE CREATE ON SCHEMA {} FROM {}").format(
                    sql.Identifier(schema), sql.Identifier(role)
                )
            )
    for role, settings in rights.settings.items():
        session.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
        for setting in settings:
            name, _, value = setting.partition("=")
            session.execute(
                sql.SQL("ALTER ROLE {} SET {} TO {}").format(
                    sql.Identifier(role), sql.Identifier(name), sql.Literal(value)
                )
            )
        session.execute("RESET ROLE")
