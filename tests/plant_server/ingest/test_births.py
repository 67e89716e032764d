import json

from edge.contract import spool_metrics
from edge.contract.datatypes import DataType
from edge.contract.payloads import Metric
from tests.plant_server.ingest.conftest import Plant
from tests.plant_server.ingest.wire_edge import PRESS, Tag, WireEdge, counter

PATH = "demo/plant1/area1/line1/press1"


def with_path(path: str) -> list[Tag]:
    return [Tag(tag.name, tag.datatype, {**tag.properties, "path": path}) for tag in PRESS]


def proposals(plant: Plant) -> list[tuple[str, dict[str, object], str]]:
    return plant.rows(
        "SELECT name, proposed, state FROM plant.tag_proposal JOIN plant.tag USING (tag_id) ORDER BY name"
    )  # type: ignore[return-value]


def test_a_birth_makes_edge_device_and_tags_with_their_meaning(plant: Plant, born: WireEdge) -> None:
    assert plant.rows("SELECT group_id, node, bd_seq, online FROM plant.edge") == [
        ("demo", "press-shop", 0, True)
    ]
    assert plant.rows("SELECT name, online, path FROM plant.device") == [("press1", True, None)]
    rows = plant.rows(
        "SELECT name, datatype, role, unit, width, scale, counts, rate_max, vocabulary FROM plant.tag"
    )
    assert sorted(rows) == [
        ("good", DataType.UINT32, "counter", None, 32, 1, "good", 100, None),
        ("order", DataType.STRING, "order", None, None, 1, None, None, None),
        ("state", DataType.INT32, "state", None, None, 1, None, None, "packml"),
        ("temperature", DataType.DOUBLE, "measurement", "Cel", None, 1, None, None, None),
    ]


def test_the_same_birth_again_changes_nothing(plant: Plant, born: WireEdge) -> None:
    plant.store(*born.births())
    plant.restart()
    plant.store(*born.births())
    assert plant.value("SELECT count(*) FROM plant.tag") == len(PRESS)
    assert proposals(plant) == []


def test_a_changed_meaning_is_a_proposal_and_the_tag_keeps_its_own(plant: Plant, born: WireEdge) -> None:
    changed = [
        counter(width=16, role="meter", scale=10),
        Tag("temperature", DataType.DOUBLE, {"unit": "[degF]"}),
    ]
    plant.store(*born.births(tags=changed))
    assert proposals(plant) == [
        ("good", {"role": "meter", "width": 16, "scale": 10}, "open"),
        ("temperature", {"unit": "[degF]"}, "open"),
    ]
    assert plant.rows("SELECT role, width, scale FROM plant.tag WHERE name = 'good'") == [("counter", 32, 1)]


def test_a_birth_that_says_the_old_meaning_again_withdraws_the_proposal(plant: Plant, born: WireEdge) -> None:
    plant.store(*born.births(tags=[counter(width=16)]))
    plant.store(*born.births())
    assert proposals(plant) == []


def test_what_a_person_rejected_is_not_proposed_again(plant: Plant, born: WireEdge) -> None:
    plant.store(*born.births(tags=[counter(width=16)]))
    plant.session.execute("UPDATE plant.tag_proposal SET state = 'rejected'")
    plant.store(*born.births(tags=[counter(width=16)]))
    assert [state for _, _, state in proposals(plant)] == ["rejected"]
    plant.store(*born.births(tags=[counter(width=24)]))
    assert [state for _, _, state in proposals(plant)] == ["rejected", "open"]


def test_an_accepted_meaning_is_used_without_a_birth(plant: Plant, born: WireEdge) -> None:
    plant.store(*born.births(tags=[counter(width=8)]), born.data(1, born.reading("good", 250)))
    plant.session.execute("UPDATE plant.tag SET width = 8 WHERE name = 'good'")
    plant.session.execute(
        "UPDATE plant.tag_proposal SET state = 'accepted', decided_time = now(), decided_by = 'Li'"
    )
    plant.monotonic_s += 10
    plant.pipeline.do_chores()
    later = plant.now_ms
    plant.store(
        born.data(2, born.reading("good", 3, later + 100)),
        born.data(3, born.reading("good", 4, later + 200)),
    )
    assert plant.total() == 10


def test_a_path_proposes_equipment_for_a_person_to_accept(plant: Plant, edge: WireEdge) -> None:
    plant.store(*edge.births(tags=with_path(PATH)))
    assert plant.rows("SELECT path, state FROM plant.equipment_proposal") == [(PATH, "open")]
    assert plant.rows("SELECT * FROM plant.equipment") == []
    assert plant.rows("SELECT path FROM plant.device") == [(PATH,)]


def test_the_demo_accepts_by_itself(plant: Plant, edge: WireEdge) -> None:
    plant.restart(accept_equipment=True)
    plant.store(*edge.births(tags=with_path(PATH)))
    plant.store(*edge.births("meter1", tags=with_path(PATH)))
    assert plant.rows("SELECT path, name FROM plant.equipment") == [(PATH, "press1")]
    rows = plant.rows("SELECT state, equipment_id IS NULL, decided_by FROM plant.equipment_proposal")
    assert rows == [("accepted", False, "ingest")] * 2


def test_what_the_demo_accepts_leaves_one_event_and_the_same_birth_again_none(
    plant: Plant, edge: WireEdge
) -> None:
    plant.restart(accept_equipment=True)
    plant.store(*edge.births(tags=with_path(PATH)))
    plant.store(*edge.births(tags=with_path(PATH)))
    [(kind, actor, status, facts, waits)] = plant.rows(
        "SELECT kind, actor, status, facts, EXISTS (SELECT FROM plant.unsealed WHERE unsealed.event_id = event.event_id)"
        " FROM plant.event"
    )
    assert (kind, actor, status, waits) == ("equipment.accept", "ingest", 200, True)
    told = facts["equipment_proposal"]
    assert (told["before"]["state"], told["after"]["state"]) == ("open", "accepted")
    assert told["after"]["equipment_id"] == plant.value("SELECT equipment_id FROM plant.equipment")


def test_another_path_is_proposed_anew_and_a_decision_stays(plant: Plant, edge: WireEdge) -> None:
    plant.store(*edge.births(tags=with_path(PATH)))
    plant.session.execute("UPDATE plant.equipment_proposal SET state = 'rejected'")
    plant.store(*edge.births(tags=with_path(PATH)))
    assert plant.rows("SELECT state FROM plant.equipment_proposal") == [("rejected",)]
    plant.store(*edge.births(tags=with_path(PATH + "b")))
    assert plant.rows("SELECT path, state FROM plant.equipment_proposal") == [(PATH + "b", "open")]


def test_deaths_put_devices_and_edges_offline(plant: Plant, born: WireEdge) -> None:
    plant.store(born.ddeath())
    assert plant.value("SELECT online FROM plant.device") is False
    assert plant.value("SELECT online FROM plant.edge") is True
    plant.store(born.dbirth())
    assert plant.value("SELECT online FROM plant.device") is True
    plant.store(born.ndeath())
    assert plant.value("SELECT online FROM plant.device") is False
    assert plant.value("SELECT online FROM plant.edge") is False


def test_a_death_with_an_old_bdseq_counts_for_nothing_even_after_a_restart(
    plant: Plant, born: WireEdge
) -> None:
    born.bd_seq = 7
    plant.store(*born.births())
    plant.restart()
    plant.store(born.ndeath(bd_seq=6))
    assert plant.value("SELECT online FROM plant.edge") is True
    plant.store(born.ndeath(bd_seq=7))
    assert plant.value("SELECT online FROM plant.edge") is False


def test_nobody_is_online_when_a_host_begins(plant: Plant, born: WireEdge) -> None:
    other_group = WireEdge(plant.now_ms, group="north")
    plant.store(*other_group.births())
    plant.restart(groups=("demo",))
    plant.pipeline.begin()
    assert plant.rows("SELECT group_id, online FROM plant.edge ORDER BY group_id") == [
        ("demo", False),
        ("north", True),
    ]


def test_a_birth_with_values_the_database_refuses_is_kept_and_its_neighbours_are_born(
    plant: Plant, edge: WireEdge
) -> None:
    nul = Tag("bad\0name", DataType.DOUBLE)
    plant.store(edge.nbirth(), edge.dbirth("press1", [nul]), edge.dbirth("press2"))
    assert plant.quarantined() == ["bad_birth"]
    assert plant.rows("SELECT name FROM plant.device") == [("press2",)]
    plant.store(edge.data(1, edge.reading("bad\0name", 1.0)))
    assert plant.quarantined() == ["bad_birth", "unknown_alias"]
    assert plant.committed() == 1


def test_a_property_that_makes_no_sense_counts_as_absent(plant: Plant, edge: WireEdge) -> None:
    odd = {"role": "banana", "width": "wide", "scale": -3, "rate_max": True, "counts": 5, "unit": 7}
    plant.store(*edge.births(tags=[Tag("x", DataType.DOUBLE, odd)]))  # type: ignore[arg-type]
    rows = plant.rows("SELECT role, width, scale, rate_max, counts, unit FROM plant.tag")
    assert rows == [("measurement", None, 1, None, None, None)]


def test_metrics_of_a_third_party_node_belong_to_a_device_without_name(plant: Plant) -> None:
    node = WireEdge(plant.now_ms, "other-brand", epoch=None)
    pressure = Metric(4.5, DataType.FLOAT, "pressure", alias=0, timestamp_ms=plant.now_ms)
    plant.store(node.nbirth([pressure]))
    assert plant.rows("SELECT device.name, tag.name FROM plant.tag JOIN plant.device USING (device_id)") == [
        ("", "pressure")
    ]
    by_alias = Metric(5.5, DataType.FLOAT, alias=0, timestamp_ms=plant.now_ms)
    by_name = Metric(6.5, DataType.FLOAT, "pressure", timestamp_ms=plant.now_ms)
    plant.store(node.message("NDATA", [by_alias]))
    assert plant.value("SELECT value FROM plant.last_value") == 5.5
    plant.store(node.message("NDATA", [by_name]))
    assert plant.value("SELECT value FROM plant.last_value") == 6.5
    assert plant.quarantined() == []


def test_a_proposal_is_json_that_names_the_fields_of_the_tag(plant: Plant, born: WireEdge) -> None:
    plant.store(*born.births(tags=[counter(rate_max=5)]))
    assert json.dumps(proposals(plant)[0][1]) == '{"rate_max": 5.0}'


def test_a_birth_value_of_stale_null_says_nothing(plant: Plant, born: WireEdge) -> None:
    """Births of an edge that has read nothing yet are full of them."""
    assert plant.rows("SELECT * FROM plant.last_value") == []


def test_a_node_that_promises_heartbeats_is_out_of_contact_soon_and_its_beats_are_no_data(
    plant: Plant, born: WireEdge
) -> None:
    assert plant.value("SELECT contact_lost_s FROM plant.edge") == 60
    beat = Metric(None, DataType.DATETIME, spool_metrics.HEARTBEAT, 90, timestamp_ms=born.now_ms)
    plant.store(born.nbirth([beat]))
    assert plant.value("SELECT contact_lost_s FROM plant.edge") == 8
    outcome = plant.store(born.message("NDATA", [Metric(born.now_ms, DataType.DATETIME, alias=90)]))
    assert outcome.quarantined == 0
    assert plant.value("SELECT count(*) FROM plant.tag WHERE name LIKE 'Node Info%'") == 0
    assert plant.value("SELECT count(*) FROM plant.sample") == 0
