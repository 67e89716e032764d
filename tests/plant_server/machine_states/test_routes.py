"""A machine by id or path, its present state, and a span without holes."""

from datetime import datetime

import httpx
import pytest
from psycopg import AsyncConnection

from tests.plant_server.facts import add_device, add_tag, at

PATH = "demo/plant1/area1/line1/press1"


async def did(
    connection: AsyncConnection, device: int, state: str, from_ts: datetime, to_ts: datetime | None
) -> None:
    await connection.execute(
        "INSERT INTO plant.machine_state_interval (device_id, state, from_ts, to_ts) VALUES (%s, %s, %s, %s)",
        (device, state, from_ts, to_ts),
    )


async def ask(client: httpx.AsyncClient, machine: str | int, **span: datetime) -> httpx.Response:
    query = {key.strip("_"): value.isoformat() for key, value in span.items()}
    return await client.get(f"/api/v1/machines/{machine}/state", params=query)


def intervals_of(answer: httpx.Response) -> list[tuple[str, datetime, datetime | None]]:
    return [
        (
            interval["state"],
            datetime.fromisoformat(interval["from_ts"]),
            datetime.fromisoformat(interval["to_ts"]) if interval["to_ts"] else None,
        )
        for interval in answer.json()["intervals"]
    ]


async def test_intervals_are_clipped_and_what_no_fact_tells_is_unknown(
    client: httpx.AsyncClient, connection: AsyncConnection
) -> None:
    device = await add_device(connection)
    await did(connection, device, "producing", at(10), at(50))
    await did(connection, device, "stopped", at(50), None)
    answer = await ask(client, device, from_=at(0), to=at(20))
    assert intervals_of(answer) == [("unknown", at(0), at(10)), ("producing", at(10), at(20))]
    answer = await ask(client, device, from_=at(40), to=at(60))
    assert intervals_of(answer) == [("producing", at(40), at(50)), ("stopped", at(50), at(60))]
    assert (answer.json()["state"], datetime.fromisoformat(answer.json()["since"])) == ("stopped", at(50))


async def test_the_present_state_has_no_end(client: httpx.AsyncClient, connection: AsyncConnection) -> None:
    device = await add_device(connection)
    await did(connection, device, "stopped", at(0), None)
    answer = await client.get(f"/api/v1/machines/{device}/state", params={"from": at(-10).isoformat()})
    assert intervals_of(answer) == [("unknown", at(-10), at(0)), ("stopped", at(0), None)]


async def test_a_machine_without_facts_is_unknown_all_along(
    client: httpx.AsyncClient, connection: AsyncConnection
) -> None:
    device = await add_device(connection)
    answer = await ask(client, device, from_=at(0), to=at(60))
    assert (answer.json()["state"], answer.json()["since"]) == ("unknown", None)
    assert intervals_of(answer) == [("unknown", at(0), at(60))]


async def test_lost_contact_is_told_beside_the_state_and_does_not_change_it(
    client: httpx.AsyncClient, connection: AsyncConnection
) -> None:
    device = await add_device(connection)
    await did(connection, device, "producing", at(0), None)
    await connection.execute("UPDATE plant.device SET online = false")
    answer = (await ask(client, device)).json()
    assert (answer["state"], answer["contact"]) == ("producing", "no contact")


async def test_a_path_means_the_device_that_tells_a_state_not_its_meter(
    client: httpx.AsyncClient, connection: AsyncConnection
) -> None:
    await add_device(connection, "meter1", PATH)
    press = await add_device(connection, "press1", PATH)
    await add_tag(connection, press, "state", role="state")
    answer = await ask(client, PATH)
    assert (answer.json()["name"], answer.json()["path"]) == ("press1", PATH)


async def test_a_path_of_two_machines_is_ambiguous(
    client: httpx.AsyncClient, connection: AsyncConnection
) -> None:
    for name in ("press1", "press2"):
        await add_tag(connection, await add_device(connection, name, PATH), "state", role="state")
    answer = await ask(client, PATH)
    assert (answer.status_code, answer.json()["code"]) == (409, "path-ambiguous")


@pytest.mark.parametrize("machine", ["7", "no/such/path", "99999999999999999999", "press1"])
async def test_an_unknown_machine_is_named(client: httpx.AsyncClient, machine: str) -> None:
    answer = await ask(client, machine)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-device")


async def test_an_empty_span_is_a_problem(client: httpx.AsyncClient) -> None:
    answer = await ask(client, 1, from_=at(5), to=at(5))
    assert (answer.status_code, answer.json()["code"]) == (422, "span-invalid")
