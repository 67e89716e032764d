import pytest

from plant_server.security.access_control import (
    EdgeNode,
    Host,
    InvalidSparkplugId,
    covers,
    mosquitto_acl,
    rights_by_identity,
)


def test_the_acl_names_exactly_what_each_identity_may_do() -> None:
    acl = mosquitto_acl(rights_by_identity([EdgeNode("demo", "press-shop")], [Host("plant", ("demo",))]))
    assert acl.splitlines()[1:] == [
        "",
        "user demo:press-shop",
        "topic write spBv1.0/demo/NBIRTH/press-shop",
        "topic write spBv1.0/demo/NDATA/press-shop",
        "topic write spBv1.0/demo/NDEATH/press-shop",
        "topic write spBv1.0/demo/DBIRTH/press-shop/+",
        "topic write spBv1.0/demo/DDATA/press-shop/+",
        "topic write spBv1.0/demo/DDEATH/press-shop/+",
        "topic read spBv1.0/demo/NCMD/press-shop",
        "topic read spBv1.0/demo/DCMD/press-shop/+",
        "topic read spBv1.0/STATE/#",
        "",
        "user host:plant",
        "topic write spBv1.0/STATE/plant",
        "topic write spBv1.0/demo/NCMD/+",
        "topic write spBv1.0/demo/DCMD/+/+",
        "topic read spBv1.0/STATE/plant",
        "topic read spBv1.0/demo/#",
    ]


def test_a_host_without_groups_commands_every_group_but_not_another_hosts_state() -> None:
    rights = rights_by_identity([], [Host("plant")])["host:plant"]
    assert any(covers(filter_, "spBv1.0/any/NCMD/edge") for filter_ in rights.write)
    assert not any(covers(filter_, "spBv1.0/STATE/other") for filter_ in rights.write)
    assert not any(covers(filter_, "spBv1.0/demo/NDATA/edge") for filter_ in rights.write)


@pytest.mark.parametrize(
    "wrong", ["", "a/b", "a+", "#", "two\nlines", "nul\0", " padded", "padded ", "tab\tbed", "x" * 65]
)
def test_an_id_that_would_mean_something_else_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidSparkplugId):
        EdgeNode("demo", wrong)
    with pytest.raises(InvalidSparkplugId):
        EdgeNode(wrong, "press-shop")
    with pytest.raises(InvalidSparkplugId):
        Host(wrong)
    with pytest.raises(InvalidSparkplugId):
        Host("plant", (wrong,))


@pytest.mark.parametrize("group", ["host", "STATE", "a:b"])
def test_a_group_that_could_pose_as_a_host_or_as_another_group_is_refused(group: str) -> None:
    with pytest.raises(InvalidSparkplugId):
        EdgeNode(group, "plant")


def test_ids_in_chinese_with_spaces_and_colons_in_the_edge_are_fine() -> None:
    assert EdgeNode("工厂 1", "冲压:线1").identity == "工厂 1:冲压:线1"


@pytest.mark.parametrize(
    ("allowed", "requested", "expected"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/c", False),
        ("a/b", "a/b/c", False),
        ("a/b/c", "a/b", False),
        ("a/+", "a/b", True),
        ("a/+", "a/+", True),
        ("a/+", "a/#", False),
        ("a/+", "a/b/c", False),
        ("a/b", "a/+", False),
        ("a/#", "a", True),
        ("a/#", "a/b/c", True),
        ("a/#", "a/#", True),
        ("a/#", "#", False),
        ("a/#", "+/b", False),
    ],
)
def test_a_filter_covers_another_only_if_it_means_all_its_topics(
    allowed: str, requested: str, expected: bool
) -> None:
    assert covers(allowed, requested) is expected
