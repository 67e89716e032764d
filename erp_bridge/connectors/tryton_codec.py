"""The five types of Tryton's JSON. Quantities are floats there and money is Decimal; datetimes are UTC without saying so."""

import base64
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

_CLOCK = ("hour", "minute", "second", "microsecond")


def encoded(value: Any) -> Any:
    """As Tryton reads it. A datetime must be aware; it is told in UTC."""
    match value:
        case dict():
            return {name: encoded(one) for name, one in value.items()}
        case list() | tuple():
            return [encoded(one) for one in value]
        case Decimal():
            return {"__class__": "Decimal", "decimal": str(value)}
        case datetime():
            utc = value.astimezone(UTC)
            clock = {name: getattr(utc, name) for name in _CLOCK}
            return {"__class__": "datetime"} | _day(utc) | clock
        case date():
            return {"__class__": "date"} | _day(value)
        case timedelta():
            return {"__class__": "timedelta", "seconds": value.total_seconds()}
        case bytes():
            return {"__class__": "bytes", "base64": base64.b64encode(value).decode("ascii")}
    return value


def decoded(value: Any) -> Any:
    """As Python has it."""
    match value:
        case list():
            return [decoded(one) for one in value]
        case {"__class__": "Decimal", "decimal": text}:
            return Decimal(text)
        case {"__class__": "date", "year": year, "month": month, "day": day}:
            return date(year, month, day)
        case {"__class__": "datetime", "year": year, "month": month, "day": day}:
            hour, minute, second, micro = (int(value.get(name, 0)) for name in _CLOCK)
            return datetime(year, month, day, hour, minute, second, micro, tzinfo=UTC)
        case {"__class__": "timedelta", "seconds": seconds}:
            return timedelta(seconds=seconds)
        case {"__class__": "bytes", "base64": text}:
            return base64.b64decode(text)
        case dict():
            return {name: decoded(one) for name, one in value.items()}
    return value


def _day(value: date) -> dict[str, int]:
    return {"year": value.year, "month": value.month, "day": value.day}
