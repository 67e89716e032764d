// Stock there and here: one table, what cannot be explained first. A system that is no source of stock has no table.
import { language, word } from "./words.js";

const OLD_MS = 10 * 60 * 1000;
const ORDER = ["difference", "in_doubt", "other_unit", "unmapped", "explained"];
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60]];
export const STOCK = `/bridge/v1/stock?limit=200${ORDER.map((state) => `&state=${state}`).join("")}`;

export function stockRows({ items }, make) {
  const sorted = [...items].sort((one, other) =>
    ORDER.indexOf(one.state) - ORDER.indexOf(other.state) || one.since_time.localeCompare(other.since_time));
  return sorted.map((one) => {
    const row = make("tr");
    row.append(make("th", { scope: "row" }, `${one.item} ${one.lot ?? ""}`));
    const cell = (key, text, attributes = {}) => row.append(make("td", { "data-label": word(key), ...attributes }, text));
    cell("system", one.system);
    for (const key of ["there", "here", "under_way", "difference"]) {
      const number = one[key] === null ? "–" : `${key === "difference" ? signed(one[key]) : one[key]} ${one.unit}`;
      cell(key, number, { class: "number" });
    }
    cell("state", `${one.state === "explained" ? "" : "⚠ "}${word(`stock_${one.state}`)}`);
    const since = make("td", { "data-label": word("since") });
    since.append(make("time", { datetime: one.since_time, title: new Date(one.since_time).toLocaleString(language) }, ago(one.since_time)));
    row.append(since);
    return row;
  });
}

// One line per system: when it was read, how many lots agree, and what is wrong with the reading itself.
export function stockLines({ readings, items, next_cursor: more }) {
  const lines = readings.map((one) => {
    if (one.read_time === null) return `⚠ ${one.system}: ${word("neverRead")}`;
    const time = new Date(one.read_time);
    const told = [word("readAt", time.toLocaleString(language)), word("agree", one.lots.equal ?? 0)];
    if (one.lots.only_there) told.push(word("onlyThere", one.lots.only_there));
    if (one.unmapped) told.push(`⚠ ${word("unmappedLevels", one.unmapped)}`);
    if (!one.compared) told.push(`⚠ ${word("notCompared")}`);
    if (Date.now() - time > OLD_MS) told.push(`⚠ ${word("oldReading")}`);
    return `${one.system}: ${told.join(" · ")}`;
  });
  if (more !== null) lines.push(word("moreLots"));
  return items.length || !readings.some((one) => one.compared) ? lines : [...lines, word("allAgree")];
}

const signed = (number) => (number.startsWith("-") || number === "0" ? number : `+${number}`);

function ago(time) {
  const seconds = (Date.now() - new Date(time)) / 1000;
  const [unit, size] = UNITS.find(([, length]) => seconds >= length) ?? ["minute", 60];
  return new Intl.RelativeTimeFormat(language, { numeric: "always" }).format(-Math.floor(seconds / size), unit);
}
