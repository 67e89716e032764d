"""`LINESIDE_DIGEST__*`: where the digest goes, and when."""

import os
from datetime import time
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, field_validator

Receiver = Literal["wecom", "dingtalk", "generic"]
Language = Literal["en", "zh-CN"]
NOON = time(12)
"""Until then a late digest is still news."""


class DigestSettings(BaseModel):
    """Off without a receiver. The address is a secret, so it stands in a file: digest/address.py."""

    receiver: Receiver | None = None
    url_file: Path | None = Field(default=None, description="None: digest-url in the secrets folder.")
    at: time = time(8)  # By the wall clock of the site.
    language: Language = "zh-CN"

    @field_validator("receiver", mode="before")
    @classmethod
    def _is_off(cls, told: object) -> object:
        return None if told == "" else told

    @field_validator("at")
    @classmethod
    def _is_in_the_morning(cls, at: time) -> time:
        if at.tzinfo is not None or at >= NOON:
            raise ValueError("must be a time of the clock before 12:00, like 08:00")
        return at

    @property
    def file(self) -> Path:
        return self.url_file or Path(os.environ.get("LINESIDE_HOME", ".lineside")) / "secrets" / "digest-url"
