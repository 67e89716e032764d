"""Settings of the plant's processes (ingest, keeper, api), from the environment: `LINESIDE_*`, nested by `__`."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from edge.contract.topics import TopicError, valid_id
from plant_server.digest.settings import DigestSettings
from plant_server.errors import ConfigError, Mistake
from plant_server.site_time import checked_zone, zone_of_this_machine

PREFIX = "LINESIDE_"


class MqttSettings(BaseModel):
    """How to reach the broker. With mqtts:// the broker's certificate is checked against `ca`."""

    url: str = "mqtts://127.0.0.1:8883"
    ca: Path | None = None  # None: the system's authorities.
    cert: Path | None = None
    key: Path | None = None
    username: str | None = None
    password_file: Path | None = None
    keepalive_s: int = Field(default=15, ge=5, le=600)

    @field_validator("url")
    @classmethod
    def _is_mqtt(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            _ = parts.port
        except ValueError as error:
            raise ValueError(f"{url!r}: {error}") from error
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
            raise ValueError(f"{url!r}: must be mqtts://HOST:PORT or mqtt://HOST:PORT")
        return url

    @field_validator("ca", "cert", "key", "password_file")
    @classmethod
    def _exists(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_file():
            raise ValueError(f"{path}: no such file")
        return path

    @model_validator(mode="after")
    def _pairs(self) -> "MqttSettings":
        if (self.cert is None) != (self.key is None):
            raise ValueError("cert and key belong together")
        if self.password_file is not None and self.username is None:
            raise ValueError("password_file needs a username")
        return self

    @property
    def uses_tls(self) -> bool:
        return urlsplit(self.url).scheme == "mqtts"

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or (8883 if self.uses_tls else 1883)

    def password(self) -> str | None:
        """The secret in `password_file`, without its line end."""
        return self.password_file.read_text(encoding="utf-8").strip() if self.password_file else None


class Settings(BaseSettings):
    """One tree for all processes of the plant; each reads what it needs."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__", extra="ignore")

    # Role lineside_plant. The processes never change the schema.
    database_url: str = "postgresql://lineside_plant@127.0.0.1/lineside"
    # The owner of the database, for `lineside migrate` alone.
    owner_database_url: str | None = None
    mqtt: MqttSettings = MqttSettings()
    # Which share of the plant an ingest process owns. Its name is also its Sparkplug host id.
    shard: str = "plant"
    # The Sparkplug groups of the shard; `+` means every group.
    groups: Annotated[tuple[str, ...], NoDecode] = ("+",)
    # Raw samples older than this are not stored (they go to sample_quarantine) and are dropped by the keeper.
    retention_days: int = Field(default=30, ge=1, le=3650)
    # Of the site: times on pages are drawn in it. Without it: that of this machine.
    time_zone: str = Field(default_factory=zone_of_this_machine)
    # Of the day before, to a chat; off without a receiver.
    digest: DigestSettings = DigestSettings()
    # The demo accepts what a birth proposes by itself; a plant asks a person.
    accept_equipment: bool = False
    # Back-off after a lost database or broker doubles from the first to the second.
    backoff_min_s: float = Field(default=0.5, gt=0)
    backoff_max_s: float = Field(default=30, gt=0, le=300)
    # How long a missing Sparkplug message may be late before a rebirth is asked for.
    reorder_timeout_s: float = Field(default=2, gt=0, le=60)

    @field_validator("database_url", "owner_database_url")
    @classmethod
    def _is_postgresql(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("postgresql://", "postgres://")):
            raise ValueError("must be postgresql://ROLE:PASSWORD@HOST/DATABASE")
        return url

    @field_validator("time_zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        return checked_zone(name)

    @field_validator("shard")
    @classmethod
    def _is_host_id(cls, shard: str) -> str:
        return _sparkplug_id(shard)

    @field_validator("groups", mode="before")
    @classmethod
    def _split(cls, groups: Any) -> Any:
        if isinstance(groups, str):
            groups = tuple(part.strip() for part in groups.split(",") if part.strip())
        return groups

    @field_validator("groups")
    @classmethod
    def _are_groups(cls, groups: tuple[str, ...]) -> tuple[str, ...]:
        if not groups:
            raise ValueError("name at least one group, or + for all")
        return tuple(group if group == "+" else _sparkplug_id(group) for group in groups)


def load_settings(**given: Any) -> Settings:
    """Settings from the environment; `given` (command line, tests) has precedence. Raises ConfigError."""
    try:
        return Settings(**given)
    except ValidationError as error:
        raise ConfigError([_mistake(detail["loc"], detail["msg"]) for detail in error.errors()]) from error
    except SettingsError as error:
        raise ConfigError([Mistake(PREFIX + "*", str(error))]) from error


def _mistake(place: tuple[int | str, ...], message: str) -> Mistake:
    """A mistake under the name its environment variable has."""
    fields = [str(part).upper() for part in place if isinstance(part, str)]
    return Mistake(PREFIX + "__".join(fields), message.removeprefix("Value error, "))


def _sparkplug_id(text: str) -> str:
    try:
        return valid_id(text)
    except TopicError as error:
        raise ValueError(str(error)) from error
