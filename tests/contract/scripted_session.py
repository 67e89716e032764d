"""A session in which everything happens that Sparkplug has a rule for, written packet by packet.

Two servers, one primary host on both, two edge nodes. It is the golden capture of the conformance checks: each
check passes on it and refuses a mutation of it. What is scripted is correct by construction of this file alone;
nothing of Lineside's own code takes part.
"""

import json
from dataclasses import replace

from tests.contract import sparkplug_reading as sparkplug
from tests.contract.capture import Capture, DeviceLost, EdgeNode, Host, HostShows, ToldToStop
from tests.contract.mqtt_packets import Publish, Will
from tests.contract.scripted_broker import ScriptedServers
from tests.contract.scripted_edge import BAD, ScriptedEdge, Tag, quality, tag_properties, text
from tests.contract.sparkplug_reading import Metric, Payload, Value, number
from tests.contract.sparkplug_writing import write

START_MS = 1_760_000_000_000
REORDER_TIMEOUT_MS = 2000
A, B = "mqtt-a", "mqtt-b"
STATE = "spBv1.0/STATE/plant"

PRESS_SHOP = EdgeNode("demo", "press-shop", primary_host="plant", servers=(A, B))
PACK_SHOP = EdgeNode("demo", "pack-shop", primary_host="plant", servers=(A,))
HOST = Host("plant", REORDER_TIMEOUT_MS)

NODE = (
    Tag("Spool/Epoch", sparkplug.STRING, text("0192-epoch")),
    Tag("Spool/First", sparkplug.INT64, number(sparkplug.INT64, 0)),
    Tag("Spool/Last", sparkplug.INT64, number(sparkplug.INT64, 0)),
    Tag("Cabinet Temperature", sparkplug.DOUBLE, Value("double", 31.5)),
)
PRESS = (
    Tag("Parts", sparkplug.UINT32, number(sparkplug.UINT32, 4_294_967_290), tag_properties("counter", "pcs")),
    Tag("Offset", sparkplug.INT32, number(sparkplug.INT32, -12), tag_properties("measurement", "um")),
    Tag("State", sparkplug.INT16, number(sparkplug.INT16, 6), tag_properties("state", "")),
    Tag("Force", sparkplug.FLOAT, Value("float", 12.5), tag_properties("measurement", "kN")),
    Tag("Door Open", sparkplug.BOOLEAN, Value("boolean", False)),
    Tag("Order", sparkplug.STRING, None),
    Tag("Setpoint", sparkplug.DOUBLE, Value("double", 40.0)),
)
METER = (Tag("Energy", sparkplug.UINT64, number(sparkplug.UINT64, 812_000), tag_properties("meter", "Wh")),)


class ScriptedHost:
    """The plant's side: STATE on two servers, commands, and what it shows."""

    client_id = "plant-host"

    def __init__(self, servers: ScriptedServers) -> None:
        self._servers = servers
        self._online_since: dict[str, int] = {}

    def connect(self, server: str) -> None:
        now_ms = self._servers.now_ms
        self._online_since[server] = now_ms
        self._servers.connect(self.client_id, server, Will(STATE, _state(False, now_ms), qos=1, retain=True))
        self._servers.subscribe(self.client_id, server, (STATE, 1), ("spBv1.0/demo/#", 1))
        self.say_online(server)

    def say_online(self, server: str) -> None:
        self._say(server, _state(True, self._online_since[server]))

    def say_offline(self, server: str) -> None:
        self._say(server, _state(False, self._servers.now_ms))

    def command(
        self, server: str, kind: str, edge: EdgeNode, *metrics: Metric, device: str | None = None
    ) -> None:
        topic = f"spBv1.0/{edge.group}/{kind}/{edge.edge}" + ("" if device is None else f"/{device}")
        body = write(Payload(self._servers.now_ms, None, metrics))
        self._servers.publish(self.client_id, server, Publish(topic, body))

    def ask_for_rebirth(self, server: str, edge: EdgeNode) -> None:
        self.command(server, "NCMD", edge, Metric("Node Control/Rebirth", value=Value("boolean", True)))

    def shows_node_dead(self, edge: ScriptedEdge, *devices: str) -> None:
        """What it shows after an NDEATH, by its own clock."""
        for device in (None, *devices):
            self._shows(edge, device, self._servers.now_ms)

    def shows_device_dead(self, edge: ScriptedEdge, device: str, since_ms: int) -> None:
        self._shows(edge, device, since_ms)

    def _shows(self, edge: ScriptedEdge, device: str | None, since_ms: int) -> None:
        node, stale = edge.node, edge.metric_names(device)
        shown = HostShows(node.group, node.edge, device, online=False, since_ms=since_ms, stale=stale)
        self._servers.observe(self.client_id, edge.server, shown)

    def _say(self, server: str, body: bytes) -> None:
        self._servers.publish(self.client_id, server, Publish(STATE, body, qos=1, retain=True))


def scripted_session() -> Capture:
    """The whole session; the same bytes at every call."""
    servers = ScriptedServers(START_MS)
    press_shop = ScriptedEdge(servers, PRESS_SHOP, NODE, {"press1": PRESS, "meter1": METER})
    pack_shop = ScriptedEdge(servers, PACK_SHOP, NODE, {"press1": PRESS[:2]})
    host = ScriptedHost(servers)
    _edges_wait_for_the_host(servers, press_shop, pack_shop, host)
    _production(servers, press_shop, pack_shop, host)
    _a_device_goes_and_comes_back(servers, press_shop, host)
    _lost_and_late_messages(servers, press_shop, host)
    _an_edge_loses_its_network(servers, pack_shop, host)
    _the_host_goes(servers, press_shop, pack_shop, host)
    _everybody_leaves(servers, press_shop, pack_shop, host)
    cast = {press_shop.client_id: PRESS_SHOP, pack_shop.client_id: PACK_SHOP}
    return Capture(cast, {host.client_id: HOST}, tuple(servers.records))


def _edges_wait_for_the_host(
    servers: ScriptedServers, press_shop: ScriptedEdge, pack_shop: ScriptedEdge, host: ScriptedHost
) -> None:
    servers.deliver(A, Publish(STATE, _state(False, START_MS - 60_000), 1, retain=True))
    press_shop.connect(A)
    servers.deliver(
        A, Publish(STATE, _state(True, START_MS - 90_000), 1)
    )  # Older than the death: not believed.
    pack_shop.connect(A)
    servers.wait(1000)
    host.connect(A)
    host.connect(B)
    for edge in (press_shop, pack_shop):
        edge.birth()
        _commit(host, edge, 0)


def _production(
    servers: ScriptedServers, press_shop: ScriptedEdge, pack_shop: ScriptedEdge, host: ScriptedHost
) -> None:
    servers.wait(500)
    press_shop.data(None, ("Cabinet Temperature", Value("double", 32.0)))
    press_shop.data("press1", ("Parts", _parts(4_294_967_291)), ("State", number(sparkplug.INT16, 2)))
    press_shop.data("press1", ("Offset", number(sparkplug.INT32, -13)), ("Order", text("4711")))
    press_shop.data("meter1", ("Energy", number(sparkplug.UINT64, 812_500)))
    pack_shop.data("press1", ("Parts", _parts(17)))
    _several_readings_in_one_message(press_shop)
    _commit(host, press_shop, 5)
    setpoint = Metric(
        None, press_shop.alias("press1", "Setpoint"), servers.now_ms, value=Value("double", 42.5)
    )
    host.command(A, "DCMD", PRESS_SHOP, setpoint, device="press1")
    press_shop.data("press1", ("Setpoint", Value("double", 42.5)))
    press_shop.data("press1", ("Force", Value("float", 13.5)), is_transient=True)
    for count in range(300):  # seq goes round.
        servers.wait(100)
        press_shop.data("press1", ("Parts", _parts(count)))
        pack_shop.data(None, ("Cabinet Temperature", Value("double", 20.0 + count)))


def _several_readings_in_one_message(edge: ScriptedEdge) -> None:
    late = [
        edge.reported("press1", "Parts", _parts(count), ago_ms=9000 - count % 1000, is_historical=True)
        for count in (4_294_967_292, 4_294_967_293)
    ]
    edge.send_metrics("press1", late)
    bad = replace(edge.reported("press1", "Force", None, ago_ms=10), properties=quality(BAD))
    force = edge.reported("press1", "Force", Value("float", 12.75))
    edge.send_metrics("press1", [bad, force])
    warmer = edge.reported(None, "Cabinet Temperature", Value("double", 32.5), ago_ms=20)
    edge.send_metrics(None, [warmer, edge.reported(None, "Cabinet Temperature", Value("double", 33.0))])


def _a_device_goes_and_comes_back(
    servers: ScriptedServers, press_shop: ScriptedEdge, host: ScriptedHost
) -> None:
    servers.observe(press_shop.client_id, A, DeviceLost("meter1"))
    dead_since_ms = servers.now_ms
    press_shop.lose_device("meter1")
    host.shows_device_dead(press_shop, "meter1", dead_since_ms)
    servers.wait(4000)
    press_shop.birth_device("meter1")
    press_shop.data("meter1", ("Energy", number(sparkplug.UINT64, 812_750)))


def _lost_and_late_messages(servers: ScriptedServers, press_shop: ScriptedEdge, host: ScriptedHost) -> None:
    servers.wait(1000)
    servers.hold(host.client_id)
    press_shop.data("press1", ("Parts", _parts(1001)))
    press_shop.data("press1", ("Parts", _parts(1002)))
    servers.release(1)  # The first of the two is lost on the way.
    servers.wait(REORDER_TIMEOUT_MS)
    host.ask_for_rebirth(A, PRESS_SHOP)
    press_shop.birth()
    _commit(host, press_shop, 9)
    servers.wait(1000)
    servers.hold(host.client_id)
    press_shop.data("press1", ("Parts", _parts(1003)))
    press_shop.data("press1", ("Parts", _parts(1004)))
    servers.release(1, 0)  # Both arrive, the other way round.
    servers.wait(3 * REORDER_TIMEOUT_MS)
    press_shop.data("press1", ("Parts", _parts(1005)))


def _an_edge_loses_its_network(servers: ScriptedServers, pack_shop: ScriptedEdge, host: ScriptedHost) -> None:
    servers.close(pack_shop.client_id, A)
    host.shows_node_dead(pack_shop, "press1")
    for _ in range(257):  # bdSeq goes round.
        servers.wait(1000)
        pack_shop.connect(A, refused=True)
    pack_shop.connect(A)
    pack_shop.birth()
    _commit(host, pack_shop, 3)
    pack_shop.data("press1", ("Parts", _parts(18)))


def _the_host_goes(
    servers: ScriptedServers, press_shop: ScriptedEdge, pack_shop: ScriptedEdge, host: ScriptedHost
) -> None:
    servers.close(host.client_id, A)  # Its will says offline.
    for edge in (press_shop, pack_shop):
        edge.leave()
    press_shop.connect(B)
    press_shop.birth()
    _commit(host, press_shop, 12)
    press_shop.data("press1", ("Parts", _parts(1006)))
    pack_shop.connect(A)
    servers.wait(5000)
    host.connect(A)
    pack_shop.birth()
    _commit(host, pack_shop, 5)
    pack_shop.data("press1", ("Parts", _parts(19)))
    servers.deliver(B, Publish(STATE, _state(False, START_MS), 1))  # The death of a session long gone.
    host.say_online(B)
    press_shop.data("press1", ("Parts", _parts(1007)))


def _everybody_leaves(
    servers: ScriptedServers, press_shop: ScriptedEdge, pack_shop: ScriptedEdge, host: ScriptedHost
) -> None:
    servers.wait(1000)
    servers.observe(press_shop.client_id, B, ToldToStop())
    press_shop.leave()
    host.shows_node_dead(press_shop, "press1", "meter1")
    servers.observe(pack_shop.client_id, A, ToldToStop())
    pack_shop.leave()
    host.shows_node_dead(pack_shop, "press1")
    servers.wait(1000)
    servers.observe(host.client_id, A, ToldToStop())
    host.say_offline(A)
    servers.disconnect(host.client_id, A)
    servers.observe(host.client_id, B, ToldToStop())
    host.say_offline(B)
    servers.close(host.client_id, B)  # Without DISCONNECT: allowed, once the death is published.


def _commit(host: ScriptedHost, edge: ScriptedEdge, committed: int) -> None:
    """What the plant has stored. Called also after every birth."""
    epoch = Metric("Spool/Epoch", value=text("0192-epoch"))
    last = Metric("Spool/Committed", value=number(sparkplug.INT64, committed))
    host.command(edge.server, "NCMD", edge.node, epoch, last)


def _parts(count: int) -> Value:
    return number(sparkplug.UINT32, count)


def _state(online: bool, timestamp_ms: int) -> bytes:
    return json.dumps({"online": online, "timestamp": timestamp_ms}).encode()
