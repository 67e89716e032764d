"""The certificates of an OPC UA connection: the edge's own, and the servers it trusts.

Whoever gives no certificate gets one: made once, kept in the state folder, the key readable by its owner alone.
Its `.der` is what a machine's trust list needs. A server is trusted if its certificate is in `security.trust`;
where nothing is given, the first certificate seen is kept, and any other is refused from then on.
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

from edge.acquisition.device_settings import Device, Security
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


def state_folder() -> Path:
    """`LINESIDE_HOME`, else `.lineside` in the working directory."""
    return Path(os.environ.get("LINESIDE_HOME") or ".lineside")


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
    return OwnCertificate(certificate, _format(certificate), key, _format(key), uri)


def check_trust(device: Device, certificate: bytes) -> None:
    """Raises DeviceRefused if a server with this certificate (DER) is not the one to talk to."""
    trust = device.security.trust
    if trust is not None:
        files = sorted(trust.iterdir()) if trust.is_dir() else [trust]
        if certificate not in {der for file in files if (der := _der(file)) is not None}:
            raise DeviceRefused(f"the server's certificate is not in {trust}")
        return
    kept = state_folder() / "ca" / "opcua-servers" / f"{device.name}.der"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(certificate)
    elif kept.read_bytes() != certificate:
        raise DeviceRefused(f"the server's certificate changed; if that is right, remove {kept}")


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


def _format(content: bytes) -> str:
    return "pem" if b"-----BEGIN" in content else "der"


def _loaded(content: bytes) -> x509.Certificate:
    if _format(content) == "pem":
        return x509.load_pem_x509_certificate(content)
    return x509.load_der_x509_certificate(content)


def _application_uri(certificate: bytes) -> str:
    """Servers compare it with what the client says of itself. Raises ValueError."""
    try:
        names = _loaded(certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        raise ValueError("the certificate names no application URI") from None
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    if not uris:
        raise ValueError("the certificate names no application URI")
    return uris[0]


def _der(file: Path) -> bytes | None:
    """The certificate in a file of a trust folder; None for anything else that lies there."""
    try:
        return _loaded(file.read_bytes()).public_bytes(Encoding.DER)
    except (OSError, ValueError):
        return None
