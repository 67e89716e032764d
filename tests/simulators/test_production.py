import pytest

from simulators.production import Production
from simulators.scenario import Machine, Scrap, Stop

MOULD = Machine(
    name="mould1",
    kind="opcua_moulding",
    cycle_time_s=10,
    jitter=0.1,
    cavities=4,
    scrap=Scrap(ratio=0.2, causes={"flash": 3, "short_shot": 1}),
    stops=(Stop(kind="micro_stop", per_cycle=0.3, duration_s=(5, 10), reason=120),),
)


def causes(seed: int, *, pausing: bool = False) -> list[str | None]:
    production = Production(MOULD, seed, 1.0)
    drawn = []
    for _ in range(300):
        drawn.append(production.cycle().cause)
        if pausing:
            production.pause()
    return drawn


def test_the_same_seed_gives_the_same_scrap_causes() -> None:
    assert causes(7) == causes(7)
    assert set(causes(7)) == {None, "flash", "short_shot"}


def test_another_seed_gives_other_scrap_causes() -> None:
    assert causes(7) != causes(8)


def test_stops_do_not_disturb_the_sequence_of_scrap() -> None:
    assert causes(7) == causes(7, pausing=True)


def test_every_cavity_gives_a_part() -> None:
    production = Production(MOULD, 1, 1.0)
    cycles = [production.cycle() for _ in range(300)]
    assert {cycle.good + cycle.reject for cycle in cycles} == {4}
    assert 0.1 < sum(cycle.reject for cycle in cycles) / 1200 < 0.3
    assert all((cycle.cause is None) == (cycle.reject == 0) for cycle in cycles)


@pytest.mark.parametrize("speed", [1.0, 20.0])
def test_speed_divides_cycles_and_stops(speed: float) -> None:
    production = Production(MOULD, 1, speed)
    cycles = [production.cycle().duration_s for _ in range(200)]
    stops = [pause.duration_s for pause in (production.pause() for _ in range(200)) if pause]
    assert 9 / speed <= min(cycles) < max(cycles) <= 11 / speed
    assert 5 / speed <= min(stops) < max(stops) <= 10 / speed
