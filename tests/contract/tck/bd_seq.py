"""bdSeq: what ties a birth to its death (chapters 4, 5 and 6)."""

import dataclasses
import itertools

from tests.contract import sparkplug_reading as sparkplug
from tests.contract.mqtt_packets import Connect
from tests.contract.sparkplug_reading import Metric, Value
from tests.contract.tck.breaking import (
    change,
    fields,
    metric,
    packet,
    payload,
    sent,
    to_edge,
    will_payload,
    without_metric,
)
from tests.contract.tck.registry import rule
from tests.contract.tck.session_view import BD_SEQ, View, bd_seq_of, found


@rule(
    "tck-id-topics-nbirth-bdseq-included",
    "tck-id-payloads-nbirth-bdseq",
    broken_by=change(sent("NBIRTH"), payload(without_metric(BD_SEQ))),
)
def nbirth_has_a_bd_seq(view: View) -> None:
    for message in view.sent_by_edges("NBIRTH"):
        assert message.payload.metric(BD_SEQ) is not None, f"{message} has no bdSeq"


def _another_bd_seq(old: Metric) -> Metric:
    return dataclasses.replace(old, value=Value("long", 77))


_OTHER_BD_SEQ = payload(metric(_another_bd_seq, name=BD_SEQ))


@rule("tck-id-topics-nbirth-bdseq-matching", broken_by=change(sent("NBIRTH"), _OTHER_BD_SEQ))
@rule("tck-id-payloads-nbirth-bdseq-repeat", broken_by=change(sent("NBIRTH"), _OTHER_BD_SEQ, nth=2))
def nbirth_has_the_bd_seq_of_the_will(view: View) -> None:
    view.sent_by_edges("NBIRTH")
    for session in view.edge_sessions:
        for message in session.sent("NBIRTH"):
            assert session.connect.will is not None, f"connection {session.connection} has no will"
            in_will, in_birth = bd_seq_of(session.connect.will.payload), bd_seq_of(message.publish.payload)
            assert in_birth is not None, f"{message}: bdSeq {in_birth}, in the will {in_will}"
            assert in_birth == in_will, f"{message}: bdSeq {in_birth}, in the will {in_will}"


@rule(
    "tck-id-message-flow-edge-node-birth-publish-nbirth-payload-bdSeq",
    broken_by=change(sent("NBIRTH"), payload(metric(fields(datatype=sparkplug.UINT8), name=BD_SEQ))),
)
def nbirth_has_the_bd_seq_as_int64(view: View) -> None:
    nbirth_has_the_bd_seq_of_the_will(view)
    for message in view.sent_by_edges("NBIRTH"):
        bd_seq = message.payload.metric(BD_SEQ)
        assert bd_seq is not None, f"{message}: bdSeq is no Int64"
        assert bd_seq.datatype == sparkplug.INT64, f"{message}: bdSeq is no Int64"


def _bd_seqs(view: View) -> list[list[int]]:
    """The bdSeq of every CONNECT, in order, for each edge."""
    by_edge: dict[str, list[int]] = {}
    for session in view.edge_sessions:
        assert session.connect.will is not None, f"connection {session.connection} has no will"
        bd_seq = bd_seq_of(session.connect.will.payload)
        assert bd_seq is not None, f"the will of connection {session.connection} has no bdSeq"
        by_edge.setdefault(session.client_id, []).append(bd_seq)
    return found([each for each in by_edge.values() if len(each) > 1], "edge that connected twice")


def _assert_steps(values: list[int]) -> None:
    for before, after in itertools.pairwise(values):
        assert after == (before + 1) % 256, f"bdSeq goes from {before} to {after}"


_BD_SEQ_IN_WILL = will_payload(metric(_another_bd_seq, name=BD_SEQ))


@rule("tck-id-topics-nbirth-bdseq-increment", broken_by=change(to_edge(packet(Connect)), _BD_SEQ_IN_WILL))
def bd_seq_starts_at_0_and_steps_by_1(view: View) -> None:
    for values in _bd_seqs(view):
        assert values[0] == 0, f"the first bdSeq is {values[0]}"
        _assert_steps(values)


@rule(
    "tck-id-message-flow-edge-node-birth-publish-will-message-payload-bdSeq",
    broken_by=change(to_edge(packet(Connect)), _BD_SEQ_IN_WILL, nth=-1),
)
def the_will_has_the_next_bd_seq_as_int64(view: View) -> None:
    for values in _bd_seqs(view):
        _assert_steps(values)
        assert max(values) <= 255, f"bdSeq {max(values)}"
    for session in view.edge_sessions:
        assert session.connect.will is not None
        bd_seq = sparkplug.read(session.connect.will.payload).metric(BD_SEQ)
        assert bd_seq is not None, "bdSeq is no Int64"
        assert bd_seq.datatype == sparkplug.INT64, "bdSeq is no Int64"
