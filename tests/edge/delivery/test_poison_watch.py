"""When an entry is taken for one that the plant can neither store nor refuse."""

from edge.delivery.poison_watch import PoisonWatch


def _watched(sent: int, answers: int, *, over_s: float = 60.0, until: float = 60.0) -> PoisonWatch:
    watch = PoisonWatch(over_s=over_s)
    for turn in range(sent):
        watch.sent(7, until * turn / max(1, sent - 1))
    for _ in range(answers):
        watch.answered()
    return watch


def test_five_times_in_a_minute_while_the_plant_answers_is_poison() -> None:
    assert _watched(5, 4).is_poison(7, 60.0)


def test_an_entry_is_no_poison_while_the_plant_is_silent() -> None:
    assert not _watched(50, 0).is_poison(7, 600.0)


def test_an_entry_is_no_poison_before_its_minute_is_over() -> None:
    assert not _watched(50, 50, until=59.0).is_poison(7, 59.9)


def test_an_entry_is_no_poison_before_it_was_sent_five_times() -> None:
    assert not _watched(4, 50).is_poison(7, 600.0)


def test_another_entry_begins_anew() -> None:
    watch = _watched(5, 5)
    watch.sent(8, 61.0)
    assert not watch.is_poison(8, 61.0)
    assert not watch.is_poison(7, 61.0)
