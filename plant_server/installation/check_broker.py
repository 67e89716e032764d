"""What the doctor asks the broker: a connection as ingest makes it, up to the certificate; nothing is sent over it."""

import socket
import ssl
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from plant_server.installation.finding import Finding
from plant_server.settings import MqttSettings

PATIENCE_S = 5.0
EXPIRES_SOON = timedelta(days=30)


def check_broker(mqtt: MqttSettings, now: datetime) -> Iterator[Finding]:
    where = {"broker": f"{mqtt.host}:{mqtt.port}"}
    try:
        with socket.create_connection((mqtt.host, mqtt.port), timeout=PATIENCE_S) as connection:
            if not mqtt.uses_tls:
                yield Finding("broker", "warn", "broker-plain", where)
                return
            with _context(mqtt).wrap_socket(connection, server_hostname=mqtt.host) as session:
                shown = session.getpeercert(binary_form=True)
    except ssl.SSLError as error:
        yield Finding("broker", "bad", "broker-refused", where | {"why": _words(error)})
        return
    except OSError as error:
        yield Finding("broker", "bad", "broker-unreachable", where | {"why": str(error)})
        return
    ends = x509.load_der_x509_certificate(shown or b"").not_valid_after_utc
    values = where | {"ends": f"{ends:%Y-%m-%d}"}
    if ends - now < EXPIRES_SOON:
        yield Finding("broker", "warn", "broker-ending", values)
    else:
        yield Finding("broker", "ok", "broker-ok", values)


def with_files_of(mqtt: MqttSettings, home: Path, shard: str) -> MqttSettings:
    """Where no certificates are set: those of the folder, if it has any."""
    ca, pair = home / "ca/ca.pem", home / f"ca/clients/host%3A{shard}.pem"
    if mqtt.ca is not None or not ca.exists() or not pair.exists():
        return mqtt
    return mqtt.model_copy(update={"ca": ca, "cert": pair, "key": pair.with_suffix(".key")})


def _context(mqtt: MqttSettings) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=mqtt.ca)
    if mqtt.cert is not None and mqtt.key is not None:
        context.load_cert_chain(mqtt.cert, mqtt.key)
    return context


def _words(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    return error.reason or str(error)
