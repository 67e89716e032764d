"""From what a server hands over to a reading: texts of enumerations, values inside structures, quality, time, and why."""

from collections.abc import Iterable
from typing import Any

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.status_codes import StatusCodes, get_name_and_doc

from edge.acquisition.addresses import OpcUaAddress
from edge.acquisition.decode import Publisher, publisher
from edge.acquisition.driver import Reading, Value
from edge.acquisition.profile import Tag
from edge.acquisition.timestamps import reading_time
from edge.contract.datatypes import Quality
from edge.drivers.opcua.batch_read import NodeValue, scalar
from edge.drivers.opcua.enumerations import TEXTS_THEMSELVES, Texts, data_types, texts_of
from edge.drivers.opcua.state_numbers import StateNumbers
from edge.drivers.opcua.structures import Structures, pick

TYPES_AT_ONCE = 20
"""Nodes in one request for their types: how many a server really takes is learned only by the polls that follow."""


def address_of(tag: Tag) -> OpcUaAddress:
    if not isinstance(tag.address, OpcUaAddress):
        raise TypeError(f"{tag.name} has no node id")
    return tag.address


class Values:
    """What is known of the values of one connection."""

    def __init__(self, client: Client) -> None:
        self._structures = Structures(client)
        self._states = StateNumbers(client)
        self._client = client
        self._texts: dict[str, Texts] = {}

    async def learn(self, value: Any) -> None:
        """Ask the server about what is new in a value that came whole. Raises what asyncua raises when it is gone."""
        await self._structures.learn(value)
        await self._states.learn(value)

    async def learn_texts(self, nodes: Iterable[tuple[Tag, ua.NodeId]]) -> None:
        """Ask for the texts of tags that are texts although their node may hold a number."""
        wanted = [(tag, node) for tag, node in nodes if tag.datatype.is_text and not address_of(tag).is_whole]
        for first in range(0, len(wanted), TYPES_AT_ONCE):
            portion = wanted[first : first + TYPES_AT_ONCE]
            types = await data_types(self._client, [node for _, node in portion])
            for (tag, node), data_type in zip(portion, types, strict=True):
                if data_type is not None and data_type not in TEXTS_THEMSELVES:
                    self._texts[tag.name] = await texts_of(self._client, node, data_type)

    def publisher(self, tag: Tag) -> Publisher:
        """How a raw value of this tag becomes the published one. A value to pick from comes whole."""
        publish, at, texts = publisher(tag), address_of(tag).at, self._texts.get(tag.name)
        if at:
            return lambda raw: publish(scalar(pick(raw, at, self._structures)))
        if address_of(tag).is_state:
            return lambda raw: publish(scalar(self._states.number(raw)))
        if texts:
            return lambda raw: publish(_text(raw, texts))
        return publish


_GONE = frozenset({StatusCodes.BadNodeIdUnknown, StatusCodes.BadNodeIdInvalid})


def is_gone(status: int) -> bool:
    """Whether the server says by this that it has no such node, or none any more."""
    return status & 0xFFFF0000 in _GONE


def _text(raw: Value, texts: Texts) -> Value:
    """A number without a text is told as a number: more than nothing."""
    return texts.get(raw) or str(raw) if isinstance(raw, int) else raw


def reading_of(tag: Tag, publish: Publisher, value: NodeValue, read_ms: int) -> Reading:
    """A Bad status has no value, whatever came with it."""
    raw, status, source_ms = value
    time_ms, by_edge = reading_time(tag.role, source_ms, read_ms)
    severity = status >> 30
    if severity >= 2:
        return Reading(tag, None, time_ms, Quality.BAD, by_edge, get_name_and_doc(status & 0xFFFF0000)[0])
    published = publish(raw)
    if published is None:
        why = "no value" if raw is None else "no value that the tag can hold"
        return Reading(tag, None, time_ms, Quality.BAD, by_edge, why)
    if severity and tag.role.is_counted:
        # An uncertain count may be a substitute or the last good one: nothing to count by.
        return Reading(tag, None, time_ms, Quality.BAD, by_edge, "an uncertain count")
    return Reading(tag, published, time_ms, Quality.STALE if severity else Quality.GOOD, by_edge)
