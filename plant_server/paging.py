"""Pages of a list: a bounded number of rows and an opaque cursor to the next."""

import base64
import json
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

from plant_server.problems import Problem

Row = TypeVar("Row")

Limit = Annotated[int, Query(ge=1, le=1000, description="Rows at most.")]
Cursor = Annotated[
    str | None,
    Query(max_length=200, description="`next_cursor` of the page before; without it, the first page."),
]


class Page(BaseModel, Generic[Row]):
    """`next_cursor` is null on the last page."""

    items: list[Row]
    next_cursor: str | None = Field(default=None, description="Send it as `cursor` for the next page.")


def encode_cursor(*position: int | str) -> str:
    text = json.dumps(position, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *kinds: type) -> list[Any]:
    """The position in `cursor`, one value per kind. Raises Problem 422 for what encode_cursor did not make."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        position = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except ValueError as error:
        raise Problem(422, "cursor-invalid") from error
    if not isinstance(position, list) or [type(value) for value in position] != list(kinds):
        raise Problem(422, "cursor-invalid")
    return position


def id_cursor(cursor: str | None, otherwise: int) -> int:
    """The id a page by id starts after. Raises Problem 422."""
    if cursor is None:
        return otherwise
    number: int = decode_cursor(cursor, int)[0]
    if not -(2**62) < number < 2**62:
        raise Problem(422, "cursor-invalid")
    return number


def page_of(rows: list[Row], limit: int, id_of: str) -> Page[Row]:
    """A page by id. `rows` may hold one row more than `limit`: the proof that there is a next page."""
    items = rows[:limit]
    next_cursor = encode_cursor(getattr(items[-1], id_of)) if len(rows) > limit else None
    return Page(items=items, next_cursor=next_cursor)
