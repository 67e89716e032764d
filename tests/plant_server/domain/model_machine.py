"""A machine that makes parts, a counter that forgets them, and a reader that looks away; it alone knows the truth.

Independent of the code under test: it imports nothing of it. Everything is in integers (ms, thousandths of a part), so
that it makes at most rate_max x time + 1 parts between any two moments, exactly.

What it does not do is what `odometer.py` says no reader can see: restart between two polls of one connection and be
past the old value by the second, or within a step of the top; show a false value the machine could have reached; two
false values in a row that look like counting; a false value for a minute with a restart or a wrap beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

BEGIN_MS = 1_700_000_000_000
POLL_LONGEST_MS = 3_000
FALSE_RUN_LONGEST_MS = 200_000


@dataclass(frozen=True)
class Shown:
    """A reading as the edge delivers it, and how many parts had really been made by then."""

    value: int
    at: float
    unbroken: bool
    made: int


@dataclass
class ModelMachine:
    random: Random
    modulus: int
    rate_max: int
    counter: int
    now_ms: int = BEGIN_MS
    speed: int = 1000
    progress: int = 0
    made: int = 0
    unbroken: bool = True
    shown: list[Shown] = field(default_factory=list)
    highest: int = 0
    last_true_ms: int = 0
    last_false: bool = True

    def pass_time(self, ms: int) -> None:
        self.now_ms += ms
        self.progress += self.rate_max * self.speed * ms  # Millionths of a part.
        parts, self.progress = divmod(self.progress, 1_000_000)
        self.made += parts
        self.counter = (self.counter + parts) % self.modulus

    def show(self, value: int | None = None) -> None:
        """Publishes the counter, or a false value in its place."""
        is_false = value is not None
        value = self.counter if value is None else value
        self.shown.append(Shown(value, self.now_ms / 1000, self.unbroken, self.made))
        self.unbroken = True
        self.last_false = is_false
        if not is_false:
            self.last_true_ms = self.now_ms
            self.highest = max(self.highest, value)

    def poll(self) -> None:
        self.pass_time(self.random.randint(1, POLL_LONGEST_MS))

    def could_since_true(self, more_ms: int = 0) -> int:
        return self.rate_max * (self.now_ms - self.last_true_ms + more_ms) // 1000 + 2

    def could_ever(self) -> int:
        return self.rate_max * (self.now_ms - BEGIN_MS) // 1000 + 10

    # What can happen. Each leaves the machine as it is when it cannot happen there.

    def run(self) -> None:
        self.speed = self.random.choice([0, 1, 100, 500, 999, 1000])
        for _ in range(self.random.randint(1, 6)):
            self.poll()
            self.show()

    def stand(self) -> None:
        """Heartbeats of a value that does not change."""
        self.speed = 0
        for _ in range(self.random.randint(1, 5)):
            self.pass_time(self.random.choice([20_000, 60_000]))
            self.show()

    def outage(self) -> None:
        """Nobody looks; the machine goes on, and its PLC may restart meanwhile, once or twice."""
        self.speed = self.random.choice([0, 10, 500, 1000])
        restarts = self.random.choice([0, 0, 1, 2])
        for n in range(restarts + 1):
            self.pass_time(self.random.choice([500, 5_000, 60_000, 1_000_000, 20_000_000]))
            if n < restarts:
                self.counter = 0
        self.unbroken = False
        if self.random.random() < 0.7:
            self.show()

    def reset(self) -> None:
        """The counter is set to zero while the edge looks on."""
        below_ms = (
            (self.shown[-1].value - 3) * 500 // self.rate_max
        )  # It cannot be past its old value by then.
        top = self.modulus - self.could_since_true(2 * POLL_LONGEST_MS)
        if self.last_false or below_ms <= 0 or self.counter >= top:
            return
        self.pass_time(self.random.randint(1, 900))
        self.counter = 0
        self.pass_time(self.random.randint(1, min(below_ms, POLL_LONGEST_MS)))
        self.show()

    def preset(self) -> None:
        """Somebody sets the counter to another value, far from where it was."""
        value = self.random.randrange(self.modulus)
        far = self.could_ever() + self.rate_max * 400
        far_from_all = all(abs(value - shown.value) > far for shown in self.shown)
        if not self.last_false and far < value < self.modulus - far and far_from_all:
            self.counter, self.speed = value, 1000
            for _ in range(2):
                self.pass_time(2_000)
                self.show()

    def nudge(self) -> None:
        """Somebody adds a few by hand, as many as the machine makes in some seconds, and it stands for a while."""
        if self.counter + self.rate_max * 20 >= self.modulus:
            return
        self.speed = 1000
        for _ in range(3):  # Whatever was in doubt is settled by counting on.
            self.pass_time(2_000)
            self.show()
        self.speed = 0
        self.counter += self.rate_max * 3 + 5
        for wait_ms in (2_000, self.random.randint(1_000, 90_000), self.random.randint(1_000, 90_000)):
            self.pass_time(wait_ms)
            self.show()

    def false_zeros(self) -> None:
        if self.shown[-1].value == 0:
            return
        for _ in range(self.random.choice([1, 1, 2, 5])):
            self.poll()
            self.show(0)

    def false_zeros_for_long(self) -> None:
        """A meter that answers 0 for minutes; the first true value after it is shown before anything else happens."""
        ahead = self.rate_max * FALSE_RUN_LONGEST_MS // 1000 + self.could_since_true()
        seen = self.shown[-1].value == self.counter and not self.last_false
        if not seen or not 4 * self.rate_max + 2 < self.counter < self.modulus - ahead:
            return
        left_ms = FALSE_RUN_LONGEST_MS
        while left_ms > 40_000:
            step_ms = self.random.choice([1_000, 20_000, 40_000])
            self.pass_time(step_ms)
            self.show(0)
            left_ms -= step_ms
        self.poll()
        self.show()

    def false_high(self) -> None:
        least = self.highest + self.could_ever() + self.rate_max * 10
        self.poll()
        if self.last_false or least >= self.modulus:
            self.show()
        else:
            self.show(self.random.randrange(least, self.modulus))

    def false_low(self) -> None:
        self.poll()
        lower = min(self.counter, self.shown[-1].value)
        if self.last_false or lower < 2:
            self.show()
        else:
            self.show(self.random.randrange(1, lower))


EVENTS: dict[str, Callable[[ModelMachine], None]] = {
    "run": ModelMachine.run,
    "stand": ModelMachine.stand,
    "outage": ModelMachine.outage,
    "reset": ModelMachine.reset,
    "preset": ModelMachine.preset,
    "nudge": ModelMachine.nudge,
    "false_zeros": ModelMachine.false_zeros,
    "false_zeros_for_long": ModelMachine.false_zeros_for_long,
    "false_high": ModelMachine.false_high,
    "false_low": ModelMachine.false_low,
}


def history(seed: int, modulus: int, rate_max: int, below_top: int, events: list[str]) -> list[Shown]:
    machine = ModelMachine(Random(seed), modulus, rate_max, (modulus - below_top) % modulus)
    machine.show()
    machine.run()
    for event in events:
        EVENTS[event](machine)
    if machine.last_false:  # A false value that goes on is not yet told apart; what comes after it tells.
        machine.run()
    return machine.shown
