"""One figure from every place that keeps it."""

from decimal import Decimal

from tests.plant_server.work_orders.floor import Floor

PLACES = {
    "events": "SELECT sum((line ->> 'quantity')::numeric) FROM plant.event,"
    " jsonb_array_elements(facts -> 'entries') AS line WHERE NOT refused",
    "ledger": "SELECT sum(quantity) FROM plant.production_entry",
    "run": "SELECT entered_good FROM plant.run",
    "operation": "SELECT good FROM plant.operation",
    "order": "SELECT good FROM plant.work_order",
    "told to the ERP": "SELECT sum((body ->> 'quantity')::numeric) FROM plant.outbox WHERE kind = 'completion'",
}


async def good_everywhere(floor: Floor) -> dict[str, Decimal]:
    """Of the only order: good parts by its Events, ledger, run, operation, order, and documents."""
    found = {}
    for place, statement in PLACES.items():
        (row,) = await floor.rows(statement)
        (found[place],) = row.values()
    return found
