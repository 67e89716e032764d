"""A small factory in a fresh Tryton database, set up over RPC alone: books, items, a BOM, lots, people.

A pump (PUMP, counted, by lot) of two seals (SEAL, by lot) and 1.5 kg of steel (STEEL, by lot). Steel is bought as S-1 for
4.00 and S-2 for 4.00; assembling costs 40.00 an hour. Every price is fixed, so that a figure of the ERP can be checked by
hand. All is the books of this year, the one before and the next one: an effective date outside them would post nothing.
"""

from datetime import date
from decimal import Decimal
from typing import Any

from tests.tryton.rpc import Rpc

ADMIN, BRIDGE_USER, PASSWORD = "admin", "lineside", "a-password-of-tests"
MODULES = ("account_product", "account_stock_continental", "production_work", "stock_lot")
GROUPS = ("Stock", "Stock Force Assignment", "Stock Cancellation", "Production", "Production Administration")
LOTS = {"S-1": ("STEEL", "100"), "S-2": ("STEEL", "100"), "L-1": ("SEAL", "500")}
"""What was bought: lot → item and quantity."""
LABOR_PER_HOUR = Decimal("40.00")


def set_up(rpc: Rpc) -> None:
    """Everything; once per database."""
    company = _company(rpc)
    _books(rpc, company)
    _items(rpc)
    _bom(rpc)
    _places(rpc, company)
    _user(rpc, company)
    for lot, (item, quantity) in LOTS.items():
        bought(rpc, item, lot, float(quantity))


def _company(rpc: Rpc) -> int:
    (currency,) = rpc.create(
        "currency.currency",
        {"name": "Yuan", "code": "CNY", "numeric_code": "156", "symbol": "¥", "rounding": Decimal("0.01")},
    )
    (party,) = rpc.create("party.party", {"name": "Works"})
    (company,) = rpc.create("company.company", {"party": party, "currency": currency})
    rpc.write("res.user", rpc.one("res.user", ["login", "=", ADMIN]), companies=[["add", [company]]])
    rpc.write("res.user", rpc.one("res.user", ["login", "=", ADMIN]), company=company)
    rpc.take_preferences()
    return company


def _books(rpc: Rpc, company: int) -> None:
    template = rpc.one(
        "account.account.template", ["parent", "=", None], ["name", "=", "Universal Chart of Accounts"]
    )
    session, *_ = rpc.call("wizard.account.create_chart.create")
    told: dict[str, Any] = {"start": {}, "account": {"company": company, "account_template": template}}
    rpc.call("wizard.account.create_chart.execute", session, told, "create_account")
    told["properties"] = {
        "company": company,
        "account_receivable": _account(rpc, "1.2.1"),
        "account_payable": _account(rpc, "2.1.1"),
    }
    rpc.call("wizard.account.create_chart.execute", session, told, "create_properties")
    rpc.call("wizard.account.create_chart.delete", session)
    sequence_type = rpc.one("ir.sequence.type", ["name", "=", "Account Move"])
    for year in range(date.today().year - 1, date.today().year + 2):
        strict = rpc.create(
            "ir.sequence.strict", {"name": str(year), "sequence_type": sequence_type, "company": company}
        )
        (fiscal_year,) = rpc.create(
            "account.fiscalyear",
            {
                "name": str(year),
                "company": company,
                "start_date": date(year, 1, 1),
                "end_date": date(year, 12, 31),
                "account_stock_method": "continental",
                "move_sequence": strict[0],
            },
        )
        rpc.call("model.account.fiscalyear.create_period", [fiscal_year])


def _items(rpc: Rpc) -> None:
    stock, flow = _account(rpc, "1.3.1"), _account(rpc, "5.1.5")
    (category,) = rpc.create(
        "product.category",
        {
            "name": "Goods",
            "accounting": True,
            "account_stock": stock,
            "account_stock_in": flow,
            "account_stock_out": flow,
        },
    )
    items = {
        "PUMP": ("Pump", "Unit", "0", True),
        "SEAL": ("Seal", "Unit", "0.50", False),
        "STEEL": ("Steel", "Kilogram", "4.00", False),
    }
    for code, (name, unit, cost, producible) in items.items():
        rpc.create(
            "product.template",
            {
                "name": name,
                "type": "goods",
                "default_uom": rpc.one("product.uom", ["name", "=", unit]),
                "producible": producible,
                "list_price": Decimal(100),
                "cost_price_method": "average",
                "account_category": category,
                "lot_required": ["storage"],
                "products": [["create", [{"suffix_code": code, "cost_price": Decimal(cost)}]]],
            },
        )


def _bom(rpc: Rpc) -> None:
    unit, kilogram = (rpc.one("product.uom", ["name", "=", name]) for name in ("Unit", "Kilogram"))
    inputs = [
        {"product": _product(rpc, "SEAL"), "quantity": 2.0, "unit": unit},
        {"product": _product(rpc, "STEEL"), "quantity": 1.5, "unit": kilogram},
    ]
    outputs = [{"product": _product(rpc, "PUMP"), "quantity": 1.0, "unit": unit}]
    (bom,) = rpc.create(
        "production.bom",
        {
            "name": "Pump A",
            "code": "PUMP-A",
            "inputs": [["create", inputs]],
            "outputs": [["create", outputs]],
        },
    )
    rpc.write("product.product", _product(rpc, "PUMP"), boms=[["create", [{"bom": bom}]]])


def _places(rpc: Rpc, company: int) -> None:
    """Where scrap goes, and what an hour and a kilowatt hour are booked on."""
    warehouse = rpc.one("stock.location", ["type", "=", "warehouse"])
    (scrap,) = rpc.create("stock.location", {"name": "Scrap", "code": "SCRAP", "type": "lost_found"})
    rpc.write("stock.location", warehouse, waste_locations=[["add", [scrap]]])
    centers = {
        "Assembly": LABOR_PER_HOUR,
        "Press": Decimal("25.00"),
        "Energy": Decimal("0.70"),
        "Energy at peak": Decimal("1.20"),
    }
    for name, price in centers.items():
        rpc.create(
            "production.work.center",
            {
                "name": name,
                "company": company,
                "warehouse": warehouse,
                "cost_method": "hour",
                "cost_price": price,
            },
        )
        rpc.create("production.routing.operation", {"name": name})


def _user(rpc: Rpc, company: int) -> None:
    (person,) = rpc.create("party.party", {"name": "Lineside"})
    (employee,) = rpc.create("company.employee", {"party": person, "company": company})
    groups = [rpc.one("res.group", ["name", "=", name]) for name in GROUPS]
    rpc.create(
        "res.user",
        {
            "name": "Lineside",
            "login": BRIDGE_USER,
            "password": PASSWORD,
            "companies": [["add", [company]]],
            "company": company,
            "employees": [["add", [employee]]],
            "employee": employee,
            "groups": [["add", groups]],
        },
    )


def bought(rpc: Rpc, item: str, lot: str, quantity: float) -> None:
    """Received from the supplier at the item's cost price; a lot that is there gets more."""
    product = _product(rpc, item)
    (told,) = rpc.rows("product.product", ["default_uom", "cost_price"], ["id", "=", product])
    known = rpc.search("stock.lot", ["number", "=", lot], ["product", "=", product])
    (lot_id,) = known or rpc.create("stock.lot", {"number": lot, "product": product})
    (move,) = rpc.create(
        "stock.move",
        {
            "product": product,
            "unit": told["default_uom"],
            "quantity": quantity,
            "lot": lot_id,
            "from_location": rpc.one("stock.location", ["type", "=", "supplier"]),
            "to_location": rpc.one("stock.location", ["code", "=", "STO"]),
            "company": rpc.context["company"],
            "unit_price": told["cost_price"],
            "currency": rpc.one("currency.currency"),
        },
    )
    rpc.call("model.stock.move.do", [move])


def _account(rpc: Rpc, code: str) -> int:
    return rpc.one("account.account", ["code", "=", code])


def _product(rpc: Rpc, code: str) -> int:
    return rpc.one("product.product", ["code", "=", code])
