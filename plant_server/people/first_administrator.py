"""The first administrator of a plant: whoever can read the API's log.

As long as there is none, the first who asks makes the API draw a one-time code and log it. The code lies in the
secrets folder, so it survives a restart, and goes away with its use.
"""

import hmac
from pathlib import Path

import structlog

from plant_server.database import load_queries
from plant_server.events import CommandContext, Refused
from plant_server.people.schemas import FirstAdministrator
from plant_server.security.secrets import secret

QUERIES = load_queries(__package__)
FILE = "first-administrator-code"

log = structlog.get_logger()


class OneTimeCode:
    """The code in `folder`, logged once by each process that was asked for it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._told = False

    def announce(self) -> None:
        code = secret(self._folder, FILE)
        if not self._told:
            log.warning("first_administrator_code", code=code)
            self._told = True

    def is_code(self, code: str) -> bool:
        return hmac.compare_digest(code.strip().encode(), secret(self._folder, FILE).encode())

    def forget(self) -> None:
        (self._folder / FILE).unlink(missing_ok=True)
        self._told = False


async def make_first_administrator(
    wish: FirstAdministrator, pin_hash: str, context: CommandContext
) -> dict[str, int]:
    """Refused when there is one by now."""
    await context.connection.execute(QUERIES["lock_people"])
    row = await (
        await context.connection.execute(QUERIES["other_administrators"], {"person_id": 0})
    ).fetchone()
    if row is None or row[0] > 0:
        raise Refused("already-set-up")
    values = {
        "name": wish.name,
        "name_zh": None,
        "personnel_number": None,
        "language": wish.language,
        "roles": ["admin"],
    }
    made = await (await context.connection.execute(QUERIES["add_person"], values)).fetchone()
    assert made is not None, "an INSERT without conflict returns its row"  # noqa: S101
    await context.connection.execute(QUERIES["set_pin"], {"person_id": made[0], "pin_hash": pin_hash})
    context.facts["person_id"] = made[0]
    return {"person_id": made[0]}
