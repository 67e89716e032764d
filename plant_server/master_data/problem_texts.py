"""The words of what is refused here, put beside those of the rest of the API."""

from plant_server.problem_texts import add_titles

add_titles(
    {
        "unknown-item": {"en": "There is no such item", "zh-CN": "没有此物料"},
        "unknown-revision": {"en": "The item has no such revision", "zh-CN": "该物料没有此版本"},
        "unknown-unit": {"en": "There is no such unit of measure", "zh-CN": "没有此计量单位"},
        "unknown-reason": {"en": "There is no such reason", "zh-CN": "没有此原因"},
        "unknown-drawing": {"en": "There is no such drawing", "zh-CN": "没有此图纸"},
        "units-contradict": {
            "en": "The units of the item contradict one another",
            "zh-CN": "物料单位换算相互矛盾",
        },
        "unit-not-convertible": {
            "en": "The unit does not convert into the item's",
            "zh-CN": "单位无法换算为物料单位",
        },
        "quantity-inexact": {
            "en": "The item's unit cannot hold this quantity exactly",
            "zh-CN": "物料单位无法精确表示此数量",
        },
        "reason-tree-broken": {"en": "The reason does not fit below its parent", "zh-CN": "原因与上级不匹配"},
        "document-reused": {
            "en": "This revision was sent before with other content",
            "zh-CN": "此修订号曾以不同内容发送",
        },
        "held-by-other-document": {"en": "Another document holds this code", "zh-CN": "该编码属于另一单据"},
        "revision-in-use": {
            "en": "An order runs by this revision; release a new one",
            "zh-CN": "工单正在使用此版本，请发布新版本",
        },
        "media-type-differs": {
            "en": "The file is not of the type it claims",
            "zh-CN": "文件与声明的类型不符",
        },
    }
)
