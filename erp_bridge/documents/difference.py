"""What was sent against what is stored, field by field: a 200 proves nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

_MISSING = object()


def differences(sent: Mapping[str, Any], stored: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every field that was sent and is stored otherwise, or not at all: {field, sent, stored}. More may be stored."""
    found: list[dict[str, Any]] = []
    _compare("", sent, stored, found)
    return found


def _compare(place: str, sent: Any, stored: Any, found: list[dict[str, Any]]) -> None:
    if isinstance(sent, Mapping) and isinstance(stored, Mapping):
        for name, value in sent.items():
            _compare(f"{place}.{name}" if place else name, value, stored.get(name, _MISSING), found)
    elif _is_list(sent) and _is_list(stored):
        if len(sent) != len(stored):
            found.append({"field": f"{place}.length", "sent": len(sent), "stored": len(stored)})
        for index, (one, other) in enumerate(zip(sent, stored, strict=False)):
            _compare(f"{place}[{index}]", one, other, found)
    elif not _is_same(sent, stored):
        found.append({"field": place, "sent": sent, "stored": None if stored is _MISSING else stored})


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _is_same(sent: Any, stored: Any) -> bool:
    """Amounts and times are compared by value: 12.50 is 12.5, and 08:00+08:00 is 00:00Z."""
    if stored is _MISSING:
        return sent in (None, "")
    if sent == stored:
        return True
    if not (isinstance(sent, str) and isinstance(stored, str | int | float)):
        return False
    try:
        return Decimal(sent) == Decimal(str(stored))
    except InvalidOperation:
        return _same_moment(sent, str(stored))


def _same_moment(sent: str, stored: str) -> bool:
    try:
        one, other = datetime.fromisoformat(sent), datetime.fromisoformat(stored)
    except ValueError:
        return False
    return one.tzinfo is not None and other.tzinfo is not None and one == other
