"""One page that shows every board without a Grafana: the same JSON, the same SQL, the answers drawn by uPlot.

What is shown is what Grafana would ask: macros and variables are put in as it does (macros.py), as the role it reads with.
"""

import json
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import escape
from pathlib import Path
from typing import Any

import psycopg

from dashboards.board import LANGUAGES, Json, in_language, uid_of
from dashboards.boards import BOARDS
from dashboards.generate import GRAFANA
from dashboards.macros import POINTS, Range, expand, seconds_of

STATIC = Path(__file__).parent / "static"
ROWS_MAX = 20_000
"""More rows than anybody can see are an error of the panel."""
CONNECT_TIMEOUT_S = 10
_RELATIVE = re.compile(r"now(?:-(\d+[smhdw]))?")


class NotATime(ValueError):
    """Neither now, now-7d nor an ISO time: a mistake of whoever asks."""


def page(url: str, language: str, begin: str | None, end: str) -> tuple[str, int]:
    """The page, and how many panels failed. `begin` None: each board's own range up to `end`.

    Raises NotATime, psycopg.OperationalError.
    """
    now = datetime.now(UTC)
    until = moment(end, now)
    boards = []
    with psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S) as connection:
        for board in committed(language):
            since = (
                moment(begin, now)
                if begin
                else until - timedelta(seconds=seconds_of(board["time"]["from"][4:]))
            )
            boards.append(board_answered(connection, board, Range(since, until)))
    failed = sum("error" in panel for board in boards for panel in board["panels"])
    return _html(boards, language, now), failed


def committed(language: str) -> Iterator[Json]:
    """The boards as files."""
    for board in BOARDS:
        path = GRAFANA / language / f"{uid_of(board, language)}.json"
        yield json.loads(path.read_text(encoding="utf-8"))


def board_answered(connection: psycopg.Connection, board: Json, span: Range) -> Json:
    """The board with its panels' answers, and the range in ms."""
    if span.begin >= span.end:
        raise NotATime(f"{span.begin.isoformat()} is not before {span.end.isoformat()}")
    variables: dict[str, Sequence[str]] = {
        one["name"]: _all_values(connection, one["query"]) for one in board["templating"]["list"]
    }
    return {
        "uid": board["uid"],
        "title": board["title"],
        "description": board["description"],
        "range": [_ms(span.begin), _ms(span.end)],
        "panels": [_panel(connection, panel, span, variables) for panel in board["panels"]],
    }


def ask(
    connection: psycopg.Connection, panel: Json, span: Range, variables: dict[str, Sequence[str]]
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Columns and rows of a panel's question. Raises psycopg.Error."""
    sql = expand(
        panel["targets"][0]["rawSql"],
        span.window(panel.get("timeFrom")),
        variables,
        minimum=panel.get("interval"),
        points=panel.get("maxDataPoints", POINTS),
    )
    cursor = connection.execute(sql.encode())
    rows = cursor.fetchmany(ROWS_MAX + 1)
    return [column.name for column in cursor.description or ()], rows


def moment(text: str, now: datetime) -> datetime:
    """now, now-7d or an ISO time; without a zone it is UTC. Raises NotATime."""
    if found := _RELATIVE.fullmatch(text):
        return now - timedelta(seconds=seconds_of(found[1])) if found[1] else now
    try:
        told = datetime.fromisoformat(text)
    except ValueError as error:
        raise NotATime(f"{text}: now, now-7d or an ISO time") from error
    return told if told.tzinfo else told.replace(tzinfo=UTC)


def _panel(
    connection: psycopg.Connection, panel: Json, span: Range, variables: dict[str, Sequence[str]]
) -> Json:
    window = span.window(panel.get("timeFrom"))
    told = {
        key: panel[key] for key in ("id", "type", "title", "description", "gridPos", "options", "fieldConfig")
    }
    told["range"] = [_ms(window.begin), _ms(window.end)]
    told["format"] = panel["targets"][0]["format"]
    try:
        columns, rows = ask(connection, panel, span, variables)
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        return told | {"error": str(error).strip()}
    if len(rows) > ROWS_MAX:
        return told | {"error": f"more than {ROWS_MAX} rows"}
    return told | {"columns": columns, "rows": [[_plain(value) for value in row] for row in rows]}


def _all_values(connection: psycopg.Connection, query: str) -> list[str]:
    return [str(row[0]) for row in connection.execute(query.encode()).fetchall()]


def _plain(value: Any) -> Any:
    """As JSON has it: moments become {"ms": …}."""
    match value:
        case datetime():
            return {"ms": _ms(value)}
        case Decimal():
            return float(value)
        case date():
            return value.isoformat()
        case _:
            return value


def _ms(value: datetime) -> int:
    return round(value.timestamp() * 1000)


def _html(boards: Sequence[Json], language: str, now: datetime) -> str:
    data = json.dumps({"language": language, "made": _ms(now), "boards": boards}, ensure_ascii=False).replace(
        "<", "\\u003c"
    )
    style = "".join(_read(name) for name in ("vendor/uPlot.min.css", "preview.css"))
    script = "".join(
        _read(name) + "\n" for name in ("vendor/uPlot.iife.min.js", "preview_format.js", "preview.js")
    )
    title = in_language("Lineside: boards|Lineside：看板", language)
    assert language in LANGUAGES, language  # noqa: S101
    return (
        f'<!doctype html>\n<html lang="{escape(language)}"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)}</title>'
        f"<style>{style}</style>\n<body><header></header><main></main>"
        f'<script type="application/json" id="data">{data}</script>\n<script>{script}</script></body></html>\n'
    )


def _read(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8")
