"""Dropping entries when there is no room, without losing a count and without a hole in the numbering.

Thinning looks at a run of consecutive entries and keeps
  - every change of contact, and every record that a tag was redefined, which ends what is said below of a counter: the last
    reading before it and the first after it stay too;
  - of each counter and meter the first reading, both readings of each decrease, and the newest. Between two readings
    that are kept it only rose, so the sum of its forward steps, its wraps and its restarts are whole. (The reading
    before a decrease alone would not do: of 65530, 2, …, 65533, 1 it leaves 65530, 65533, and a turn is gone.)
each *under its own number*. What stands between the kept entries becomes gap records that take over the numbers.
An entry that the plant may have stored already (its answer was lost) is therefore never sent again under another
number, and never with other readings than it then had, only with fewer.
"""

from collections.abc import Mapping, Sequence
from typing import TypeGuard

from edge.contract.spool_metrics import REDEFINED
from edge.delivery.entries import Contact, Entry, GapEntry, Numbered, Readings, TagDefinition
from edge.delivery.gap_records import GapTally, gap_of


def thin(run: Sequence[Numbered], tags: Mapping[int, TagDefinition], reason: str = "dropped") -> list[Entry]:
    """The entries that take the place of `run`; their spans add up to the same numbers. `run` itself if all must stay."""
    keep = _counted_to_keep(run, tags)
    thinned: list[Entry] = []
    dropped: list[Entry] = []  # Whole entries since the last one that stays.
    untold: list[Readings] = []  # Readings taken out of entries that stay: told in the next gap record.
    for position, numbered in enumerate(run):
        entry = numbered.entry
        kept = entry.only(keep[position]) if isinstance(entry, Readings) else None
        if kept is None and not _stays(entry):
            if dropped and _is_unknown(dropped[-1]) != _is_unknown(entry):
                thinned.append(_gap(dropped, untold, tags, reason))
                dropped = []
            dropped.append(entry)
            continue
        if dropped:
            thinned.append(_gap(dropped, untold, tags, reason))
            dropped = []
        thinned.append(entry if kept is None else kept)
        if isinstance(entry, Readings):
            taken_out = entry.only(set(range(len(entry.tags))) - keep[position])
            untold += [taken_out] if taken_out is not None else []
    if dropped:
        thinned.append(_gap(dropped, untold, tags, reason))
    if untold and not _tell_in_last_record(thinned, untold, tags, reason):
        return [numbered.entry for numbered in run]  # Nothing may go untold; a longer run will have a record.
    return thinned


def drop_older_half(entries: Sequence[Entry], tags: Mapping[int, TagDefinition]) -> list[Entry]:
    """The last resort of memory: one gap record, counts named too, in the place of the older half by size."""
    half = sum(entry.size_bytes for entry in entries) // 2
    size, count = 0, 0
    while size < half:
        size += entries[count].size_bytes
        count += 1
    dropped = entries[:count]
    span = sum(entry.span for entry in dropped)
    return [GapEntry(span, gap_of(dropped, tags, "dropped")), *entries[count:]]


def _counted_to_keep(run: Sequence[Numbered], tags: Mapping[int, TagDefinition]) -> list[set[int]]:
    """Per entry of `run`, the indexes of the readings that must stay."""
    keep: list[set[int]] = [set() for _ in run]
    newest: dict[int, tuple[int, int, float]] = {}  # tag -> (entry, index, value) of its last good reading
    counted = {tag_id for tag_id, definition in tags.items() if definition.is_counted}
    for position, numbered in enumerate(run):
        if _is_redefinition(numbered.entry):
            for tag in _named(numbered.entry, tags) & newest.keys():
                last, index, _ = newest.pop(tag)
                keep[last].add(index)
        if not isinstance(numbered.entry, Readings):
            continue
        values = numbered.entry.values
        for index, tag in enumerate(numbered.entry.tags):
            value = values[index]
            if tag not in counted or not isinstance(value, int | float):
                continue
            before = newest.get(tag)
            if before is None:
                keep[position].add(index)
            elif value < before[2]:
                keep[before[0]].add(before[1])
                keep[position].add(index)
            newest[tag] = (position, index, value)
    for position, index, _ in newest.values():
        keep[position].add(index)
    return keep


def _stays(entry: Entry) -> bool:
    return isinstance(entry, Contact) or _is_redefinition(entry)


def _is_redefinition(entry: Entry) -> TypeGuard[GapEntry]:
    return isinstance(entry, GapEntry) and entry.gap.reason == REDEFINED


def _named(entry: GapEntry, tags: Mapping[int, TagDefinition]) -> set[int]:
    """Ids of the tags of a record; `*` are all of a device."""
    rows = {(row.device, row.tag) for row in entry.gap.tags}
    return {
        tag_id
        for tag_id, definition in tags.items()
        if (definition.device, definition.name) in rows or (definition.device, "*") in rows
    }


def _is_unknown(entry: Entry) -> bool:
    """Whether it is a gap record of which nobody knows what it took; see `gap_records`."""
    return isinstance(entry, GapEntry) and not entry.gap.tags


def _gap(
    dropped: Sequence[Entry], untold: list[Readings], tags: Mapping[int, TagDefinition], reason: str
) -> GapEntry:
    """One record in the place of `dropped`. If it knows its tags, it also tells (and empties) `untold`."""
    tally = GapTally(tags, counts_are_whole=True)
    for entry in dropped:
        if isinstance(entry, GapEntry):
            tally.gap(entry.gap)
        elif isinstance(entry, Readings):
            tally.readings(entry, reason)
    if not _is_unknown(dropped[0]):
        for entry in untold:
            tally.readings(entry, reason)
        untold.clear()
    return GapEntry(sum(entry.span for entry in dropped), tally.total())


def _tell_in_last_record(
    thinned: list[Entry], untold: list[Readings], tags: Mapping[int, TagDefinition], reason: str
) -> bool:
    """Tell what was taken out after the last gap record in that record. False: there is none."""
    for index in range(len(thinned) - 1, -1, -1):
        entry = thinned[index]
        if isinstance(entry, GapEntry) and entry.gap.tags and not _is_redefinition(entry):
            thinned[index] = GapEntry(entry.span, _gap([entry], untold, tags, reason).gap)
            return True
    return False
