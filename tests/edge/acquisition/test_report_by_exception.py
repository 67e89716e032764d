from hypothesis import given
from hypothesis import strategies as st

from edge.acquisition.addresses import EdgeMade
from edge.acquisition.driver import Reading
from edge.acquisition.profile import Tag
from edge.acquisition.report_by_exception import ReportByException
from edge.contract.datatypes import DataType, Quality
from edge.contract.roles import Counts, Role

STATE = Tag("state", Role.STATE, DataType.INT32, EdgeMade())
POWER = Tag("power", Role.MEASUREMENT, DataType.DOUBLE, EdgeMade(), unit="W", deadband=5.0)
PARTS = Tag(
    "parts", Role.COUNTER, DataType.UINT32, EdgeMade(), "parts", width=16, rate_max=10.0, counts=Counts.PARTS
)


def reading(tag, value, time_s=0):
    quality = Quality.BAD if value is None else Quality.GOOD
    return Reading(tag, value, time_s * 1000, quality, False)


def told(report, *values, tag=STATE, start_s=0):
    """Which of the values, read a second apart, are told."""
    return [
        value
        for second, value in enumerate(values, start_s)
        if report.worth_telling([reading(tag, value, second)])
    ]


def test_only_changes_are_told():
    assert told(ReportByException(), 6, 6, 6, 2, 2, 6) == [6, 2, 6]


def test_a_changed_quality_is_told_once():
    assert told(ReportByException(), 6, None, None, 6, 6) == [6, None, 6]


def test_a_measurement_is_told_when_it_left_its_deadband():
    assert told(ReportByException(), 100.0, 104.0, 105.0, 105.5, 101.0, 100.4, tag=POWER) == [
        100.0,
        105.5,
        100.4,
    ]


def test_a_slow_drift_is_told_although_no_step_leaves_the_deadband():
    drift = [float(value) for value in range(100, 120)]
    assert told(ReportByException(), *drift, tag=POWER) == [100.0, 106.0, 112.0, 118.0]


def test_everything_is_told_once_after_a_reconnection():
    report = ReportByException()
    assert told(report, 6, 6) == [6]
    report.tell_all_next()
    assert told(report, 6, 6) == [6]


def test_order_and_other_tags_are_kept():
    report = ReportByException()
    first = [reading(PARTS, 5), reading(STATE, 6), reading(POWER, 1.0)]
    assert report.worth_telling(first) == first
    second = [reading(PARTS, 5, 1), reading(STATE, 2, 1), reading(POWER, 1.0, 1)]
    assert report.worth_telling(second) == [second[1]]


def seconds_told(report, values):
    told_readings = (
        report.worth_telling([reading(PARTS, value, second)]) for second, value in enumerate(values)
    )
    return [told.time_ms // 1000 for worth in told_readings for told in worth]


def test_a_counter_that_went_down_is_told_three_times_more_and_once_after_a_minute():
    values = [500] * 3 + [7] * 90
    assert seconds_told(ReportByException(), values) == [0, 2, 3, 4, 5, 6, 36, 64]


def test_a_counter_that_stands_still_is_told_every_half_minute():
    assert seconds_told(ReportByException(), [500] * 95) == [0, 30, 60, 90]


def test_the_last_reading_before_a_step_down_is_told_with_it():
    report = ReportByException()
    for second in range(10):
        report.worth_telling([reading(PARTS, 500, second)])
    assert [told.time_ms for told in report.worth_telling([reading(PARTS, 3, 10)])] == [9_000, 10_000]


def test_what_was_kept_back_before_a_reconnection_is_never_told_after_it():
    report = ReportByException()
    seconds_told(report, [500] * 5)
    report.tell_all_next()
    assert [told.value for told in report.worth_telling([reading(PARTS, 3, 10)])] == [3]


def test_a_second_step_down_begins_anew():
    values = [500] * 3 + [7] * 10 + [2] * 80
    assert seconds_told(ReportByException(), values) == [0, 2, 3, 4, 5, 6, 12, 13, 14, 15, 16, 46, 74]


def test_a_bad_reading_does_not_hide_a_step_down():
    values = [500, 500, None, 7, 7, 7, 7, 7]
    assert seconds_told(ReportByException(), values) == [0, 2, 3, 4, 5, 6]


def test_a_step_down_across_a_reconnection_is_settled_too():
    report = ReportByException()
    told(report, 500, tag=PARTS)
    report.tell_all_next()
    assert told(report, 7, 7, 7, 7, 7, 7, tag=PARTS, start_s=1) == [7, 7, 7, 7]


@given(st.lists(st.one_of(st.none(), st.integers(0, 3)), max_size=60))
def test_whoever_hears_what_is_told_knows_the_counter_at_any_time(values):
    report, heard = ReportByException(), "nothing yet"
    for second, value in enumerate(values):
        for told_reading in report.worth_telling([reading(PARTS, value, second)]):
            heard = told_reading.value
        assert heard == value
