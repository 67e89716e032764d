"""What a birth says about a tag, and how that differs from what the tag is known as."""

from dataclasses import asdict, dataclass, fields
from typing import Any

from edge.contract import spool_metrics
from edge.contract.payloads import Metric, Value
from edge.contract.roles import Counts, Role
from plant_server.ingest.binding import Counted

_LONGEST_TEXT = 200


@dataclass(frozen=True, slots=True)
class TagMeaning:
    """The columns of plant.tag that give values their meaning."""

    datatype: int
    role: str
    unit: str | None
    width: int | None  # bits
    scale: int
    counts: str | None
    rate_max: float | None  # units per second
    vocabulary: str | None

    @staticmethod
    def of(metric: Metric) -> "TagMeaning":
        """A property that makes no sense counts as absent: a birth is never refused for it."""
        properties = metric.properties
        return TagMeaning(
            datatype=int(metric.datatype or 0),
            role=_word(properties.get(spool_metrics.ROLE), Role) or Role.MEASUREMENT.value,
            unit=_text(properties.get(spool_metrics.UNIT)),
            width=_whole(properties.get(spool_metrics.WIDTH), 1, 64),
            scale=_whole(properties.get(spool_metrics.SCALE), 1, 1 << 40) or 1,
            counts=_word(properties.get(spool_metrics.COUNTS), Counts),
            rate_max=_positive(properties.get(spool_metrics.RATE_MAX)),
            vocabulary=_text(properties.get(spool_metrics.VOCABULARY)),
        )

    @property
    def should_count(self) -> bool:
        return Role(self.role).is_counted

    @property
    def counted(self) -> Counted | None:
        """None for a counter or meter whose birth lacks width or rate_max: its readings are samples only."""
        if not self.should_count or self.width is None or self.rate_max is None:
            return None
        return Counted(2**self.width * self.scale, self.rate_max)

    def changes_to(self, other: "TagMeaning") -> dict[str, Any]:
        """Field and new value of what differs."""
        mine, theirs = asdict(self), asdict(other)
        return {name: theirs[name] for name in MEANING_FIELDS if mine[name] != theirs[name]}


MEANING_FIELDS = tuple(field.name for field in fields(TagMeaning))


def _word(value: Value, words: type[Role] | type[Counts]) -> str | None:
    return value if isinstance(value, str) and value in {word.value for word in words} else None


def _text(value: Value) -> str | None:
    return value[:_LONGEST_TEXT] if isinstance(value, str) and value else None


def _whole(value: Value, least: int, most: int) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        return None
    return int(value) if least <= value <= most else None


def _positive(value: Value) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 < value < 1e18 else None
