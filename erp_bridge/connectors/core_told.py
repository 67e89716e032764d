"""What the simulated core holds under keys of ours, read from its lists of documents."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from erp_bridge.connectors.connector import Amount, ToldThere
from erp_bridge.connectors.signed_in import SignedInClient
from plant_server.contract.outbox import Kind

_PAGE = 500
_POSTED = "posted"


async def told_since(
    client: SignedInClient, resources: Mapping[Kind, str], since: datetime
) -> Sequence[ToldThere]:
    """Of these resources. Raises ConnectorError."""
    found: list[ToldThere] = []
    for kind, resource in resources.items():
        found += [_told(kind, one) for one in await _posted(client, resource) if _time(one) >= since]
    return sorted(found, key=lambda one: (one.told_time, one.reference))


def amount_in(line: Mapping[str, Any]) -> Amount:
    """Of a line as it is posted and as it is stored."""
    way = [str(line[name]) for name in ("from_warehouse", "to_warehouse") if line.get(name)]
    thing = str(line.get("item") or line.get("labor") or line.get("machine") or "")
    return Amount(
        " ".join([thing, *way]), str(line.get("lot") or ""), str(line["unit"]), Decimal(line["quantity"])
    )


async def _posted(client: SignedInClient, resource: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after, more = 0, True
    while more:
        page = await client.get(f"/api/{resource}", after=after, limit=_PAGE)
        found += [one for one in page["items"] if one.get("state") == _POSTED]
        after, more = int(page["next_cursor"]), bool(page["more"])
    return found


def _told(kind: Kind, one: Mapping[str, Any]) -> ToldThere:
    """Of what takes something back, the amounts are below 0."""
    takes_back = one.get("reverses")
    amounts = tuple(amount_in(line) for line in one["lines"])
    if takes_back is not None:
        amounts = tuple(Amount(each.thing, each.lot, each.unit, -each.quantity) for each in amounts)
    order = one.get("work_order")
    return ToldThere(str(one["external_id"]), str(one["id"]), kind, order, _time(one), amounts, takes_back)


def _time(one: Mapping[str, Any]) -> datetime:
    return datetime.fromtimestamp(int(one["created_ms"]) / 1000, UTC)
