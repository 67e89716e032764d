import random
from pathlib import Path

import psycopg
import pytest

from edge.contract import failpoints
from edge.contract.spool_metrics import Gap, GapTag
from plant_server.errors import CursorConflict
from plant_server.ingest import store as store_module
from tests.plant_server.ingest.conftest import Plant
from tests.plant_server.ingest.wire_edge import EPOCH_1, EPOCH_2, WireEdge


def test_a_message_is_stored_and_moves_the_cursor(plant: Plant, born: WireEdge) -> None:
    outcome = plant.store(born.data(1, born.reading("temperature", 21.5), born.reading("good", 7)))
    assert plant.samples() == [21.5]
    assert plant.samples("good") == [7]
    assert plant.committed() == 1
    [(epoch, committed)] = outcome.committed.values()
    assert (str(epoch), committed) == (EPOCH_1, 1)


def test_several_messages_are_one_transaction(plant: Plant, born: WireEdge) -> None:
    plant.store(*(born.data(n, born.reading("temperature", float(n))) for n in range(1, 6)))
    assert plant.samples() == [1, 2, 3, 4, 5]
    assert plant.rows("SELECT first, last, samples FROM plant.commit_log") == [(1, 5, 5)]


def test_what_comes_again_is_stored_once(plant: Plant, born: WireEdge) -> None:
    """The edge sends again in a new message: other seq, same numbers."""
    plant.store(
        born.data(1, born.reading("temperature", 1.0)), born.data(2, born.reading("temperature", 2.0))
    )
    outcome = plant.store(
        born.data(1, born.reading("temperature", 1.0)),
        born.data(2, born.reading("temperature", 2.0)),
        born.data(3, born.reading("temperature", 3.0)),
    )
    assert plant.samples() == [1, 2, 3]
    assert outcome.stored.skipped == 2
    assert [number for _, number in outcome.committed.values()] == [3]


def test_a_repeat_within_one_batch_is_stored_once(plant: Plant, born: WireEdge) -> None:
    plant.store(*(born.data(1, born.reading("temperature", 1.0)) for _ in range(3)))
    assert plant.samples() == [1]


def test_a_message_that_overlaps_the_cursor_is_not_cut(plant: Plant, born: WireEdge) -> None:
    """Its readings do not say to which entry they belong; the edge is told where we are and sends from there."""
    plant.store(born.data(1, born.reading("temperature", 1.0), last=2))
    outcome = plant.store(born.data(2, born.reading("temperature", 2.0), last=3))
    assert plant.samples() == [1]
    assert outcome.stored.holes == 1
    assert [number for _, number in outcome.committed.values()] == [2]
    assert len(outcome.behind) == 1
    plant.store(born.data(3, born.reading("temperature", 3.0)))
    assert plant.samples() == [1, 3]


def test_a_hole_waits_for_what_is_missing(plant: Plant, born: WireEdge) -> None:
    outcome = plant.store(
        born.data(1, born.reading("temperature", 1.0)), born.data(3, born.reading("temperature", 3.0))
    )
    assert plant.samples() == [1]
    assert plant.committed() == 1
    assert len(outcome.behind) == 1
    plant.store(
        born.data(2, born.reading("temperature", 2.0)), born.data(3, born.reading("temperature", 3.0))
    )
    assert plant.samples() == [1, 2, 3]


def test_any_order_of_sendings_with_repeats_and_restarts_stores_each_entry_once(
    plant: Plant, edge: WireEdge
) -> None:
    """Property: an edge that sends again from the cursor, a plant that dies, a network that repeats and swaps."""
    dice = random.Random(7)
    entries = 120
    plant.store(*edge.births())
    for _ in range(400):
        start = plant.committed() + 1
        if start > entries:
            break
        if dice.random() < 0.1:
            plant.restart()
            plant.store(*edge.births())
        wanted = list(range(max(1, start - 2), min(entries, start + 6) + 1))
        if dice.random() < 0.3:
            dice.shuffle(wanted)
        plant.store(
            *(edge.data(n, edge.reading("temperature", float(n)), edge.reading("good", n)) for n in wanted)
        )
    assert plant.samples() == [float(n) for n in range(1, entries + 1)]
    assert plant.total() == entries - 1


def test_two_edges_in_one_batch_have_their_own_cursors(plant: Plant, edge: WireEdge) -> None:
    other = WireEdge(plant.now_ms, "paint-shop", epoch=EPOCH_2)
    plant.store(*edge.births(), *other.births())
    plant.store(
        edge.data(1, edge.reading("temperature", 1.0)),
        other.data(1, other.reading("temperature", 10.0)),
        edge.data(2, edge.reading("temperature", 2.0)),
    )
    rows = plant.rows(
        "SELECT node, committed FROM plant.edge_cursor JOIN plant.edge USING (edge_id) ORDER BY node"
    )
    assert rows == [("paint-shop", 1), ("press-shop", 2)]


def test_a_new_epoch_begins_at_nothing(plant: Plant, born: WireEdge) -> None:
    plant.store(born.data(1, born.reading("temperature", 1.0), last=50))
    born.epoch, born.bd_seq = EPOCH_2, 1
    outcome = plant.store(*born.births())
    assert [number for _, number in outcome.committed.values()] == [0]
    plant.store(born.data(1, born.reading("temperature", 2.0)))
    assert plant.samples() == [1, 2]
    assert plant.alarms() == []


def test_two_epochs_that_commit_in_turn_are_an_alarm(plant: Plant, born: WireEdge) -> None:
    """A cloned spool: A, B, and A again."""
    clone = WireEdge(plant.now_ms, epoch=EPOCH_2, bd_seq=1)
    plant.store(born.data(1, born.reading("temperature", 1.0)))
    plant.store(*clone.births(), clone.data(1, clone.reading("temperature", 2.0)))
    assert plant.alarms() == []
    plant.store(*born.births(), born.data(2, born.reading("temperature", 3.0)))
    assert plant.alarms() == [("two_epochs", "demo/press-shop")]


def test_an_nbirth_is_answered_with_where_we_are(plant: Plant, born: WireEdge) -> None:
    plant.store(born.data(1, born.reading("temperature", 1.0), last=9))
    outcome = plant.store(*born.births())
    assert [number for _, number in outcome.committed.values()] == [9]
    assert len(outcome.born) == 1


def test_a_cursor_that_somebody_else_moved_stops_the_batch(
    plant: Plant, born: WireEdge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can while the row is locked; if somebody does all the same, nothing of the batch may stay."""
    real = store_module.write_samples

    def meddling(cursor: psycopg.Cursor, accepted: list[store_module.Facts]) -> int:
        cursor.execute("UPDATE plant.edge_cursor SET committed = committed + 5")
        return real(cursor, accepted)

    monkeypatch.setattr(store_module, "write_samples", meddling)
    with pytest.raises(CursorConflict):
        plant.store(born.data(1, born.reading("temperature", 1.0), born.reading("good", 5)))
    plant.connection.rollback()
    assert plant.samples() == []
    assert plant.committed() == 0
    assert plant.rows("SELECT * FROM plant.odometer") == []


def test_a_roll_back_leaves_odometer_and_cursor_as_they_were(
    plant: Plant, born: WireEdge, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant.store(
        born.data(1, born.reading("good", 10)), born.data(2, born.reading("good", 12, plant.now_ms + 1000))
    )
    assert plant.total() == 2

    class Killed(BaseException):
        """What a SIGKILL at this place leaves behind: a session that ends without COMMIT."""

    def die(name: str) -> None:
        if name == "ingest.before_commit":
            raise Killed

    monkeypatch.setattr(store_module, "failpoint", die)
    third = born.data(3, born.reading("good", 15, plant.now_ms + 2000))
    with pytest.raises(Killed):
        plant.store(third)
    monkeypatch.undo()
    plant.restart()
    assert (plant.committed(), plant.total(), plant.samples("good")) == (2, 2, [10, 12])
    plant.store(*born.births(), born.data(3, born.reading("good", 15, plant.now_ms + 2000)))
    assert (plant.committed(), plant.total(), plant.samples("good")) == (3, 5, [10, 12, 15])


def test_a_gap_record_stands_for_its_numbers(plant: Plant, born: WireEdge) -> None:
    now = plant.now_ms
    gap = Gap("dropped", now - 9000, now, (GapTag("press1", "temperature", now - 9000, now - 1000, 8),))
    plant.store(born.data(1, born.reading("temperature", 1.0)), born.gap(2, gap, last=40))
    assert plant.committed() == 40
    rows = plant.rows("SELECT first, last, reason, device, tag, count, to_ts > from_ts FROM plant.gap")
    assert rows == [(2, 40, "dropped", "press1", "temperature", 8, True)]


def test_a_gap_of_which_nobody_knows_the_tags_is_one_row(plant: Plant, born: WireEdge) -> None:
    plant.store(born.gap(1, Gap("corrupt", None, None), last=7))
    assert plant.rows("SELECT last, reason, device, from_ts FROM plant.gap") == [(7, "corrupt", None, None)]


def test_a_change_of_contact_is_a_fact_with_its_own_time(plant: Plant, born: WireEdge) -> None:
    plant.store(
        born.contact(1, "press1", False, plant.now_ms - 60_000),
        born.contact(2, "press1", True, plant.now_ms - 30_000),
        born.contact(3, "never-seen", False),
    )
    rows = plant.rows(
        "SELECT name, contact.online FROM plant.device_contact AS contact JOIN plant.device USING (device_id) ORDER BY ts"
    )
    assert rows == [("press1", False), ("press1", True), ("never-seen", False)]
    assert plant.committed() == 3


def test_the_failpoints_stand_around_the_commit() -> None:
    assert {"ingest.before_commit", "ingest.after_commit"} <= failpoints.NAMES
    source = Path(store_module.__file__).read_text()
    before, commit, after = (
        source.index(text)
        for text in (
            'failpoint("ingest.before_commit")',
            ".commit()\n        failpoint",
            'failpoint("ingest.after_commit")',
        )
    )
    assert before < commit < after
