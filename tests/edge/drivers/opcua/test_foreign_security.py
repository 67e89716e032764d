"""Signed and encrypted, with a server that is not ours: who it is, and who we are."""

import re

import pytest

from edge.acquisition.device_settings import Security
from edge.acquisition.timestamps import wall_clock_ms
from edge.drivers.opcua import OpcUaDriver
from edge.drivers.opcua.trust import TrustList
from edge.errors import DeviceRefused
from tests.edge.drivers.opcua.plc import plc
from tests.edge.drivers.opcua.test_security import make_certificate

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with plc(tmp_path_factory.mktemp("plc"), nodes=5, secure=True) as machine:
        yield machine


@pytest.fixture
def read(server, plc_device, opcua_profile, plc_tag):
    async def once(**security) -> list:
        tags = (plc_tag("t3"),)
        device = plc_device(server, security=Security(**security))
        async with OpcUaDriver(device, opcua_profile(tags), wall_clock_ms) as driver:
            return [reading.value for reading in await driver.read(tags)]

    return once


@pytest.fixture
def password(tmp_path):
    (tmp_path / "password").write_text("secret\n")
    (tmp_path / "wrong").write_text("guess\n")
    return tmp_path / "password"


async def test_a_foreign_server_is_refused_until_it_is_accepted(read, server, password):
    known = {"user": "lineside", "password_file": password}
    with pytest.raises(DeviceRefused) as refused:
        await read(**known)
    said = re.search(r"trust accept ([0-9a-f]{16})$", str(refused.value))
    TrustList().accept(said[1])
    assert await read(**known) == [3]


@pytest.mark.parametrize("policy", ["Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss"])
async def test_each_policy_logs_in_with_a_password_and_with_a_certificate(
    read, server, password, policy, tmp_path
):
    (tmp_path / "plc.pem").write_bytes(server.certificate)
    known = {"trust": tmp_path / "plc.pem", "policy": policy}
    make_certificate(tmp_path, "operator", "urn:lineside:operator")
    assert await read(**known, user="lineside", password_file=password) == [3]
    with pytest.raises(DeviceRefused):
        await read(**known, user="lineside", password_file=tmp_path / "wrong")
    identity = {"user_certificate": tmp_path / "operator.der", "user_key": tmp_path / "operator.pem"}
    assert await read(**known, **identity) == [3]


async def test_a_certificate_with_the_key_of_another_does_not_log_in(read, server, tmp_path):
    (tmp_path / "plc.pem").write_bytes(server.certificate)
    make_certificate(tmp_path, "operator", "urn:lineside:operator")
    make_certificate(tmp_path, "other", "urn:lineside:other")
    identity = {"user_certificate": tmp_path / "operator.der", "user_key": tmp_path / "other.pem"}
    with pytest.raises(DeviceRefused):
        await read(trust=tmp_path / "plc.pem", **identity)


async def test_a_server_that_lets_nobody_in_without_a_name_says_so(read, server, tmp_path):
    (tmp_path / "plc.pem").write_bytes(server.certificate)
    with pytest.raises(DeviceRefused):
        await read(trust=tmp_path / "plc.pem")
