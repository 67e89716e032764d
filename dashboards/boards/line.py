"""What does the line do now?"""

from dashboards.board import Board, Column, Panel
from dashboards.boards.shared_panels import (
    AS_OF,
    HERE,
    IN_RANGE,
    IN_SHIFTS,
    OEE_WHY,
    RATIO_COLUMNS,
    RATIOS,
    not_assigned,
    stands_now,
)
from dashboards.visualizations import STATE_NUMBER

_STATES = Panel(
    "states",
    "What machines did, last 8 hours|设备状态（最近 8 小时）",
    "The state of each machine as it told it. Unknown: nobody saw it; it heals when late data come. No contact: its edge is "
    "silent, the last known state stands before it."
    "|设备自报的状态。未知：当时无人看到，补传后会自动修正。无联系：边缘节点没有消息，之前是最后已知状态。",
    f"""
SELECT greatest(from_ts, $__timeFrom()) AS time, machine AS metric, {STATE_NUMBER} AS value
FROM bi.machine_state WHERE from_ts < $__timeTo() AND (to_ts IS NULL OR to_ts > $__timeFrom()) AND {HERE}
UNION ALL
SELECT as_of, machine, 9 FROM bi.machine WHERE age_s > 60 AND as_of BETWEEN $__timeFrom() AND $__timeTo() AND {HERE}
ORDER BY time, metric""",
    24,
    9,
    window="8h",
)
_JOBS = Panel(
    "table",
    "Running jobs|正在生产",
    "Good parts of the operation against the order. Expected end = now + (quantity − good) × planned time per part, without any stop."
    "|本工序合格数与工单数量。预计完成 = 现在 +（数量 − 合格）× 计划单件时间，不含停机。",
    f"""
SELECT station AS "Station|工位", work_order AS "Order|工单", item_LANG AS "Item|物料", good AS "Good|合格", quantity AS "Of|计划",
       good / nullif(quantity, 0) AS "Done|完成", scrap AS "Scrap|报废", expected_end AS "Expected end|预计完成", as_of AS "As of|数据截至"
FROM bi.run WHERE to_time IS NULL AND {HERE} ORDER BY station LIMIT 50""",
    12,
    9,
    columns=(
        Column("Done|完成", "percentunit", 0, gauge=True),
        Column("Expected end|预计完成", "dateTimeAsLocal"),
        Column("As of|数据截至", "dateTimeAsLocal"),
    ),
)
_POWER = Panel(
    "timeseries",
    "Power|功率",
    "Average power of each machine: by minute where a point is 5 minutes or less, else by hour from its meter (energy / 1 h)."
    "|各设备平均功率：点距不超过 5 分钟时按分钟，否则取电表每小时电量。",
    f"""
SELECT date_bin('$__interval', minute, 'epoch') AS time, device AS metric, avg(average) / 1000 AS value
FROM bi.tag_minute
WHERE $__interval_ms <= 300000 AND $__timeFilter(minute) AND tag = 'power' AND unit = 'W' AND {HERE} GROUP BY 1, 2
UNION ALL
SELECT date_bin('$__interval', from_ts, 'epoch'), meter, avg(energy_wh) / 1000 FROM bi.energy_hour
WHERE $__interval_ms > 300000 AND {IN_RANGE} AND to_ts <= now() GROUP BY 1, 2
ORDER BY 1, 2""",
    24,
    8,
    unit="kwatt",
    points=200,
)

LINE = Board(
    "lineside-line",
    "Line|产线",
    "What does the line do now, and what has it made?|产线现在在做什么，做了多少？",
    "8h",
    (
        Panel(
            "stat",
            "Producing|生产中",
            "Machines that produce, of all.|正在生产的设备数 / 全部。",
            f"""SELECT count(*) FILTER (WHERE state = 'producing' AND age_s <= 60) AS "Producing|生产中", count(*) AS "Of|共"
FROM bi.machine WHERE {HERE}""",
            6,
            4,
            unit="none",
        ),
        Panel(
            "stat",
            "Good parts|合格品",
            "Made less scrap less rework, of runs, within the range.|所选时段内作业的产出减报废减返工。",
            f'SELECT sum(good) AS "Good|合格" FROM bi.output_hour WHERE {IN_RANGE}',
            5,
            4,
            unit="locale",
        ),
        Panel(
            "stat",
            "Scrap|报废",
            "By machines and by people, within the range.|所选时段内机器与人工报废。",
            f'SELECT sum(scrap) AS "Scrap|报废" FROM bi.output_hour WHERE {IN_RANGE}',
            5,
            4,
            unit="locale",
        ),
        not_assigned(4, 4),
        AS_OF,
        _STATES,
        Panel(
            "bars",
            "Good parts per hour|每小时合格品",
            "Made less scrap less rework, per hour or longer, by machine.|每小时（或更长）产出减报废减返工，按设备。",
            f"""
SELECT date_bin('$__interval', from_ts, 'epoch') AS time, machine AS metric, sum(good) AS value
FROM bi.output_hour WHERE {IN_RANGE} GROUP BY 1, 2 ORDER BY 1, 2""",
            12,
            9,
            unit="locale",
            interval="1h",
            points=120,
            stacked=True,
        ),
        Panel(
            "table",
            "OEE of machines|设备 OEE",
            OEE_WHY,
            f'SELECT machine AS "Machine|设备", {RATIOS}\nFROM bi.machine_hour WHERE {IN_SHIFTS} GROUP BY machine ORDER BY machine LIMIT 100',
            12,
            9,
            columns=RATIO_COLUMNS,
        ),
        _JOBS,
        stands_now(12, 9),
        _POWER,
    ),
    refresh="30s",
)
