"""The files of an installation that does not use the embedded servers: certificates, rights, broker and passwords.

    lineside prepare --edge shop1:press-shop --server-name plant.local

Everything is made where it is missing and kept where it is there, so the command may be repeated for one more edge.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from plant_server.schema.migrate import CONNECTION_LIMITS
from plant_server.security.access_control import EdgeNode, Host, mosquitto_acl, rights_by_identity
from plant_server.security.certificate_authority import CertificateAuthority
from plant_server.security.secrets import private_folder, secret, write_private_file

BROKER_ACCOUNT = 1883
"""User id of mosquitto in its container image: it must be able to read its key, and is never root."""
DATABASE_ROLES = ("lineside", "lineside_plant", "lineside_bridge", "lineside_bi")
VARIABLES = {
    "lineside": "LINESIDE_OWNER_DATABASE_URL",
    "lineside_plant": "LINESIDE_DATABASE_URL",
    "lineside_bridge": "LINESIDE_BRIDGE_DATABASE_URL",
}
"""Who connects as what: a file `<role>.env` for each, since none needs to know another's password. Boards take theirs
from `lineside_bi.env`, as `LINESIDE_BI_PASSWORD`."""
FOLDERS = ("log", "backups", "spool", "grafana", "public", "public/clients")
"""What processes write into; made here, so that a container engine does not make them as root."""
MOSQUITTO = """\
# Made by `lineside prepare`. Paths are those inside the broker's container, or what --broker-folder and --broker-data say.
per_listener_settings false
allow_anonymous false
acl_file {folder}/acl
persistence true
persistence_location {data}/
autosave_interval 10
max_packet_size 1114112
max_queued_messages 10000
max_queued_bytes 67108864
listener 8883
cafile {folder}/ca.pem
certfile {folder}/server.pem
keyfile {folder}/server.key
require_certificate true
use_identity_as_username true
"""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Where what lies: the broker's folder, and the certificate files of each client by identity."""

    broker: Path
    clients: dict[str, tuple[Path, Path, Path]]


@dataclass(frozen=True, slots=True)
class Places:
    """Where things are as their users see them: the host of the database, the broker's folders."""

    database: str = "database"
    broker_folder: str = "/lineside"
    broker_data: str = "/mosquitto/data"


IN_CONTAINERS = Places()


def prepare(
    home: Path,
    *,
    edges: Sequence[EdgeNode],
    hosts: Sequence[Host],
    server_names: Sequence[str],
    places: Places = IN_CONTAINERS,
) -> Prepared:
    """Write the files below `home`. Raises OSError where the folder cannot be written."""
    edges = [*edges, *(node for node in _known_edges(home) if node not in edges)]
    authority = CertificateAuthority(home / "ca")
    server = authority.server_pair(*server_names, *authority.server_names())
    for folder in FOLDERS:
        private_folder(home / folder)
    broker = private_folder(home / "broker" / "installation")
    configuration = MOSQUITTO.format(folder=places.broker_folder, data=places.broker_data)
    write_private_file(broker / "mosquitto.conf", configuration)
    write_private_file(broker / "acl", mosquitto_acl(rights_by_identity(edges, hosts)))
    copies = {"ca.pem": authority.certificate, "server.pem": server.certificate, "server.key": server.key}
    for name, source in copies.items():
        write_private_file(broker / name, source.read_bytes())
    if os.geteuid() == 0:
        for path in (broker, *broker.iterdir()):
            os.chown(path, BROKER_ACCOUNT, BROKER_ACCOUNT)
    passwords = {role: secret(home / "secrets", f"postgres-{role}") for role in DATABASE_ROLES}
    write_private_file(home / "secrets" / "roles.sql", _roles(passwords))
    for name in ("api-token", "grafana-admin"):
        secret(home / "secrets", name)
    for role, variable in VARIABLES.items():
        url = f"postgresql://{role}:{passwords[role]}@{quote(places.database, safe=':')}/lineside"
        write_private_file(home / "secrets" / f"{role}.env", f"{variable}={url}\n")
    write_private_file(
        home / "secrets" / "lineside_bi.env", f"LINESIDE_BI_PASSWORD={passwords['lineside_bi']}\n"
    )
    identities = [*(node.identity for node in edges), *(host.identity for host in hosts)]
    pairs = {identity: authority.client_pair(identity) for identity in identities}
    files = {name: (authority.certificate, pair.certificate, pair.key) for name, pair in pairs.items()}
    publish_certificates(home)
    return Prepared(broker, files)


def publish_certificates(home: Path) -> None:
    """Copy the clients' certificates, and no key, into a folder that the API may see: it warns before one ends."""
    folder = private_folder(home / "public" / "clients")
    own = sorted((home / "ca" / "clients").glob("*.pem"))
    for certificate in own:
        write_private_file(folder / certificate.name, certificate.read_bytes())
    for gone in {path.name for path in folder.iterdir()} - {path.name for path in own}:
        (folder / gone).unlink()  # Else it would be warned of for ever.


def _known_edges(home: Path) -> list[EdgeNode]:
    """Edges that an earlier call made certificates for: they keep their rights."""
    identities = [unquote(path.stem) for path in sorted((home / "ca" / "clients").glob("*.pem"))]
    return [EdgeNode(*identity.split(":", 1)) for identity in identities if not identity.startswith("host:")]


def _roles(passwords: dict[str, str]) -> str:
    """SQL that makes the roles on an empty server. The secrets hold only letters, digits, - and _."""
    lines = [f"CREATE ROLE {role} LOGIN PASSWORD '{passwords[role]}';" for role in DATABASE_ROLES[1:]]
    lines += [f"ALTER ROLE {role} CONNECTION LIMIT {limit};" for role, limit in CONNECTION_LIMITS.items()]
    lines += [f"GRANT {role} TO lineside;" for role in DATABASE_ROLES[1:]]
    return "\n".join(lines) + "\n"
