"""Calls for help on boards: who waits now, and how soon calls were answered."""

from dashboards.board import Column, Panel
from dashboards.boards.shared_panels import HERE

_NEEDED = """CASE type WHEN 'material' THEN 'Material|物料' WHEN 'quality' THEN 'Quality|质检'
            WHEN 'maintenance' THEN 'Maintenance|维修' ELSE 'Shift lead|班组长' END AS "Needed|需要\""""
_NOW = f"ended_time IS NULL AND NOT is_late AND {HERE}"
_RAISED = f"$__timeFilter(raised_time) AND NOT is_late AND {HERE}"
_RESPONSE_WHY = (
    "From raised to first acknowledged, of calls raised within the range that were acknowledged. Calls the plant heard of more "
    "than five minutes late are left out: nobody could answer them."
    "|从呼叫到首次响应，按所选时段内发出且已响应的呼叫计算。迟到五分钟以上的呼叫无人可以响应，不计入。"
)


def open_calls(width: int, height: int) -> Panel:
    """The queue: the unanswered first, then the oldest."""
    return Panel(
        "table",
        "Open calls|进行中的呼叫",
        "Calls for help (andon) that go on, those that nobody answers first. Level: the highest that was told, after 3, 5, 15 and 30 "
        "min unless the site set it otherwise."
        "|进行中的安灯呼叫，无人响应的在前。级别：已通知到的最高级，默认 3、5、15、30 分钟。",
        f"""
SELECT {_NEEDED}, machine AS "Where|位置", age_s AS "For|时长",
       CASE state WHEN 'open' THEN 'Nobody comes|无人响应' ELSE 'Acknowledged|已响应' END AS "Answer|响应",
       eta_time AS "ETA|预计到达", level AS "Level|级别", as_of AS "As of|数据截至"
FROM bi.andon_call WHERE {_NOW} ORDER BY state = 'acknowledged', raised_time LIMIT 50""",
        width,
        height,
        columns=(
            Column("For|时长", "s", 0),
            Column("ETA|预计到达", "dateTimeAsLocal"),
            Column("As of|数据截至", "dateTimeAsLocal"),
        ),
    )


def unanswered(width: int, height: int) -> Panel:
    return Panel(
        "stat",
        "Calls unanswered|无人响应的呼叫",
        "Calls for help that go on and nobody has acknowledged.|进行中且尚无人响应的呼叫。",
        f"""SELECT count(*) AS "Calls|呼叫" FROM bi.andon_call WHERE {_NOW} AND state = 'open'""",
        width,
        height,
        steps=((None, "text"), (1, "red")),
    )


def mean_response(width: int, height: int) -> Panel:
    return Panel(
        "stat",
        "Mean response|平均响应",
        _RESPONSE_WHY,
        f"""SELECT avg(response_s) AS "Response|响应" FROM bi.andon_call WHERE {_RAISED}""",
        width,
        height,
        unit="s",
        decimals=0,
    )


def responses(width: int, height: int) -> Panel:
    """By type: how many, and how soon."""
    return Panel(
        "table",
        "Response to calls|呼叫响应",
        _RESPONSE_WHY,
        f"""
SELECT {_NEEDED}, count(*) AS "Calls|呼叫", count(*) FILTER (WHERE level > 0) AS "Escalated|已升级",
       percentile_cont(0.5) WITHIN GROUP (ORDER BY response_s) AS "Median|中位数",
       percentile_cont(0.95) WITHIN GROUP (ORDER BY response_s) AS "95 %|95 % 以内", max(as_of) AS "As of|数据截至"
FROM bi.andon_call WHERE {_RAISED} GROUP BY type ORDER BY count(*) DESC, type LIMIT 10""",
        width,
        height,
        columns=(
            Column("Median|中位数", "s", 0),
            Column("95 %|95 % 以内", "s", 0),
            Column("As of|数据截至", "dateTimeAsLocal"),
        ),
    )
