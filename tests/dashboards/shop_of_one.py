"""One machine, written by hand: minutes of states, reasons, counts and entries, and what the keeper makes of them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import dict_row

from plant_server.async_database import connect_async
from plant_server.keeper.machine_hours import make_hours
from plant_server.keeper.shifts import lay_out_shifts

ZONE = "Asia/Shanghai"
# Yesterday's early shift: 06:00 in Shanghai is 22:00 UTC of the day before.
SIX = (datetime.now(UTC) - timedelta(days=2)).replace(hour=22, minute=0, second=0, microsecond=0)
PATH = "demo/plant1/area1/line1/press1"
STRUCTURE = """
INSERT INTO plant.edge (group_id, node, online, last_message) VALUES ('demo', 'press-shop', true, now());
INSERT INTO plant.device (edge_id, name, path, online) SELECT edge_id, 'press1', %(path)s, true FROM plant.edge;
INSERT INTO plant.equipment (path, name) VALUES (%(path)s, 'press1');
INSERT INTO plant.equipment_proposal (device_id, path, state, equipment_id)
SELECT device_id, path, 'accepted', equipment_id FROM plant.device JOIN plant.equipment USING (path);
INSERT INTO plant.tag (device_id, name, datatype, role, counts, unit)
SELECT device_id, told.name, 3, told.role, told.counts, NULL FROM plant.device
CROSS JOIN (VALUES ('state', 'state', NULL), ('parts', 'counter', 'parts'), ('reject', 'counter', 'reject')) AS told (name, role, counts);
INSERT INTO plant.reason (kind, code, name_en, name_zh, stop_time)
VALUES ('stop', 'jam', 'Jam', '卡料', 'unplanned'), ('stop', 'break', 'Break', '休息', 'planned'),
       ('stop', 'tool', 'Tool change', '换模', 'setup'), ('stop', 'waits', 'Waits', '待料', 'blocked'),
       ('scrap', 'burr', 'Burr', '毛刺', NULL), ('rework', 'polish', 'Polish', '抛光', NULL);
INSERT INTO plant.reason (kind, code, name_en, name_zh, parent_id)
SELECT 'stop', 'jam_feeder', 'Jam at the feeder', '送料卡住', reason_id FROM plant.reason WHERE code = 'jam';
DELETE FROM plant.shift_pattern;
INSERT INTO plant.shift_pattern (code, name_en, name_zh, start_time, end_time)
VALUES ('early', 'Early', '早班', '06:00', '14:00'), ('late', 'Late', '中班', '14:00', '22:00'),
       ('night', 'Night', '夜班', '22:00', '06:00');
INSERT INTO plant.item (code, name_en, name_zh, unit) VALUES ('PART', 'Part', '零件', 'C62');
INSERT INTO plant.work_order (number, source, item_id, quantity, unit, ordered_quantity, ordered_unit, state)
SELECT 'MO-1', 'plant', item_id, 5000, 'C62', 5000, 'C62', 'running' FROM plant.item;
INSERT INTO plant.operation (work_order_id, position, name_en, name_zh, cycle_time_s, is_last, state)
SELECT work_order_id, 10, 'press', '冲压', %(cycle_time_s)s, true, 'running' FROM plant.work_order;
INSERT INTO plant.run (operation_id, work_order_id, equipment_id, tag_id, from_time, count_source, setup_parts)
SELECT operation_id, work_order_id, equipment_id, tag_id, %(six)s, 'machine', 'scrap'
FROM plant.operation, plant.equipment, plant.tag WHERE tag.name = 'parts';
"""


class ShopOfOne:
    """`press1`, with a run from six on. Minutes count from six."""

    def __init__(self, url: str, bi_url: str, *, cycle_time_s: int = 30) -> None:
        self.url, self.bi_url = url, bi_url
        self.connection = psycopg.connect(url, autocommit=True, cursor_factory=psycopg.ClientCursor)
        self.connection.execute(STRUCTURE, {"path": PATH, "six": SIX, "cycle_time_s": cycle_time_s})

    def close(self) -> None:
        self.connection.close()

    def does(self, state: str, begin: float, end: float | None, reason: str | None = None) -> None:
        """In a state from minute to minute; what stands gets a stop with one reason, as the keeper projects it."""
        values = {"state": state, "from": at(begin), "to": None if end is None else at(end), "reason": reason}
        self.connection.execute(
            "INSERT INTO plant.machine_state_interval (device_id, state, from_ts, to_ts)"
            " SELECT device_id, %(state)s, %(from)s, %(to)s FROM plant.device",
            values,
        )
        if state in ("producing", "unknown"):
            return
        self.connection.execute(
            "WITH made AS (INSERT INTO plant.stop (device_id, from_ts, to_ts, micro_below_s, states)"
            " SELECT device_id, %(from)s, %(to)s, 120, ARRAY[%(state)s] FROM plant.device RETURNING stop_id)"
            " INSERT INTO plant.stop_piece (stop_id, from_ts, to_ts, reason)"
            " SELECT stop_id, %(from)s, %(to)s, %(reason)s FROM made",
            values,
        )

    def counts(self, tag: str, readings: Sequence[tuple[float, int]]) -> None:
        """The odometer of a counter at each minute."""
        for minute, total in readings:
            self.connection.execute(
                "INSERT INTO plant.odometer_log (tag_id, ts, total) SELECT tag_id, %s, %s FROM plant.tag WHERE name = %s",
                (at(minute), total, tag),
            )

    def books(self, tag: str, begin: tuple[float, int], end: tuple[float, int], kind: str = "made") -> None:
        """All steps between two readings, each a part, to the run."""
        self.connection.execute(
            "INSERT INTO plant.booking (tag_id, odometer_from, odometer_to, run_id, setting_time, from_ts, to_ts, parts,"
            " kind, by_person) SELECT tag_id, %s, %s, run_id, from_time, %s, %s, %s, %s, false"
            " FROM (SELECT run_id, from_time FROM plant.run) AS run, plant.tag WHERE name = %s",
            (begin[1], end[1], at(begin[0]), at(end[0]), end[1] - begin[1], kind, tag),
        )

    def enters(self, kind: str, quantity: int, reason: str, minute: float) -> None:
        self.connection.execute(
            "INSERT INTO plant.production_entry (event_id, line, run_id, work_order_id, kind, quantity, reason, actor,"
            " event_time, recorded_time) SELECT gen_random_uuid(), 1, run_id, work_order_id, %s, %s, %s, 'person:1', %s, %s"
            " FROM plant.run",
            (kind, quantity, reason, at(minute), at(minute)),
        )

    async def keep(self) -> None:
        """What the keeper does next."""
        async with await connect_async(self.url, application="lineside keeper") as connection:
            await lay_out_shifts(connection, ZONE)
            while await make_hours(connection):
                pass

    def asks(self, query: str, values: Sequence[object] = ()) -> list[dict[str, Any]]:
        """As boards do: by the role that may only read."""
        with psycopg.connect(self.bi_url, row_factory=dict_row) as connection:
            return connection.execute(query.encode(), values).fetchall()


def at(minute: float) -> datetime:
    return SIX + timedelta(minutes=minute)
