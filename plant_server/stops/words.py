"""What people said of stops, as the domain reads it: pure.

A word is kept with the span that was seen when it was said. If it was meant from the beginning of the stop, or to its
end, it also covers what late facts add there; but only where nobody said anything: so when two stops become one, each
keeps its reason, and the time between takes that of the later word.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from plant_server.domain.stop import ReasonAssignment, Stop

_BEFORE_ALL_WORDS_MS = 2**50
"""Puts what a word covers by extension before everything that anybody said outright."""


@dataclass(frozen=True, slots=True)
class Word:
    """`reason` for [`from_ms`, `to_ms`); None takes back what was said before."""

    word_id: int
    from_ms: int
    to_ms: int
    from_start: bool
    to_end: bool
    reason: str | None
    actor: str
    said_ms: int


def assignments(words: Iterable[Word], stops: Sequence[Stop]) -> list[ReasonAssignment]:
    """The words as the domain's assignments: what was said outright, and what is covered because the stop grew."""
    return [one for word in words for one in _assignments(word, stops)]


def _assignments(word: Word, stops: Sequence[Stop]) -> Iterator[ReasonAssignment]:
    yield _assignment(word, word.from_ms, word.to_ms, word.said_ms)
    said_ms = word.said_ms - _BEFORE_ALL_WORDS_MS
    first, last = _stop_at(stops, word.from_ms), _stop_at(stops, word.to_ms - 1)
    if word.from_start and first is not None and first.start_ms < word.from_ms:
        yield _assignment(word, first.start_ms, word.from_ms, said_ms)
    if word.to_end and last is not None and last.end_ms > word.to_ms:
        yield _assignment(word, word.to_ms, last.end_ms, said_ms)


def _assignment(word: Word, from_ms: int, to_ms: int, said_ms: int) -> ReasonAssignment:
    return ReasonAssignment(f"{word.word_id:020}", from_ms, to_ms, word.reason, word.actor, said_ms)


def _stop_at(stops: Sequence[Stop], at_ms: int) -> Stop | None:
    return next((one for one in stops if one.start_ms <= at_ms < one.end_ms), None)
