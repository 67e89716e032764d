// The page's words. What is missing here (a code of another system) is shown as it came.
const words = {
  en: {
    title: "Lineside bridge", other: "中文", otherLanguage: "zh-CN", key: "API key", signIn: "Show", fixIt: "Waits for a person",
    keyHint: "Made with: lineside bridge key NAME --scope read --scope write. It is kept until this tab is closed.",
    nothing: "Nothing waits for a person.", systems: "Systems", deliveries: "Documents, newest first", document: "Document",
    system: "System", state: "State", reference: "Their number", eventTime: "Happened", retry: "Try again",
    byHand: "Posted by hand…", drop: "Leave it…", askReference: "Number in the other system", askReason: "Why?",
    map: "Map this code…", askTheirs: (code) => `Their code for ${code}`, askOurs: (code) => `Our code for ${code}`,
    behind: (count) => `${count} more wait behind it`, asOf: (time) => `As of ${time}`, unclaimed: (count) => `${count} at the plant`,
    failed: (time) => `The bridge does not answer.${time ? ` Below is what it said at ${time}.` : ""}`,
    refusedKey: "This key is not known or may not do that.", quiet: "nothing waits", said: "It said",
    open: "collecting", ready: "ready", sending: "sending", accepted: "accepted", modified: "stored otherwise", refused: "refused",
    unknown: "not known whether posted", cancelled: "cancelled", by_hand: "posted by hand", skipped: "nothing to tell",
    stopped: "stopped", completion: "completion", consumption: "consumption", scrap: "scrap", labor_time: "labour time",
    machine_time: "machine time", energy_cost: "energy", stock_move: "stock move", order_progress: "progress",
    order_acknowledgement: "answer to an order", item: "item", bom: "BOM", change_order: "change", drawing: "drawing",
    work_order: "work order", price: "price", receipt: "receipt",
    stock: "Stock there and here", itemAndLot: "Item and lot", there: "There", here: "At the floor", under_way: "Under way",
    difference: "Difference", since: "Since", stock_difference: "difference", stock_explained: "explained by what is under way",
    stock_in_doubt: "a document may have been posted", stock_other_unit: "units do not convert", stock_unmapped: "a code is not mapped",
    readAt: (time) => `read ${time}`, agree: (count) => `lots: ${count} agree`, neverRead: "its stock was not read yet",
    onlyThere: (count) => `${count} only there (goods, or never received here)`,
    unmappedLevels: (count) => `${count} with a code nobody mapped`, notCompared: "not compared now: too much is under way, or it is held",
    oldReading: "it was not read since", moreLots: "More lots: GET /bridge/v1/stock", allAgree: "No lot differs.",
    release: "Let it be told again…", askRelease: (system) => `Tell ${system} from now on?`, held: "Held since a restore",
    isHeld: (system, since, backup) => `${system} is told nothing: the plant was restored at ${since} from a backup of ${backup}`,
    holdWaiting: (waiting, facts) => `${waiting} documents wait, ${facts} facts more at the plant. Let edges deliver and people enter again what is missing first.`,
    cannotLookBack: "It cannot be asked for our keys: compare the orders since the backup there by hand. What is entered again would be told again.",
    notAsked: "It could not be asked what it knows", notAskedYet: "It is being asked what it knows.", byOrder: "By order:",
    foundThere: (count) => `Found there and not told again: ${count}`, nothingForgotten: "Nothing stands there that the plant has forgotten.",
    forgotten: (count) => `Told after the backup, so the plant has forgotten it: ${count}. It counts as told; reverse there what shall not.`,
    holdNumbers: (one) => `there ${one.there} ${one.unit}, here ${one.here}; waiting ${one.waiting}, would be told ${one.to_be_told}${one.more_there === "0" ? "" : `; ${one.more_there} more there until it is entered again`}`,
    holdMore: (count) => `… and ${count} more: lineside bridge held`,
  },
  "zh-CN": {
    title: "Lineside 接口", other: "English", otherLanguage: "en", key: "API 密钥", signIn: "查看", fixIt: "待人工处理",
    keyHint: "用此命令生成：lineside bridge key 名称 --scope read --scope write。仅保留到此标签页关闭。",
    nothing: "没有需要处理的内容。", systems: "系统", deliveries: "单据（最新在前）", document: "单据", system: "系统", state: "状态",
    reference: "对方单号", eventTime: "发生时间", retry: "重试", byHand: "已手工过账…", drop: "不处理…", askReference: "对方系统中的单号",
    askReason: "原因", map: "对应此编码…", askTheirs: (code) => `${code} 在对方的编码`, askOurs: (code) => `${code} 在我方的编码`,
    behind: (count) => `后面还有 ${count} 张单据在等`, asOf: (time) => `截至 ${time}`, unclaimed: (count) => `工厂侧待取 ${count} 条`,
    failed: (time) => `接口服务无响应。${time ? `以下为 ${time} 的数据。` : ""}`, refusedKey: "密钥无效或无此权限。",
    quiet: "没有等待", said: "对方说明", open: "汇总中", ready: "待发送", sending: "发送中", accepted: "已接收", modified: "对方已改动",
    refused: "被拒绝", unknown: "不确定是否过账", cancelled: "已取消", by_hand: "已手工过账", skipped: "无需发送", stopped: "已拦下",
    completion: "完工", consumption: "用料", scrap: "报废", labor_time: "人工工时", machine_time: "机器工时", energy_cost: "能耗",
    stock_move: "库存移动", order_progress: "工单进度", order_acknowledgement: "工单应答", item: "物料", bom: "BOM", change_order: "变更单",
    drawing: "图纸", work_order: "工单", price: "价格", receipt: "收货",
    stock: "库存对照", itemAndLot: "物料与批次", there: "对方系统", here: "车间", under_way: "在途", difference: "差异", since: "始于",
    stock_difference: "有差异", stock_explained: "在途单据可解释", stock_in_doubt: "有单据可能已过账", stock_other_unit: "单位无法换算",
    stock_unmapped: "编码未对应", readAt: (time) => `读取于 ${time}`, agree: (count) => `${count} 个批次一致`, neverRead: "尚未读取库存",
    onlyThere: (count) => `${count} 个批次仅在对方：成品，或车间未收货`, unmappedLevels: (count) => `${count} 条库存的编码未对应`,
    notCompared: "暂不对照：在途单据过多，或已暂停发送", oldReading: "此后未再读取", moreLots: "更多批次：GET /bridge/v1/stock", allAgree: "没有批次存在差异。",
    release: "恢复发送…", askRelease: (system) => `从现在起向 ${system} 发送？`, held: "恢复备份后已暂停",
    isHeld: (system, since, backup) => `${system} 已暂停发送：工厂于 ${since} 从 ${backup} 的备份恢复`,
    holdWaiting: (waiting, facts) => `${waiting} 张单据等待，工厂侧另有 ${facts} 条。请先等边缘端补传，并由人员补录缺失内容。`,
    cannotLookBack: "无法按我方单号查询该系统：请人工核对备份之后的工单。补录的内容会再次发送。",
    notAsked: "无法查询对方已收到的单据", notAskedYet: "正在查询对方已收到的单据。", byOrder: "按工单：",
    foundThere: (count) => `对方已有、不再发送：${count}`, nothingForgotten: "对方没有工厂已遗失的单据。",
    forgotten: (count) => `备份之后发送、工厂已遗失：${count}。视为已发送；不应保留的请在对方冲销。`,
    holdNumbers: (one) => `对方 ${one.there} ${one.unit}，我方 ${one.here}；等待 ${one.waiting}，将发送 ${one.to_be_told}${one.more_there === "0" ? "" : `；对方多 ${one.more_there}，补录后相抵`}`,
    holdMore: (count) => `… 另有 ${count} 条：lineside bridge held`,
  },
};
const remembered = localStorage.getItem("language");
export let language = remembered in words ? remembered : navigator.language.startsWith("zh") ? "zh-CN" : "en";

export const word = (key, ...values) => {
  const text = words[language][key] ?? words.en[key] ?? key;
  return typeof text === "function" ? text(...values) : text;
};

export function switchLanguage() {
  language = word("otherLanguage");
  localStorage.setItem("language", language);
}
