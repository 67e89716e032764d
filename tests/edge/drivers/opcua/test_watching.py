"""Tags told by the server, a foreign one: each change, each loss, and what becomes of them when the server goes."""

import asyncio
from contextlib import asynccontextmanager
from itertools import groupby, pairwise

import pytest

from edge.acquisition.polling import DevicePoller
from edge.acquisition.profile import Watch
from edge.acquisition.timestamps import ClockGuard
from edge.contract.datatypes import DataType
from edge.drivers.opcua import OpcUaDriver
from edge.settings import Timing
from tests.edge.drivers.opcua.plc import plc
from tests.edge.drivers.opcua.tcp_proxy import TcpProxy

pytestmark = pytest.mark.system

FAST = Timing(backoff_first_s=0.05, backoff_max_s=0.2, heartbeat_s=3600)
QUICK = Watch(sampling_ms=0, publishing_ms=100, queue=100)
SMALL = Watch(sampling_ms=0, publishing_ms=100, queue=3)
NEWEST_LOST = Watch(sampling_ms=0, publishing_ms=100, queue=3, discard_oldest=False)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with plc(tmp_path_factory.mktemp("plc"), nodes=1000, perCall=100) as machine:
        yield machine


@pytest.fixture
def server(shared):
    """Running, awake and with its first values, whatever the test before did to it."""
    shared.revive()
    shared.tell(restore=True)
    shared.set(("state", 6), ("count", 0), ("order", "A-17"), ("stop_reason", 1))
    return shared


@pytest.fixture
def watched(plc_device, opcua_profile, recorder):
    @asynccontextmanager
    async def run(machine, *tags, **more):
        device, profile = plc_device(machine, **more), opcua_profile(tags)
        clock = ClockGuard()
        driver = OpcUaDriver(device, profile, clock.now_ms)
        poller = DevicePoller(device, profile, driver, recorder, clock, FAST)
        task = asyncio.create_task(poller.run())
        try:
            yield poller
        finally:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    return run


async def test_every_change_is_told_beside_what_is_polled(server, watched, plc_tag, recorder, until):
    tags = (
        plc_tag("state", watch=QUICK),
        plc_tag("order", DataType.STRING, watch=QUICK),
        plc_tag("stop_reason", DataType.STRING, watch=QUICK),
        plc_tag("t7"),
    )
    async with watched(server, *tags):
        await until(lambda: recorder.values("plc", "state") and recorder.values("plc", "t7"))
        server.set(*(("state", state) for state in (1, 2, 3, 4, 5)), ("order", "A-18"), ("stop_reason", 2))
        await until(lambda: recorder.values("plc", "order")[-1:] == ["A-18"])
        await until(lambda: recorder.values("plc", "state")[-1:] == [5])
    assert recorder.values("plc", "state") == [6, 1, 2, 3, 4, 5]
    assert recorder.values("plc", "stop_reason") == ["no material", "换模"]
    assert recorder.values("plc", "t7") == [7]
    assert recorder.online("plc") == [True]
    assert recorder.gaps == []


async def test_items_are_made_a_hundred_at_a_time(server, watched, plc_tag, recorder, until):
    tags = tuple(plc_tag(f"t{number}", watch=QUICK) for number in range(1000))
    async with watched(server, *tags):
        await until(lambda: sum(len(readings) for _, readings in recorder.entries) >= 1000)
        assert server.ask(ask="items") == "100 1000"
    told = {r.tag.name: r.value for _, readings in recorder.entries for r in readings}
    assert {name: told[name] for name in told if name != "heartbeat"} == {f"t{n}": n for n in range(1000)}


@pytest.mark.parametrize(
    ("watch", "kept"), [(SMALL, [7, 8, 9]), (NEWEST_LOST, [1, 2, 9])], ids=["oldest lost", "newest lost"]
)
async def test_a_queue_that_overflowed_leaves_a_gap_record_that_names_tag_and_time(
    server, watched, plc_tag, recorder, until, watch, kept
):
    async with watched(server, plc_tag("state", watch=watch), plc_tag("t1", watch=watch)) as poller:
        await until(lambda: recorder.values("plc", "state") == [6])
        (before,) = [r for _, rows in recorder.entries for r in rows if r.tag.name == "state"]
        server.set(*(("state", number) for number in range(1, 10)))
        await until(lambda: recorder.values("plc", "state")[1:] == kept, f"{kept} of nine changes")
        assert poller.statistics.gaps == 1
    (gap,) = recorder.gaps
    after = max(r.time_ms for _, rows in recorder.entries for r in rows if r.tag.name == "state")
    assert (gap.device, gap.reason, gap.tags) == ("plc", "overflow", ("state",))
    assert before.time_ms - 1 <= gap.from_ms <= gap.to_ms <= after


async def test_of_a_count_the_end_of_each_run_is_told_and_what_stood_before_a_decrease(
    server, watched, plc_count, recorder, until
):
    async with watched(server, plc_count("count", watch=QUICK)):
        await until(lambda: recorder.values("plc", "count") == [0])
        server.set(*(("count", number) for number in (*range(1, 41), 2, 5)))
        await until(lambda: recorder.values("plc", "count")[-1:] == [5])
    assert recorder.values("plc", "count") == [0, 40, 5]
    assert recorder.gaps == []


async def test_a_swallowed_message_is_fetched_again(server, watched, plc_tag, recorder, until):
    async with watched(server, plc_tag("state", watch=QUICK)):
        await until(lambda: recorder.values("plc", "state") == [6])
        server.tell(swallow=1, keep=True)
        server.set(("state", 1), ("state", 2))
        await asyncio.to_thread(server.wait_until_swallowed)
        server.set(("state", 3))
        await until(lambda: recorder.values("plc", "state")[-1:] == [3])
    assert recorder.values("plc", "state") == [6, 1, 2, 3]
    assert recorder.gaps == []


async def test_a_message_the_server_no_longer_has_leaves_a_gap_record(
    server, watched, plc_tag, recorder, until
):
    async with watched(server, plc_tag("state", watch=QUICK), plc_tag("t3", watch=QUICK)):
        await until(lambda: recorder.values("plc", "state") == [6])
        server.tell(swallow=1, keep=False)
        server.set(("state", 1), ("state", 2))
        await asyncio.to_thread(server.wait_until_swallowed)
        server.set(("state", 3))
        await until(lambda: recorder.values("plc", "state")[-1:] == [3])
    (gap,) = recorder.gaps
    assert (gap.reason, set(gap.tags)) == ("no_contact", {"state", "t3"})
    assert gap.from_ms < gap.to_ms
    assert recorder.online("plc") == [True]


@pytest.mark.parametrize("what", ["subscriptions", "sessions"])
async def test_what_the_server_ended_is_made_anew_and_the_time_between_is_a_gap(
    server, watched, plc_tag, recorder, until, what
):
    async with watched(server, plc_tag("state", watch=QUICK)):
        await until(lambda: recorder.values("plc", "state") == [6])
        server.tell(close=what)
        await until(lambda: recorder.values("plc", "state")[1:] == [6], "its value in a new subscription")
        server.set(("state", 3))
        await until(lambda: recorder.values("plc", "state")[-1:] == [3])
    assert recorder.online("plc") == [True, False, True]
    (gap,) = recorder.gaps
    assert (gap.reason, gap.tags) == ("no_contact", ("state",))


async def test_a_server_that_restarts_leaves_one_gap_and_is_watched_again(
    server, watched, plc_tag, recorder, until
):
    async with watched(server, plc_tag("state", watch=QUICK)):
        await until(lambda: recorder.values("plc", "state") == [6])
        server.kill()
        await until(lambda: recorder.online("plc") == [True, False])
        await asyncio.to_thread(server.start)
        await until(lambda: len(recorder.values("plc", "state")) == 2)
        server.set(("state", 9))
        await until(lambda: recorder.values("plc", "state")[-1:] == [9])
    (gap,) = recorder.gaps
    (_, lost_ms), (_, back_ms) = [(online, ms) for _, online, ms in recorder.contacts][1:]
    assert (gap.reason, gap.tags) == ("no_contact", ("state",))
    assert gap.from_ms <= lost_ms
    assert lost_ms < gap.to_ms
    assert gap.to_ms >= back_ms


async def test_a_frozen_server_is_given_up_when_its_keep_alive_is_over(
    server, watched, plc_tag, recorder, until, monkeypatch
):
    monkeypatch.setattr("edge.drivers.opcua.subscribing.KEEP_ALIVE_MS", 200)
    async with watched(server, plc_tag("state", watch=QUICK), timeout_s=1.0) as poller:
        await until(lambda: recorder.values("plc", "state") == [6])
        server.freeze()
        await until(lambda: False in recorder.online("plc"))
        assert poller.statistics.last_error == "no keep-alive of its subscription"
        server.thaw()
        await until(lambda: len(recorder.values("plc", "state")) == 2)
    assert [gap.reason for gap in recorder.gaps] == ["no_contact"]


async def test_a_node_the_server_lacks_is_bad_alone_and_found_when_it_comes(
    server, watched, plc_tag, recorder, until, monkeypatch
):
    monkeypatch.setattr("edge.drivers.opcua.watching.ASK_AGAIN_S", 0.2)
    server.tell(lose=[5, 5])
    async with watched(server, plc_tag("t4", watch=QUICK), plc_tag("t5", watch=QUICK)) as poller:
        await until(lambda: recorder.values("plc", "t5") == [None])
        await until(lambda: recorder.values("plc", "t4") == [4])
        assert poller.bad_tags == ["t5"]
        server.tell(restore=True)
        server.set(("t4", 40))  # So that something is published; else it is asked again with the keep-alive.
        await until(lambda: recorder.values("plc", "t5") == [None, 5])
        assert poller.bad_tags == []
    assert recorder.online("plc") == [True]


@pytest.fixture
def asked_often(monkeypatch):
    monkeypatch.setattr("edge.drivers.opcua.watching.ASK_AGAIN_S", 0.2)
    monkeypatch.setattr("edge.drivers.opcua.subscribing.KEEP_ALIVE_MS", 100)


async def test_a_watched_node_that_went_and_came_again_is_watched_again_in_the_same_connection(
    server, watched, plc_tag, recorder, until, asked_often
):
    async with watched(server, plc_tag("t6", watch=QUICK), plc_tag("t5", watch=QUICK)) as poller:
        await until(lambda: recorder.values("plc", "t5") == [5])
        server.tell(lose=[5, 5])
        await until(lambda: recorder.values("plc", "t5") == [5, None])
        assert poller.bad_tags == ["t5"]
        server.tell(restore=True)
        await until(lambda: recorder.values("plc", "t5") == [5, None, 5])
        server.set(("t5", 50), ("t6", 60))
        await until(lambda: recorder.values("plc", "t5")[-1:] == [50], "its changes are told again")
        await until(lambda: recorder.values("plc", "t6") == [6, 60])
        assert server.ask(ask="items").split()[1] == "2", "the item of the node that went is not left over"
    assert recorder.online("plc") == [True]
    assert recorder.gaps == []


async def test_a_node_that_went_without_a_word_is_noticed_and_watched_again(
    server, watched, plc_tag, recorder, until, asked_often
):
    async with watched(server, plc_tag("t8", watch=QUICK)):
        await until(lambda: recorder.values("plc", "t8") == [8])
        server.tell(lose=[8, 8], quiet=True)
        await until(lambda: recorder.values("plc", "t8") == [8, None])
        server.tell(restore=True)
        await until(lambda: recorder.values("plc", "t8") == [8, None, 8])
        server.set(("t8", 80))
        await until(lambda: recorder.values("plc", "t8")[-1:] == [80])
    assert recorder.online("plc") == [True]


async def test_a_count_that_stands_still_is_told_again_by_each_sign_of_life(
    server, watched, plc_count, recorder, until, monkeypatch
):
    monkeypatch.setattr("edge.drivers.opcua.subscribing.KEEP_ALIVE_MS", 100)
    monkeypatch.setattr("edge.drivers.opcua.watch_readings.STILL_EVERY_S", 0.1)
    monkeypatch.setattr("edge.acquisition.report_by_exception.COUNTED_AGAIN_AFTER_MS", 300)
    async with watched(server, plc_count("count", watch=QUICK)):
        await until(lambda: len(recorder.values("plc", "count")) >= 4)
    times = [r.time_ms for _, rows in recorder.entries for r in rows if r.tag.name == "count"]
    assert set(recorder.values("plc", "count")) == {0}
    assert all(after - before >= 300 for before, after in pairwise(times))


async def test_structures_are_told_too(server, watched, plc_count, recorder, until):
    node = "filler-Admin-ProdProcessedCount"
    async with watched(server, plc_count("bottles", node=node, at=(0, "AccCount"), watch=QUICK)):
        await until(lambda: recorder.values("plc", "bottles") == [100_041])
        server.set(("processed", [{"id": 1, "accCount": 100_050}]))
        await until(lambda: recorder.values("plc", "bottles") == [100_041, 100_050])


@pytest.fixture(scope="module")
def transferring(tmp_path_factory):
    with plc(tmp_path_factory.mktemp("transferring"), transfer=True) as machine:
        yield machine


async def test_what_a_server_published_to_a_dead_connection_is_fetched_in_the_next_one(
    transferring, watched, plc_tag, recorder, until
):
    """The network swallows messages, then is there again: no change is lost, and no gap told."""
    async with TcpProxy(transferring.port) as proxy:
        tags = (plc_tag("state", watch=QUICK), plc_tag("count"))
        async with watched(proxy, *tags, timeout_s=1.0):
            await until(lambda: recorder.values("plc", "state") == [6] and recorder.values("plc", "count"))
            proxy.mode = "silence"
            for state in (1, 2, 3):
                transferring.set(("state", state))
                harmed = proxy.harmed
                await until(lambda harmed=harmed: proxy.harmed > harmed or False in recorder.online("plc"))
            await until(lambda: False in recorder.online("plc"))
            transferring.set(("state", 4))
            proxy.mode = "pass"
            await until(lambda: 4 in recorder.values("plc", "state"))
            transferring.set(("state", 5))
            await until(lambda: recorder.values("plc", "state")[-1:] == [5])
    told = [value for value, _ in groupby(recorder.values("plc", "state"))]
    assert told == [6, 1, 2, 3, 4, 5]
    assert recorder.online("plc") == [True, False, True]
    assert recorder.gaps == []


async def test_a_standing_value_is_told_in_the_next_connection_too(
    transferring, watched, plc_tag, recorder, until
):
    transferring.set(("state", 6))
    async with TcpProxy(transferring.port) as proxy, watched(proxy, plc_tag("state", watch=QUICK)):
        await until(lambda: recorder.values("plc", "state") == [6])
        proxy.cut()
        await until(lambda: recorder.values("plc", "state") == [6, 6])
        assert transferring.ask(ask="items").split()[1] == "1", "the server is left with no other"
    assert recorder.online("plc") == [True, False, True]
    assert recorder.gaps == []
