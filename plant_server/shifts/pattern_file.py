"""The pattern as a file: YAML, or CSV for those who keep it in a table."""

import csv
import io
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from plant_server.errors import ConfigError, Mistake
from plant_server.shifts.pattern import StatedPattern

COLUMNS = ("code", "name_en", "name_zh", "start", "end", "days", "breaks")
SIZE_MOST = 100_000


def read_pattern(path: Path) -> StatedPattern:
    """Raises ConfigError with every mistake and its place."""
    try:
        if path.stat().st_size > SIZE_MOST:
            raise ConfigError([Mistake(str(path), f"larger than {SIZE_MOST} bytes")])
        text = path.read_text(encoding="utf-8-sig")  # Spreadsheets put a mark in front.
    except OSError as missing:
        raise ConfigError([Mistake(str(path), missing.strerror or "cannot be read")]) from missing
    except UnicodeDecodeError as broken:
        raise ConfigError([Mistake(str(path), f"not UTF-8: {broken}")]) from broken
    tree = _of_csv(text) if path.suffix.lower() == ".csv" else _of_yaml(text, path)
    try:
        return StatedPattern.model_validate(tree)
    except ValidationError as wrong:
        raise ConfigError(
            [
                Mistake(f"{path}: {_place(one['loc'])}", one["msg"].removeprefix("Value error, "))
                for one in wrong.errors()
            ]
        ) from wrong


def as_yaml(pattern: StatedPattern) -> str:
    """As `read_pattern` takes it. Times stand in quotes: bare, YAML reads 14:00 as a number."""
    return yaml.safe_dump(pattern.model_dump(mode="json"), allow_unicode=True, sort_keys=False, width=200)


def as_csv(pattern: StatedPattern) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in pattern.model_dump(mode="json")["shifts"]:
        writer.writerow(
            [*(one[name] for name in COLUMNS[:5]), " ".join(one["days"]), " ".join(one["breaks"])]
        )
    return text.getvalue()


def _of_yaml(text: str, path: Path) -> Any:
    try:
        # Every scalar as text, so that 14:00 without quotes is no number; it makes no objects either.
        return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506
    except yaml.YAMLError as broken:
        raise ConfigError([Mistake(str(path), f"not YAML: {broken}")]) from broken


def _of_csv(text: str) -> Any:
    rows: list[dict[str, Any]] = []
    for row in csv.DictReader(io.StringIO(text)):
        told: dict[str, Any] = {
            name or "more columns than the first line names": value for name, value in row.items()
        }
        for name in ("days", "breaks"):
            words = str(told.pop(name, None) or "").split()
            if words:
                told[name] = words
        rows.append(told)
    return {"shifts": rows}


def _place(loc: tuple[int | str, ...]) -> str:
    """`shifts[1].start`; the second row of a table is shifts[1]."""
    told = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).lstrip(".")
    return told or "shifts"
