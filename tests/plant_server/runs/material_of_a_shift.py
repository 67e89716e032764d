"""What happens to material and energy in a busy shift, by the API and the keeper."""

from typing import Any

from plant_server.energy.telling import tell_energy_of_runs
from tests.plant_server.facts import add_device, add_tag
from tests.plant_server.work_orders.floor import LONG_AGO, PATH, Floor, seconds_ago

STATION = f"{PATH}/press1"


async def stock_up(floor: Floor) -> dict[str, int]:
    """A BOM of four screws and a bit of oil that the scale cannot hold; lots of both at the station, ids by label."""
    await floor.item("SCREW", is_lot_tracked=True)
    names = {"name_en": "Oil", "name_zh": "油"}
    await floor.receive("items", "item-OIL", code="OIL", unit="KGM", scale=3, is_lot_tracked=True, **names)
    components = [
        {"position": "10", "item": "SCREW", "quantity_per": "4", "unit": "C62"},
        {"position": "20", "item": "OIL", "quantity_per": "3.7", "unit": "GRM"},
    ]
    await floor.receive(
        *("boms", "bom"), item="BRACKET", revision="1", released_time=LONG_AGO, components=components
    )
    lots: dict[str, int] = {}
    for label, item, quantity, place in (
        ("S-1", "SCREW", "8", STATION),
        ("S-2", "SCREW", "500", "store"),
        ("O-1", "OIL", "25.500", STATION),
    ):
        told = await receive(floor, label, item, quantity, place)
        lots[label] = told["lot_id"]
    await receive(floor, "S-2", "SCREW", "50", "store")
    return lots


async def receive(floor: Floor, label: str, item: str, quantity: str, place: str) -> dict[str, Any]:
    body = {
        "lot": label,
        "item": item,
        "quantity": quantity,
        "location": place,
        "supplier_lot": f"of {label}",
    }
    return await floor.done("lots", body)


async def move_material(floor: Floor, lots: dict[str, int], order: str) -> None:
    """To the line and back, counted, held and released, scanned in, and what was short named afterwards."""
    screws, oil = f"lots/{lots['S-2']}", f"lots/{lots['O-1']}"
    to_line = {"from_location": "store", "to_location": STATION}
    await floor.done(f"{screws}/issue", {"order": order, "quantity": "300"} | to_line)
    back = {"from_location": STATION, "to_location": "store"}
    await floor.done(f"{screws}/return", {"order": order, "quantity": "20"} | back)
    await floor.done(f"{oil}/adjust", {"location": STATION, "counted": "25.25", "reason": "spilt"})
    await floor.done(f"{oil}/consume", {"order": order, "quantity": "0.125", "location": STATION})
    print(
        await floor.rows(
            "SELECT consumption_id, item_id, required, shortage, reversed_by FROM plant.consumption"
        )
    )
    for short in (await floor.get("consumptions?short_only=true"))["items"]:
        await floor.done(
            f"consumptions/{short['consumption_id']}/settle", {"lot_id": lots["S-2"], "quantity": "3"}
        )
    for reference in ("NC-1", "NC-2", "NC-1"):
        await floor.done(f"{oil}/hold", {"reference": reference, "note": "cloudy"})
    await floor.done(f"{oil}/release", {"reference": "NC-1", "note": "clear again"})
    await floor.done(f"{oil}/hold", {"reference": "NC-1"})


async def meter_at_the_station(floor: Floor) -> int:
    device = await add_device(floor.connection, "meter1", STATION)
    meter = await add_tag(floor.connection, device, "energy", "meter", unit="Wh")
    await floor.make(meter, 1000, seconds_ago(60))
    return meter


async def tell_energy(floor: Floor, meter: int) -> None:
    """The meter is read after what has ended by now; the keeper tells it."""
    await floor.make(meter, 40)
    while await tell_energy_of_runs(floor.connection):
        pass
