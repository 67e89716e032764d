"""bridge.yaml: which systems there are, what each is told and when, and what it is the source of.

```yaml
site: {time_zone: Asia/Shanghai, shifts: ["06:00", "14:00", "22:00"]}
plant: {url: "http://127.0.0.1:8080", token_file: .lineside/secrets/api-token}
connectors:
  core:
    connector: core                      # a name of CONNECTORS
    url: http://127.0.0.1:8090
    client_id: lineside
    secret_file: core.secret             # or: endpoint_file, as the simulators write it
    documents: {completion: each, consumption: shift, labor_time: completion}
    sources: [work_order]
    # same: both use one code. A map: ours → theirs. Kinds not named here need rows in the code map of the bridge.
    codes: {item: same, reason: same, unit: {H87: pcs, KGM: kg, SEC: s, KWH: kWh}}
    places: {receipt: FG, issue: LINE}   # their warehouses for finished goods and for material
  erp:
    connector: tryton                    # erp_bridge/README.md says how each setting is used
    url: http://127.0.0.1:8000
    client_id: lineside                  # the user there; secret_file holds the password
    secret_file: tryton.secret
    codes: {item: same, unit: {H87: u, KGM: kg}, machine: {demo/plant1/area1/line1/press1: Press}}
    tryton: {database: works, warehouse: WH, scrap_location: SCRAP, labor_center: Assembly}
```
Checked whole before anything is opened; every mistake is reported with its place.
"""

from datetime import date, time
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AnyHttpUrl,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from erp_bridge.errors import ConfigError, Mistake
from plant_server.contract.outbox import Kind

Policy = Literal["each", "lot", "shift", "completion"]
Source = Literal["item", "bom", "change_order", "drawing", "price", "receipt", "work_order", "stock"]
SOURCE_ORDER: tuple[Source, ...] = (
    "item",
    "bom",
    "change_order",
    "drawing",
    "price",
    "receipt",
    "work_order",
    "stock",
)
"""What is told first: an order needs its BOM, a BOM and what arrives need their items. Stock is compared last."""
MERGEABLE = frozenset(
    {Kind.COMPLETION, Kind.CONSUMPTION, Kind.SCRAP, Kind.LABOR_TIME, Kind.MACHINE_TIME, Kind.ENERGY_COST}
)
_LOTS = frozenset({Kind.COMPLETION})


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Site(_Strict):
    """Where the plant is: days and shifts are those of its clocks."""

    time_zone: str = "UTC"
    shifts: tuple[time, ...] = (time(6), time(14), time(22))

    @field_validator("time_zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{name!r} is no time zone such as Asia/Shanghai") from error
        return name

    @field_validator("shifts", mode="before")
    @classmethod
    def _are_quoted(cls, shifts: Any) -> Any:
        if isinstance(shifts, list) and not all(isinstance(start, str | time) for start in shifts):
            raise ValueError('write them in quotes: "06:00" (YAML reads 06:00 as a number)')
        return shifts

    @field_validator("shifts")
    @classmethod
    def _run_through_the_day(cls, shifts: tuple[time, ...]) -> tuple[time, ...]:
        if not shifts or list(shifts) != sorted(set(shifts)):
            raise ValueError("starts of shifts, in the order of the day, each once")
        return shifts

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class Plant(_Strict):
    """The plant's API, for what comes in."""

    url: AnyHttpUrl
    token_file: Path
    ca_file: Path | None = None  # The plant's own authority; None: the system's.
    timeout_s: float = Field(default=15, gt=0, le=120)

    @field_validator("token_file", "ca_file")
    @classmethod
    def _is_there(cls, path: Path | None) -> Path | None:
        return None if path is None else _file(path)


class Tryton(_Strict):
    """What only a Tryton needs to be told. Codes of locations and names of work centers are those of its records."""

    database: str = Field(min_length=1)
    warehouse: str = "WH"
    language: str = "en"
    currency: str | None = Field(default=None, pattern="^[A-Z]{3}$")
    """Of the source `price`: the currency the plant reckons in. Prices in another one stop at the inbox."""
    receipts_since: date | None = None
    """Of the source `receipt`: what arrived on that day or later; what lay there before is received at the plant by hand."""
    scrap_location: str = "SCRAP"
    labor_center: str | None = None
    energy_center: str | None = None
    accept_warnings: tuple[str, ...] = ("under_tolerance",)
    """Kinds of questions that are answered with yes; all others go to a person. What is told in parts is less than
    planned until its last part."""
    short_stock: Literal["refuse", "force"] = "refuse"
    finish_when: Literal["completed", "closed", "never"] = "completed"
    """At which state of the order the production is finished there."""
    finish_after_s: float = Field(default=900, ge=0, le=604_800)
    """How long after that: energy and what a terminal kept without contact come later than the order's last state."""
    after_done: Literal["book", "refuse"] = "book"
    """What comes, or is corrected, when the production is done there: booked on it, or left to a person."""


class Connector(_Strict):
    """One system. Deadlines in seconds; `settle_s` is how long a request may still take effect after it was sent."""

    connector: str
    url: AnyHttpUrl | None = None
    client_id: str = "lineside"
    secret_file: Path | None = None
    endpoint_file: Path | None = None
    documents: dict[Kind, Policy] = {}
    sources: tuple[Source, ...] = ()
    codes: dict[str, Literal["same", "map"] | dict[str, str]] = {}
    places: dict[Literal["receipt", "issue"], str] = {}
    tariff: str = "flat"
    refused_orders: Literal["reject", "hold"] = "reject"
    timeout_s: float = Field(default=10, gt=0, le=300)
    settle_s: float = Field(default=60, gt=0, le=3600)
    retry_max_s: float = Field(default=300, gt=0, le=86_400)
    workers: int = Field(default=4, ge=1, le=32)
    stock_period_s: float = Field(default=60, ge=0, le=86_400)
    """Of the source `stock`: all of it is read again so much later, not at every pull."""
    tryton: Tryton | None = None

    @field_validator("secret_file")
    @classmethod
    def _is_there(cls, path: Path | None) -> Path | None:
        """Of `secret_file` alone: an endpoint file is there when its system is, and that may start after the bridge."""
        return None if path is None else _file(path)

    @field_validator("connector")
    @classmethod
    def _is_known(cls, name: str) -> str:
        from erp_bridge.connectors import CONNECTORS

        if name not in CONNECTORS:
            raise ValueError(f"no connector {name!r}; there are {', '.join(sorted(CONNECTORS))}")
        return name

    @model_validator(mode="after")
    def _fit_together(self) -> "Connector":
        if (self.endpoint_file is None) == (self.url is None):
            raise ValueError("give url and secret_file, or endpoint_file")
        if self.url is not None and self.secret_file is None:
            raise ValueError("url needs secret_file")
        if self.settle_s < 3 * self.timeout_s:
            raise ValueError("settle_s must be at least 3 × timeout_s: an attempt asks, sends and reads back")
        if (self.connector == "tryton") != (self.tryton is not None):
            raise ValueError("tryton: settings for the connector tryton, and for no other")
        if self.tryton is not None and "receipt" in self.sources and self.tryton.receipts_since is None:
            raise ValueError("the source receipt needs tryton.receipts_since: the first day of stock by lot")
        if self.tryton is not None and "price" in self.sources and self.tryton.currency is None:
            raise ValueError("the source price needs tryton.currency: the one the plant reckons in")
        if self.tryton is not None and self.url is None:
            raise ValueError("tryton needs url and secret_file")
        for kind, policy in self.documents.items():
            if policy != "each" and kind not in MERGEABLE:
                raise ValueError(f"documents.{kind}: only each; it is never merged")
            if policy == "lot" and kind not in _LOTS:
                raise ValueError(f"documents.{kind}: lot is for completions")
        return self

    def policy(self, kind: Kind) -> Policy | None:
        """How documents of a kind are told to this system; None: not at all. Whoever sends orders hears of each."""
        if kind is Kind.ORDER_ACKNOWLEDGEMENT:
            return "each" if "work_order" in self.sources else None
        return self.documents.get(kind)


class BridgeConfig(_Strict):
    """The whole file."""

    site: Site = Site()
    plant: Plant | None = None
    connectors: Annotated[dict[str, Connector], Field(min_length=1)]

    @model_validator(mode="after")
    def _has_one_source_of_each_kind(self) -> "BridgeConfig":
        found: dict[str, str] = {}
        for name, connector in self.connectors.items():
            for source in connector.sources:
                if source in found:
                    raise ValueError(f"{source}: one source only, not {found[source]} and {name}")
                found[source] = name
        if found and self.plant is None:
            raise ValueError("sources need plant: {url, token_file}")
        return self

    def same_codes(self, system: str) -> frozenset[str]:
        """Kinds of codes of which a person said that both sides use one."""
        return frozenset(kind for kind, how in self.connectors[system].codes.items() if how == "same")

    def written_codes(self, system: str) -> list[tuple[str, str, str]]:
        """(kind, our code, their code) of the file; rows of the code map have precedence."""
        written = self.connectors[system].codes.items()
        return [
            (kind, ours, theirs)
            for kind, how in written
            if isinstance(how, dict)
            for ours, theirs in how.items()
        ]


def load_config(path: Path) -> BridgeConfig:
    """Read the file. Raises ConfigError with every mistake in it."""
    import yaml

    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError([Mistake(str(path), str(error))]) from error
    return check_config(told, str(path))


def check_config(told: Any, name: str = "bridge.yaml") -> BridgeConfig:
    """The configuration from plain values. Raises ConfigError."""
    try:
        return BridgeConfig.model_validate(told)
    except ValidationError as error:
        mistakes = [
            Mistake(
                f"{name}: {'.'.join(map(str, detail['loc'])) or 'whole'}",
                detail["msg"].removeprefix("Value error, "),
            )
            for detail in error.errors()
        ]
        raise ConfigError(mistakes) from error


def _file(path: Path) -> Path:
    if not path.is_file():
        raise ValueError(f"{path}: no such file")
    return path
