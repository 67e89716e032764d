import json
import os
import re
import stat

import pytest
from asyncua.crypto.cert_gen import (
    dump_private_key_as_pem,
    generate_private_key,
    generate_self_signed_app_certificate,
)
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from typer.testing import CliRunner

from edge.acquisition.device_settings import Security
from edge.acquisition.timestamps import wall_clock_ms
from edge.commands import app
from edge.drivers.opcua import OpcUaDriver
from edge.drivers.opcua.trust import TrustList
from edge.errors import DeviceRefused


def make_certificate(folder, name: str, uri: str) -> None:
    key = generate_private_key()
    uses = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    names = [x509.UniformResourceIdentifier(uri), x509.DNSName("localhost")]
    certificate = generate_self_signed_app_certificate(key, name, {}, names, uses)
    (folder / f"{name}.pem").write_bytes(dump_private_key_as_pem(key))
    (folder / f"{name}.der").write_bytes(certificate.public_bytes(Encoding.DER))
    (folder / f"{name}-certificate.pem").write_bytes(certificate.public_bytes(Encoding.PEM))


@pytest.fixture(scope="module")
def secrets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("secrets")
    make_certificate(folder, "server", "urn:lineside:test:server")
    make_certificate(folder, "other", "urn:lineside:test:other")
    (folder / "password").write_text("secret\n")
    (folder / "wrong").write_text("guess\n")
    return folder


@pytest.fixture(scope="module")
def server(server_processes, secrets):
    return server_processes(5, secrets)


@pytest.fixture
def lineside():
    def run(*words: str):
        return CliRunner().invoke(app, list(words), catch_exceptions=False)

    return run


@pytest.fixture
def connect(server, secrets, opcua_device, opcua_profile, count_tag):
    async def read_once(**security) -> list:
        tags = (count_tag("t3"),)
        known = {"trust": secrets / "server.der", "user": "lineside", "password_file": secrets / "password"}
        settings = {name: value for name, value in {**known, **security}.items() if value is not None}
        device = opcua_device(server.port, security=Security(**settings))
        async with OpcUaDriver(device, opcua_profile(tags), wall_clock_ms) as driver:
            return [reading.value for reading in await driver.read(tags)]

    return read_once


@pytest.mark.parametrize(
    ("policy", "mode"),
    [
        ("Basic256Sha256", "SignAndEncrypt"),
        ("Basic256Sha256", "Sign"),
        ("Aes128Sha256RsaOaep", "SignAndEncrypt"),
        ("Aes256Sha256RsaPss", "SignAndEncrypt"),
    ],
)
async def test_every_policy_connects(connect, policy, mode):
    assert await connect(policy=policy, mode=mode) == [3]


async def test_an_edge_without_a_certificate_makes_one_and_keeps_it(connect, tmp_path):
    await connect()
    key, certificate = (
        tmp_path / "home" / "secrets" / "opcua-client-key.pem",
        tmp_path / "home" / "ca" / "opcua-client.der",
    )
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    made = certificate.read_bytes(), key.read_bytes()
    await connect()
    assert (certificate.read_bytes(), key.read_bytes()) == made


async def test_a_given_certificate_is_used_in_pem_and_der(connect, secrets, tmp_path):
    pem = {"certificate": secrets / "other-certificate.pem", "key": secrets / "other.pem"}
    assert await connect(**pem) == [3]
    # A PEM key named .key, a PEM certificate named .crt: the content counts, not the name.
    renamed = {"certificate": tmp_path / "edge.crt", "key": tmp_path / "edge.key"}
    renamed["certificate"].write_bytes(pem["certificate"].read_bytes())
    renamed["key"].write_bytes(pem["key"].read_bytes())
    assert await connect(**renamed) == [3]
    assert not (tmp_path / "home" / "secrets").exists()


async def test_a_certificate_that_cannot_be_used_is_refused(connect, secrets, tmp_path):
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("not a certificate")
    with pytest.raises(DeviceRefused, match=r"nonsense\.pem"):
        await connect(certificate=nonsense, key=secrets / "other.pem")


async def test_a_wrong_password_is_refused(connect, secrets):
    with pytest.raises(DeviceRefused):
        await connect(password_file=secrets / "wrong")


async def test_a_trusted_server_is_accepted_and_any_other_refused(connect, secrets, tmp_path):
    folder = tmp_path / "trust"
    folder.mkdir()
    (folder / "other.der").write_bytes((secrets / "other.der").read_bytes())
    (folder / "README").write_text("certificates of machines")
    with pytest.raises(DeviceRefused, match="not in"):
        await connect(trust=folder)
    (folder / "press.pem").write_bytes((secrets / "server-certificate.pem").read_bytes())
    assert await connect(trust=folder) == [3]
    assert await connect(trust=secrets / "server.der") == [3]


async def test_an_unknown_server_is_refused_with_the_command_that_trusts_it(connect, lineside):
    with pytest.raises(DeviceRefused) as refused:
        await connect(trust=None)
    said = re.search(r"say: lineside edge trust accept ([0-9a-f]{16})$", str(refused.value))
    assert said, str(refused.value)
    listed = json.loads(lineside("trust", "list", "--json").stdout)
    assert [one["application_uri"] for one in listed["rejected"]] == ["urn:lineside:test:server"]
    assert listed["trusted"] == []
    accepted = lineside("trust", "accept", said[1])
    assert (accepted.exit_code, "urn:lineside:test:server" in accepted.stdout) == (0, True)
    assert await connect(trust=None) == [3]
    listed = json.loads(lineside("trust", "list", "--json").stdout)
    assert (len(listed["trusted"]), listed["rejected"]) == (1, [])
    assert listed["trusted"][0]["sha256"].startswith(said[1])
    assert listed["own"][0]["name"] == "Lineside edge"

    assert lineside("trust", "reject", listed["trusted"][0]["sha1"][:8]).exit_code == 0
    with pytest.raises(DeviceRefused, match="trust accept"):
        await connect(trust=None)


async def test_a_certificate_that_somebody_brought_is_accepted_before_the_first_connection(
    connect, lineside, secrets
):
    assert lineside("trust", "accept", str(secrets / "other.der")).exit_code == 0
    with pytest.raises(DeviceRefused, match="is not trusted"):
        await connect(trust=None)
    assert lineside("trust", "accept", str(secrets / "server-certificate.pem")).exit_code == 0
    assert await connect(trust=None) == [3]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("accept", "abc"), "at least 6 digits"),
        (("accept", "abcdef"), "no rejected certificates"),
        (("reject", "abcdef"), "no trusted certificates"),
        (("accept", "nowhere.der"), "No such file"),
    ],
)
def test_what_cannot_be_trusted_is_said(lineside, words, said):
    result = lineside("trust", *words)
    assert (result.exit_code, said in result.stderr) == (1, True), result.stderr


async def test_a_certificate_that_an_earlier_release_kept_is_trusted_and_can_be_rejected(
    connect, lineside, secrets, tmp_path
):
    kept = tmp_path / "home" / "ca" / "opcua-servers" / "press.der"
    kept.parent.mkdir(parents=True)
    kept.write_bytes((secrets / "server.der").read_bytes())
    assert await connect(trust=None) == [3]
    (trusted,) = json.loads(lineside("trust", "list", "--json").stdout)["trusted"]
    assert lineside("trust", "reject", trusted["sha256"]).exit_code == 0
    with pytest.raises(DeviceRefused, match="is not trusted"):
        await connect(trust=None)


def test_whoever_shows_new_certificates_for_ever_fills_no_disk(secrets, tmp_path, monkeypatch):
    monkeypatch.setattr("edge.drivers.opcua.trust.REJECTED_MAX", 1)
    trust = TrustList(tmp_path)
    os.utime(trust.refuse((secrets / "server.der").read_bytes()), (0, 0))
    trust.refuse((secrets / "other.der").read_bytes())
    assert [one.application_uri for one in trust.rejected()] == ["urn:lineside:test:other"]


def test_settings_know_one_identity():
    with pytest.raises(ValueError, match="go together"):
        Security(user_certificate="a.der")
    with pytest.raises(ValueError, match="one identity"):
        Security(user="u", password_file="p", user_certificate="a.der", user_key="k.pem")


async def test_a_server_without_security_is_refused_unless_insecure_is_said(
    server_processes, opcua_device, opcua_profile, count_tag
):
    open_server = server_processes(5)
    tags = (count_tag("t3"),)
    secure = opcua_device(open_server.port, security=Security())
    with pytest.raises(
        DeviceRefused, match="does not offer Basic256Sha256 with SignAndEncrypt, only None with None_"
    ):
        async with OpcUaDriver(secure, opcua_profile(tags), wall_clock_ms):
            pass
    async with OpcUaDriver(opcua_device(open_server.port), opcua_profile(tags), wall_clock_ms) as driver:
        assert [reading.value for reading in await driver.read(tags)] == [3]
    open_server.kill()


async def test_no_security_is_not_offered_to_whoever_says_insecure_to_a_secure_server(
    server, opcua_device, opcua_profile, count_tag
):
    with pytest.raises(DeviceRefused):
        async with OpcUaDriver(opcua_device(server.port), opcua_profile((count_tag("t3"),)), wall_clock_ms):
            pass
