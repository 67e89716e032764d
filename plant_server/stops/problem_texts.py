"""The words of what is refused here, put beside those of the rest of the API."""

from plant_server.problem_texts import add_titles

add_titles(
    {
        "unknown-stop": {"en": "There is no such stop", "zh-CN": "没有此停机记录"},
        "unknown-stop-reason": {"en": "There is no such reason for a stop", "zh-CN": "没有此停机原因"},
        "reason-too-general": {"en": "Choose one of the reasons below it", "zh-CN": "请选择更具体的原因"},
        "time-outside-stop": {"en": "The time lies outside the stop", "zh-CN": "时间不在此停机范围内"},
    }
)
