"""What a host does with deaths and with messages out of order (chapter 5)."""

import dataclasses

from tests.contract.capture import Capture, HostShows
from tests.contract.sparkplug_reading import Payload
from tests.contract.tck.breaking import change, drop, fields, packet, sent
from tests.contract.tck.death import SOON_MS
from tests.contract.tck.registry import Mutation, rule
from tests.contract.tck.session_view import (
    BIRTHS,
    REBIRTH,
    SEQUENCED,
    Message,
    Session,
    View,
    bd_seq_of,
    found,
)

# --- deaths ---

Shown = tuple[int, int, HostShows]  # (record, when it was seen, what the host shows)


def _shown(view: View) -> list[Shown]:
    return [
        (index, record.at_ms, record.what)
        for index, record in enumerate(view.capture.records)
        if isinstance(record.what, HostShows)
    ]


def _births_of(view: View, death: Message) -> dict[str | None, Message]:
    """The births the host had received of the node when the death arrived."""
    births: dict[str | None, Message] = {}
    for session in view.host_sessions:
        for message in session.delivered(*BIRTHS):
            if message.topic.node == death.topic.node and message.index < death.index:
                births[message.topic.device] = message
    return births


def _valid_ndeaths(view: View) -> list[tuple[Message, dict[str | None, Message]]]:
    """NDEATHs that reached a host and carry the bdSeq of the NBIRTH it had received."""
    cases = []
    for session in view.host_sessions:
        for death in session.delivered("NDEATH"):
            births = _births_of(view, death)
            born = births.get(None)
            if born is not None and bd_seq_of(born.publish.payload) == bd_seq_of(death.publish.payload):
                cases.append((death, births))
    return found(cases, "NDEATH at a host")


def _answer(view: View, death: Message, device: str | None) -> HostShows:
    """What the host shows of the node or device after the death: the first observation of it."""
    group, edge = death.topic.node
    for index, at_ms, shows in _shown(view):
        same = (shows.group, shows.edge, shows.device) == (group, edge, device)
        if same and index > death.index and at_ms - death.at_ms <= SOON_MS:
            return shows
    raise AssertionError(f"{death}: nothing is known of what the host shows of {device or edge}")


def _assert_since_arrival(death: Message, shows: HostShows) -> None:
    assert abs(shows.since_ms - death.at_ms) <= SOON_MS, f"{death}: offline since {shows.since_ms}"


def _node(_: Capture, record: object) -> bool:
    what = getattr(record, "what", None)
    return isinstance(what, HostShows) and what.device is None


def _device_of_dead_node(capture: Capture, record: object) -> bool:
    """A device shown after an NDEATH: the first of the script is one of a DDEATH."""
    what = getattr(record, "what", None)
    return isinstance(what, HostShows) and what.device is not None and what.edge == "pack-shop"


@rule(
    "tck-id-operational-behavior-edge-node-termination-host-action-ndeath-node-offline",
    broken_by=change(_node, fields(online=True)),
)
def a_node_is_offline_after_its_ndeath(view: View) -> None:
    for death, _ in _valid_ndeaths(view):
        shows = _answer(view, death, None)
        assert not shows.online, f"{death}: the host shows the node online"
        _assert_since_arrival(death, shows)


@rule(
    "tck-id-operational-behavior-edge-node-termination-host-action-ndeath-node-tags-stale",
    broken_by=change(_node, lambda what: fields(stale=what.stale[:-1])(what)),
)
def a_nodes_metrics_are_stale_after_its_ndeath(view: View) -> None:
    for death, births in _valid_ndeaths(view):
        shows = _answer(view, death, None)
        _assert_all_stale(births[None], shows)
        _assert_since_arrival(death, shows)


def _devices_of(births: dict[str | None, Message]) -> list[str]:
    return [device for device in births if device is not None]


@rule(
    "tck-id-operational-behavior-edge-node-termination-host-action-ndeath-devices-offline",
    broken_by=change(_device_of_dead_node, fields(online=True)),
)
def devices_are_offline_after_the_ndeath(view: View) -> None:
    for death, births in _valid_ndeaths(view):
        for device in found(_devices_of(births), "device of a dead node"):
            shows = _answer(view, death, device)
            assert not shows.online, f"{death}: the host shows {device} online"
            _assert_since_arrival(death, shows)


@rule(
    "tck-id-operational-behavior-edge-node-termination-host-action-ndeath-devices-tags-stale",
    broken_by=change(_device_of_dead_node, fields(stale=())),
)
def devices_metrics_are_stale_after_the_ndeath(view: View) -> None:
    for death, births in _valid_ndeaths(view):
        for device in found(_devices_of(births), "device of a dead node"):
            _assert_all_stale(births[device], _answer(view, death, device))


def _assert_all_stale(birth: Message, shows: HostShows) -> None:
    declared = {each.name for each in birth.payload.metrics}
    missing = declared - set(shows.stale)
    assert not missing, f"{birth}: {sorted(map(str, missing))} are not shown as stale"


def _ddeaths(view: View) -> list[tuple[Message, dict[str | None, Message]]]:
    cases = [
        (death, _births_of(view, death))
        for session in view.host_sessions
        for death in session.delivered("DDEATH")
    ]
    return found([case for case in cases if case[0].topic.device in case[1]], "DDEATH at a host")


@rule(
    "tck-id-operational-behavior-edge-node-termination-host-action-ddeath-devices-offline",
    broken_by=change(packet(HostShows), lambda what: fields(since_ms=what.since_ms + 3000)(what)),
)
def a_device_is_offline_since_the_time_in_its_ddeath(view: View) -> None:
    for death, _ in _ddeaths(view):
        shows = _answer(view, death, death.topic.device)
        assert not shows.online, f"{death}: the host shows the device online"
        assert shows.since_ms == death.payload.timestamp_ms, f"{death}: offline since {shows.since_ms}"


@rule(
    "tck-id-operational-behavior-edge-node-termination-host-action-ddeath-devices-tags-stale",
    broken_by=change(packet(HostShows), fields(stale=())),
)
def a_devices_metrics_are_stale_since_the_time_in_its_ddeath(view: View) -> None:
    for death, births in _ddeaths(view):
        shows = _answer(view, death, death.topic.device)
        _assert_all_stale(births[death.topic.device], shows)
        assert shows.since_ms == death.payload.timestamp_ms, f"{death}: stale since {shows.since_ms}"


# --- order ---

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


def _asks_rebirth(body: Payload) -> bool:
    return body.metric(REBIRTH) is not None


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
    broken_by=drop(sent("NCMD", having=_asks_rebirth)),
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
