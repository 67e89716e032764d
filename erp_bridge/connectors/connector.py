"""What the bridge asks of a connector: one file each, a few methods, no state but its sign-in.

Every method that asks the other system raises the ConnectorErrors of errors.py and nothing else, and returns within the
deadline of its settings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Protocol

from erp_bridge.config import Connector as ConnectorSettings
from erp_bridge.config import Source
from erp_bridge.documents.canonical import Line, Posting
from erp_bridge.inbound.canonical import Inbound
from erp_bridge.mapping import Codes
from plant_server.contract.outbox import Kind


@dataclass(frozen=True, slots=True)
class Request:
    """A posting in their words. `expected` is what must be stored there afterwards, field by field."""

    path: str
    body: Mapping[str, Any]
    expected: Mapping[str, Any]
    resource: str
    """Where documents of its kind are looked up and read back."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A document as it is stored there."""

    reference: str
    body: Mapping[str, Any]
    answer: Mapping[str, Any] = field(default_factory=dict)
    """What the post itself answered, for people."""


@dataclass(frozen=True, slots=True)
class Amount:
    """How much of what, in their codes. `thing`: an item, a machine, a class of labor, a way of goods."""

    thing: str
    lot: str
    unit: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class ToldThere:
    """A document that stands there under a key of ours. `takes_back`: their number of the one it reverses; then its
    amounts are below 0."""

    key: str
    reference: str
    kind: Kind
    work_order: str | None
    told_time: datetime
    amounts: tuple[Amount, ...]
    takes_back: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """Something that is new there. `position`: where to go on reading once it is dealt with; None: keep the place."""

    position: str | None
    source: Source
    external_id: str
    revision: str | None
    """None: of a list without revisions; what differs from the row told last gets the next number."""
    told: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """Changes, oldest first. `position`: where to go on reading after all of them; `more`: at once."""

    changes: Sequence[Change]
    position: str | None = None
    more: bool = False


class Connector(Protocol):
    """One other system."""

    name: str
    kinds: ClassVar[frozenset[Kind]]
    """Documents it can be told."""
    sources: ClassVar[frozenset[Source]]
    """What it can be the source of."""
    refuses_duplicates: ClassVar[bool]
    """Whether it refuses a key it knows. If not, it is asked before every post, also the first."""
    looks_back: ClassVar[bool]
    """Whether it can show what it holds under keys of ours (`view`, `told_since`). If not, a person must look there."""

    async def check(self) -> str:
        """Sign in and ask something harmless; returns what to show a person."""
        ...

    def request(self, posting: Posting, codes: Codes) -> Request:
        """Pure. Raises MappingError (UnknownCode), NotNeeded."""
        ...

    async def post(self, request: Request) -> str:
        """Do it, with all steps it takes there; returns their reference."""
        ...

    async def look_up(self, request: Request, key: str) -> Sequence[str]:
        """Their references of what they hold under our key: none, one, or, in a system that allows it, more."""
        ...

    async def read_back(self, request: Request, reference: str) -> Stored:
        """As it is stored there; an unfinished one is finished first."""
        ...

    async def view(self, request: Request, reference: str) -> Stored | None:
        """As it is stored there, and nothing is done; None: it is not finished there."""
        ...

    async def told_since(self, since: datetime) -> Sequence[ToldThere]:
        """What was stored there under keys of ours since then, oldest first; with what takes something back, unless it
        makes the other vanish there. Without what is told as a total (progress, acknowledgements)."""
        ...

    def amount(self, kind: Kind, line: Line, codes: Codes) -> Amount | None:
        """Pure: a line as `told_since` would show it; None: that system does not hear of it. Raises MappingError."""
        ...

    async def fetch_changes(self, source: Source, after: str | None) -> Page:
        """One page of what is new behind a position; None: from the beginning."""
        ...

    def understand(self, source: Source, told: Mapping[str, Any]) -> Inbound:
        """Pure: what a change says, still in their codes. Raises MappingError: something is missing or senseless."""
        ...

    async def close(self) -> None:
        """Close its connections."""
        ...


class MakesConnector(Protocol):
    """How CONNECTORS makes one. Opens nothing."""

    def __call__(self, name: str, settings: ConnectorSettings) -> Connector: ...
