"""The edge's own certificate for OPC UA.

Whoever gives no certificate gets one: made once, kept in the state folder, the key readable by its owner alone.
Its `.der` is what a machine's trust list needs.
"""

import os
import socket
import threading
from dataclasses import dataclass
from pathlib import Path

from asyncua.crypto.cert_gen import (
    dump_private_key_as_pem,
    generate_private_key,
    generate_self_signed_app_certificate,
)
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from edge.acquisition.device_settings import Security
from edge.drivers.opcua.trust import application_uri, state_folder
from edge.errors import DeviceRefused

OWN_VALID_DAYS = 20 * 365
"""A certificate that runs out stops a line; what protects is the key, and the trust list of the machine."""

_making = threading.Lock()  # Several devices may need the first certificate at once.


@dataclass(frozen=True, slots=True)
class OwnCertificate:
    """File names with their formats: asyncua goes by the extension, which may lie."""

    certificate: bytes
    certificate_format: str  # `der` or `pem`
    key: bytes
    key_format: str
    application_uri: str


def own_certificate(security: Security) -> OwnCertificate:
    """The edge's application certificate, made if there is none. Raises DeviceRefused if it cannot be used."""
    if security.certificate is not None and security.key is not None:
        certificate_path, key_path = security.certificate, security.key
    else:
        certificate_path = state_folder() / "ca" / "opcua-client.der"
        key_path = state_folder() / "secrets" / "opcua-client-key.pem"
        with _making:
            if not (certificate_path.exists() and key_path.exists()):
                _make(certificate_path, key_path)
    try:
        certificate, key = certificate_path.read_bytes(), key_path.read_bytes()
        uri = _application_uri(certificate)
    except (OSError, ValueError) as error:
        raise DeviceRefused(f"cannot use {certificate_path} with {key_path}: {error}") from error
    return OwnCertificate(certificate, file_format(certificate), key, file_format(key), uri)


def _make(certificate_path: Path, key_path: Path) -> None:
    host = socket.gethostname()
    uri = f"urn:{host}:lineside:edge"
    key = generate_private_key()
    certificate = generate_self_signed_app_certificate(
        key,
        "Lineside edge",
        {"organizationName": "Lineside"},
        [x509.UniformResourceIdentifier(uri), x509.DNSName(host)],
        [ExtendedKeyUsageOID.CLIENT_AUTH],
        days=OWN_VALID_DAYS,
    )
    for folder in (certificate_path.parent, key_path.parent):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    key_path.unlink(missing_ok=True)
    descriptor = os.open(key_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(dump_private_key_as_pem(key))
    certificate_path.write_bytes(certificate.public_bytes(Encoding.DER))


def file_format(content: bytes) -> str:
    """`pem` or `der`, by what is in it."""
    return "pem" if b"-----BEGIN" in content else "der"


def _loaded(content: bytes) -> x509.Certificate:
    if file_format(content) == "pem":
        return x509.load_pem_x509_certificate(content)
    return x509.load_der_x509_certificate(content)


def _application_uri(certificate: bytes) -> str:
    """Servers compare it with what the client says of itself. Raises ValueError."""
    uri = application_uri(_loaded(certificate))
    if uri is None:
        raise ValueError("the certificate names no application URI")
    return uri
