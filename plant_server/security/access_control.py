"""Which MQTT topics an identity may write and read.

An identity is what the broker knows a client by: the common name of its certificate, or its user name. An edge writes
its own Sparkplug messages and hears its own commands and the hosts' STATE. A host hears its groups and alone commands
them. Nothing else is allowed to anyone.

    demo:press-shop   an edge node, <group>:<edge>
    host:plant        a Sparkplug host application, host:<shard>
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_NAMESPACE = "spBv1.0"
_NODE_MESSAGES = ("NBIRTH", "NDATA", "NDEATH")
_DEVICE_MESSAGES = ("DBIRTH", "DDATA", "DDEATH")
_IDENTITY_BYTES_MAX = 64  # The longest common name a certificate may carry (RFC 5280, ub-common-name).


class InvalidSparkplugId(ValueError):
    """A group, edge or host id that would mean something else inside a topic, a rights file or an identity."""


@dataclass(frozen=True)
class EdgeNode:
    """An edge node as the broker knows it. Raises InvalidSparkplugId."""

    group: str
    edge: str

    def __post_init__(self) -> None:
        _check_id("group", self.group)
        _check_id("edge", self.edge)
        # ":" separates the two, "host:…" is a host's identity, and spBv1.0/STATE/… is the hosts' own topic.
        if ":" in self.group or self.group in ("host", "STATE"):
            raise InvalidSparkplugId(
                f"group id {self.group!r}: may not be `host` or `STATE`, nor contain a colon"
            )
        _check_length(self.identity)

    @property
    def identity(self) -> str:
        return f"{self.group}:{self.edge}"


@dataclass(frozen=True)
class Host:
    """A host application (an ingest shard). groups: those it serves; empty: every group. Raises InvalidSparkplugId."""

    shard: str
    groups: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_id("host", self.shard)
        for group in self.groups:
            EdgeNode(group, "any")
        _check_length(self.identity)

    @property
    def identity(self) -> str:
        return f"host:{self.shard}"


@dataclass(frozen=True)
class Rights:
    """Topic filters an identity may publish to and receive from."""

    write: tuple[str, ...]
    read: tuple[str, ...]


def user_name(identity: str) -> str:
    """The identity as a user name: password files end a name at the first colon. No Sparkplug id contains a slash."""
    return identity.replace(":", "/")


def rights_of_edge(node: EdgeNode) -> Rights:
    own = f"{_NAMESPACE}/{node.group}"
    return Rights(
        write=(
            *(f"{own}/{message}/{node.edge}" for message in _NODE_MESSAGES),
            *(f"{own}/{message}/{node.edge}/+" for message in _DEVICE_MESSAGES),
        ),
        read=(f"{own}/NCMD/{node.edge}", f"{own}/DCMD/{node.edge}/+", f"{_NAMESPACE}/STATE/#"),
    )


def rights_of_host(host: Host) -> Rights:
    state = f"{_NAMESPACE}/STATE/{host.shard}"
    groups = [f"{_NAMESPACE}/{group}" for group in host.groups or ("+",)]
    return Rights(
        write=(state, *(f"{group}/NCMD/+" for group in groups), *(f"{group}/DCMD/+/+" for group in groups)),
        read=(state, *(f"{group}/#" for group in groups)),
    )


def rights_by_identity(edges: Iterable[EdgeNode], hosts: Iterable[Host]) -> dict[str, Rights]:
    return {node.identity: rights_of_edge(node) for node in edges} | {
        host.identity: rights_of_host(host) for host in hosts
    }


def mosquitto_acl(rights: Mapping[str, Rights]) -> str:
    """The rights as mosquitto's acl_file. Whoever is not named in it may do nothing."""
    lines = ["# Made by Lineside at every start: changes here are lost."]
    for identity, allowed in rights.items():
        lines += ["", f"user {identity}"]
        lines += [f"topic write {topic}" for topic in allowed.write]
        lines += [f"topic read {topic}" for topic in allowed.read]
    return "\n".join(lines) + "\n"


def covers(allowed: str, requested: str) -> bool:
    """Whether every topic that `requested` (a topic or a filter) means is among those of the filter `allowed`."""
    allowed_levels, requested_levels = allowed.split("/"), requested.split("/")
    for position, level in enumerate(allowed_levels):
        if level == "#":
            return True
        if position == len(requested_levels):
            return False
        if requested_levels[position] == "#" or level not in ("+", requested_levels[position]):
            return False
    return len(allowed_levels) == len(requested_levels)


def _check_id(what: str, value: str) -> None:
    """Sparkplug 3.0 (tck-id-topic-structure-namespace-valid-group-id and its kin) forbids + / # and the empty id."""
    if not value or any(letter in "+/#" or not letter.isprintable() for letter in value):
        raise InvalidSparkplugId(f"{what} id {value!r}: must be printable text without + / #")
    if value != value.strip():
        raise InvalidSparkplugId(f"{what} id {value!r}: must not begin or end with a space")


def _check_length(identity: str) -> None:
    if len(identity.encode()) > _IDENTITY_BYTES_MAX:
        raise InvalidSparkplugId(f"{identity!r} is longer than {_IDENTITY_BYTES_MAX} bytes in UTF-8")
