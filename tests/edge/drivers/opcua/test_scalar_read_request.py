"""The request of the short cut is byte for byte one of asyncua's."""

import uuid
from datetime import UTC, datetime, timedelta

import asyncua
import pytest
from asyncua import ua
from asyncua.client.ua_client import UASocketProtocol
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_from_binary, struct_to_binary

from edge.drivers.opcua import scalar_read
from edge.drivers.opcua.scalar_read import ScalarRead


def test_the_request_is_the_one_asyncua_would_send():
    nodes = [ua.NodeId("t1", 2), ua.NodeId(11705), ua.NodeId(uuid.UUID(int=5), 3), ua.NodeId(b"\0\1", 4)]
    request, protocol = ScalarRead(nodes), UASocketProtocol()
    for session in (ua.NodeId(7, 1), ua.NodeId(b"a longer token", 1)):
        protocol.authentication_token = session
        for timeout_s in (4.0, 0.5):
            body = request._body_of(protocol, timeout_s)
            asked = struct_from_binary(ua.ReadRequest, Buffer(body))
            assert struct_to_binary(asked) == body
            header = asked.RequestHeader
            assert header.AuthenticationToken == session
            assert header.RequestHandle == protocol._request_handle
            assert header.TimeoutHint == timeout_s * 1000
            assert abs(header.Timestamp - datetime.now(UTC)) < timedelta(minutes=1)
            assert asked.Parameters == request._parameters
    assert protocol._request_handle == 4


async def test_without_a_connection_nothing_is_asked():
    with pytest.raises(ConnectionError):
        await ScalarRead([ua.NodeId(1)]).send(UASocketProtocol(), 1.0)


def test_the_pinned_asyncua_is_a_known_one():
    assert asyncua.__version__ in scalar_read.VERSIONS
