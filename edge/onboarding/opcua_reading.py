"""Reads attributes of many nodes, in requests no larger than the server takes."""

from collections.abc import Sequence
from datetime import datetime

from asyncua import ua
from asyncua.client.client import Client

from edge.acquisition.driver import Value
from edge.drivers.opcua.structures import Structures
from edge.onboarding.opcua_limits import TOO_MUCH, ServerLimits

NODES_PER_READ = 200


class Reader:
    """Of one session. The size of a request that a server turned out to take is kept."""

    def __init__(self, client: Client, limits: ServerLimits) -> None:
        self.structures = Structures(client)
        self._client = client
        self._nodes_per_read = limits.at_most(limits.nodes_per_read, NODES_PER_READ)

    async def read(self, nodes: Sequence[ua.NodeId], attribute: int) -> list[ua.DataValue]:
        """One answer for each node, in their order. Raises what asyncua raises when the service fails as a whole."""
        values: list[ua.DataValue] = []
        while len(values) < len(nodes):
            batch = nodes[len(values) : len(values) + self._nodes_per_read]
            parameters = ua.ReadParameters(
                TimestampsToReturn=ua.TimestampsToReturn.Neither,
                NodesToRead=[ua.ReadValueId(NodeId=node, AttributeId=attribute) for node in batch],
            )
            try:
                answers = await self._client.uaclient.read(parameters)
            except TOO_MUCH:
                if len(batch) == 1:
                    raise
                self._nodes_per_read = len(batch) // 2
                continue
            if len(answers) != len(batch):
                raise ConnectionError(f"answered {len(answers)} of {len(batch)} nodes")
            values += answers
        return values


def good(value: ua.DataValue) -> ua.Variant | None:
    """What was read, if it was."""
    if value.StatusCode is not None and value.StatusCode.value >> 30 >= 2:
        return None
    return value.Value


def scalar(variant: ua.Variant | None) -> Value:
    """As a tag would hold it; None for what no tag can hold."""
    raw = variant.Value if variant is not None else None
    if isinstance(raw, ua.LocalizedText):
        return raw.Text
    if isinstance(raw, datetime):
        return raw.isoformat()
    if isinstance(raw, ua.StatusCode):
        return int(raw.value)
    return raw if isinstance(raw, bool | int | float | str) else None
