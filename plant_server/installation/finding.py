"""What the doctor says of one thing."""

from dataclasses import dataclass, field
from typing import Any, Literal

Level = Literal["ok", "warn", "bad"]
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Finding:
    """`code` names the words of `doctor_texts.py`; `values` stand in them."""

    check: str
    level: Level
    code: str
    values: dict[str, Any] = field(default_factory=dict)


def age(seconds: float) -> str:
    """`90` → `90 s`, `5400` → `90 min`, `90000` → `25 h`, `864000` → `10 d`."""
    for unit, size, most in (("s", 1.0, 120.0), ("min", 60.0, 7200.0), ("h", 3600.0, 172_800.0)):
        if seconds < most:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / DAY_S:.0f} d"


def by_age(check: str, seconds: float, *, warn_s: float, bad_s: float, **values: Any) -> Finding:
    """`<check>-ok` below `warn_s`, `<check>-old` from there on."""
    level: Level = "ok" if seconds < warn_s else "warn" if seconds < bad_s else "bad"
    code = f"{check}-{'ok' if level == 'ok' else 'old'}"
    return Finding(check, level, code, {"age": age(seconds)} | values)
