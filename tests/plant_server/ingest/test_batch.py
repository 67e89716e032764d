"""What else a batch writes: dirty marks, partitions, order, clocks, wake-ups."""

from datetime import UTC, datetime, timedelta

import psycopg

from tests.plant_server.ingest.conftest import Plant
from tests.plant_server.ingest.wire_edge import WireEdge


def test_each_tag_and_minute_of_a_batch_is_marked_once(plant: Plant, born: WireEdge) -> None:
    minute = plant.now_ms // 60_000 * 60_000 - 600_000
    times = [minute, minute + 1, minute + 59_999, minute + 60_000]
    plant.store(
        *(born.data(n, born.reading("temperature", 1.0, time)) for n, time in enumerate(times, start=1)),
        born.data(5, born.reading("order", "A", minute)),
    )
    rows = plant.rows(
        "SELECT name, minute FROM plant.dirty JOIN plant.tag USING (tag_id) ORDER BY name, minute"
    )
    first = datetime.fromtimestamp(minute / 1000, UTC)
    assert rows == [("order", first), ("temperature", first), ("temperature", first + timedelta(minutes=1))]


def test_a_sample_has_its_source_time_to_the_millisecond(plant: Plant, born: WireEdge) -> None:
    time_ms = plant.now_ms - 12_345
    plant.store(born.data(1, born.reading("temperature", 1.0, time_ms)))
    assert plant.value("SELECT ts FROM plant.sample") == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(
        milliseconds=time_ms
    )


def test_a_backlog_of_days_gets_its_partitions(plant: Plant, born: WireEdge) -> None:
    day_ms = 86_400_000
    times = [plant.now_ms - n * day_ms for n in (20, 3, 9, 0)]
    plant.store(
        *(born.data(n, born.reading("temperature", 1.0, time)) for n, time in enumerate(times, start=1))
    )
    assert len(plant.samples()) == 4


def test_days_in_the_middle_of_a_message_get_their_partitions_too(plant: Plant, born: WireEdge) -> None:
    day_ms = 86_400_000
    readings = [born.reading("temperature", float(n), plant.now_ms - n * day_ms) for n in (0, 5, 7, 0)]
    texts = [born.reading("order", "A", plant.now_ms - 11 * day_ms)]
    plant.store(born.data(1, *readings[:2], *texts, *readings[2:]))
    assert sorted(value or 0 for value in plant.samples()) == [0, 0, 5, 7]
    assert plant.committed() == 1
    assert plant.quarantined() == []


def test_a_partition_that_was_dropped_under_us_is_made_again(plant: Plant, born: WireEdge) -> None:
    plant.store(born.data(1, born.reading("temperature", 1.0)))
    [(name,)] = plant.rows("SELECT tableoid::regclass::text FROM plant.sample")
    plant.session.execute(f"DROP TABLE {name}")
    plant.store(born.data(2, born.reading("temperature", 2.0)))
    assert plant.samples() == [2]


def test_a_commit_log_row_tells_the_lag(plant: Plant, born: WireEdge) -> None:
    plant.store(
        born.data(1, born.reading("temperature", 1.0, plant.now_ms - 5000)),
        born.data(2, born.reading("temperature", 1.0, plant.now_ms - 1000)),
    )
    [row] = plant.rows(
        "SELECT first, last, samples, extract(epoch FROM newest - oldest), stored_time IS NOT NULL FROM plant.commit_log"
    )
    assert row == (1, 2, 2, 4, True)


def test_a_clock_that_is_off_is_an_alarm_until_it_agrees(plant: Plant, born: WireEdge) -> None:
    plant.store(born.data(1, born.reading("temperature", 1.0), skew_ms=-7000))
    plant.monotonic_s += 2
    plant.store(born.data(2, born.reading("temperature", 1.0), skew_ms=-7000))
    assert plant.alarms() == [("clock_skew", "demo/press-shop")]
    assert plant.value("SELECT clock_skew_s FROM plant.edge") == -7
    plant.restart()
    plant.monotonic_s += 2
    plant.store(*born.births())
    assert plant.alarms() == []


def test_of_a_batch_the_message_that_waited_least_tells_the_skew(plant: Plant, born: WireEdge) -> None:
    plant.monotonic_s += 2
    plant.store(
        born.data(1, born.reading("temperature", 1.0), skew_ms=-9000),
        born.data(2, born.reading("temperature", 1.0), skew_ms=-100),
    )
    assert plant.value("SELECT clock_skew_s FROM plant.edge") == -0.1
    assert plant.alarms() == []


def test_listeners_are_woken_by_what_is_committed(plant: Plant, born: WireEdge) -> None:
    with psycopg.connect(plant.database.url, autocommit=True) as listener:
        listener.execute("LISTEN plant_live")
        plant.store(born.data(1, born.reading("temperature", 1.0)))
        woken = list(listener.notifies(timeout=10, stop_after=1))
    assert [(notify.channel, notify.payload) for notify in woken] == [("plant_live", "")]


def test_the_last_message_of_an_edge_is_known(plant: Plant, born: WireEdge) -> None:
    seen = plant.value("SELECT last_message FROM plant.edge")
    assert seen == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=plant.now_ms)


def test_an_empty_batch_does_nothing(plant: Plant) -> None:
    outcome = plant.store()
    assert outcome.committed == {}
    assert plant.rows("SELECT * FROM plant.edge") == []
