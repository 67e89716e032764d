"""The file of figures: rows measured now take the place of those measured before, all others stay."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

FAULTY = ("wrong", "lost", "duplicated", "beyond")
"""Figures that say that something did not come out right; above 0 the row's other figures mean nothing. `beyond` is a list."""


def keep(file: Path, measured: Mapping[str, dict[str, Any]], order: Sequence[str]) -> None:
    """Put the rows into the file, in the order given; rows of this name only, no figure of an earlier measurement.

    A row that is no longer known goes. json.JSONDecodeError if the file is none of ours: it is not overwritten.
    """
    before = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    merged = before | measured
    kept = {name: merged[name] for name in order if name in merged}
    file.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")


def failures(results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A sentence for each figure that fails its row."""
    return [
        f"{name}: {_told(figure, figures[figure])}"
        for name, figures in results.items()
        for figure in FAULTY
        if figures.get(figure, 0)
    ]


def _told(figure: str, value: object) -> str:
    return f"{figure}: {'; '.join(map(str, value))}" if isinstance(value, list) else f"{value} {figure}"
