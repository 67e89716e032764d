"""What an order costs: amounts times the prices that held, and energy by the tariff of its hour. Pure.

A tariff holds from a time on until the next one, and has windows of the day by the clock of its own time zone. Cutting a
span at every change leaves pieces with one price each; the energy of the pieces adds up to that of the span, because each is
a difference of one odometer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

from plant_server.domain.quantity import EXACT

PRICE_DIGITS = Decimal("0.0001")
"""Of the cost of a line, as ERPs keep it; a sum of lines is shown in whole cents."""
CENT = Decimal("0.01")
_SECONDS_PER_HOUR, _WH_PER_KWH = 3600, 1000


@dataclass(frozen=True, slots=True)
class Window:
    """From `starts` by the clock until the next window starts; the last of the day goes on until the first of the next."""

    starts: time
    name: str
    price_per_kwh: Decimal


@dataclass(frozen=True, slots=True)
class Tariff:
    """Holds from `from_time`. At least one window, in the order of the day."""

    from_time: datetime
    zone: ZoneInfo
    windows: Sequence[Window]

    def window_at(self, moment: datetime) -> Window:
        clock = moment.astimezone(self.zone).time()
        begun = [window for window in self.windows if window.starts <= clock]
        return begun[-1] if begun else self.windows[-1]


@dataclass(frozen=True, slots=True)
class Piece:
    """[from_time, to_time) with one price; no window: no tariff held yet."""

    from_time: datetime
    to_time: datetime
    window: Window | None


def pieces(tariffs: Sequence[Tariff], from_time: datetime, to_time: datetime) -> list[Piece]:
    """[from_time, to_time) cut wherever the price may change. `tariffs` in the order of time."""
    cuts = {from_time, to_time}
    for index, tariff in enumerate(tariffs):
        ends = tariffs[index + 1].from_time if index + 1 < len(tariffs) else to_time
        cuts |= {tariff.from_time, *_starts(tariff, max(tariff.from_time, from_time), min(ends, to_time))}
    bounds = sorted(moment for moment in cuts if from_time <= moment <= to_time)
    return [Piece(begin, end, _window(tariffs, begin)) for begin, end in pairwise(bounds)]


def cost_of_quantity(quantity: Decimal, price: Decimal) -> Decimal:
    """Quantity in the unit of the price."""
    return EXACT.multiply(quantity, price).quantize(PRICE_DIGITS, ROUND_HALF_EVEN)


def cost_of_time(seconds: Decimal, price_per_hour: Decimal) -> Decimal:
    return _rounded(Fraction(seconds) * Fraction(price_per_hour) / _SECONDS_PER_HOUR)


def cost_of_energy(energy_wh: Decimal, price_per_kwh: Decimal) -> Decimal:
    return _rounded(Fraction(energy_wh) * Fraction(price_per_kwh) / _WH_PER_KWH)


def in_cents(costs: Sequence[Decimal]) -> Decimal:
    """Their sum, rounded once."""
    return sum(costs, Decimal(0)).quantize(CENT, ROUND_HALF_EVEN)


def _window(tariffs: Sequence[Tariff], moment: datetime) -> Window | None:
    holding = [tariff for tariff in tariffs if tariff.from_time <= moment]
    return holding[-1].window_at(moment) if holding else None


def _starts(tariff: Tariff, from_time: datetime, to_time: datetime) -> list[datetime]:
    """Every start of a window in [from_time, to_time]."""
    first, last = (moment.astimezone(tariff.zone).date() for moment in (from_time, to_time))
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    found = (datetime.combine(day, window.starts, tariff.zone) for day in days for window in tariff.windows)
    return [moment.astimezone(UTC) for moment in found if from_time <= moment <= to_time]


def _rounded(exact: Fraction) -> Decimal:
    """Half to even, at the digits of a price."""
    scaled = round(exact / Fraction(PRICE_DIGITS))
    return Decimal(scaled) * PRICE_DIGITS
