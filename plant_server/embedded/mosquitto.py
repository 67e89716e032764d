"""Mosquitto with a configuration of our own under `.lineside/broker/mosquitto`: TLS with client certificates, rights
by identity, persistence in its folder.

Started as root, mosquitto drops its rights by itself, and then cannot read private keys. So we drop before it starts:
the folder with everything in it, keys included, belongs to the account it runs as. All paths in the configuration are
relative to that folder, its working directory: what lies above may be closed to the account.
"""

import base64
import hashlib
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from plant_server.embedded.child_process import Account, account_to_drop_to, owner_of, program_on_path, run_as
from plant_server.embedded.errors import DataFolderRefused, ProgramNotFound
from plant_server.security.access_control import Rights, mosquitto_acl, user_name
from plant_server.security.certificate_authority import CertificateAuthority
from plant_server.security.secrets import secret, write_private_file

OLDEST_MAJOR = 2
PAYLOAD_BYTES_MAX = 1024 * 1024
_PACKET_BYTES_MAX = PAYLOAD_BYTES_MAX + 64 * 1024  # The payload, the longest topic and the headers.

_CONFIGURATION = f"""\
# Made by Lineside at every start: changes here are lost.
per_listener_settings false
allow_anonymous false
acl_file acl

persistence true
persistence_location ./
# Seconds. What was acknowledged since the last save dies with a killed broker; nothing of ours trusts it.
autosave_interval 10

max_packet_size {_PACKET_BYTES_MAX}
max_inflight_messages 100
max_queued_messages 10000
max_queued_bytes {64 * 1024 * 1024}
persistent_client_expiration 7d

log_dest stderr
log_timestamp_format %Y-%m-%dT%H:%M:%S
log_type error
log_type warning
log_type notice
log_type information
"""
_TLS_LISTENER = """
cafile ca.pem
certfile server.pem
keyfile server.key
require_certificate true
use_identity_as_username true
"""
_PLAIN_LISTENER = """
password_file passwords
"""


class Mosquitto:
    """The program and its files. `plant_server.embedded.broker` starts and stops it."""

    kind = "mosquitto"
    notice: str | None = None
    process_names = ("mosquitto",)

    def __init__(self, home: Path, *, tls: bool, bind: str, server_names: tuple[str, ...]) -> None:
        """tls=False: user and password on a plain listener, for tests.

        Raises ProgramNotFound, DataFolderRefused.
        """
        self.program = find_mosquitto()
        self.folder = home / "broker/mosquitto"
        self.account = _account_for(self.folder)
        self.tls = tls
        self._home = home
        self.bind = bind
        self._server_names = server_names

    @property
    def command(self) -> list[str]:
        return [str(self.program), "-c", "mosquitto.conf"]

    def configure(self, port: int, rights: Mapping[str, Rights]) -> None:
        """Write everything it reads at its start."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        if self.account:
            self.account.own(self.folder)
        listener = f"\nlistener {port} {self.bind}\n{_TLS_LISTENER if self.tls else _PLAIN_LISTENER}"
        self._write("mosquitto.conf", _CONFIGURATION + listener)
        if self.tls:
            authority = CertificateAuthority(self._home / "ca")
            pair = authority.server_pair(*self._server_names)
            self._write("ca.pem", authority.certificate.read_bytes())
            self._write("server.pem", pair.certificate.read_bytes())
            self._write("server.key", pair.key.read_bytes())
        self.write_rights(rights)

    def write_rights(self, rights: Mapping[str, Rights]) -> None:
        """Who may do what; a running mosquitto reads it again on SIGHUP."""
        if self.tls:
            self._write("acl", mosquitto_acl(rights))
            return
        self._write(
            "acl", mosquitto_acl({user_name(identity): allowed for identity, allowed in rights.items()})
        )
        lines = [
            _password_line(user_name(identity), password_of(self._home, identity)) for identity in rights
        ]
        self._write("passwords", "".join(lines))

    def _write(self, name: str, content: bytes | str) -> None:
        path = self.folder / name
        write_private_file(path, content)
        if self.account:
            self.account.own(path)


def password_of(home: Path, identity: str) -> str:
    """The generated password of an identity, on listeners that know clients by user and password."""
    return secret(home / "secrets", f"mqtt-{identity}")


def find_mosquitto() -> Path:
    """An installed mosquitto >= 2. Raises ProgramNotFound."""
    advice = "Install it (Debian, Ubuntu: apt-get install mosquitto)."
    program = program_on_path("mosquitto", "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")
    if program is None:
        raise ProgramNotFound(f"no mosquitto found. {advice}")
    answer = run_as(None, [str(program), "-h"], timeout_s=10).stdout
    version = re.search(r"version (\d+)\.", answer)
    if version is None or int(version[1]) < OLDEST_MAJOR:
        raise ProgramNotFound(f"{program} is older than version {OLDEST_MAJOR}. {advice}")
    return program


def _account_for(folder: Path) -> Account | None:
    """As root: the owner of the folder, at first an existing account without rights. Else: we ourselves."""
    account = account_to_drop_to("mosquitto", "nobody")
    if not folder.exists():
        return account
    owner = owner_of(folder)
    if account:
        return owner if owner.uid != 0 else account
    if owner.uid != os.geteuid():
        raise DataFolderRefused(
            f"{folder} belongs to the account {owner.name}, which an earlier start as root chose: start as root "
            "again, or move the folder away"
        )
    return None


def _password_line(user: str, password: str) -> str:
    """A line of mosquitto's password_file: PBKDF2-HMAC-SHA512, as mosquitto_passwd writes it."""
    iterations, salt = 101, secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, iterations)
    encoded = (base64.b64encode(part).decode() for part in (salt, digest))
    return f"{user}:$7${iterations}${'$'.join(encoded)}\n"
