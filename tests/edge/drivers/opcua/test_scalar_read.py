"""The short cut over a real connection: it asks what asyncua asks, and reads what asyncua reads."""

import struct
import uuid
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from asyncua import Server, ua
from asyncua.common.utils import ServiceError
from asyncua.crypto.permission_rules import SimpleRoleRuleset
from asyncua.ua import uaerrors
from structlog.testing import capture_logs

from edge.acquisition.device_settings import Security
from edge.acquisition.timestamps import wall_clock_ms
from edge.contract.datatypes import Quality
from edge.drivers.opcua import OpcUaDriver, scalar_read
from edge.drivers.opcua.batch_read import BatchRead, node_value
from edge.drivers.opcua.scalar_read import ScalarRead
from edge.drivers.opcua.session import opened
from edge.errors import DeviceUnavailable
from tests.edge.drivers.opcua.test_scalar_read_values import bits
from tests.edge.drivers.opcua.test_security import make_certificate

pytestmark = pytest.mark.asyncio(loop_scope="module")

MOMENT = datetime(2026, 3, 1, 12, 0, 0, 1999, UTC)
TYPE = ua.VariantType
ONE_OF_EACH = {
    TYPE.Boolean: True,
    TYPE.SByte: -128,
    TYPE.Byte: 255,
    TYPE.Int16: -(2**15),
    TYPE.UInt16: 2**16 - 1,
    TYPE.Int32: -(2**31),
    TYPE.UInt32: 2**32 - 1,
    TYPE.Int64: -(2**63),
    TYPE.UInt64: 2**64 - 1,
    TYPE.Float: struct.unpack("<f", b"\x01\0\xc0\x7f")[0],  # Not the usual NaN.
    TYPE.Double: -0.0,
    TYPE.String: "Schließ 换模 \U0001f600",
    TYPE.DateTime: MOMENT,
    TYPE.Guid: uuid.UUID("72962b91-fa75-4ae6-8d28-b404dc7daf63"),
    TYPE.ByteString: b"\0\xff\n",
    TYPE.XmlElement: ua.XmlElement("<a>b</a>"),
    TYPE.NodeId: ua.NodeId("plc", 1),
    TYPE.ExpandedNodeId: ua.ExpandedNodeId("plc", 1, NamespaceUri="urn:elsewhere"),
    TYPE.StatusCode: ua.StatusCode(ua.StatusCodes.BadSensorFailure),
    TYPE.QualifiedName: ua.QualifiedName("Halt", 1),
    TYPE.LocalizedText: ua.LocalizedText("换模", "zh"),
    TYPE.ExtensionObject: ua.Range(1.0, 2.0),
    TYPE.Null: None,
}
QUALITIES = (0, 0x00000480, 0x40900000, 0x408F04FF, 0x80340000, 0x808C0003, 0xC0000000)
TEXTS = 300


def every_value():
    """Name → DataValue: each built-in type that asyncua serves, with each quality, and what is no scalar."""
    served = {
        f"{kind.name}.{status:08X}": ua.DataValue(
            ua.Variant(value, kind), ua.StatusCode(status), SourceTimestamp=MOMENT
        )
        for kind, value in ONE_OF_EACH.items()
        for status in QUALITIES
    }
    served["array"] = ua.DataValue(ua.Variant([1.0, 2.0], TYPE.Double), SourceTimestamp=MOMENT)
    served["untimed"] = ua.DataValue(ua.Variant(7, TYPE.Int32), SourceTimestamp=None)
    return served


def texts():
    return {
        f"text{number}": ua.DataValue(ua.Variant(f"{number}:".ljust(400, "换"))) for number in range(TEXTS)
    }


def numbers():
    return {f"t{number}": ua.DataValue(ua.Variant(number, TYPE.Int32)) for number in range(25)}


@pytest.fixture(scope="module")
def secrets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("secrets")
    make_certificate(folder, "server", "urn:lineside:test:server")
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(secrets):
    """asyncua's, in this process, with all that is served here."""
    server = Server()
    await server.init()
    server.set_endpoint("opc.tcp://127.0.0.1:0/test/")
    await server.set_application_uri("urn:lineside:test:server")
    await server.load_certificate(str(secrets / "server.der"))
    await server.load_private_key(str(secrets / "server.pem"))
    policies = [
        ua.SecurityPolicyType.NoSecurity,
        ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
        ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt,
        ua.SecurityPolicyType.Basic256Sha256_Sign,
    ]
    server.set_security_policy(policies, permission_ruleset=SimpleRoleRuleset())
    index = await server.register_namespace("urn:lineside:test")
    for name, value in (every_value() | texts() | numbers()).items():
        node = await server.nodes.objects.add_variable(ua.NodeId(name, index), name, value.Value)
        await node.write_value(value)
    async with server:
        yield server


@pytest.fixture
def port(server):
    return server.bserver.port


async def both_ways(client, names, namespace="urn:lineside:test"):
    """(by hand, by asyncua's read_attributes, by the edge's ordinary way)."""
    index = await client.get_namespace_index(namespace)
    nodes = [ua.NodeId(name, index) for name in names]
    protocol = client.uaclient.protocol
    by_hand = await ScalarRead(nodes).send(protocol, 20)
    theirs = await client.uaclient.read_attributes(nodes, ua.AttributeIds.Value)
    ordinary = await BatchRead(nodes).send(protocol, 20)
    return bits(by_hand), bits(node_value(result) for result in theirs), bits(ordinary)


@pytest.fixture
def answers(server, monkeypatch):
    """Have the server's results made out of those it would give."""
    service = server.iserver.attribute_service
    read = service.read

    def make(answer):
        monkeypatch.setattr(service, "read", lambda asked: answer(asked, read(asked)))

    return make


SECURITY = [
    None,
    ("Basic256Sha256", "SignAndEncrypt"),
    ("Aes256Sha256RsaPss", "SignAndEncrypt"),
    ("Basic256Sha256", "Sign"),
]


@pytest.fixture
def device_of(opcua_device, secrets):
    def make(port, security=None, **more):
        if security is not None:
            policy, mode = security
            more["security"] = Security(policy=policy, mode=mode, trust=secrets / "server.der")
        return opcua_device(port, **more)

    return make


@pytest.mark.parametrize("security", SECURITY, ids=["open", "encrypted", "encrypted, PSS", "signed"])
async def test_every_type_and_quality_reads_as_asyncua_reads_it(security, port, device_of, answers):
    served = every_value()
    names = [*served, "no such node"]
    # By itself asyncua's server would keep a value back whose status is bad; others send it.
    answers(
        lambda asked, results: [
            served.get(node.NodeId.Identifier, result)
            for node, result in zip(asked.NodesToRead, results, strict=True)
        ]
    )
    async with opened(device_of(port, security)) as client:
        by_hand, theirs, ordinary = await both_ways(client, names)
        await client.open_secure_channel(renew=True)  # The next request is the first with the new keys.
        again, _, _ = await both_ways(client, names)
    assert by_hand == theirs == ordinary == again
    told = dict(zip(names, by_hand, strict=True))
    assert told["Double.00000000"] == (float, struct.pack("<d", -0.0), 0, 1_772_366_400_001)
    assert told["UInt64.C0000000"] == (int, 2**64 - 1, 0xC0000000, 1_772_366_400_001)
    assert told["LocalizedText.408F04FF"] == (str, "换模", 0x408F04FF, 1_772_366_400_001)
    assert told["no such node"] == (type(None), None, ua.StatusCodes.BadNodeIdUnknown, None)


async def test_an_answer_of_several_chunks_reads_as_asyncua_reads_it(port, device_of, monkeypatch):
    async with opened(device_of(port)) as client:
        parts = 0
        take = client.uaclient.protocol._process_received_message

        def counted(message):
            nonlocal parts
            parts += message is None  # A chunk that is not the last.
            take(message)

        monkeypatch.setattr(client.uaclient.protocol, "_process_received_message", counted)
        by_hand, theirs, _ = await both_ways(client, texts())
    assert parts >= 3
    assert by_hand == theirs
    assert [value for _, value, _, _ in by_hand] == [one.Value.Value for one in texts().values()]


# -- when it is used --------------------------------------------------------------------------------------------------------


@pytest.fixture
def another_asyncua(monkeypatch):
    scalar_read.usable.cache_clear()
    monkeypatch.setattr(scalar_read, "VERSIONS", frozenset({"0.0"}))
    yield
    scalar_read.usable.cache_clear()


def requests_of(driver, tags):
    return {type(batch.request) for batch in driver._plan(tags).batches}


async def test_it_is_off_unless_the_device_says_so(port, device_of, opcua_profile, node_tag):
    tags = (node_tag("t1"), node_tag("t2"))
    for more, kind in (({}, BatchRead), ({"scalar_read": True}, ScalarRead)):
        async with OpcUaDriver(device_of(port, **more), opcua_profile(tags), wall_clock_ms) as driver:
            assert [reading.value for reading in await driver.read(tags)] == [1, 2]
            assert requests_of(driver, tags) == {kind}


async def test_with_an_unknown_asyncua_the_device_is_read_as_usual_and_that_is_said_once(
    another_asyncua, port, device_of, opcua_profile, node_tag
):
    tags = (node_tag("t1"), node_tag("t2"))
    device = device_of(port, scalar_read=True, nodes_per_read=1)
    with capture_logs() as lines:
        for _ in range(2):
            async with OpcUaDriver(device, opcua_profile(tags), wall_clock_ms) as driver:
                assert [reading.value for reading in await driver.read(tags)] == [1, 2]
                assert requests_of(driver, tags) == {BatchRead}
    assert [line["event"] for line in lines] == ["scalar_read_off"]


# -- servers that fail ----------------------------------------------------------------------------------------------------


@pytest.fixture
def reading(port, device_of, opcua_profile):
    """A driver with the short cut."""

    def make(tags):
        return OpcUaDriver(device_of(port, scalar_read=True), opcua_profile(tags), wall_clock_ms)

    return make


async def test_a_service_fault_is_told_as_what_it_is_and_a_limit_is_learned(answers, reading, node_tag):
    def limited(asked, results):
        if len(asked.NodesToRead) > 10:
            raise ServiceError(ua.StatusCodes.BadTooManyOperations)
        return results

    tags = tuple(node_tag(f"t{number}") for number in range(25))
    async with reading(tags) as driver:
        (whole,) = driver._plan(tags).batches
        answers(limited)
        assert [one.value for one in await driver.read(tags)] == list(range(25))
        assert len(driver._plan(tags).batches) >= 3
        with pytest.raises(uaerrors.BadTooManyOperations):
            await whole.request.send(driver._client.uaclient.protocol, 5)


@pytest.mark.parametrize("kept", [0, 2])
async def test_fewer_results_than_nodes_are_no_readings(kept, answers, reading, node_tag):
    tags = tuple(node_tag(f"t{number}") for number in range(3))
    async with reading(tags) as driver:
        answers(lambda _, results: results[:kept])
        with pytest.raises(DeviceUnavailable, match=f"answered {kept} of 3 nodes"):
            await driver.read(tags)


async def test_an_unknown_node_makes_its_own_tag_bad(reading, node_tag):
    tags = (node_tag("t1"), node_tag("nowhere"), node_tag("t2"))
    async with reading(tags) as driver:
        readings = await driver.read(tags)
    assert [one.value for one in readings] == [1, None, 2]
    assert [one.quality for one in readings] == [Quality.GOOD, Quality.BAD, Quality.GOOD]
