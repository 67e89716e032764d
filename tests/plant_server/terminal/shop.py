"""A press with its machine, orders, reasons, a stop, parts that nobody owns, and a waiver: all that a terminal can show."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from tests.plant_server.materials.floor import STATION, Floor, lay_out

NAME = "press1"


@dataclass(slots=True)
class Shop:
    floor: Floor
    run_id: int
    equipment_id: int
    tag_id: int

    async def stand_still(self) -> None:
        """The machine stops with a fault, and nobody has said why."""
        await self.floor.connection.execute("UPDATE plant.machine_state_interval SET state = 'fault'")
        await _stop(self.floor)


async def furnish(connection: AsyncConnection, *, counted: int = 37, stands: bool = True) -> Shop:
    """`counted` parts since the last report. Without `stands` the machine produces."""
    floor = await lay_out(connection)
    equipment_id = await floor.station()
    tag_id = await _machine(floor, equipment_id, stands)
    for kind, code, english, chinese in _REASONS:
        await connection.execute(
            "INSERT INTO plant.reason (kind, code, name_en, name_zh, stop_time) VALUES (%s, %s, %s, %s, %s)",
            (kind, code, english, chinese, "unplanned" if kind == "stop" else None),
        )
    await _operations(connection)
    order = await floor.one("SELECT work_order_id FROM plant.work_order WHERE number = 'MO-1'")
    run_id = await floor.run(order)
    await connection.execute(
        "UPDATE plant.run SET tag_id = %s, count_source = 'machine', booked_made = %s WHERE run_id = %s",
        (tag_id, counted, run_id),
    )
    await connection.execute(
        "INSERT INTO plant.run_setting (run_id, from_time, phase, cavities, blocked, cycles)"
        " SELECT run_id, from_time, 'production', 1, 0, 1 FROM plant.run WHERE run_id = %s",
        (run_id,),
    )
    await connection.execute(
        "INSERT INTO plant.run_tag (run_id, tag_id, counts) VALUES (%s, %s, 'parts')", (run_id, tag_id)
    )
    return Shop(floor, run_id, equipment_id, tag_id)


_REASONS = (
    ("scrap", "burr", "Burr", "毛刺"),
    ("scrap", "scratch", "Scratch", "划伤"),
    ("scrap", "short", "Short shot", "缺料"),
    ("scrap", "size", "Wrong size", "尺寸超差"),
    ("rework", "polish", "Polish again", "重新抛光"),
    ("stop", "jam", "Jam", "卡料"),
    ("stop", "tool", "Tool change", "换模"),
    ("stop", "material", "No material", "缺料待料"),
    ("stop", "fault", "Machine fault", "设备故障"),
)


async def _machine(floor: Floor, equipment_id: int, stands: bool) -> int:
    await floor.connection.execute(
        "INSERT INTO plant.edge (group_id, node, online, last_message) VALUES ('demo', 'press-shop', true, now())"
    )
    device = await floor.one(
        "INSERT INTO plant.device (edge_id, name, path, online) SELECT edge_id, %s, %s, true FROM plant.edge"
        " RETURNING device_id",
        NAME,
        STATION,
    )
    tag = await floor.one(
        "INSERT INTO plant.tag (device_id, name, datatype, role, counts) VALUES (%s, 'parts', 3, 'counter', 'parts')"
        " RETURNING tag_id",
        device,
    )
    await floor.connection.execute(
        "INSERT INTO plant.equipment_proposal (device_id, path, state, equipment_id) VALUES (%s, %s, 'accepted', %s)",
        (device, STATION, equipment_id),
    )
    await floor.connection.execute(
        "INSERT INTO plant.odometer (tag_id, total, ts, state) VALUES (%s, 1240, now(), '{}')", (tag,)
    )
    await floor.connection.execute(
        "INSERT INTO plant.counted_tag (tag_id, position, ts) VALUES (%s, 1240, now())", (tag,)
    )
    await floor.connection.execute(
        "INSERT INTO plant.machine_state_interval (device_id, state, from_ts) VALUES (%s, %s, %s)",
        (device, "fault" if stands else "producing", datetime.now(UTC) - timedelta(minutes=12)),
    )
    if stands:
        await _stop(floor)
    return int(tag)


async def _stop(floor: Floor) -> None:
    await floor.connection.execute(
        "WITH made AS (INSERT INTO plant.stop (device_id, from_ts, micro_below_s, states) SELECT device_id, from_ts,"
        " 120, ARRAY[state] FROM plant.machine_state_interval RETURNING stop_id, from_ts)"
        " INSERT INTO plant.stop_piece (stop_id, from_ts) SELECT stop_id, from_ts FROM made"
    )


async def _operations(connection: AsyncConnection) -> None:
    """Two more orders for the press: one ready, one on hold."""
    for number, state, operation in (("MO-2", "released", "ready"), ("MO-3", "held", "pending")):
        await connection.execute(
            "INSERT INTO plant.work_order (number, source, item_id, quantity, unit, state, item_revision, bom_id,"
            " ordered_quantity, ordered_unit, due_time) SELECT %s, 'plant', item_id, 250, 'C62', %s, 'B', bom_id, 250,"
            " 'C62', now() + interval '1 day' FROM plant.item JOIN plant.bom USING (item_id) WHERE code = 'GEARBOX'",
            (number, state),
        )
        await connection.execute(
            "INSERT INTO plant.operation (work_order_id, position, name_en, name_zh, state, is_last)"
            " SELECT work_order_id, 10, 'press', '冲压', %s, true FROM plant.work_order WHERE number = %s",
            (operation, number),
        )


async def lose_parts(shop: Shop) -> None:
    """37 parts that no run owns."""
    await shop.floor.connection.execute(
        "INSERT INTO plant.not_assigned (tag_id, odometer_from, odometer_to, from_ts, to_ts, reason)"
        " VALUES (%s, 1203, 1240, now() - interval '20 min', now() - interval '9 min', 'no_run')",
        (shop.tag_id,),
    )


async def explained_stop(shop: Shop) -> int:
    """A stop of an hour ago, 42 minutes long: the first 10 a jam, then nobody has said why. Its id."""
    return int(
        await shop.floor.one(
            "WITH made AS (INSERT INTO plant.stop (device_id, from_ts, to_ts, micro_below_s, states)"
            " SELECT device_id, now() - interval '62 min', now() - interval '20 min', 120, '{fault}'"
            " FROM plant.device RETURNING stop_id, from_ts, to_ts), pieces AS ("
            " INSERT INTO plant.stop_piece (stop_id, from_ts, to_ts, reason)"
            " SELECT stop_id, from_ts, from_ts + interval '10 min', 'jam' FROM made UNION ALL"
            " SELECT stop_id, from_ts + interval '10 min', to_ts, NULL FROM made)"
            " SELECT stop_id FROM made"
        )
    )


async def left_by(shop: Shop, person_id: int, note: str = "Tool 3 drips oil.") -> int:
    """A hand-over at the press that nobody has read; its id."""
    begin, end = datetime.now(UTC) - timedelta(hours=8), datetime.now(UTC)
    names = {"name_en": "gearbox", "name_zh": "齿轮箱"}
    made = {"number": "MO-1", "item": "GEARBOX", "made": "412", "good": "405", "scrap": "7", "rework": "0"}
    summary = {
        "from_time": begin.isoformat(),
        "to_time": end.isoformat(),
        "made": [made | names],
        "scrap": [{"reason": "burr", "name_en": "Burr", "name_zh": "毛刺", "quantity": "7"}],
        "stood": [
            {"reason": "jam", "name_en": "Jam", "name_zh": "卡料", "seconds": 1500},
            {"reason": None, "name_en": None, "name_zh": None, "seconds": 540},
        ],
        "unassigned_s": 540,
        "questions": {
            "parts_not_assigned": 37,
            "stops_without_reason": 1,
            "count_cases": 2,
            "parts_not_reported": "37",
            "orders_held": 1,
        },
    }
    return int(
        await shop.floor.one(
            "INSERT INTO plant.hand_over (event_id, equipment_id, from_time, to_time, note, summary, written_by)"
            " VALUES (gen_random_uuid(), %s, %s, %s, %s, %s, %s) RETURNING hand_over_id",
            shop.equipment_id,
            begin,
            end,
            note,
            Jsonb(summary),
            person_id,
        )
    )


async def somebody_calls(shop: Shop, person_id: int) -> None:
    """Maintenance at the press, which nobody answers and a lead was told of; quality for the line, where `person_id` comes in
    5 min; and material, which was heard of an hour late."""
    line = STATION.rpartition("/")[0]
    for path, kind, minutes, late, helper in (
        (STATION, "maintenance", 4, False, None),
        (line, "quality", 2, False, f"person:{person_id}"),
        (STATION, "material", 60, True, None),
    ):
        await shop.floor.connection.execute(
            "INSERT INTO plant.andon_call (call_id, path, line, type, note, raised_by, raised_time, heard_time, is_late, state,"
            " acknowledged_by, acknowledged_time, eta_time, level, version)"
            " SELECT gen_random_uuid(), %(path)s, %(line)s, %(kind)s, 'oil on the floor', %(by)s,"
            " now() - %(minutes)s * interval '1 min', now(), %(late)s,"
            " CASE WHEN %(helper)s::text IS NULL THEN 'open' ELSE 'acknowledged' END, %(helper)s,"
            " CASE WHEN %(helper)s::text IS NOT NULL THEN now() END,"
            " CASE WHEN %(helper)s::text IS NOT NULL THEN now() + interval '5 min' END, 0, 1",
            {
                "path": path,
                "line": line,
                "kind": kind,
                "by": f"person:{person_id}",
                "minutes": minutes,
                "late": late,
                "helper": helper,
            },
        )
    await shop.floor.connection.execute(
        "WITH told AS (UPDATE plant.andon_call SET level = 2 WHERE type = 'maintenance' RETURNING call_id)"
        " INSERT INTO plant.andon_told (call_id, level, roles, people, told_time)"
        " SELECT call_id, 2, '{lead}', '{}', now() FROM told"
    )
