"""OEE of three shifts, computed by hand beside the view, and what late facts do to it."""

from collections.abc import Iterator

import pytest

from plant_server.embedded.postgres import PostgresServer
from tests.dashboards.shop_of_one import ShopOfOne, at
from tests.plant_server.database_fixture import PlantDatabase

SHIFT = "SELECT * FROM bi.oee_shift WHERE machine = 'press1' AND shift_from >= %s AND shift_from < %s ORDER BY shift_from"


@pytest.fixture
def shop(plant_database: PlantDatabase, database_server: PostgresServer) -> Iterator[ShopOfOne]:
    made = ShopOfOne(plant_database.url, database_server.url("lineside_bi", plant_database.name))
    yield made
    made.close()


def three_shifts(shop: ShopOfOne) -> None:
    """A part is planned to take 30 s. Minutes from six; a shift has 480."""
    # Early: a break of 30, a tool change of 20, a jam of 50, waiting of 10, 15 unexplained; the rest produces.
    shop.does("producing", 0, 120)
    shop.does("idle", 120, 150, "break")
    shop.does("producing", 150, 240)
    shop.does("stopped", 240, 260, "tool")
    shop.does("producing", 260, 300)
    shop.does("fault", 300, 350, "jam_feeder")
    shop.does("idle", 350, 360, "waits")
    shop.does("stopped", 360, 375)
    # Late: begins within this spell; set-up by state alone, and an hour nobody knows of.
    shop.does("producing", 375, 600)
    shop.does("setup", 600, 640)
    shop.does("unknown", 640, 700)
    # Night: produces throughout, and further.
    shop.does("producing", 700, 1500)
    shop.counts("parts", [(0, 0), (480, 600), (960, 1100), (1440, 1800), (1500, 1850)])
    shop.counts("reject", [(0, 0), (480, 12), (960, 20), (1440, 34)])
    shop.books("parts", (0, 0), (1440, 1800))
    shop.books("reject", (0, 0), (1440, 34), "rejected")
    shop.enters("scrap", 8, "burr", 200)
    shop.enters("rework", 5, "polish", 700)


async def test_three_shifts_are_as_computed_by_hand(shop: ShopOfOne) -> None:
    three_shifts(shop)
    await shop.keep()
    early, late, night = shop.asks(SHIFT, (at(0), at(1440)))

    # Early. Planned busy time 480 - 30 = 450 min; producing 120 + 90 + 40 + (480 - 375) = 355.
    assert [
        early[name] for name in ("planned_busy_s", "producing_s", "setup_s", "unplanned_s", "blocked_s")
    ] == [*(450 * 60, 355 * 60, 20 * 60, 50 * 60, 10 * 60)]
    assert (early["unexplained_s"], early["planned_s"], early["unknown_s"]) == (15 * 60, 30 * 60, 0)
    assert (early["made"], early["scrap"], early["rework"], early["good"]) == (600, 12 + 8, 0, 580)
    assert early["availability"] == pytest.approx(355 / 450, abs=1e-9)
    assert early["effectiveness"] == pytest.approx(600 * 30 / (355 * 60), abs=1e-9)
    assert early["quality_ratio"] == pytest.approx(580 / 600, abs=1e-9)
    assert early["oee"] == pytest.approx(355 / 450 * (600 * 30 / (355 * 60)) * 580 / 600, abs=1e-9)
    assert early["oee"] == pytest.approx(30 * 580 / (450 * 60), abs=1e-9)  # PRI x GQ / PBT
    assert early["nee"] == pytest.approx((355 + 20) / 450 * (600 * 30 / (355 * 60)) * 580 / 600, abs=1e-9)

    # Late. 480 - 60 unknown = 420 known; producing (600 - 480) + (960 - 700) = 380, set-up 40.
    assert (late["planned_busy_s"], late["producing_s"], late["setup_s"], late["unknown_s"]) == (
        *(420 * 60, 380 * 60, 40 * 60, 60 * 60),
    )
    assert (late["made"], late["scrap"], late["rework"], late["good"]) == (500, 8, 5, 487)
    assert late["oee"] == pytest.approx(380 / 420 * (500 * 30 / (380 * 60)) * 487 / 500, abs=1e-9)

    # Night. 480 min of producing; 700 parts of 30 s are 350 min.
    assert (night["planned_busy_s"], night["availability"], night["made"]) == (480 * 60, 1, 700)
    assert night["oee"] == pytest.approx(350 / 480 * (700 - 14) / 700, abs=1e-9)


async def test_shifts_add_up_by_sums_not_by_averages(shop: ShopOfOne) -> None:
    three_shifts(shop)
    await shop.keep()
    (sums,) = shop.asks(
        "SELECT sum(planned_run_s) / sum(planned_busy_s) * sum(good) / sum(made) AS oee FROM bi.machine_hour"
        " WHERE from_ts >= %s AND from_ts < %s AND shift IS NOT NULL",
        (at(0), at(1440)),
    )
    good = 580 + 487 + 686
    assert sums["oee"] == pytest.approx(30 * 1800 / ((450 + 420 + 480) * 60) * good / 1800, abs=1e-9)


async def test_a_reason_said_later_and_a_count_that_comes_later_heal_the_past(shop: ShopOfOne) -> None:
    three_shifts(shop)
    await shop.keep()
    shop.connection.execute("UPDATE plant.stop_piece SET reason = 'break' WHERE from_ts = %s", (at(360),))
    shop.connection.execute("DELETE FROM plant.machine_state_interval WHERE state = 'unknown'")
    shop.does("idle", 640, 700, "jam")
    shop.enters("scrap", 2, "burr", 1000)
    await shop.keep()
    early, late, night = shop.asks(SHIFT, (at(0), at(1440)))
    assert (early["planned_busy_s"], early["unexplained_s"], early["planned_s"]) == (435 * 60, 0, 45 * 60)
    assert (late["planned_busy_s"], late["unplanned_s"], late["unknown_s"]) == (480 * 60, 60 * 60, 0)
    assert (night["scrap"], night["good"]) == (16, 684)


async def test_counts_without_a_run_are_in_no_ratio_and_stand_beside_it(shop: ShopOfOne) -> None:
    shop.does("producing", 0, 480)
    shop.counts("parts", [(0, 0), (240, 300), (480, 600)])
    shop.books("parts", (0, 0), (240, 300))
    shop.connection.execute(
        "INSERT INTO plant.not_assigned (tag_id, odometer_from, odometer_to, from_ts, to_ts, reason)"
        " SELECT tag_id, 300, 600, %s, %s, 'no_run' FROM plant.tag WHERE name = 'parts'",
        (at(240), at(480)),
    )
    await shop.keep()
    (early,) = shop.asks(SHIFT, (at(0), at(480)))
    assert (early["made"], early["not_assigned"], early["good"]) == (300, 300, 300)


async def test_without_a_planned_time_there_is_no_effectiveness_but_a_count_of_what_it_lacks(
    plant_database: PlantDatabase, database_server: PostgresServer
) -> None:
    shop = ShopOfOne(
        plant_database.url, database_server.url("lineside_bi", plant_database.name), cycle_time_s=0
    )
    shop.does("producing", 0, 480)
    shop.counts("parts", [(0, 0), (480, 600)])
    shop.books("parts", (0, 0), (480, 600))
    await shop.keep()
    (early,) = shop.asks(SHIFT, (at(0), at(480)))
    assert (early["availability"], early["quality_ratio"], early["unrated"]) == (1, 1, 600)
    assert (early["effectiveness"], early["oee"], early["nee"]) == (None, None, None)
    shop.close()


async def test_until_shifts_are_stated_a_machine_that_is_off_was_not_meant_to_work(shop: ShopOfOne) -> None:
    shop.connection.execute("DELETE FROM plant.shift_pattern")
    shop.connection.execute(
        "INSERT INTO plant.shift_pattern (code, name_en, name_zh, start_time, end_time, is_stated)"
        " VALUES ('day', 'Whole day', '全天', '00:00', '00:00', false)"
    )
    shop.does("producing", 0, 300)
    shop.does("off", 300, 400)
    shop.does("idle", 400, 480)
    await shop.keep()
    (told,) = shop.asks(
        "SELECT sum(planned_busy_s) AS busy, sum(planned_s) AS planned FROM bi.machine_hour"
        " WHERE from_ts >= %s AND from_ts < %s",
        (at(0), at(480)),
    )
    assert told == {"busy": 380 * 60, "planned": 100 * 60}


async def test_parts_of_a_booking_add_up_however_hours_and_shifts_cut_it(shop: ShopOfOne) -> None:
    """1801 parts in 7 readings that fit no hour: whole parts in every hour, and none lost."""
    readings = [(minute, round(minute * 1801 / 1433)) for minute in (0, 7, 333, 334, 900, 1111, 1433)]
    shop.does("producing", 0, 1440)
    shop.counts("parts", readings)
    shop.books("parts", readings[0], readings[-1])
    await shop.keep()
    hours = shop.asks("SELECT from_ts, made FROM bi.output_hour ORDER BY from_ts")
    assert sum(hour["made"] for hour in hours) == 1801
    assert all(hour["made"] == int(hour["made"]) for hour in hours)
    assert len(hours) > 20


@pytest.mark.parametrize(
    ("busy_min", "run_min", "cycle_time_s", "made", "good", "published"),
    [
        # Vorne, The Fast Guide to OEE: 8 h less 60 min of breaks, 47 min down, 1 s a part.
        (420, 373, 1, 19271, 18848, (0.8881, 0.8611, 0.9780, 0.7479)),
        # EUROMOTOR, Introduction to TPM, after Nakajima: 460 min, 400 run, half a minute a part.
        (460, 400, 30, 400, 392, (0.8696, 0.5000, 0.9800, 0.4261)),
        # waycalculator, OEE example 1.
        (480, 420, 60, 400, 380, (0.8750, 0.9524, 0.9500, 0.7917)),
    ],
)
async def test_published_examples(
    plant_database: PlantDatabase,
    database_server: PostgresServer,
    busy_min: int,
    run_min: int,
    cycle_time_s: int,
    made: int,
    good: int,
    published: tuple[float, ...],
) -> None:
    url = database_server.url("lineside_bi", plant_database.name)
    shop = ShopOfOne(plant_database.url, url, cycle_time_s=cycle_time_s)
    shop.does("producing", 0, run_min)
    if run_min < busy_min:
        shop.does("fault", run_min, busy_min, "jam")
    if busy_min < 480:
        shop.does("idle", busy_min, 480, "break")
    shop.counts("parts", [(0, 0), (480, made)])
    shop.books("parts", (0, 0), (480, made))
    shop.enters("scrap", made - good, "burr", 100)
    await shop.keep()
    (told,) = shop.asks(SHIFT, (at(0), at(480)))
    ratios = [told[name] for name in ("availability", "effectiveness", "quality_ratio", "oee")]
    assert ratios == pytest.approx(published, abs=6e-5)
    shop.close()
