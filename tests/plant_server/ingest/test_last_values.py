from edge.contract.datatypes import Quality
from tests.plant_server.ingest.conftest import Plant
from tests.plant_server.ingest.wire_edge import PRESS, Tag, WireEdge


def last(plant: Plant, tag: str = "temperature") -> float | None:
    return plant.value(  # type: ignore[no-any-return]
        "SELECT value FROM plant.last_value JOIN plant.tag USING (tag_id) WHERE name = %s", tag
    )


def test_the_last_reading_of_a_batch_wins_by_sequence_not_by_time(plant: Plant, born: WireEdge) -> None:
    plant.store(
        born.data(
            1,
            born.reading("temperature", 1.0, plant.now_ms),
            born.reading("temperature", 2.0, plant.now_ms - 500),
        ),
        born.data(2, born.reading("temperature", 3.0, plant.now_ms - 9000)),
    )
    assert last(plant) == 3
    plant.store(born.data(3, born.reading("temperature", 4.0, plant.now_ms - 10_000)))
    assert last(plant) == 4


def test_texts_have_a_last_value_too(plant: Plant, born: WireEdge) -> None:
    plant.store(born.data(1, born.reading("order", "A-1"), born.reading("temperature", 2.0)))
    plant.store(born.data(2, born.reading("order", "A-2")))
    assert plant.rows("SELECT text, value FROM plant.last_value ORDER BY text") == [("A-2", None), (None, 2)]


def test_a_value_without_spool_numbers_is_seen_and_never_stored(plant: Plant, born: WireEdge) -> None:
    plant.store(born.live(born.reading("temperature", 9.0), born.reading("good", 5)))
    assert last(plant) == 9
    for table in ("sample", "dirty", "odometer", "commit_log", "edge_cursor"):
        assert plant.value(f"SELECT count(*) FROM plant.{table}") == 0  # noqa: S608


def test_backlog_does_not_replace_a_newer_live_value(plant: Plant, born: WireEdge) -> None:
    minute_ago = plant.now_ms - 60_000
    plant.store(born.data(1, born.reading("temperature", 1.0, minute_ago)))
    plant.store(born.live(born.reading("temperature", 9.0)))
    plant.store(born.data(2, born.reading("temperature", 2.0, minute_ago + 1000)))
    assert last(plant) == 9
    assert plant.samples() == [1, 2]
    plant.store(born.data(3, born.reading("temperature", 3.0, plant.now_ms)))
    assert last(plant) == 3
    plant.store(born.data(4, born.reading("temperature", 4.0, minute_ago)))
    assert last(plant) == 4


def test_a_third_party_node_is_live_in_the_order_of_arrival(plant: Plant) -> None:
    node = WireEdge(plant.now_ms, "other-brand", epoch=None)
    plant.store(*node.births())
    plant.store(node.live(node.reading("temperature", 1.0)), node.live(node.reading("temperature", 2.0)))
    assert last(plant) == 2
    plant.store(node.live(node.reading("temperature", 3.0, plant.now_ms - 5000)))
    assert last(plant) == 3
    assert plant.samples() == []
    assert plant.rows("SELECT * FROM plant.edge_cursor") == []


def test_a_birth_value_is_seen_and_not_stored(plant: Plant, edge: WireEdge) -> None:
    tags = [
        Tag(tag.name, tag.datatype, tag.properties, {"temperature": 21.5, "order": "A-1"}.get(tag.name))
        for tag in PRESS
    ]
    plant.store(*edge.births(tags=tags))
    assert last(plant) == 21.5
    assert plant.rows("SELECT text FROM plant.last_value WHERE text IS NOT NULL") == [("A-1",)]
    assert plant.samples() == []


def test_a_birth_without_a_value_leaves_the_last_one(plant: Plant, born: WireEdge) -> None:
    plant.store(born.data(1, born.reading("temperature", 1.0)))
    plant.store(*born.births())
    assert last(plant) == 1


def test_a_bad_reading_shows_as_bad(plant: Plant, born: WireEdge) -> None:
    plant.store(born.data(1, born.reading("temperature", None, quality=Quality.BAD)))
    assert plant.rows("SELECT value, quality FROM plant.last_value") == [(None, 0)]


def test_a_live_value_from_another_year_is_not_seen(plant: Plant, born: WireEdge) -> None:
    plant.store(born.live(born.reading("temperature", 9.0, 4_070_908_800_000)))
    assert plant.rows("SELECT * FROM plant.last_value") == []
    assert plant.rows("SELECT * FROM plant.sample_quarantine") == []
