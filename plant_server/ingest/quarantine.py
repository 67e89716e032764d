"""What cannot be stored, kept with its bytes and the reason.

With readable Spool numbers that are next in line, the row is written in the transaction that moves the cursor past
the message: the edge goes on, nothing is silent. Without them nobody knows what the message stood for, so the cursor
stays, the edge sends again and at last sets the entry aside itself. Such messages are kept once each and not more than
a few a second: a broken sender must not fill the disk.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Reason(StrEnum):
    """Stable codes; screens translate them."""

    MALFORMED = "malformed"
    FOREIGN_TOPIC = "foreign_topic"
    TOO_LARGE = "too_large"
    UNKNOWN_ALIAS = "unknown_alias"
    WRONG_TYPE = "wrong_type"
    BAD_NUMBERS = "bad_numbers"
    BAD_GAP = "bad_gap"
    BAD_CONTACT = "bad_contact"
    BAD_BIRTH = "bad_birth"
    REFUSED_BY_DATABASE = "refused_by_database"


class SampleReason(StrEnum):
    """Why a single reading is in sample_quarantine."""

    TOO_OLD = "too_old"
    TOO_NEW = "too_new"
    NOT_WHOLE = "not_whole"
    OUT_OF_RANGE = "out_of_range"


@dataclass(frozen=True, slots=True)
class QuarantineRow:
    edge_id: int | None
    topic: str
    payload: bytes
    reason: Reason
    detail: str
    epoch: UUID | None = None
    first: int | None = None
    last: int | None = None


class OncePerMessage:
    """Lets a message without numbers through once, and `per_second` of them at most."""

    def __init__(self, *, remembered: int = 1024, per_second: float = 10, burst: int = 100) -> None:
        self._remembered = remembered
        self._per_second = per_second
        self._burst = burst
        self._seen: OrderedDict[bytes, None] = OrderedDict()
        self._allowance = float(burst)
        self._asked_s: float | None = None
        self.repeated = 0
        self.over_rate = 0

    def admits(self, topic: str, payload: bytes, now_s: float) -> bool:
        """Whether to keep it. `now_s`: any monotonic clock."""
        digest = hashlib.blake2b(topic.encode() + b"\0" + payload, digest_size=16).digest()
        if digest in self._seen:
            self._seen.move_to_end(digest)
            self.repeated += 1
            return False
        if self._asked_s is not None:
            earned = (now_s - self._asked_s) * self._per_second
            self._allowance = min(float(self._burst), self._allowance + earned)
        self._asked_s = now_s
        if self._allowance < 1:
            self.over_rate += 1
            return False
        self._allowance -= 1
        self._seen[digest] = None
        if len(self._seen) > self._remembered:
            self._seen.popitem(last=False)
        return True
