"""Where does the energy go?"""

from dashboards.board import Board, Column, Panel
from dashboards.boards.shared_panels import HERE, IN_RANGE, LINE_NAME

_ENDED = f"$__timeFilter(to_time) AND meters > 0 AND {HERE}"
_AS_OF = Column("As of|数据截至", "dateTimeAsLocal")

ENERGY = Board(
    "lineside-energy",
    "Energy|能源",
    "What energy was used, when, for which product and order, and how much is nobody's?|用了多少电，何时用的，用在哪些产品和工单，多少无归属？",
    "7d",
    (
        Panel(
            "stat",
            "Energy|电量",
            "Of all meters: odometer at the end less odometer at the beginning of each hour. If one meter lies below another, choose one line."
            "|所有电表每小时首末读数之差。若电表有上下级，请选一条产线。",
            f'SELECT sum(energy_wh) / 1000 AS "kWh" FROM bi.energy_hour WHERE {IN_RANGE}',
            6,
            4,
            unit="kwatth",
            decimals=0,
        ),
        Panel(
            "stat",
            "Energy per good part|单件电耗",
            "Energy of runs that ended within the range / their good parts.|所选时段内结束的作业：电量 / 合格数。",
            f'SELECT sum(energy_wh) / nullif(sum(good), 0) AS "Wh" FROM bi.energy_run WHERE {_ENDED}',
            6,
            4,
            unit="watth",
            decimals=1,
        ),
        Panel(
            "stat",
            "Unallocated since the meters were connected|自接入以来无归属",
            "What meters counted and no ended run was given: idling, runs that go on, what no key names."
            "|电表计量而未归入已结束作业的部分：空耗、进行中的作业、未分摊部分。",
            f'SELECT sum(unallocated_wh) / nullif(sum(energy_wh), 0) AS "Share|占比" FROM bi.energy_balance WHERE {HERE}',
            6,
            4,
            unit="percentunit",
            decimals=1,
        ),
        Panel(
            "stat",
            "Meters as of|电表数据截至",
            "When the meter that was silent longest was last read.|最久未读到的电表的最后读数时间。",
            f'SELECT min(as_of) AS "As of|数据截至" FROM bi.energy_balance WHERE {HERE}',
            6,
            4,
            unit="dateTimeAsLocal",
        ),
        Panel(
            "bars",
            "Energy over time|用电量",
            "Per hour or longer, by line.|每小时（或更长），按产线。",
            f"""
SELECT date_bin('$__interval', from_ts, 'epoch') AS time, {LINE_NAME} AS metric, sum(energy_wh) / 1000 AS value
FROM bi.energy_hour WHERE {IN_RANGE} GROUP BY 1, 2 ORDER BY 1, 2""",
            12,
            9,
            unit="kwatth",
            interval="1h",
            points=120,
            stacked=True,
        ),
        Panel(
            "timeseries",
            "Load of the plant|总负荷",
            "Mean of each hour that is over: energy of all chosen meters / 1 h.|每个已结束小时的平均：所选电表电量 / 1 小时。",
            f"""
SELECT extract(epoch FROM from_ts) AS time, 'Load|负荷' AS metric, sum(energy_wh) / 1000 AS value
FROM bi.energy_hour WHERE {IN_RANGE} AND to_ts <= now() GROUP BY 1 ORDER BY 1""",
            12,
            9,
            unit="kwatt",
        ),
        Panel(
            "barchart",
            "Largest consumers|用电最多",
            "The ten meters that counted most within the range.|所选时段内用电最多的十个电表。",
            f"""
SELECT meter AS "Meter|电表", sum(energy_wh) / 1000 AS "kWh"
FROM bi.energy_hour WHERE {IN_RANGE} GROUP BY 1 ORDER BY 2 DESC LIMIT 10""",
            8,
            9,
            unit="kwatth",
            decimals=0,
            horizontal=True,
        ),
        Panel(
            "table",
            "Per product|按产品",
            "Runs that ended within the range: energy / good parts.|所选时段内结束的作业：电量 / 合格数。",
            f"""
SELECT item AS "Item|物料", item_LANG AS "Name|名称", sum(good) AS "Good|合格", sum(energy_wh) / 1000 AS "Energy|电量",
       sum(energy_wh) / nullif(sum(good), 0) AS "Per part|单件", max(as_of) AS "As of|数据截至"
FROM bi.energy_run WHERE {_ENDED} GROUP BY 1, 2 ORDER BY 4 DESC LIMIT 50""",
            16,
            9,
            columns=(
                Column("Good|合格", "locale"),
                Column("Energy|电量", "kwatth", 1),
                Column("Per part|单件", "watth", 1),
                _AS_OF,
            ),
        ),
        Panel(
            "table",
            "Per order|按工单",
            "Runs that ended within the range, newest first.|所选时段内结束的作业，最新在前。",
            f"""
SELECT work_order AS "Order|工单", item_LANG AS "Item|物料", sum(good) AS "Good|合格", sum(energy_wh) / 1000 AS "Energy|电量",
       sum(energy_wh) / nullif(sum(good), 0) AS "Per part|单件", max(to_time) AS "Ended|结束", max(as_of) AS "As of|数据截至"
FROM bi.energy_run WHERE {_ENDED} GROUP BY 1, 2 ORDER BY 6 DESC LIMIT 50""",
            12,
            9,
            columns=(
                Column("Good|合格", "locale"),
                Column("Energy|电量", "kwatth", 1),
                Column("Per part|单件", "watth", 1),
                Column("Ended|结束", "dateTimeAsLocal"),
                _AS_OF,
            ),
        ),
        Panel(
            "table",
            "Whose energy it was|电量归属",
            "Since each meter was connected: counted = given to ended runs + unallocated.|自接入以来：计量 = 已结束作业 + 无归属。",
            f"""
SELECT meter AS "Meter|电表", energy_wh / 1000 AS "Counted|计量", runs_wh / 1000 AS "Runs|作业", unallocated_wh / 1000 AS "Unallocated|无归属",
       runs_wh / nullif(energy_wh, 0) AS "Share of runs|作业占比", as_of AS "As of|数据截至"
FROM bi.energy_balance WHERE {HERE} ORDER BY energy_wh DESC LIMIT 50""",
            12,
            9,
            columns=(
                Column("Counted|计量", "kwatth", 1),
                Column("Runs|作业", "kwatth", 1),
                Column("Unallocated|无归属", "kwatth", 1),
                Column("Share of runs|作业占比", "percentunit", 0, gauge=True),
                _AS_OF,
            ),
        ),
    ),
    refresh="5m",
)
