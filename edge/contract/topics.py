"""Sparkplug topics: built and parsed here and nowhere else.

spBv1.0/<group>/<TYPE>/<edge>[/<device>]      spBv1.0/STATE/<host>
"""

from dataclasses import dataclass
from enum import StrEnum

NAMESPACE = "spBv1.0"


class MessageType(StrEnum):
    NBIRTH = "NBIRTH"
    NDEATH = "NDEATH"
    NDATA = "NDATA"
    NCMD = "NCMD"
    DBIRTH = "DBIRTH"
    DDEATH = "DDEATH"
    DDATA = "DDATA"
    DCMD = "DCMD"

    @property
    def is_of_device(self) -> bool:
        return self.value.startswith("D")


class TopicError(ValueError):
    """A topic or an id that Sparkplug does not allow. The fault is the sender's or the configuration's."""


@dataclass(frozen=True, slots=True)
class Topic:
    group: str
    type: MessageType
    edge: str
    device: str | None = None

    def __str__(self) -> str:
        topic = f"{NAMESPACE}/{self.group}/{self.type}/{self.edge}"
        return topic if self.device is None else f"{topic}/{self.device}"


def valid_id(text: str) -> str:
    """Return `text` if it may stand in a topic, else raise TopicError."""
    if not text or any(character in text for character in "+/#\0"):
        raise TopicError(f"{text!r} cannot be a Sparkplug id: it must not be empty or contain + / #")
    return text


def edge_topic(group: str, message: MessageType, edge: str, device: str | None = None) -> Topic:
    """A checked topic. Raises TopicError for an id that is not allowed, or a device where none belongs."""
    if message.is_of_device != (device is not None):
        raise TopicError(f"{message} {'needs' if message.is_of_device else 'has no'} device")
    valid_id(group), valid_id(edge)
    if device is not None:
        valid_id(device)
    return Topic(group, message, edge, device)


def parse_topic(text: str) -> Topic:
    """The parts of an edge topic. Raises TopicError for any other topic, STATE included."""
    parts = text.split("/")
    if len(parts) not in (4, 5) or parts[0] != NAMESPACE:
        raise TopicError(f"{text!r} is not a Sparkplug topic of an edge node")
    try:
        message = MessageType(parts[2])
    except ValueError as error:
        raise TopicError(f"{text!r} names no Sparkplug message type") from error
    return edge_topic(parts[1], message, parts[3], parts[4] if len(parts) == 5 else None)


def state_topic(host: str) -> str:
    return f"{NAMESPACE}/STATE/{valid_id(host)}"
