"""The configuration of an edge: one YAML file, overridden by `LINESIDE_*`, checked whole before a socket opens.

`LINESIDE_BROKER__PRIMARY_HOST=plant2` takes the place of `broker.primary_host`; lists are given as JSON.
File names are relative to the configuration file. `python -m edge.settings` prints the JSON Schema that is
committed as `edge/settings.schema.json`, for editors that complete and check YAML.
"""

import json
import os
from pathlib import Path
from typing import Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from edge.acquisition.configured_devices import mistakes_of_devices
from edge.acquisition.device_settings import SECURITY_FILES, Device
from edge.acquisition.located_yaml import Located, YamlReader, read_yaml
from edge.acquisition.setting_types import (
    Bytes,
    SettingsPart,
    SparkplugId,
    checked_url,
    first_line,
)
from edge.errors import ConfigError, Mistake

ENVIRONMENT_PREFIX = "LINESIDE_"

Part = TypeVar("Part", bound=BaseModel)


def load_settings(path: Path, read: YamlReader = read_yaml) -> "Settings":
    """Read and check the configuration. Raises ConfigError with every mistake in it and in the profiles it names."""
    located = read(path)
    if not isinstance(located.data, dict):
        raise ConfigError([Mistake(str(path), 1, "", "should be a mapping: edge, broker, spool, devices")])
    folder = path.resolve().parent
    mistakes = mistakes_of_devices(_devices_in_force(located), folder, read)
    try:
        settings = Settings(**located.data)
    except SettingsError as error:
        raise ConfigError(
            [Mistake("environment", None, "", f"{error}: should be JSON"), *mistakes]
        ) from error
    except ValidationError as error:
        raise ConfigError([*_mistakes_of(error, located), *mistakes]) from error
    settings = settings.relative_to(folder)
    mistakes += _missing_files(settings, located)
    if mistakes:
        raise ConfigError(mistakes)
    return settings


class Edge(SettingsPart):
    """Who this edge is."""

    name: SparkplugId
    """Sparkplug edge node id, unique within the group."""
    group: SparkplugId
    """Sparkplug group id: the plant's code."""


class Broker(SettingsPart):
    """Where readings are published."""

    urls: tuple[str, ...] = Field(json_schema_extra={"minItems": 1})
    """`mqtts://host[:port]` or `mqtt://host[:port]`; tried in turn."""
    ca: Path | None = Field(default=None, validate_default=True)
    """Certificate authority that signed the broker's certificate, PEM. Needed with mqtts."""
    cert: Path | None = None
    """The edge's own certificate, PEM."""
    key: Path | None = Field(default=None, validate_default=True)
    """The key of `cert`, PEM."""
    username: str | None = None
    password_file: Path | None = Field(default=None, validate_default=True)
    """File whose first line is the password."""
    primary_host: SparkplugId | None = "plant"
    """Host id whose STATE must be online before anything is sent. Null: send whenever connected."""
    acknowledge: Literal["plant", "none"] = "plant"
    """`plant`: an entry is kept until the plant has committed it. `none`: any Sparkplug host, at least once."""

    @field_validator("urls")
    @classmethod
    def _brokers(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        if not urls:
            raise ValueError("should be at least one")
        return tuple(checked_url(url, ("mqtts", "mqtt")) for url in urls)

    @field_validator("ca")
    @classmethod
    def _tls_knows_whom_to_trust(cls, ca: Path | None, info: ValidationInfo) -> Path | None:
        if ca is None and any(url.startswith("mqtts://") for url in info.data.get("urls", ())):
            raise ValueError("is needed with mqtts://")
        return ca

    @field_validator("key")
    @classmethod
    def _certificate_has_its_key(cls, key: Path | None, info: ValidationInfo) -> Path | None:
        if "cert" in info.data and (key is None) != (info.data["cert"] is None):
            raise ValueError("and cert go together")
        return key

    @field_validator("password_file")
    @classmethod
    def _password_has_its_user(cls, password_file: Path | None, info: ValidationInfo) -> Path | None:
        if password_file is not None and info.data.get("username") is None:
            raise ValueError("needs a username")
        return password_file

    def password(self) -> str | None:
        """First line of the password file. Raises ConfigError if it cannot be read."""
        return first_line(self.password_file)


class Spool(SettingsPart):
    """The file in which a reading is durable before it is published."""

    path: Path = Path("spool.db")
    max_bytes: Bytes = Field(default=2 << 30, ge=1 << 20)
    """Bound of the file, at least 1MiB."""
    max_age_h: float = Field(default=168, gt=0)
    """Older entries are dropped, leaving a gap record, even if the plant never had them."""
    keep_h: float = Field(default=72, ge=0)
    """Entries the plant has committed are kept this long, so that a restored plant can be fed again."""
    storage: Literal["disk", "flash"] = "disk"
    """`flash`: fewer, larger commits (250 ms), to spare an SD card."""


class Timing(SettingsPart):
    """Waits. The defaults are for a plant; tests shorten them."""

    backoff_first_s: float = Field(default=1.0, gt=0, le=60)
    """Wait after the second failure in a row (after the first there is none); doubles with each further one."""
    backoff_max_s: float = Field(default=30.0, gt=0, le=3600)
    """No back-off of any kind is longer."""
    birth_delay_max_s: float = Field(default=2.0, ge=0, le=60)
    """Births wait a random time up to this after the host is online, so that not all edges come at once."""
    heartbeat_s: float = Field(default=10.0, gt=0, le=3600)
    """How often a device that says nothing new shows that it is still polled."""


class Metrics(SettingsPart):
    """Counts for Prometheus, over HTTP without a password: keep it on this machine, or behind a proxy of yours."""

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = Field(default=9464, ge=1, le=65535)


class Settings(BaseSettings):
    """All of it."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    edge: Edge
    broker: Broker
    spool: Spool = Spool()
    devices: tuple[Device, ...] = ()
    timing: Timing = Timing()
    metrics: Metrics | None = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment above the file; nothing else."""
        return env_settings, init_settings

    def relative_to(self, folder: Path) -> Self:
        """The same with every file name made absolute."""
        return self.model_copy(
            update={
                "broker": _absolute(self.broker, folder, "ca", "cert", "key", "password_file"),
                "spool": _absolute(self.spool, folder, "path"),
                "devices": tuple(
                    device.model_copy(
                        update={
                            "security": _absolute(device.security, folder, *SECURITY_FILES),
                            "profile": _absolute_profile(device.profile, folder),
                        }
                    )
                    for device in self.devices
                ),
            }
        )


def _absolute(part: Part, folder: Path, *fields: str) -> Part:
    paths = {field: getattr(part, field) for field in fields}
    return part.model_copy(update={field: folder / path for field, path in paths.items() if path is not None})


def _absolute_profile(profile: str, folder: Path) -> str:
    return str(folder / profile) if profile.endswith((".yaml", ".yml")) else profile


def _devices_in_force(located: Located) -> Located:
    """The devices of the file, unless the environment takes their place."""
    given = os.environ.get(f"{ENVIRONMENT_PREFIX}DEVICES")
    if given is None:
        return located
    try:
        return Located("environment", {"devices": json.loads(given)})
    except ValueError:
        return Located("environment", {})  # Reported where the settings are built.


def _mistakes_of(error: ValidationError, located: Located) -> list[Mistake]:
    """Where each mistake came from: a line of the file, or a variable that stands above it."""
    mistakes = located.mistakes_of(error)
    for index, item in enumerate(error.errors()):
        variable = ENVIRONMENT_PREFIX + "__".join(str(part) for part in item["loc"]).upper()
        if variable in os.environ:
            mistakes[index] = Mistake("environment", None, variable, mistakes[index].message)
    return mistakes


def _missing_files(settings: Settings, located: Located) -> list[Mistake]:
    named: list[tuple[tuple[int | str, ...], Path | None]] = [
        (("broker", field), getattr(settings.broker, field))
        for field in ("ca", "cert", "key", "password_file")
    ]
    for index, device in enumerate(settings.devices):
        named += [
            (("devices", index, "security", field), getattr(device.security, field))
            for field in SECURITY_FILES
        ]
    return [
        located.mistake(location, f"there is no file {path}")
        for location, path in named
        if path is not None and not path.exists()
    ]


def schema() -> str:
    """JSON Schema of the configuration file, as committed."""
    return json.dumps(Settings.model_json_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(schema(), end="")
