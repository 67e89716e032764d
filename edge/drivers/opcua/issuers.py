"""Certificates that an authority signed: trusted because the authority is (OPC 10000-4, 6.1.3). Reads and asks nothing.

An authority is a certificate that may sign others and belongs to no OPC UA application: one that names an application URI
is a machine's own, and trusted for this machine alone, whatever it says it may do. A chain ends at the first authority
that a person accepted. What an authority's revocation list holds is refused; without a list nothing is known to be revoked,
and a list that should have been followed by a newer one is used as it is.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CHAIN_MAX = 8
_Extension = TypeVar("_Extension", bound=x509.ExtensionType)
_WEAK = frozenset({"md5", "sha1"})


class NoTrustedIssuer(LookupError):
    """Nobody who is trusted signed it."""


class IssuedButRefused(Exception):
    """Somebody who is trusted signed it, and it is refused all the same; the text says why."""


@dataclass(frozen=True, slots=True)
class Authorities:
    """Who is trusted to sign, and what they have revoked."""

    issuers: Sequence[x509.Certificate] = ()
    lists: Sequence[x509.CertificateRevocationList] = ()

    def check(
        self, chain: Sequence[x509.Certificate], host: str, application_uri: str, now: datetime
    ) -> None:
        """Whether the first of the chain is a server to talk to; the others are what it sent to prove it.
        Raises NoTrustedIssuer, IssuedButRefused."""
        path = self._path(chain)
        for depth, certificate in enumerate(path):
            _check_time(certificate, now)
            if depth:
                _check_may_sign(certificate, below=depth - 1)
        for certificate, issuer in pairwise(path):
            algorithm = certificate.signature_hash_algorithm
            if algorithm is not None and algorithm.name in _WEAK:
                raise IssuedButRefused(f"{called(certificate)} is signed with {algorithm.name.upper()}")
            self._check_revoked(certificate, issuer)
        _check_use(path[0])
        _check_host(path[0], host)
        _check_application(path[0], application_uri)

    def check_not_revoked(self, chain: Sequence[x509.Certificate]) -> None:
        """Raises IssuedButRefused. Nobody's acceptance outlives a revocation."""
        try:
            path = self._path(chain)
        except NoTrustedIssuer:
            return
        for certificate, issuer in pairwise(path):
            self._check_revoked(certificate, issuer)

    def list_of(self, issuer: x509.Certificate) -> x509.CertificateRevocationList | None:
        """Its newest revocation list."""
        own = [one for one in self.lists if is_list_of(one, issuer)]
        return max(own, key=lambda one: one.last_update_utc, default=None)

    def _path(self, chain: Sequence[x509.Certificate]) -> list[x509.Certificate]:
        """From the server's certificate up to the first trusted one, each signed by the next."""
        path = [chain[0]]
        while len(path) < CHAIN_MAX:
            for trusted in self.issuers:
                if _signed(path[-1], trusted):
                    return [*path, trusted]
            sent = [one for one in chain[1:] if one not in path and _signed(path[-1], one)]
            if not sent:
                break
            path.append(sent[0])
        raise NoTrustedIssuer

    def _check_revoked(self, certificate: x509.Certificate, issuer: x509.Certificate) -> None:
        revocations = self.list_of(issuer)
        if revocations is None:
            return
        entry = revocations.get_revoked_certificate_by_serial_number(certificate.serial_number)
        if entry is not None:
            raise IssuedButRefused(
                f"{called(certificate)} was revoked on {entry.revocation_date_utc:%Y-%m-%d} by who signed it"
            )


def is_issuer(certificate: x509.Certificate) -> bool:
    """Whether it is an authority's, not an application's."""
    names = _extension(certificate, x509.SubjectAlternativeName)
    uris = names.get_values_for_type(x509.UniformResourceIdentifier) if names is not None else []
    return _may_sign(certificate) and not uris


def is_list_of(revocations: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    """Whether this authority signed the list."""
    key = issuer.public_key()
    if revocations.issuer != issuer.subject or not isinstance(key, RSAPublicKey | EllipticCurvePublicKey):
        return False
    try:
        return revocations.is_signature_valid(key)
    except (TypeError, UnsupportedAlgorithm):
        return False


def called(certificate: x509.Certificate) -> str:
    """As a person knows it."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return f"the certificate of {names[0].value!s}" if names else "a certificate without a name"


def hosts_of(certificate: x509.Certificate) -> list[str]:
    """The hosts that it is for."""
    names = _extension(certificate, x509.SubjectAlternativeName)
    if names is None:
        return []
    return [
        *names.get_values_for_type(x509.DNSName),
        *(str(one) for one in names.get_values_for_type(x509.IPAddress)),
    ]


def _signed(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return certificate != issuer


def _check_time(certificate: x509.Certificate, now: datetime) -> None:
    if now > certificate.not_valid_after_utc:
        raise IssuedButRefused(f"{called(certificate)} ran out on {certificate.not_valid_after_utc:%Y-%m-%d}")
    if now < certificate.not_valid_before_utc:
        raise IssuedButRefused(
            f"{called(certificate)} is not valid before {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"
        )


def _check_may_sign(certificate: x509.Certificate, below: int) -> None:
    """`below`: how many other authorities stand between it and the server."""
    if not _may_sign(certificate):
        raise IssuedButRefused(f"{called(certificate)} must not sign others")
    constraints = _extension(certificate, x509.BasicConstraints)
    if constraints is not None and constraints.path_length is not None and below > constraints.path_length:
        raise IssuedButRefused(f"{called(certificate)} must not sign for other authorities")


def _may_sign(certificate: x509.Certificate) -> bool:
    constraints = _extension(certificate, x509.BasicConstraints)
    usage = _extension(certificate, x509.KeyUsage)
    return constraints is not None and constraints.ca and usage is not None and usage.key_cert_sign


def _check_use(certificate: x509.Certificate) -> None:
    uses = _extension(certificate, x509.ExtendedKeyUsage)
    if uses is not None and ExtendedKeyUsageOID.SERVER_AUTH not in uses:
        raise IssuedButRefused(f"{called(certificate)} is not for a server")


def _check_host(certificate: x509.Certificate, host: str) -> None:
    hosts = hosts_of(certificate)
    if not any(_same_host(one, host) for one in hosts):
        listed = ", ".join(hosts) or "no host"
        raise IssuedButRefused(
            f"{called(certificate)} is for {listed}, and the URL says {host}: write one of these there, or accept this"
            " one certificate by its fingerprint"
        )


def _same_host(one: str, other: str) -> bool:
    try:
        return ipaddress.ip_address(one) == ipaddress.ip_address(other)
    except ValueError:
        return one.casefold().rstrip(".") == other.casefold().rstrip(".")


def _check_application(certificate: x509.Certificate, application_uri: str) -> None:
    names = _extension(certificate, x509.SubjectAlternativeName)
    uris = names.get_values_for_type(x509.UniformResourceIdentifier) if names is not None else []
    if application_uri not in uris:
        listed = ", ".join(uris) or "no application"
        raise IssuedButRefused(
            f"{called(certificate)} is for {listed}, and the server calls itself {application_uri}"
        )


def _extension(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except (x509.ExtensionNotFound, ValueError):
        return None
