"""A configuration is read once, as a whole; what did not change of the present one is taken over."""

import json
from pathlib import Path

import pytest

from edge.configuration.reading import ConfigurationFiles, read_configuration
from tests.edge.changeable_edge import counter, measured

CONFIG = """\
edge: {name: e, group: g}
broker: {urls: ["mqtt://b"]}
devices:
  - {name: press, profile: press.yaml, url: "modbus://h", path: demo}
  - {name: oven, profile: lib/oven.yaml, url: "modbus://i", path: demo}
  - {name: meter, profile: eastron_sdm630, url: "modbus://j", path: demo}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lineside.yaml").write_text(CONFIG)
    profile(tmp_path / "press.yaml", counter())
    profile(tmp_path / "lib" / "oven.yaml", measured("heat"))
    return tmp_path / "lineside.yaml"


def profile(path: Path, *tags: dict) -> None:
    head = {"name": path.stem, "driver": "modbus", "document": "d", "revision": "r", "page": "p"}
    path.write_text(json.dumps(head | {"verified": "device", "tags": tags}))


def test_the_texts_are_those_of_the_file_and_of_its_own_profiles(file) -> None:
    texts = read_configuration(file).texts
    assert texts.file == CONFIG
    assert sorted(texts.profiles) == ["lib/oven.yaml", "press.yaml"]


def test_the_same_texts_are_the_same_configuration_whatever_lies_there_now(file) -> None:
    before = read_configuration(file)
    file.write_text("")
    profile(file.with_name("press.yaml"), measured("speed"))
    (file.parent / "lib" / "oven.yaml").unlink()
    assert read_configuration(file, before.texts) == before


def test_a_folder_that_was_exchanged_under_a_link_holds_the_same_files(file, tmp_path) -> None:
    before = read_configuration(file)
    moved = tmp_path / "moved"
    moved.mkdir()
    link = moved / "lineside.yaml"
    link.symlink_to(file)
    assert sorted(read_configuration(link, before.texts).texts.profiles) == ["lib/oven.yaml", "press.yaml"]


def test_only_what_changed_is_made_anew(file) -> None:
    before = read_configuration(file)
    profile(file.parent / "lib" / "oven.yaml", measured("heat", 9))
    after = ConfigurationFiles(file).configuration(before)
    assert after == read_configuration(file), "as if all were made anew"
    taken_over = {name for name in after.profiles if after.profiles[name] is before.profiles[name]}
    assert taken_over == {"press", "meter"}
    file.write_text(CONFIG.replace("modbus://j", "modbus://k").replace("name: press,", "name: other,"))
    last = ConfigurationFiles(file).configuration(after)
    assert last == read_configuration(file)
    assert {name for name in last.profiles if last.profiles[name] is after.profiles.get(name)} == {"oven"}
