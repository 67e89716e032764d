import pytest

from simulators.production import Production
from simulators.scenario import Machine, Scenario, ScenarioError, check_speed, load, names, parse

ONE = """
name: one
machines:
  - name: press1
    kind: opcua_press
    cycle_time_s: 1
"""


@pytest.mark.parametrize("name", names())
def test_every_scenario_of_the_package_is_valid(name: str) -> None:
    assert load(name).name == name


def test_every_mistake_is_reported_at_once_with_its_place() -> None:
    text = """
name: wrong
machines:
  - {name: a, kind: opcua_press, cycle_time_s: -1}
  - {name: b, kind: steam_engine, cycle_time_s: 1}
  - {name: c, kind: modbus_cell, cycle_time_s: 1, counters: {total: 65536}}
  - {name: d, kind: modbus_cell, cycle_time_s: 1, colour: red}
"""
    with pytest.raises(ScenarioError) as refused:
        parse(text, "wrong.yaml")
    lines = str(refused.value).splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("wrong.yaml: machines[0].cycle_time_s: ")
    assert "machines[1].kind" in lines[1]
    assert "counter total starts at 65536, but goes only to 65535" in lines[2]
    assert "machines[3].colour" in lines[3]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("    counters: {good: 1}", "opcua_press has no counter good"),
        ("    scrap: {ratio: 0.1}", "needs at least one cause"),
        ("    events: [{at_s: 1, fault: job_reset}]", "no jobs to reset"),
        ("    events: [{at_s: 1, fault: glitch, device: meter}]", "there is none"),
        ("    events: [{at_s: 1, fault: fire}]", "machines[0].events[0].fault"),
        (
            "    stops: [{kind: micro_stop, per_cycle: 0.1, duration_s: [3, 1], reason: 1}]",
            "shortest, longest",
        ),
        (
            "    meter: {kind: abb_b23, energy_wh: 5, power_w: {idle: 1, running: 1, fault: 1, setup: 1}}",
            "multiple of 10",
        ),
        (
            "    meter: {kind: eastron_sdm630, energy_wh: 9000000,"
            " power_w: {idle: 1, running: 1, fault: 1, setup: 1}}",
            "at most 8000000",
        ),
    ],
)
def test_what_does_not_fit_is_refused(more: str, words: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        parse(ONE + more, "one.yaml")
    assert words in str(refused.value)


@pytest.mark.parametrize("text", ["name: none\nmachines: []", "machines: 3", "- x", "a: [", ""])
def test_what_is_no_scenario_is_refused(text: str) -> None:
    with pytest.raises(ScenarioError, match=r"none\.yaml: "):
        parse(text, "none.yaml")


def test_machines_named_twice_are_refused() -> None:
    with pytest.raises(ScenarioError, match="named twice: press1"):
        parse(ONE + "  - {name: press1, kind: modbus_cell, cycle_time_s: 1}", "one.yaml")


def test_an_unknown_scenario_names_those_that_exist() -> None:
    with pytest.raises(ScenarioError, match=r"there are: demo, tests_small"):
        load("nowhere")


@pytest.mark.parametrize("speed", [0, -1, 20.1])
def test_speed_is_bounded(speed: float) -> None:
    with pytest.raises(ScenarioError):
        check_speed(speed)


def parts_within(machine: Machine, seconds: float, *, seed: int, speed: float) -> int:
    production, at_s, parts = Production(machine, seed, speed), 0.0, 0
    while True:
        cycle = production.cycle()
        at_s += cycle.duration_s
        if at_s > seconds:
            return parts
        parts += cycle.good + cycle.reject
        pause = production.pause()
        at_s += pause.duration_s if pause else 0.0


@pytest.fixture(scope="module")
def demo() -> Scenario:
    return load("demo")


def test_demo_makes_500_parts_a_minute_whatever_the_seed(demo: Scenario) -> None:
    restart_s = 3
    for seed in range(60):
        minute = sum(parts_within(m, 60 - restart_s, seed=seed, speed=10) for m in demo.machines)
        assert minute >= 500, f"seed {seed}"


def test_demo_wraps_a_counter_within_45_s_whatever_the_seed(demo: Scenario) -> None:
    cell = next(machine for machine in demo.machines if machine.name == "cell1")
    for seed in range(60):
        assert parts_within(cell, 44, seed=seed, speed=10) >= 65536 - cell.counters["total"], f"seed {seed}"


def test_demo_restarts_glitches_and_loses_contact_within_45_s_on_three_machines(demo: Scenario) -> None:
    early = {
        event.fault: machine.name
        for machine in demo.machines
        for event in machine.events
        if event.at_s + (event.duration_s or 0) < 45
    }
    assert set(early) == {"restart", "glitch", "refused"}
    assert len(set(early.values())) == 3
