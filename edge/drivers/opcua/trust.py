"""Which OPC UA servers an edge talks to: a folder of certificates it trusts, and one of those it was shown and refused.

Nobody is trusted by itself. A server that is met for the first time is refused, its certificate is laid into the folder
of the rejected, and the words say which command trusts it: `lineside edge trust accept`. A person compares the
fingerprint with what the machine shows. Both folders lie in the state folder, one DER file a certificate.

Among the trusted may be the certificate of an authority, and beside it its revocation list (.crl): then every server it
signed is trusted that `issuers.py` finds nothing wrong with.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from edge.acquisition.device_settings import Device
from edge.drivers.opcua.issuers import (
    Authorities,
    IssuedButRefused,
    NoTrustedIssuer,
    is_issuer,
    is_list_of,
)
from edge.errors import DeviceRefused

REJECTED_MAX = 100
"""Whoever shows a new certificate at every attempt fills no disk: the oldest make way."""
PREFIX_MIN = 6


class NoSuchCertificate(LookupError):
    """None, or more than one, has a fingerprint that begins so."""


def state_folder() -> Path:
    """`LINESIDE_HOME`, else `.lineside` in the working directory."""
    return Path(os.environ.get("LINESIDE_HOME") or ".lineside")


@dataclass(frozen=True, slots=True)
class KnownCertificate:
    """A certificate as a person sees it. `sha1` is what many OPC UA tools call the thumbprint; both in hex."""

    der: bytes
    sha256: str
    sha1: str
    name: str
    application_uri: str
    not_after: datetime
    is_issuer: bool  # It is trusted for all that it signed.
    seen_ms: int  # When it was laid into its folder, UTC.
    file: Path

    def is_called(self, prefix: str) -> bool:
        return self.sha256.startswith(prefix) or self.sha1.startswith(prefix)


class TrustList:
    """Both folders below `folder`. What cannot be read as a certificate is passed over."""

    def __init__(self, folder: Path | None = None) -> None:
        own = folder or state_folder() / "ca" / "opcua"
        self.trusted_folder = own / "trusted"
        self.rejected_folder = own / "rejected"

    def own(self) -> KnownCertificate | None:
        """The edge's own, which machines have to trust; None before its first secure connection."""
        file = self.trusted_folder.parent.parent / "opcua-client.der"
        return _described(file) if file.exists() else None

    def trusted(self) -> list[KnownCertificate]:
        return sorted(_certificates(self.trusted_folder), key=lambda one: one.seen_ms)

    def rejected(self) -> list[KnownCertificate]:
        return sorted(_certificates(self.rejected_folder), key=lambda one: one.seen_ms)

    def revocation_list(self, certificate: KnownCertificate) -> x509.CertificateRevocationList | None:
        """Of an authority that is trusted."""
        return read_authorities(self.trusted_folder).list_of(x509.load_der_x509_certificate(certificate.der))

    def is_trusted(self, der: bytes) -> bool:
        return any(one.der == der for one in _certificates(self.trusted_folder))

    def refuse(self, der: bytes) -> Path:
        """Keep it for a person to look at. Raises OSError, ValueError if it is no certificate."""
        x509.load_der_x509_certificate(der)
        file = _lay(self.rejected_folder, der, ".der")
        for old in self.rejected()[:-REJECTED_MAX]:
            old.file.unlink(missing_ok=True)
        return file

    def take_over(self, device: str, der: bytes) -> bool:
        """Earlier releases kept the first certificate a device showed, and trusted it from then on. Raises OSError."""
        kept = self.trusted_folder.parent.parent / "opcua-servers" / f"{device}.der"
        if not kept.exists() or kept.read_bytes() != der:
            return False
        _lay(self.trusted_folder, der, ".der")
        kept.unlink()
        return True

    def accept(self, prefix: str) -> KnownCertificate:
        """Trust a rejected one from now on. Raises NoSuchCertificate, OSError."""
        return self._move(_only(self.rejected(), prefix, "rejected"), self.trusted_folder)

    def accept_file(self, file: Path) -> KnownCertificate:
        """Trust a certificate that a person brought, DER or PEM. Raises ValueError, OSError."""
        content = file.read_bytes()
        is_pem = b"-----BEGIN" in content
        load = x509.load_pem_x509_certificate if is_pem else x509.load_der_x509_certificate
        return _described(_lay(self.trusted_folder, load(content).public_bytes(Encoding.DER), ".der"))

    def accept_list(self, file: Path) -> tuple[KnownCertificate, x509.CertificateRevocationList]:
        """Take over a revocation list, DER or PEM, of an authority that is trusted, in place of its older one. Returns whose
        it is. Raises ValueError, OSError."""
        revocations = revocation_list_in(file.read_bytes())
        for known in self.trusted():
            issuer = x509.load_der_x509_certificate(known.der)
            if known.is_issuer and is_list_of(revocations, issuer):
                kept = read_authorities(self.trusted_folder).list_of(issuer)
                if kept is not None and kept.last_update_utc > revocations.last_update_utc:
                    raise ValueError(f"there is a newer list, of {kept.last_update_utc:%Y-%m-%d}")
                _lay(self.trusted_folder, revocations.public_bytes(Encoding.DER), ".crl")
                return known, revocations
        raise ValueError(
            "no authority that is trusted has signed this revocation list: accept its certificate first"
        )

    def reject(self, prefix: str) -> KnownCertificate:
        """Trust it no more. Raises NoSuchCertificate, OSError."""
        return self._move(_only(self.trusted(), prefix, "trusted"), self.rejected_folder)

    def _move(self, certificate: KnownCertificate, folder: Path) -> KnownCertificate:
        moved = _described(_lay(folder, certificate.der, ".der"))
        certificate.file.unlink(missing_ok=True)
        return moved


def check_trust(device: Device, shown: Sequence[bytes], application_uri: str) -> None:
    """Raises DeviceRefused if a server is not one to talk to that shows these certificates, its own first and then who signed
    it, and calls itself so."""
    trust, trusted = device.security.trust, TrustList()
    der, fingerprint = shown[0], hashlib.sha256(shown[0]).hexdigest()
    where = trust or trusted.trusted_folder
    try:
        is_pinned = der in _certificates_in(where) or (trust is None and trusted.take_over(device.name, der))
        why = _why_not(where, shown, device.host, application_uri, is_pinned=is_pinned)
        if why is None:
            return
        if trust is None:
            for one in shown:
                trusted.refuse(one)
    except (OSError, ValueError) as error:
        raise DeviceRefused(
            f"the server's certificate is not trusted, and cannot be kept: {error}"
        ) from error
    if why:
        raise DeviceRefused(f"the server's certificate (SHA-256 {fingerprint}) is refused: {why}")
    if trust is not None:
        raise DeviceRefused(
            f"the server's certificate (SHA-256 {fingerprint}) is not in {trust}, nor is who signed it"
        )
    raise DeviceRefused(
        f"the server's certificate is not trusted (SHA-256 {fingerprint}); compare it with the machine's own,"
        f" then say: lineside edge trust accept {fingerprint[:16]}"
    )


def _why_not(
    where: Path, shown: Sequence[bytes], host: str, application_uri: str, *, is_pinned: bool
) -> str | None:
    """None: it is trusted. Empty: nobody trusted it. Else what is wrong although somebody trusted has signed it."""
    authorities = read_authorities(where)
    if not authorities.issuers:
        return None if is_pinned else ""
    try:
        chain = [x509.load_der_x509_certificate(one) for one in shown]
        if is_pinned:
            authorities.check_not_revoked(chain)
        else:
            authorities.check(chain, host, application_uri, datetime.now(UTC))
    except IssuedButRefused as refused:
        return str(refused)
    except (NoTrustedIssuer, ValueError):
        return None if is_pinned else ""
    return None


def read_authorities(where: Path) -> Authorities:
    """Those in a folder, or in one file, with their revocation lists. What is neither is passed over."""
    files = sorted(where.iterdir()) if where.is_dir() else [where]
    issuers: list[x509.Certificate] = []
    lists: list[x509.CertificateRevocationList] = []
    for file in files:
        der = certificate_in(file)
        try:
            if der is not None:
                issuers += [one for one in (x509.load_der_x509_certificate(der),) if is_issuer(one)]
            else:
                lists.append(revocation_list_in(file.read_bytes()))
        except (OSError, ValueError):
            continue
    return Authorities(issuers, lists)


def revocation_list_in(content: bytes) -> x509.CertificateRevocationList:
    """DER or PEM. Raises ValueError."""
    load = x509.load_pem_x509_crl if b"-----BEGIN" in content else x509.load_der_x509_crl
    return load(content)


def _certificates_in(where: Path) -> set[bytes]:
    files = sorted(where.iterdir()) if where.is_dir() else [where]
    return {known for file in files if (known := certificate_in(file)) is not None}


def certificate_in(file: Path) -> bytes | None:
    """The certificate in a file, DER or PEM, as DER; None for anything else that lies there."""
    try:
        content = file.read_bytes()
        is_pem = b"-----BEGIN" in content
        load = x509.load_pem_x509_certificate if is_pem else x509.load_der_x509_certificate
        return load(content).public_bytes(Encoding.DER)
    except (OSError, ValueError):
        return None


def _certificates(folder: Path) -> Iterator[KnownCertificate]:
    if not folder.is_dir():
        return
    for file in sorted(folder.iterdir()):
        if certificate_in(file) is not None:
            yield _described(file)


def _described(file: Path) -> KnownCertificate:
    """Raises ValueError, OSError."""
    der = certificate_in(file)
    if der is None:
        raise ValueError(f"{file} is no certificate")
    certificate = x509.load_der_x509_certificate(der)
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return KnownCertificate(
        der=der,
        sha256=hashlib.sha256(der).hexdigest(),
        sha1=hashlib.sha1(der, usedforsecurity=False).hexdigest(),
        name=str(names[0].value) if names else "",
        application_uri=application_uri(certificate) or "",
        not_after=certificate.not_valid_after_utc,
        is_issuer=is_issuer(certificate),
        seen_ms=int(file.stat().st_mtime * 1000),
        file=file,
    )


def application_uri(certificate: x509.Certificate) -> str | None:
    """What an OPC UA application calls itself in its certificate (OPC 10000-6, 6.2.2)."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    return uris[0] if uris else None


def _only(certificates: list[KnownCertificate], prefix: str, kind: str) -> KnownCertificate:
    wanted = prefix.lower().replace(":", "").replace(" ", "")
    if len(wanted) < PREFIX_MIN:
        raise NoSuchCertificate(f"give at least {PREFIX_MIN} digits of the fingerprint")
    found = [one for one in certificates if one.is_called(wanted)]
    if len(found) != 1:
        how_many = "no" if not found else f"{len(found)} of the"
        raise NoSuchCertificate(
            f"{how_many} {kind} certificates have a fingerprint that begins with {prefix}"
        )
    return found[0]


def _lay(folder: Path, der: bytes, ending: str) -> Path:
    """Whole or not at all: another process may be reading the folder."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / f"{hashlib.sha256(der).hexdigest()}{ending}"
    descriptor, written = tempfile.mkstemp(dir=folder, prefix=".", suffix=".part")
    with os.fdopen(descriptor, "wb") as out:
        out.write(der)
    Path(written).replace(file)
    return file
