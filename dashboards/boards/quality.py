"""What was good, what was not, and why?"""

from dashboards.board import Board, Column, Panel
from dashboards.boards.shared_panels import (
    AS_OF,
    HERE,
    IN_RANGE,
    LINE_NAME,
    QUALITY_RATIO,
    SHIFT_TIME,
    SHIFTS_TOUCHED,
)

_AS_OF = Column("As of|数据截至", "dateTimeAsLocal")

QUALITY = Board(
    "lineside-quality",
    "Quality|质量",
    "How much was good, what was scrapped, where and why?|合格多少，报废了什么，在哪里，为什么？",
    "7d",
    (
        Panel(
            "stat",
            "Yield|合格率",
            "Quality ratio = GQ / PQ = (made − scrap − rework) / made.|合格率 = GQ / PQ =（产出 − 报废 − 返工）/ 产出。",
            f'SELECT {QUALITY_RATIO} AS "Yield|合格率" FROM bi.output_hour WHERE {IN_RANGE}',
            5,
            4,
            unit="percentunit",
            decimals=2,
        ),
        Panel(
            "stat",
            "Made|产出",
            "Good + scrap + rework, of runs.|合格 + 报废 + 返工（作业）。",
            f'SELECT sum(made) AS "Made|产出" FROM bi.output_hour WHERE {IN_RANGE}',
            5,
            4,
            unit="locale",
        ),
        Panel(
            "stat",
            "Scrap|报废",
            "By machines and by people.|机器与人工。",
            f'SELECT sum(scrap) AS "Scrap|报废" FROM bi.output_hour WHERE {IN_RANGE}',
            5,
            4,
            unit="locale",
        ),
        Panel(
            "stat",
            "Rework|返工",
            "Sent to rework by people.|人工判定返工。",
            f'SELECT sum(rework) AS "Rework|返工" FROM bi.output_hour WHERE {IN_RANGE}',
            5,
            4,
            unit="locale",
        ),
        AS_OF,
        Panel(
            "timeseries",
            "Scrap and rework of what was made|不良率",
            "(scrap + rework) / made, per shift, by line.|（报废 + 返工）/ 产出，按班次和产线。",
            f"""
SELECT {SHIFT_TIME} AS time, {LINE_NAME} AS metric, sum(scrap + rework) / nullif(sum(made), 0) AS value
FROM bi.oee_shift WHERE {SHIFTS_TOUCHED} GROUP BY 1, 2 ORDER BY 1, 2""",
            14,
            9,
            unit="percentunit",
            decimals=1,
        ),
        Panel(
            "barchart",
            "Why|不良原因排列",
            "Scrapped and reworked parts by reason. “Rejected by the machine” is what nobody named."
            "|各原因的报废与返工数。“机器剔除”为未命名部分。",
            f"""
SELECT coalesce(name_LANG, reason) AS "Reason|原因", sum(quantity) AS "Parts|数量"
FROM bi.scrap WHERE $__timeFilter(time) AND {HERE} GROUP BY 1 HAVING sum(quantity) <> 0 ORDER BY 2 DESC LIMIT 10""",
            10,
            9,
            unit="locale",
            horizontal=True,
        ),
        Panel(
            "table",
            "Machines|设备",
            "Quality ratio = good / made.|合格率 = 合格 / 产出。",
            f"""
SELECT machine AS "Machine|设备", sum(made) AS "Made|产出", sum(good) AS "Good|合格", sum(scrap) AS "Scrap|报废", sum(rework) AS "Rework|返工",
       {QUALITY_RATIO} AS "Yield|合格率", max(as_of) AS "As of|数据截至"
FROM bi.output_hour WHERE {IN_RANGE} GROUP BY 1 ORDER BY 6 NULLS LAST LIMIT 100""",
            14,
            10,
            columns=(
                Column("Made|产出", "locale"),
                Column("Good|合格", "locale"),
                Column("Scrap|报废", "locale"),
                Column("Rework|返工", "locale"),
                Column("Yield|合格率", "percentunit", 2, gauge=True),
                _AS_OF,
            ),
        ),
        Panel(
            "table",
            "Scrap by product|按产品",
            "What people named, by item of the order.|人工说明的不良，按工单物料。",
            f"""
SELECT item AS "Item|物料", sum(quantity) FILTER (WHERE kind = 'scrap') AS "Scrap|报废",
       sum(quantity) FILTER (WHERE kind = 'rework') AS "Rework|返工", max(as_of) AS "As of|数据截至"
FROM bi.scrap WHERE $__timeFilter(time) AND item IS NOT NULL AND reason <> 'machine_reject' AND {HERE} GROUP BY 1 ORDER BY 2 DESC NULLS LAST LIMIT 50""",
            10,
            10,
            columns=(Column("Scrap|报废", "locale"), Column("Rework|返工", "locale"), _AS_OF),
        ),
        Panel(
            "table",
            "Latest entries|最新记录",
            "What people reported, newest first; a reversal is negative.|人工报告，最新在前；冲销为负。",
            f"""
SELECT time AS "Time|时间", machine AS "Machine|设备", work_order AS "Order|工单", item AS "Item|物料",
       CASE kind WHEN 'scrap' THEN 'Scrap|报废' ELSE 'Rework|返工' END AS "What|类别", coalesce(name_LANG, reason) AS "Reason|原因",
       quantity AS "Parts|数量"
FROM bi.scrap WHERE $__timeFilter(time) AND work_order IS NOT NULL AND reason <> 'machine_reject' AND {HERE} ORDER BY time DESC LIMIT 50""",
            24,
            9,
            columns=(Column("Time|时间", "dateTimeAsLocal"), Column("Parts|数量", "locale")),
        ),
    ),
    refresh="5m",
)
