"""What the telemetry routes answer on a real database: empty, filled, badly asked, paged."""

import httpx
import pytest
from psycopg import AsyncConnection

from tests.plant_server.facts import STRING, add_device, add_sample, add_tag, at

LISTS = ["devices", "tags", "odometers", "cases", "gaps", "quarantine"]


@pytest.mark.parametrize("path", LISTS)
async def test_an_empty_plant_has_empty_lists(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(f"/api/v1/{path}")
    assert (answer.status_code, answer.json()) == (200, {"items": [], "next_cursor": None})


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("query", ["limit=0", "limit=100000", "cursor=no", "cursor=W10", "cursor=WyJhIl0"])
async def test_a_bad_limit_or_cursor_is_a_problem(client: httpx.AsyncClient, path: str, query: str) -> None:
    answer = await client.get(f"/api/v1/{path}?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == ("invalid-request" if "limit" in query else "cursor-invalid")


async def test_health_of_an_empty_plant_is_ok_without_a_commit(client: httpx.AsyncClient) -> None:
    answer = await client.get("/healthz")
    assert answer.json() == {"status": "ok", "last_commit": None, "last_commit_age_s": None}


async def test_health_tells_the_age_of_the_last_commit(
    client: httpx.AsyncClient, connection: AsyncConnection
) -> None:
    await add_device(connection)
    await connection.execute(
        "INSERT INTO plant.edge_cursor (edge_id, epoch, moved_time)"
        " SELECT edge_id, gen_random_uuid(), now() - interval '90 seconds' FROM plant.edge"
    )
    assert (await client.get("/healthz")).json()["last_commit_age_s"] == pytest.approx(90, abs=60)


async def test_a_device_is_listed_with_contact_state_and_path(
    client: httpx.AsyncClient, connection: AsyncConnection
) -> None:
    device = await add_device(connection)
    await connection.execute(
        "INSERT INTO plant.machine_state_interval (device_id, state, from_ts) VALUES (%s, 'producing', %s)",
        (device, at(0)),
    )
    (listed,) = (await client.get("/api/v1/devices")).json()["items"]
    assert listed["name"] == "press1"
    assert listed["path"] == "demo/plant1/area1/line1/press1"
    assert listed["contact"] == "in contact"
    assert listed["machine_state"] == "producing"
    assert listed["equipment_id"] is None


async def test_a_silent_edge_is_without_contact_though_its_state_stays(
    client: httpx.AsyncClient, connection: AsyncConnection
) -> None:
    await add_device(connection)
    await connection.execute("UPDATE plant.edge SET last_message = now() - interval '10 minutes'")
    (listed,) = (await client.get("/api/v1/devices")).json()["items"]
    assert listed["contact"] == "no contact"
    assert listed["last_message_age_s"] == pytest.approx(600, abs=60)


async def test_pages_follow_one_another_without_hole_or_repetition(
    client: httpx.AsyncClient, connection: AsyncConnection
) -> None:
    device = await add_device(connection)
    names = [f"tag{number}" for number in range(5)]
    for name in names:
        await add_tag(connection, device, name)
    seen, cursor, pages = [], None, 0
    while cursor or not pages:
        query: dict[str, str | int] = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/api/v1/tags", params=query)).json()
        seen += [tag["name"] for tag in page["items"]]
        cursor, pages = page["next_cursor"], pages + 1
    assert (seen, pages) == (names, 3)


async def test_tags_of_one_device_with_their_last_value(
    client: httpx.AsyncClient, connection: AsyncConnection
) -> None:
    press, meter = await add_device(connection), await add_device(connection, "meter1")
    await add_tag(connection, press, "pressure")
    energy = await add_tag(connection, meter, "energy", role="meter", unit="Wh")
    await connection.execute(
        "INSERT INTO plant.last_value (tag_id, ts, value, quality) VALUES (%s, %s, 12.5, 192)",
        (energy, at(0)),
    )
    (tag,) = (await client.get("/api/v1/tags", params={"device": meter})).json()["items"]
    assert (tag["name"], tag["unit"], tag["value"], tag["quality"]) == ("energy", "Wh", 12.5, 192)


async def test_an_unknown_device_or_tag_is_named(client: httpx.AsyncClient) -> None:
    for path, code in [("tags?device=9", "unknown-device"), ("samples?tag=9", "unknown-tag")]:
        answer = await client.get(f"/api/v1/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, code)


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_samples_are_paged_even_where_they_share_an_instant(
    client: httpx.AsyncClient, connection: AsyncConnection, limit: int
) -> None:
    tag = await add_tag(connection, await add_device(connection), "pressure")
    for seconds, value in [(-1, 0.0), (0, 1.0), (1, 2.0), (1, 3.0), (1, 4.0), (2, 5.0), (3, 6.0)]:
        await add_sample(connection, tag, at(seconds), value)
    query = {"tag": tag, "from": at(0).isoformat(), "to": at(3).isoformat(), "limit": limit}
    seen, cursor = [], ""
    while cursor is not None:
        page = (
            await client.get("/api/v1/samples", params=query | ({"cursor": cursor} if cursor else {}))
        ).json()
        seen += [sample["value"] for sample in page["items"]]
        cursor = page["next_cursor"]
    assert seen == [1.0, 2.0, 3.0, 4.0, 5.0]


async def test_text_samples_are_read_like_numbers(
    client: httpx.AsyncClient, connection: AsyncConnection
) -> None:
    tag = await add_tag(connection, await add_device(connection), "program", role="text", datatype=STRING)
    await connection.execute(
        "INSERT INTO plant.text_sample (ts, tag_id, quality, value) VALUES (%s, %s, 192, 'O1234')",
        (at(0), tag),
    )
    query = {"tag": tag, "from": at(0).isoformat(), "to": at(1).isoformat()}
    (sample,) = (await client.get("/api/v1/samples", params=query)).json()["items"]
    assert (sample["text"], sample["value"]) == ("O1234", None)


@pytest.mark.parametrize(
    ("span", "code"),
    [
        ({"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, "span-invalid"),
        ({"from": "2026-01-02T00:00:00"}, "invalid-request"),
        ({"from": "yesterday"}, "invalid-request"),
    ],
)
async def test_a_span_that_makes_no_sense_is_a_problem(
    client: httpx.AsyncClient, connection: AsyncConnection, span: dict[str, str], code: str
) -> None:
    tag = await add_tag(connection, await add_device(connection), "pressure")
    answer = await client.get("/api/v1/samples", params={"tag": str(tag)} | span)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_an_odometer_is_a_whole_number_with_its_unit(
    client: httpx.AsyncClient, connection: AsyncConnection
) -> None:
    tag = await add_tag(connection, await add_device(connection), "energy", role="meter", unit="Wh")
    await connection.execute(
        "INSERT INTO plant.odometer (tag_id, total, state) VALUES (%s, 12345678901234567, '{}')", (tag,)
    )
    (odometer,) = (await client.get("/api/v1/odometers")).json()["items"]
    assert (odometer["total"], odometer["unit"], odometer["device"]) == (12345678901234567, "Wh", "press1")


async def test_cases_are_filtered_by_state_and_newest_first(
    client: httpx.AsyncClient, connection: AsyncConnection
) -> None:
    tag = await add_tag(connection, await add_device(connection), "parts", role="counter")
    for number, state in enumerate(["open", "settled", "open"], start=1):
        await connection.execute(
            "INSERT INTO plant.odometer_case (tag_id, number, kind, from_ts, to_ts, from_value, to_value, at_least,"
            " at_most, believed, state) VALUES (%s, %s, 'restart', %s, %s, 100, 3, 3, 8, 3, %s)",
            (tag, number, at(0), at(60), state),
        )
    cases = (await client.get("/api/v1/cases?state=open")).json()["items"]
    assert [(case["case_id"], case["at_most"]) for case in cases] == [(3, 8), (1, 8)]


async def test_gaps_and_quarantine_tell_what_is_missing(
    client: httpx.AsyncClient, connection: AsyncConnection
) -> None:
    await add_device(connection)
    await connection.execute(
        "INSERT INTO plant.gap (edge_id, epoch, first, last, reason, device, tag, from_ts, to_ts, count)"
        " SELECT edge_id, gen_random_uuid(), 5, 9, 'dropped', 'press1', 'pressure', %s, %s, 42 FROM plant.edge",
        (at(0), at(60)),
    )
    await connection.execute(
        "INSERT INTO plant.quarantine (edge_id, topic, payload, reason, detail)"
        " VALUES (NULL, 'spBv1.0/demo/DDATA/x/y', 'abc', 'malformed', 'not a payload')"
    )
    (gap,) = (await client.get("/api/v1/gaps")).json()["items"]
    (kept,) = (await client.get("/api/v1/quarantine")).json()["items"]
    assert (gap["reason"], gap["tag"], gap["count"], gap["edge"]) == ("dropped", "pressure", 42, "press-shop")
    assert (kept["reason"], kept["payload_bytes"], kept["edge"]) == ("malformed", 3, None)
