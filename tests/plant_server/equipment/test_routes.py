"""New devices: accepted, merged, renamed, rejected, and each decision undone."""

from uuid import UUID, uuid4

import httpx
import pytest
from psycopg import AsyncConnection

from tests.plant_server.api_fixture import WITH_TOKEN
from tests.plant_server.facts import add_device, add_sample, add_tag, at

PROPOSALS = "/api/v1/equipment/proposals"
PATH = "demo/plant1/area1/line1/press1"


@pytest.fixture
async def proposal(connection: AsyncConnection) -> int:
    return await propose(connection, await add_device(connection), PATH)


async def propose(connection: AsyncConnection, device: int, path: str | None) -> int:
    cursor = await connection.execute(
        "INSERT INTO plant.equipment_proposal (device_id, path) VALUES (%s, %s) RETURNING proposal_id",
        (device, path),
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def post(
    client: httpx.AsyncClient, path: str, body: object = None, key: UUID | None = None
) -> httpx.Response:
    headers = WITH_TOKEN | {"Idempotency-Key": str(key or uuid4())}
    return await client.post(path, json=body, headers=headers)


async def events_of(connection: AsyncConnection) -> list[tuple[str, str, bool]]:
    cursor = await connection.execute("SELECT kind, actor, refused FROM plant.event ORDER BY recorded_time")
    return [tuple(row) for row in await cursor.fetchall()]


async def equipment_of(client: httpx.AsyncClient) -> list[tuple[str, str, list[int]]]:
    items = (await client.get("/api/v1/equipment")).json()["items"]
    return [(item["path"], item["name"], item["device_ids"]) for item in items]


async def test_a_device_is_accepted_as_the_equipment_it_says_it_is(
    client: httpx.AsyncClient, proposal: int
) -> None:
    answer = await post(client, f"{PROPOSALS}/{proposal}/accept", {})
    assert answer.status_code == 200
    assert (answer.json()["state"], answer.json()["decided_by"]) == ("accepted", "integrator token")
    assert await equipment_of(client) == [(PATH, "press1", [1])]


async def test_a_device_is_accepted_under_another_path_and_name(
    client: httpx.AsyncClient, proposal: int
) -> None:
    await post(client, f"{PROPOSALS}/{proposal}/accept", {"path": "demo/hall 2/press1", "name": "冲床 1"})
    assert await equipment_of(client) == [("demo/hall 2/press1", "冲床 1", [1])]


async def test_a_second_device_with_the_same_path_serves_the_same_equipment(
    client: httpx.AsyncClient, connection: AsyncConnection, proposal: int
) -> None:
    meter = await propose(connection, await add_device(connection, "meter1"), PATH)
    for number in (proposal, meter):
        await post(client, f"{PROPOSALS}/{number}/accept", {})
    assert await equipment_of(client) == [(PATH, "press1", [1, 2])]


async def test_a_device_without_a_path_needs_one(
    client: httpx.AsyncClient, connection: AsyncConnection
) -> None:
    number = await propose(connection, await add_device(connection, path=None), None)
    answer = await post(client, f"{PROPOSALS}/{number}/accept", {})
    assert (answer.status_code, answer.json()["code"]) == (422, "path-missing")


async def test_a_device_is_merged_into_equipment_that_is_there(
    client: httpx.AsyncClient, connection: AsyncConnection, proposal: int
) -> None:
    other = await propose(connection, await add_device(connection, "meter1"), "demo/other")
    accepted = (await post(client, f"{PROPOSALS}/{proposal}/accept", {})).json()
    answer = await post(client, f"{PROPOSALS}/{other}/merge", {"equipment_id": accepted["equipment_id"]})
    assert answer.json()["state"] == "accepted"
    assert await equipment_of(client) == [(PATH, "press1", [1, 2])]


async def test_merging_into_nothing_changes_nothing(client: httpx.AsyncClient, proposal: int) -> None:
    answer = await post(client, f"{PROPOSALS}/{proposal}/merge", {"equipment_id": 77})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-equipment")
    (listed,) = (await client.get(PROPOSALS, params={"state": "open"})).json()["items"]
    assert listed["proposal_id"] == proposal


async def test_a_decided_proposal_is_not_decided_again(client: httpx.AsyncClient, proposal: int) -> None:
    await post(client, f"{PROPOSALS}/{proposal}/reject")
    answer = await post(client, f"{PROPOSALS}/{proposal}/accept", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "already-decided")
    assert await equipment_of(client) == []


async def test_undo_opens_the_proposal_and_removes_equipment_without_devices(
    client: httpx.AsyncClient, proposal: int
) -> None:
    await post(client, f"{PROPOSALS}/{proposal}/accept", {})
    answer = await post(client, f"{PROPOSALS}/{proposal}/undo")
    assert (answer.json()["state"], answer.json()["decided_by"]) == ("open", None)
    assert await equipment_of(client) == []


async def test_undo_of_a_merge_leaves_the_equipment_to_the_other_device(
    client: httpx.AsyncClient, connection: AsyncConnection, proposal: int
) -> None:
    meter = await propose(connection, await add_device(connection, "meter1"), PATH)
    for number in (proposal, meter):
        await post(client, f"{PROPOSALS}/{number}/accept", {})
    await post(client, f"{PROPOSALS}/{meter}/undo")
    assert await equipment_of(client) == [(PATH, "press1", [1])]


async def test_equipment_is_renamed_but_not_onto_another(
    client: httpx.AsyncClient, connection: AsyncConnection, proposal: int
) -> None:
    other = await propose(connection, await add_device(connection, "press2"), "demo/press2")
    for number in (proposal, other):
        await post(client, f"{PROPOSALS}/{number}/accept", {})
    renamed = await post(client, "/api/v1/equipment/1/rename", {"path": "demo/press9", "name": "Nine"})
    taken = await post(client, "/api/v1/equipment/1/rename", {"path": "demo/press2"})
    assert (renamed.json()["path"], renamed.json()["name"]) == ("demo/press9", "Nine")
    assert (taken.status_code, taken.json()["code"], taken.json()["detail"]) == (
        409,
        "path-taken",
        "demo/press2",
    )


@pytest.mark.parametrize(
    "body", [{}, {"path": "/a"}, {"path": "a//b"}, {"path": "a/ b"}, {"name": ""}, {"names": "x"}]
)
async def test_a_rename_that_says_nothing_valid_is_a_problem(
    client: httpx.AsyncClient, proposal: int, body: dict[str, str]
) -> None:
    await post(client, f"{PROPOSALS}/{proposal}/accept", {})
    answer = await post(client, "/api/v1/equipment/1/rename", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")
    assert answer.json()["errors"]


@pytest.mark.parametrize("command", ["accept", "merge", "reject", "undo"])
async def test_a_proposal_that_is_not_there_is_named(client: httpx.AsyncClient, command: str) -> None:
    body = {"equipment_id": 1} if command == "merge" else {}
    answer = await post(client, f"{PROPOSALS}/5/{command}", body)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-proposal")


@pytest.fixture
async def tag_proposal(connection: AsyncConnection) -> int:
    tag = await add_tag(connection, await add_device(connection, "robot1"), "state", unit="x")
    await add_sample(connection, tag, at(90), 6.0)
    cursor = await connection.execute(
        "INSERT INTO plant.tag_proposal (tag_id, proposed)"
        """ VALUES (%s, '{"role": "state", "unit": null, "vocabulary": "packml"}') RETURNING proposal_id""",
        (tag,),
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def test_a_proposed_tag_changes_when_it_is_accepted_and_its_states_are_made_again(
    client: httpx.AsyncClient, connection: AsyncConnection, tag_proposal: int
) -> None:
    (listed,) = (await client.get("/api/v1/tags/proposals?state=open")).json()["items"]
    assert listed["present"] == {"role": "measurement", "unit": "x", "vocabulary": None}
    assert (await post(client, f"/api/v1/tags/proposals/{tag_proposal}/accept")).status_code == 200
    (tag,) = (await client.get("/api/v1/tags")).json()["items"]
    assert (tag["role"], tag["unit"], tag["vocabulary"], tag["name"]) == ("state", None, "packml", "state")
    marks = await (await connection.execute("SELECT DISTINCT tag_id, minute FROM plant.dirty")).fetchall()
    assert marks == [(tag["tag_id"], at(60))]


async def test_a_rejected_tag_stays_as_it_is(client: httpx.AsyncClient, tag_proposal: int) -> None:
    await post(client, f"/api/v1/tags/proposals/{tag_proposal}/reject")
    again = await post(client, f"/api/v1/tags/proposals/{tag_proposal}/accept")
    (tag,) = (await client.get("/api/v1/tags")).json()["items"]
    assert (tag["role"], tag["unit"]) == ("measurement", "x")
    assert again.json()["code"] == "already-decided"


async def test_a_decision_without_a_key_is_not_taken(client: httpx.AsyncClient, proposal: int) -> None:
    answer = await client.post(f"{PROPOSALS}/{proposal}/accept", json={}, headers=WITH_TOKEN)
    assert (answer.status_code, answer.json()["code"]) == (400, "key-missing")
    assert await equipment_of(client) == []


async def test_a_decision_sent_twice_is_one_decision_and_one_event(
    client: httpx.AsyncClient, connection: AsyncConnection, proposal: int
) -> None:
    key = uuid4()
    first = await post(client, f"{PROPOSALS}/{proposal}/accept", {}, key)
    again = await post(client, f"{PROPOSALS}/{proposal}/accept", {}, key)
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    cursor = await connection.execute("SELECT event_id, facts FROM plant.event")
    [(event_id, facts)] = await cursor.fetchall()
    before = {"proposal_id": proposal, "device_id": 1, "path": PATH, "state": "open", "equipment_id": None}
    assert event_id == key
    assert facts["equipment_proposal"] == {
        "before": before,
        "after": before | {"state": "accepted", "equipment_id": first.json()["equipment_id"]},
    }


async def test_every_decision_leaves_an_event_and_so_does_a_refusal(
    client: httpx.AsyncClient, connection: AsyncConnection, proposal: int, tag_proposal: int
) -> None:
    one, tags = f"{PROPOSALS}/{proposal}", f"/api/v1/tags/proposals/{tag_proposal}"
    await post(client, f"{one}/accept", {})
    await post(client, "/api/v1/equipment/1/rename", {"name": "Nine"})
    await post(client, f"{one}/merge", {"equipment_id": 1})
    await post(client, f"{one}/undo")
    await post(client, f"{one}/reject")
    await post(client, f"{tags}/accept")
    await post(client, f"{tags}/reject")
    assert await events_of(connection) == [
        ("equipment.accept", "integrator token", False),
        ("equipment.rename", "integrator token", False),
        ("equipment.merge", "integrator token", True),
        ("equipment.undo", "integrator token", False),
        ("equipment.reject", "integrator token", False),
        ("tag.accept", "integrator token", False),
        ("tag.reject", "integrator token", True),
    ]
    cursor = await connection.execute("SELECT facts FROM plant.event WHERE kind = 'tag.accept'")
    [(facts,)] = await cursor.fetchall()
    assert facts["tag_proposal"]["before"] == {"role": "measurement", "unit": "x", "vocabulary": None}
    assert facts["tag_proposal"]["proposed"] == {"role": "state", "unit": None, "vocabulary": "packml"}


async def test_undo_leaves_equipment_that_a_terminal_stands_at(
    client: httpx.AsyncClient, connection: AsyncConnection, proposal: int
) -> None:
    accepted = (await post(client, f"{PROPOSALS}/{proposal}/accept", {})).json()
    await connection.execute(
        "INSERT INTO plant.station (name, equipment_id) VALUES ('press 1', %s)", (accepted["equipment_id"],)
    )
    answer = await post(client, f"{PROPOSALS}/{proposal}/undo")
    assert (answer.status_code, answer.json()["state"]) == (200, "open")
    assert await equipment_of(client) == [(PATH, "press1", [])]
