"""What the interlock answers. Whoever issues, consumes, starts or resumes must hand such an answer in, so that the
question cannot be forgotten: `lot.issue` takes `Allowed | Waived` and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RefusalReason(StrEnum):
    """In the order in which they are told: what no waiver helps against comes first."""

    NOT_THIS_ORDER = (
        "not_this_order"  # The lot is reserved for another order, or the order takes no material now.
    )
    WRONG_ITEM = "wrong_item"  # Neither the order's product nor a component of its pinned BOM.
    UNKNOWN_LOT = "unknown_lot"  # The code was read, but no such lot was ever received.
    LOT_EMPTY = "lot_empty"
    LOT_ON_HOLD = "lot_on_hold"
    SUPERSEDED_REVISION = "superseded_revision"  # With the number of the change order.
    UNRELEASED_REVISION = "unreleased_revision"  # Unknown, not yet released or effective, or withdrawn.
    LOT_EXPIRED = "lot_expired"


WAIVABLE: dict[RefusalReason, frozenset[str]] = {
    RefusalReason.LOT_ON_HOLD: frozenset({"quality"}),
    RefusalReason.SUPERSEDED_REVISION: frozenset({"quality", "manager"}),
    RefusalReason.UNRELEASED_REVISION: frozenset({"quality", "manager"}),
    RefusalReason.LOT_EXPIRED: frozenset({"quality"}),
}
"""Which reasons a waiver can lift, and the roles of those who may give it."""


class WaiverRefused(Exception):
    """A waiver that nobody may give: `code` is `waiver_needs_second_person`, `waiver_needs_role`,
    `waiver_needs_expiry` or `reason_cannot_be_waived`. A person's mistake; do not retry."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class Waiver:
    """One lot may be used for one order in spite of `reasons`, from `given_ms` until just before `expires_ms`.

    `lot` None: the pinned BOM of the order itself, asked at start and resume. A superseded revision is waived only
    against the change orders in `changes`, a hold only if `holds` names it (None: any): later ones ask again. Raises
    WaiverRefused.
    """

    waiver_id: str
    order: str
    lot: str | None
    item: str
    reasons: frozenset[RefusalReason]
    changes: frozenset[str]
    requested_by: str
    given_by: str
    role: str
    """Of `given_by`, when it was given."""
    given_ms: int
    expires_ms: int
    holds: frozenset[str] | None = None

    def __post_init__(self) -> None:
        if self.given_by == self.requested_by:
            raise WaiverRefused("waiver_needs_second_person")
        if not self.reasons:
            raise WaiverRefused("reason_cannot_be_waived")
        for reason in self.reasons:
            if reason not in WAIVABLE:
                raise WaiverRefused("reason_cannot_be_waived")
            if self.role not in WAIVABLE[reason]:
                raise WaiverRefused("waiver_needs_role")
        if self.expires_ms <= self.given_ms:
            raise WaiverRefused("waiver_needs_expiry")


@dataclass(frozen=True, slots=True)
class Allowed:
    """`order` may use `lot` (None: may be started or gone on with), at the time that was asked about."""

    order: str
    lot: str | None


@dataclass(frozen=True, slots=True)
class Refused:
    reason: RefusalReason
    change: str | None = None
    """The number of the change order behind it."""
    params: tuple[tuple[str, str], ...] = ()
    """For the text in the reader's language."""


@dataclass(frozen=True, slots=True)
class Waived:
    """Allowed although something speaks against it, on the authority of `waiver`."""

    waiver: Waiver

    @property
    def order(self) -> str:
        return self.waiver.order

    @property
    def lot(self) -> str | None:
        return self.waiver.lot


Permission = Allowed | Waived
Verdict = Allowed | Refused | Waived
