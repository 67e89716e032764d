"""A document read back: equal by value, and every other field is named."""

from typing import Any

import pytest

from erp_bridge.documents.difference import differences


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ({"quantity": "12.50"}, {"quantity": "12.5"}),
        ({"quantity": "12"}, {"quantity": 12}),
        ({"at": "2026-11-24T08:00:00+08:00"}, {"at": "2026-11-24T00:00:00Z"}),
        ({"lines": [{"item": "A"}]}, {"lines": [{"item": "A", "lot": ""}], "id": "X"}),
        ({"lot": ""}, {}),
    ],
)
def test_equal_values_are_no_difference(sent: dict[str, Any], stored: dict[str, Any]) -> None:
    assert differences(sent, stored) == []


@pytest.mark.parametrize(
    ("sent", "stored", "field"),
    [
        ({"quantity": "12.5"}, {"quantity": "12.4"}, "quantity"),
        ({"lot": "L1"}, {}, "lot"),
        ({"lot": "L1"}, {"lot": None}, "lot"),
        ({"at": "2026-11-24T08:00:00Z"}, {"at": "2026-11-24T08:00:01Z"}, "at"),
        ({"at": "2026-11-24T08:00:00Z"}, {"at": "2026-11-24T08:00:00"}, "at"),
        ({"lines": [{"item": "A"}, {"item": "B"}]}, {"lines": [{"item": "A"}]}, "lines.length"),
        ({"lines": [{"item": "A"}]}, {"lines": [{"item": "B"}]}, "lines[0].item"),
    ],
)
def test_what_is_stored_otherwise_is_named(sent: dict[str, Any], stored: dict[str, Any], field: str) -> None:
    (found,) = differences(sent, stored)
    assert found["field"] == field
