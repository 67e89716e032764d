"""What a problem means and what to do about it, in two languages, per stable code.

Codes of our own, of the plant and of connected systems stand in one table; one that is not here is shown with what the
system said, and with the general advice.
"""

from typing import Literal, NamedTuple

Language = Literal["en", "zh-CN"]
LANGUAGES: tuple[Language, ...] = ("en", "zh-CN")


class Advice(NamedTuple):
    """What happened and what a person can do."""

    what: dict[Language, str]
    to_do: dict[Language, str]


def _advice(what_en: str, what_zh: str, do_en: str, do_zh: str) -> Advice:
    return Advice({"en": what_en, "zh-CN": what_zh}, {"en": do_en, "zh-CN": do_zh})


ADVICE: dict[str, Advice] = {
    "unmapped_code": _advice(
        "A code has no counterpart in the other system",
        "编码在对方系统中没有对应",
        "Map it; what it stopped goes on by itself.",
        "补全编码对照后，被拦下的单据会自动继续。",
    ),
    "unknown_code": _advice(
        "The other system does not know a code",
        "对方系统不认识该编码",
        "Create it there or correct the mapping, then retry.",
        "在对方系统建立该编码或更正对照，然后重试。",
    ),
    "other_currency": _advice(
        "A price is in another currency than the plant reckons in",
        "价格的币种与工厂核算币种不一致",
        "Set tryton.currency in bridge.yaml to the plant's currency, or state the price at the plant.",
        "请在 bridge.yaml 中核对 tryton.currency，或在工厂端直接填写价格。",
    ),
    "negative_stock": _advice(
        "There is not enough stock in the books",
        "账面库存不足",
        "Book the missing receipt or transfer there, then retry.",
        "在对方系统补录入库或调拨，然后重试。",
    ),
    "over_receipt": _advice(
        "More was made than the order allows",
        "超出工单允许的完工数量",
        "Raise the quantity of the order there, then retry; or correct the report at the floor.",
        "在对方系统调高工单数量后重试，或在车间更正报工。",
    ),
    "order_not_open": _advice(
        "The order is not open there",
        "工单在对方系统未开启",
        "Open it again there, then retry; or post by hand and note the reference.",
        "在对方系统重新开启后重试，或手工过账并登记凭证号。",
    ),
    "order_is_done": _advice(
        "The order is done there and takes nothing more",
        "工单在对方系统已完工，不再接受登记",
        "Book it there by hand, stock by an inventory and times by the cost of the item, and note the reference.",
        "在对方系统手工登记（库存用盘点，工时用物料成本），并登记凭证号。",
    ),
    "material_under_way": _advice(
        "The move that brings the material is still on its way",
        "把物料移到该处的单据还在途中",
        "Nothing: tried again by itself.",
        "无需处理，会自动重试。",
    ),
    "other_warehouse": _advice(
        "The two places are in different warehouses there",
        "两处库位在对方系统属于不同仓库",
        "Ship it there by hand and note the reference, or map both to places of one warehouse.",
        "在对方系统手工调拨并登记凭证号，或将两处对应到同一仓库。",
    ),
    "parts_in_rework": _advice(
        "Parts of the order are in rework",
        "工单还有返工中的零件",
        "Settle at the floor what they became; the order is finished there by itself then.",
        "请在车间结清返工；之后会自动在对方系统完工。",
    ),
    "finished_later": _advice(
        "The order is finished there a while after its end",
        "工单结束一段时间后才在对方系统完工",
        "Nothing: what comes late is told first.",
        "无需处理：先等迟到的单据。",
    ),
    "no_such_order_there": _advice(
        "The other system has no such order",
        "对方系统没有该工单",
        "Make the order there under this number and retry, or post by hand.",
        "在对方系统按此编号建立工单后重试，或手工过账。",
    ),
    "erp_says_no": _advice(
        "The other system refuses it by a rule of its own",
        "对方系统按其自身规则拒绝",
        "Its words say why; mend it there and retry, or post by hand.",
        "原因见对方系统的说明；处理后重试，或手工过账。",
    ),
    "erp_asks": _advice(
        "The other system asks whether it is meant so",
        "对方系统要求确认",
        "Post it there by hand, or accept this kind of question in bridge.yaml and retry.",
        "在对方系统手工过账，或在 bridge.yaml 中允许此类确认后重试。",
    ),
    "ambiguous_code": _advice(
        "A code stands there for several records",
        "一个编码在对方系统对应多条记录",
        "Leave one of them with the code, then retry.",
        "在对方系统只保留一条使用该编码的记录，然后重试。",
    ),
    "lot_required": _advice(
        "The item is kept by lot, and none was reported",
        "该物料按批次管理，但未上报批次",
        "Correct the report at the floor, or post by hand with the lot.",
        "在车间更正报工，或带批次手工过账。",
    ),
    "wrong_item": _advice(
        "The order makes another item there",
        "工单在对方系统生产的是其他物料",
        "Compare the order on both sides; correct the mapping of the item.",
        "核对两边工单，更正物料对照。",
    ),
    "no_conversion": _advice(
        "The unit cannot be converted there",
        "对方系统无法换算该单位",
        "Enter the conversion there, then retry.",
        "在对方系统维护单位换算，然后重试。",
    ),
    "inexact_conversion": _advice(
        "The quantity would be rounded there",
        "换算后数量会被舍入",
        "Use a unit in which it is exact, or post by hand.",
        "改用可精确换算的单位，或手工过账。",
    ),
    "malformed": _advice(
        "The other system does not accept the document's form",
        "对方系统不接受单据格式",
        "Show the details to whoever cares for the connector.",
        "请把详情交给接口维护人员。",
    ),
    "already_reversed": _advice(
        "It was taken back there by somebody else",
        "对方系统中已被他人冲销",
        "Compare both; if it is right so, note the reference of that reversal.",
        "核对后如无误，登记该冲销单号。",
    ),
    "closed_period": _advice(
        "The period is closed and no open day is known",
        "期间已关闭，且没有可用的开放日期",
        "Open a period there; it is tried again by itself.",
        "请在对方系统打开期间，系统会自动重试。",
    ),
    "superseded_revision": _advice(
        "The order was changed meanwhile",
        "工单已被更改",
        "Nothing: the newer revision is answered by itself. Mark this one as done.",
        "无需处理：新版本会自动应答，可将本条标记为已处理。",
    ),
    "outcome_unknown": _advice(
        "Nobody can tell from here whether it was posted",
        "无法确定是否已过账",
        "Look in the other system. Found: note its reference. Not there: retry.",
        "请到对方系统查看：已过账则登记凭证号，没有则重试。",
    ),
    "difference": _advice(
        "It was stored otherwise than it was sent",
        "对方存储的内容与发送的不一致",
        "Correct it there, then mark it as looked at.",
        "请在对方系统更正，然后标记为已处理。",
    ),
    "not_a_document": _advice(
        "The plant wrote something that is no document",
        "工厂写入的内容不是有效单据",
        "Report it as a fault of the software; post by hand and note the reference.",
        "请按软件故障上报；先手工过账并登记凭证号。",
    ),
    "nothing_to_take_back": _advice(
        "A correction takes back more than was told",
        "更正数量超过已上报数量",
        "Compare the reports of the order; post by hand and note the reference.",
        "核对该工单的报工；手工过账并登记凭证号。",
    ),
    "not_understood": _advice(
        "What the other system told is incomplete",
        "对方系统发来的内容不完整",
        "Complete it there; a new revision takes its place. Or retry.",
        "请在对方系统补全，新版本会自动替换；或重试。",
    ),
    "order_not_known": _advice(
        "An order ended there that the plant never had",
        "对方结束了一张工厂没有的工单",
        "Nothing, if the plant did not make it: drop the row.",
        "若工厂未生产，可直接移除本条。",
    ),
    "unknown-item": _advice(
        "The plant does not know an item",
        "工厂没有该物料",
        "Release the item in its source; the row goes on by itself.",
        "在来源系统发布该物料，本条会自动继续。",
    ),
    "unknown-revision": _advice(
        "The plant does not know a revision of an item",
        "工厂没有该物料版本",
        "Release the revision in PLM; the row goes on by itself.",
        "在 PLM 发布该版本，本条会自动继续。",
    ),
    "unknown-unit": _advice(
        "The plant does not know a unit",
        "工厂没有该计量单位",
        "Map it to a UN/CEFACT code, then retry.",
        "在编码对照中对应到 UN/CEFACT 代码，然后重试。",
    ),
    "order-running": _advice(
        "The order runs at the floor and stays as it is",
        "工单正在生产，不能更改",
        "Agree with the shift lead; end the order at the floor or leave it.",
        "与班组长确认：在车间结束工单，或保持不变。",
    ),
    "not_reached": _advice(
        "The other system does not answer",
        "对方系统无响应",
        "Nothing: tried again by itself.",
        "无需处理，会自动重试。",
    ),
    "not_signed_in": _advice(
        "The other system refuses our credentials",
        "对方系统拒绝登录",
        "Renew the secret named in bridge.yaml.",
        "请更新 bridge.yaml 所指的密钥文件。",
    ),
    "busy": _advice(
        "The other system asked to wait",
        "对方系统要求稍候",
        "Nothing: tried again by itself.",
        "无需处理，会自动重试。",
    ),
    "answer_lost": _advice(
        "The answer was lost",
        "应答丢失",
        "Nothing: it is looked up before anything is sent again.",
        "无需处理：系统会先查询再决定是否重发。",
    ),
}
OTHER = _advice(
    "The other system refused it",
    "对方系统拒绝",
    "See what it said; correct it there or here, then retry.",
    "请看其说明，更正后重试。",
)


def advice(code: str) -> Advice:
    """Of the code, or the general one."""
    return ADVICE.get(code, OTHER)


def preferred_language(accept_language: str | None) -> Language:
    """zh-CN if Chinese stands before English in Accept-Language, else en."""
    for part in (accept_language or "").lower().split(","):
        primary = part.strip().partition(";")[0].partition("-")[0]
        if primary in ("zh", "en"):
            return "zh-CN" if primary == "zh" else "en"
    return "en"
