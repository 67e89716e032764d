"""The words of what is refused here, put beside those of the rest of the API."""

from plant_server.problem_texts import add_titles

add_titles(
    {
        "unknown-run": {"en": "There is no such run", "zh-CN": "没有此加工记录"},
        "unknown-report": {"en": "There is no such report", "zh-CN": "没有此报工"},
        "unknown-station-path": {"en": "No equipment has this path", "zh-CN": "没有此路径的设备"},
        "wrong-station": {"en": "This operation is not done here", "zh-CN": "该工序不在此工位进行"},
        "station-is-busy": {"en": "Another run is open at this station", "zh-CN": "该工位已有生产进行中"},
        "run-has-ended": {"en": "The run has ended", "zh-CN": "本次加工已结束"},
        "run-has-not-ended": {"en": "The run has not ended", "zh-CN": "本次加工尚未结束"},
        "run-is-not-in-setup": {"en": "The run is not being set up", "zh-CN": "本次加工不在调试阶段"},
        "time-goes-back": {"en": "The time lies before the last change", "zh-CN": "时间早于上次变更"},
        "counter-missing": {
            "en": "The station has no counter; people must count",
            "zh-CN": "该工位没有计数器，需人工计数",
        },
        "nothing-to-report": {
            "en": "Nothing was made since the last report",
            "zh-CN": "自上次报工后没有产出",
        },
        "too-many-decimals": {"en": "The item is not counted so finely", "zh-CN": "小数位数超出物料精度"},
        "more-than-made": {"en": "More than the machine has made", "zh-CN": "超过设备实际产量"},
        "more-than-in-rework": {"en": "Fewer parts are in rework", "zh-CN": "返工中的数量不足"},
        "rework-was-settled": {
            "en": "What became of the reworked parts is reported; reverse that first",
            "zh-CN": "返工结果已报告，请先冲销该报告",
        },
        "undo-time-over": {"en": "Too late to undo; reverse it", "zh-CN": "撤销时间已过，请冲销"},
        "already-reversed": {"en": "The report was taken back before", "zh-CN": "该报工已被冲销"},
        "range-not-free": {
            "en": "These counts are not waiting to be assigned",
            "zh-CN": "这些计数不在待分配之列",
        },
        "range-not-booked": {"en": "No booking is this range", "zh-CN": "没有此区间的归属记录"},
        "shares-do-not-fit": {"en": "The shares do not add up to the range", "zh-CN": "分配数量与区间不符"},
        "other-station": {
            "en": "The run was not at this counter's station",
            "zh-CN": "本次加工不在此计数器的工位",
        },
        "unknown-case": {"en": "There is no such case", "zh-CN": "没有此案例"},
    }
)
