"""`lineside edge browse` and an OPC UA server that is not ours (node-opcua), over real sockets."""

import json
import re

import pytest

from edge.contract.roles import Counts, Role
from edge.onboarding.draft import loaded
from tests.edge.command_line import lineside_edge
from tests.edge.drivers.opcua.plc import plc
from tests.edge.onboarding.conftest import EXTRA

pytestmark = pytest.mark.system

CONFIG = """\
edge: {{name: e, group: g}}
broker: {{urls: ["mqtt://127.0.0.1"], primary_host: null}}
devices:
  - {{name: press, profile: press.yaml, url: "{url}", path: demo, insecure: true}}
"""


@pytest.fixture
def browse(lineside, press):
    def run(*words: str):
        return lineside("browse", press.url, "--insecure", *words)

    return run


@pytest.fixture
def drafted(browse, tmp_path):
    def run(*words: str):
        path = tmp_path / "press.yaml"
        result = browse("--out", str(path), "--force", *words)
        assert result.exit_code == 0, result.stderr
        return {tag.name: tag for tag in loaded(path.read_text(encoding="utf-8")).polled}, path

    return run


def test_every_variable_is_found_once_although_the_server_gives_little_at_a_time(drafted):
    tags, path = drafted()
    numbered = [tag.address.node for tag in tags.values() if re.search(r";s=R\d+$", tag.address.node)]
    assert sorted(numbered) == sorted(f"nsu=urn:not-ours:press;s=R{index}" for index in range(EXTRA))
    assert "an array; its elements can be tags" in path.read_text(encoding="utf-8")


def test_names_units_and_ranges_are_taken_from_the_server(browse, drafted):
    tags, path = drafted("--filter", "press 1/*")
    assert {"good_count", "reject_count", "oil_temperature", "energy_total", "program"} <= set(tags)
    assert tags["good_count"].address.node == "nsu=urn:not-ours:press;s=良品/计数"
    assert tags["oil_temperature"].unit == "°C"
    assert (tags["energy_total"].role, tags["energy_total"].unit, tags["energy_total"].scale) == (
        Role.METER,
        "Wh",
        1000,
    )
    text = path.read_text(encoding="utf-8")
    assert "range 0 … 120" in text
    assert "revision: Press of the tests 1.4" in text
    assert "Many" not in browse("--filter", "*temperature*").stdout


def test_watching_shows_what_counts_and_what_beats(drafted):
    tags, path = drafted("--filter", "press 1", "--watch", "2")
    assert tags["good_count"].role is Role.COUNTER
    assert tags["heartbeat_2"].role is Role.HEARTBEAT
    assert tags["reject_count"].role is Role.COUNTER  # By its name: it stood still.
    lines = path.read_text(encoding="utf-8").splitlines()
    (counter,) = [line for line in lines if "name: good_count" in line]
    assert "CONFIRM" in counter
    assert "rose while watched" in counter
    assert any("计数/良品/计数" in line and "(rose)" in line for line in lines)


def test_packml_is_recognised_by_its_companion_specification(drafted, browse):
    tags, path = drafted("--filter", "filler/*")
    assert (tags["cur_mach_speed"].role, tags["cur_mach_speed"].unit) == (Role.SPEED, "parts/min")
    mode = tags["unit_mode_current"]
    assert (mode.role, mode.vocabulary) == (Role.MODE, "packml_mode")
    (count,) = [
        line for line in path.read_text(encoding="utf-8").splitlines() if "ProdProcessedCount" in line
    ]
    assert "counts in structures" in count, "what cannot be read yet is said, not left out"
    shown = browse("--filter", "filler/*").stdout
    assert "speed (PackML)" in shown
    assert "Filler/BaseStateMachine/MachineState/ExecuteState/CurrentState " in shown, (
        "a long path is not cut"
    )
    assert "CONFIRM" not in "".join(
        line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("  - ")
    )


def test_a_draft_is_read_by_the_edge_as_it_stands(drafted, press, tmp_path):
    drafted("--filter", "press 1/*", "--watch", "1")
    (tmp_path / "lineside.yaml").write_text(CONFIG.format(url=press.url), encoding="utf-8")
    result = lineside_edge("check", "--json")
    assert result.exit_code == 0, result.stdout
    (device,) = json.loads(result.stdout)["devices"]
    assert device["verified"] == "draft"
    values = {tag["name"]: tag["value"] for tag in device["tags"]}
    assert values["good_count"] > 41
    assert values["energy_total"] > 12_500
    assert values["program"] == "A-17"
    assert "is a draft: confirm its guesses" in lineside_edge("check").stdout


def test_security_is_on_unless_it_is_waived(lineside, press, tmp_path):
    unknown = lineside("browse", press.url, "--filter", "program")
    assert unknown.exit_code == 1
    (command,) = re.findall(r"lineside edge (trust accept [0-9a-f]{16})", " ".join(unknown.stderr.split()))
    assert lineside(*command.split()).exit_code == 0
    result = lineside("browse", press.url, "--filter", "program")
    assert result.exit_code == 0, result.stderr
    refused = lineside("browse", press.url, "--policy", "None")
    assert refused.exit_code == 2
    assert "Basic256Sha256" in refused.stderr
    both = lineside("browse", press.url, "--insecure", "--trust", str(tmp_path))
    assert both.exit_code == 2


def test_bounds_end_a_walk_and_are_told(browse):
    assert "stopped at depth 1" in browse("--depth", "1").stdout
    few = browse("--max-nodes", "20")
    assert "stopped at 20 nodes" in few.stdout
    assert int(re.search(r"(\d+) nodes,", few.stdout)[1]) < EXTRA


def test_nothing_found_and_nobody_there_are_told_apart(browse, lineside):
    assert browse("--filter", "no such thing").exit_code == 2
    nobody = lineside("browse", "opc.tcp://127.0.0.1:9", "--insecure", "--timeout", "2")
    assert nobody.exit_code == 1
    assert nobody.stderr.strip()
    assert lineside("browse", "http://127.0.0.1").exit_code == 2
    assert browse("--root", "nonsense").exit_code == 1


def test_a_file_that_is_there_is_not_written_over(browse, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("precious")
    result = browse("--filter", "program", "--out", str(path))
    assert result.exit_code == 1
    assert path.read_text() == "precious"


def test_a_walk_may_begin_anywhere(browse):
    shown = browse("--root", "ns=4;s=counters").stdout
    assert "Reject Count" in shown
    assert "Program" not in shown


def test_counters_inside_the_structures_of_packml_are_drafted_with_their_place(lineside, tmp_path):
    with plc(tmp_path) as machine:
        machine.set(("processed", [{"id": 1, "accCount": 100}, {"id": 2, "accCount": 7}]))
        url, path = f"opc.tcp://127.0.0.1:{machine.port}", tmp_path / "filler.yaml"
        words = ("browse", url, "--insecure", "--filter", "filler/*", "--out", str(path))
        result = lineside(*words)
        assert result.exit_code == 0, result.stderr
        counters = [
            tag for tag in loaded(path.read_text(encoding="utf-8")).polled if tag.role is Role.COUNTER
        ]
        assert [(tag.address.at, tag.counts) for tag in counters] == [
            ((0, "AccCount"), Counts.PARTS),
            ((1, "AccCount"), Counts.PARTS),
        ]
        config = tmp_path / "lineside.yaml"
        config.write_text(CONFIG.format(url=url).replace("press.yaml", str(path)))
        checked = lineside_edge("check", "--config", str(config), "--json")
        shown = {tag["name"]: tag["value"] for tag in json.loads(checked.stdout)["devices"][0]["tags"]}
        assert [shown[tag.name] for tag in counters] == [100, 7]
