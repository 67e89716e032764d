"""Kinds of values that settings are made of, each with the check that belongs to it."""

import re
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from edge.errors import ConfigError

DEFAULT_PORTS = {"opc.tcp": 4840, "modbus": 502, "modbus+rtu": 502, "mqtt": 1883, "mqtts": 8883}
"""By the scheme of a URL."""

_SIZES = {"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


def _bytes_of(value: Any) -> Any:
    """`2GiB` as a number of bytes."""
    if not isinstance(value, str):
        return value
    found = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)\s*", value)
    if found is None or found[2] not in _SIZES:
        raise ValueError("should be a size such as 512MiB or 2GiB")
    return int(float(found[1]) * _SIZES[found[2]])


def _sparkplug_id(value: str) -> str:
    """Sparkplug ids stand in topics: `tck-id-topic-structure-namespace-valid-*`."""
    if not value or value != value.strip():
        raise ValueError("should not be empty, nor begin or end with a space")
    if any(character in "+/#" or ord(character) < 32 for character in value):
        raise ValueError("should not contain + / # or control characters: it stands in MQTT topics")
    return value


def _equipment_path(value: str) -> str:
    parts = value.split("/")
    if len(parts) > 5 or any(not part or part != part.strip() or set(part) & set("+#") for part in parts):
        raise ValueError(
            "should be enterprise/site/area/line/station: 1 to 5 names, none empty, without + and #"
        )
    return value


def checked_url(value: str, schemes: tuple[str, ...]) -> str:
    """Scheme, host and, if there is one, port."""
    parts = urlsplit(value)
    wanted = " or ".join(f"{scheme}://host[:port]" for scheme in schemes)
    if parts.scheme not in schemes or not parts.hostname:
        raise ValueError(f"should be {wanted}")
    if parts.username is not None:
        raise ValueError("should not hold a user or password: there are settings for them")
    try:
        port = parts.port
    except ValueError:
        raise ValueError(f"has no valid port; should be {wanted}") from None
    if port == 0:
        raise ValueError("should not have port 0")
    return value


SparkplugId = Annotated[str, AfterValidator(_sparkplug_id), Field(json_schema_extra={"pattern": "^[^+/#]+$"})]
EquipmentPath = Annotated[str, AfterValidator(_equipment_path)]
Bytes = Annotated[
    int,
    BeforeValidator(_bytes_of),
    WithJsonSchema({"anyOf": [{"type": "integer"}, {"type": "string", "examples": ["512MiB", "2GiB"]}]}),
]


class SettingsPart(BaseModel):
    """One block of the configuration: unknown keys are refused, and what was read does not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def first_line(path: Path | None) -> str | None:
    """Of a file that holds a secret; None if there is no file. Raises ConfigError if it cannot be read."""
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8").split("\n", 1)[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError.of_file(path, f"cannot be read: {error}") from error
