"""Templates to answers: one environment per language, a strict policy for what a page may load, gzip for slow Wi-Fi."""

import gzip
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton
from fastapi import Request
from fastapi.responses import Response
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from plant_server.domain.verdict import RefusalReason
from plant_server.people.identity import Principal
from plant_server.problem_texts import LANGUAGES, TITLES, title
from plant_server.terminal import commands
from plant_server.terminal.assets import Asset, address
from plant_server.terminal.languages import language_of, translations

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
SCAN_REASONS = [*(one.replace("_", "-") for one in RefusalReason), "unknown-code", "lot-wanted"]
FOR_EVER = "public, max-age=31536000, immutable"


def _environment(language: str) -> Environment:
    environment = Environment(
        loader=PackageLoader(__package__ or ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(translations()[language], newstyle=True)  # type: ignore[attr-defined]
    environment.globals |= {
        "asset": address,
        "commands": commands,
        "scan_reasons": SCAN_REASONS,
        "language": language,
        "named": _namer(language),
        "when": _teller(language),
    }
    environment.filters |= {
        "quantity": quantity,
        "minutes": minutes,
        "clock": clock,
        "problem": _problem(language),
    }
    return environment


def quantity(value: Decimal | int | None) -> str:
    """Without zeros that say nothing, and never in powers of ten."""
    if value is None:
        return "–"
    text = format(Decimal(value), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def minutes(seconds: float) -> str:
    """Of a time in seconds; tenths only where they say something."""
    told = seconds / 60
    return format(round(told, 0 if told >= 10 else 1), "g")


def clock(value: datetime) -> str:
    """For attributes that scripts read."""
    return value.isoformat()


def _teller(language: str) -> Callable[..., Markup]:
    locale = language.replace("-", "_")

    @pass_context
    def when(context: Context, value: datetime, *, seconds: bool = False) -> Markup:
        """A time by the wall clock of the site; of another day than today with its date."""
        zone: ZoneInfo = context["zone"]
        local = value.astimezone(zone)
        told = local.strftime("%H:%M:%S" if seconds else "%H:%M")
        if local.date() != datetime.now(UTC).astimezone(zone).date():
            told = f"{format_skeleton('MMMd', local, zone, locale=locale)} {told}"
        return Markup('<time datetime="{}">{}</time>').format(value.isoformat(), told)

    return when


def _namer(language: str) -> Callable[[Any, str], str]:
    def named(row: Any, prefix: str = "name") -> str:
        """`row.name_en` or `row.name_zh`; either stands in for the other when that is empty. A row may be a dict."""
        ours, other = ("zh", "en") if language == "zh-CN" else ("en", "zh")
        both = f"{prefix}_{ours}", f"{prefix}_{other}"
        told = [row[name] if isinstance(row, Mapping) else getattr(row, name) for name in both]
        return str(told[0] or told[1])

    return named


def _problem(language: str) -> Callable[[str], str]:
    def words(code: str) -> str:
        """Of a refusal; the domain writes its codes with `_`."""
        told = code.replace("_", "-")
        return title(told, language) if told in TITLES else code

    return words


_ENVIRONMENTS = {language: _environment(language) for language in LANGUAGES}


def page(
    request: Request,
    who: Principal,
    template: str,
    facts: Mapping[str, Any] | None = None,
    *,
    status: int = 200,
) -> Response:
    """The template in the reader's language; it knows `who` reads."""
    language = language_of(request, who)
    zone = request.app.state.time_zone
    text = render(template, language, {"who": who, "zone": zone, **(facts or {})})
    headers = {
        **HEADERS,
        "Cache-Control": "no-store",
        "Content-Language": language,
        "Vary": "Cookie, Accept-Encoding",
    }
    return compressed(request, Response(text, status, headers, "text/html; charset=utf-8"))


def render(template: str, language: str, facts: Mapping[str, Any]) -> str:
    """`facts` name the site's `zone`, if the template tells a time."""
    return _ENVIRONMENTS[language].get_template(template).render(facts)


def file(request: Request, asset: Asset, cache_control: str) -> Response:
    headers = {**HEADERS, "Cache-Control": cache_control, "Vary": "Accept-Encoding"}
    if _takes_gzip(request):
        headers["Content-Encoding"] = "gzip"
        return Response(asset.compressed, 200, headers, asset.media_type)
    return Response(asset.content, 200, headers, asset.media_type)


def compressed(request: Request, response: Response) -> Response:
    if not _takes_gzip(request):
        return response
    response.body = gzip.compress(response.body, compresslevel=5, mtime=0)
    response.headers["content-encoding"] = "gzip"
    response.headers["content-length"] = str(len(response.body))
    return response


def _takes_gzip(request: Request) -> bool:
    return "gzip" in request.headers.get("accept-encoding", "")
