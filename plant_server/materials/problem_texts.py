"""The words of what is refused here, put beside those of the rest of the API."""

from plant_server.problem_texts import add_titles

add_titles(
    {
        "unknown-lot": {"en": "No such lot was ever received", "zh-CN": "没有此批次的收货记录"},
        "unknown-label": {
            "en": "No order and no lot is called so",
            "zh-CN": "没有此编号的工单或批次",
        },
        "unknown-consumption": {"en": "There is no such consumption", "zh-CN": "没有此消耗记录"},
        "unknown-waiver": {"en": "There is no such waiver", "zh-CN": "没有此特采申请"},
        "unknown-code": {"en": "Nobody knows this code", "zh-CN": "无法识别此条码"},
        "lot-wanted": {"en": "Scan the label of the lot", "zh-CN": "请扫描批次标签"},
        "not-this-order": {"en": "Not for this order", "zh-CN": "不适用于此工单"},
        "wrong-item": {"en": "This is no part of the order", "zh-CN": "物料不属于此工单"},
        "lot-empty": {"en": "The lot is empty by the books", "zh-CN": "批次账面已空"},
        "lot-on-hold": {"en": "The lot is on hold", "zh-CN": "批次已冻结"},
        "lot-expired": {"en": "The lot has expired", "zh-CN": "批次已过期"},
        "lot-is-short": {"en": "There is not so much of the lot here", "zh-CN": "此处批次数量不足"},
        "lot-differs": {"en": "The lot is known with other properties", "zh-CN": "批次信息与已有记录不一致"},
        "quantity-not-positive": {"en": "The quantity must be above zero", "zh-CN": "数量必须大于零"},
        "nothing-is-short": {"en": "Nothing is short any more", "zh-CN": "已无短缺"},
        "more-than-is-short": {"en": "That is more than is short", "zh-CN": "超过短缺数量"},
        "nothing-to-waive": {"en": "Nothing is against it", "zh-CN": "无需特采"},
        "waiver-decided": {"en": "The waiver has been decided", "zh-CN": "特采申请已处理"},
        "waiver-needs-second-person": {
            "en": "A second person must grant the waiver",
            "zh-CN": "特采须由另一人批准",
        },
        "waiver-needs-role": {"en": "Your role may not grant this waiver", "zh-CN": "您的角色无权批准此特采"},
        "waiver-needs-expiry": {
            "en": "A waiver must expire later than now",
            "zh-CN": "特采必须设定未来的失效时间",
        },
        "reason-cannot-be-waived": {"en": "Nobody can waive this", "zh-CN": "此原因不可特采"},
    }
)
