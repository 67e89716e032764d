"""A running edge, a machine that is not ours, no broker: what a scrape says over HTTP."""

import asyncio
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from edge.run import run_until
from edge.settings import Settings, load_settings
from plant_server.embedded.free_port import free_port
from tests.edge.onboarding.foreign_machines import modbus_machine

README = Path(__file__).parents[2] / "edge" / "README.md"
WAIT_S = 30.0
CONFIG = """\
edge: {{name: e1, group: g}}
broker: {{urls: ["mqtt://127.0.0.1:{nobody}"], primary_host: null}}
spool: {{path: spool.db}}
timing: {{backoff_first_s: 0.05, backoff_max_s: 0.1}}
devices:
  - {{name: meter, profile: eastron_sdm630, url: "{url}", path: demo, unit_id: 1, period_s: 1}}
  - {{name: dead, profile: modbus_cell, url: "modbus://127.0.0.1:{nobody}", path: demo}}
{metrics}
"""


@pytest.fixture
def meter(tmp_path):
    with modbus_machine(tmp_path) as machine:
        yield machine


@pytest.fixture
def nobody():
    """A port on which nobody listens, and nobody else will."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.fixture
def settings_with(tmp_path, meter, nobody):
    def make(metrics: str) -> Settings:
        path = tmp_path / "edge.yaml"
        path.write_text(CONFIG.format(nobody=nobody, url=meter.url, metrics=metrics))
        return load_settings(path)

    return make


@asynccontextmanager
async def running(settings: Settings):
    stop = asyncio.Event()
    edge = asyncio.create_task(run_until(settings, stop))
    try:
        yield edge
    finally:
        stop.set()
        await asyncio.wait_for(edge, WAIT_S)


def scraped(port: int) -> dict[str, float]:
    """Sample → value, of one scrape."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=WAIT_S) as answer:
        lines = answer.read().decode().splitlines()
    return {
        name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")
    }


async def until_scraped(port: int, condition) -> dict[str, float]:
    async with asyncio.timeout(WAIT_S):
        while True:
            try:
                seen = await asyncio.to_thread(scraped, port)
            except urllib.error.URLError:
                seen = {}  # Not up yet.
            if seen and condition(seen):
                return seen
            await asyncio.sleep(0.05)


async def test_a_scrape_tells_devices_apart_and_counts_what_the_plant_lacks(settings_with):
    port = free_port(0)
    async with running(settings_with(f"metrics: {{port: {port}}}")):
        first = await until_scraped(
            port,
            lambda seen: (
                seen.get('lineside_edge_device_up{device="meter"}') == 1
                and seen.get('lineside_edge_device_up{device="dead"}') == 0
                and seen["lineside_edge_spool_head"] > 0
            ),
        )
        polls = 'lineside_edge_device_polls_total{device="meter"}'
        later = await until_scraped(port, lambda seen: seen[polls] > first[polls])
    for seen in (first, later):
        assert seen["lineside_edge_spool_backlog"] == seen["lineside_edge_spool_head"], "nobody took anything"
        assert (seen["lineside_edge_spool_committed"], seen["lineside_edge_broker_connects_total"]) == (0, 0)
        assert 0 < seen["lineside_edge_spool_bytes"] < seen["lineside_edge_spool_max_bytes"]
    assert later['lineside_edge_device_losses_total{device="meter"}'] == 0
    lines = {
        name: value for name, value in later.items() if name.startswith("lineside_edge_line_answers_total")
    }
    assert len(lines) == 2, "a line for each address"
    assert max(lines.values()) > 0
    assert any('edge="e1"' in name and 'group="g"' in name for name in later)
    with pytest.raises(urllib.error.URLError):
        scraped(port)


async def test_every_metric_is_described(settings_with):
    port = free_port(0)
    async with running(settings_with(f"metrics: {{port: {port}}}")):
        seen = await until_scraped(port, lambda seen: 'lineside_edge_device_up{device="meter"}' in seen)
    described = set(re.findall(r"`(\w+)`", README.read_text(encoding="utf-8")))
    for sample in seen:
        name = sample.partition("{")[0].removeprefix("lineside_edge_")
        assert name in described, f"edge/README.md does not say what {name} is"


async def test_a_port_that_is_taken_does_not_keep_an_edge_from_counting(settings_with):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = settings_with(f"metrics: {{port: {taken.getsockname()[1]}}}")
        with capture_logs() as logs:
            async with running(settings):
                async with asyncio.timeout(WAIT_S):
                    while not any(line["event"] == "device_online" for line in logs):  # noqa: ASYNC110 - a log is no event
                        await asyncio.sleep(0.05)
    assert any(line["event"] == "health_page_unavailable" for line in logs)


def test_an_edge_that_nobody_watches_does_not_load_the_library():
    program = "import sys, edge.run, edge.commands; print('prometheus_client' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "False"


def test_without_the_block_nothing_is_served_and_with_it_only_this_machine_is(settings_with):
    assert settings_with("").metrics is None
    default = settings_with("metrics: {}").metrics
    assert (default.host, default.port) == ("127.0.0.1", 9464)
