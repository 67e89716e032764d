"""The words of what is refused here, put beside those of the rest of the API."""

from plant_server.problem_texts import add_titles

add_titles(
    {
        "unknown-call": {"en": "There is no such call", "zh-CN": "没有此呼叫"},
        "unknown-call-place": {"en": "No machine stands at this place", "zh-CN": "此位置没有设备"},
        "call-has-ended": {"en": "The call has ended", "zh-CN": "此呼叫已结束"},
        "call-is-acknowledged": {"en": "Somebody is coming already", "zh-CN": "已有人响应"},
        "eta-out-of-range": {"en": "This is longer than a shift", "zh-CN": "预计时间超过一个班"},
        "not-the-caller": {"en": "Only who called takes a call back", "zh-CN": "只有呼叫人可以撤回呼叫"},
    }
)
