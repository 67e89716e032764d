"""Looks how full the spool is, and judges when that is worth a message."""

from collections.abc import Iterable

from edge.contract.spool_fill import ON_ITS_WAY_S, SpoolFill
from edge.delivery.entries import Contact, GapEntry, Numbered
from edge.delivery.spool import Spool

LOOKED_AT = 16
"""Entries among which a time is looked for: a gap record need not have one."""
OLDEST_MOVED_MS = 10_000


def fill_of(spool: Spool, now_ms: int) -> SpoolFill:
    """As it is now. On the spool's thread; cheap while nothing waits. Raises sqlite3.Error."""
    waiting, oldest_ms = _waiting(spool, now_ms - int(ON_ITS_WAY_S * 1000))
    file = spool.file
    try:
        free_bytes = file.disk_free_bytes()
    except OSError:
        free_bytes = None
    return SpoolFill(waiting, oldest_ms, file.used_bytes(), file.bound_bytes, free_bytes)


def _waiting(spool: Spool, younger_than_ms: int) -> tuple[int, int | None]:
    """How many entries the plant has not, and the time of the oldest of them."""
    committed = spool.committed
    newest_ms = spool.newest_ms_after(committed)
    if newest_ms is None or newest_ms > younger_than_ms:
        return 0, None
    return spool.head - committed, _oldest_ms(spool.read(committed, LOOKED_AT))


def _oldest_ms(entries: Iterable[Numbered]) -> int | None:
    """The time of the first that has one."""
    for numbered in entries:
        entry = numbered.entry
        if isinstance(entry, GapEntry):
            time_ms = entry.gap.from_ms
        elif isinstance(entry, Contact):
            time_ms = entry.time_ms
        else:
            time_ms = entry.base_ms + min(entry.offsets_ms, default=0)
        if time_ms is not None:
            return time_ms
    return None


def is_news(now: SpoolFill, told: SpoolFill | None) -> bool:
    """Whether a person who was told `told` should be told `now`: a hundredth of the bound, a tenth of what waits or of the
    free disk, 10 s of age, or that something waits at all."""
    if told is None or now.bound_bytes != told.bound_bytes:
        return True
    return (
        100 * abs(now.used_bytes - told.used_bytes) >= now.bound_bytes
        or _are_apart(now.waiting, told.waiting)
        or _are_apart(now.disk_free_bytes, told.disk_free_bytes)
        or abs((now.oldest_ms or 0) - (told.oldest_ms or 0)) >= OLDEST_MOVED_MS
    )


def _are_apart(now: int | None, told: int | None) -> bool:
    """By a tenth of `told`, or because one is nothing."""
    if not now or not told:
        return now != told
    return now != told and 10 * abs(now - told) >= told
