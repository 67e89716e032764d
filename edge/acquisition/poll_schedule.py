"""Which tags are due in which slot of a device's poll grid. Pure."""

from collections.abc import Sequence

from edge.acquisition.profile import Tag


class PollSchedule:
    """Tags grouped by how many polls apart they are read.

    A tag whose slot was skipped is read in the next one. The same set of tags is always the same tuple object,
    so that a driver can keep what it worked out for it.
    """

    def __init__(self, tags: Sequence[Tag], period_s: float) -> None:
        groups: dict[int, list[Tag]] = {}
        for tag in tags:
            every = max(1, round(tag.period_s / period_s)) if tag.period_s else 1
            groups.setdefault(every, []).append(tag)
        self._groups = sorted(groups.items())
        self._next_slots = dict.fromkeys(groups, 0)
        self._tuples: dict[tuple[int, ...], tuple[Tag, ...]] = {}

    def restart(self) -> None:
        """Slots are counted from 0 again, and all tags are due."""
        self._next_slots = dict.fromkeys(self._next_slots, 0)

    def due(self, slot: int) -> tuple[Tag, ...]:
        """The tags of this slot, each taken as read."""
        due = tuple(every for every, next_slot in self._next_slots.items() if slot >= next_slot)
        for every in due:
            self._next_slots[every] = slot - slot % every + every
        if due not in self._tuples:
            self._tuples[due] = tuple(tag for every, tags in self._groups if every in due for tag in tags)
        return self._tuples[due]
