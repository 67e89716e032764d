"""What a board is, and the classic dashboard JSON that Grafana 11 to 13 loads from files.

Every word is written once as "English|中文", in titles, in column names and in SQL literals; a board is rendered once for
each language. Names of items and reasons come from columns that end in `_LANG`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

LANGUAGES = ("en", "zh-CN")
DATASOURCE = {"type": "grafana-postgresql-datasource", "uid": "lineside-pg"}
SCHEMA_VERSION = 41
COLUMNS = 24
Json = dict[str, Any]

_WORDS = re.compile(r"""(["'])([^"'|]+)\|([^"'|]+)\1""")


@dataclass(frozen=True, slots=True)
class Column:
    """How a column of the answer is shown. `gauge`: a bar from 0 to 1 behind the number."""

    name: str
    unit: str = "none"
    decimals: int | None = None
    gauge: bool = False
    width: int | None = None
    color: str | None = None
    hidden: bool = False  # Takes its place without being drawn: the ground of a waterfall.


@dataclass(frozen=True, slots=True)
class Panel:
    """`kind`: stat, timeseries, bars (over time, stacked), barchart, table, states. `why`: what it means and by what
    formula. `window`: a fixed span up to now, whatever the board's range."""

    kind: str
    title: str
    why: str
    sql: str
    width: int
    height: int
    unit: str = "none"
    decimals: int | None = None
    columns: Sequence[Column] = ()
    steps: Sequence[tuple[float | None, str]] = ((None, "text"),)
    minimum: float | None = 0
    maximum: float | None = None
    horizontal: bool = False
    window: str | None = None
    interval: str | None = None
    points: int | None = None  # At most so many of a series; None: as many as Grafana likes.
    stacked: bool = False


@dataclass(frozen=True, slots=True)
class Board:
    uid: str
    title: str
    question: str
    span: str
    panels: Sequence[Panel]
    refresh: str = "1m"
    has_line: bool = True
    tags: Sequence[str] = field(default=("lineside",))


def in_language(text: str, language: str) -> str:
    """The words of a whole text "English|中文"; a text without a bar stands for both."""
    parts = text.split("|")
    return parts[LANGUAGES.index(language)] if len(parts) == len(LANGUAGES) else text


def sql_in_language(sql: str, language: str) -> str:
    """Quoted pairs of words and `_LANG` columns in one language."""
    number = LANGUAGES.index(language)
    picked = _WORDS.sub(lambda found: f"{found[1]}{found[2 + number]}{found[1]}", sql)
    return picked.replace("_LANG", "_zh" if number else "_en").strip()


def uid_of(board: Board, language: str) -> str:
    return f"{board.uid}-{'zh' if language == 'zh-CN' else 'en'}"


def render(board: Board, language: str) -> Json:
    """The dashboard of one language."""
    return {
        "annotations": {"list": []},
        "description": in_language(board.question, language),
        "editable": False,
        "fiscalYearStartMonth": 0,
        "graphTooltip": 1,
        "id": None,
        "links": [_links(language)],
        "panels": list(_placed(board.panels, language)),
        "refresh": board.refresh,
        "schemaVersion": SCHEMA_VERSION,
        "tags": [*board.tags, language],
        "templating": {"list": [_line_variable(language)] if board.has_line else []},
        "time": {"from": f"now-{board.span}", "to": "now"},
        "timepicker": {"refresh_intervals": ["10s", "30s", "1m", "5m", "15m"]},
        "timezone": "browser",
        "title": in_language(board.title, language),
        "uid": uid_of(board, language),
        "version": 1,
        "weekStart": "monday",
    }


def _links(language: str) -> Json:
    return {
        "asDropdown": True,
        "icon": "external link",
        "includeVars": True,
        "keepTime": True,
        "tags": ["lineside", language],
        "targetBlank": False,
        "title": in_language("Boards|看板", language),
        "tooltip": "",
        "type": "dashboards",
        "url": "",
    }


def _line_variable(language: str) -> Json:
    query = "SELECT line FROM bi.machine UNION SELECT '' ORDER BY 1"  # Never empty: IN () is no SQL.
    return {
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        "datasource": DATASOURCE,
        "definition": query,
        "hide": 0,
        "includeAll": True,
        "label": in_language("Line|产线", language),
        "multi": True,
        "name": "line",
        "options": [],
        "query": query,
        "refresh": 2,
        "regex": "",
        "skipUrlSync": False,
        "sort": 1,
        "type": "query",
    }


def _placed(panels: Sequence[Panel], language: str) -> Sequence[Json]:
    """Side by side from the left, a new row where the 24 columns are full."""
    placed: list[Json] = []
    x = y = row_height = 0
    for number, panel in enumerate(panels, 1):
        if x + panel.width > COLUMNS:
            x, y, row_height = 0, y + row_height, 0
        place = {"x": x, "y": y, "w": panel.width, "h": panel.height}
        placed.append(_panel(panel, number, place, language))
        x, row_height = x + panel.width, max(row_height, panel.height)
    return placed


def _panel(panel: Panel, number: int, place: Mapping[str, int], language: str) -> Json:
    from dashboards.visualizations import field_config, grafana_type, options

    over_time = panel.kind in ("timeseries", "bars", "states")
    made: Json = {
        "datasource": DATASOURCE,
        "description": in_language(panel.why, language),
        "fieldConfig": field_config(panel, language),
        "gridPos": dict(place),
        "id": number,
        "options": options(panel, language),
        "targets": [
            {
                "datasource": DATASOURCE,
                "editorMode": "code",
                "format": "time_series" if over_time else "table",
                "rawQuery": True,
                "rawSql": sql_in_language(panel.sql, language),
                "refId": "A",
            }
        ],
        "title": in_language(panel.title, language),
        "type": grafana_type(panel),
    }
    if panel.window is not None:
        made |= {"timeFrom": panel.window, "hideTimeOverride": False}
    if panel.interval is not None:
        made["interval"] = panel.interval
    if panel.points is not None:
        made["maxDataPoints"] = panel.points
    return made
