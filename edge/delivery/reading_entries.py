"""Readings of one poll as entries of the spool: columns, by tag id, cut so that each entry fits a message."""

from collections.abc import Iterator, Mapping, Sequence

import structlog

from edge.acquisition.driver import Reading
from edge.contract.datatypes import Quality
from edge.delivery.entries import Readings, ScalarValue

log = structlog.get_logger()

READINGS_PER_ENTRY_MAX = 2_000
TEXT_BYTES_MAX = 64 * 1024
ENTRY_TEXT_BYTES_MAX = 96 * 1024


class ReadingPacker:
    """`tag_ids`: (device, tag name) -> id in the spool."""

    def __init__(self, tag_ids: Mapping[tuple[str, str], int]) -> None:
        self._tag_ids = tag_ids

    def entries(self, device: str, readings: Sequence[Reading]) -> Iterator[Readings]:
        """One entry as a rule; several when there are too many readings, or too long texts, for one message."""
        values: list[ScalarValue] = []
        text_bytes, start = 0, 0
        for position, reading in enumerate(readings):
            value, size = _storable(device, reading)
            if position - start >= READINGS_PER_ENTRY_MAX or text_bytes + size > ENTRY_TEXT_BYTES_MAX:
                yield self._pack(device, readings[start:position], values)
                values, text_bytes, start = [], 0, position
            values.append(value)
            text_bytes += size
        if values:
            yield self._pack(device, readings[start:], values)

    def _pack(self, device: str, readings: Sequence[Reading], values: list[ScalarValue]) -> Readings:
        base_ms = min(reading.time_ms for reading in readings)
        bad: dict[int, int] = {}
        for index, reading in enumerate(readings):
            spoilt = values[index] is None and reading.value is not None
            quality = int(Quality.BAD) if spoilt else int(reading.quality)
            if quality != Quality.GOOD:
                bad[index] = quality
        ids = self._tag_ids
        return Readings(
            device,
            base_ms,
            [ids[device, reading.tag.name] for reading in readings],
            [reading.time_ms - base_ms for reading in readings],
            values,
            bad,
            [index for index, r in enumerate(readings) if r.time_by_edge and not r.tag.role.is_counted],
        )


def _storable(device: str, reading: Reading) -> tuple[ScalarValue, int]:
    """The value and its size if it is text. None for what neither the spool nor a message can hold: the reading is
    then Bad without a value."""
    value = reading.value
    if isinstance(value, str):
        try:
            size = len(value) if value.isascii() else len(value.encode())
        except UnicodeEncodeError:  # Half of a surrogate pair, from a device with an encoding of its own.
            log.warning("text_not_encodable", device=device, tag=reading.tag.name)
            return None, 0
        if size > TEXT_BYTES_MAX:
            log.warning("value_too_large", device=device, tag=reading.tag.name, bytes=size)
            return None, 0
        return value, size
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 64:
        log.warning("value_too_large", device=device, tag=reading.tag.name)
        return None, 0
    return value, 0
