"""The health page: one HTML document without anything from elsewhere, and its JSON. It refreshes itself and says so when
the edge answers no more; without scripts there is a link to reload."""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from html import escape
from typing import Any

from edge.health import BrokerHealth, DeviceHealth, EdgeHealth, SpoolHealth
from edge.health_status import Finding, findings, status_of
from edge.health_texts import Words

BAD_TAGS_SHOWN = 5
EN = Words("en")

STYLE = """
:root { color: #14181b; background: #e6e8ea; font: 17px/1.4 "Noto Sans", "Noto Sans CJK SC", "Microsoft YaHei", system-ui, sans-serif; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 12px; max-width: 1100px; overflow-wrap: anywhere; }
header { display: flex; flex-wrap: wrap; gap: 4px 20px; align-items: center; }
h1 { font-size: 24px; margin: 0 auto 0 0; }
h2 { font-size: 19px; margin: 24px 0 6px; }
a { color: #0b4f87; display: inline-block; min-height: 44px; min-width: 44px; padding: 10px 0; }
a:focus-visible { outline: 3px solid #0b62a8; outline-offset: 2px; }
.status { padding: 10px 14px; border-radius: 8px; font-size: 20px; font-weight: 700; margin: 8px 0; background: #f7f8f9; border: 2px solid #7d868d; }
.status.degraded { background: #ffd75e; border-color: #6b5300; }
.status.failed, #stale { color: #fff; background: #9c1c1c; border-color: #9c1c1c; }
#stale { padding: 10px 14px; border-radius: 8px; font-weight: 700; }
[hidden] { display: none; }
ul { margin: 0; padding: 0; list-style: none; }
li { background: #f7f8f9; border-left: 6px solid #6b5300; padding: 8px 12px; margin: 6px 0; }
li.failure { border-color: #9c1c1c; }
li span { display: block; color: #40484e; }
dl, .cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 240px), 1fr)); gap: 8px; margin: 0; }
dl > div, .card { background: #f7f8f9; padding: 8px 12px; border-radius: 6px; }
dt { color: #40484e; font-size: 15px; }
dd { margin: 0; font-variant-numeric: tabular-nums; }
.cards + dl { margin-top: 8px; }
.card { border-left: 6px solid #7d868d; }
.card.out { border-color: #9c1c1c; }
.card h3 { font-size: 17px; margin: 0 0 4px; }
.card dl { display: block; }
.card dl > div { padding: 0 0 2px; background: none; }
.card dt, .card dd { display: inline; }
.card dt::after { content: ": "; }
"""

SCRIPT = """
const every = 5000, stale = document.getElementById("stale");
async function refresh() {
  try {
    const answer = await fetch(location.href, {cache: "no-store", signal: AbortSignal.timeout(4000)});
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const status = document.getElementById("status"), fresh = page.getElementById("status");
    if (status.textContent !== fresh.textContent) {
      status.textContent = fresh.textContent;
      status.className = fresh.className;
    }
    // Whoever marks a text to copy it keeps it.
    if (getSelection().isCollapsed) document.getElementById("all").replaceWith(page.getElementById("all"));
    stale.hidden = true;
  } catch { stale.hidden = false; }
  setTimeout(refresh, every);
}
setTimeout(refresh, every);
"""


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


POLICY = (
    f"default-src 'none'; style-src {_hash(STYLE)}; script-src {_hash(SCRIPT)}; connect-src 'self'; img-src data:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy of the page."""


def as_json(health: EdgeHealth) -> dict[str, Any]:
    """`status`, `reasons` (code, about, text, action, is_failure), and everything the page shows. Times are UTC ms, ages s."""
    found = findings(health)
    return {"status": status_of(found), "reasons": [_reason(one, EN) for one in found], **asdict(health)}


def _reason(finding: Finding, words: Words) -> dict[str, Any]:
    text, action = words.finding(finding.code, finding.about, finding.values)
    return {
        "code": finding.code,
        "about": finding.about,
        "text": text,
        "action": action,
        "is_failure": finding.is_failure,
    }


def page(health: EdgeHealth, words: Words) -> str:
    found = findings(health)
    status = status_of(found)
    title = words("title", edge=health.edge)
    other = "zh-CN" if words.language == "en" else "en"
    sections = [
        _section("what_to_do", _findings(found, words), words) if found else "",
        _section("devices", _devices(health.devices, words), words),
        _section("delivery", _delivery(health, words), words),
        _section("spool", _spool(health.spool, words), words),
        _section("losses", _losses(health, words), words),
        _section("edge", _edge(health, words), words),
    ]
    return f"""<!doctype html>
<html lang="{words.language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title><link rel="icon" href="data:,"><style>{STYLE}</style></head><body>
<header><h1>{escape(title)}</h1>
<a href="?lang={other}" lang="{other}" hreflang="{other}">{words("other_language")}</a>
<noscript><a href="?lang={words.language}">{words("reload")}</a></noscript></header>
<p id="stale" role="alert" hidden>{words("stale")}</p>
<main><p class="status {status}" role="status" id="status">{words(status)}</p>
<div id="all"><p>{words("as_of", time=_time(health.taken_ms))}</p>{"".join(sections)}</div></main>
<script>{SCRIPT}</script></body></html>
"""


def _section(name: str, body: str, words: Words) -> str:
    note = f"<p>{words('losses_since')}</p>" if name == "losses" else ""
    return f"<section><h2>{words(name)}</h2>{note}{body}</section>"


def _findings(found: Iterable[Finding], words: Words) -> str:
    items = []
    for one in found:
        text, action = words.finding(one.code, one.about, one.values)
        mark = ' class="failure"' if one.is_failure else ""
        items.append(f"<li{mark}>{escape(text)}<span>{escape(action)}</span></li>")
    return f"<ul>{''.join(items)}</ul>"


def _devices(devices: Iterable[DeviceHealth], words: Words) -> str:
    cards = [
        _device(device, words) for device in sorted(devices, key=lambda one: (one.online is True, one.name))
    ]
    return f'<div class="cards">{"".join(cards)}</div>' if cards else f"<p>{words('no_devices')}</p>"


def _device(device: DeviceHealth, words: Words) -> str:
    contact = {True: "online", False: "offline", None: "not_tried"}[device.online]
    answered = words("never")
    if device.answered_s_ago is not None:
        answered = words("old", age=_age(device.answered_s_ago))
    rows = {
        "contact": words(contact),
        "last_reading": answered,
        "poll_time": f"{1000 * device.poll_s:.0f} ms" if device.polls else words("never"),
        "bad_tags": _bad_tags(device, words),
    }
    if device.error and device.error_s_ago is not None:
        rows["last_error"] = f"{device.error} ({words('old', age=_age(device.error_s_ago))})"
    mark = "card" if device.online else "card out"
    about = f"<div>{escape(device.profile)} · {escape(device.url)}</div>"
    return f'<div class="{mark}"><h3>{escape(device.name)}</h3>{about}{_rows(rows, words)}</div>'


def _bad_tags(device: DeviceHealth, words: Words) -> str:
    shown = ", ".join(device.bad_tags[:BAD_TAGS_SHOWN])
    more = len(device.bad_tags) - BAD_TAGS_SHOWN
    return words("and_more", tags=shown, count=str(more)) if more > 0 else shown or words("none")


def _delivery(health: EdgeHealth, words: Words) -> str:
    cards = "".join(_broker(broker, words) for broker in health.brokers)
    lag_s = health.spool.lag_s
    lag = words("unknown") if lag_s is None else words("old", age=_age(lag_s)) if lag_s else words("lag_none")
    rows = {
        "primary_host": _host(health, words),
        "lag": lag,
        "backlog": str(health.spool.backlog),
    }
    return f'<div class="cards">{cards}</div>{_rows(rows, words)}'


def _broker(broker: BrokerHealth, words: Words) -> str:
    state = words("trying" if broker.is_current else "next")
    if broker.connected_ms is not None:
        state = words("connected", time=_time(broker.connected_ms))
    rows = {"state": state, "last_error": words("none")}
    if broker.trouble_ms is not None:
        rows["last_error"] = f"{broker.reason} ({_time(broker.trouble_ms)})"
    return f'<div class="card"><h3>{escape(broker.url)}</h3>{_rows(rows, words)}</div>'


def _host(health: EdgeHealth, words: Words) -> str:
    if health.primary_host is None:
        return words("host_none")
    said = {True: "host_online", False: "host_offline", None: "host_unknown"}
    online = next((one.host_online for one in health.brokers if one.connected_ms is not None), None)
    return words(said[online], host=health.primary_host)


def _spool(spool: SpoolHealth, words: Words) -> str:
    percent = f"{100 * spool.bytes / spool.max_bytes:.1f}"
    share = words("spool_share", bytes=_bytes(spool.bytes), max=_bytes(spool.max_bytes), percent=percent)
    rows = {
        "spool": share,
        "free": words("unknown") if spool.free_bytes is None else _bytes(spool.free_bytes),
        "buffer": _bytes(spool.buffer_bytes),
        "epoch": spool.epoch,
    }
    return _rows(rows, words)


def _losses(health: EdgeHealth, words: Words) -> str:
    thrown_away = sum(line.garbled + line.foreign + line.late for line in health.lines)
    rows = {
        "thinned": health.spool.thinned,
        "gaps": sum(device.gaps for device in health.devices),
        "skipped": sum(device.skipped for device in health.devices),
        "set_aside": health.spool.set_aside,
        "epochs": health.epochs_begun,
        "garbled": thrown_away,
    }
    return _rows({name: str(count) for name, count in rows.items()}, words)


def _edge(health: EdgeHealth, words: Words) -> str:
    clock = words("clock_mistrusted" if health.clock_mistrust else "clock_believed")
    if health.plant_ahead_s is not None:
        clock += ", " + words("clock_ahead", seconds=f"{-health.plant_ahead_s:+.1f}")
    rows = {
        "group": health.group,
        "version": health.version,
        "started": _time(health.started_ms),
        "configured": _time(health.configured_ms),
        "clock": clock,
        "cpu": f"{health.cpu_s:.0f} s",
        "memory": _bytes(health.rss_bytes),
    }
    return _rows(rows, words)


def _rows(rows: dict[str, str], words: Words) -> str:
    lines = (f"<div><dt>{words(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in rows.items())
    return f"<dl>{''.join(lines)}</dl>"


def _time(time_ms: int) -> str:
    """In the time zone of this computer, with its distance from UTC: whoever reads may sit elsewhere."""
    local = datetime.fromtimestamp(time_ms / 1000, UTC).astimezone()
    return local.isoformat(sep=" ", timespec="seconds")


def _age(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 172_800 else f"{seconds / 86_400:.0f} d"


def _bytes(count: int) -> str:
    if count >= 1 << 30:
        return f"{count / (1 << 30):.1f} GiB"
    return f"{count / (1 << 20):.1f} MiB" if count >= 1 << 20 else f"{count / 1024:.0f} KiB"
