"""Panels that stand on more than one board, and the sums of OEE that several share."""

from dashboards.board import Column, Panel

HERE = "line IN ($line)"
LINE_NAME = "ltrim(split_part(line, '/', -2) || '/' || split_part(line, '/', -1), '/')"
"""The last two parts of a line's path: enough to know it by."""
IN_RANGE = f"$__timeFilter(from_ts) AND {HERE}"
SHIFTS_TOUCHED = (
    "shift_from > $__timeFrom()::timestamptz - interval '1 day' AND shift_from < $__timeTo()"
    f" AND shift_to > $__timeFrom() AND {HERE}"
)
"""Of bi.oee_shift: shifts that lie in the range, in part or as a whole; each is shown where it began."""
SHIFT_TIME = "extract(epoch FROM greatest(shift_from, $__timeFrom()))"
IN_SHIFTS = f"{IN_RANGE} AND shift IS NOT NULL"
"""Of bi.machine_hour: ratios are of the time in which the plant was meant to work."""

# ISO 22400 of whatever rows are summed: sums first, then ratios; an average of ratios would be wrong.
AVAILABILITY = "sum(producing_s) / nullif(sum(planned_busy_s), 0)"
RATED_RUN = "CASE WHEN sum(made) = 0 OR sum(unrated) < sum(made) THEN sum(planned_run_s) END"
"""Null where not one part had a planned run time: then there is no effectiveness, rather than one of 0."""
EFFECTIVENESS = f"{RATED_RUN} / nullif(sum(producing_s), 0)"
QUALITY_RATIO = "sum(good) / nullif(sum(made), 0)"
OEE = f"{RATED_RUN} / nullif(sum(planned_busy_s), 0) * {QUALITY_RATIO}"

OEE_WHY = (
    "OEE = availability × effectiveness × quality ratio (ISO 22400-2) = APT/PBT × PRI·PQ/APT × GQ/PQ. PBT: time within "
    "shifts without planned stops and without time nobody knows of. Parts without a planned run time make it too low; where none has "
    "one, there is no OEE."
    "|OEE = 可用率 × 有效率 × 合格率（ISO 22400-2）= APT/PBT × PRI·PQ/APT × GQ/PQ。PBT：班次内时间，减去计划停机和未知时间。"
    "没有计划单件时间的产出会使其偏低；全部没有时不显示。"
)
RATIO_COLUMNS = (
    Column("Availability|可用率", "percentunit", 1, gauge=True),
    Column("Effectiveness|有效率", "percentunit", 1, gauge=True),
    Column("Quality|合格率", "percentunit", 1, gauge=True),
    Column("OEE|OEE", "percentunit", 1, gauge=True),
    Column("As of|数据截至", "dateTimeAsLocal"),
)
RATIOS = f"""{AVAILABILITY} AS "Availability|可用率", {EFFECTIVENESS} AS "Effectiveness|有效率",
       {QUALITY_RATIO} AS "Quality|合格率", {OEE} AS "OEE", max(as_of) AS "As of|数据截至\""""

AS_OF = Panel(
    "stat",
    "Data as of|数据截至",
    "When the edge that was silent longest was last heard. What is newer is not in any figure of its machines."
    "|最久没有消息的边缘节点最后一次上报的时间；此后的数据不在其设备的任何数字里。",
    f'SELECT min(as_of) AS "As of|数据截至" FROM bi.machine WHERE {HERE}',
    4,
    4,
    unit="dateTimeAsLocal",
)


def stop_pareto(width: int, height: int) -> Panel:
    """Standing time by reason, longest first."""
    return Panel(
        "barchart",
        "Why machines stood|停机原因排列",
        "Standing time by reason within the range, in minutes, the ten longest. Micro-stops without a reason are left out, as "
        "they need none; what nobody explained is a bar of its own."
        "|所选时段内各原因的停机分钟数，取前十。无需说明的短暂停机不计；未说明原因的单列一条。",
        f"""
SELECT coalesce(name_LANG, reason, 'No reason given|未说明原因') AS "Reason|原因",
       extract(epoch FROM sum(greatest(least(coalesce(to_ts, now()), $__timeTo()) - greatest(from_ts, $__timeFrom()), '0'))) / 60 AS "Minutes|分钟"
FROM bi.stop
WHERE span && tstzrange($__timeFrom(), $__timeTo()) AND {HERE}
  AND (reason IS NOT NULL OR NOT is_micro)
GROUP BY 1 ORDER BY 2 DESC LIMIT 10""",
        width,
        height,
        unit="m",
        horizontal=True,
    )


def stands_now(width: int, height: int) -> Panel:
    return Panel(
        "table",
        "Stands now|正在停机",
        "Machines that stand still, the longest first, and what was said about it."
        "|当前停机的设备，时间最长的在前，以及已说明的原因。",
        f"""
SELECT machine AS "Machine|设备", from_ts AS "Since|开始", duration_s AS "For|时长",
       coalesce(name_LANG, reason, 'No reason given|未说明原因') AS "Reason|原因", as_of AS "As of|数据截至"
FROM bi.stop WHERE to_ts IS NULL AND {HERE} ORDER BY from_ts LIMIT 50""",
        width,
        height,
        columns=(
            Column("Since|开始", "dateTimeAsLocal"),
            Column("For|时长", "s", 0),
            Column("As of|数据截至", "dateTimeAsLocal"),
        ),
    )


def not_assigned(width: int, height: int) -> Panel:
    return Panel(
        "stat",
        "Counts without an order|未分配产量",
        "What counters counted while no run was open, and nobody has assigned yet. It is in no order and in no ratio."
        "|没有作业时计数器的读数，尚无人分配；不计入任何工单和比率。",
        f'SELECT sum(steps) AS "Counts|计数" FROM bi.not_assigned WHERE $__timeFilter(to_ts) AND {HERE}',
        width,
        height,
        unit="locale",
        steps=((None, "text"), (1, "orange")),
    )
