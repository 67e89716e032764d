// A system that is held since a restore: what it has, what the plant has forgotten, and the button that lets it go.
import { language, word } from "./words.js";

export const HOLDS = "/bridge/v1/holds";
const LISTED = 20;

export function holdItem(one, make, button, release) {
  const item = make("li");
  item.append(
    make("strong", {}, `⚠ ${word("isHeld", one.system, when(one.since), when(one.backup_time))}`),
    make("p", {}, word("holdWaiting", one.waiting, one.unclaimed)));
  if (!one.can_look_back) item.append(make("p", {}, word("cannotLookBack")));
  else if (one.problem) item.append(make("p", {}, `${word("notAsked")}: ${one.problem}`));
  else if (!one.examined_time) item.append(make("p", {}, word("notAskedYet")));
  else item.append(...found(one, make));
  if (!one.can_look_back || (one.examined_time && !one.problem)) item.append(button("release", () => {
    if (confirm(word("askRelease", one.system))) release(`${HOLDS}/${encodeURIComponent(one.system)}/release`);
  }));
  return item;
}

function found(one, make) {
  const told = [make("p", {}, word("foundThere", one.found.length))];
  if (!one.told_before.length) return [...told, make("p", {}, word("nothingForgotten"))];
  told.push(make("p", {}, word("forgotten", one.told_before.length)));
  told.push(list(one.told_before.map((each) =>
    `${when(each.told_time)} ${each.reference}: ${word(each.kind)} ${each.work_order ?? ""} · ${each.quantity} ${each.unit} ${each.thing} ${each.lot}`), make));
  told.push(make("p", {}, word("byOrder")));
  told.push(list(one.differences.map((each) =>
    `${each.work_order ?? "–"} ${word(each.kind)} ${each.thing} ${each.lot}: ${word("holdNumbers", each)}`), make));
  return told;
}

function list(lines, make) {
  const all = make("ul");
  const more = lines.length > LISTED ? [word("holdMore", lines.length - LISTED)] : [];
  all.append(...[...lines.slice(0, LISTED), ...more].map((text) => make("li", {}, text)));
  return all;
}

const when = (time) => new Date(time).toLocaleString(language);
