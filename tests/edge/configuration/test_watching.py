"""When a changed file is read: once it has come to rest, however it was saved."""

import os
from pathlib import Path

import pytest

from edge.configuration.watching import ConfigurationWatch


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "lineside.yaml"
    path.write_text("a")
    return path


@pytest.fixture
def watch(file: Path) -> ConfigurationWatch:
    watch = ConfigurationWatch()
    watch.follow([file])
    watch.considered_now()
    return watch


def looks(watch: ConfigurationWatch, times: int = 4) -> list[bool]:
    return [watch.look() for _ in range(times)]


def replace(path: Path, text: str) -> None:
    beside = path.with_name("beside")
    beside.write_text(text)
    beside.replace(path)


def test_what_does_not_change_is_not_read(watch: ConfigurationWatch) -> None:
    assert looks(watch) == [False] * 4


@pytest.mark.parametrize("save", [Path.write_text, replace])
def test_a_change_is_read_once_two_looks_found_the_same(watch: ConfigurationWatch, file: Path, save) -> None:
    save(file, "b")
    assert looks(watch) == [False, True, False, False]


def test_a_change_of_the_same_size_at_the_same_time_of_the_clock_is_seen(
    watch: ConfigurationWatch, file: Path
) -> None:
    before = file.stat()
    replace(file, "b")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert looks(watch) == [False, True, False, False]


def test_a_file_that_is_being_written_is_left_alone(watch: ConfigurationWatch, file: Path) -> None:
    for part in range(5):
        file.write_text("b" * (part + 2))
        assert watch.look() is False
    assert looks(watch) == [True, False, False, False]


def test_a_file_that_is_away_for_one_look_is_read_when_it_is_back(
    watch: ConfigurationWatch, file: Path
) -> None:
    file.unlink()
    assert watch.look() is False
    file.write_text("b")
    assert looks(watch) == [False, True, False, False]


def test_a_file_that_stays_away_is_a_change(watch: ConfigurationWatch, file: Path) -> None:
    file.unlink()
    assert looks(watch) == [False, True, False, False]


def test_a_profile_that_is_named_now_is_followed_too(watch: ConfigurationWatch, file: Path) -> None:
    profile = file.with_name("press.yaml")
    profile.write_text("a")
    watch.follow([file, profile])
    assert looks(watch) == [False, True, False, False], "it may have changed since it was read"
    profile.write_text("bb")
    assert looks(watch) == [False, True, False, False]


def test_a_file_that_is_a_link_changes_when_it_points_elsewhere(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text(name)
    link = tmp_path / "lineside.yaml"
    link.symlink_to("one")
    watch = ConfigurationWatch()
    watch.follow([link])
    watch.considered_now()
    beside = tmp_path / "beside"
    beside.symlink_to("two")
    beside.replace(link)
    assert looks(watch) == [False, True, False, False]
