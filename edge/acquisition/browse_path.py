"""A way through an OPC UA server by names, in place of a node id that each maker, and each start of a server, chooses anew.

Written after OPC 10000-4, Annex A.2, with a short name for a namespace in place of its index, which is another on every
server: `m:MachineryBuildingBlocks/m:MachineryItemState/CurrentState/Id`. A name without one is the standard's own.
`&` takes its meaning from the character after it: `own:Pump &/ Valve`. Each step follows any hierarchical reference.
"""

from collections.abc import Mapping
from dataclasses import dataclass

RESERVED = "/:&"
NAMES_MAX = 30


@dataclass(frozen=True, slots=True)
class QualifiedName:
    """A browse name. `namespace`: its URI; None: OPC UA's own."""

    name: str
    namespace: str | None = None


@dataclass(frozen=True, slots=True)
class BrowsePath:
    """`text` as it was written. `from_start`: from the start node of the profile even if there is a machine to begin at."""

    text: str
    names: tuple[QualifiedName, ...]
    from_start: bool = False


STATE_ID = QualifiedName("Id")
"""Of a state variable (OPC 10000-16, 4.4.2): the node of the state that is in force."""


@dataclass(frozen=True, slots=True)
class Machines:
    """Where a server has its machines, and what tells one from another. `below` begins at the start node, the others at a
    machine; `having`: only what has this is one. `serial_number`, `product_instance_uri`: None where the document has none."""

    below: BrowsePath
    having: BrowsePath
    serial_number: BrowsePath | None = None
    product_instance_uri: BrowsePath | None = None


def browse_path(text: str, namespaces: Mapping[str, str]) -> BrowsePath:
    """Read it. Raises ValueError, which says what is wrong."""
    written = text.removeprefix("/")
    parts = _split(written, "/")
    if len(parts) > NAMES_MAX:
        raise ValueError(f"has more than {NAMES_MAX} names")
    names = tuple(_qualified(part, namespaces) for part in parts)
    return BrowsePath(text, names, from_start=text.startswith("/"))


def escaped(name: str) -> str:
    """A name as it stands in a path."""
    return "".join(f"&{character}" if character in RESERVED else character for character in name)


def _qualified(part: str, namespaces: Mapping[str, str]) -> QualifiedName:
    pieces = _split(part, ":")
    name = _unescaped(pieces[-1])
    if not name:
        raise ValueError("has an empty name; it looks like m:Machines/own:Press 1/di:Identification")
    if len(pieces) == 1:
        return QualifiedName(name)
    if len(pieces) > 2:
        raise ValueError(f"{part!r} has more than one colon; one that belongs to the name is written &:")
    if pieces[0] not in namespaces:
        known = ", ".join(namespaces) or "none"
        raise ValueError(f"{pieces[0]!r} is no namespace of opcua: {{namespaces: …}}; there are: {known}")
    return QualifiedName(name, namespaces[pieces[0]])


def _split(text: str, separator: str) -> list[str]:
    """At each separator that stands for itself; what is escaped stays so."""
    parts, at = [""], 0
    while at < len(text):
        if text[at] == "&" and at + 1 < len(text):
            parts[-1] += text[at : at + 2]
            at += 2
            continue
        if text[at] == separator:
            parts.append("")
        else:
            parts[-1] += text[at]
        at += 1
    return parts


def _unescaped(text: str) -> str:
    name, at = "", 0
    while at < len(text):
        at += text[at] == "&" and at + 1 < len(text)
        name += text[at]
        at += 1
    return name
