"""The numbers of states. A state variable (OPC 10000-16, 4.4.2) names the state in force by its text, in some language,
and by its node; a number of its own is optional. The node has one in any case: StateNumber (OPC 10000-16, 4.4.6)."""

from typing import Any

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

from edge.drivers.opcua.references import references

_STATE_NUMBER = "StateNumber"


class StateNumbers:
    """Of the states of one server. `learn` before `number`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._numbers: dict[ua.NodeId, int | None] = {}

    async def learn(self, value: Any) -> None:
        """Ask for the number of the state, if `value` is the node of one that is new. Raises what asyncua raises when the
        server is gone."""
        if not isinstance(value, ua.NodeId) or value.is_null() or value in self._numbers:
            return
        found = [
            reference.NodeId
            for reference in await references(self._client, value, ObjectIds.HasProperty)
            if reference.BrowseName.Name == _STATE_NUMBER
        ]
        read = await self._client.uaclient.read_attributes(found[:1], AttributeIds.Value) if found else []
        number = read[0].Value.Value if read and read[0].Value is not None else None
        self._numbers[value] = number if isinstance(number, int) else None

    def number(self, value: Any) -> Any:
        """The number of the state whose node this is, None if it has none; any other value as it is."""
        return self._numbers.get(value) if isinstance(value, ua.NodeId) else value
