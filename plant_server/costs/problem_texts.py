"""The words of what is refused here, put beside those of the rest of the API."""

from plant_server.problem_texts import add_titles

add_titles(
    {
        "price-not-later": {"en": "Another price holds from then on", "zh-CN": "该时间之后已有其他价格"},
        "windows-overlap": {"en": "Two windows start at one time", "zh-CN": "两个时段起始时间相同"},
    }
)
