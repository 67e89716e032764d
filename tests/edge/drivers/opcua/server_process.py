"""An OPC UA server in a process of its own, so that it can be killed and frozen. Started by the fixtures.

    python server_process.py PORT NODES [SECURE_FOLDER]

Prints its port when ready. Nodes t0 … t<n-1> hold their own numbers. Takes one JSON object a line:
{"stated": n}       MaxNodesPerRead it states; null: the node is missing
{"enforced": n}     refuses larger reads with BadTooManyOperations; 0: never
{"set": [name, value, status, source_age_s]}
and answers each with a line.
"""

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from asyncua import Server, ua
from asyncua.common.utils import ServiceError
from asyncua.crypto.permission_rules import SimpleRoleRuleset, User, UserRole
from asyncua.server.user_managers import UserManager

NAMESPACE = "urn:lineside:test"
SPECIAL = {
    "text": ua.Variant("A-17", ua.VariantType.String),
    "array": ua.Variant([1, 2, 3], ua.VariantType.Int32),
    "localized": ua.Variant(ua.LocalizedText("Halt"), ua.VariantType.LocalizedText),
    "double": ua.Variant(2.5, ua.VariantType.Double),
    "flag": ua.Variant(True, ua.VariantType.Boolean),
    "moment": ua.Variant(datetime(2026, 3, 1, tzinfo=UTC), ua.VariantType.DateTime),
    "big": ua.Variant(2**63 + 5, ua.VariantType.UInt64),
    "nothing": ua.Variant(None, ua.VariantType.Null),
    "value": ua.Variant(1, ua.VariantType.Int32),
}


class OneUser(UserManager):
    def get_user(self, iserver, username=None, password=None, certificate=None):
        return User(role=UserRole.User) if (username, password) == ("lineside", "secret") else None


class TestServer:
    def __init__(self) -> None:
        self.enforced = 0
        self.index = 0

    async def start(self, port: int, nodes: int, secure: Path | None) -> None:
        self.server = Server(user_manager=OneUser() if secure else None)
        await self.server.init()
        self.server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/test/")
        if secure is not None:
            await self._secure(secure)
        self.index = await self.server.register_namespace(NAMESPACE)
        for number in range(nodes):
            await self._add(f"t{number}", ua.Variant(number, ua.VariantType.Int32))
        for name, variant in SPECIAL.items():
            await self._add(name, variant)
        self._enforce()
        await self.server.start()
        print(self.server.bserver.port, flush=True)

    async def _secure(self, folder: Path) -> None:
        await self.server.set_application_uri("urn:lineside:test:server")
        await self.server.load_certificate(str(folder / "server.der"))
        await self.server.load_private_key(str(folder / "server.pem"))
        policies = [
            ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
            ua.SecurityPolicyType.Basic256Sha256_Sign,
            ua.SecurityPolicyType.Aes128Sha256RsaOaep_SignAndEncrypt,
            ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt,
        ]
        self.server.set_security_policy(policies, permission_ruleset=SimpleRoleRuleset())
        self.server.set_identity_tokens([ua.UserNameIdentityToken])

    async def _add(self, name: str, variant: ua.Variant) -> None:
        await self.server.nodes.objects.add_variable(ua.NodeId(name, self.index), name, variant)

    def _enforce(self) -> None:
        service = self.server.iserver.attribute_service
        read = service.read

        def limited(params):
            if self.enforced and len(params.NodesToRead) > self.enforced:
                raise ServiceError(ua.StatusCodes.BadTooManyOperations)
            return read(params)

        service.read = limited

    async def obey(self, command: dict) -> None:
        if "stated" in command:
            await self._state(command["stated"])
        if "enforced" in command:
            self.enforced = command["enforced"]
        if "set" in command:
            name, value, status, age_s = command["set"]
            node = self.server.get_node(ua.NodeId(name, self.index))
            kind = ua.VariantType.Int32 if isinstance(value, int) else ua.VariantType.Double
            source = None if age_s is None else datetime.now(UTC) - timedelta(seconds=age_s)
            await node.write_value(
                ua.DataValue(ua.Variant(value, kind), ua.StatusCode(status), SourceTimestamp=source)
            )

    async def _state(self, limit: int | None) -> None:
        node = self.server.get_node(ua.NodeId(11705))
        if limit is None:
            await self.server.delete_nodes([node])
        else:
            await node.write_value(ua.Variant(limit, ua.VariantType.UInt32))


async def main() -> None:
    port, nodes = int(sys.argv[1]), int(sys.argv[2])
    served = TestServer()
    await served.start(port, nodes, Path(sys.argv[3]) if len(sys.argv) > 3 else None)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        await served.obey(json.loads(line))
        print("done", flush=True)
    await served.server.stop()


if __name__ == "__main__":
    asyncio.run(main())
