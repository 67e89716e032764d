"""An OPC UA server with many variables that all change once a second, to measure and to mislead clients with.

Namespace `urn:lineside:sim:plain`, string ids `t0` to `tN-1`, even ones Double, odd ones UInt32 (or all of one type).
`tI` holds I + tick, tick being the whole seconds since the server began; with `--still` it holds I. So a value always
tells from which node it came. The source timestamp is the moment of the change.

    python -m simulators.opcua_plain --nodes 1000 --port 0

prints its port and serves until SIGTERM. `--max-nodes-per-read` announces a limit and refuses what exceeds it; 0 means
no limit, as in open62541.
"""

import argparse
import asyncio
import logging
import signal
from datetime import UTC

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.server.address_space import AddressSpace, AttributeService
from asyncua.server.server import Server
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes

from simulators.gate import LOOPBACK
from simulators.opcua_server import build_address_space, string_id

NAMESPACE_URI = "urn:lineside:sim:plain"
TYPES = {"mixed": ("Double", "UInt32"), "double": ("Double",), "uint32": ("UInt32",)}
_PERIOD_S = 1.0
_LIMIT = ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead


class _LimitedReads(AttributeService):
    """Refuses a read of more nodes than the server announced. Announced limits are only words to asyncua itself."""

    def __init__(self, aspace: AddressSpace, nodes_max: int) -> None:
        super().__init__(aspace)
        self._nodes_max = nodes_max

    def read(self, params: ua.ReadParameters) -> list[ua.DataValue]:
        if self._nodes_max and len(params.NodesToRead) > self._nodes_max:
            raise ServiceError(StatusCodes.BadTooManyOperations)
        return super().read(params)


class PlainServer:
    """The server of this module."""

    def __init__(self, nodes: int, *, types: str = "mixed", max_nodes_per_read: int = 10_000) -> None:
        self.port = 0
        self._count = nodes
        self._types = [ua.VariantType[type_] for type_ in TYPES[types]]
        self._max_nodes_per_read = max_nodes_per_read
        self._ids: list[ua.NodeId] = []
        self._server = Server()

    async def open(self, port: int = 0) -> None:
        await build_address_space(self._server)
        self._server.set_endpoint(f"opc.tcp://{LOOPBACK}:{port}/")
        self._server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        self._server.set_identity_tokens([ua.AnonymousIdentityToken])
        limit = ua.Variant(self._max_nodes_per_read, ua.VariantType.UInt32)
        await self._server.get_node(_LIMIT).write_value(limit)
        index = await self._server.register_namespace(NAMESPACE_URI)
        folder = await self._server.nodes.objects.add_object(
            string_id("Plain", index), ua.QualifiedName("Plain", index)
        )
        for number in range(self._count):
            name = f"t{number}"
            variable = await folder.add_variable(
                string_id(name, index), ua.QualifiedName(name, index), self._variant(number, 0)
            )
            self._ids.append(variable.nodeid)
        await self.show(0)
        iserver = self._server.iserver
        iserver.attribute_service = _LimitedReads(iserver.aspace, self._max_nodes_per_read)
        await self._server.start()
        assert self._server.bserver is not None  # noqa: S101 (asyncua sets it in start)
        self.port = self._server.bserver.port

    async def show(self, tick: int) -> None:
        """Change every node: about 4 us each."""
        now = ua.DateTime.now(UTC)
        for number, node_id in enumerate(self._ids):
            value = ua.DataValue(self._variant(number, tick), SourceTimestamp=now, ServerTimestamp=now)
            await self._server.write_attribute_value(node_id, value)

    async def close(self) -> None:
        await self._server.stop()

    def _variant(self, number: int, tick: int) -> ua.Variant:
        type_ = self._types[number % len(self._types)]
        value = number + tick
        return ua.Variant(float(value) if type_ is ua.VariantType.Double else value, type_)


async def serve(server: PlainServer, port: int, *, still: bool) -> None:
    """Serve until SIGTERM or SIGINT."""
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, ending.set)
    await server.open(port)
    print(server.port, flush=True)
    tick = 0
    began = loop.time()
    while not ending.is_set():
        tick += 1
        try:
            async with asyncio.timeout_at(began + tick * _PERIOD_S):
                await ending.wait()
        except TimeoutError:
            if not still:
                await server.show(tick)
    await server.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m simulators.opcua_plain", description=__doc__)
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--types", choices=list(TYPES), default="mixed")
    parser.add_argument("--still", action="store_true", help="keep every value")
    parser.add_argument("--max-nodes-per-read", type=int, default=10_000)
    options = parser.parse_args()
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)
    server = PlainServer(options.nodes, types=options.types, max_nodes_per_read=options.max_nodes_per_read)
    asyncio.run(serve(server, options.port, still=options.still))


if __name__ == "__main__":
    main()
