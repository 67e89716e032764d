"""The plant's own certificate authority: proves the broker to its clients, and each client to the broker.

    authority = CertificateAuthority(home / "ca")
    authority.certificate                        # what everyone trusts; give it to every edge
    authority.server_pair("broker.plant.local")  # for the broker: localhost, 127.0.0.1, ::1 and the names given
    authority.client_pair("demo:press-shop")     # the common name is the MQTT identity

Every call gives back what is there, and issues it anew only when it is missing, damaged, signed by another authority,
for other names, or within 30 days of its end. The authority's key is never replaced: a renewed authority certificate
still proves everything that was issued before.
"""

import fcntl
import ipaddress
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from plant_server.security.secrets import private_folder, write_private_file

_AUTHORITY_LIFE = timedelta(days=3653)
_LIFE = timedelta(days=825)
_RENEW_BEFORE_END = timedelta(days=30)
_CLOCK_SKEW = timedelta(days=1)  # A gateway whose clock is a little behind must not find it "not yet valid".
_LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class KeyPair:
    """PEM files: a certificate, and its private key (0600)."""

    certificate: Path
    key: Path


class CertificateAuthority:
    """The authority whose files lie in `folder`; made when missing. now: the clock, replaced in tests."""

    def __init__(self, folder: Path, *, now: Callable[[], datetime] = utc_now) -> None:
        self._folder = private_folder(folder)
        self._now = now
        self.certificate = folder / "ca.pem"  # What everyone has to trust.
        with self._alone():
            self._key = _key(folder / "ca.key")
            issued = _stored_certificate(self.certificate)
            if issued is None or issued.public_key() != self._key.public_key() or self._is_ending(issued):
                issued = self._sign_itself()
                write_private_file(self.certificate, issued.public_bytes(Encoding.PEM))
            self._issued = issued

    def server_pair(self, *names: str) -> KeyPair:
        """The broker's certificate, for this machine's local names and for `names` (host names or addresses)."""
        subject = [_general_name(name) for name in sorted({*_LOCAL_NAMES, *names})]
        return self._pair(
            "server", "lineside-broker", ExtendedKeyUsageOID.SERVER_AUTH, x509.SubjectAlternativeName(subject)
        )

    def server_names(self) -> list[str]:
        """The names of the broker's certificate as it is; none before the first."""
        issued = _stored_certificate(self._folder / "server.pem")
        names = _names_of(issued) if issued is not None else None
        return [str(name.value) for name in names or ()]

    def client_pair(self, identity: str) -> KeyPair:
        """A client's certificate, whose common name is its MQTT identity (at most 64 bytes, else ValueError)."""
        return self._pair(
            f"clients/{quote(identity, safe=' ')}", identity, ExtendedKeyUsageOID.CLIENT_AUTH, None
        )

    def _pair(
        self,
        file_name: str,
        common_name: str,
        usage: x509.ObjectIdentifier,
        names: x509.SubjectAlternativeName | None,
    ) -> KeyPair:
        pair = KeyPair(self._folder / f"{file_name}.pem", self._folder / f"{file_name}.key")
        private_folder(pair.key.parent)
        with self._alone():
            key = _key(pair.key)
            issued = _stored_certificate(pair.certificate)
            if issued is None or not self._is_good(issued, key, names):
                issued = self._sign(common_name, key, usage, names)
                write_private_file(pair.certificate, issued.public_bytes(Encoding.PEM))
        return pair

    def _is_good(
        self,
        issued: x509.Certificate,
        key: ec.EllipticCurvePrivateKey,
        names: x509.SubjectAlternativeName | None,
    ) -> bool:
        try:
            issued.verify_directly_issued_by(self._issued)
        except (InvalidSignature, ValueError, TypeError):
            return False
        return (
            issued.public_key() == key.public_key()
            and _names_of(issued) == names
            and not self._is_ending(issued)
        )

    def _is_ending(self, issued: x509.Certificate) -> bool:
        return issued.not_valid_after_utc - self._now() < _RENEW_BEFORE_END

    def _sign_itself(self) -> x509.Certificate:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Lineside plant authority")])
        builder = self._builder(name, self._key.public_key(), issuer=name, life=_AUTHORITY_LIFE)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_key_usage(signs_certificates=True), critical=True)
        return builder.sign(self._key, hashes.SHA256())

    def _sign(
        self,
        common_name: str,
        key: ec.EllipticCurvePrivateKey,
        usage: x509.ObjectIdentifier,
        names: x509.SubjectAlternativeName | None,
    ) -> x509.Certificate:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        builder = self._builder(subject, key.public_key(), issuer=self._issued.subject, life=_LIFE)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_key_usage(signs_certificates=False), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if names:
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def _builder(
        self, subject: x509.Name, public_key: ec.EllipticCurvePublicKey, *, issuer: x509.Name, life: timedelta
    ) -> x509.CertificateBuilder:
        now = self._now()
        authority_key = self._key.public_key()
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _CLOCK_SKEW)
            .not_valid_after(now + life)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key), critical=False)
        )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One issuer at a time: two processes must not make two keys for one name."""
        with (self._folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _key(path: Path) -> ec.EllipticCurvePrivateKey:
    """The private key in the file; made when missing. Raises ValueError for a file that holds no such key."""
    if path.exists():
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError(f"{path} holds no elliptic-curve key: move it away, a new one is made then")
        return key
    key = ec.generate_private_key(ec.SECP256R1())
    write_private_file(
        path,
        key.private_bytes(Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )
    return key


def _stored_certificate(path: Path) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None  # Missing or damaged: it is issued anew for the same key.


def _names_of(issued: x509.Certificate) -> x509.SubjectAlternativeName | None:
    try:
        return issued.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
