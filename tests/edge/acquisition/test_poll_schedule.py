from edge.acquisition.addresses import EdgeMade
from edge.acquisition.poll_schedule import PollSchedule
from edge.acquisition.profile import Tag
from edge.contract.datatypes import DataType
from edge.contract.roles import Role


def tag(name, period_s=None):
    return Tag(name, Role.MEASUREMENT, DataType.DOUBLE, EdgeMade(), period_s=period_s)


def names(tags):
    return "".join(tag.name for tag in tags)


def test_a_slow_tag_is_read_every_so_many_polls():
    schedule = PollSchedule([tag("a"), tag("b", 3.0)], period_s=1.0)
    assert [names(schedule.due(slot)) for slot in range(7)] == ["ab", "a", "a", "ab", "a", "a", "ab"]


def test_a_tag_whose_slot_was_skipped_is_read_in_the_next_one():
    schedule = PollSchedule([tag("a"), tag("b", 3.0)], period_s=1.0)
    assert [names(schedule.due(slot)) for slot in (0, 1, 4, 5, 6)] == ["ab", "a", "ab", "a", "ab"]


def test_a_tag_faster_than_its_device_is_read_at_every_poll():
    schedule = PollSchedule([tag("a", 0.1)], period_s=1.0)
    assert [names(schedule.due(slot)) for slot in range(3)] == ["a", "a", "a"]


def test_the_same_tags_are_the_same_object():
    schedule = PollSchedule([tag("a"), tag("b", 2.0)], period_s=1.0)
    by_slot = [schedule.due(slot) for slot in range(4)]
    assert by_slot[0] is by_slot[2]
    assert by_slot[1] is by_slot[3]


def test_all_are_due_after_a_restart():
    schedule = PollSchedule([tag("a"), tag("b", 5.0)], period_s=1.0)
    schedule.due(0)
    schedule.restart()
    assert names(schedule.due(0)) == "ab"
