"""YAML that remembers on which line each value stood, so that a mistake can be named with file and line.

Plain data only: no tags of Python objects, no key twice in a mapping.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from edge.errors import ConfigError, Mistake


@dataclass(frozen=True, slots=True)
class Located:
    """The data of one file, and the line of every value and key in it."""

    source: str
    data: Any
    lines: dict[tuple[int | str, ...], int] = field(default_factory=dict)

    def mistake(self, location: Sequence[int | str], message: str) -> Mistake:
        """A mistake at a location; of a value that is missing, the line of what it is missing from."""
        known = tuple(location)
        while known and known not in self.lines:
            known = known[:-1]
        return Mistake(self.source, self.lines.get(known), written(location), message)

    def mistakes_of(self, error: ValidationError) -> list[Mistake]:
        """What pydantic found, in our words."""
        return [self.mistake(item["loc"], _message(item["type"], item["msg"])) for item in error.errors()]


def written(location: Sequence[int | str]) -> str:
    """`("devices", 0, "url")` as a person would write it: `devices[0].url`."""
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def read_yaml(path: Path) -> Located:
    """Read one file. Raises ConfigError if it cannot be read, is not YAML, or says one thing twice."""
    return parse_yaml(read_text(path), source=str(path))


YamlReader = Callable[[Path], Located]
"""`read_yaml`, or one that gives a file as it stood at another time."""


def read_text(path: Path) -> str:
    """Raises ConfigError if the file cannot be read or is no text."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError.of_file(path, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError.of_file(path, f"is not UTF-8: {error.reason} at byte {error.start}") from error


_QUICK: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""PyYAML built with libyaml reads many tags in a quarter of the time and with two thirds of the memory, of which Python
gives little back: 25 MB of an edge with ten thousand tags."""


def parse_yaml(text: str, *, source: str) -> Located:
    """Parse YAML text. Raises ConfigError; an empty text is an empty mapping."""
    try:
        return _parsed(text, source, _QUICK)
    except ConfigError:
        return _parsed(text, source, yaml.SafeLoader)  # Says better what is wrong.


def _parsed(text: str, source: str, loaded_by: type[yaml.SafeLoader]) -> Located:
    loader = loaded_by(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return Located(source, {})
        reader = _Reader(source, loader)
        data = reader.read(root, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        raise ConfigError([Mistake(source, line, "", error.problem or "is not YAML")]) from error
    except yaml.YAMLError as error:
        raise ConfigError([Mistake(source, None, "", f"is not YAML: {error}")]) from error
    finally:
        loader.dispose()
    if reader.mistakes:
        raise ConfigError(reader.mistakes)
    return Located(source, data, reader.lines)


class _Reader:
    """Walks the node tree once: values into `data`, marks into `lines`."""

    def __init__(self, source: str, loader: yaml.SafeLoader) -> None:
        self.source = source
        self.lines: dict[tuple[int | str, ...], int] = {}
        self.mistakes: list[Mistake] = []
        self._loader = loader
        self._open: set[int] = set()  # Nodes being read: an alias may point to what it stands in.

    def read(self, node: yaml.Node, location: tuple[int | str, ...]) -> Any:
        line = node.start_mark.line + 1
        self.lines.setdefault(location, line)
        if isinstance(node, yaml.ScalarNode):
            return self._loader.construct_object(node, deep=True)
        if id(node) in self._open:
            self.mistakes.append(Mistake(self.source, line, written(location), "contains itself"))
            return None
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, location)
            return [self.read(child, (*location, index)) for index, child in enumerate(node.value)]
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: yaml.MappingNode, location: tuple[int | str, ...]) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            here = (*location, key)
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.mistakes.append(Mistake(self.source, line, written(location), "a key must be a word"))
                continue
            if key in data:
                first = self.lines[here]
                self.mistakes.append(
                    Mistake(self.source, line, written(here), f"said twice, first in line {first}")
                )
                continue
            self.lines[here] = line
            data[key] = self.read(value_node, here)
        return data


def _message(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "there is no such setting"
    if kind == "missing":
        return "is missing"
    return message.removeprefix("Value error, ").removeprefix("Input ")
