"""The short cut against a server that is not ours: node-opcua, open and encrypted, one node of each built-in type and quality."""

import json
from contextlib import contextmanager

import pytest
from asyncua import ua

from edge.acquisition.device_settings import Security
from edge.drivers.opcua.scalar_read import ScalarRead
from edge.drivers.opcua.session import opened
from tests.contract.other_decoders import NODE, install_node_packages
from tests.edge.drivers.opcua.plc import plc
from tests.edge.drivers.opcua.test_scalar_read import both_ways
from tests.edge.onboarding.foreign_machines import Machine

pytestmark = pytest.mark.system

NAMESPACE = "urn:not-ours:plc"
TYPES = [
    kind.name
    for kind in ua.VariantType
    if kind.name not in ("Null", "DataValue", "Variant", "DiagnosticInfo")
]
QUALITIES = {"Good": 0, "Uncertain": 0x40900000, "Bad": 0x808C0000, "Overflow": 0x00000480}
TEXTS = 400


@contextmanager
def types_server(folder, **options):
    install_node_packages()
    machine = Machine(["node", str(NODE / "types.js"), json.dumps(options)], folder)
    try:
        yield machine
    finally:
        machine.stop()


@pytest.mark.parametrize("secure", [False, True], ids=["open", "encrypted"])
async def test_every_type_and_quality_reads_as_asyncua_reads_it(secure, tmp_path, opcua_device):
    more = {}
    names = [f"{kind}:{quality}" for kind in TYPES for quality in QUALITIES] + ["Array:Good", "nowhere"]
    texts = [f"text{number}" for number in range(TEXTS)]
    with types_server(tmp_path, secure=secure, texts=TEXTS) as machine:
        if secure:
            password = tmp_path / "password"
            password.write_text("secret\n")
            trusted = tmp_path / "pki" / "own" / "certs" / "certificate.pem"
            more["security"] = Security(trust=trusted, user="lineside", password_file=password)
        device = opcua_device(machine.port, url=f"opc.tcp://127.0.0.1:{machine.port}", **more)
        async with opened(device) as client:
            by_hand, theirs, ordinary = await both_ways(client, names + texts, NAMESPACE)
    assert by_hand == theirs == ordinary
    told = dict(zip(names + texts, by_hand, strict=True))
    for quality, status in QUALITIES.items():
        assert {told[f"{kind}:{quality}"][2] for kind in TYPES} == {status}
    assert told["UInt64:Overflow"][:2] == (int, 0xFFFFFFFF_FFFFFFFE)
    assert told["LocalizedText:Uncertain"][:2] == (str, "Schließ 换模 \U0001f600")
    assert told["DateTime:Good"] == (int, 1_772_366_400_001, 0, 1_772_366_400_001)
    assert told["nowhere"][2] == ua.StatusCodes.BadNodeIdUnknown
    # 400 texts of 1200 bytes are several chunks.
    assert [told[text][1] for text in texts] == [f"{number}:".ljust(400, "换") for number in range(TEXTS)]


async def test_an_answer_that_comes_too_late_is_nobodys(tmp_path, plc_device):
    with plc(tmp_path, nodes=4) as machine:
        async with opened(plc_device(machine)) as client:
            index = await client.get_namespace_index(NAMESPACE)
            first = ScalarRead([ua.NodeId("t1", index), ua.NodeId("t2", index)])
            second = ScalarRead([ua.NodeId("t3", index), ua.NodeId("t0", index)])
            protocol = client.uaclient.protocol
            machine.tell(late=400)
            with pytest.raises(TimeoutError):
                await first.send(protocol, 0.1)
            machine.tell(late=0)
            assert [value for value, _, _ in await second.send(protocol, 20)] == [3, 0]
            machine.tell(late=400)  # The late one arrives while this is waited for.
            assert [value for value, _, _ in await second.send(protocol, 20)] == [3, 0]
