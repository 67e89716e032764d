"""seq and the payload's timestamp (chapters 4, 5 and 6)."""

import itertools

from tests.contract.sparkplug_reading import Payload
from tests.contract.tck.breaking import change, payload, sent, seq_off_by, stamped, unstamped, with_seq
from tests.contract.tck.registry import add, rule
from tests.contract.tck.session_view import COMMANDS, SEQUENCED, Message, View

# How far a timestamp may be from the moment its message passed: clocks and a busy machine, but no time zone.
CLOSE_MS = 60_000


def _messages(view: View, kind: str) -> list[Message]:
    return view.sent_by_hosts(kind) if kind in COMMANDS else view.sent_by_edges(kind)


# --- timestamps ---


def _has_timestamp(kind: str, *tck_ids: str) -> None:
    def reading(view: View) -> None:
        for message in _messages(view, kind):
            assert message.payload.timestamp_ms is not None, f"{message} has no timestamp"

    add(tck_ids, reading, change(sent(kind), payload(unstamped)))


def _has_time_of_sending(kind: str) -> None:
    def reading(view: View) -> None:
        for message in _messages(view, kind):
            _assert_now(message)

    add(
        (f"tck-id-payloads-{kind.lower()}-timestamp",),
        reading,
        change(sent(kind), payload(stamped(-600_000))),
    )


def _assert_now(message: Message) -> None:
    stamp_ms = message.payload.timestamp_ms
    assert stamp_ms is not None, f"{message} has no timestamp"
    assert abs(stamp_ms - message.at_ms) <= CLOSE_MS, (
        f"{message} is stamped {stamp_ms - message.at_ms} ms off"
    )


_has_timestamp("NBIRTH", "tck-id-topics-nbirth-timestamp")
_has_timestamp("DBIRTH", "tck-id-topics-dbirth-timestamp")
_has_timestamp("NDATA", "tck-id-topics-ndata-timestamp")
_has_timestamp("DDATA", "tck-id-topics-ddata-timestamp")
_has_timestamp("NCMD", "tck-id-topics-ncmd-timestamp")
_has_timestamp("DCMD", "tck-id-topics-dcmd-timestamp")

# tck-id-payloads-nbirth-timestamp, …-dbirth-timestamp, and so on
for _kind in ("NBIRTH", "DBIRTH", "NDATA", "DDATA", "DDEATH", "NCMD", "DCMD"):
    _has_time_of_sending(_kind)


@rule("tck-id-payloads-timestamp-in-UTC", broken_by=change(sent("DDATA"), payload(stamped(8 * 3_600_000))))
def timestamps_are_in_utc(view: View) -> None:
    """A time zone would show as a shift of at least a quarter of an hour."""
    for message in view.sent_by_edges(*SEQUENCED) + view.sent_by_hosts(*COMMANDS):
        _assert_now(message)


# --- seq ---


@rule("tck-id-topics-nbirth-seq-num", broken_by=change(sent("NBIRTH"), payload(with_seq(1))))
def nbirth_has_seq_0(view: View) -> None:
    for message in view.sent_by_edges("NBIRTH"):
        assert message.payload.seq == 0, f"{message} has seq {message.payload.seq}"


@rule(
    "tck-id-payloads-nbirth-seq",
    "tck-id-message-flow-edge-node-birth-publish-nbirth-payload-seq",
    "tck-id-payloads-sequence-num-req-nbirth",
    "tck-id-payloads-sequence-num-zero-nbirth",
    broken_by=change(sent("NBIRTH"), payload(with_seq(256))),
)
def nbirth_has_a_seq_of_one_byte(view: View) -> None:
    for message in view.sent_by_edges("NBIRTH"):
        assert message.payload.seq in range(256), f"{message} has seq {message.payload.seq}"


@rule(
    "tck-id-payloads-sequence-num-always-included", broken_by=change(sent("DDATA"), payload(with_seq(None)))
)
def every_message_of_an_edge_has_a_seq(view: View) -> None:
    for message in view.sent_by_edges(*SEQUENCED):
        assert message.payload.seq is not None, f"{message} has no seq"


def _has_seq(kind: str, *tck_ids: str) -> None:
    def reading(view: View) -> None:
        for message in view.sent_by_edges(kind):
            assert message.payload.seq is not None, f"{message} has no seq"

    add(tck_ids, reading, change(sent(kind), payload(with_seq(None))))


_has_seq("DBIRTH", "tck-id-payloads-dbirth-seq")
_has_seq("NDATA", "tck-id-payloads-ndata-seq")
_has_seq("DDATA", "tck-id-payloads-ddata-seq")
_has_seq("DDEATH", "tck-id-payloads-ddeath-seq", "tck-id-payloads-ddeath-seq-number")


@rule(
    "tck-id-payloads-sequence-num-incrementing",
    broken_by=change(sent("DDATA"), payload(seq_off_by(1)), nth=100),
)
def seq_counts_up_by_one(view: View) -> None:
    _counts_up(view, *SEQUENCED)


def _counts_up(view: View, *kinds: str) -> None:
    """Each message of these kinds has the seq after the one before it, of whatever kind that was; 0 after 255."""
    checked = view.sent_by_edges(*(kind for kind in kinds if kind != "NBIRTH"))
    assert checked
    for run in [run for session in view.edge_sessions for run in view.births_of(session)]:
        for before, message in itertools.pairwise(run):
            if message.type in kinds:
                expected = ((before.payload.seq or 0) + 1) % 256
                assert message.payload.seq == expected, (
                    f"{message}: seq {message.payload.seq} is not {expected}"
                )


def _increments(kind: str, *tck_ids: str) -> None:
    def _past_255(old: Payload) -> Payload:
        return with_seq((old.seq or 0) + 256)(old)

    add(tck_ids[:1], lambda view: _counts_up(view, kind), change(sent(kind), payload(seq_off_by(1))))
    add(tck_ids[1:], lambda view: _counts_up(view, kind), change(sent(kind), payload(_past_255)))


_increments(
    "DBIRTH",
    "tck-id-topics-dbirth-seq",
    "tck-id-payloads-dbirth-seq-inc",
    "tck-id-message-flow-device-birth-publish-dbirth-payload-seq",
)
_increments("NDATA", "tck-id-topics-ndata-seq-num", "tck-id-payloads-ndata-seq-inc")
_increments("DDATA", "tck-id-topics-ddata-seq-num", "tck-id-payloads-ddata-seq-inc")
_increments("DDEATH", "tck-id-topics-ddeath-seq-num", "tck-id-payloads-ddeath-seq-inc")


# --- commands carry none ---


def _has_no_seq(kind: str) -> None:
    def reading(view: View) -> None:
        for message in view.sent_by_hosts(kind):
            assert message.payload.seq is None, f"{message} has seq {message.payload.seq}"

    add((f"tck-id-payloads-{kind.lower()}-seq",), reading, change(sent(kind), payload(with_seq(7))))


_has_no_seq("NCMD")
_has_no_seq("DCMD")
