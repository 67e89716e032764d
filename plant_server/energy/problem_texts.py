"""The words of what is refused here, put beside those of the rest of the API."""

from plant_server.problem_texts import add_titles

add_titles(
    {
        "unknown-meter": {"en": "There is no such energy meter", "zh-CN": "没有此电能表"},
        "key-too-large": {"en": "The shares are more than the whole", "zh-CN": "分摊份额超过总量"},
        "key-not-later": {"en": "Another key holds from then on", "zh-CN": "该时间之后已有分摊规则"},
    }
)
