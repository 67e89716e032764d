"""How the plant's API says that it cannot do what was asked: what its clients parse."""

from typing import Any

from pydantic import BaseModel, Field

MEDIA_TYPE = "application/problem+json"


class FieldError(BaseModel):
    """One value of a request that is not valid."""

    field: str = Field(examples=["query.limit"])
    message: str = Field(examples=["Input should be less than or equal to 10000"])


class ProblemDetails(BaseModel):
    """RFC 9457. `code` is stable: branch on it. `title` follows Accept-Language (en, zh-CN)."""

    type: str = Field(examples=["urn:lineside:problem:unknown-tag"])
    title: str = Field(examples=["There is no such tag"])
    status: int = Field(examples=[404])
    code: str = Field(examples=["unknown-tag"])
    detail: str | None = Field(default=None, examples=["tag 42"])
    errors: list[FieldError] = Field(default=[], description="Which values are not valid; only with 422.")
    params: dict[str, Any] = Field(
        default={}, description="The values a refusal speaks of.", examples=[{"change": "ECN-7"}]
    )
