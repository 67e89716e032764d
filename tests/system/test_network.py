"""Cables: cut, silent, and back again. Nothing is lost, nothing comes twice, and the screens live on."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from plant_server.demo.plant import Plant
from tests.system.cuttable_proxy import CuttableProxy
from tests.system.test_counters import NO_CONTACT_WITHIN_S, state_of
from tests.system.workshop import Wiring, Workshop, workshop

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

CUT_S = 3.0
SILENT_S = 20.0
IN_FLIGHT_MAX = 8  # Entries; the factory makes four a second.
NEWEST = """SELECT extract(epoch FROM max(ts)) * 1000 FROM plant.sample
            JOIN plant.tag USING (tag_id) JOIN plant.device USING (device_id)
            WHERE device.name = %(device)s AND tag.name = 'parts'"""
LIVE_AGE_S = """SELECT max(extract(epoch FROM now() - last_value.ts))::float8 FROM plant.last_value
                JOIN plant.tag USING (tag_id) JOIN plant.device USING (device_id)
                WHERE device.name IN ('press1', 'cell1') AND tag.name = 'parts'"""


@dataclass(frozen=True, slots=True)
class Cabled:
    """A factory whose three cables are in our hands."""

    shop: Workshop
    edge_to_broker: CuttableProxy
    edge_to_press: CuttableProxy
    ingest_to_broker: CuttableProxy

    def newest_ms(self, device: str) -> float:
        return float(self.shop.value(NEWEST, device=device) or 0)

    def heal(self, cable: CuttableProxy) -> None:
        """Until the screens show values younger than two seconds again, and then until all is told."""
        cable.heal()
        self.shop.wait_until("live values", lambda: self.shop.value(LIVE_AGE_S) < 2.0, 60)
        self.shop.wait_until_drained()


@pytest.fixture(scope="module")
def cabled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cabled]:
    with ExitStack() as open_:
        proxies: dict[str, CuttableProxy] = {}

        def through(name: str, url: str) -> str:
            parts = urlsplit(url)
            proxy = open_.enter_context(CuttableProxy(parts.hostname or "", parts.port or 0))
            proxies[name] = proxy
            return f"{parts.scheme}://127.0.0.1:{proxy.port}"

        def rewire(config: dict[str, Any], plant: Plant) -> None:
            config["broker"]["urls"] = [through("edge", plant.broker.url)]
            press = next(device for device in config["devices"] if device["name"] == "press1")
            press["url"] = through("press", press["url"])
            plant.ingest.stop()
            plant.ingest.environment["LINESIDE_MQTT__URL"] = through("ingest", plant.broker.url)
            plant.ingest.start()

        home: Path = tmp_path_factory.mktemp("cabled")
        shop = open_.enter_context(workshop(home, Wiring(rewire=rewire)))
        yield Cabled(shop, proxies["edge"], proxies["press"], proxies["ingest"])


@pytest.fixture(autouse=True)
def producing(cabled: Cabled) -> None:
    """Each test begins with everything moving, whatever the one before did."""
    for proxy in (cabled.edge_to_broker, cabled.edge_to_press, cabled.ingest_to_broker):
        proxy.heal()
    cabled.shop.edge.start()
    cabled.shop.produce()
    cabled.shop.wait_until_moving()
    cabled.shop.wait_until_drained()  # Of what the edge told at its start, nothing is in flight any more.


def test_edge_and_broker_part_and_meet_again(cabled: Cabled) -> None:
    cabled.edge_to_broker.cut()
    in_the_spool_only(cabled, CUT_S)
    cabled.heal(cabled.edge_to_broker)
    verdict = cabled.shop.verdict()
    assert verdict.good, str(verdict)


def test_a_machine_behind_a_dead_cable_slows_no_other(cabled: Cabled) -> None:
    cabled.edge_to_press.cut()
    live_meanwhile(cabled, "cell1", CUT_S)
    cabled.heal(cabled.edge_to_press)
    verdict = cabled.shop.verdict()
    assert verdict.good, str(verdict)


def test_a_black_hole_on_both_sides_of_the_edge_costs_nothing(cabled: Cabled) -> None:
    """A machine and the broker fall silent together; the other machine is read all the while."""
    cabled.edge_to_broker.silence()
    cabled.edge_to_press.silence()
    in_the_spool_only(cabled, SILENT_S)
    cabled.edge_to_press.heal()
    cabled.heal(cabled.edge_to_broker)
    verdict = cabled.shop.verdict()
    assert verdict.good, str(verdict)


def test_ingest_and_broker_part_and_meet_again(cabled: Cabled) -> None:
    cabled.ingest_to_broker.cut()
    in_the_spool_only(cabled, CUT_S)
    cabled.heal(cabled.ingest_to_broker)
    cabled.ingest_to_broker.silence()
    in_the_spool_only(cabled, SILENT_S)
    cabled.heal(cabled.ingest_to_broker)
    verdict = cabled.shop.verdict()
    assert verdict.good, str(verdict)


def test_a_silent_cable_and_a_hung_edge_and_a_dead_ingest_are_no_contact_within_10_s(cabled: Cabled) -> None:
    """The broker notices none of them in that time: screens go by what the edge said last."""
    shop = cabled.shop
    shop.halt()  # Nothing changes, as at a machine that is read every ten seconds.

    def shows(contact: str) -> bool:
        return str(state_of(shop, "press1")["contact"]) == contact

    def is_noticed(what: str) -> None:
        shop.wait_until(f"no contact after {what}", lambda: shows("no contact"), NO_CONTACT_WITHIN_S)

    shop.wait_until("contact", lambda: shows("in contact"), 60)
    cabled.edge_to_broker.silence()
    is_noticed("a cable fell silent")
    cabled.edge_to_broker.heal()
    shop.wait_until("contact over the healed cable", lambda: shows("in contact"), 60)

    assert shop.edge.pid is not None
    os.kill(shop.edge.pid, signal.SIGSTOP)
    try:
        is_noticed("the edge hung")
    finally:
        os.kill(shop.edge.pid, signal.SIGCONT)
    shop.wait_until("contact with the edge that goes on", lambda: shows("in contact"), 60)

    shop.plant.ingest.kill()
    is_noticed("ingest died")
    shop.plant.ingest.start()
    shop.wait_until("contact through the new ingest", lambda: shows("in contact"), 60)


def test_an_edge_without_news_stays_in_contact(cabled: Cabled) -> None:
    shop = cabled.shop
    shop.halt()
    shop.wait_until("contact", lambda: state_of(shop, "press1")["contact"] == "in contact", 60)
    began = time.monotonic()
    while time.monotonic() < began + NO_CONTACT_WITHIN_S + 2:
        assert state_of(shop, "press1")["contact"] == "in contact"
        time.sleep(0.5)


def in_the_spool_only(cabled: Cabled, seconds: float) -> None:
    """For so long, by the readings' own clock, the edge notes readings and the plant gets none."""
    shop = cabled.shop
    began_ms = shop.newest_kept_ms()
    stored = shop.stored()
    shop.wait_until(
        "readings in the spool", lambda: shop.newest_kept_ms() > began_ms + seconds * 1000, seconds + 30
    )
    assert shop.stored() <= stored + IN_FLIGHT_MAX, "the plant went on storing through a cable that is cut"


def live_meanwhile(cabled: Cabled, device: str, seconds: float) -> None:
    """For so long another machine's readings keep coming."""
    began_ms = cabled.newest_ms(device)
    cabled.shop.wait_until(
        f"readings of {device}", lambda: cabled.newest_ms(device) > began_ms + seconds * 1000, seconds + 10
    )
