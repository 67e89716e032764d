"""A real OPC UA server (asyncua) with a flat list of variables under string node ids, security policy None.

asyncua takes two seconds of CPU to build the standard address space, so a simulated power cut does not build it anew:
it forgets every session and subscription, which is what a client can notice.
"""

import ctypes
import gc
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC

from asyncua import ua
from asyncua.server.server import Server

from simulators.device import Value
from simulators.gate import LOOPBACK

# It warns about each client that goes away without a good-bye; here the clients are cut on purpose.
logging.getLogger("asyncua").setLevel(logging.CRITICAL)


def string_id(identifier: str, namespace_index: int) -> ua.NodeId:
    """A string node id, in the types asyncua declares."""
    return ua.NodeId(ua.String(identifier), ua.Int16(namespace_index))


async def build_address_space(server: Server) -> None:
    """Build the standard address space without the garbage collector: it makes 150 000 objects that all stay, and
    looking at them again and again takes as long as making them."""
    gc.disable()
    try:
        await server.init()
    finally:
        gc.freeze()
        gc.enable()
    _give_memory_back()


def _give_memory_back() -> None:
    """Building leaves a quarter of the process's memory free but kept. Only glibc can be asked for it."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


@dataclass(frozen=True)
class Node:
    """A variable: string id in the simulator's namespace, and the name of its built-in type (`Int32`, `UInt64`, …)."""

    id: str
    type: str


class OpcuaServer:
    """Serves `nodes` on a loopback port of its own. Values that do not change are not written again."""

    def __init__(self, namespace_uri: str, nodes: Sequence[Node]) -> None:
        self.port = 0
        self._namespace_uri = namespace_uri
        self._nodes = {node.id: node for node in nodes}
        self._types = {node.id: ua.VariantType[node.type] for node in nodes}
        self._ids: dict[str, ua.NodeId] = {}
        self._shown: dict[str, Value] = {}
        self._server = Server()

    async def open(self, port: int = 0) -> None:
        await build_address_space(self._server)
        self._server.set_endpoint(f"opc.tcp://{LOOPBACK}:{port}/")
        self._server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        self._server.set_identity_tokens([ua.AnonymousIdentityToken])
        await self._add_nodes()
        await self._server.start()
        assert self._server.bserver is not None  # noqa: S101 (asyncua sets it in start)
        self.port = self._server.bserver.port

    async def _add_nodes(self) -> None:
        index = await self._server.register_namespace(self._namespace_uri)
        folders = {"": self._server.nodes.objects}
        for node in self._nodes.values():
            folder, _, name = node.id.rpartition(".")
            if folder not in folders:
                folders[folder] = await self._server.nodes.objects.add_object(
                    string_id(folder, index), ua.QualifiedName(folder, index)
                )
            zero = ua.Variant(0.0 if node.type in ("Float", "Double") else 0, self._types[node.id])
            variable = await folders[folder].add_variable(
                string_id(node.id, index), ua.QualifiedName(name, index), zero
            )
            self._ids[node.id] = variable.nodeid
            self._shown[node.id] = 0

    async def show(self, values: Mapping[str, Value]) -> None:
        now = ua.DateTime.now(UTC)
        for id_, value in values.items():
            if self._shown[id_] == value:
                continue
            self._shown[id_] = value
            data = ua.DataValue(ua.Variant(value, self._types[id_]), SourceTimestamp=now, ServerTimestamp=now)
            await self._server.write_attribute_value(self._ids[id_], data)

    async def forget_clients(self) -> None:
        # Sessions outlive their connection so that a client can come back to them; only this private table has them all.
        for session in list(self._server.iserver._external_sessions.values()):
            await session.close_session(delete_subs=True)

    async def close(self) -> None:
        await self._server.stop()
