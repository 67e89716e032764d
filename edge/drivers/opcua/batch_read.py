"""The Read service for many values at once, encoded and decoded by asyncua. `scalar_read` is the short cut beside it."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from asyncua import ua
from asyncua.client.ua_client import UASocketProtocol
from asyncua.common.utils import Buffer, NotEnoughData
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.ua_binary import struct_from_binary
from asyncua.ua.uaerrors import UaError

from edge.acquisition.driver import Value

NodeValue = tuple[Any, int, int | None]
"""(value, StatusCode, source time in ms UTC). The value is None if there is none, or none that a tag can hold;
the time is None if the server gives none."""

BROKEN = (TypeError, AttributeError, RecursionError)
"""How asyncua stumbles over some broken bytes, beside its own errors, ValueError, struct.error and IndexError."""

_1970 = datetime(1970, 1, 1, tzinfo=UTC)
_NO_TIME = datetime(1601, 1, 1, tzinfo=UTC)  # Zero of OPC UA's clock, which says that there is none.
_MS = timedelta(milliseconds=1)


class BatchRead:
    """A Read request for the Value of these nodes, to be sent again and again.

    `whole`: values are told as they are, arrays and structures too, for somebody who picks from them.
    """

    def __init__(self, nodes: Sequence[ua.NodeId], *, whole: bool = False) -> None:
        self._whole = whole
        self._parameters = ua.ReadParameters(
            MaxAge=0.0,
            TimestampsToReturn=ua.TimestampsToReturn.Source,
            NodesToRead=[ua.ReadValueId(NodeId=node, AttributeId=AttributeIds.Value) for node in nodes],
        )

    async def send(self, protocol: UASocketProtocol, timeout_s: float) -> list[NodeValue]:
        """As many values as the server sent, in its order. Raises UaError (also for the service as a whole, and for
        an answer that cannot be decoded), ValueError, struct.error, IndexError, OSError, TimeoutError."""
        async with asyncio.timeout(timeout_s):
            answer = await self._answer(protocol, timeout_s)
        return self._decoded(answer)

    async def _answer(self, protocol: UASocketProtocol, timeout_s: float) -> Buffer:
        return await protocol.send_request(ua.ReadRequest(Parameters=self._parameters), timeout_s)

    def _decoded(self, answer: Buffer) -> list[NodeValue]:
        return read_response(answer, whole=self._whole)


class StrictBuffer(Buffer):
    """What asyncua's decoders need of a Buffer. Refuses a length below zero, for which asyncua's own goes back by so
    many bytes and reads on there."""

    def __init__(self, data: bytes, at: int = 0, end: int | None = None) -> None:
        self._data = data
        self._at = at
        self._end = len(data) if end is None else end

    def __len__(self) -> int:
        return self._end - self._at

    def read(self, size: int) -> bytes:
        at = self._at
        after = at + size
        if not at <= after <= self._end:
            raise NotEnoughData(f"a length of {size}, and {len(self)} bytes left")
        self._at = after
        return self._data[at:after]

    def skip(self, size: int) -> None:
        self.read(size)

    def copy(self, size: int = -1) -> "StrictBuffer":
        """The next `size` bytes, or all."""
        return StrictBuffer(self._data, self._at, self._end if size < 0 else min(self._at + size, self._end))


def read_response(answer: Buffer, *, whole: bool = False) -> list[NodeValue]:
    """The results of a ReadResponse. Raises ua.UaStatusCodeError if the service failed."""
    try:
        response = struct_from_binary(ua.ReadResponse, StrictBuffer(answer.read(len(answer))))
    except BROKEN as error:
        raise UaError(f"the answer cannot be decoded: {error}") from error
    response.ResponseHeader.ServiceResult.check()
    return [node_value(result, whole=whole) for result in response.Results or ()]


def node_value(result: ua.DataValue, *, whole: bool = False) -> NodeValue:
    """What asyncua decoded, in our terms."""
    value = result.Value.Value if result.Value is not None else None
    source_time = result.SourceTimestamp
    status = result.StatusCode.value if result.StatusCode is not None else 0
    time_ms = None if source_time is None or _aware(source_time) <= _NO_TIME else _datetime_ms(source_time)
    return value if whole else scalar(value), status, time_ms


def scalar(value: Any) -> Value:
    """As a tag would hold it; None for what no tag can hold."""
    if isinstance(value, ua.LocalizedText):
        value = value.Text
    if isinstance(value, str):
        return _unicode(value)
    if isinstance(value, datetime):
        return _datetime_ms(value)
    if isinstance(value, ua.StatusCode):
        return int(value.value)
    return value if isinstance(value, bool | int | float) else None


def _unicode(text: str) -> str:
    """Bytes that are no UTF-8 come from asyncua as lone surrogates, which nobody downstream may encode."""
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _datetime_ms(moment: datetime) -> int:
    return (_aware(moment) - _1970) // _MS


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
