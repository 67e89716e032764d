"""What does the shift lead have to see to?"""

from dashboards.board import Board, Column, Panel
from dashboards.boards.andon_panels import open_calls, responses
from dashboards.boards.shared_panels import (
    AS_OF,
    HERE,
    IN_SHIFTS,
    LINE_NAME,
    OEE,
    OEE_WHY,
    RATIO_COLUMNS,
    RATIOS,
    SHIFT_TIME,
    SHIFTS_TOUCHED,
    not_assigned,
    stands_now,
    stop_pareto,
)

_TOUCHED = f"span && tstzrange($__timeFrom(), $__timeTo()) AND {HERE}"

SHIFT_LEAD = Board(
    "lineside-shift",
    "Shift lead|班组长",
    "How does the shift go, who calls, what stands, and what did nobody explain yet?|本班进展如何，谁在呼叫，哪里停机，还有什么没说明？",
    "24h",
    (
        Panel(
            "stat",
            "OEE|OEE",
            OEE_WHY,
            f'SELECT {OEE} AS "OEE" FROM bi.machine_hour WHERE {IN_SHIFTS}',
            5,
            4,
            unit="percentunit",
            decimals=1,
        ),
        Panel(
            "stat",
            "Stops without a reason|未说明的停机",
            "Standing time within the range that needs a reason and has none.|所选时段内需要说明却未说明的停机时间。",
            f"""
WITH unexplained AS MATERIALIZED (  -- Few, so they are found before their stops are looked at.
    SELECT from_ts, to_ts, is_micro FROM bi.stop WHERE {_TOUCHED} AND reason IS NULL
)
SELECT coalesce(extract(epoch FROM sum(greatest(least(coalesce(to_ts, now()), $__timeTo()) - greatest(from_ts, $__timeFrom()), '0'))), 0)
       AS "Time|时长"
FROM unexplained WHERE NOT is_micro""",
            5,
            4,
            unit="s",
            decimals=0,
            steps=((None, "text"), (1800, "orange")),
        ),
        Panel(
            "stat",
            "Micro-stops|短暂停机",
            "Stops shorter than the threshold of the place, begun within the range.|短于阈值的停机次数。",
            f"""SELECT count(DISTINCT stop_id) AS "Stops|次数" FROM bi.stop WHERE $__timeFilter(from_ts) AND is_micro AND {HERE}""",
            5,
            4,
        ),
        not_assigned(5, 4),
        AS_OF,
        open_calls(14, 7),
        responses(10, 7),
        Panel(
            "bars",
            "Good parts per shift|各班合格品",
            "Made less scrap less rework, of shifts that lie in the range.|所选时段涉及的班次：产出减报废减返工。",
            f"""
SELECT {SHIFT_TIME} AS time, {LINE_NAME} AS metric, sum(good) AS value
FROM bi.oee_shift WHERE {SHIFTS_TOUCHED} GROUP BY 1, 2 ORDER BY 1, 2""",
            12,
            8,
            unit="locale",
            interval="8h",
            stacked=True,
        ),
        Panel(
            "timeseries",
            "OEE per shift|各班 OEE",
            OEE_WHY,
            f"""
SELECT {SHIFT_TIME} AS time, {LINE_NAME} AS metric, {OEE} AS value
FROM bi.oee_shift WHERE {SHIFTS_TOUCHED} GROUP BY 1, 2 ORDER BY 1, 2""",
            12,
            8,
            unit="percentunit",
            maximum=1,
        ),
        stop_pareto(12, 9),
        stands_now(12, 9),
        Panel(
            "table",
            "Machines of the present shift|本班设备",
            OEE_WHY,
            f"""
SELECT machine AS "Machine|设备", sum(good) AS "Good|合格", sum(scrap) AS "Scrap|报废", {RATIOS}
FROM bi.oee_shift WHERE shift_from <= now() AND shift_to > now() AND {HERE}
GROUP BY machine ORDER BY machine LIMIT 100""",
            14,
            9,
            columns=(Column("Good|合格", "locale"), Column("Scrap|报废", "locale"), *RATIO_COLUMNS),
        ),
        Panel(
            "table",
            "Counts that wait for an order|待分配的计数",
            "Counted while no run was open; assign them at the terminal.|无作业时的计数，请在终端分配。",
            f"""
SELECT machine AS "Machine|设备", from_ts AS "From|从", to_ts AS "To|到", steps AS "Counts|计数", as_of AS "As of|数据截至"
FROM bi.not_assigned WHERE $__timeFilter(to_ts) AND {HERE} ORDER BY to_ts DESC LIMIT 50""",
            10,
            9,
            columns=(
                Column("From|从", "dateTimeAsLocal"),
                Column("To|到", "dateTimeAsLocal"),
                Column("As of|数据截至", "dateTimeAsLocal"),
            ),
        ),
    ),
    refresh="1m",
)
