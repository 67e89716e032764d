"""What the machine-state routes answer."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, Field


class Contact(StrEnum):
    """A display status from now minus the last message. It is no machine state."""

    IN_CONTACT = "in contact"
    NO_CONTACT = "no contact"


def contact_of(online: bool, last_message_age_s: float | None, contact_lost_s: float) -> Contact:
    """`online`: the edge and the device said they are there. The age is in seconds; None: never a message.
    `contact_lost_s`: so long an edge of this kind may be silent."""
    fresh = last_message_age_s is not None and last_message_age_s <= contact_lost_s
    return Contact.IN_CONTACT if online and fresh else Contact.NO_CONTACT


class StateInterval(BaseModel):
    """[from_ts, to_ts), clipped to the span asked for."""

    state: str = Field(examples=["producing"], description="*unknown* is the absence of facts.")
    from_ts: datetime
    to_ts: datetime | None = Field(description="null: still so.")


class MachineState(BaseModel):
    device_id: int
    name: str = Field(examples=["press1"])
    path: str | None
    contact: Contact
    last_message: datetime | None = Field(description="received_time of the edge's last message.")
    last_message_age_s: float | None
    state: str = Field(examples=["producing"], description="The last state known from facts, else *unknown*.")
    since: datetime | None
    intervals: list[StateInterval] = Field(description="Oldest first; what no fact tells of is *unknown*.")
