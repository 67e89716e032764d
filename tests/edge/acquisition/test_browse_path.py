import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.acquisition.browse_path import QualifiedName, browse_path, escaped

SHORT = {"m": "urn:m", "own": "urn:own"}


def names(text: str) -> list[tuple[str, str | None]]:
    return [(one.name, one.namespace) for one in browse_path(text, SHORT).names]


def test_names_are_taken_with_their_namespaces():
    assert names("m:Machines/own:Press 1/CurrentState") == [
        ("Machines", "urn:m"),
        ("Press 1", "urn:own"),
        ("CurrentState", None),
    ]


def test_an_ampersand_takes_the_meaning_from_what_follows():
    assert names("own:A&/B/own:C&:D/E&&F/G&") == [
        ("A/B", "urn:own"),
        ("C:D", "urn:own"),
        ("E&F", None),
        ("G&", None),
    ]


@given(st.lists(st.text(min_size=1), min_size=1, max_size=5))
def test_any_name_can_be_written(some: list[str]):
    path = browse_path("/".join(f"own:{escaped(name)}" for name in some), SHORT)
    assert path.names == tuple(QualifiedName(name, "urn:own") for name in some)


def test_a_slash_in_front_begins_at_the_start():
    assert browse_path("/m:Machines", SHORT).from_start
    assert not browse_path("m:Machines", SHORT).from_start


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("m:Machines//x", "empty name"),
        ("", "empty name"),
        ("m:", "empty name"),
        ("q:Machines", "'q' is no namespace of opcua: {namespaces: …}; there are: m, own"),
        ("m:a:b", "more than one colon"),
        ("/".join("x" * 31), "more than 30 names"),
    ],
)
def test_what_cannot_be_followed_is_refused(text, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        browse_path(text, SHORT)
