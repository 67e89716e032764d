"""A session of Lineside's own software, captured: two edges, one ingest host, a real broker and PostgreSQL.

Every packet passes one of two recording proxies, one for the edges and one for the host. The session is driven
through what Sparkplug has rules for: a host that is late, a device that goes, messages that are lost or late, a
network that is cut, a death of long ago, a host that stops and comes back, and everybody leaving in good order.
"""

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import yaml
from paho.mqtt import publish as paho_publish

from tests.contract.capture import Capture, DeviceLost, EdgeNode, Host, ToldToStop
from tests.contract.live_faults import HoldBack, LoseOne
from tests.contract.live_processes import PROFILE, Cell, Program, mosquitto
from tests.contract.mqtt_packets import Connect, Disconnect
from tests.contract.recording_proxy import Recording, RecordingProxy
from tests.contract.tck.session_view import REBIRTH, View, topic_of
from tests.contract.what_the_plant_shows import PlantScreens

SERVER = "mosquitto"
STATE = "spBv1.0/STATE/plant"
REORDER_TIMEOUT_S = 1.0
EDGES = {"press-shop": ("press1", "meter1"), "pack-shop": ("press1",)}
PATIENCE_S = 40.0  # For one step; the machine may be busy.


class LiveSession:
    """Broker, proxies, devices, edges and host; `record` drives them and returns the capture."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self._folder, self._database_url = folder, database_url
        self._recording = Recording()
        self._devices: dict[tuple[str, str], Cell] = {}
        self._edges: dict[str, Program] = {}
        self._host: Program | None = None
        self._screens = PlantScreens(database_url, self._recording, SERVER)

    async def record(self) -> Capture:
        async with AsyncExitStack() as stack:
            port = await stack.enter_async_context(mosquitto(self._folder))
            self._broker_port = port
            upstream = ("127.0.0.1", port)
            self._edge_side = await stack.enter_async_context(
                RecordingProxy(SERVER, upstream, self._recording)
            )
            self._host_side = await stack.enter_async_context(
                RecordingProxy(SERVER, upstream, self._recording)
            )
            for edge, devices in EDGES.items():
                for device in devices:
                    self._devices[edge, device] = await stack.enter_async_context(Cell())
            stack.push_async_callback(self._stop_what_is_left)
            await self._play()
        return self._capture()

    async def _play(self) -> None:
        await self._edges_wait_for_a_late_host()
        await self._a_device_goes_and_comes_back()
        await self._a_message_is_lost_and_another_late()
        await self._the_network_is_cut()
        await self._the_broker_is_away()
        await self._an_old_death_arrives()
        await self._the_host_stops_and_comes_back()
        await self._everybody_leaves()

    # -- the acts ---------------------------------------------------------------------------------------------------

    async def _edges_wait_for_a_late_host(self) -> None:
        now_ms = _now_ms()
        await self._say_state(online=False, timestamp_ms=now_ms - 60_000, retain=True)
        for edge in EDGES:
            self._edges[edge] = await self._start_edge(edge)
        await self._until(lambda view: len(_heard_state(view)) == len(EDGES), "edges hear the retained STATE")
        await self._say_state(online=True, timestamp_ms=now_ms - 90_000)  # Older: not to be believed.
        await self._until(lambda view: len(_heard_state(view)) == 2 * len(EDGES), "edges hear the old STATE")
        self._host = await self._start_host()
        await self._until(lambda view: _born(view, 1), "both edges are born")
        await self._until(_data_of_every_device, "every device reports")

    async def _a_device_goes_and_comes_back(self) -> None:
        meter = self._devices["press-shop", "meter1"]
        self._recording.observe(self._client_id("press-shop"), SERVER, DeviceLost("meter1"))
        await meter.close()
        await self._until(lambda view: _count(view, "DDEATH") >= 1, "the DDEATH of meter1")
        await self._screens.look_after("DDEATH")
        births = _count(View(self._capture()), "DBIRTH")
        await meter.open()
        await self._until(lambda view: _count(view, "DBIRTH") > births, "the DBIRTH of meter1")

    async def _a_message_is_lost_and_another_late(self) -> None:
        born = _count(View(self._capture()), "NBIRTH")
        loses = self._host_side.fault = LoseOne("press-shop")
        await self._until(
            lambda view: loses.done and _asked_for_rebirth(view) >= 1, "the host asks for a rebirth"
        )
        await self._until(lambda view: _count(view, "NBIRTH") > born, "the edge is born again")
        await self._settle()
        holds = self._host_side.fault = HoldBack("press-shop")
        await self._until(lambda view: holds.done, "a message passes another")
        await asyncio.sleep(
            2 * REORDER_TIMEOUT_S
        )  # Time in which a request would come: nothing else to wait for.
        self._host_side.fault = None

    async def _the_network_is_cut(self) -> None:
        deaths, births = self._delivered("NDEATH"), _count(View(self._capture()), "NBIRTH")
        self._edge_side.cut()
        await self._until(
            lambda _: self._delivered("NDEATH") >= deaths + len(EDGES), "wills of the cut edges"
        )
        await self._screens.look_after("NDEATH", count=len(EDGES))
        await self._until(lambda view: _count(view, "NBIRTH") >= births + len(EDGES), "edges are back")
        await self._settle()

    async def _the_broker_is_away(self) -> None:
        """Edges try in vain a few times: no CONNECT is sent, so bdSeq must not move."""
        births = _count(View(self._capture()), "NBIRTH")
        await self._edge_side.close()
        await asyncio.sleep(2)  # Edges try every 0.2 to 1 s; a refused connection leaves nothing to wait for.
        await self._edge_side.open()
        await self._until(lambda view: _count(view, "NBIRTH") >= births + len(EDGES), "edges are back")
        await self._settle()

    async def _an_old_death_arrives(self) -> None:
        said = len(_said_online(View(self._capture())))
        await self._say_state(online=False, timestamp_ms=_now_ms() - 3_600_000)
        await self._until(lambda view: len(_said_online(view)) > said, "the host contradicts an old death")
        await self._settle()

    async def _the_host_stops_and_comes_back(self) -> None:
        births = _count(View(self._capture()), "NBIRTH")
        await self._stop_host()
        await self._until(lambda view: len(_goodbyes(view)) >= len(EDGES), "edges leave when their host goes")
        await self._until(_waits_again, "edges are connected again and wait")
        self._host = await self._start_host()
        await self._until(lambda view: _count(view, "NBIRTH") >= births + len(EDGES), "edges are born again")
        await self._settle()

    async def _everybody_leaves(self) -> None:
        deaths = self._delivered("NDEATH")
        for edge, program in self._edges.items():
            self._recording.observe(self._client_id(edge), SERVER, ToldToStop())
            await program.stop()
        await self._until(lambda _: self._delivered("NDEATH") >= deaths + len(EDGES), "edges say goodbye")
        await self._screens.look_after("NDEATH", count=len(EDGES))
        await self._stop_host()

    # -- waiting ----------------------------------------------------------------------------------------------------

    async def _until(self, true: Callable[[View], bool], what: str) -> None:
        """Wait for a condition on the capture so far. Raises AssertionError after PATIENCE_S."""
        deadline_s = time.monotonic() + PATIENCE_S
        while not true(View(self._capture())):
            assert time.monotonic() < deadline_s, f"never happened: {what}\n{self._logs()}"
            await asyncio.sleep(0.1)

    async def _settle(self) -> None:
        """Wait until every device has reported twice since now."""
        before = {key: _count_data(View(self._capture()), *key) for key in self._devices}
        await self._until(
            lambda view: all(_count_data(view, *key) >= count + 2 for key, count in before.items()),
            "data goes on",
        )

    def _delivered(self, kind: str) -> int:
        return sum(len(session.delivered(kind)) for session in View(self._capture()).host_sessions)

    def _logs(self) -> str:
        return "\n".join(
            f"--- {path.name}\n{path.read_text()[-3000:]}" for path in self._folder.glob("*.log")
        )

    # -- the participants -------------------------------------------------------------------------------------------

    async def _start_edge(self, edge: str) -> Program:
        folder = self._folder / edge
        folder.mkdir()
        profile = folder / "cell.yaml"
        profile.write_text(PROFILE)
        devices = [
            {
                "name": device,
                "profile": str(profile),
                "url": f"modbus://127.0.0.1:{self._devices[edge, device].port}",
                "path": f"demo/plant1/area1/{edge}/{device}",
                "period_s": 0.2,
                "timeout_s": 2,
            }
            for device in EDGES[edge]
        ]
        config = {
            "edge": {"name": edge, "group": "demo"},
            "broker": {"urls": [f"mqtt://127.0.0.1:{self._edge_side.port}"], "primary_host": "plant"},
            "spool": {"path": "spool.db", "max_bytes": "64MiB"},
            "devices": devices,
            "timing": {"backoff_first_s": 0.2, "backoff_max_s": 1, "birth_delay_max_s": 0, "heartbeat_s": 5},
        }
        path = folder / "lineside.yaml"
        path.write_text(yaml.safe_dump(config))
        return await Program.start(["edge", "run", "--config", str(path)], self._folder / f"{edge}.log", {})

    async def _start_host(self) -> Program:
        environment = {
            "LINESIDE_DATABASE_URL": self._database_url,
            "LINESIDE_MQTT__URL": f"mqtt://127.0.0.1:{self._host_side.port}",
            "LINESIDE_REORDER_TIMEOUT_S": str(REORDER_TIMEOUT_S),
        }
        arguments = ["ingest", "--shard", "plant", "--groups", "demo"]
        return await Program.start(arguments, self._folder / "ingest.log", environment)

    async def _stop_host(self) -> None:
        assert self._host is not None
        self._recording.observe(self._host_client_id(), SERVER, ToldToStop())
        await self._host.stop()

    async def _stop_what_is_left(self) -> None:
        for program in [*self._edges.values(), *([self._host] if self._host else [])]:
            await program.stop()

    async def _say_state(self, *, online: bool, timestamp_ms: int, retain: bool = False) -> None:
        """A STATE message from somewhere else, past the proxies: what is recorded is that it arrives."""
        body = json.dumps({"online": online, "timestamp": timestamp_ms})
        await asyncio.to_thread(
            paho_publish.single,
            STATE,
            body,
            qos=1,
            retain=retain,
            hostname="127.0.0.1",
            port=self._broker_port,
        )

    # -- the capture ------------------------------------------------------------------------------------------------

    def _client_id(self, edge: str) -> str:
        return next(client_id for client_id, node in self._capture().edges.items() if node.edge == edge)

    def _host_client_id(self) -> str:
        """The present one: each ingest process has a client id of its own."""
        return list(self._capture().hosts)[-1]

    def _capture(self) -> Capture:
        """What was recorded, with who is who by the will of their first CONNECT."""
        edges: dict[str, EdgeNode] = {}
        hosts: dict[str, Host] = {}
        for record in self._recording.records:
            if isinstance(record.what, Connect) and record.what.will is not None:
                topic = topic_of(record.what.will.topic)
                if topic.type == "STATE":
                    hosts.setdefault(record.client_id, Host("plant", int(REORDER_TIMEOUT_S * 1000)))
                else:
                    edges.setdefault(record.client_id, EdgeNode(topic.group, topic.edge, "plant", (SERVER,)))
        return Capture(edges, hosts, tuple(self._recording.records))


# -- conditions on a capture --


def _count(view: View, kind: str) -> int:
    return sum(len(session.sent(kind)) for session in view.edge_sessions)


def _count_data(view: View, edge: str, device: str) -> int:
    messages = [message for session in view.edge_sessions for message in session.sent("DDATA")]
    return sum((message.topic.edge, message.topic.device) == (edge, device) for message in messages)


def _data_of_every_device(view: View) -> bool:
    return all(_count_data(view, edge, device) >= 3 for edge, devices in EDGES.items() for device in devices)


def _born(view: View, times: int) -> bool:
    return _count(view, "NBIRTH") >= times * len(EDGES)


def _heard_state(view: View) -> list[object]:
    return [state for session in view.edge_sessions for state in session.states("server")]


def _said_online(view: View) -> list[object]:
    return [state for session in view.host_sessions for state in session.states("client") if state.says(True)]


def _asked_for_rebirth(view: View) -> int:
    commands = [message for session in view.host_sessions for message in session.sent("NCMD")]
    return sum(message.payload.metric(REBIRTH) is not None for message in commands)


def _goodbyes(view: View) -> list[object]:
    return [end for session in view.edge_sessions for end in session.of(Disconnect)]


def _waits_again(view: View) -> bool:
    """Each edge has a new session, has heard that its host is offline, and is not born."""
    last = {session.client_id: session for session in view.edge_sessions}
    return all(session.states("server") and not session.sent("NBIRTH") for session in last.values())


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
