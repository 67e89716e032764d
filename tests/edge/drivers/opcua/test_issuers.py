"""Certificates that an authority signed: which are believed, and why the others are not."""

import json
import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from typer.testing import CliRunner

from edge.acquisition.device_settings import Security
from edge.acquisition.timestamps import wall_clock_ms
from edge.commands import app
from edge.drivers.opcua import OpcUaDriver
from edge.drivers.opcua.issuers import Authorities, IssuedButRefused, NoTrustedIssuer, is_issuer
from edge.errors import DeviceRefused
from tests.edge.drivers.opcua.authority import APPLICATION_URI, DAY, NOW, Authority, key_pem
from tests.edge.drivers.opcua.plc import plc

ROOT = Authority()
LINE = Authority("Line CA", above=ROOT)


def check(*chain: x509.Certificate, trusted=(ROOT,), lists=(), host="127.0.0.1", uri=APPLICATION_URI) -> None:
    issuers = [one.certificate for one in trusted]
    Authorities(issuers, lists).check(chain, host, uri, NOW)


@pytest.mark.parametrize("host", ["127.0.0.1", "press.plant", "PRESS.plant."])
def test_what_a_trusted_authority_signed_is_trusted_at_its_hosts(host):
    check(ROOT.machine(), host=host)


def test_a_chain_that_the_server_sends_leads_to_the_trusted_one():
    check(LINE.machine(), LINE.certificate)
    check(LINE.machine(), LINE.certificate, trusted=(LINE,))
    check(LINE.machine(), trusted=(LINE,))


@pytest.mark.parametrize(
    ("chain", "trusted"),
    [
        (lambda: (LINE.machine(),), ROOT),
        (lambda: (Authority("Somebody").machine(),), ROOT),
        (lambda: (ROOT.machine(), ROOT.certificate), Authority("Somebody")),
        (lambda: (Authority("Plant CA", keyed="Forger").machine(),), ROOT),
        (lambda: (ROOT.certificate,), ROOT),
    ],
    ids=["link missing", "another signed it", "brought its authority along", "another of the name", "itself"],
)
def test_what_nobody_trusted_has_signed_is_not_trusted(chain, trusted):
    with pytest.raises(NoTrustedIssuer):
        check(*chain(), trusted=(trusted,))


@pytest.mark.parametrize(
    ("chain", "said"),
    [
        (
            lambda: (ROOT.machine(until=NOW - DAY, since=NOW - 2 * DAY),),
            "the certificate of Press 1 ran out on ",
        ),
        (lambda: (ROOT.machine(since=NOW + DAY),), "is not valid before"),
        (
            lambda: (ROOT.machine(hosts=("10.0.0.7", "other.plant")),),
            "is for other.plant, 10.0.0.7, and the URL says 127.0.0.1",
        ),
        (lambda: (ROOT.machine(hosts=()),), "is for no host, and"),
        (
            lambda: (ROOT.machine(uri="urn:another"),),
            f"is for urn:another, and the server calls itself {APPLICATION_URI}",
        ),
        (lambda: (ROOT.machine(uses=(ExtendedKeyUsageOID.CLIENT_AUTH,)),), "is not for a server"),
    ],
)
def test_what_is_wrong_with_a_signed_certificate_is_said(chain, said):
    with pytest.raises(IssuedButRefused, match=re.escape(said)):
        check(*chain())


@pytest.mark.parametrize(
    ("line", "above", "said"),
    [
        (Authority("Line CA", above=ROOT, until=NOW - DAY), ROOT, "the certificate of Line CA ran out"),
        (Authority("Line CA", above=ROOT, ca=False), ROOT, "the certificate of Line CA must not sign others"),
        (
            Authority("Line CA", above=ROOT),
            Authority(path_length=0),
            "the certificate of Plant CA must not sign for other authorities",
        ),
        (Authority("Line CA", above=ROOT), Authority(until=NOW - DAY), "the certificate of Plant CA ran out"),
    ],
    ids=["ran out", "no authority", "no further ones", "root ran out"],
)
def test_what_is_wrong_with_an_authority_on_the_way_is_said(line, above, said):
    with pytest.raises(IssuedButRefused, match=re.escape(said)):
        check(line.machine(), line.certificate, trusted=(above,))


def test_what_was_revoked_is_refused_by_the_newest_list_of_who_signed_it():
    revoked = ROOT.revoking(4711, 4712)
    with pytest.raises(IssuedButRefused, match="the certificate of Press 1 was revoked on"):
        check(ROOT.machine(), lists=[revoked])
    check(ROOT.machine(serial=4713), lists=[revoked])
    check(ROOT.machine(), lists=[revoked, ROOT.revoking(on=NOW + DAY)])
    check(ROOT.machine(), lists=[ROOT.revoking(4711, signed_by="Somebody")])
    with pytest.raises(IssuedButRefused, match="revoked"):
        check(ROOT.machine(), lists=[ROOT.revoking(4711, on=NOW - 2 * DAY, until=NOW - DAY)])
    sub = LINE.certificate
    with pytest.raises(IssuedButRefused, match="the certificate of Line CA was revoked"):
        check(LINE.machine(), sub, lists=[ROOT.revoking(sub.serial_number)])


def test_a_machine_is_no_authority_whatever_it_says_it_may_do():
    assert is_issuer(ROOT.certificate)
    assert not is_issuer(ROOT.machine())
    assert not is_issuer(Authority("x", ca=False).certificate)


# -- with a server ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("signed")
    chain = LINE.machine().public_bytes(Encoding.PEM) + LINE.certificate.public_bytes(Encoding.PEM)
    (folder / "chain.pem").write_bytes(chain)
    (folder / "key.pem").write_bytes(key_pem("machine"))
    identity = {
        "certificateFile": str(folder / "chain.pem"),
        "privateKeyFile": str(folder / "key.pem"),
        "serverInfo": {"applicationUri": APPLICATION_URI},
    }
    with plc(folder, nodes=5, secure=True, identity=identity) as machine:
        yield machine


@pytest.fixture
def read(server, plc_device, opcua_profile, plc_tag, tmp_path):
    (tmp_path / "password").write_text("secret\n")
    login = {"user": "lineside", "password_file": tmp_path / "password"}

    async def once(host="127.0.0.1", **security) -> list:
        tags = (plc_tag("t3"),)
        device = plc_device(
            server, url=f"opc.tcp://{host}:{server.port}", security=Security(**login, **security)
        )
        async with OpcUaDriver(device, opcua_profile(tags), wall_clock_ms) as driver:
            return [reading.value for reading in await driver.read(tags)]

    return once


@pytest.fixture
def lineside(tmp_path):
    def run(*words: str):
        return CliRunner().invoke(app, ["trust", *words], catch_exceptions=False)

    return run


@pytest.fixture
def file(tmp_path):
    def write(name: str, content) -> str:
        (tmp_path / name).write_bytes(content.public_bytes(Encoding.DER))
        return str(tmp_path / name)

    return write


@pytest.mark.system
async def test_an_authority_is_accepted_with_all_it_signs_until_it_revokes(read, lineside, file):
    with pytest.raises(DeviceRefused, match="trust accept"):
        await read()
    listed = json.loads(lineside("list", "--json").stdout)
    assert {one["name"]: one["is_issuer"] for one in listed["rejected"]} == {
        "Press 1": False,
        "Line CA": True,
    }

    accepted = lineside("accept", file("plant-ca.der", ROOT.certificate))
    assert "with all that it signs" in accepted.stdout
    assert await read() == [3]
    assert "no revocation list" in lineside("list").stdout
    with pytest.raises(DeviceRefused, match=r"is for press\.plant, 127\.0\.0\.1, and the URL says localhost"):
        await read(host="localhost")

    unknown = lineside("accept", file("line.crl", LINE.revoking(4711)))
    assert (unknown.exit_code, "accept its certificate first" in unknown.stderr) == (1, True)
    assert lineside("accept", file("line-ca.der", LINE.certificate)).exit_code == 0
    assert await read() == [3]
    assert lineside("accept", file("line.crl", LINE.revoking(4711))).exit_code == 0
    assert re.search(r"revocation list of \d{4}-\d\d-\d\d, 1 certificates\n", lineside("list").stdout)
    with pytest.raises(DeviceRefused, match="the certificate of Press 1 was revoked on"):
        await read()
    older = lineside("accept", file("old.crl", LINE.revoking(on=NOW - DAY)))
    assert (older.exit_code, "there is a newer list" in older.stderr) == (1, True)


@pytest.mark.system
async def test_acceptance_of_one_certificate_does_not_outlive_its_revocation(read, lineside, file):
    with pytest.raises(DeviceRefused) as refused:
        await read()
    (fingerprint,) = re.findall(r"trust accept ([0-9a-f]{16})$", str(refused.value))
    assert lineside("accept", fingerprint).exit_code == 0
    assert await read(host="localhost") == [3], "one certificate that a person compared is good for any host"
    lineside("accept", file("line-ca.der", LINE.certificate))
    lineside("accept", file("line.crl", LINE.revoking(4711)))
    with pytest.raises(DeviceRefused, match="revoked"):
        await read()


@pytest.mark.system
async def test_a_folder_of_the_configuration_may_hold_authorities_and_lists(read, tmp_path):
    folder = tmp_path / "trust"
    folder.mkdir()
    (folder / "other.der").write_bytes(Authority("Else").certificate.public_bytes(Encoding.DER))
    with pytest.raises(DeviceRefused, match="nor is who signed it"):
        await read(trust=folder)
    (folder / "root.pem").write_bytes(ROOT.certificate.public_bytes(Encoding.PEM))
    assert await read(trust=folder) == [3]
    assert await read(trust=folder / "root.pem") == [3]
    (folder / "root.crl").write_bytes(ROOT.revoking(1).public_bytes(Encoding.PEM))
    assert await read(trust=folder) == [3]
    (folder / "root.crl").write_bytes(
        ROOT.revoking(LINE.certificate.serial_number).public_bytes(Encoding.PEM)
    )
    with pytest.raises(DeviceRefused, match="the certificate of Line CA was revoked"):
        await read(trust=folder)
