"use strict";
// Numbers and times of a panel as Grafana's units would show them.
const format = (() => {
  const two = (n) => String(n).padStart(2, "0");
  const fixed = (value, digits) => value.toLocaleString(language(), { minimumFractionDigits: digits ?? 0, maximumFractionDigits: digits ?? 2 });
  function language() { return document.documentElement.lang; }

  /** Decimals where nobody said how many: one below 10. */
  function fewer(value) { return Math.abs(value) < 10 ? 1 : 0; }

  function time(ms) {
    const at = new Date(ms);
    return `${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
  }

  function duration(seconds) {
    const zh = language() === "zh-CN";
    const [d, h, min, s] = zh ? ["天", "小时", "分", "秒"] : [" d", " h", " min", " s"];
    if (Math.abs(seconds) < 60) return fixed(seconds, Math.abs(seconds) < 10 ? 2 : 0) + s;
    if (seconds < 3600) return Math.round(seconds / 60) + min;
    if (seconds < 86400) return Math.floor(seconds / 3600) + h + " " + Math.round((seconds % 3600) / 60) + min;
    return Math.floor(seconds / 86400) + d + " " + Math.round((seconds % 86400) / 3600) + h;
  }

  function number(value, unit, decimals) {
    switch (unit) {
      case "percentunit": return fixed(value * 100, decimals ?? 1) + " %";
      case "s": return duration(value);
      case "m": return fixed(value, decimals ?? fewer(value)) + " min";
      case "h": return fixed(value, decimals ?? fewer(value)) + " h";
      case "watth": return fixed(value, decimals ?? 1) + " Wh";
      case "kwatth": return fixed(value, decimals ?? 1) + " kWh";
      case "kwatt": return fixed(value, decimals ?? 1) + " kW";
      case "bytes": return fixed(value / 1048576, decimals ?? 1) + " MiB";
      default: return fixed(value, decimals ?? (Number.isInteger(value) ? 0 : 2));
    }
  }

  return (value, unit, decimals) => {
    if (value === null || value === undefined) return "–";
    if (typeof value === "object") return time(value.ms);
    if (typeof value !== "number") return String(value);
    return number(value, unit, decimals);
  };
})();
