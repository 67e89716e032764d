"""Finds the entry that the plant can neither store nor refuse. One such entry must not hold up all that follow.

It was sent `times` times over `over_s` seconds while the plant went on answering. A plant that answers nothing at all
is down, and its silence says nothing about an entry. Pure; time is an argument, in seconds.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class PoisonWatch:
    times: int = 5
    over_s: float = 60.0
    _number: int = 0
    _first_sent_at: float = 0.0
    _sent: int = 0
    _answers: int = 0

    def sent(self, number: int, now: float) -> None:
        """The entry next in line was sent (again)."""
        if number != self._number:
            self._number, self._first_sent_at, self._sent, self._answers = number, now, 0, 0
        self._sent += 1

    def answered(self) -> None:
        """The plant said Committed, whatever number."""
        self._answers += 1

    def is_poison(self, number: int, now: float) -> bool:
        return (
            number == self._number
            and self._sent >= self.times
            and self._answers >= self.times - 1
            and now - self._first_sent_at >= self.over_s
        )
