"""What the API says of events."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field


class SealedEvent(BaseModel):
    """One command, done or refused, at its place in the chain."""

    position: int = Field(description="Gapless from 1; it never changes.")
    event_id: UUID = Field(description="The Idempotency-Key of the command.")
    kind: str = Field(examples=["work_order.report"])
    actor: str = Field(examples=["person:7"])
    device: str | None = Field(description="The terminal it came from.", examples=["station:3"])
    body: dict[str, Any] = Field(description="What was asked.")
    facts: dict[str, Any] = Field(description="What became of it.")
    status: int
    answer: dict[str, Any]
    refused: bool
    event_time: datetime = Field(description="By the client's clock.")
    recorded_time: datetime = Field(description="By the plant's clock.")
    sealed_time: datetime
    work_order_id: int | None


class EventPage(BaseModel):
    items: list[SealedEvent]
    position: int = Field(description="Send it as `after` for what follows, now or later.")
    more: bool = Field(description="Whether something follows already.")
