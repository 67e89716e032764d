"""Topics and the ids in them (chapters 1, 4 and 5)."""

from collections.abc import Iterator

from tests.contract.capture import Capture, Record
from tests.contract.mqtt_packets import Connect, Publish
from tests.contract.tck.breaking import change, drop, level, repeat, sent, topic, will_level
from tests.contract.tck.registry import add, rule
from tests.contract.tck.session_view import TYPES, Topic, View, found, topic_of

_WITHOUT_DEVICE = ("NBIRTH", "NDEATH", "NDATA", "NCMD")
_WITH_DEVICE = ("DBIRTH", "DDEATH", "DDATA", "DCMD")
_RESERVED = "+/#\0"


def _topics(view: View) -> list[Topic]:
    """Every topic a participant named: of its publications and of its will."""
    topics = []
    for session in view.edge_sessions + view.host_sessions:
        for _, record in session.of(Connect, Publish):
            what = record.what
            if isinstance(what, Connect) and what.will is not None:
                topics.append(topic_of(what.will.topic))
            elif isinstance(what, Publish) and record.sender == "client":
                topics.append(topic_of(what.topic))
    return found(topics, "topic")


def _is_utf8(text: str) -> bool:
    """Bytes that were no UTF-8 are lone surrogates in a capture."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _ids(view: View, kind: str) -> list[str]:
    topics = [each for each in _topics(view) if each.type in TYPES]
    ids = {"group": [each.group for each in topics], "edge": [each.edge for each in topics]}
    ids["device"] = [each.device for each in topics if each.device is not None]
    return found(ids[kind], f"{kind} id")


# --- the shape ---


@rule(
    "tck-id-topic-structure",
    broken_by=change(sent("NDATA"), topic(lambda old: (old[0], old[2], old[1], old[3]))),
)
def namespace_group_type_edge_device(view: View) -> None:
    for each in _topics(view):
        levels = len(each.levels)
        right = levels == 3 if each.type == "STATE" else each.type in TYPES and levels in (4, 5)
        assert right, f"{each} is no Sparkplug topic"
        assert all(each.levels), f"{each} is no Sparkplug topic"


@rule("tck-id-topic-structure-namespace-a", broken_by=change(sent("DDATA"), level(0, "spAv1.0")))
def namespace_is_spbv1(view: View) -> None:
    for each in _topics(view):
        assert each[0] == "spBv1.0", f"{each} begins with another namespace"


@rule(
    "tck-id-topic-structure-namespace-device-id-associated-message-types",
    broken_by=change(sent("DDATA"), topic(lambda old: old.levels[:4])),
)
def device_types_name_a_device(view: View) -> None:
    for each in found([each for each in _topics(view) if each.type in _WITH_DEVICE], _WITH_DEVICE):
        assert each.device, f"{each} names no device"


@rule(
    "tck-id-topic-structure-namespace-device-id-non-associated-message-types",
    broken_by=change(sent("NDATA"), topic(lambda old: (*old.levels, "press1"))),
)
def node_types_name_no_device(view: View) -> None:
    for each in found([each for each in _topics(view) if each.type not in _WITH_DEVICE], _WITHOUT_DEVICE):
        allowed = 3 if each.type == "STATE" else 4
        assert len(each.levels) == allowed, f"{each} names a device"


# --- the ids ---


def _utf8(kind: str) -> None:
    number = {"group": 1, "edge": 3, "device": 4}[kind]
    name = {"group": "group-id", "edge": "edge-node-id", "device": "device-id"}[kind]

    def reading(view: View) -> None:
        for each in _ids(view, kind):
            assert each, f"{kind} id {each!r} is not UTF-8"
            assert _is_utf8(each), f"{kind} id {each!r} is not UTF-8"

    def characters(view: View) -> None:
        for each in _ids(view, kind):
            assert not any(character in each for character in _RESERVED), (
                f"{kind} id {each!r} has a reserved character"
            )

    def both_of_them(view: View) -> None:
        reading(view)
        characters(view)

    add((f"tck-id-intro-{name}-string",), reading, change(sent("DDATA"), level(number, "press\udcff")))
    add((f"tck-id-intro-{name}-chars",), characters, change(sent("DDATA"), level(number, "press+")))
    valid = f"tck-id-topic-structure-namespace-valid-{name}"
    add((valid,), both_of_them, change(sent("DDATA"), level(number, "press#1")))


for _kind in ("group", "edge", "device"):
    _utf8(_kind)


def _born_as_another(capture: Capture) -> Capture:
    """One edge's NBIRTH under the name of another."""
    one, other = list(capture.edges)[:2]

    def of_one(_: Capture, record: Record) -> bool:
        return record.client_id == one and sent("NBIRTH")(capture, record)

    return change(of_one, level(3, capture.edges[other].edge))(capture)


@rule(
    "tck-id-topic-structure-namespace-unique-edge-node-descriptor",
    "tck-id-intro-edge-node-id-uniqueness",
    "tck-id-payloads-nbirth-edge-node-descriptor",
    broken_by=_born_as_another,
)
def group_and_edge_belong_to_one_client(view: View) -> None:
    owners: dict[tuple[str, str], set[str]] = {}
    for session in view.edge_sessions:
        for message in session.sent("NBIRTH"):
            owners.setdefault(message.topic.node, set()).add(session.client_id)
    for node, clients in found(list(owners.items()), "NBIRTH"):
        assert len(clients) == 1, f"{node} is born by {sorted(clients)}"


def _two_of_one_name(capture: Capture) -> Capture:
    """In a birth sequence of several devices the first is born under the name of the second."""
    view = View(capture)
    runs = [run for session in view.edge_sessions for run in view.births_of(session)]
    run = next(run for run in runs if len(run) > 2 and run[1].type == run[2].type == "DBIRTH")
    index, name = run[1].index, run[2].topic.device or ""
    return change(lambda _, record: record is capture.records[index], level(4, name))(capture)


@rule(
    "tck-id-topic-structure-namespace-unique-device-id",
    broken_by=_two_of_one_name,
)
def a_device_is_born_once_in_a_birth_sequence(view: View) -> None:
    sequences = [births for session in view.edge_sessions for births in _birth_sequences(view, session)]
    for devices in found(sequences, "birth sequence"):
        assert len(devices) == len(set(devices)), f"two devices of one edge node share an id: {devices}"


def _birth_sequences(view: View, session: object) -> Iterator[list[str]]:
    for run in view.births_of(session):  # type: ignore[arg-type]
        devices = []
        for message in run[1:]:
            if message.type != "DBIRTH":
                break
            devices.append(message.topic.device or "")
        if devices:
            yield devices


@rule(
    "tck-id-topic-structure-namespace-duplicate-device-id-across-edge-node",
    broken_by=drop(
        lambda capture, record: (
            record.client_id == list(capture.edges)[-1] and sent("DBIRTH")(capture, record)
        ),
        nth=None,
    ),
)
def two_edge_nodes_may_each_have_a_device_of_one_name(view: View) -> None:
    """A permission: what can break is that the two are taken for one. Each must be born by its own edge node."""
    edges_of: dict[str, set[tuple[str, str]]] = {}
    for session in view.edge_sessions:
        born: set[str | None] = set()
        for message in session.sent("DBIRTH", "DDATA"):
            if message.type == "DBIRTH":
                born.add(message.topic.device)
                edges_of.setdefault(message.topic.device or "", set()).add(message.topic.node)
            assert message.topic.device in born, (
                f"{message}: data of a device only another edge node has born"
            )
    found([device for device, edges in edges_of.items() if len(edges) > 1], "device id on two edge nodes")


@rule(
    "tck-id-case-sensitivity-sparkplug-ids",
    broken_by=repeat(sent("NDATA"), level(3, "Press-Shop")),
)
def ids_differ_by_more_than_case(view: View) -> None:
    ids = set(_ids(view, "group")), set(_ids(view, "edge")), set(_ids(view, "device"))
    for kind in ids:
        assert len({each.lower() for each in kind}) == len(kind), (
            f"ids that differ by case alone: {sorted(kind)}"
        )


# --- each type's own topic ---


def _own_topic(kind: str, *tck_ids: str) -> None:
    """The topic names the edge node it was configured for, and a device it has if it is a device's."""

    def reading(view: View) -> None:
        nodes = {(edge.group, edge.edge) for edge in view.capture.edges.values()}
        messages = view.sent_by_hosts(kind) if kind in ("NCMD", "DCMD") else view.sent_by_edges(kind)
        for message in messages:
            owner = view.capture.edges.get(message.record.client_id)
            right = {(owner.group, owner.edge)} if owner is not None else nodes
            assert message.topic.node in right, f"{message} names another edge node"
            assert len(message.topic.levels) == (5 if kind in _WITH_DEVICE else 4), (
                f"{message} has other levels"
            )

    add(tck_ids, reading, change(sent(kind), level(3, "elsewhere")))


_own_topic("NBIRTH", "tck-id-topics-nbirth-topic", "tck-id-message-flow-edge-node-birth-publish-nbirth-topic")
_own_topic("NDATA", "tck-id-topics-ndata-topic")
_own_topic("NDEATH", "tck-id-topics-ndeath-topic")
_own_topic("NCMD", "tck-id-topics-ncmd-topic")
_own_topic("DBIRTH", "tck-id-topics-dbirth-topic", "tck-id-message-flow-device-birth-publish-dbirth-topic")
_own_topic("DDATA", "tck-id-topics-ddata-topic")
_own_topic("DDEATH", "tck-id-topics-ddeath-topic")
_own_topic("DCMD", "tck-id-topics-dcmd-topic")


@rule(
    "tck-id-message-flow-device-birth-publish-dbirth-match-edge-node-topic",
    broken_by=change(sent("DBIRTH"), level(1, "demo2")),
)
def dbirth_names_the_node_of_the_nbirth_before_it(view: View) -> None:
    for run in [run for session in view.edge_sessions for run in view.births_of(session)]:
        for message in run:
            if message.type == "DBIRTH":
                assert message.topic.node == run[0].topic.node, f"{message} follows {run[0].topic}"
    view.sent_by_edges("DBIRTH")


@rule(
    "tck-id-message-flow-edge-node-birth-publish-will-message-topic",
    broken_by=change(
        lambda capture, record: record.client_id in capture.edges and isinstance(record.what, Connect),
        will_level(2, "NBIRTH"),
    ),
)
def the_will_is_on_the_ndeath_topic(view: View) -> None:
    for session in found(view.edge_sessions, "edge session"):
        edge = view.edge_of(session)
        will = session.connect.will
        assert will is not None, f"connection {session.connection} has no will"
        assert will.topic == f"spBv1.0/{edge.group}/NDEATH/{edge.edge}", f"the will is on {will.topic}"
