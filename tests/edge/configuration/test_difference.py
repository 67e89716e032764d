"""What another configuration changes, in words, and which counters begin anew by it."""

import json
from pathlib import Path
from typing import Any

import pytest

from edge.configuration.difference import Difference, difference
from edge.configuration.reading import Configuration, read_configuration
from tests.edge.changeable_edge import counter, measured

CELL = [counter(), measured("speed")]


@pytest.fixture
def read(tmp_path: Path):
    """A configuration of one device `press` and a profile `cell.yaml`."""

    def written(tags: list[dict[str, Any]] = CELL, *more: dict[str, Any], **changes: Any) -> Configuration:
        head = {"name": "cell", "driver": "modbus", "document": "d", "revision": "r", "page": "p"}
        defaults = {"table": "holding", **changes.pop("modbus", {})}
        profile = {**head, "verified": "device", "modbus": defaults, "tags": tags}
        (tmp_path / "cell.yaml").write_text(json.dumps(profile))
        press = {"name": "press", "profile": "cell.yaml", "url": "modbus://h", "path": "demo"}
        devices = [press | changes.pop("press", {}), *more]
        config = {
            "edge": {"name": "e", "group": "g"},
            "broker": {"urls": ["mqtt://b"]},
            "devices": devices,
            **changes,
        }
        (tmp_path / "lineside.yaml").write_text(json.dumps(config))
        return read_configuration(tmp_path / "lineside.yaml")

    return written


def test_the_same_twice_differs_in_nothing(read) -> None:
    assert difference(read(), read()) == Difference()


def test_comments_and_order_act_on_nothing(read, tmp_path) -> None:
    before = read()
    path = tmp_path / "lineside.yaml"
    path.write_text("# why\n" + path.read_text())
    after = read_configuration(path)
    assert difference(before, after).is_nothing
    assert before.texts != after.texts


OTHER = {"name": "oven", "profile": "eastron_sdm630", "url": "modbus://o", "path": "demo"}


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (([counter()],), "press: tag removed: speed"),
        (([*CELL, measured("oil", 7)],), "press: tag added: oil (measurement)"),
        (([counter(), measured("speed", 7)],), "press: tag speed: register 4 → 7"),
        (([counter(rate_max=9.5), CELL[1]],), "press: tag parts: rate_max 500 → 9.5"),
        (([counter(), CELL[1] | {"unit": "1/min"}],), "press: tag speed: unit 1 → 1/min"),
        (([counter(), CELL[1] | {"scale": 0.1}],), "press: tag speed: scale 1 → 1/10"),
        ((CELL, OTHER), "device added: oven (eastron_sdm630 at modbus://o)"),
    ],
)
def test_tags_and_devices_are_told_in_words(read, after, words) -> None:
    found = difference(read(), read(*after))
    assert words in found.words
    assert (found.needs_restart, found.removed) == ((), ())
    assert (found.changed, found.added) == ((("press",), ()) if len(after) == 1 else ((), ("oven",)))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"period_s": 5}, "press: period_s 1 → 5"),
        ({"url": "modbus://i"}, "press: url modbus://h → modbus://i"),
        ({"path": "demo/x"}, "press: path demo → demo/x"),
        ({"registers_per_read": 9}, "press: registers_per_read none → 9"),
        ({"writable": ["speed"]}, "press: writable [] → "),
    ],
)
def test_each_setting_of_a_device_is_told(read, change, words) -> None:
    found = difference(read(), read(press=change))
    assert [line[: len(words)] for line in found.words] == [words]
    assert (found.changed, found.anew) == (("press",), {})


def test_how_a_profile_reads_a_device_is_told(read) -> None:
    found = difference(read(), read(modbus={"gap_limit": 0}))
    assert found.words == ("press: gap_limit 16 → 0",)


def test_a_device_that_is_gone_is_told(read) -> None:
    found = difference(read(CELL, OTHER), read())
    assert found.words == ("device removed: oven (eastron_sdm630 at modbus://o)",)
    assert found.removed == ("oven",)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"edge": {"name": "f", "group": "g"}}, "edge.name e → f"),
        ({"broker": {"urls": ["mqtt://c"]}}, "broker.urls [mqtt://b] → [mqtt://c]"),
        ({"spool": {"max_bytes": "1MiB"}}, "spool.max_bytes 2147483648 → 1048576"),
        ({"timing": {"heartbeat_s": 5}}, "timing.heartbeat_s 10 → 5"),
        ({"metrics": {}}, "metrics none → "),
    ],
)
def test_what_is_no_device_needs_a_restart(read, changes, words) -> None:
    found = difference(read(), read(**changes))
    assert found.words == ()
    assert [line[: len(words)] for line in found.needs_restart] == [words]


def test_no_secret_is_told(read, tmp_path) -> None:
    (tmp_path / "password").write_text("open sesame")
    security = {"broker": {"urls": ["mqtt://b"], "username": "u", "password_file": "password"}}
    found = difference(read(), read(**security))
    assert found.needs_restart
    assert "sesame" not in str(found)


@pytest.mark.parametrize(
    "change",
    [{"register": 2}, {"scale": 2}, {"type": "int32", "width": 31}, {"word_order": "CDAB"}],
)
def test_a_counter_of_which_the_number_changes_begins_anew(read, change) -> None:
    found = difference(read(), read([counter() | change, CELL[1]]))
    assert found.anew == {"press": ("parts",)}
    assert found.words[-1] == "press: counts anew from its next reading: parts"


def test_behind_a_gateway_another_unit_is_another_counter(read) -> None:
    assert difference(read(), read(press={"unit_id": 2})).anew == {"press": ("parts",)}


def test_transformers_change_what_a_meter_shows(read) -> None:
    energy = {"name": "energy", "register": 0, "type": "uint32", "role": "meter", "unit": "Wh", "width": 32}
    tags = [energy | {"rate_max": 500.0, "transformer": "current"}]
    assert difference(read(tags), read(tags, press={"ct_ratio": 20})).anew == {"press": ("energy",)}


@pytest.mark.parametrize(
    "change", [{"rate_max": 9.5}, {"width": 31}, {"unit": "cycles", "counts": "cycles"}, {"period_s": 5}]
)
def test_a_counter_that_is_only_called_otherwise_goes_on(read, change) -> None:
    found = difference(read(), read([counter(**change), CELL[1]]))
    assert (found.changed, found.anew) == (("press",), {})


def test_a_counter_that_comes_back_as_another_number_begins_anew(read) -> None:
    away, back = read(CELL[1:]), read([counter(2), CELL[1]])
    assert difference(away, back, [away, read()]).anew == {"press": ("parts",)}
    assert difference(away, back, [away, read([counter(2)]), read()]).anew == {}, (
        "as it was when it last was there"
    )
    gone = read(CELL[1:], press={"name": "other"})
    found = difference(gone, back, [read()])
    assert (found.added, found.anew) == (("press",), {"press": ("parts",)})


def test_what_was_accepted_before_is_read_only_as_far_as_it_is_needed(read) -> None:
    def never():
        raise AssertionError("nobody has to know")
        yield

    assert difference(read(), read(CELL[:1]), never()).anew == {}


def test_a_counter_that_is_new_or_gone_is_no_counter_begun_anew(read) -> None:
    assert difference(read(CELL[1:]), read()).anew == {}
    assert difference(read(), read(CELL[1:])).anew == {}
