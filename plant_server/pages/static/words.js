// The page's words. States and contact are the API's own words; what is missing here is shown as it came.
const words = {
  en: {
    title: "Lineside is running", titleFailed: "Lineside", other: "中文", otherLanguage: "zh-CN", devices: "Devices", device: "Device",
    state: "State", lastMessage: "Last message", parts: "Parts", energy: "Energy", newDevices: "New devices to accept",
    newHint: "Their data is stored already. Accept them over the API with the token in .lineside/secrets/api-token.",
    noPath: "no path given", empty: "No machine has reported yet. Start an edge: lineside edge run",
    energyWaitsTitle: "Energy that waits for a meter",
    energyWaitsHint: "These meters were not read since the run ended; until then its energy is not told to the ERP.",
    energyWaits: (order, path, meters, since) => `${order} at ${path}: waits for ${meters} since ${since}`,
    never: "never", ago: (text) => `${text} ago`, asOf: (time) => `As of ${time}`,
    summary: (all, silent) => `${all} ${all === 1 ? "device" : "devices"}, ${silent} without contact`,
    error: (time) => `The server does not answer. ${time ? `Below is what it said at ${time}.` : "Trying again."}`,
    "no contact": "no contact", unknown: "unknown",
  },
  "zh-CN": {
    title: "Lineside 正在运行", titleFailed: "Lineside", other: "English", otherLanguage: "en", devices: "设备", device: "设备",
    state: "状态", lastMessage: "最近消息", parts: "产量", energy: "电能", newDevices: "待接受的新设备",
    newHint: "其数据已在保存。请用 .lineside/secrets/api-token 中的令牌通过 API 接受。",
    noPath: "未提供路径", empty: "尚无机器上报。请启动边缘端：lineside edge run",
    energyWaitsTitle: "等待电表读数的电能",
    energyWaitsHint: "运行结束后这些电表没有读数；读到之前其电能不会上报 ERP。",
    energyWaits: (order, path, meters, since) => `${order}（${path}）：自 ${since} 起等待 ${meters}`,
    never: "从未", ago: (text) => `${text}前`, asOf: (time) => `截至 ${time}`,
    summary: (all, silent) => `${all} 台设备，${silent} 台无联系`,
    error: (time) => `服务器无响应。${time ? `以下为 ${time} 的数据。` : "正在重试。"}`,
    "no contact": "无联系", unknown: "未知", producing: "生产中", idle: "待机", setup: "调试", stopped: "停止", fault: "故障",
    maintenance: "维护", off: "关机",
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
