"""Stops are listed with what nobody has explained, and explained by people, also late and in parts."""

from datetime import timedelta

import pytest
from fastapi import FastAPI

from tests.plant_server.facts import at
from tests.plant_server.materials.hands import Hands
from tests.plant_server.stops.press import PATH, Press, set_up

STORY = [(0, "producing"), (300, "fault"), (1200, "producing"), (2000, "idle"), (2030, "producing")]


def iso(seconds: float) -> str:
    return at(seconds).isoformat()


async def test_stops_are_listed_newest_first_with_their_micro_stops(press: Press, operator: Hands) -> None:
    await press.tell(*STORY)
    listed = (await operator.get("/stops", path="demo/plant1"))["items"]
    assert [(stop["is_micro"], stop["states"], stop["path"]) for stop in listed] == [
        (True, ["idle"], PATH),
        (False, ["fault"], PATH),
    ]
    assert listed[1]["pieces"] == [
        {
            "from_ts": iso(300).replace("+00:00", "Z"),
            "to_ts": iso(1200).replace("+00:00", "Z"),
            "reason": None,
            "name_en": None,
            "name_zh": None,
        }
    ]
    (unassigned,) = (await operator.get("/stops", unassigned_only=True))["items"]
    assert unassigned["stop_id"] == listed[1]["stop_id"]
    assert (await operator.get("/stops", path="demo/plant1/area1/line1/press"))["items"] == []


async def test_stops_are_paged_and_cut_to_a_span(press: Press, operator: Hands) -> None:
    await press.tell(*[(number * 200, "fault" if number % 2 else "producing") for number in range(20)])
    first = await operator.get("/stops", limit=4)
    second = await operator.get("/stops", limit=100, cursor=first["next_cursor"])
    ids = [stop["stop_id"] for stop in first["items"] + second["items"]]
    assert len(set(ids)) == 10
    assert second["next_cursor"] is None
    span = {"from": iso(400), "to": iso(1000)}
    assert len((await operator.get("/stops", **span))["items"]) == 1
    assert (await operator.client.get("/api/v1/stops", params={"cursor": "x"})).json()[
        "code"
    ] == "cursor-invalid"


async def test_a_reason_is_given_changed_and_taken_back(press: Press, operator: Hands) -> None:
    await press.tell(*STORY)
    stop_id = next(iter(await press.stops()))
    (told,) = (await operator.do(f"/stops/{stop_id}/reason", {"reason": "jam", "note": "again"}))["stops"]
    assert [(piece["reason"], piece["name_zh"]) for piece in told["pieces"]] == [("jam", "jam")]
    await operator.do(f"/stops/{stop_id}/reason", {"reason": "tool"})
    assert await press.pieces() == [(300, 1200, "tool"), (2000, 2030, None)]
    await operator.do(f"/stops/{stop_id}/reason", {"reason": None})
    assert await press.pieces() == [(300, 1200, None), (2000, 2030, None)]
    words = await press.one("SELECT array_agg(reason ORDER BY word_id) FROM plant.stop_reason")
    assert words == ["jam", "tool", None]


async def test_a_stop_is_split_and_one_part_explained_anew(press: Press, operator: Hands) -> None:
    await press.tell(*STORY)
    stop_id = next(iter(await press.stops()))
    await operator.do(f"/stops/{stop_id}/split", {"at": iso(600), "before": "jam"})
    assert (await press.pieces())[:2] == [(300, 600, "jam"), (600, 1200, None)]
    await operator.do(f"/stops/{stop_id}/split", {"at": iso(900), "before": "tool", "after": "break"})
    assert (await press.pieces())[:3] == [(300, 600, "jam"), (600, 900, "tool"), (900, 1200, "break")]
    await operator.do(f"/stops/{stop_id}/reason", {"reason": "jam", "at": iso(700)})
    assert (await press.pieces())[:2] == [(300, 900, "jam"), (900, 1200, "break")]
    for outside in (299, 1200, 5000):
        refused = await operator.refused(f"/stops/{stop_id}/split", {"at": iso(outside), "after": "jam"})
        assert refused[:2] == (409, "time-outside-stop")
    assert (await operator.refused(f"/stops/{stop_id}/split", {"at": iso(600)}))[0] == 422


async def test_a_reason_given_while_the_machine_stands_lasts_to_the_end_of_the_stop(
    press: Press, operator: Hands
) -> None:
    await press.tell((0, "producing"), (300, "fault"))
    (stop_id,) = await press.stops()
    when = {"X-Client-Time": iso(400)}
    answer = await operator.post(f"/stops/{stop_id}/reason", {"reason": "jam"}, **when)
    assert answer.json()["stops"][0]["pieces"][0]["to_ts"] is None
    await press.tell((1500, "producing"))
    assert await press.pieces() == [(300, 1500, "jam")]
    await press.tell((290, "fault"))
    assert await press.pieces() == [(290, 1500, "jam")]


async def test_a_reason_survives_what_late_facts_do_to_its_stop(press: Press, operator: Hands) -> None:
    await press.tell(
        (0, "producing"), (300, "fault"), (1200, "producing"), (1800, "fault"), (2400, "producing")
    )
    first, second = await press.stops()
    await operator.do(f"/stops/{first}/reason", {"reason": "jam"})
    await operator.do(f"/stops/{second}/reason", {"reason": "tool"})
    await press.tell((600, "producing"), (700, "fault"))
    assert await press.pieces() == [(300, 600, "jam"), (700, 1200, "jam"), (1800, 2400, "tool")]
    # Now the two become one: what was said of each stays, and the time between has the later word.
    await press.tell((1200, "fault"), (1500, "fault"))
    assert await press.pieces() == [(300, 600, "jam"), (700, 1200, "jam"), (1200, 2400, "tool")]
    assert {first, second} - set(await press.stops()) == {first}
    # A terminal that still names the one that is gone means its time.
    await operator.do(f"/stops/{first}/reason", {"reason": "break"})
    assert await press.pieces() == [(300, 600, "jam"), (700, 1200, "break"), (1200, 2400, "tool")]


async def test_a_reason_must_be_one_of_stops_and_not_a_branch(press: Press, operator: Hands) -> None:
    await press.tell(*STORY)
    stop_id = next(iter(await press.stops()))
    for code, problem in [
        ("mechanical", "reason-too-general"),
        ("setup", "unknown-stop-reason"),
        ("?", "unknown-stop-reason"),
    ]:
        assert (await operator.refused(f"/stops/{stop_id}/reason", {"reason": code}))[:2] == (422, problem)
    assert (await operator.refused("/stops/4711/reason", {"reason": "jam"}))[:2] == (404, "unknown-stop")
    assert (await operator.client.get("/api/v1/stops/4711")).status_code == 404


async def test_unassigned_time_of_a_shift_is_told_without_micro_stops(press: Press, operator: Hands) -> None:
    await press.tell(*STORY)
    shift = {"from": iso(600), "to": iso(600 + 8 * 3600), "path": "demo/plant1/area1"}
    told = await operator.get("/stops/standing", **shift)
    assert told["unassigned_s"] == 600
    stop_id = next(iter(await press.stops()))
    await operator.do(f"/stops/{stop_id}/split", {"at": iso(1000), "after": "jam"})
    told = await operator.get("/stops/standing", **shift)
    assert told["unassigned_s"] == 400
    assert [(row["reason"], row["seconds"]) for row in told["by_reason"]] == [(None, 400), ("jam", 200)]
    wrong = await operator.client.get("/api/v1/stops/standing", params={"from": iso(5), "to": iso(5)})
    assert wrong.json()["code"] == "span-invalid"


async def test_a_threshold_judges_what_lies_below_its_path_anew(
    press: Press, lead: Hands, operator: Hands
) -> None:
    other = await set_up(press.connection, "oven1", "demo/plant1/area2/oven1")
    await press.tell(*STORY)
    await other.tell(*STORY)
    told = await lead.do("/stop-thresholds", {"path": "demo/plant1/area1", "micro_below_s": 10})
    assert told["thresholds"] == [
        {"path": "", "micro_below_s": 120},
        {"path": "demo/plant1/area1", "micro_below_s": 10},
    ]
    await press.keep()
    listed = (await operator.get("/stops"))["items"]
    assert {(stop["device"], stop["is_micro"]) for stop in listed if stop["states"] == ["idle"]} == {
        ("press1", False),
        ("oven1", True),
    }
    denied = await operator.refused("/stop-thresholds", {"path": "", "micro_below_s": 1})
    assert denied[:2] == (403, "role-missing")
    assert (await operator.get("/stop-thresholds"))["thresholds"] == told["thresholds"]


@pytest.mark.parametrize("query", [{"limit": 0}, {"from": "noon"}])
async def test_a_nonsense_question_is_refused(app: FastAPI, operator: Hands, query: dict[str, str]) -> None:
    assert (await operator.client.get("/api/v1/stops", params=query)).status_code == 422


async def test_a_reason_from_a_terminals_queue_keeps_the_time_it_was_said(
    press: Press, operator: Hands
) -> None:
    await press.tell(*STORY)
    stop_id = next(iter(await press.stops()))
    said = at(1300)
    await operator.post(f"/stops/{stop_id}/reason", {"reason": "jam"}, **{"X-Client-Time": said.isoformat()})
    assert await press.one("SELECT said_time FROM plant.stop_reason") == said
    ahead = (at(0) + timedelta(days=400)).isoformat()
    await operator.post(f"/stops/{stop_id}/reason", {"reason": "tool"}, **{"X-Client-Time": ahead})
    assert await press.one("SELECT max(said_time) <= max(recorded_time) FROM plant.stop_reason")
