"""The words of what is refused here, put beside those of the rest of the API."""

from plant_server.problem_texts import add_titles

add_titles(
    {
        "unknown-work-order": {"en": "There is no such work order", "zh-CN": "没有此工单"},
        "unknown-operation": {"en": "There is no such operation", "zh-CN": "没有此工序"},
        "order-running": {
            "en": "The order has started and cannot be changed",
            "zh-CN": "工单已开工，不能修改",
        },
        "order-unfinished": {"en": "The order is not finished; confirm it", "zh-CN": "工单尚未完成，请确认"},
        "no-released-revision": {
            "en": "No revision of the item may be made now",
            "zh-CN": "该物料当前没有可生产的版本",
        },
        "no-released-bom": {"en": "The revision has no BOM", "zh-CN": "该版本没有物料清单"},
        "superseded-revision": {
            "en": "A change order replaced this revision",
            "zh-CN": "此版本已被变更单取代",
        },
        "unreleased-revision": {"en": "This revision is not released", "zh-CN": "此版本尚未发布"},
        "no-such-hold": {"en": "There is no such hold", "zh-CN": "没有此冻结"},
        "order-has-started": {"en": "The order has started; abort it", "zh-CN": "工单已开工，请中止"},
        "order-has-not-started": {
            "en": "The order has not started; cancel it",
            "zh-CN": "工单未开工，请取消",
        },
        "postings-open": {"en": "Postings of the order are waiting", "zh-CN": "工单仍有待过账单据"},
        "total-below-zero": {"en": "A total would fall below zero", "zh-CN": "累计数量不能为负"},
        "operation-is-not-optional": {"en": "The operation cannot be skipped", "zh-CN": "该工序不能跳过"},
        "order-is-planned": {"en": "The order is not released", "zh-CN": "工单尚未下达"},
        "order-is-released": {
            "en": "The order is released and has not started",
            "zh-CN": "工单已下达但未开工",
        },
        "order-is-running": {"en": "The order is running", "zh-CN": "工单正在生产"},
        "order-is-paused": {"en": "The order is paused", "zh-CN": "工单已暂停"},
        "order-is-held": {"en": "The order is on hold", "zh-CN": "工单已冻结"},
        "order-is-completed": {"en": "The order is completed", "zh-CN": "工单已完成"},
        "order-is-closed": {"en": "The order is closed", "zh-CN": "工单已关闭"},
        "order-is-cancelled": {"en": "The order is cancelled", "zh-CN": "工单已取消"},
        "order-is-aborted": {"en": "The order is aborted", "zh-CN": "工单已中止"},
        "operation-is-pending": {
            "en": "The operation waits for those before it",
            "zh-CN": "工序正在等待前道工序",
        },
        "operation-is-ready": {"en": "The operation has not started", "zh-CN": "工序尚未开始"},
        "operation-is-running": {"en": "The operation is running", "zh-CN": "工序正在进行"},
        "operation-is-paused": {"en": "The operation is paused", "zh-CN": "工序已暂停"},
        "operation-is-completed": {"en": "The operation is completed", "zh-CN": "工序已完成"},
        "operation-is-skipped": {"en": "The operation is skipped", "zh-CN": "工序已跳过"},
    }
)
