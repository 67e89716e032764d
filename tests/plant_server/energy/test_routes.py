"""Energy of runs, orders and parts, and the balance of every meter, over HTTP."""

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from fastapi import FastAPI
from psycopg import AsyncConnection

from plant_server.people.roles import Role
from tests.plant_server.energy.shop import LINE, PRESS1, PRESS2, Shop
from tests.plant_server.facts import at
from tests.plant_server.materials.hands import Hands, signed_in


def iso(seconds: float) -> str:
    return at(seconds).isoformat()


async def test_a_run_has_what_its_meter_advanced_between_the_last_readings(shop: Shop, reader: Hands) -> None:
    meter = await shop.meter(PRESS1)
    await shop.read(meter, (0, 1000), (95, 1100), (105, 1150), (195, 1400), (205, 1500))
    first, second = await shop.run(100, 200), await shop.run(200, 300)
    told = await reader.get(f"/runs/{first}/energy")
    assert (told["energy_wh"], told["is_final"], told["order"], told["path"]) == (300, True, "MO-1", PRESS1)
    assert told["meters"] == [{"tag_id": meter, "energy_wh": 300}]
    told = await reader.get(f"/runs/{second}/energy")
    assert (told["energy_wh"], told["is_final"]) == (100, False)


async def test_an_open_run_has_what_was_read_so_far(shop: Shop, reader: Hands) -> None:
    meter = await shop.meter(PRESS1)
    await shop.read(meter, (0, 1000), (150, 1250))
    told = await reader.get(f"/runs/{await shop.run(100, None)}/energy")
    assert (told["energy_wh"], told["is_final"], told["to_time"]) == (250, False, None)
    assert told["as_of"].startswith(at(150).isoformat()[:19])


async def test_an_order_has_the_sum_of_its_runs_and_its_parts_their_share(
    shop: Shop, reader: Hands, connection: AsyncConnection
) -> None:
    meter = await shop.meter(PRESS1)
    await shop.read(meter, (0, 0), (150, 100), (350, 700), (450, 800))
    await shop.run(100, 200)
    await shop.run(300, 400)
    await connection.execute("UPDATE plant.work_order SET good = 3")
    told = await reader.get(f"/work-orders/{shop.order}/energy")
    assert (told["energy_wh"], told["is_final"]) == (700, True)
    assert told["energy_per_part_wh"] == "233.333"
    assert [run["energy_wh"] for run in told["runs"]] == [100, 600]


async def test_what_nobody_measures_has_no_energy_and_says_so(shop: Shop, reader: Hands) -> None:
    run = await shop.run(100, 200)
    told = await reader.get(f"/runs/{run}/energy")
    assert (told["energy_wh"], told["meters"], told["as_of"], told["energy_per_part_wh"]) == (
        0,
        [],
        None,
        None,
    )
    assert (await reader.client.get("/api/v1/runs/4711/energy")).json()["code"] == "unknown-run"
    assert (await reader.client.get("/api/v1/work-orders/4711/energy")).json()["code"] == "unknown-work-order"


async def test_of_meters_one_above_the_other_the_upper_one_counts(shop: Shop, reader: Hands) -> None:
    for path, end in ((f"{PRESS1}/heater", 10), (f"{PRESS1}/drive", 30), (f"{PRESS1}/drive/fan", 7)):
        await shop.read(await shop.meter(path), (0, 0), (150, end))
    await shop.read(await shop.meter(LINE), (0, 0), (150, 5000))
    run = await shop.run(100, 200)
    assert (await reader.get(f"/runs/{run}/energy"))["energy_wh"] == 40
    await shop.read(await shop.meter(PRESS1), (0, 0), (150, 55))
    assert (await reader.get(f"/runs/{run}/energy"))["energy_wh"] == 55


async def test_of_several_meter_tags_of_a_device_the_imported_energy_counts_or_the_chosen_one(
    shop: Shop, reader: Hands, fitter: Hands, connection: AsyncConnection
) -> None:
    exported = await shop.meter(PRESS1, "energy_export", device="meter1")
    row = await (await connection.execute("SELECT device_id FROM plant.tag")).fetchone()
    assert row is not None
    imported = await shop.tag(row[0], "energy")
    await shop.read(exported, (0, 0), (150, 9))
    await shop.read(imported, (0, 0), (150, 80))
    run = await shop.run(100, 200)
    assert (await reader.get(f"/runs/{run}/energy"))["energy_wh"] == 80
    chosen = await fitter.do(f"/energy/meters/{exported}/choose", {"path": PRESS2})
    assert (chosen["tag"], chosen["path"]) == ("energy_export", PRESS2)
    assert (await reader.get(f"/runs/{run}/energy"))["meters"] == []
    other = await shop.run(100, 200, PRESS2)
    assert (await reader.get(f"/runs/{other}/energy"))["energy_wh"] == 9
    assert (await reader.refused(f"/energy/meters/{exported}/choose", {}))[:2] == (403, "role-missing")
    assert (await fitter.refused("/energy/meters/4711/choose", {}))[:2] == (404, "unknown-meter")


async def test_a_shared_meter_is_split_by_its_key_and_the_rest_is_unallocated(
    shop: Shop, reader: Hands
) -> None:
    meter = await shop.meter(LINE)
    await shop.key(meter, 0, 100, {PRESS1: 50, PRESS2: 30})
    await shop.read(meter, (0, 0), (150, 101), (250, 201), (1000, 1001))
    runs = [await shop.run(100, 200), await shop.run(200, 300), await shop.run(100, 500, PRESS2)]
    told = [(await reader.get(f"/runs/{run}/energy"))["energy_wh"] for run in runs]
    assert told == [50, 50, 60]
    balance = await reader.get("/energy", **{"from": iso(0), "to": iso(1000), "path": LINE})
    (of_meter,) = balance["meters"]
    assert of_meter["total_wh"] == 1001
    assert [(place["path"], place["energy_wh"], place["idle_wh"]) for place in of_meter["places"]] == [
        (PRESS1, 500, 400),
        (PRESS2, 300, 240),
    ]
    assert of_meter["unallocated_wh"] == 201


async def test_every_meter_is_the_sum_of_runs_idle_and_unallocated_whatever_ran(
    shop: Shop, reader: Hands
) -> None:
    chance = random.Random(19)
    meters = [await shop.meter(PRESS1), await shop.meter(LINE), await shop.meter(PRESS2)]
    await shop.key(meters[1], 300, 7, {PRESS1: 2, PRESS2: 3})
    await shop.key(meters[1], 2000, 11, {PRESS2: 10})
    for meter in meters:
        total = chance.randrange(10**6)
        readings = []
        for seconds in range(0, 5000, 10):
            total += chance.randrange(40)
            readings.append((seconds + chance.random(), total))
        await shop.read(meter, *readings)
    runs: dict[int, int] = {}
    for path in (PRESS1, PRESS2):
        cuts = sorted(chance.sample(range(100, 4900), 14))
        spans = list(pairwise(cuts))
        for begin, end in spans if path == PRESS1 else spans[::2]:
            run = await shop.run(begin, end, path)
            runs[run] = (await reader.get(f"/runs/{run}/energy"))["energy_wh"]
    balance = await reader.get("/energy", **{"from": iso(0), "to": iso(4990)})
    assert len(balance["meters"]) == 3
    in_balance: dict[int, int] = dict.fromkeys(runs, 0)
    for meter in balance["meters"]:
        parts = [meter["unallocated_wh"]]
        for place in meter["places"]:
            assert place["energy_wh"] == place["idle_wh"] + sum(run["energy_wh"] for run in place["runs"])
            parts += [place["idle_wh"], *(run["energy_wh"] for run in place["runs"])]
            for run in place["runs"]:
                in_balance[run["run_id"]] += run["energy_wh"]
        assert min(parts) >= 0
        assert sum(parts) == meter["total_wh"]
    assert in_balance == runs


async def test_a_key_is_stated_from_now_on_and_never_for_the_past(
    app: FastAPI, shop: Shop, reader: Hands, fitter: Hands, connection: AsyncConnection
) -> None:
    meter = await shop.meter(LINE)
    path = f"/energy/meters/{meter}/key"
    key = {"whole": "100", "basis": "rated power, kW", "shares": [{"path": PRESS1, "weight": "60"}]}
    stated = await fitter.do(path, key)
    assert (stated["key"]["whole"], stated["key"]["shares"]) == ("100", [{"path": PRESS1, "weight": "60"}])
    too_much = key | {"shares": [{"path": PRESS1, "weight": "60"}, {"path": PRESS2, "weight": "41"}]}
    assert (await fitter.refused(path, too_much))[:2] == (422, "key-too-large")
    twice = key | {"shares": [{"path": PRESS1, "weight": "1"}, {"path": PRESS1, "weight": "2"}]}
    assert (await fitter.refused(path, twice))[1] == "key-too-large"
    hour_ago = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    assert (await fitter.refused(path, key | {"from_time": hour_ago}))[:2] == (409, "key-not-later")
    assert (await fitter.refused("/energy/meters/4711/key", key))[:2] == (404, "unknown-meter")
    assert (await reader.refused(path, key))[0] == 403
    async with signed_in(app, connection, Role.MANAGER, name="Mona") as manager:
        await manager.do(path, key | {"shares": []})
    (listed,) = (await reader.get("/energy/meters", path="demo/plant1"))["meters"]
    assert listed["key"]["shares"] == []


async def test_a_span_must_be_one(shop: Shop, reader: Hands) -> None:
    answer = await reader.client.get("/api/v1/energy", params={"from": iso(5), "to": iso(5)})
    assert answer.json()["code"] == "span-invalid"
