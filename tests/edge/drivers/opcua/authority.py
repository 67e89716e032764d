"""Authorities that sign certificates of machines, as an IT department has one: keys, certificates, revocation lists."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
APPLICATION_URI = "urn:not-ours:plc"


@cache
def key(name: str) -> rsa.RSAPrivateKey:
    """The same for the same name: making one takes a while."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def key_pem(name: str) -> bytes:
    return key(name).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=not signs,
        key_encipherment=not signs,
        data_encipherment=not signs,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


@dataclass(frozen=True)
class Authority:
    """Self-signed unless `above` is given. `keyed`: whose key it has, if not its own."""

    name: str = "Plant CA"
    above: "Authority | None" = None
    path_length: int | None = None
    until: datetime = NOW + 3650 * DAY
    ca: bool = True
    keyed: str | None = None

    @property
    def key(self) -> rsa.RSAPrivateKey:
        return key(self.keyed or self.name)

    @property
    def certificate(self) -> x509.Certificate:
        return _certificate_of(self)

    def machine(
        self,
        *,
        hosts: Sequence[str] = ("127.0.0.1", "press.plant"),
        uri: str = APPLICATION_URI,
        since: datetime = NOW - DAY,
        until: datetime = NOW + 365 * DAY,
        uses: Sequence[x509.ObjectIdentifier] = (
            ExtendedKeyUsageOID.SERVER_AUTH,
            ExtendedKeyUsageOID.CLIENT_AUTH,
        ),
        serial: int = 4711,
    ) -> x509.Certificate:
        """A machine's certificate, signed by this authority; its key is `key("machine")`."""
        names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(uri)]
        names += [_host(host) for host in hosts]
        return (
            _builder("Press 1", key("machine"), self.name, since, until, serial)
            .add_extension(x509.SubjectAlternativeName(names), False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
            .add_extension(usage(signs=False), True)
            .add_extension(x509.ExtendedKeyUsage(list(uses)), False)
            .sign(self.key, hashes.SHA256())
        )

    def revoking(
        self,
        *serials: int,
        on: datetime = NOW,
        until: datetime = NOW + 30 * DAY,
        signed_by: str | None = None,
    ) -> x509.CertificateRevocationList:
        builder = x509.CertificateRevocationListBuilder().issuer_name(subject(self.name))
        builder = builder.last_update(on).next_update(until)
        for serial in serials:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(on).build()
            builder = builder.add_revoked_certificate(entry)
        return builder.sign(key(signed_by) if signed_by else self.key, hashes.SHA256())


@cache
def _certificate_of(authority: Authority) -> x509.Certificate:
    signer = authority.above or authority
    since = NOW - 3650 * DAY
    builder = _builder(authority.name, authority.key, signer.name, since, authority.until)
    path_length = authority.path_length if authority.ca else None
    builder = builder.add_extension(x509.BasicConstraints(authority.ca, path_length), True)
    return builder.add_extension(usage(signs=authority.ca), True).sign(signer.key, hashes.SHA256())


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _builder(
    name: str,
    owned: rsa.RSAPrivateKey,
    issuer: str,
    since: datetime,
    until: datetime,
    serial: int | None = None,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject(name))
        .issuer_name(subject(issuer))
        .public_key(owned.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
    )
