"""What items cost in a Tryton: `cost_price` per default unit, in the company's currency.

A price may change without its product being written (it is a record of its own, per company; an average moves with every
receipt), so both write times are looked at. Like all masters: the last minute is read again, and what is no other price
than the one told last is dropped at the inbox.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from erp_bridge.config import Tryton
from erp_bridge.connectors.connector import Change, Page
from erp_bridge.connectors.tryton_rpc import TrytonClient
from erp_bridge.documents.amounts import text
from erp_bridge.errors import MappingError
from erp_bridge.inbound.canonical import Price, understood

_OVERLAP = timedelta(seconds=60)
_FIELDS = (
    "code",
    "cost_price",
    "default_uom.symbol",
    "create_date",
    "write_date",
    "cost_prices.create_date",
    "cost_prices.write_date",
)


async def price_changes(client: TrytonClient, after: str | None) -> Page:
    """One page of items whose price was written since `after` (an ISO time). Raises ConnectorError."""
    currency = await currency_of(client)
    domain: list[Any] = [["code", "!=", None], ["type", "=", "goods"]]
    if after is not None:
        since = datetime.fromisoformat(after) - _OVERLAP
        times = [f"{whose}{name}" for whose in ("", "cost_prices.") for name in ("create_date", "write_date")]
        domain.append(["OR", *([one, ">", since] for one in times)])
    found = await client.rows("product.product", _FIELDS, *domain)
    latest = max((_stamp(one) for one in found), default=None)
    position = after if latest is None else max(latest.isoformat(), after or "")
    return Page([_change(one, currency) for one in found if one["cost_price"] is not None], position)


async def currency_of(client: TrytonClient) -> str:
    """Of the user's company. Raises ConnectorError."""
    company = await client.company()
    (owner,) = await client.rows("company.company", ["currency.code"], ["id", "=", company])
    return str(owner["currency."]["code"])


def understand_price(told: Mapping[str, Any], tryton: Tryton) -> Price:
    """Raises MappingError: something is missing, or it is another currency than the plant reckons in."""
    if told["currency"] != tryton.currency:
        raise MappingError(
            "other_currency",
            f"{told['item']} costs {told['currency']}, and the plant reckons in {tryton.currency}",
        )
    return understood(Price, told)


def _change(one: Mapping[str, Any], currency: str) -> Change:
    told = {
        "item": one["code"],
        "price": text(Decimal(one["cost_price"])),
        "unit": one["default_uom."]["symbol"],
        "currency": currency,
    }
    return Change(None, "price", str(one["code"]), None, told)


def _stamp(one: Mapping[str, Any]) -> datetime:
    times = [
        value
        for row in (one, *one["cost_prices."])
        for value in (row["create_date"], row["write_date"])
        if value
    ]
    latest: datetime = max(times)
    return latest
