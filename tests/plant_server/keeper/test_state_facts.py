"""What is said of a machine, in whatever order, gives one story."""

from hypothesis import given
from hypothesis import strategies as st

from plant_server.domain.machine_state import MachineState
from plant_server.keeper.state_facts import Fact, InForce, Kind, in_force_after, said

EXECUTE, IDLE_CODE, ABORTED = 6.0, 4.0, 9.0
MANUAL_MODE, PRODUCE_MODE = 3.0, 1.0


def state(at_ms: int, value: float | None) -> Fact:
    return Fact(at_ms, Kind.STATE, value)


def story(*facts: Fact, vocabulary: str | None = "packml") -> list[tuple[int, str]]:
    return [(at_ms, str(word)) for at_ms, word in said(facts, vocabulary)]


def test_a_code_is_read_with_the_mode_of_the_same_instant() -> None:
    facts = [state(0, EXECUTE), Fact(0, Kind.MODE, MANUAL_MODE), Fact(5, Kind.MODE, PRODUCE_MODE)]
    assert story(*facts) == [(0, "setup"), (5, "producing")]


def test_a_mode_alone_says_nothing() -> None:
    assert story(Fact(0, Kind.MODE, MANUAL_MODE), state(5, IDLE_CODE)) == [(5, "setup")]


def test_what_is_unseen_stays_unknown_until_the_next_sample_of_the_state() -> None:
    facts = [
        state(0, EXECUTE),
        Fact(5, Kind.UNSEEN, None),
        Fact(6, Kind.MODE, MANUAL_MODE),
        state(9, EXECUTE),
    ]
    assert story(*facts) == [(0, "producing"), (5, "unknown"), (9, "setup")]


def test_unseen_has_the_last_word_of_an_instant() -> None:
    assert story(state(5, EXECUTE), Fact(5, Kind.UNSEEN, None)) == [(5, "unknown")]


def test_a_bad_sample_is_an_unknown_state() -> None:
    assert story(state(0, EXECUTE), state(5, None)) == [(0, "producing"), (5, "unknown")]


def test_contradicting_samples_of_one_instant_count_as_the_less_favourable() -> None:
    assert story(state(0, EXECUTE), state(0, ABORTED)) == [(0, "fault")]


def test_without_a_known_vocabulary_nothing_is_guessed() -> None:
    for vocabulary in (None, "esperanto"):
        assert story(state(0, EXECUTE), vocabulary=vocabulary) == [(0, "unknown")]


def test_a_mode_change_uses_the_code_in_force_before() -> None:
    before = [state(0, EXECUTE)]
    after = said([Fact(5, Kind.MODE, MANUAL_MODE)], "packml", in_force_after(before, "packml"))
    assert list(after) == [(5, MachineState.SETUP)]
    assert in_force_after([*before, Fact(1, Kind.UNSEEN, None)], "packml") == InForce(None, None)


facts_of_a_machine = st.lists(
    st.builds(
        Fact,
        st.integers(0, 5),
        st.sampled_from(Kind),
        st.none() | st.sampled_from([EXECUTE, IDLE_CODE, ABORTED, MANUAL_MODE, PRODUCE_MODE]),
    ),
    max_size=8,
)


@given(facts_of_a_machine, st.randoms(use_true_random=False))
def test_the_order_in_which_facts_come_does_not_matter(facts: list[Fact], random: st.DataObject) -> None:
    shuffled = list(facts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert list(said(shuffled, "packml")) == list(said(facts, "packml"))
    assert in_force_after(shuffled, "packml") == in_force_after(facts, "packml")
