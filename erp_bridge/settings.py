"""Settings of the bridge from the environment: `LINESIDE_*`. What it connects to stands in bridge.yaml (config.py)."""

import os
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from erp_bridge.errors import ConfigError, Mistake

PREFIX = "LINESIDE_"


class Settings(BaseSettings):
    """What differs from installation to installation and does not belong into a file that is kept."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore")

    # Role lineside_bridge; it owns the schema bridge and may claim plant.outbox.
    bridge_database_url: str = "postgresql://lineside_bridge@127.0.0.1/lineside"
    # Systems, policies, codes.
    bridge_config: Path = Path("bridge.yaml")
    # How often to look for work, in seconds.
    bridge_poll_s: float = Field(default=0.5, gt=0, le=60)
    # How often to ask other systems for changes, in seconds.
    bridge_pull_s: float = Field(default=5, gt=0, le=3600)

    @field_validator("bridge_database_url")
    @classmethod
    def _is_postgresql(cls, url: str) -> str:
        if not url.startswith(("postgresql://", "postgres://")):
            raise ValueError("must be postgresql://ROLE:PASSWORD@HOST/DATABASE")
        return url


def load_settings(**given: Any) -> Settings:
    """Settings from the environment; `given` (command line, tests) has precedence. Raises ConfigError."""
    try:
        return Settings(**given)
    except ValidationError as error:
        mistakes = [
            Mistake(PREFIX + str(detail["loc"][0]).upper(), detail["msg"].removeprefix("Value error, "))
            for detail in error.errors()
        ]
        raise ConfigError(mistakes) from error


def home() -> Path:
    """The state folder: LINESIDE_HOME, else `.lineside`."""
    return Path(os.environ.get("LINESIDE_HOME", ".lineside"))
