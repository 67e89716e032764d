"""Messages out of order at a host: wait a little, then ask for a rebirth (chapter 5)."""

import dataclasses

from tests.contract.capture import Capture
from tests.contract.tck.breaking import drop, sent
from tests.contract.tck.commands import asks_rebirth
from tests.contract.tck.registry import Mutation, rule
from tests.contract.tck.session_view import REBIRTH, SEQUENCED, Message, Session, View, found

# After its time-out a host may need this long to ask.
_ASK_WITHIN_MS = 10_000


def _no_timeout(capture: Capture) -> Capture:
    hosts = {key: dataclasses.replace(host, reorder_timeout_ms=None) for key, host in capture.hosts.items()}
    return dataclasses.replace(capture, hosts=hosts)


@rule("tck-id-operational-behavior-host-reordering-param", broken_by=_no_timeout)
def a_host_has_a_reorder_timeout(view: View) -> None:
    for host in found(list(view.capture.hosts.values()), "host"):
        assert host.reorder_timeout_ms is not None, f"{host.host_id} has no reorder time-out"


class _Gap:
    """A message that arrived at a host before one or more that were sent earlier."""

    def __init__(self, session: Session, message: Message, missing: set[int], arrived: list[Message]) -> None:
        self.session, self.message = session, message
        # When the last missing one arrived; None if it never did before the next birth.
        later = {each.payload.seq: each for each in reversed(arrived)}
        late = [later[seq] for seq in missing if seq in later]
        self.healed_ms = max(each.at_ms for each in late) if len(late) == len(missing) else None


def _gaps(view: View) -> list[tuple[_Gap, int]]:
    """Where `seq` jumped at a host, with its reorder time-out."""
    gaps = []
    for session in view.host_sessions:
        timeout_ms = view.host_of(session).reorder_timeout_ms
        for stream in _streams(session):
            gaps += [(gap, timeout_ms or 0) for gap in _gaps_in(session, stream)]
    return found(gaps, "message out of order at a host")


def _streams(session: Session) -> list[list[Message]]:
    """What arrived of each node, one list for each NBIRTH."""
    current: dict[tuple[str, str], list[Message]] = {}
    streams: list[list[Message]] = []
    for message in session.delivered(*SEQUENCED):
        if message.type == "NBIRTH":
            current[message.topic.node] = []
            streams.append(current[message.topic.node])
        if message.topic.node in current:
            current[message.topic.node].append(message)
    return streams


def _gaps_in(session: Session, stream: list[Message]) -> list[_Gap]:
    gaps = []
    expected = 0
    seen: set[int] = set()
    for position, message in enumerate(stream):
        seq = message.payload.seq or 0
        ahead = (seq - expected) % 256
        if ahead >= 128:  # A late one.
            continue
        missing = {(expected + step) % 256 for step in range(ahead)}
        if missing:
            gaps.append(_Gap(session, message, missing, stream[position + 1 :]))
        seen.add(seq)
        expected = (seq + 1) % 256
    return gaps


def _requests_after(gap: _Gap) -> list[Message]:
    return [
        each
        for each in gap.session.sent("NCMD")
        if each.index > gap.message.index
        and each.topic.node == gap.message.topic.node
        and each.payload.metric(REBIRTH) is not None
    ]


def _asked_at_once(capture: Capture) -> Capture:
    """The request right after the gap, not after the time-out."""
    view = View(capture)
    gap = next(gap for gap, _ in _gaps(view) if gap.healed_ms is None)
    request = _requests_after(gap)[0]
    records = list(capture.records)
    early = dataclasses.replace(records.pop(request.index), at_ms=gap.message.at_ms)
    records.insert(gap.message.index + 1, early)
    return capture.with_records(records)


@rule("tck-id-operational-behavior-host-reordering-start", broken_by=_asked_at_once)
def a_gap_starts_a_timer(view: View) -> None:
    for gap, timeout_ms in _gaps(view):
        for request in _requests_after(gap)[:1]:
            waited_ms = request.at_ms - gap.message.at_ms
            assert waited_ms >= timeout_ms, f"{request} came {waited_ms} ms after the gap at {gap.message}"


@rule(
    "tck-id-operational-behavior-host-reordering-rebirth",
    broken_by=drop(sent("NCMD", having=asks_rebirth)),
)
def a_gap_that_stays_is_answered_by_a_rebirth_request(view: View) -> None:
    unhealed = [case for case in _gaps(view) if case[0].healed_ms is None]
    for gap, timeout_ms in found(unhealed, "gap that stayed"):
        requests = _requests_after(gap)
        assert requests, f"no rebirth was asked for after the gap at {gap.message}"
        waited_ms = requests[0].at_ms - gap.message.at_ms
        assert waited_ms <= timeout_ms + _ASK_WITHIN_MS, f"the request came {waited_ms} ms after the gap"


def _asked_though_healed() -> Mutation:
    def mutate(capture: Capture) -> Capture:
        view = View(capture)
        gap, timeout_ms = next(case for case in _gaps(view) if case[0].healed_ms is not None)
        old = next(each for each in gap.session.sent("NCMD") if each.payload.metric(REBIRTH) is not None)
        late = dataclasses.replace(old.record, at_ms=gap.message.at_ms + timeout_ms)
        index = gap.message.index + 2
        return capture.with_records([*capture.records[:index], late, *capture.records[index:]])

    return mutate


@rule("tck-id-operational-behavior-host-reordering-success", broken_by=_asked_though_healed())
def a_gap_that_closes_in_time_needs_no_rebirth(view: View) -> None:
    healed = [
        (gap, timeout_ms)
        for gap, timeout_ms in _gaps(view)
        if gap.healed_ms is not None and gap.healed_ms - gap.message.at_ms <= timeout_ms
    ]
    for gap, timeout_ms in found(healed, "gap that closed in time"):
        for request in _requests_after(gap)[:1]:
            waited_ms = request.at_ms - gap.message.at_ms
            assert waited_ms > timeout_ms + _ASK_WITHIN_MS, (
                f"{request} came though the missing message had arrived"
            )
