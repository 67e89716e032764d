"""Two real brokers in the list of one edge, and a plant that is at one of them, at the other, or at both."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from edge.contract.topics import MessageType
from edge.delivery import broker_list
from edge.errors import BrokerTrouble
from edge.settings import Settings
from plant_server.embedded.broker import Broker, running_broker
from tests.edge.delivery.running_edge import running_edge, settings_for
from tests.edge.delivery.scripted_plant import ScriptedPlant, Told, eventually


@dataclass
class Two:
    """An edge's two brokers, and one plant: what is stored by way of either is stored once."""

    first: Broker
    second: Broker
    spool: Path
    committed: dict[str, int] = field(default_factory=dict)
    stored: list[Told] = field(default_factory=list)

    def plant_at(self, broker: Broker) -> ScriptedPlant:
        return ScriptedPlant(broker, "plant", "edge", committed=self.committed, stored=self.stored)

    def settings(self, **more: Any) -> Settings:
        """With what the second broker wants."""
        urls = [self.first.url, self.second.url]
        return settings_for(self.second, "edge", "plant", self.spool, urls=urls, **more)


@contextmanager
def _brokers(home: Path, *, tls: bool) -> Iterator[tuple[Broker, Broker]]:
    with ExitStack() as stack:
        first, second = (
            stack.enter_context(
                running_broker(
                    home / name,
                    prefer="mosquitto",
                    tls=tls,
                    port=0,
                    edges=[("demo", "edge")],
                    hosts=["plant"],
                )
            )
            for name in ("first", "second")
        )
        yield first, second


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Two]:
    monkeypatch.setattr(broker_list, "HOST_PATIENCE_S", 0.5)
    with _brokers(tmp_path, tls=False) as (first, second):
        _same_password(first, second)
        yield Two(first, second, tmp_path / "spool.db")


def _same_password(first: Broker, second: Broker) -> None:
    """A list of brokers has one login: the first one gets the secrets of the second."""
    first.stop()
    for file in (second.home / "secrets").glob("*"):
        (first.home / "secrets" / file.name).write_bytes(file.read_bytes())
    first.start()


async def test_what_is_read_while_the_first_broker_dies_is_stored_once_by_the_second(two: Two) -> None:
    with two.plant_at(two.first) as at_first, two.plant_at(two.second) as at_second:
        at_first.say_online()
        at_second.say_online()
        async with running_edge(two.settings(), "press") as edge:
            await edge.count("press", range(300))
            await eventually(lambda: at_first.stored)
            two.first.kill()
            await edge.count("press", range(300, 600))
            await eventually(lambda: at_second.values("count") == list(range(600)))
            brokers = edge.publisher.brokers
            assert [broker.connected_ms is not None for broker in brokers.known] == [False, True]
            assert brokers.known[0].trouble is BrokerTrouble.LOST

            two.first.start()
            await eventually(at_first._client.is_connected)
            at_first.say_online()
            births, connects = len(at_first.births()), edge.publisher.statistics.connects
            await edge.count("press", range(600, 700))
            await eventually(lambda: at_second.values("count") == list(range(700)))
            assert (len(at_first.births()), edge.publisher.statistics.connects) == (births, connects)
    bd_seqs = [told.payload.metrics[0].value for told in at_first.births() + at_second.births()]
    assert bd_seqs == sorted(set(bd_seqs)), "counted over all brokers"


@pytest.mark.parametrize("said", ["offline", "nothing"])
async def test_an_edge_does_not_wait_where_its_host_is_not(two: Two, said: str) -> None:
    with two.plant_at(two.first) as at_first, two.plant_at(two.second) as at_second:
        if said == "offline":
            at_first.say_online(False)
        at_second.say_online()
        async with running_edge(two.settings(), "press") as edge:
            await edge.count("press", range(10))
            await eventually(lambda: at_second.values("count") == list(range(10)))
            wanted = BrokerTrouble.HOST_OFFLINE if said == "offline" else BrokerTrouble.HOST_ABSENT
            assert edge.publisher.brokers.known[0].trouble is wanted
    assert at_first.told == [], "no birth without the host, and no death without a birth"


async def test_a_host_that_leaves_a_broker_is_followed_to_the_next_although_it_came_there_earlier(
    two: Two,
) -> None:
    with two.plant_at(two.first) as at_first, two.plant_at(two.second) as at_second:
        at_second.say_online(timestamp_ms=1_000)
        at_first.say_online(timestamp_ms=2_000)
        async with running_edge(two.settings(), "press") as edge:
            await edge.count("press", range(10))
            await eventually(lambda: at_first.values("count") == list(range(10)))
            at_first.say_online(False, timestamp_ms=2_000)
            await eventually(lambda: at_first.of(MessageType.NDEATH))
            await edge.count("press", range(10, 20))
            await eventually(lambda: at_second.values("count") == list(range(20)))


async def test_a_broker_that_says_online_of_a_host_that_is_elsewhere_is_left(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker_list, "PLANT_PATIENCE_S", 0.5)
    with two.plant_at(two.first) as at_first, two.plant_at(two.second) as at_second:
        at_first.is_silent = True
        at_first.say_online()
        at_second.say_online()
        async with running_edge(two.settings(), "press") as edge:
            await edge.count("press", range(10))
            await eventually(lambda: at_second.values("count") == list(range(10)))
            assert edge.publisher.brokers.known[0].trouble is BrokerTrouble.PLANT_SILENT
        assert at_first.births()


async def test_a_host_that_is_nowhere_is_found_where_it_comes(two: Two) -> None:
    with two.plant_at(two.first) as at_first, two.plant_at(two.second) as at_second:
        at_first.say_online(False)
        at_second.say_online(False)
        with capture_logs() as logs:
            async with running_edge(two.settings(back_off_max_s=0.2), "press") as edge:
                await edge.count("press", range(10))
                await eventually(lambda: edge.publisher.statistics.connects >= 6)
                at_second.say_online()
                await eventually(lambda: at_second.values("count") == list(range(10)))
    said = [line["event"] for line in logs if line["event"] == "broker_left"]
    assert len(said) <= 3, "once for each broker, and at the end"


async def test_a_password_that_the_first_broker_refuses_is_told_and_the_next_is_tried(tmp_path: Path) -> None:
    with _brokers(tmp_path, tls=False) as (first, second):
        two = Two(first, second, tmp_path / "spool.db")
        with two.plant_at(second) as at_second, capture_logs() as logs:
            at_second.say_online()
            async with running_edge(two.settings(), "press") as edge:
                await edge.count("press", range(10))
                await eventually(lambda: at_second.values("count") == list(range(10)))
                refused = edge.publisher.brokers.known[0]
    assert (refused.trouble, "Not authorized" in refused.reason) == (BrokerTrouble.REFUSED, True)
    (line,) = [line for line in logs if line["event"] == "broker_unavailable"]
    assert (line["url"], line["trouble"]) == (first.url, "refused")


# paho leaves the socket of a handshake that failed to the garbage collector.
@pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")
@pytest.mark.parametrize("whose", ["ours", "the broker's"])
async def test_a_certificate_that_does_not_fit_is_told_and_the_next_is_tried(
    tmp_path: Path, whose: str
) -> None:
    with _brokers(tmp_path, tls=True) as (first, second):
        two = Two(first, second, tmp_path / "spool.db")
        settings = two.settings()
        if whose == "ours":  # Both authorities are trusted; the first broker does not know the edge's own.
            both = tmp_path / "both.pem"
            ours = [broker.credentials_for_edge("demo", "edge").ca for broker in (first, second)]
            both.write_bytes(b"".join(path.read_bytes() for path in ours if path))
            settings = two.settings(ca=both)
        with two.plant_at(second) as at_second:
            at_second.say_online()
            async with running_edge(settings, "press") as edge:
                await edge.count("press", range(10))
                await eventually(lambda: at_second.values("count") == list(range(10)))
                refused = edge.publisher.brokers.known[0]
    assert refused.trouble is BrokerTrouble.CERTIFICATE
    assert "certificate" in refused.reason


async def test_a_host_whose_clock_was_set_back_is_heard_again(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its STATE is older than the last: by the standard it says nothing, until a new connection."""
    with two.plant_at(two.second) as plant:
        plant.say_online(timestamp_ms=9_000_000_000_000)
        settings = settings_for(two.second, "edge", "plant", two.spool)
        async with running_edge(settings, "press") as edge:
            await edge.count("press", range(10))
            await eventually(lambda: plant.values("count") == list(range(10)))
            plant.say_online(False, timestamp_ms=9_000_000_000_000)
            await eventually(lambda: plant.of(MessageType.NDEATH))
            await eventually(lambda: edge.publisher.brokers.known[0].host.online is False)
            plant.say_online(timestamp_ms=1_800_000_000_000)
            await edge.count("press", range(10, 20))
            await eventually(lambda: plant.values("count") == list(range(20)))
