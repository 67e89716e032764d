"""What a gap record tells: which tag lost how many readings between which times.

A gap without tags says that nobody can know which; the plant then trusts no counter of this edge to be unbroken. So
a record that knows its tags never merges with one that does not. Of a counter or meter nothing is lost while a later
reading tells it whole: such a reading is not named, and where nothing else was dropped a row with the tag `-` and
the count 0 stands in, so that the record is not taken for one that knows nothing.
"""

from collections.abc import Mapping, Sequence

from edge.contract.spool_metrics import REDEFINED, Gap, GapTag
from edge.delivery.entries import Contact, Entry, GapEntry, Readings, TagDefinition

ROWS_MAX = 500
ROWS_BYTES_MAX = 96 * 1024
"""A gap record names so many tags, in so many bytes; beyond that it speaks of whole devices (tag `*`)."""
NOTHING_LOST = "-"


class GapTally:
    """Adds up what is dropped. `counts_are_whole`: a later reading of each counter and meter stays."""

    def __init__(self, tags: Mapping[int, TagDefinition], *, counts_are_whole: bool) -> None:
        self._tags = tags
        self._counts_are_whole = counts_are_whole
        self._lost: dict[tuple[str, str], GapTag] = {}
        self._whole: dict[tuple[str, str], GapTag] = {}
        self._reasons: set[str] = set()
        self._times: list[int] = []

    def gap(self, gap: Gap) -> None:
        """Take over an earlier gap record."""
        self._reasons.add(gap.reason)
        self._times += [time for time in (gap.from_ms, gap.to_ms) if time is not None]
        for row in gap.tags:
            _add(self._whole if row.tag == NOTHING_LOST else self._lost, row)

    def readings(self, entry: Readings, reason: str) -> None:
        self._reasons.add(reason)
        for tag, time_ms, _, _ in entry.rows():
            definition = self._tags.get(tag)
            self._times.append(time_ms)
            if self._counts_are_whole and definition is not None and definition.is_counted:
                _add(self._whole, GapTag(entry.device, NOTHING_LOST, time_ms, time_ms, 0))
            else:
                name = definition.name if definition else f"#{tag}"
                _add(self._lost, GapTag(entry.device, name, time_ms, time_ms, 1))

    def contact(self, entry: Contact, reason: str) -> None:
        self._reasons.add(reason)
        self._times.append(entry.time_ms)

    def total(self) -> Gap:
        reason = next(iter(self._reasons)) if len(self._reasons) == 1 else "dropped"
        if (
            REDEFINED in self._reasons
        ):  # Whatever else is told, no step over this record was made by a counter it names.
            reason = REDEFINED
        rows = bounded(list((self._lost or self._whole).values()))
        return Gap(reason, min(self._times, default=None), max(self._times, default=None), rows)


def gap_of(entries: Sequence[Entry], tags: Mapping[int, TagDefinition], reason: str) -> Gap:
    """The record that takes the place of `entries` when all of them go, counters too."""
    tally = GapTally(tags, counts_are_whole=False)
    for entry in entries:
        if isinstance(entry, Readings):
            tally.readings(entry, reason)
        elif isinstance(entry, GapEntry):
            tally.gap(entry.gap)
        else:
            tally.contact(entry, reason)
    total = tally.total()
    if any(isinstance(entry, GapEntry) and not entry.gap.tags for entry in entries):
        return Gap(total.reason, total.from_ms, total.to_ms)
    return total


def bounded(rows: Sequence[GapTag]) -> tuple[GapTag, ...]:
    """The rows, or one per device when a message could not hold them."""
    size = sum(len(row.device) + len(row.tag) + 48 for row in rows)
    if len(rows) <= ROWS_MAX and size <= ROWS_BYTES_MAX:
        return tuple(rows)
    devices: dict[tuple[str, str], GapTag] = {}
    for row in rows:
        _add(devices, GapTag(row.device, "*", row.from_ms, row.to_ms, row.count))
    return tuple(devices.values())


def _add(rows: dict[tuple[str, str], GapTag], row: GapTag) -> None:
    key = (row.device, row.tag)
    known = rows.get(key)
    if known is None:
        rows[key] = row
        return
    count = None if known.count is None or row.count is None else known.count + row.count
    rows[key] = GapTag(*key, min(known.from_ms, row.from_ms), max(known.to_ms, row.to_ms), count)
