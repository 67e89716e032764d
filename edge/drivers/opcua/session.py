"""An OPC UA session from hello to goodbye, by asyncua.

The poller owns reconnects, with a deadline of its own, so asyncua's `auto_reconnect` stays off: it would hold
requests for up to a minute while it reconnects, and a loss that healed inside one period would go unseen. Each
connection is a new session; one lost without goodbye frees its place in the server after SESSION_TIMEOUT_MS.
"""

import asyncio
import logging
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from urllib.parse import urlsplit

from asyncua import ua
from asyncua.client.client import Client
from asyncua.crypto import security_policies
from asyncua.crypto.uacrypto import CertProperties, load_certificate, load_private_key
from asyncua.ua import uaerrors
from cryptography.exceptions import InvalidKey, InvalidSignature

from edge.acquisition.device_settings import Device
from edge.drivers.opcua.certificates import file_format, own_certificate
from edge.drivers.opcua.issuers import CHAIN_MAX
from edge.drivers.opcua.trust import check_trust
from edge.errors import DeviceRefused, DeviceUnavailable

# asyncua writes lines and tracebacks at every failed attempt; the poller says once what is wrong.
logging.getLogger("asyncua").setLevel(logging.CRITICAL + 1)

SESSION_TIMEOUT_MS = 60_000
WATCHDOG_S = 10.0  # Keeps a session alive whose polls are far apart.
DER_HEAD = 4  # Bytes of tag and length before a certificate of 256 to 65 535 bytes.
CLOSE_S = 1.0  # For a goodbye that a frozen server will not hear.

POLICIES: dict[str, Any] = {
    "Basic256Sha256": security_policies.SecurityPolicyBasic256Sha256,
    "Aes128Sha256RsaOaep": security_policies.SecurityPolicyAes128Sha256RsaOaep,
    "Aes256Sha256RsaPss": security_policies.SecurityPolicyAes256Sha256RsaPss,
}

_REFUSALS = (
    uaerrors.BadCertificateInvalid,
    uaerrors.BadCertificateUntrusted,
    uaerrors.BadCertificateUriInvalid,
    uaerrors.BadCertificateTimeInvalid,
    uaerrors.BadCertificateHostNameInvalid,
    uaerrors.BadCertificateUseNotAllowed,
    uaerrors.BadIdentityTokenInvalid,
    uaerrors.BadIdentityTokenRejected,
    uaerrors.BadSecurityChecksFailed,
    uaerrors.BadSecurityModeRejected,
    uaerrors.BadSecurityPolicyRejected,
    uaerrors.BadUserAccessDenied,
    uaerrors.BadUserSignatureInvalid,
)


@asynccontextmanager
async def opened(device: Device) -> AsyncIterator[Client]:
    """A connected client with a session. Raises DeviceUnavailable or DeviceRefused."""
    client = Client(
        _url(device), timeout=device.timeout_s, watchdog_intervall=WATCHDOG_S, auto_reconnect=False
    )
    client.name = client.description = "Lineside edge"
    client.session_timeout = SESSION_TIMEOUT_MS
    try:
        with our_errors():
            if not device.insecure:
                await _secure(client, device)
            await _log_in(client, device)
            await _connect(client)
        yield client
    finally:
        await _close(client)


def _url(device: Device) -> str:
    """With the port, which asyncua does not fill in."""
    parts = urlsplit(device.url)
    host = f"[{device.host}]" if ":" in device.host else device.host
    return parts._replace(netloc=f"{host}:{device.port}").geturl()


@contextmanager
def our_errors() -> Iterator[None]:
    """What asyncua raises, as whose fault it is. A broken answer is a reason to connect anew, like none at all."""
    try:
        yield
    except _REFUSALS as error:
        raise DeviceRefused(_said(error)) from error
    except (InvalidKey, InvalidSignature) as error:
        raise DeviceRefused("the server's signature does not fit its certificate") from error
    except TimeoutError as error:
        raise DeviceUnavailable("no answer in time") from error
    except (uaerrors.UaError, OSError, struct.error, IndexError, ValueError) as error:
        raise DeviceUnavailable(_said(error)) from error


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


async def _secure(client: Client, device: Device) -> None:
    """Choose the endpoint, check whom we talk to, and only then sign and encrypt."""
    security = device.security
    own = await asyncio.to_thread(own_certificate, security)
    client.application_uri = own.application_uri
    policy, mode = POLICIES[security.policy], ua.MessageSecurityMode[security.mode]
    endpoints = await client.connect_and_get_server_endpoints()
    fitting = [
        endpoint
        for endpoint in endpoints
        if endpoint.SecurityMode == mode and endpoint.SecurityPolicyUri == policy.URI
    ]
    if not fitting:
        raise DeviceRefused(
            f"the server does not offer {security.policy} with {security.mode}, only {_offered(endpoints)}"
        )
    shown = _certificates(fitting[0].ServerCertificate)
    if not shown:
        raise DeviceRefused("the server shows no certificate")
    certificate = shown[0]
    await asyncio.to_thread(check_trust, device, shown, fitting[0].Server.ApplicationUri or "")
    try:
        await client.set_security(
            policy,
            CertProperties(own.certificate, own.certificate_format),
            CertProperties(own.key, own.key_format),
            server_certificate=CertProperties(certificate, "der"),
            mode=mode,
        )
    except (ValueError, TypeError) as error:
        raise DeviceRefused(f"the edge's certificate or key cannot be used: {error}") from error


async def _connect(client: Client) -> None:
    try:
        await client.connect()
    except uaerrors.UaError as error:
        if "No matching endpoints" in str(error):  # asyncua has no type of its own for it.
            raise DeviceRefused("the server does not offer a connection without security") from error
        raise


def _offered(endpoints: list[ua.EndpointDescription]) -> str:
    offered = {
        f"{(endpoint.SecurityPolicyUri or '').rpartition('#')[2]} with {endpoint.SecurityMode.name}"
        for endpoint in endpoints
    }
    return ", ".join(sorted(offered)) or "nothing"


def _certificates(chain: bytes | None) -> list[bytes]:
    """A server may send a chain: DER certificates one after another, its own first."""
    shown: list[bytes] = []
    rest = chain or b""
    while len(rest) > DER_HEAD and len(shown) < CHAIN_MAX:
        length = int.from_bytes(rest[2:4], "big") + DER_HEAD
        shown.append(rest[:length])
        rest = rest[length:]
    return shown


async def _log_in(client: Client, device: Device) -> None:
    """With a name and a password, or with a certificate; else as nobody."""
    security = device.security
    password = security.password()
    if security.user is not None and password is not None:
        client.set_user(security.user)
        client.set_password(password)
    if security.user_certificate is None or security.user_key is None:
        return
    try:
        certificate = await asyncio.to_thread(security.user_certificate.read_bytes)
        key = await asyncio.to_thread(security.user_key.read_bytes)
        client.user_certificate = await load_certificate(certificate, file_format(certificate))
        client.user_private_key = await load_private_key(key, None, file_format(key))
    except (OSError, ValueError, TypeError) as error:
        raise DeviceRefused(f"cannot log in with {security.user_certificate}: {error}") from error


async def _close(client: Client) -> None:
    """Say goodbye if somebody listens, and leave nothing open in any case."""
    protocol = client.uaclient.protocol
    try:
        async with asyncio.timeout(CLOSE_S):
            await client.disconnect()
    except (TimeoutError, uaerrors.UaError, OSError):
        pass  # It is gone, or frozen: its side of the session will time out.
    finally:
        client.disconnect_socket()
        if protocol is not None and protocol.transport is not None:
            # After its watchdog gave up, asyncua takes the socket for closed and would leave it open.
            protocol.transport.abort()
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError  # asyncua swallows a cancellation that arrives while it disconnects.
