"""The words of what is refused here, put beside those of the rest of the API."""

from plant_server.problem_texts import add_titles

add_titles(
    {
        "personnel-number-taken": {
            "en": "Another person has this personnel number",
            "zh-CN": "此工号已属于他人",
        },
    }
)
