"""How does the plant do, and where is time lost?"""

from dashboards.board import Board, Column, Panel
from dashboards.boards.andon_panels import mean_response, responses, unanswered
from dashboards.boards.shared_panels import (
    AVAILABILITY,
    EFFECTIVENESS,
    HERE,
    IN_RANGE,
    IN_SHIFTS,
    LINE_NAME,
    OEE,
    OEE_WHY,
    QUALITY_RATIO,
    RATED_RUN,
    RATIO_COLUMNS,
    RATIOS,
    SHIFT_TIME,
    SHIFTS_TOUCHED,
    stop_pareto,
)

_RATIO = {"unit": "percentunit", "decimals": 1}


def _ratio(title: str, why: str, formula: str) -> Panel:
    return Panel(
        "stat", title, why, f'SELECT {formula} AS "{title}" FROM bi.machine_hour WHERE {IN_SHIFTS}', 4, 4,
        unit="percentunit", decimals=1,
    )  # fmt: skip


_WATERFALL = Panel(
    "barchart",
    "Where the time went|时间损失",
    "From planned busy time down to the time that good parts would have needed, in machine hours. Slow running = APT − PRI·PQ, below "
    "0 if parts came faster than planned; scrap and rework = PRI × (PQ − GQ). good time / planned busy time = OEE."
    "|从计划工作时间到合格品所需时间（机时）。减速 = APT − PRI·PQ，快于计划时为负；报废返工 = PRI ×（PQ − GQ）。合格时间 / 计划时间 = OEE。",
    f"""
WITH summed AS (
    SELECT sum(planned_busy_s) AS busy, sum(setup_s) AS setup, sum(unplanned_s) AS unplanned, sum(blocked_s) AS blocked,
           sum(unexplained_s) AS unexplained, sum(producing_s) - {RATED_RUN} AS slow,
           {RATED_RUN} * (1 - {QUALITY_RATIO}) AS scrap, {RATED_RUN} * {QUALITY_RATIO} AS good
    FROM bi.machine_hour WHERE {IN_SHIFTS} HAVING sum(planned_busy_s) > 0
), loss AS (
    SELECT place, word, seconds, sum(CASE WHEN place IN (1, 8) THEN 0 ELSE seconds END) OVER (ORDER BY place) AS lost, busy
    FROM summed CROSS JOIN LATERAL (VALUES (1, 'Planned|计划时间', busy), (2, 'Set-up|换型', setup), (3, 'Unplanned|意外停机', unplanned),
        (4, 'Blocked|待料堵料', blocked), (5, 'No reason|未说明', unexplained), (6, 'Slow|减速', slow), (7, 'Scrap|报废返工', scrap),
        (8, 'Good time|合格时间', good)) AS told (place, word, seconds)
)
SELECT word AS "Time|时间", CASE WHEN place IN (1, 8) THEN 0 ELSE busy - lost + least(seconds, 0) END / 3600 AS "Ground|底",
       abs(seconds) / 3600 AS "Hours|小时"
FROM loss WHERE seconds IS NOT NULL ORDER BY place""",
    14,
    9,
    unit="h",
    columns=(Column("Ground|底", "h", hidden=True), Column("Hours|小时", "h", color="#1f6f8b")),
    stacked=True,
)
_ORDERS = Panel(
    "table",
    "Orders late or at risk|延期与有风险的工单",
    "Late: open and due before now. At risk: now + remaining × planned time per part of the last operation lies after the due time, "
    "even without any stop."
    "|延期：未完成且已过交期。有风险：即使不停机，现在 + 剩余数量 × 末工序计划单件时间仍晚于交期。",
    """
SELECT work_order AS "Order|工单", item_LANG AS "Item|物料", CASE WHEN is_late THEN 'Late|延期' ELSE 'At risk|有风险' END AS "What|情况",
       due_time AS "Due|交期", remaining AS "Remaining|剩余", expected_end AS "Expected end|预计完成", as_of AS "As of|数据截至"
FROM bi.work_order
WHERE (is_late OR is_at_risk) AND state IN ('planned', 'released', 'running', 'paused', 'held') ORDER BY due_time LIMIT 50""",
    14,
    9,
    columns=(
        Column("Due|交期", "dateTimeAsLocal"),
        Column("Remaining|剩余", "locale"),
        Column("Expected end|预计完成", "dateTimeAsLocal"),
        Column("As of|数据截至", "dateTimeAsLocal"),
    ),
)

PLANT_MANAGER = Board(
    "lineside-plant",
    "Plant manager|工厂经理",
    "How well is the plant used, where is time lost, which orders are late, and what does a part cost in energy?"
    "|设备利用如何，时间丢在哪里，哪些工单延期，单件能耗多少？",
    "7d",
    (
        _ratio("OEE|OEE", OEE_WHY, OEE),
        _ratio(
            "Availability|可用率",
            "APT / PBT: producing time of planned busy time.|APT / PBT：生产时间占计划时间。",
            AVAILABILITY,
        ),
        _ratio(
            "Effectiveness|有效率",
            "PRI × PQ / APT: planned run time of what was made, of producing time.|PRI × PQ / APT：产出的计划时间占生产时间。",
            EFFECTIVENESS,
        ),
        _ratio("Quality|合格率", "GQ / PQ: good of made.|GQ / PQ：合格数占产出。", QUALITY_RATIO),
        Panel(
            "stat",
            "Orders late|延期工单",
            "Open orders that were due before now.|已过交期而未完成的工单。",
            """SELECT count(*) AS "Late|延期" FROM bi.work_order
WHERE is_late AND state IN ('planned', 'released', 'running', 'paused', 'held')""",
            4,
            4,
            steps=((None, "text"), (1, "orange")),
        ),
        Panel(
            "stat",
            "Energy per good part|单件电耗",
            "Energy of runs that ended within the range / their good parts.|所选时段内结束的作业：电量 / 合格数。",
            f"""SELECT sum(energy_wh) / nullif(sum(good), 0) AS "Wh" FROM bi.energy_run
WHERE $__timeFilter(to_time) AND meters > 0 AND {HERE}""",
            4,
            4,
            unit="watth",
            decimals=1,
        ),
        unanswered(4, 5),
        mean_response(4, 5),
        responses(16, 5),
        Panel(
            "timeseries",
            "OEE per shift|各班 OEE",
            OEE_WHY,
            f"""
SELECT {SHIFT_TIME} AS time, {LINE_NAME} AS metric, {OEE} AS value
FROM bi.oee_shift WHERE {SHIFTS_TOUCHED} GROUP BY 1, 2 ORDER BY 1, 2""",
            12,
            9,
            unit="percentunit",
            maximum=1,
        ),
        Panel(
            "table",
            "Lines|产线",
            OEE_WHY,
            f'SELECT {LINE_NAME} AS "Line|产线", {RATIOS}\nFROM bi.machine_hour WHERE {IN_SHIFTS} GROUP BY line ORDER BY line LIMIT 100',
            12,
            9,
            columns=RATIO_COLUMNS,
        ),
        _WATERFALL,
        stop_pareto(10, 9),
        _ORDERS,
        Panel(
            "barchart",
            "Output per day|每日产量",
            "By business date: the local date on which the shift began.|按营业日：班次开始的当地日期。",
            f"""
SELECT to_char(business_date, 'MM-DD') AS "Day|日期", sum(good) AS "Good|合格", sum(scrap + rework) AS "Scrap and rework|报废返工"
FROM bi.machine_hour WHERE {IN_RANGE} AND business_date IS NOT NULL
GROUP BY business_date ORDER BY business_date LIMIT 100""",
            10,
            9,
            unit="locale",
            columns=(
                Column("Good|合格", "locale", color="#1f6f8b"),
                Column("Scrap and rework|报废返工", "locale", color="#b5342c"),
            ),
            stacked=True,
        ),
    ),
    refresh="5m",
)
