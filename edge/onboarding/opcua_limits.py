"""What an OPC UA server says one request may hold, and what it answers when that was too much."""

from dataclasses import dataclass

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua import uaerrors
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

TOO_MUCH = (
    uaerrors.BadTooManyOperations,
    uaerrors.BadRequestTooLarge,
    uaerrors.BadResponseTooLarge,
    uaerrors.BadEncodingLimitsExceeded,
    uaerrors.BadTcpMessageTooLarge,
)

_STATED = {
    "nodes_per_browse": ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerBrowse,
    "nodes_per_read": ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead,
}


def numeric(identifier: int) -> ua.NodeId:
    """A node of the OPC UA standard itself."""
    return ua.NodeId.from_string(f"i={identifier}")


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """Nodes in one request; 0: the server states none."""

    nodes_per_browse: int = 0
    nodes_per_read: int = 0

    @staticmethod
    def at_most(stated: int, ours: int) -> int:
        return min(stated, ours) if stated > 0 else ours


async def stated_limits(client: Client) -> ServerLimits:
    """A limit that is missing counts as none, as 0 does."""
    parameters = ua.ReadParameters(
        NodesToRead=[
            ua.ReadValueId(NodeId=numeric(node), AttributeId=AttributeIds.Value) for node in _STATED.values()
        ]
    )
    values = await client.uaclient.read(parameters)
    stated = {
        name: value.Value.Value
        for name, value in zip(_STATED, values, strict=True)
        if value.StatusCode is not None and value.StatusCode.is_good() and value.Value is not None
    }
    return ServerLimits(**{name: number for name, number in stated.items() if isinstance(number, int)})
