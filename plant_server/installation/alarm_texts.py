"""What open alarms mean to the person who looks after the plant, per kind: what is so, and what to do. Each kind that is
raised stands here. `subjects` names the first few of what it is about."""

Words = tuple[str, str]

ALARM_TEXTS: dict[str, dict[str, Words]] = {
    "alarm-clock_skew": {
        "en": (
            "the clock is off at {subjects}",
            "let these edges take the time by NTP; the alarm ends by itself",
        ),
        "zh-CN": ("{subjects} 的时钟有偏差", "让这些边缘端使用 NTP 对时；报警会自动结束"),
    },
    "alarm-two_epochs": {
        "en": (
            "two copies of one edge deliver in turn: {subjects}",
            "find the copy (a cloned disk, a second container with the same name and spool) and stop it; then close the "
            "alarm: UPDATE plant.alarm SET cleared_time = now() WHERE kind = 'two_epochs'",
        ),
        "zh-CN": (
            "同一边缘端有两个副本交替上传：{subjects}",
            "找到副本（克隆的磁盘、同名同缓存的第二个容器）并停止；然后关闭报警："
            "UPDATE plant.alarm SET cleared_time = now() WHERE kind = 'two_epochs'",
        ),
    },
    "alarm-odometer_case": {
        "en": (
            "{count} counts are in doubt: {subjects}",
            "a counter jumped or stood still in a way that has two meanings: compare with the machine; bounds of each stand "
            "at /api/v1/cases, and only what is certain was counted",
        ),
        "zh-CN": (
            "{count} 个计数存疑：{subjects}",
            "计数器的跳变或停顿有两种解释：请与机器核对；上下限见 /api/v1/cases，只计入了确定的部分",
        ),
    },
    "alarm-not_counted": {
        "en": (
            "{count} counters or meters are not counted: {subjects}",
            "their profile lacks `width` or `rate_max`: add both, run `lineside edge check`, restart the edge",
        ),
        "zh-CN": (
            "{count} 个计数器或电表未计数：{subjects}",
            "配置文件缺少 `width` 或 `rate_max`：补全后运行 `lineside edge check` 并重启边缘端",
        ),
    },
    "alarm-shifts_overlap": {
        "en": (
            "shifts overlap, so none is laid out: {detail}",
            "mend the pattern of shifts: times, weekdays or dates of validity",
        ),
        "zh-CN": ("班次重叠，未生成班次：{detail}", "更正班次的时间、星期或有效日期"),
    },
    "alarm-state_intervals_overlap": {
        "en": (
            "states of {subjects} cannot be written: {detail}",
            "rows of that machine in plant.machine_state_interval were written by hand: take them back; the keeper makes them anew",
        ),
        "zh-CN": (
            "{subjects} 的状态无法写入：{detail}",
            "该机器在 plant.machine_state_interval 中有手工写入的行：请撤回，keeper 会重新生成",
        ),
    },
    "alarm-energy_waits": {
        "en": (
            "the energy of {count} runs waits for a silent meter: {subjects}",
            "look at the meter and its edge, or choose another one for the machine "
            "(POST /api/v1/energy/meters/{{tag_id}}/choose); the ERP hears the energy when the meter was read",
        ),
        "zh-CN": (
            "{count} 次运行的能耗在等待无读数的电表：{subjects}",
            "检查电表及其边缘端，或为该机器改选电表（POST /api/v1/energy/meters/{{tag_id}}/choose）；读到后才会报给 ERP",
        ),
    },
    "alarm-booking_overlap": {
        "en": (
            "counts of {subjects} are no longer booked: {detail}",
            "bookings of that counter were changed by hand: see by `lineside audit rebuild` where, take the change back, then close the "
            "alarm: UPDATE plant.alarm SET cleared_time = now() WHERE kind = 'booking_overlap'",
        ),
        "zh-CN": (
            "{subjects} 的计数已停止记账：{detail}",
            "该计数器的记账被手工改动：运行 `lineside audit rebuild` 查看差异，撤回改动，然后关闭报警："
            "UPDATE plant.alarm SET cleared_time = now() WHERE kind = 'booking_overlap'",
        ),
    },
    "alarm-unsigned_fact": {
        "en": (
            "{count} reports were entered without contact and nobody signed them",
            "a shift lead signs in at the terminal where each was entered and settles it: right, or taken back",
        ),
        "zh-CN": ("{count} 条断网时录入的报工无人签认", "班组长在录入的终端登录，逐条处理：确认或撤回"),
    },
    "alarm-other": {
        "en": (
            "{count} × {kind}: {subjects}; {detail}",
            "look up this kind in the changelog of the version that raised it",
        ),
        "zh-CN": ("{count} × {kind}：{subjects}；{detail}", "在产生该报警的版本的更新说明中查找此类型"),
    },
}
