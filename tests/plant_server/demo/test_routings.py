"""Which planned times the demo's planner states, of what the machines of a scenario say."""

from decimal import Decimal

from plant_server.demo.goods import MADE_AT
from plant_server.demo.plant import SHIFTS
from plant_server.demo.routings import own_items, planned_run_time_s
from plant_server.shifts.pattern import DAY_MIN, DAYS
from plant_server.shifts.pattern_file import read_pattern
from simulators.scenario import Machine, load


def machine(name: str, **told: float) -> Machine:
    return Machine.model_validate(
        {"name": name, "kind": "modbus_cell", "cycle_time_s": 4, "jitter": 0.08} | told
    )


def test_a_part_takes_as_long_as_in_the_shortest_cycle_at_the_speed_of_the_demo() -> None:
    assert planned_run_time_s(machine("cell1"), speed=10) == Decimal("0.3680")
    assert planned_run_time_s(machine("cell1", cavities=4), speed=1) == Decimal("0.9200")


def test_an_item_that_several_machines_make_has_no_time_that_is_true_for_all() -> None:
    known = [machine("press1"), machine("cell1"), machine("saw1"), machine("mill1")]
    assert [one.name for one in own_items(known)] == ["cell1"], "press1, saw1 and mill1 make one item"


def test_every_machine_of_the_demo_has_an_item_of_its_own() -> None:
    machines = load("demo").machines
    assert own_items(machines) == list(machines)
    assert {one.name for one in machines} == set(MADE_AT)


def test_the_plant_of_the_demo_is_meant_to_work_whenever_somebody_starts_it() -> None:
    shifts = read_pattern(SHIFTS).shifts
    assert sum(one.length_min * len(one.days) for one in shifts) == DAY_MIN * len(DAYS)
    assert not any(one.breaks for one in shifts)
