"""Closed stock periods: Tryton refuses to move stock on a day of one, and says so in words alone."""

from datetime import date, timedelta

from erp_bridge.connectors.tryton_rpc import TrytonClient


async def first_open_day(client: TrytonClient, day: date) -> date | None:
    """The day after the latest closed period that holds `day` or comes after it; None: `day` is open. Raises ConnectorError."""
    closed = await client.rows("stock.period", ["date"], ["state", "=", "closed"], ["date", ">=", day])
    if not closed:
        return None
    latest: date = max(one["date"] for one in closed)
    return latest + timedelta(days=1)
