"""The words of what is refused here, put beside those of the rest of the API."""

from plant_server.problem_texts import add_titles

add_titles(
    {
        "unknown-hand-over": {"en": "There is no such hand-over", "zh-CN": "没有此交班记录"},
        "own-hand-over": {"en": "Somebody else has to read it", "zh-CN": "须由他人阅读确认"},
        "hand-over-was-read": {"en": "It was read before", "zh-CN": "该交班记录已被确认"},
    }
)
