"""docker-compose.yml as the tests read it: services, mounts and variables, resolved as compose does."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("lineside-")}
TOOLS = {name for name, service in SERVICES.items() if "tools" in service.get("profiles", ())}
EDGES = ("shop1:press-shop", "shop1:paint")
"""The first is the one that the file names by default."""


def service(*names: str) -> Any:
    return pytest.mark.parametrize("name", names or sorted(SERVICES))


def interpolated(text: str, told: Mapping[str, str]) -> str:
    """What compose makes of ${NAME}, ${NAME:-default} and ${NAME:?why}, with the variables of `.env`."""
    return re.sub(r"\$\{(\w+)(?::[-?]([^}]*))?\}", lambda found: told.get(found[1]) or found[2] or "", text)


def environment_of(
    one: Mapping[str, Any], files: Mapping[str, str], told: Mapping[str, str]
) -> dict[str, str]:
    """What the process finds: files in their order, then what stands in the compose file, which wins.

    `files` are texts by path, `told` the variables of `.env`, which reach a process through ${…} alone.
    """
    found = {}
    for file in one.get("env_file", []):
        found |= variables_of(files.get(file["path"], ""))
    found |= {name: str(value) for name, value in one.get("environment", {}).items()}
    return {name: interpolated(value, told) for name, value in found.items()}


def mounts_of(service: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Source and target of each, with nothing in `.env`."""
    for volume in service.get("volumes", []):
        if isinstance(volume, dict):
            yield interpolated(volume["source"], {}), volume["target"]
        else:
            source, target, *_ = volume.split(":")
            yield source, target


def words_of(service: dict[str, Any]) -> list[str]:
    """What comes after `lineside`."""
    entry: list[str] = service.get("entrypoint", ["lineside"])
    assert entry[0] == "lineside"
    return [*entry[1:], *service.get("command", [])]


def env_files_of(service: dict[str, Any]) -> list[str]:
    """Those that were prepared; `plant.env` is a person's."""
    return [one["path"] for one in service.get("env_file", []) if one["path"] != "plant.env"]


def variables_of(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))


def variables_in(path: Path) -> dict[str, str]:
    return variables_of(path.read_text(encoding="utf-8"))
