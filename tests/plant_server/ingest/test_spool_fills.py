"""How full spools are, at the plant: the last word of each edge, and messages of releases before and after."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from edge.contract.datatypes import DataType
from edge.contract.payloads import Metric, Value
from edge.contract.spool_fill import BOUND, DISK_FREE, FILL_NAMES, OLDEST, USED, WAITING, SpoolFill
from plant_server.ingest import binding
from plant_server.ingest.message import RawMessage
from tests.plant_server.ingest.conftest import Plant
from tests.plant_server.ingest.wire_edge import WireEdge

GOLDEN = Path(__file__).parents[2] / "contract" / "golden"
GIB = 1 << 30
FILL = SpoolFill(41_250, 0, 1_760_000_000, 2 * GIB, 31 * GIB)
ROW = "SELECT waiting, oldest_age_s, used_bytes, bound_bytes, disk_free_bytes FROM plant.edge_spool"


def metrics_of(edge: WireEdge, values: Mapping[str, Value]) -> list[Metric]:
    return [
        Metric(
            value,
            DataType.DATETIME if name == OLDEST else DataType.UINT64,
            name,
            edge.alias("", name),
            edge.now_ms,
        )
        for name, value in values.items()
    ]


def told(edge: WireEdge, fill: SpoolFill, age_s: int | None = None) -> RawMessage:
    """NDATA: by alias alone, like an edge's."""
    oldest_ms = None if age_s is None else edge.now_ms - 1000 * age_s
    metrics = metrics_of(edge, replace(fill, oldest_ms=oldest_ms).by_name())
    return edge.message("NDATA", [replace(metric, name=None) for metric in metrics])


def born(edge: WireEdge, fill: SpoolFill, age_s: int | None = None) -> RawMessage:
    oldest_ms = None if age_s is None else edge.now_ms - 1000 * age_s
    return edge.nbirth(metrics_of(edge, replace(fill, oldest_ms=oldest_ms).by_name()))


def golden(kind: str, name: str, received_ms: int) -> RawMessage:
    return RawMessage.received(f"spBv1.0/demo/{kind}/press-shop", (GOLDEN / name).read_bytes(), received_ms)


def assert_nothing_else_came_of_it(plant: Plant) -> None:
    """The golden messages are old: that their clock is off is told."""
    [counts] = plant.rows(
        "SELECT (SELECT count(*) FROM plant.device), (SELECT count(*) FROM plant.tag), (SELECT count(*) FROM plant.sample),"
        " (SELECT count(*) FROM plant.last_value), (SELECT count(*) FROM plant.quarantine),"
        " (SELECT count(*) FROM plant.edge_cursor), (SELECT count(*) FROM plant.alarm WHERE kind <> 'clock_skew')"
    )
    assert counts == (0,) * 7


def test_a_birth_and_then_each_message_replace_the_last_word(plant: Plant, edge: WireEdge) -> None:
    plant.store(born(edge, FILL, 5400))
    assert plant.rows(ROW) == [(41_250, 5400, 1_760_000_000, 2 * GIB, 31 * GIB)]
    plant.store(told(edge, replace(FILL, waiting=9), 60), told(edge, replace(FILL, waiting=3), 20))
    assert plant.rows(ROW) == [(3, 20, 1_760_000_000, 2 * GIB, 31 * GIB)]
    plant.store(told(edge, replace(FILL, waiting=0, disk_free_bytes=None)))
    assert plant.rows(ROW) == [(0, None, 1_760_000_000, 2 * GIB, None)]
    assert_nothing_else_came_of_it(plant)


def test_the_age_is_by_the_edge_s_clock_and_grows_by_ours(plant: Plant, edge: WireEdge) -> None:
    plant.store(born(edge, FILL, 3600))
    [(received_ms,)] = plant.rows(
        "UPDATE plant.edge_spool SET received_time = received_time - interval '10 min'"
        " RETURNING extract(epoch FROM received_time) * 1000"
    )
    assert round(received_ms) == edge.now_ms - 600_000
    [(age_s,)] = plant.rows("SELECT oldest_age_s FROM bi.edge_spool")
    assert 4200 <= age_s < 4260


def test_an_edge_whose_clock_is_two_hours_behind_waits_no_longer_for_it(plant: Plant, edge: WireEdge) -> None:
    ours_ms, edge.now_ms = edge.now_ms, edge.now_ms - 7_200_000
    birth = born(edge, FILL, 30)
    plant.store(RawMessage.received(birth.topic, birth.payload, ours_ms))
    assert plant.value("SELECT oldest_age_s FROM plant.edge_spool") == 30


def test_a_late_message_does_not_undo_the_birth_that_came_after_it(plant: Plant, edge: WireEdge) -> None:
    plant.store(born(edge, FILL, 60))
    late = told(edge, replace(FILL, waiting=1), 10)
    edge.now_ms += 1000
    plant.now_ms += 1000
    plant.store(late, born(edge, replace(FILL, waiting=77), 60))
    assert plant.value("SELECT waiting FROM plant.edge_spool") == 77


def test_an_edge_that_went_back_to_a_release_that_does_not_tell_has_no_old_word(
    plant: Plant, edge: WireEdge
) -> None:
    plant.store(born(edge, FILL, 60))
    edge.now_ms += 1000
    plant.store(*edge.births())
    assert plant.rows(ROW) == []


@pytest.mark.parametrize(
    "wrong", [{WAITING: 1 << 63}, {USED: None}, {BOUND: 0}, {DISK_FREE: (1 << 64) - 1}], ids=str
)
def test_what_is_no_fill_is_kept_in_quarantine_and_stops_nothing(
    plant: Plant, edge: WireEdge, wrong: dict[str, int | None]
) -> None:
    plant.store(born(edge, FILL, 60), edge.dbirth())
    metrics = metrics_of(edge, {**FILL.by_name(), **wrong})
    plant.store(edge.message("NDATA", metrics), edge.data(1, edge.reading("temperature", 20.5)))
    assert plant.quarantined() == ["bad_numbers"]
    assert plant.samples() == [20.5]
    assert plant.value("SELECT waiting FROM plant.edge_spool") == FILL.waiting
    edge.now_ms += 1000
    plant.store(edge.nbirth(metrics), edge.dbirth(), edge.data(2, edge.reading("temperature", 21.5)))
    assert plant.samples() == [20.5, 21.5]
    assert plant.rows(ROW) == []


def test_it_costs_no_transaction_of_its_own(plant: Plant, born_and_told: WireEdge) -> None:
    edge = born_and_told
    readings = [edge.data(n, edge.reading("temperature", n)) for n in range(1, 4)]
    before = plant.value("SELECT pg_current_xact_id()::text::bigint")
    plant.store(*readings, told(edge, FILL, 30))
    after = plant.value("SELECT pg_current_xact_id()::text::bigint")
    assert after - before == 2, "the batch, and our own question"
    assert plant.value("SELECT waiting FROM plant.edge_spool") == FILL.waiting


@pytest.fixture
def born_and_told(plant: Plant, edge: WireEdge) -> WireEdge:
    plant.store(
        born(edge, replace(FILL, waiting=0)), edge.dbirth(), edge.data(1, edge.reading("temperature", 1))
    )
    return edge


def test_released_messages_are_read(plant: Plant) -> None:
    plant.store(
        golden("NBIRTH", "nbirth_without_fill.bin", plant.now_ms),
        golden("NDATA", "heartbeat.bin", plant.now_ms),
    )
    assert plant.rows(ROW) == []
    assert_nothing_else_came_of_it(plant)
    plant.now_ms += 1000
    plant.store(golden("NBIRTH", "nbirth.bin", plant.now_ms))
    assert plant.rows(ROW) == [(41_250, 5400, 1_760_000_000, 2 * GIB, 31_000_000_000)]
    plant.store(golden("NDATA", "spool_fill.bin", plant.now_ms))
    assert plant.rows(ROW) == [(0, None, 1_073_000_000, 2 * GIB, None)]
    assert_nothing_else_came_of_it(plant)


def test_a_plant_that_does_not_know_the_names_takes_them_for_nothing(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the rule of every release so far: what begins with Node Control/ is no tag, and its data is passed over."""
    monkeypatch.setattr(binding, "SPOOL_NAMES", binding.SPOOL_NAMES - FILL_NAMES)
    assert not any(binding.is_tag(name) for name in FILL_NAMES)
    outcome = plant.store(
        golden("NBIRTH", "nbirth_without_fill.bin", plant.now_ms),
        golden("NDATA", "heartbeat.bin", plant.now_ms),
    )
    later = plant.store(
        golden("NBIRTH", "nbirth.bin", plant.now_ms), golden("NDATA", "spool_fill.bin", plant.now_ms)
    )
    assert (later.quarantined, later.rebirths) == (outcome.quarantined, outcome.rebirths) == (0, [])
    assert_nothing_else_came_of_it(plant)
