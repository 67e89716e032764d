"""Browse paths and machines as they stand in a profile, and what is wrong with them."""

import pytest

from edge.acquisition.browse_path import QualifiedName
from tests.edge.acquisition.test_profile_file import mistakes, profile

M = "urn:m"
OPCUA = """\
opcua:
  namespaces: {m: urn:m}
  start: nsu=urn:m;s=Hall
  machines: {below: m:Machines, having: m:Mark, serial_number: m:Mark/m:Serial}
"""
TAG = "  - {{name: a, {where}, datatype: Int32, role: measurement}}\n"


def test_a_tag_may_have_ways_in_place_of_a_node():
    made = profile(TAG.format(where="path: [m:A/B, /m:C]"), "opcua", OPCUA)
    first, second = made.polled[0].address.paths
    assert first.names == (QualifiedName("A", M), QualifiedName("B"))
    assert (first.from_start, second.from_start) == (False, True)
    assert made.polled[0].address.place == "m:A/B or /m:C"
    assert made.start == "nsu=urn:m;s=Hall"
    assert made.machines.serial_number.names == (QualifiedName("Mark", M), QualifiedName("Serial", M))
    assert made.machines.product_instance_uri is None
    assert made.in_namespace("urn:y").polled == made.polled, "ways name their namespaces"


def test_the_node_of_a_state_is_seen_whole():
    for path, whole in (
        ("m:A/CurrentState/Id", True),
        ("m:A/m:Id", False),
        ("m:A/CurrentState/Number", False),
    ):
        made = profile(TAG.format(where=f"path: {path}"), "opcua", OPCUA)
        assert made.polled[0].address.is_whole is whole


@pytest.mark.parametrize(
    ("where", "more", "said"),
    [
        (
            "path: x:A",
            OPCUA,
            "x.yaml:12: tags[0].path: 'x' is no namespace of opcua: {namespaces: …}; there are: m",
        ),
        ("path: m:A, node: i=1", OPCUA, "path: takes the place of node"),
        ("path: []", OPCUA, "should be a path such as m:Machines/own:Press 1"),
        ("mode: poll", OPCUA, "node: is missing, and so is path"),
        ("path: A", "opcua: {start: Objects}\n", "opcua.start: should be a node id such as i=85"),
        ("path: A", "opcua: {namespaces: {'a:b': urn:x}}\n", "should be a short name without"),
        (
            "path: A",
            "opcua: {machines: {below: q:A, having: B}}\n",
            "opcua.machines.below: 'q' is no namespace",
        ),
        ("path: A", "opcua: {machines: {below: A}}\n", "opcua.machines.having: is missing"),
    ],
)
def test_what_is_wrong_with_a_way_is_said_at_its_place(where, more, said):
    assert any(said in one for one in mistakes(TAG.format(where=where), "opcua", more))


def test_ways_are_for_opc_ua():
    assert any(
        "path: is for OPC UA" in one
        for one in mistakes("  - {name: a, register: 1, path: A, role: measurement}\n")
    )
