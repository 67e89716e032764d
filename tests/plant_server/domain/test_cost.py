"""Spans cut at every change of a tariff, by its own clock; costs rounded once, half to even."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from plant_server.domain.cost import (
    Tariff,
    Window,
    cost_of_energy,
    cost_of_quantity,
    cost_of_time,
    in_cents,
    pieces,
)

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
VALLEY = Window(time(0), "valley", Decimal("0.30"))
PEAK = Window(time(8), "peak", Decimal("1.20"))
FLAT = Window(time(22), "flat", Decimal("0.70"))
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def tariff(*windows: Window, zone: ZoneInfo = SHANGHAI, from_time: datetime = LONG_AGO) -> Tariff:
    return Tariff(from_time, zone, windows)


def names(tariffs: list[Tariff], from_time: datetime, to_time: datetime) -> list[tuple[str | None, float]]:
    """(window, hours) of each piece."""
    return [
        (piece.window.name if piece.window else None, (piece.to_time - piece.from_time) / timedelta(hours=1))
        for piece in pieces(tariffs, from_time, to_time)
    ]


def test_a_night_shift_is_cut_by_the_clock_of_the_tariff() -> None:
    begin = datetime(2026, 3, 1, 21, tzinfo=SHANGHAI)
    found = names([tariff(VALLEY, PEAK, FLAT)], begin, begin + timedelta(hours=12))
    assert found == [("peak", 1), ("flat", 2), ("valley", 8), ("peak", 1)]


def test_the_last_window_of_the_day_goes_on_until_the_first_of_the_next() -> None:
    begin = datetime(2026, 3, 1, 23, tzinfo=SHANGHAI)
    assert names([tariff(PEAK, FLAT)], begin, begin + timedelta(hours=10)) == [("flat", 9), ("peak", 1)]


def test_a_new_tariff_takes_over_in_the_middle_and_before_the_first_there_is_none() -> None:
    begin = datetime(2026, 3, 1, 9, tzinfo=SHANGHAI)
    first = tariff(PEAK, from_time=begin + timedelta(hours=1))
    second = tariff(FLAT, from_time=begin + timedelta(hours=3))
    assert names([first, second], begin, begin + timedelta(hours=4)) == [(None, 1), ("peak", 2), ("flat", 1)]


def test_the_hour_that_a_zone_leaves_out_belongs_to_no_window() -> None:
    """On the last Sunday of March clocks in Berlin go from 2 to 3."""
    begin = datetime(2026, 3, 29, 0, tzinfo=BERLIN)
    night = names([tariff(VALLEY, PEAK, zone=BERLIN)], begin, datetime(2026, 3, 29, 10, tzinfo=BERLIN))
    assert night == [("valley", 7), ("peak", 2)]


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 1), timezones=st.just(UTC)),
    st.integers(1, 200_000),
    st.lists(st.times(), min_size=1, max_size=6, unique=True),
)
def test_pieces_cover_the_span_without_a_gap_and_have_one_price_each(
    begin: datetime, seconds: int, starts: list[time]
) -> None:
    windows = [Window(start, str(start), Decimal(1)) for start in sorted(starts)]
    held = tariff(*windows, zone=BERLIN)
    end = begin + timedelta(seconds=seconds)
    found = pieces([held], begin, end)
    assert [found[0].from_time, *(piece.to_time for piece in found)] == [
        *(piece.from_time for piece in found),
        end,
    ]
    for piece in found:
        last = piece.to_time - timedelta(microseconds=1)
        assert piece.window == held.window_at(piece.from_time) == held.window_at(last)


def test_costs_are_rounded_half_to_even_and_a_sum_once() -> None:
    assert cost_of_quantity(Decimal("54.5"), Decimal("4.00")) == Decimal("218")
    assert cost_of_time(Decimal(1801), Decimal("40")) == Decimal("20.0111")
    assert cost_of_energy(Decimal(1234), Decimal("0.50")) == Decimal("0.6170")
    assert cost_of_energy(Decimal(1), Decimal("0.05")) == Decimal("0.0000")
    assert in_cents([Decimal("0.0050"), Decimal("0.0050"), Decimal("0.0050")]) == Decimal("0.02")
