"""What a host shows after an NDEATH or a DDEATH (chapter 5)."""

from tests.contract.capture import Capture, HostShows
from tests.contract.tck.breaking import change, fields, packet
from tests.contract.tck.death import SOON_MS
from tests.contract.tck.registry import rule
from tests.contract.tck.session_view import BIRTHS, Message, View, bd_seq_of, found

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
