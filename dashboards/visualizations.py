"""How each kind of panel is drawn: Grafana's panel types, their options and field configuration."""

from typing import Any

from dashboards.board import Column, Json, Panel, in_language

_TYPES = {"bars": "timeseries", "states": "state-timeline"}

# A state has a number, so that a time series can hold it; word and colour stand in the mapping. Grey is normal.
STATES = {
    1: ("Producing|生产", "#5b8fb9"),
    2: ("Idle|待机", "#c9ced3"),
    3: ("Set-up|换型调试", "#8f7fb8"),
    4: ("Stopped|停止", "#e0a63a"),
    5: ("Fault|故障", "#b5342c"),
    6: ("Maintenance|保养", "#6f9c8d"),
    7: ("Off|关机", "#7d868d"),
    8: ("Unknown|未知", "#efe9d8"),
    9: ("No contact|无联系", "#3d3d3d"),
}
STATE_NUMBER = """CASE state WHEN 'producing' THEN 1 WHEN 'idle' THEN 2 WHEN 'setup' THEN 3 WHEN 'stopped' THEN 4
    WHEN 'fault' THEN 5 WHEN 'maintenance' THEN 6 WHEN 'off' THEN 7 ELSE 8 END"""


def grafana_type(panel: Panel) -> str:
    return _TYPES.get(panel.kind, panel.kind)


def field_config(panel: Panel, language: str) -> Json:
    defaults: Json = {
        "color": {"mode": "thresholds" if panel.kind in ("stat", "table") else "palette-classic"},
        "custom": _custom(panel),
        "mappings": _state_mappings(language) if panel.kind == "states" else [],
        "noValue": "–",
        "thresholds": {
            "mode": "absolute",
            "steps": [{"color": color, "value": value} for value, color in panel.steps],
        },
        "unit": panel.unit,
    }
    if panel.decimals is not None:
        defaults["decimals"] = panel.decimals
    if panel.minimum is not None and panel.kind in ("timeseries", "bars", "barchart"):
        defaults["min"] = panel.minimum
    if panel.maximum is not None:
        defaults["max"] = panel.maximum
    return {"defaults": defaults, "overrides": [_override(column, language) for column in panel.columns]}


def options(panel: Panel, language: str) -> Json:
    legend = {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": True}
    tooltip = {"mode": "multi", "sort": "desc"}
    match panel.kind:
        case "stat":
            reduce = {"calcs": ["lastNotNull"], "fields": "/.*/", "values": False}
            return {
                "colorMode": "value",
                "graphMode": "none",
                "justifyMode": "auto",
                "orientation": "auto",
                "reduceOptions": reduce,
                "textMode": "auto",
                "wideLayout": True,
            }
        case "table":
            return {"cellHeight": "sm", "footer": {"show": False}, "showHeader": True}
        case "barchart":
            return {
                "barWidth": 0.85,
                "fullHighlight": False,
                "groupWidth": 0.8,
                "legend": legend
                | {"showLegend": panel.stacked and not any(one.hidden for one in panel.columns)},
                "orientation": "horizontal" if panel.horizontal else "vertical",
                "showValue": "auto",
                "stacking": "normal" if panel.stacked else "none",
                "tooltip": tooltip,
                "xTickLabelRotation": 0,
                "xTickLabelSpacing": 0,
            }
        case "states":
            return {
                "alignValue": "left",
                "legend": legend,
                "mergeValues": True,
                "rowHeight": 0.85,
                "showValue": "never",
                "tooltip": tooltip,
            }
        case _:
            return {"legend": legend, "tooltip": tooltip}


def _custom(panel: Panel) -> Json:
    match panel.kind:
        case "timeseries":
            return {
                "drawStyle": "line",
                "fillOpacity": 0,
                "lineInterpolation": "linear",
                "lineWidth": 2,
                "showPoints": "auto",
                "spanNulls": False,
                "stacking": {"group": "A", "mode": "none"},
            }
        case "bars":
            return {
                "drawStyle": "bars",
                "fillOpacity": 80,
                "lineWidth": 0,
                "showPoints": "never",
                "stacking": {"group": "A", "mode": "normal" if panel.stacked else "none"},
            }
        case "barchart":
            return {"fillOpacity": 80, "lineWidth": 0}
        case "states":
            return {"fillOpacity": 85, "lineWidth": 0}
        case "table":
            return {"align": "auto", "cellOptions": {"type": "auto"}, "filterable": False, "inspect": False}
        case _:
            return {}


def _override(column: Column, language: str) -> Json:
    properties: list[dict[str, Any]] = [{"id": "unit", "value": column.unit}]
    if column.decimals is not None:
        properties.append({"id": "decimals", "value": column.decimals})
    if column.gauge:
        cell = {"mode": "basic", "type": "gauge", "valueDisplayMode": "text"}
        properties += [
            {"id": "custom.cellOptions", "value": cell},
            {"id": "min", "value": 0},
            {"id": "max", "value": 1},
        ]
    if column.width is not None:
        properties.append({"id": "custom.width", "value": column.width})
    if column.color is not None:
        properties.append({"id": "color", "value": {"fixedColor": column.color, "mode": "fixed"}})
    if column.hidden:
        properties.append({"id": "color", "value": {"fixedColor": "transparent", "mode": "fixed"}})
    return {
        "matcher": {"id": "byName", "options": in_language(column.name, language)},
        "properties": properties,
    }


def _state_mappings(language: str) -> list[Json]:
    told = {
        str(number): {"color": color, "index": number, "text": in_language(words, language)}
        for number, (words, color) in STATES.items()
    }
    return [{"options": told, "type": "value"}]
