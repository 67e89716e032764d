"""A window, a plant and the wires between them, step by step: every message and every answer may be lost.

The plant keeps the delivery contract strictly: it stores what begins at committed + 1, skips what it has, and drops
what overlaps or is too early.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from edge.delivery.window import BYTES_MAX, MESSAGES_MAX, Window

STEP_S = 0.05
STEPS_MAX = 40_000


@dataclass(frozen=True)
class Script:
    """`lost`: of the n-th message or answer, whether it is lost; after its end nothing is. `cuts`: entries and bytes of
    the n-th message, over and over. `events`: at a step, the plant asks for a rebirth, or was restored to a share of
    what it had."""

    entries: int
    cuts: list[tuple[int, int]]
    lost: list[bool]
    events: dict[int, str | float]


@dataclass
class Model:
    script: Script
    window: Window
    now: float = 0.0
    stored: list[int] = field(default_factory=list)
    skipped: int = 0
    to_plant: deque[tuple[int, int] | str] = field(default_factory=deque)
    to_edge: deque[int] = field(default_factory=deque)
    _turns: int = 0
    _sent_messages: int = 0
    _heard_since_birth: bool = False

    def run(self) -> None:
        """Until all is stored and known to be. Fails when it never is, or when the window breaks its bounds."""
        self._bear()
        for step in range(STEPS_MAX):
            self.now += STEP_S
            self._happen(self.script.events.get(step))
            self._edge_acts()
            self._plant_acts()
            self._edge_hears()
            if step > max(self.script.events, default=0) and self.window.position == self.script.entries:
                break
        else:
            raise AssertionError(f"not delivered: {self.stored[-3:]} of {self.script.entries}")
        assert self.stored == list(range(1, self.script.entries + 1))

    def _is_lost(self) -> bool:
        self._turns += 1
        return self._turns <= len(self.script.lost) and self.script.lost[self._turns - 1]

    def _bear(self) -> None:
        self.window.born(self.now)
        self._heard_since_birth = False
        if not self._is_lost():
            self.to_plant.append("birth")

    def _happen(self, event: str | float | None) -> None:
        if event is None:
            return
        if isinstance(event, float):
            del self.stored[int(len(self.stored) * event) :]
            # Its old session is gone with it: nothing of it is under way any more.
            self.to_plant.clear()
            self.to_edge.clear()
        self._bear()

    def _edge_acts(self) -> None:
        due_at = self.window.due_at()
        if due_at is not None and self.now >= due_at:
            self.window.go_back(self.now)
            if self.window.position is None or self.window.fruitless > 1:
                self._bear()
        while self.window.may_send() and self.window.next <= self.script.entries:
            assert self._heard_since_birth, "sent before the plant said where it stands"
            count, size = self.script.cuts[self._sent_messages % len(self.script.cuts)]
            self._sent_messages += 1
            first = self.window.next
            last = min(first + count - 1, self.script.entries)
            self.window.sent(first, last, size, self.now)
            assert self.window.unanswered_messages <= MESSAGES_MAX
            assert self.window.unanswered_bytes <= BYTES_MAX
            if not self._is_lost():
                self.to_plant.append((first, last))

    def _plant_acts(self) -> None:
        for _ in range(min(len(self.to_plant), 20)):
            message = self.to_plant.popleft()
            if message == "birth":
                self._answer()
            elif isinstance(message, tuple):
                first, last = message
                committed = len(self.stored)
                if first == committed + 1:
                    self.stored += range(first, last + 1)
                    self._answer()
                elif last <= committed:
                    self.skipped += 1

    def _answer(self) -> None:
        if not self._is_lost():
            self.to_edge.append(len(self.stored))

    def _edge_hears(self) -> None:
        while self.to_edge:
            self.window.committed(self.to_edge.popleft(), self.now)
            self._heard_since_birth = True


def run(script: Script, window: Callable[[], Window] = Window) -> Model:
    model = Model(script, window())
    model.run()
    return model
