"""Tells when the configuration's files are others than those last considered, and have come to rest.

Editors write a file beside and rename it, or write into it; copying takes its time. A change counts once two looks in a
row have found the same; a file that is away for a moment is one more change.
"""

import os
from collections.abc import Iterable
from pathlib import Path

Look = dict[Path, tuple[int, ...] | None]


class ConfigurationWatch:
    """`look` every few seconds. A file that was never considered counts as changed: its first look brings the next reading,
    which finds nothing new."""

    def __init__(self) -> None:
        self._paths: tuple[Path, ...] = ()
        self._considered: Look = {}
        self._last: Look = {}

    def follow(self, paths: Iterable[Path]) -> None:
        """These from now on: the files of the configuration that was tried last."""
        self._paths = tuple(dict.fromkeys(paths))

    def look(self) -> bool:
        """Whether the files should be read now. They count as considered then."""
        now = _look(self._paths)
        settled = now == self._last
        self._last = now
        if now == self._considered or not settled:
            return False
        self._considered = now
        return True

    def considered_now(self) -> None:
        """The files are read for another reason."""
        self._considered = self._last = _look(self._paths)


def _look(paths: Iterable[Path]) -> Look:
    return {path: _state(path) for path in paths}


def _state(path: Path) -> tuple[int, ...] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
