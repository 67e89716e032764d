"""Entries as hypothesis draws them: devices with counters and other tags, contacts, gap records."""

from collections.abc import Sequence

from hypothesis import strategies as st

from edge.contract.datatypes import DataType
from edge.contract.spool_metrics import Gap, GapTag
from edge.delivery.entries import Contact, Entry, GapEntry, Readings, TagDefinition

TAGS = {
    1: TagDefinition("press", "parts", DataType.UINT32, {"role": "counter"}),
    2: TagDefinition("press", "energy", DataType.UINT64, {"role": "meter"}),
    3: TagDefinition("press", "speed", DataType.DOUBLE, {"role": "measurement"}),
    4: TagDefinition("press", "state", DataType.UINT8, {"role": "state"}),
    5: TagDefinition("oven", "parts", DataType.UINT32, {"role": "counter"}),
    6: TagDefinition("oven", "heat", DataType.DOUBLE, {"role": "measurement"}),
}
COUNTED = frozenset(tag_id for tag_id, tag in TAGS.items() if tag.is_counted)
_OF_DEVICE = {"press": [1, 2, 3, 4], "oven": [5, 6]}


@st.composite
def readings(draw: st.DrawFn) -> Readings:
    device = draw(st.sampled_from(sorted(_OF_DEVICE)))
    tags = draw(st.lists(st.sampled_from(_OF_DEVICE[device]), min_size=1, max_size=6))
    values = [draw(st.one_of(st.integers(0, 6), st.none())) for _ in tags]
    bad = {index: 0 for index, value in enumerate(values) if value is None}
    by_edge = draw(st.lists(st.integers(0, len(tags) - 1), unique=True, max_size=2))
    offsets = [draw(st.integers(0, 50)) for _ in tags]
    return Readings(device, draw(st.integers(1000, 9000)), tags, offsets, values, bad, sorted(by_edge))


contacts = st.builds(Contact, st.sampled_from(["press", "oven"]), st.booleans(), st.integers(1000, 9000))
_known = st.builds(GapTag, st.just("oven"), st.just("heat"), st.just(1000), st.just(2000), st.integers(1, 9))
gaps = st.one_of(
    st.builds(GapEntry, st.integers(1, 5), st.just(Gap("corrupt", None, 2000))),
    st.builds(
        lambda span, row: GapEntry(span, Gap("overflow", 1000, 2000, (row,))), st.integers(1, 5), _known
    ),
)
entries = st.one_of(readings(), readings(), readings(), contacts, gaps)
runs = st.lists(entries, max_size=25)


def counted_series(found: Sequence[Entry]) -> dict[int, list[int]]:
    """Per counter, its good values in order."""
    series: dict[int, list[int]] = {}
    for entry in found:
        if isinstance(entry, Readings):
            for tag, _, value, _ in entry.rows():
                if tag in COUNTED and isinstance(value, int):
                    series.setdefault(tag, []).append(value)
    return series


def told(found: Sequence[Entry]) -> dict[tuple[str, str], int]:
    """Per (device, tag), how many readings the gap records say are missing."""
    counts: dict[tuple[str, str], int] = {}
    for entry in found:
        if isinstance(entry, GapEntry):
            for row in entry.gap.tags:
                if row.count:
                    counts[row.device, row.tag] = counts.get((row.device, row.tag), 0) + row.count
    return counts


def not_counted(found: Sequence[Entry]) -> dict[tuple[str, str], int]:
    """Per (device, tag) that is neither counter nor meter, how many readings there are."""
    counts: dict[tuple[str, str], int] = {}
    for entry in found:
        if isinstance(entry, Readings):
            for tag in entry.tags:
                if tag not in COUNTED:
                    key = (entry.device, TAGS[tag].name)
                    counts[key] = counts.get(key, 0) + 1
    return counts
