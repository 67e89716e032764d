"""The short cut of a poll: the request is encoded once, and the scalars of the answer are decoded by hand.

asyncua builds a tree of dataclasses for every node it asks for and every value it decodes: 10 µs a tag, which is
nearly all that a poll costs. Here it is half a microsecond. Channel, session, encryption and chunking stay asyncua's,
and so does each value that is no scalar (`scalar_read_values`).

What it leans on is private to asyncua. So it is used only where a device says `scalar_read: true`, and only with
a version of asyncua whose members were looked at (`usable`); with any other the device is read as usual.
"""

import asyncio
import functools
import struct
import time
from collections.abc import Sequence

import asyncua
import structlog
from asyncua import ua
from asyncua.client.ua_client import UASocketProtocol
from asyncua.common.utils import Buffer
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.ua_binary import nodeid_from_binary, nodeid_to_binary, struct_from_binary, struct_to_binary
from asyncua.ua.uaerrors import UaError

from edge.drivers.opcua.batch_read import BROKEN, BatchRead, NodeValue, read_response
from edge.drivers.opcua.references import standard
from edge.drivers.opcua.scalar_read_values import EPOCH_TICKS, data_values

log = structlog.get_logger(__name__)

VERSIONS = frozenset({"2.1.0"})
"""Of asyncua. Before another is added: compare `_answer` with its UASocketProtocol._send_request and send_request."""

_REQUEST_TYPE = nodeid_to_binary(standard(ObjectIds.ReadRequest_Encoding_DefaultBinary))
_TIME_AND_HANDLE = struct.Struct("<qI")
_NO_DIAGNOSTICS = (b"\x00\x00\x00\x00", b"\xff\xff\xff\xff")


@functools.cache
def usable(version: str = asyncua.__version__) -> bool:
    """Whether this asyncua is a known one. Says so once if not."""
    if version not in VERSIONS:
        log.warning("scalar_read_off", asyncua=version, known=sorted(VERSIONS), reads="as usual")
    return version in VERSIONS


class ScalarRead(BatchRead):
    """A BatchRead, never `whole`, that is encoded once. Only where `usable`."""

    def __init__(self, nodes: Sequence[ua.NodeId]) -> None:
        super().__init__(nodes)
        self._encoded_parameters = struct_to_binary(self._parameters)
        self._encoded_for: tuple[ua.NodeId, float] | None = None
        self._body = bytearray()
        self._time_at = 0  # Where the time of the request and its handle stand in the body.

    async def _answer(self, protocol: UASocketProtocol, timeout_s: float) -> Buffer:
        """What UASocketProtocol.send_request and _send_request do, with a body that is encoded already."""
        if protocol.pre_request_hook:
            await protocol.pre_request_hook()  # Raises what failed in the background, as a renewal does.
        if protocol.transport is None:
            raise ConnectionError("the connection is closed")
        body = self._body_of(protocol, timeout_s)
        protocol.revolve_security_token()
        request_id = protocol._request_id + 1
        message = protocol._connection.message_to_binary(body, request_id=request_id)
        protocol._request_id = request_id
        answer: asyncio.Future[Buffer] = asyncio.get_running_loop().create_future()
        protocol._callbackmap[request_id] = answer
        protocol.transport.write(message)
        buffer = await answer
        protocol.check_answer(buffer, " in response to ReadRequest")
        return buffer

    def _body_of(self, protocol: UASocketProtocol, timeout_s: float) -> bytes:
        session = protocol.authentication_token
        if self._encoded_for != (session, timeout_s):
            self._encode(session, timeout_s)
        protocol._request_handle += 1
        ticks = EPOCH_TICKS + time.time_ns() // 1000 * 10  # To the microsecond, like asyncua.
        _TIME_AND_HANDLE.pack_into(self._body, self._time_at, ticks, protocol._request_handle)
        return bytes(self._body)

    def _encode(self, session: ua.NodeId, timeout_s: float) -> None:
        """OPC 10000-4, 7.32: a request header is the session's token, the time, the handle, and what never changes."""
        header = ua.RequestHeader(AuthenticationToken=session, TimeoutHint=int(timeout_s * 1000))
        self._body = bytearray(_REQUEST_TYPE + struct_to_binary(header) + self._encoded_parameters)
        self._time_at = len(_REQUEST_TYPE) + len(nodeid_to_binary(session))
        self._encoded_for = (session, timeout_s)

    def _decoded(self, answer: Buffer) -> list[NodeValue]:
        return scalar_response(answer)


def scalar_response(answer: Buffer) -> list[NodeValue]:
    """As `read_response`: the same values, the same errors."""
    whole_answer = answer.copy()
    try:
        nodeid_from_binary(answer)
        header = struct_from_binary(ua.ResponseHeader, answer)
    except BROKEN as error:
        raise UaError(f"the answer cannot be decoded: {error}") from error
    header.ServiceResult.check()
    data = answer.read(len(answer))
    values, end = data_values(data)
    if data[end:] not in _NO_DIAGNOSTICS:  # Nobody asked for any: let asyncua see whether they are any.
        return read_response(whole_answer)
    return values
