"""What a host may do to a device: nothing, unless the configuration names it."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from edge.acquisition.setting_types import SettingsPart

NODE_ID = r"^(nsu=[^;]+;|ns=[0-9]+;)?[sigb]=.+$"


class WritableTag(SettingsPart):
    """A tag a host may write, and between which values. `min` and `max` are in the unit of the tag."""

    tag: str = Field(min_length=1)
    """Name of a tag of the profile; not a counter or meter."""
    min: float | None = None
    max: float | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min should not be above max")
        return self


class MethodArgument(SettingsPart):
    """One input of a method. A host gives none: they are what stands here."""

    type: Literal[
        "Boolean", "Int16", "UInt16", "Int32", "UInt32", "Int64", "UInt64", "Float", "Double", "String"
    ]
    value: bool | int | float | str

    @model_validator(mode="after")
    def _fits(self) -> Self:
        is_number = isinstance(self.value, int | float) and not isinstance(self.value, bool)
        fits = {
            "Boolean": isinstance(self.value, bool),
            "String": isinstance(self.value, str),
            "Float": is_number,
            "Double": is_number,
        }
        if not fits.get(self.type, is_number and isinstance(self.value, int)):
            raise ValueError(f"value {self.value!r} is no {self.type}")
        return self


class CallableMethod(SettingsPart):
    """A method of the machine a host may call, always with the same arguments."""

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$", max_length=60)
    """A host calls it by writing true to the metric `Device Control/<name>`."""
    object: str = Field(pattern=NODE_ID)
    """Node id of the object that has the method, with its namespace: `nsu=urn:maker:press;s=Counters`."""
    method: str = Field(pattern=NODE_ID)
    """Node id of the method, likewise."""
    arguments: tuple[MethodArgument, ...] = ()


def _named(value: Any) -> Any:
    """`writable: [setpoint]` is short for `writable: [{tag: setpoint}]`."""
    if not isinstance(value, list | tuple):
        return value
    return [{"tag": one} if isinstance(one, str) else one for one in value]


WritableTags = Annotated[tuple[WritableTag, ...], BeforeValidator(_named)]
