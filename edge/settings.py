"""The configuration of an edge: one YAML file, overridden by `LINESIDE_*`, checked whole before a socket opens.

`LINESIDE_BROKER__PRIMARY_HOST=plant2` takes the place of `broker.primary_host`; lists are given as JSON.
File names are relative to the configuration file. `python -m edge.settings` prints the JSON Schema that is
committed as `edge/settings.schema.json`, for editors that complete and check YAML.
"""

import json
import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from edge.acquisition.configured_devices import mistakes_of_devices
from edge.acquisition.located_yaml import Located, read_yaml
from edge.errors import ConfigError, Mistake

ENVIRONMENT_PREFIX = "LINESIDE_"
DEFAULT_PORTS = {"opc.tcp": 4840, "modbus": 502, "mqtt": 1883, "mqtts": 8883}

Part = TypeVar("Part", bound=BaseModel)

_SIZES = {"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


def load_settings(path: Path) -> "Settings":
    """Read and check the configuration. Raises ConfigError with every mistake in it and in the profiles it names."""
    located = read_yaml(path)
    if not isinstance(located.data, dict):
        raise ConfigError([Mistake(str(path), 1, "", "should be a mapping: edge, broker, spool, devices")])
    folder = path.resolve().parent
    mistakes = mistakes_of_devices(located, folder)
    try:
        settings = Settings(**located.data)
    except ValidationError as error:
        raise ConfigError([*_mistakes_of(error, located), *mistakes]) from error
    settings = settings.relative_to(folder)
    mistakes += _missing_files(settings, located)
    if mistakes:
        raise ConfigError(mistakes)
    return settings


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


def _url(value: str, schemes: tuple[str, ...]) -> str:
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


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Edge(_Part):
    """Who this edge is."""

    name: SparkplugId
    """Sparkplug edge node id, unique within the group."""
    group: SparkplugId
    """Sparkplug group id: the plant's code."""


class Broker(_Part):
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
        return tuple(_url(url, ("mqtts", "mqtt")) for url in urls)

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
        return _first_line(self.password_file)


class Spool(_Part):
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


class Security(_Part):
    """OPC UA security of one device."""

    policy: Literal["Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss"] = "Basic256Sha256"
    mode: Literal["Sign", "SignAndEncrypt"] = "SignAndEncrypt"
    certificate: Path | None = None
    """The edge's application certificate, DER or PEM. Without one, the edge makes its own and keeps it."""
    key: Path | None = Field(default=None, validate_default=True)
    """The key of `certificate`, PEM or DER."""
    trust: Path | None = None
    """Server certificates to trust: a file, or a folder of files. Without, the first one seen is kept and
    from then on no other is accepted."""
    user: str | None = None
    password_file: Path | None = Field(default=None, validate_default=True)

    @field_validator("key")
    @classmethod
    def _certificate_has_its_key(cls, key: Path | None, info: ValidationInfo) -> Path | None:
        if "certificate" in info.data and (key is None) != (info.data["certificate"] is None):
            raise ValueError("and certificate go together")
        return key

    @field_validator("password_file")
    @classmethod
    def _user_has_a_password(cls, password_file: Path | None, info: ValidationInfo) -> Path | None:
        if "user" in info.data and (password_file is None) != (info.data["user"] is None):
            raise ValueError("and user go together")
        return password_file

    def password(self) -> str | None:
        """First line of the password file. Raises ConfigError if it cannot be read."""
        return _first_line(self.password_file)


class Device(_Part):
    """One machine or meter: what it is, where it is reached, and where it stands in the plant."""

    name: SparkplugId
    """Sparkplug device id, unique within the edge also when case is ignored."""
    profile: str = Field(min_length=1)
    """Name of a profile that comes with Lineside, or a .yaml file of your own."""
    url: str
    """`opc.tcp://host[:port][/path]` or `modbus://host[:port]`."""
    path: EquipmentPath
    """EquipmentPath: enterprise/site/area/line/station."""
    period_s: float = Field(default=1.0, ge=0.05, le=3600)
    """Time between two polls."""
    timeout_s: float = Field(default=4.0, gt=0, le=60)
    """Deadline of connecting and of one poll."""
    unit_id: int = Field(default=1, ge=0, le=255)
    """Modbus unit behind the address."""
    namespace: str | None = None
    """OPC UA namespace URI of the machine, in place of the profile's."""
    security: Security = Security()
    insecure: bool = False
    """OPC UA without signing and encryption. Only where the network is trusted."""

    @field_validator("url")
    @classmethod
    def _known_protocol(cls, url: str) -> str:
        return _url(url, ("opc.tcp", "modbus"))

    @field_validator("insecure")
    @classmethod
    def _one_or_the_other(cls, insecure: bool, info: ValidationInfo) -> bool:
        security: Security | None = info.data.get("security")
        if insecure and security is not None and security.model_fields_set - {"user", "password_file"}:
            raise ValueError("and security cannot both be set")
        return insecure

    @property
    def scheme(self) -> str:
        return urlsplit(self.url).scheme

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or DEFAULT_PORTS[self.scheme]


class Timing(_Part):
    """Waits. The defaults are for a plant; tests shorten them."""

    backoff_first_s: float = Field(default=1.0, gt=0, le=60)
    """Wait after the second failure in a row (after the first there is none); doubles with each further one."""
    backoff_max_s: float = Field(default=30.0, gt=0, le=3600)
    """No back-off of any kind is longer."""
    birth_delay_max_s: float = Field(default=2.0, ge=0, le=60)
    """Births wait a random time up to this after the host is online, so that not all edges come at once."""
    heartbeat_s: float = Field(default=10.0, gt=0, le=3600)
    """How often a device that says nothing new shows that it is still polled."""


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
                            "security": _absolute(
                                device.security, folder, "certificate", "key", "trust", "password_file"
                            ),
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


def _first_line(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8").split("\n", 1)[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError.of_file(path, f"cannot be read: {error}") from error


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
            for field in ("certificate", "key", "trust", "password_file")
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
