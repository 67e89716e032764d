import { HOLDS, holdItem } from "./hold.js";
import { STOCK, stockLines, stockRows } from "./stock.js";
import { language, switchLanguage, word } from "./words.js";

const PERIOD_MS = 3000, DEADLINE_MS = 8000, ROWS = 50;
const find = (id) => document.getElementById(id);
let shown = null; // What the bridge said last, and when.
let failure = null; // A word, or null.

async function ask(method, path, body) {
  const answer = await fetch(path, {
    method, signal: AbortSignal.timeout(DEADLINE_MS), body: body && JSON.stringify(body),
    headers: {
      Authorization: `Bearer ${sessionStorage.getItem("key")}`, "Accept-Language": language,
      ...(body && { "Content-Type": "application/json" }),
    },
  });
  if (answer.status === 401 || answer.status === 403) throw new Error("refusedKey");
  const told = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw new Error(`${told.title} ${told.detail ?? ""}`);
  return told;
}

async function refresh() {
  if (sessionStorage.getItem("key")) {
    try {
      const [status, fixIt, documents, stock, holds] = await Promise.all(
        [ask("GET", "/bridge/v1/status"), ask("GET", "/bridge/v1/fix-it"), ask("GET", `/bridge/v1/documents?newest=true&limit=${ROWS}`),
          ask("GET", STOCK), ask("GET", HOLDS)]);
      shown = { status, fixIt: fixIt.items, documents: documents.items, stock, holds: holds.items, at: new Date() };
      failure = null;
    } catch (error) {
      if (error.message === "refusedKey") sessionStorage.removeItem("key");
      failure = error.message === "refusedKey" ? "refusedKey" : "failed";
    }
  }
  show();
}

async function act(method, path, body) {
  try {
    await ask(method, path, body);
    await refresh();
  } catch (error) {
    find("error").hidden = false;
    find("error").textContent = `⚠ ${word(error.message)}`;
  }
}

function make(name, attributes = {}, text = "") {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = text;
  return element;
}

function button(key, onClick) {
  const element = make("button", { type: "button" }, word(key));
  element.addEventListener("click", onClick);
  return element;
}

function show() {
  document.documentElement.lang = language;
  find("language").textContent = word("other");
  find("language").lang = word("otherLanguage");
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = word(element.dataset.word);
  const signedIn = sessionStorage.getItem("key") !== null;
  find("sign-in").hidden = signedIn;
  find("content").hidden = !signedIn || !shown;
  find("error").hidden = failure === null;
  find("error").textContent = failure ? `⚠ ${word(failure, shown?.at.toLocaleTimeString(language))}` : "";
  if (signedIn && shown) showAll(shown);
}

function showAll({ status, fixIt, documents, stock, holds, at }) {
  find("as-of").textContent = word("asOf", at.toLocaleTimeString(language));
  find("nothing").hidden = fixIt.length > 0;
  if (!find("fix-list").contains(document.activeElement)) find("fix-list").replaceChildren(...fixIt.map(fixItem));
  find("holds").hidden = holds.length === 0;
  if (!find("hold-list").contains(document.activeElement)) {
    find("hold-list").replaceChildren(...holds.map((one) => holdItem(one, make, button, (path) => act("POST", path))));
  }
  const systems = status.systems.map((one) => {
    const counts = Object.entries(one.documents).map(([state, count]) => `${word(state)} ${count}`);
    return make("li", {}, `${one.system}: ${counts.join(" · ") || word("quiet")}`);
  });
  find("systems").replaceChildren(...systems, make("li", {}, word("unclaimed", status.unclaimed)));
  find("stock").hidden = stock.readings.length === 0;
  find("stock-lines").replaceChildren(...stockLines(stock).map((text) => make("li", {}, text)));
  find("stock-table").hidden = stock.items.length === 0;
  find("stock-rows").replaceChildren(...stockRows(stock, make));
  find("rows").replaceChildren(...documents.map((one) => {
    const row = make("tr");
    const time = new Date(one.event_time).toLocaleString(language);
    row.append(make("th", { scope: "row" }, `${word(one.kind)} ${one.work_order ?? ""}`));
    for (const text of [one.connector, word(one.state), one.reference ?? "–", time]) row.append(make("td", {}, text));
    return row;
  }));
}

function fixItem(one) {
  const item = make("li");
  item.append(
    make("strong", {}, `⚠ ${word(one.kind)} ${one.subject ?? ""} → ${one.system}: ${word(one.state)}`),
    make("p", {}, `${one.says}. ${one.to_do}`),
    make("p", { class: "said" }, `${word("said")}: ${one.problem.code} ${one.problem.message}`));
  if (one.waiting_behind) item.append(make("p", {}, word("behind", one.waiting_behind)));
  const path = `/bridge/v1/${one.what === "document" ? "documents" : "inbox"}/${one.id}`;
  if (one.state !== "modified") item.append(button("retry", () => act("POST", `${path}/retry`)));
  if (one.what === "document") item.append(button("byHand", () => {
    const reference = prompt(word("askReference"));
    if (reference) act("POST", `${path}/mark-posted`, { reference });
  }));
  else item.append(button("drop", () => {
    const reason = prompt(word("askReason"));
    if (reason) act("POST", `${path}/drop`, { reason });
  }));
  if (one.problem.code === "unmapped_code") item.append(button("map", () => mapCode(one.problem.details)));
  return item;
}

function mapCode({ system, kind, code, side }) {
  const answer = prompt(word(side === "our" ? "askTheirs" : "askOurs", code));
  if (!answer) return;
  const [ours, theirs] = side === "our" ? [code, answer] : [answer, code];
  const path = [system, kind, ours].map(encodeURIComponent).join("/");
  act("PUT", `/bridge/v1/codes/${path}`, { their_code: theirs });
}

find("language").addEventListener("click", () => { switchLanguage(); refresh(); });
find("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("key", find("key").value.trim());
  find("key").value = "";
  refresh();
});
async function refreshForever() {
  await refresh();
  setTimeout(refreshForever, PERIOD_MS);
}
refreshForever();
