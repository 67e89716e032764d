from tests.plant_server.ingest.conftest import Plant
from tests.plant_server.ingest.wire_edge import WireEdge


def test_a_message_is_stored_and_moves_the_cursor(plant: Plant, born: WireEdge) -> None:
    outcome = plant.store(born.data(1, born.reading("temperature", 21.5), born.reading("good", 7)))
    assert plant.samples() == [21.5]
    assert plant.samples("good") == [7]
    assert plant.committed() == 1
    [(_, committed)] = outcome.committed.values()
    assert committed == 1
