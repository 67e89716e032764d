"""What the sign-in shows: names to whoever stands at this machine or an enrolled terminal, to others a number to enter."""

from dataclasses import dataclass

from psycopg import AsyncConnection
from psycopg.rows import class_row

from plant_server.people.identity import QUERIES as PEOPLE_QUERIES
from plant_server.people.identity import Principal
from plant_server.people.roles import PEOPLE, Role
from plant_server.terminal.reading import QUERIES

MAY_SEE_NAMES = PEOPLE | {Role.TERMINAL, Role.LOOPBACK}


@dataclass(frozen=True, slots=True)
class Tile:
    person_id: int
    name: str
    name_zh: str | None


@dataclass(frozen=True, slots=True)
class Place:
    name: str
    path: str | None

    @property
    def line(self) -> str | None:
        return self.path.rpartition("/")[0] or None if self.path else None


@dataclass(frozen=True, slots=True)
class SignInPage:
    tiles: list[Tile]
    places: list[Place]
    administrator_missing: bool

    @property
    def lines(self) -> list[str]:
        return sorted({place.line for place in self.places if place.line})


async def sign_in_page(connection: AsyncConnection, who: Principal) -> SignInPage:
    cursor = await connection.execute(PEOPLE_QUERIES["other_administrators"], {"person_id": 0})
    administrators = await cursor.fetchone()
    missing = administrators is not None and administrators[0] == 0
    if not who.roles & MAY_SEE_NAMES:
        return SignInPage([], [], missing)
    async with connection.cursor(row_factory=class_row(Tile)) as tiles:
        await tiles.execute(QUERIES["people_who_sign_in"])
        names = await tiles.fetchall()
    async with connection.cursor(row_factory=class_row(Place)) as stations:
        await stations.execute(QUERIES["stations"])
        return SignInPage(names, await stations.fetchall(), missing)
