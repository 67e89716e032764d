from datetime import UTC, datetime

import pytest

from edge.contract.spool_metrics import REDEFINED, Gap, GapTag
from tests.plant_server.ingest.conftest import Plant
from tests.plant_server.ingest.wire_edge import EPOCH_2, RawMessage, WireEdge, counter


def count(edge: WireEdge, first: int, value: int, after_s: float) -> RawMessage:
    return edge.data(first, edge.reading("good", value, edge.now_ms + int(after_s * 1000)))


def log(plant: Plant) -> list[int]:
    return [int(total) for (total,) in plant.rows("SELECT total FROM plant.odometer_log ORDER BY ts")]


def cases(plant: Plant) -> list[tuple[object, ...]]:
    return plant.rows("SELECT number, kind, state, believed FROM plant.odometer_case ORDER BY number")


def test_the_total_advances_with_the_readings_and_each_advance_is_logged(
    plant: Plant, born: WireEdge
) -> None:
    plant.store(
        count(born, 1, 100, 0), count(born, 2, 103, 1), count(born, 3, 103, 2), count(born, 4, 104, 3)
    )
    assert plant.total() == 4
    assert log(plant) == [3, 4]


def test_readings_of_one_message_step_in_the_order_of_the_entries(plant: Plant, born: WireEdge) -> None:
    values = [(10, 0), (12, 1000), (15, 2000)]
    plant.store(
        born.data(1, *(born.reading("good", value, born.now_ms + ms) for value, ms in values), last=3)
    )
    assert log(plant) == [2, 5]


def test_an_unbroken_wrap_is_counted(plant: Plant, edge: WireEdge) -> None:
    plant.store(*edge.births(tags=(counter(width=8, rate_max=5),)))
    plant.store(count(edge, 1, 254, 0), count(edge, 2, 1, 1))
    assert plant.total() == 0
    plant.store(count(edge, 3, 2, 2))
    assert plant.total() == 4
    assert cases(plant) == []


def test_a_lost_contact_makes_the_same_step_down_a_restart(plant: Plant, edge: WireEdge) -> None:
    """Wrap and restart look alike; only an unbroken connection tells. The break is kept across transactions."""
    plant.store(*edge.births(tags=(counter(width=8, rate_max=5),)))
    plant.store(count(edge, 1, 254, 0), edge.contact(2, "press1", False))
    plant.store(edge.contact(3, "press1", True))
    plant.restart()
    plant.store(*edge.births(tags=(counter(width=8, rate_max=5),)))
    plant.store(count(edge, 4, 1, 1), count(edge, 5, 2, 2))
    assert [(kind, state) for _, kind, state, _ in cases(plant)] == [("restart", "open")]
    assert plant.alarms() == [("odometer_case", "demo/press-shop/press1/good")]


def test_a_gap_of_the_tag_breaks_it_and_a_gap_of_another_does_not(plant: Plant, edge: WireEdge) -> None:
    tags = (counter(width=8, rate_max=5), counter("reject", width=8, rate_max=5))
    now = edge.now_ms
    plant.store(*edge.births(tags=tags))
    readings = [(254, 0), (1, 2000), (2, 3000)]
    both = [[edge.reading(name, value, now + ms) for name in ("good", "reject")] for value, ms in readings]
    gap = Gap("dropped", now, now + 1000, (GapTag("press1", "reject", now, now + 1000, 1),))
    plant.store(edge.data(1, *both[0]), edge.gap(2, gap), edge.data(3, *both[1]), edge.data(4, *both[2]))
    assert plant.total("good") == 4
    rows = plant.rows("SELECT name, kind FROM plant.odometer_case JOIN plant.tag USING (tag_id)")
    assert rows == [("reject", "restart")]


@pytest.mark.parametrize(("reason", "kinds"), [("overflow", ["restart"]), ("dropped", [])])
def test_a_gap_of_a_whole_device_breaks_its_counters_unless_it_was_thinned(
    plant: Plant, edge: WireEdge, reason: str, kinds: list[str]
) -> None:
    now = edge.now_ms
    plant.store(*edge.births(tags=(counter(width=8, rate_max=5),)))
    gap = Gap(reason, now, now + 1000, (GapTag("press1", "*", now, now + 1000, None),))
    plant.store(count(edge, 1, 254, 0), edge.gap(2, gap), count(edge, 3, 1, 2), count(edge, 4, 2, 3))
    assert [kind for _, kind, _, _ in cases(plant)] == kinds


def redefined(edge: WireEdge, tag: str | None = "good") -> Gap:
    """`None`: merged with a record of which nobody knows the tags."""
    now = edge.now_ms
    rows = () if tag is None else (GapTag("press1", tag, now, now + 1000, None),)
    return Gap(REDEFINED, now, now + 1000, rows)


@pytest.mark.parametrize("tag", ["good", "*", None])
def test_the_step_to_another_number_of_a_redefined_tag_is_made_by_nobody(
    plant: Plant, born: WireEdge, tag: str | None
) -> None:
    """The machine could have made it, and the value is too high for a restart: any other break would believe it."""
    plant.store(count(born, 1, 1000, 0), count(born, 2, 1003, 1), born.contact(3, "press1", False))
    plant.store(born.gap(4, redefined(born, tag)), born.contact(5, "press1", True))
    plant.store(count(born, 6, 1050, 2), count(born, 7, 1054, 3))
    assert (plant.total(), log(plant), cases(plant)) == (7, [3, 7], [])


def test_a_tag_beside_the_redefined_one_goes_on_unbroken(plant: Plant, edge: WireEdge) -> None:
    plant.store(*edge.births(tags=(counter(width=8, rate_max=5), counter("reject"))))
    plant.store(count(edge, 1, 254, 0), edge.gap(2, redefined(edge, "reject")))
    plant.store(count(edge, 3, 1, 1), count(edge, 4, 2, 2))
    assert (plant.total(), cases(plant)) == (4, [])


def test_a_doubt_about_the_number_before_is_told_as_a_case_and_ends_there(
    plant: Plant, edge: WireEdge
) -> None:
    plant.store(*edge.births(tags=(counter(rate_max=5),)))
    plant.store(count(edge, 1, 1000, 0), count(edge, 2, 3, 10), edge.gap(3, redefined(edge)))
    assert cases(plant) == [(1, "unclear", "open", 0)]
    assert plant.value("SELECT at_most FROM plant.odometer_case") == 51
    plant.store(count(edge, 4, 700, 11), count(edge, 5, 702, 12))
    assert (plant.total(), len(cases(plant))) == (2, 1)


def test_a_new_epoch_is_a_break_and_goes_on_counting(plant: Plant, born: WireEdge) -> None:
    plant.store(count(born, 1, 1000, 0))
    born.epoch, born.bd_seq = EPOCH_2, 1
    plant.store(*born.births(), count(born, 1, 1005, 1))
    assert plant.total() == 5
    assert plant.value("SELECT is_broken FROM plant.odometer") is False


def test_a_case_that_a_reading_settles_is_settled_and_its_alarm_cleared(plant: Plant, edge: WireEdge) -> None:
    plant.store(*edge.births(tags=(counter(rate_max=5),)))
    plant.store(
        count(edge, 1, 1000, 0),
        *(count(edge, 2 + n, 3, 1 + 30 * n) for n in range(3)),
    )
    assert [state for _, _, state, _ in cases(plant)] == ["open"]
    plant.store(count(edge, 5, 1001, 100))
    states = [state for _, _, state, _ in cases(plant)]
    assert len(states) == 1
    assert (plant.alarms() == []) == (states == ["settled"])


def test_a_doubt_that_no_reading_comes_to_settle_becomes_a_case(plant: Plant, born: WireEdge) -> None:
    plant.store(count(born, 1, 1000, 0), count(born, 2, 3, 1))
    assert cases(plant) == []
    plant.now_ms += 400_000
    plant.monotonic_s += 400
    plant.pipeline.do_chores()
    assert [(kind, state) for _, kind, state, _ in cases(plant)] == [("unclear", "open")]
    assert plant.alarms() == [("odometer_case", "demo/press-shop/press1/good")]
    plant.monotonic_s += 400
    plant.pipeline.do_chores()
    assert len(cases(plant)) == 1


def test_a_repeated_reading_does_not_step_twice(plant: Plant, born: WireEdge) -> None:
    plant.store(count(born, 1, 10, 0), count(born, 2, 15, 1))
    plant.store(count(born, 1, 10, 0), count(born, 2, 15, 1))
    assert plant.total() == 5
    assert log(plant) == [5]


def test_what_a_person_changes_in_the_state_is_not_overwritten_from_memory(
    plant: Plant, born: WireEdge
) -> None:
    plant.store(count(born, 1, 10, 0), count(born, 2, 15, 1))
    plant.session.execute("UPDATE plant.odometer SET total = 105, state = jsonb_set(state, '{total}', '105')")
    plant.store(count(born, 3, 16, 2))
    assert plant.total() == 106


def test_a_total_over_two_to_the_53_is_exact(plant: Plant, edge: WireEdge) -> None:
    plant.store(*edge.births(tags=(counter(width=64, rate_max=1e17),)))
    plant.store(count(edge, 1, 1, 0), count(edge, 2, 2**60 + 3, 60))
    assert plant.total() == 2**60 + 2
    assert log(plant) == [2**60 + 2]


def test_the_odometer_knows_the_time_of_its_last_reading(plant: Plant, born: WireEdge) -> None:
    plant.store(count(born, 1, 10, 0), count(born, 2, 15, 1))
    ts = plant.value("SELECT ts FROM plant.odometer")
    assert ts == datetime.fromtimestamp((born.now_ms + 1000) / 1000, UTC)
