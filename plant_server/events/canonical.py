"""JSON in one form: the same content is the same bytes, and PostgreSQL's jsonb can hold it."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from plant_server.problems import Problem

_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def canonical(value: Any) -> str:
    """Keys sorted, no spaces; Decimals and times as text. Raises Problem 422 for what jsonb cannot hold."""
    try:
        text = json.dumps(
            value,
            default=_plain,
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=False,
            allow_nan=False,
        )
        text.encode()
    except ValueError as error:  # NaN, or half of a surrogate pair.
        raise Problem(422, "invalid-request", "a value cannot be stored") from error
    if _NUL.search(text):
        raise Problem(422, "invalid-request", "a text holds U+0000")
    return text


def as_json(value: Mapping[str, Any]) -> dict[str, Any]:
    """The value as whoever reads it back from the database finds it."""
    plain: dict[str, Any] = json.loads(canonical(value))
    return plain


def request_hash(route: str, body: Mapping[str, Any]) -> bytes:
    """What tells two requests with one key apart: sha256 over route and body."""
    return hashlib.sha256(canonical([route, body]).encode()).digest()


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} is no JSON value")
