"""The Tryton that other tests use is a real one: it has books, stock by lot and a BOM."""

import pytest

from tests.plant_server.database_fixture import database_server
from tests.tryton.living import LivingTryton, erp, erp_template
from tests.tryton.set_up import LOTS

__all__ = ["database_server", "erp", "erp_template"]
pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]


def test_what_was_bought_lies_in_stock_by_lot_and_stands_in_the_books(erp: LivingTryton) -> None:
    rpc = erp.rpc
    storage = rpc.one("stock.location", ["code", "=", "STO"])
    lots = rpc.rows("stock.lot", ["number", "quantity"], locations=[storage])
    assert {one["number"]: one["quantity"] for one in lots} == {
        lot: float(quantity) for lot, (_, quantity) in LOTS.items()
    }
    posted = rpc.rows("account.move", ["state", "lines.debit"], ["origin", "like", "stock.move,%"])
    assert sorted(float(max(line["debit"] for line in one["lines."])) for one in posted) == [
        250.0,
        400.0,
        400.0,
    ]
    assert {one["state"] for one in posted} == {"posted"}
