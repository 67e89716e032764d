import { language, switchLanguage, word } from "./words.js";

const PERIOD_MS = 2000, DEADLINE_MS = 5000, PAGES_MAX = 10;
const PARTS = ["parts", "good", "cycles"]; // Which counter of a device is shown, in this order.
const find = (id) => document.getElementById(id);
let shown = null; // What the server said last, and when.
let failed = false;

async function everything(path) {
  const items = [];
  for (let cursor = "", pages = 0; cursor !== null && pages < PAGES_MAX; pages++) {
    const url = new URL(path, location.href);
    if (cursor) url.searchParams.set("cursor", cursor);
    const answer = await fetch(url, { signal: AbortSignal.timeout(DEADLINE_MS) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    const page = await answer.json();
    items.push(...page.items);
    cursor = page.next_cursor;
  }
  return items;
}

async function refresh() {
  try {
    const [devices, odometers, proposals, waiting] = await Promise.all(
      ["/api/v1/devices", "/api/v1/odometers", "/api/v1/equipment/proposals?state=open", "/api/v1/energy/waiting"].map(everything));
    shown = { devices, odometers, proposals, waiting, at: new Date() };
    failed = false;
  } catch {
    failed = true; // Said on the page, and tried again.
  }
  show();
  setTimeout(refresh, PERIOD_MS);
}

// Writes only what changed, so that a screen reader is not told the same again.
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function show() {
  document.documentElement.lang = language;
  const button = find("language");
  write(button, word("other"));
  button.lang = word("otherLanguage");
  find("title").dataset.word = failed ? "titleFailed" : "title";
  for (const element of document.querySelectorAll("[data-word]")) write(element, word(element.dataset.word));
  const time = shown?.at.toLocaleTimeString(language);
  find("error").hidden = !failed;
  write(find("error"), failed ? `⚠ ${word("error", time)}` : "");
  find("devices").classList.toggle("stale", failed);
  if (shown) showPlant(shown);
}

function showPlant({ devices, odometers, proposals, waiting }) {
  const silent = devices.filter((device) => device.contact === "no contact").length;
  write(find("summary"), word("summary", devices.length, silent));
  find("empty").hidden = devices.length > 0;
  find("devices").hidden = devices.length === 0;
  const rows = find("rows");
  const present = new Set(devices.map((device) => `device-${device.device_id}`));
  for (const row of [...rows.children]) if (!present.has(row.id)) row.remove();
  for (const device of devices) showDevice(rows, device, odometers.filter((one) => one.device_id === device.device_id));
  showList("new", proposals.map(({ edge, device, path }) => `${edge}/${device} → ${path ?? word("noPath")}`));
  showList("energy-waits", waiting.map(({ order, path, to_time, meters }) => word(
    "energyWaits", order, path, meters.map(({ device, tag }) => `${device}/${tag}`).join(", "),
    new Date(to_time).toLocaleString(language))));
}

// A section that is there as long as it has something to say.
function showList(id, lines) {
  find(id).hidden = lines.length === 0;
  const list = find(`${id}-list`);
  if (list.textContent !== lines.join("")) list.replaceChildren(...lines.map((line) => make("li", {}, line)));
}

function showDevice(rows, device, odometers) {
  const row = find(`device-${device.device_id}`) ?? rows.appendChild(newRow(device));
  const [name, state, age, parts, energy] = row.children;
  const silent = device.contact === "no contact";
  write(name.firstChild, device.name);
  write(name.lastChild, device.path ?? device.edge);
  const known = word(device.machine_state ?? "unknown");
  const abnormal = silent || device.machine_state === "fault";
  write(state.firstChild, (abnormal ? "⚠ " : "") + (silent ? `${word("no contact")} (${known})` : known));
  state.classList.toggle("abnormal", abnormal);
  write(age.firstChild, ageText(device.last_message_age_s));
  write(parts.firstChild, totalText(counterOf(odometers), 1, ""));
  write(energy.firstChild, totalText(odometers.find((one) => one.role === "meter"), 1000, " kWh"));
  for (const [cell, key] of [[state, "state"], [age, "lastMessage"], [parts, "parts"], [energy, "energy"]])
    cell.dataset.label = word(key);
}

function newRow(device) {
  const row = make("tr", { id: `device-${device.device_id}`, role: "row" });
  const head = make("th", { scope: "row", role: "rowheader" });
  head.append(make("span", {}), make("small", {}));
  row.append(head);
  for (const kind of ["", "", "number", "number"]) {
    const cell = make("td", { role: "cell", class: kind });
    cell.append(make("span", {}));
    row.append(cell);
  }
  return row;
}

function make(name, attributes, text = "") {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = text;
  return element;
}

const counterOf = (odometers) => PARTS
  .map((counts) => odometers.find((one) => one.role === "counter" && one.counts === counts)).find(Boolean);

function totalText(odometer, divisor, unit) {
  if (!odometer) return "–";
  const digits = divisor === 1 ? 0 : 1;
  const format = new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return format.format(odometer.total / divisor) + unit;
}

function ageText(seconds) {
  if (seconds === null) return word("never");
  const [value, unit] = seconds < 100 ? [seconds, "second"] : seconds < 6000 ? [seconds / 60, "minute"]
    : seconds < 172800 ? [seconds / 3600, "hour"] : [seconds / 86400, "day"];
  const format = new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 0 });
  return word("ago", format.format(Math.max(0, value)));
}

find("language").addEventListener("click", () => { switchLanguage(); show(); });
show();
refresh();
