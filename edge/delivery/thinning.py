"""Dropping entries when there is no room, without losing a count and without a hole in the numbering.

Thinning looks at a run of consecutive entries and keeps
  - every change of contact;
  - of each counter and meter the last reading before a decrease, and the newest: a counter that only rose is told
    whole by its last reading, so nothing that was counted is lost;
each *under its own number*. What stands between the kept entries becomes gap records that take over the numbers.
An entry that the plant may have stored already (its answer was lost) is therefore never sent again under another
number, and never with other readings than it then had, only with fewer.
"""

from collections.abc import Mapping, Sequence

from edge.contract.spool_metrics import Gap, GapTag
from edge.delivery.entries import Contact, Entry, GapEntry, Numbered, Readings, TagDefinition

GAP_TAGS_MAX = 500
"""A gap record names at most so many tags; beyond that it speaks of whole devices (tag `*`)."""


def thin(run: Sequence[Numbered], tags: Mapping[int, TagDefinition], reason: str = "dropped") -> list[Entry]:
    """The entries that take the place of `run`; their spans add up to the same numbers. `run` itself if all must stay."""
    keep = _counted_to_keep(run, tags)
    thinned: list[Entry] = []
    dropped: list[Numbered] = []  # Whole entries since the last kept one, or since an earlier gap record.
    parts: list[Readings] = []  # Readings taken out of entries that stay: told in the next gap record.
    for position, numbered in enumerate(run):
        entry = numbered.entry
        kept = entry.only(keep[position]) if isinstance(entry, Readings) else None
        if isinstance(entry, Contact) or kept is not None:
            if dropped:
                thinned.append(_gap(dropped, parts, tags, reason))
                dropped, parts = [], []
            thinned.append(kept if kept is not None else entry)
            if isinstance(entry, Readings):
                taken_out = entry.only(set(range(len(entry.tags))) - keep[position])
                parts += [taken_out] if taken_out is not None else []
        else:
            dropped.append(numbered)
    if dropped:
        thinned.append(_gap(dropped, parts, tags, reason))
        parts = []
    if parts and not _tell(thinned, parts, tags, reason):
        return [numbered.entry for numbered in run]  # Nothing may go untold; a longer run will have a record.
    return thinned


def _counted_to_keep(run: Sequence[Numbered], tags: Mapping[int, TagDefinition]) -> list[set[int]]:
    """Per entry of `run`, the indexes of the readings that must stay."""
    keep: list[set[int]] = [set() for _ in run]
    newest: dict[int, tuple[int, int, int]] = {}  # tag -> (entry, index, value) of its last good reading
    for position, numbered in enumerate(run):
        if not isinstance(numbered.entry, Readings):
            continue
        values = numbered.entry.values
        for index, tag in enumerate(numbered.entry.tags):
            value = values[index]
            definition = tags.get(tag)
            if definition is None or not definition.is_counted or not isinstance(value, int):
                continue
            before = newest.get(tag)
            if before is not None and value < before[2]:
                keep[before[0]].add(before[1])
            newest[tag] = (position, index, value)
    for position, index, _ in newest.values():
        keep[position].add(index)
    return keep


def _tell(
    thinned: list[Entry], parts: list[Readings], tags: Mapping[int, TagDefinition], reason: str
) -> bool:
    """Put what was taken out after the last gap record into that record. False: there is none to tell it in."""
    for index in range(len(thinned) - 1, -1, -1):
        entry = thinned[index]
        if isinstance(entry, GapEntry):
            thinned[index] = GapEntry(entry.span, _merge([entry.gap], parts, tags, reason))
            return True
    return False


def _gap(
    dropped: Sequence[Numbered], parts: Sequence[Readings], tags: Mapping[int, TagDefinition], reason: str
) -> GapEntry:
    earlier = [numbered.entry.gap for numbered in dropped if isinstance(numbered.entry, GapEntry)]
    readings = [numbered.entry for numbered in dropped if isinstance(numbered.entry, Readings)]
    span = sum(numbered.entry.span for numbered in dropped)
    return GapEntry(span, _merge(earlier, [*parts, *readings], tags, reason))


def _merge(
    gaps: Sequence[Gap], readings: Sequence[Readings], tags: Mapping[int, TagDefinition], reason: str
) -> Gap:
    lost: dict[tuple[str, str], GapTag] = {}
    for gap in gaps:
        for row in gap.tags:
            _add(lost, row)
    for entry in readings:
        for tag, time_ms, _, _ in entry.rows():
            definition = tags.get(tag)
            if definition is not None and definition.is_counted:
                continue  # Told whole by the reading that stays: nothing of it is lost.
            name = definition.name if definition else f"#{tag}"
            _add(lost, GapTag(entry.device, name, time_ms, time_ms, 1))
    if len(lost) > GAP_TAGS_MAX:
        lost = _by_device(lost)
    times = [time for row in lost.values() for time in (row.from_ms, row.to_ms)]
    times += [time for gap in gaps for time in (gap.from_ms, gap.to_ms) if time is not None]
    reasons = {gap.reason for gap in gaps} | ({reason} if readings or not gaps else set())
    told = reasons.pop() if len(reasons) == 1 else "dropped"
    return Gap(told, min(times, default=None), max(times, default=None), tuple(lost.values()))


def _add(lost: dict[tuple[str, str], GapTag], row: GapTag) -> None:
    key = (row.device, row.tag)
    known = lost.get(key)
    if known is None:
        lost[key] = row
        return
    count = None if known.count is None or row.count is None else known.count + row.count
    lost[key] = GapTag(*key, min(known.from_ms, row.from_ms), max(known.to_ms, row.to_ms), count)


def _by_device(lost: Mapping[tuple[str, str], GapTag]) -> dict[tuple[str, str], GapTag]:
    devices: dict[tuple[str, str], GapTag] = {}
    for row in lost.values():
        _add(devices, GapTag(row.device, "*", row.from_ms, row.to_ms, row.count))
    return devices
