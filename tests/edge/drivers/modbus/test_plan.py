import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.acquisition.addresses import ModbusAddress, RegisterType, Table
from edge.acquisition.profile import Tag
from edge.acquisition.profile_file import load_profile
from edge.contract.datatypes import DataType
from edge.contract.roles import Role
from edge.drivers.modbus.plan import Limits, modbus_address, plan_reads, split_read


def tag(register: int, type_: str = "uint16", table: str = "holding") -> Tag:
    address = ModbusAddress(Table(table), register, RegisterType(type_))
    return Tag(f"{table}{register}{type_}", Role.MEASUREMENT, DataType.INT64, address)


def spans(reads):
    return [(read.start, read.count) for read in reads]


def test_neighbours_are_read_together():
    assert spans(plan_reads([tag(at) for at in range(100)], Limits())) == [(0, 100)]


def test_a_read_spans_gaps_up_to_the_limit():
    tags = [tag(0), tag(17), tag(35)]
    assert spans(plan_reads(tags, Limits(gap_max=16))) == [(0, 18), (35, 1)]
    assert spans(plan_reads(tags, Limits(gap_max=17))) == [(0, 36)]
    assert spans(plan_reads(tags, Limits(gap_max=0))) == [(0, 1), (17, 1), (35, 1)]


def test_a_read_never_cuts_a_value():
    assert spans(plan_reads([tag(0, "uint64"), tag(4, "uint64")], Limits(registers_max=7))) == [
        (0, 4),
        (4, 4),
    ]


def test_tables_are_not_mixed():
    assert spans(plan_reads([tag(0), tag(1, table="input")], Limits())) == [(0, 1), (1, 1)]


def test_bit_tables_have_their_own_limit():
    tags = [tag(at, "bit", "coil") for at in range(0, 3000, 2)]
    assert spans(plan_reads(tags, Limits())) == [(0, 1999), (2000, 999)]


def test_start_and_count_are_even_where_the_device_wants_it():
    reads = plan_reads([tag(3), tag(5, "uint32"), tag(7)], Limits(even=True))
    assert spans(reads) == [(2, 6)]
    reads = plan_reads([tag(at, "float32") for at in range(1, 99, 2)], Limits(registers_max=50, even=True))
    assert all(start % 2 == 0 and count % 2 == 0 and count <= 50 for start, count in spans(reads))


def test_the_eastron_profile_needs_two_reads():
    profile = load_profile("eastron_sdm630")
    assert spans(plan_reads(profile.polled, Limits.of(profile))) == [(0x00, 12), (0x34, 24)]


def test_the_widest_gap_is_cut_first():
    (read,) = plan_reads([tag(0), tag(1), tag(12), tag(14)], Limits())
    assert [spans([half]) for half in split_read(read, Limits()) or ()] == [[(0, 2)], [(12, 3)]]


def test_without_a_gap_the_middle_is_cut():
    (read,) = plan_reads([tag(at) for at in range(8)], Limits())
    assert spans(split_read(read, Limits()) or ()) == [(0, 4), (4, 4)]


def test_what_shares_a_register_cannot_be_split():
    (read,) = plan_reads([tag(5), tag(5, "bit")], Limits())
    assert split_read(read, Limits()) is None


TAGS = st.lists(
    st.builds(
        tag,
        st.integers(0, 400),
        st.sampled_from(["uint16", "int32", "float64"]),
        st.sampled_from(["holding", "input"]),
    ),
    min_size=1,
    max_size=60,
)
LIMITS = st.builds(Limits, st.sampled_from([8, 50, 125]), st.integers(0, 30), st.booleans())


def check(reads, tags, limits):
    assert sorted(tag.name for read in reads for tag in read.tags) == sorted(tag.name for tag in tags)
    for read in reads:
        assert read.count <= limits.registers_max
        assert not limits.even or (read.start % 2 == 0 and read.count % 2 == 0)
        for one in read.tags:
            address = modbus_address(one)
            assert address.table is read.table
            assert read.start <= address.register
            assert address.end <= read.start + read.count


@given(TAGS, LIMITS)
def test_every_tag_is_whole_in_exactly_one_read_within_the_limits(tags, limits):
    check(plan_reads(tags, limits), tags, limits)


@given(TAGS, LIMITS)
def test_splitting_to_the_end_loses_no_tag(tags, limits):
    open_reads, smallest = plan_reads(tags, limits), []
    while open_reads:
        read = open_reads.pop()
        halves = split_read(read, limits)
        if halves is None:
            smallest.append(read)
        else:
            assert max(len(half.tags) for half in halves) < len(read.tags)
            open_reads.extend(halves)
    check(smallest, tags, limits)


def test_a_foreign_address_is_a_programming_error():
    with pytest.raises(TypeError):
        modbus_address(load_profile("packml").tags[0])
