"""Adding and changing people, by an administrator and nobody else."""

import stat
from pathlib import Path

import httpx
import pytest
import yaml
from fastapi import FastAPI
from psycopg import AsyncConnection

from plant_server.people.demo import ensure_demo_people
from plant_server.people.roles import PEOPLE, Role
from tests.plant_server.database_fixture import PlantDatabase
from tests.plant_server.people.staff import add_person, command, sign_in


@pytest.fixture
async def admin(app: FastAPI, connection: AsyncConnection, client: httpx.AsyncClient) -> int:
    person = await add_person(app, connection, Role.ADMIN, name="Ada")
    await sign_in(client, person)
    return person


async def test_a_person_is_added_and_changed_with_an_event_each(
    client: httpx.AsyncClient, connection: AsyncConnection, admin: int
) -> None:
    new = {
        "name": "Li Na",
        "name_zh": "李娜",
        "personnel_number": "P-1001",
        "language": "zh-CN",
        "roles": ["operator"],
    }
    person = (await command(client, "/api/v1/people", new)).json()
    assert person == new | {"person_id": 2, "active": True, "has_pin": False, "has_badge": False}
    changed = await command(client, "/api/v1/people/2/change", {"roles": ["lead", "quality"]})
    assert (changed.json()["roles"], changed.json()["name_zh"]) == (["lead", "quality"], "李娜")
    cursor = await connection.execute("SELECT kind, actor, body FROM plant.event ORDER BY recorded_time")
    assert await cursor.fetchall() == [
        ("person.add", f"person:{admin}", new),
        ("person.change", f"person:{admin}", {"roles": ["lead", "quality"]}),
    ]


async def test_a_personnel_number_has_one_owner_and_can_be_taken_away(
    client: httpx.AsyncClient, connection: AsyncConnection, admin: int
) -> None:
    new = {"name": "Li Na", "roles": ["operator"]}
    first = (await command(client, "/api/v1/people", new | {"personnel_number": " P-1001 "})).json()
    assert first["personnel_number"] == "P-1001"
    other = (await command(client, "/api/v1/people", new)).json()["person_id"]
    asked = {"personnel_number": "P-1001"}
    for answer in (
        await command(client, "/api/v1/people", new | asked),
        await command(client, f"/api/v1/people/{other}/change", asked),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "personnel-number-taken")
    await command(client, f"/api/v1/people/{first['person_id']}/change", {"personnel_number": ""})
    assert (await command(client, f"/api/v1/people/{other}/change", asked)).status_code == 200
    people = (await client.get("/api/v1/people")).json()["items"]
    assert [one["personnel_number"] for one in people] == [None, None, "P-1001"]


async def test_the_last_administrator_stays_one(client: httpx.AsyncClient, admin: int) -> None:
    for change in ({"roles": ["lead"]}, {"active": False}):
        answer = await command(client, f"/api/v1/people/{admin}/change", change)
        assert (answer.status_code, answer.json()["code"]) == (409, "last-administrator")
    assert (await client.get("/api/v1/people")).json()["items"][0]["roles"] == ["admin"]


async def test_a_badge_has_one_owner(
    app: FastAPI, client: httpx.AsyncClient, connection: AsyncConnection, admin: int
) -> None:
    other = await add_person(app, connection, Role.OPERATOR)
    await client.put(f"/api/v1/people/{other}/badge", json={"code": "0451-77"})
    answer = await client.put(f"/api/v1/people/{admin}/badge", json={"code": "0451-77"})
    assert (answer.status_code, answer.json()["code"]) == (409, "badge-taken")
    await client.put(f"/api/v1/people/{other}/badge", json={"code": None})
    assert (await client.put(f"/api/v1/people/{admin}/badge", json={"code": "0451-77"})).status_code == 200


async def test_a_person_can_be_signed_out_everywhere(
    app: FastAPI, client: httpx.AsyncClient, connection: AsyncConnection, admin: int
) -> None:
    assert (await command(client, f"/api/v1/people/{admin}/end-sessions")).json() == {"ended": 1}
    assert (await client.get("/api/v1/people")).status_code == 401


@pytest.mark.parametrize("pin", ["12345", "1234567890123", "12345x", "１２３４５６"])
async def test_a_pin_is_6_to_12_digits(client: httpx.AsyncClient, admin: int, pin: str) -> None:
    answer = await client.put(f"/api/v1/people/{admin}/pin", json={"pin": pin})
    assert answer.status_code == 422
    assert pin not in answer.text


async def test_who_is_not_there_is_named(client: httpx.AsyncClient, admin: int) -> None:
    answers = [
        await command(client, "/api/v1/people/9/change", {"active": False}),
        await command(client, "/api/v1/people/9/end-sessions"),
        await client.put("/api/v1/people/9/pin", json={"pin": "482913"}),
        await client.put("/api/v1/people/9/badge", json={"code": None}),
    ]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(404, "unknown-person")}
    station = await command(client, "/api/v1/stations/9/revoke")
    assert (station.status_code, station.json()["code"]) == (404, "unknown-station")


async def test_a_terminal_has_a_name_of_its_own_and_equipment_that_is_there(
    client: httpx.AsyncClient, admin: int
) -> None:
    await command(client, "/api/v1/stations", {"name": "press 1"})
    taken = await command(client, "/api/v1/stations", {"name": "press 1"})
    nowhere = await command(client, "/api/v1/stations", {"name": "press 2", "equipment_id": 5})
    assert (taken.status_code, taken.json()["code"]) == (409, "name-taken")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "unknown-equipment")


async def test_the_demo_has_one_person_of_each_role_who_can_sign_in(
    client: httpx.AsyncClient, plant_database: PlantDatabase, connection: AsyncConnection, tmp_path: Path
) -> None:
    people = ensure_demo_people(plant_database.url, tmp_path)
    assert {person.role for person in people} == set(PEOPLE)
    file = tmp_path / "demo-people.yaml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    rows = yaml.safe_load(file.read_text())
    assert [row["pin"] for row in rows] == [person.pin for person in people]
    for number, person in enumerate(people, start=1):
        assert (await sign_in(client, number, person.pin)).status_code == 200
        assert person.role in (await client.get("/api/v1/me")).json()["roles"]
    cursor = await connection.execute("SELECT personnel_number FROM plant.person ORDER BY person_id")
    assert await cursor.fetchall() == [(f"P-{number}",) for number in range(1001, 1009)]


async def test_demo_people_stay_as_they_are_and_get_new_pins_when_the_file_is_gone(
    client: httpx.AsyncClient, plant_database: PlantDatabase, connection: AsyncConnection, tmp_path: Path
) -> None:
    first = ensure_demo_people(plant_database.url, tmp_path)
    assert ensure_demo_people(plant_database.url, tmp_path) == first
    await connection.execute("UPDATE plant.person SET personnel_number = NULL")  # As before people had one.
    assert ensure_demo_people(plant_database.url, tmp_path) == first
    cursor = await connection.execute("SELECT personnel_number FROM plant.person ORDER BY person_id")
    assert await cursor.fetchall() == [(f"P-{number}",) for number in range(1001, 1009)]
    (tmp_path / "demo-people.yaml").unlink()
    renewed = ensure_demo_people(plant_database.url, tmp_path)
    assert renewed != first
    assert (await sign_in(client, 1, renewed[0].pin)).status_code == 200
    cursor = await connection.execute("SELECT count(*) FROM plant.person")
    assert await cursor.fetchone() == (len(PEOPLE),)
