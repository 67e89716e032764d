"""What people said holds wherever the bounds of a stop come to lie."""

import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from plant_server.domain.stop import Stop, StopPiece, explain
from plant_server.stops.words import Word, assignments

NOTHING: frozenset[str] = frozenset()


def stop(start_ms: int, end_ms: int) -> Stop:
    return Stop(start_ms, end_ms, False, NOTHING, frozenset())


def word(word_id: int, from_ms: int, to_ms: int, reason: str | None, **more: bool) -> Word:
    flags = {"from_start": False, "to_end": False} | more
    return Word(word_id, from_ms, to_ms, flags["from_start"], flags["to_end"], reason, "person:1", word_id)


def whole(word_id: int, of: Stop, reason: str | None) -> Word:
    return word(word_id, of.start_ms, of.end_ms, reason, from_start=True, to_end=True)


def pieces(stops: Sequence[Stop], words: Sequence[Word]) -> list[tuple[int, int, str | None]]:
    return [(one.start_ms, one.end_ms, one.reason) for one in explain(stops, assignments(words, stops))]


def test_a_reason_for_the_whole_follows_both_borders() -> None:
    said = whole(1, stop(100, 200), "jam")
    assert pieces([stop(90, 230)], [said]) == [(90, 230, "jam")]
    assert pieces([stop(110, 190)], [said]) == [(110, 190, "jam")]


def test_a_reason_stays_with_both_halves_of_a_stop_that_broke() -> None:
    said = whole(1, stop(100, 200), "jam")
    assert pieces([stop(100, 140), stop(150, 200)], [said]) == [(100, 140, "jam"), (150, 200, "jam")]


def test_stops_that_became_one_keep_both_reasons_whoever_spoke_last() -> None:
    first, second = stop(100, 200), stop(300, 400)
    for early, late in ((1, 2), (2, 1)):
        words = [whole(early, first, "jam"), whole(late, second, "tool")]
        told = pieces([stop(100, 400)], words)
        between = "tool" if late > early else "jam"
        ends = (200, "jam") if between == "tool" else (300, "jam")
        assert told == [(100, ends[0], "jam"), (ends[0], 400, "tool")]


def test_a_stop_that_is_gone_and_comes_back_has_its_reason_again() -> None:
    said = whole(1, stop(100, 200), "jam")
    assert pieces([], [said]) == []
    assert pieces([stop(100, 200)], [said]) == [(100, 200, "jam")]


def test_another_stop_learns_nothing_from_a_word() -> None:
    said = whole(1, stop(100, 200), "jam")
    assert pieces([stop(100, 200), stop(201, 250)], [said]) == [(100, 200, "jam"), (201, 250, None)]


def test_a_word_for_a_part_does_not_grow_into_the_rest() -> None:
    said = word(1, 100, 150, "jam", from_start=True)
    assert pieces([stop(80, 200)], [said]) == [(80, 150, "jam"), (150, 200, None)]


def test_what_is_taken_back_is_unassigned_again() -> None:
    words = [whole(1, stop(100, 200), "jam"), whole(2, stop(100, 200), None)]
    assert pieces([stop(100, 200)], words) == [(100, 200, None)]


def test_a_thousand_random_splits_cut_a_stop_without_losing_a_millisecond() -> None:
    chance = random.Random(1913)
    of = stop(0, 10_000_000)
    words: list[Word] = []
    said = [None] * 10_001  # What holds at every 1000th millisecond.
    for number in range(1000):
        at_ms = chance.randrange(1, 10_000) * 1000
        told = explain([of], assignments(words[-40:], [of])) if number % 100 == 0 else []
        piece = next(
            (one for one in told if one.start_ms < at_ms < one.end_ms), StopPiece(0, of.end_ms, False, None)
        )
        for begin, end in ((piece.start_ms, at_ms), (at_ms, piece.end_ms)):
            reason = chance.choice(["jam", "tool", "break", None])
            words.append(
                replace(
                    word(len(words) + 1, begin, end, reason),
                    from_start=begin == of.start_ms,
                    to_end=end == of.end_ms,
                )
            )
            for second in range(begin // 1000, end // 1000):
                said[second] = reason  # type: ignore[call-overload]
    told = explain([of], assignments(words, [of]))
    assert (told[0].start_ms, told[-1].end_ms) == (of.start_ms, of.end_ms)
    assert all(one.end_ms == after.start_ms for one, after in pairwise(told))
    for one in told:
        assert {said[second] for second in range(one.start_ms // 1000, one.end_ms // 1000)} == {one.reason}


def test_words_and_stops_in_any_order_give_the_same_pieces() -> None:
    chance = random.Random(7)
    for _ in range(200):
        borders = sorted(chance.sample(range(1000), 8))
        stops = [stop(begin, end) for begin, end in zip(borders[::2], borders[1::2], strict=True)]
        words = []
        for number in range(12):
            begin, end = sorted(chance.sample(range(1000), 2))
            flags = {"from_start": chance.random() < 0.5, "to_end": chance.random() < 0.5}
            words.append(word(number, begin, end, chance.choice(["jam", "tool", None]), **flags))
        told = pieces(stops, words)
        shuffled = chance.sample(words, len(words))
        assert pieces(chance.sample(stops, len(stops)), shuffled) == told
        assert sum(end - begin for begin, end, _ in told) == sum(one.duration_ms for one in stops)
