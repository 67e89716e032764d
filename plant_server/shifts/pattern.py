"""The weekly pattern as people state it. Times are of the site's wall clock; what is wrong is said all at once."""

import re
from collections.abc import Iterable
from datetime import time
from itertools import pairwise
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

DAY_MIN = 24 * 60
WEEK_MIN = 7 * DAY_MIN
_CLOCK = r"([01]\d|2[0-3]):[0-5]\d"

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = get_args(Day)
"""In the order of their numbers: 0 is Monday."""


def _clock(told: Any) -> time:
    if isinstance(told, time):
        return told
    if not isinstance(told, str) or not re.fullmatch(_CLOCK, told.strip()):
        raise ValueError("must be a time of the clock like 06:00")
    return time.fromisoformat(told.strip())


def _span(told: Any) -> tuple[time, time]:
    parts = told.split("-") if isinstance(told, str) else told
    if not isinstance(parts, list | tuple) or len(parts) != 2:
        raise ValueError("must be a span like 09:00-09:15")
    return _clock(parts[0]), _clock(parts[1])


def _span_text(span: tuple[time, time]) -> str:
    return f"{span[0]:%H:%M}-{span[1]:%H:%M}"


Clock = Annotated[
    time,
    BeforeValidator(_clock),
    PlainSerializer(lambda told: f"{told:%H:%M}", return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^{_CLOCK}$", "examples": ["06:00"]}),
]
Span = Annotated[
    tuple[time, time],
    BeforeValidator(_span),
    PlainSerializer(_span_text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^{_CLOCK}-{_CLOCK}$", "examples": ["09:00-09:15"]}),
]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]


class StatedShift(BaseModel):
    """On `days`, the days on which it starts. An end not after its start is on the next day."""

    model_config = ConfigDict(extra="forbid")
    code: Code = Field(examples=["early"])
    name_en: Name
    name_zh: Name
    start: Clock
    end: Clock
    days: Annotated[list[Day], Field(min_length=1)] = list(DAYS)
    breaks: Annotated[list[Span], Field(max_length=20)] = []

    @model_validator(mode="after")
    def _fits(self) -> "StatedShift":
        self.days = [day for day in DAYS if day in self.days]
        self.breaks = sorted(self.breaks, key=lambda one: self._after_start(one[0]))
        length, last = self.length_min, 0
        for span in self.breaks:
            begin = self._after_start(span[0])
            end = begin + (_minutes(span[1]) - _minutes(span[0])) % DAY_MIN
            if end == begin or end > length:
                raise ValueError(f"the break {_span_text(span)} is not within the shift")
            if begin < last:
                raise ValueError(f"the break {_span_text(span)} begins before the one before it has ended")
            last = end
        return self

    @property
    def length_min(self) -> int:
        return (_minutes(self.end) - _minutes(self.start)) % DAY_MIN or DAY_MIN

    def _after_start(self, moment: time) -> int:
        return (_minutes(moment) - _minutes(self.start)) % DAY_MIN


class StatedPattern(BaseModel):
    """All shifts of the site. No two are on at one time."""

    model_config = ConfigDict(extra="forbid")
    shifts: Annotated[list[StatedShift], Field(min_length=1, max_length=21)]

    @model_validator(mode="after")
    def _go_together(self) -> "StatedPattern":
        codes = [one.code for one in self.shifts]
        wrong = [
            f"the code {code} stands there twice" for code in sorted({c for c in codes if codes.count(c) > 1})
        ]
        wrong += _overlaps(self.shifts)
        if wrong:
            raise ValueError("; ".join(wrong))
        return self


def _overlaps(shifts: Iterable[StatedShift]) -> list[str]:
    """By the wall clock of a week, which comes round: the last shift of Sunday may end on Monday."""
    spans = sorted(
        (DAYS.index(day) * DAY_MIN + _minutes(one.start), one.length_min, one.code, day)
        for one in shifts
        for day in one.days
    )
    if spans:
        first = spans[0]
        spans.append((first[0] + WEEK_MIN, *first[1:]))
    return [
        f"{code} of {day} is still on when {after[2]} of {after[3]} starts"
        for (begin, length, code, day), after in pairwise(spans)
        if begin + length > after[0]
    ]


def _minutes(moment: time) -> int:
    return moment.hour * 60 + moment.minute
