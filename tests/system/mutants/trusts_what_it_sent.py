"""Sabotage: an edge whose window takes `sent` for `committed`, and lets nobody talk it out of that."""

import lineside
from edge.delivery.window import Window

_sent, _committed, _born = Window.sent, Window.committed, Window.born


class _Believed:
    """What it holds for stored: kept over connections, as the spool's position is."""

    number: int | None = None


def _sends(window: Window, first: int, last: int, size_bytes: int, now: float) -> None:
    _sent(window, first, last, size_bytes, now)
    _committed(window, last, now)
    _Believed.number = last


def _hears(window: Window, number: int, now: float) -> None:
    _committed(window, number if _Believed.number is None else _Believed.number, now)


def _is_born(window: Window, now: float) -> None:
    _born(window, now)
    if _Believed.number is not None:
        _committed(window, _Believed.number, now)


if __name__ == "__main__":
    for name, broken in (("sent", _sends), ("committed", _hears), ("born", _is_born)):
        setattr(Window, name, broken)
    lineside.main()
