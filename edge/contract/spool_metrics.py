"""The metrics by which an edge and the plant agree on what is stored: the delivery contract.

An edge numbers its entries from 1 within an *epoch*. An **entry** is the changed readings of one device from one
poll, a gap record, or a change of a device's contact. A message that carries entries says which:

    DDATA  Spool/Epoch Spool/First Spool/Last + the readings of consecutive entries of that device
    NDATA  Spool/Epoch Spool/First Spool/Last + Spool/Gap                      one gap record, JSON (class Gap)
    NDATA  Spool/Epoch Spool/First Spool/Last + Spool/Device Spool/Contact     the device came or went, at the
                                                                               timestamp of Spool/Contact
    NDATA  Node Info/Heartbeat                                                  nothing else was said for a while
    NBIRTH declares all of them, and Spool/Committed; a DBIRTH declares Epoch, First and Last with its own aliases.

The plant commits and answers with an NCMD {Spool/Epoch, Spool/Committed}: after every NBIRTH and after commits.
`First <= committed + 1` is storable, what is `<= committed` is skipped, more is a hole and waits for the edge's
timer. A message without these numbers is live only: seen, never stored, never counted.
"""

import json
from dataclasses import dataclass, field

from edge.contract.payloads import MalformedPayload

EPOCH = "Spool/Epoch"
FIRST = "Spool/First"
LAST = "Spool/Last"
GAP = "Spool/Gap"
DEVICE = "Spool/Device"
CONTACT = "Spool/Contact"
COMMITTED = "Spool/Committed"

HEARTBEAT = "Node Info/Heartbeat"
"""NDATA with the edge's clock, and nothing else, whenever nothing else was said for `HEARTBEAT_EVERY_S`: who declares it
in its NBIRTH is never silent for longer while it lives."""
HEARTBEAT_EVERY_S = 2.0

REBIRTH = "Node Control/Rebirth"
BD_SEQ = "bdSeq"

# Birth properties of a tag.
ROLE, UNIT, WIDTH, SCALE, COUNTS, RATE_MAX, PATH, VOCABULARY = (
    "role",
    "unit",
    "width",  # bits of the raw counter
    "scale",  # units per raw count; a counter goes round at 2**width * scale
    "counts",
    "rate_max",  # units per second
    "path",  # ISA-95 EquipmentPath
    "vocabulary",  # whose state numbers a `state` tag speaks
)


REDEFINED = "redefined"
"""Reason of a gap record: from here on these tags show another number than before (another register, scale or unit), so
no counter has made the step to its next reading. What it made within the record nobody knows."""


@dataclass(frozen=True, slots=True)
class GapTag:
    """What one tag lost: `count` readings (None: unknown) between two times, UTC ms."""

    device: str
    tag: str
    from_ms: int
    to_ms: int
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """What was dropped and why: `dropped` (bounds), `corrupt`, `not_kept`, `set_aside`, `overflow`, `no_contact`,
    `clock`, `too_old`, `redefined`.

    `tags` is empty when nobody can know which. Times are UTC ms; None means unknown.
    """

    reason: str
    from_ms: int | None
    to_ms: int | None
    tags: tuple[GapTag, ...] = field(default=())

    def to_json(self) -> str:
        rows = [[tag.device, tag.tag, tag.from_ms, tag.to_ms, tag.count] for tag in self.tags]
        body = {"reason": self.reason, "from_ms": self.from_ms, "to_ms": self.to_ms, "tags": rows}
        return json.dumps(body, separators=(",", ":"))

    @staticmethod
    def from_json(text: str) -> "Gap":
        """Raises MalformedPayload."""
        try:
            body = json.loads(text)
            tags = tuple(GapTag(*row) for row in body["tags"])
            return Gap(str(body["reason"]), body["from_ms"], body["to_ms"], tags)
        except (ValueError, KeyError, TypeError) as error:
            raise MalformedPayload(f"not a gap record: {text[:80]!r}") from error
