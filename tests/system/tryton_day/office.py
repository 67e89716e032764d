"""What people do that day in Tryton's office."""

import asyncio
from datetime import date
from decimal import Decimal

from tests.system.tryton_day.factory import Factory
from tests.tryton.orders import planned_production
from tests.tryton.rpc import Rpc


async def release(factory: Factory, quantity: float, reference: str) -> str:
    """A production, released; its number."""
    return await asyncio.to_thread(planned_production, factory.erp.rpc, quantity, reference)


def done_by_office(factory: Factory, number: str) -> None:
    """Somebody is quicker than the floor and presses the button."""
    with factory.erp.signed_in() as rpc:
        rpc.call("model.production.do", [rpc.one("production", ["number", "=", number])])


def typed_entry(rpc: Rpc, into: str, out_of: str, amount: Decimal) -> int:
    """Typed into the journal by hand, from nothing; posted. Its id."""
    codes = {code: rpc.one("account.account", ["code", "=", code]) for code in (into, out_of)}
    today = date.today()
    (entry,) = rpc.create(
        "account.move",
        {
            "journal": rpc.one("account.journal", ["code", "=", "STO"]),
            "period": rpc.one("account.period", ["start_date", "<=", today], ["end_date", ">=", today]),
            "date": today,
            "company": rpc.context["company"],
            "lines": [
                [
                    "create",
                    [
                        {"account": codes[into], "debit": amount, "credit": Decimal(0)},
                        {"account": codes[out_of], "debit": Decimal(0), "credit": amount},
                    ],
                ]
            ],
        },
    )
    rpc.call("model.account.move.post", [entry])
    return entry
