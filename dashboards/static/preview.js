"use strict";
// Draws the boards that lie in the page as JSON, with their answers.
const page = JSON.parse(document.getElementById("data").textContent);
const zh = page.language === "zh-CN";
const word = (en, chinese) => (zh ? chinese : en);
const COLORS = ["#1f6f8b", "#b9762b", "#6a5a9c", "#4d8a57", "#a8455a", "#7a858d", "#3f9ea8", "#9a8a2f", "#5577b5", "#8c6d5a"];

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** A column's unit and so on: what the panel says, then what it says of the column. */
function field(panel, column) {
  const told = { ...panel.fieldConfig.defaults };
  for (const override of panel.fieldConfig.overrides) {
    if (override.matcher.options === column) for (const { id, value } of override.properties) told[id] = value;
  }
  return told;
}
const shown = (panel, column, value) => { const told = field(panel, column); return format(value, told.unit, told.decimals); };

function color(panel, column, index) {
  const told = field(panel, column).color;
  return told && told.mode === "fixed" ? told.fixedColor : COLORS[index % COLORS.length];
}

function legend(entries) {
  return element("div", { className: "legend" }, ...entries.map(([name, background]) => {
    const box = element("i");
    box.style.background = background;
    return element("span", {}, box, name);
  }));
}

const draw = {
  stat(panel, body) {
    const row = panel.rows[panel.rows.length - 1];
    const steps = panel.fieldConfig.defaults.thresholds.steps.filter((step) => step.value !== null);
    const figures = element("div", { className: "stat" }, ...panel.columns.map((column, index) => {
      const value = row[index];
      const abnormal = typeof value === "number" && steps.some((step) => value >= step.value);
      const isTime = value !== null && typeof value === "object";
      const number = element("b", { className: isTime ? "time" : "" }, shown(panel, column, value));
      const name = panel.columns.length > 1 ? [element("small", {}, column)] : [];
      return element("div", { className: abnormal ? "abnormal" : "" }, number, ...name);
    }));
    const wide = [...figures.children].reduce((sum, one) => sum + letters(one.firstChild.textContent) + (one.className ? 2 : 0), 0);
    figures.style.setProperty("--letters", Math.max(1, wide));
    figures.style.setProperty("--gaps", panel.columns.length - 1);
    body.append(figures);
  },

  table(panel, body) {
    const isNumber = panel.columns.map((_, index) => panel.rows.some((row) => typeof row[index] === "number"));
    const head = element("tr", {}, ...panel.columns.map((column, index) => element("th", { scope: "col", className: isNumber[index] ? "number" : "" }, column)));
    const rows = panel.rows.map((row) => element("tr", {}, ...row.map((value, index) => cell(panel, panel.columns[index], value, isNumber[index]))));
    body.append(element("table", { className: "rows" }, element("thead", {}, head), element("tbody", {}, ...rows)));
  },

  barchart(panel, body) {
    (panel.options.orientation === "horizontal" ? horizontal : columns)(panel, body);
  },

  timeseries(panel, body) {
    const series = pivot(panel);
    if (panel.fieldConfig.defaults.custom.drawStyle === "bars") plot(panel, body, series, true);
    else plot(panel, body, series, false);
  },

  "state-timeline"(panel, body) {
    const [begin, end] = panel.range;
    const words = panel.fieldConfig.defaults.mappings[0].options;
    const lanes = new Map();
    for (const [time, machine, state] of panel.rows) {
      if (!lanes.has(machine)) lanes.set(machine, []);
      lanes.get(machine).push([typeof time === "object" ? time.ms : time * 1000, state]);
    }
    const grid = element("div", { className: "states" });
    const seen = new Set();
    const room = (body.clientHeight - 48) / lanes.size - 3; // Axis and legend take 48 px; a lane is never too thin to see.
    grid.style.setProperty("--lane", `${Math.max(8, Math.min(22, room))}px`);
    if (room < 15) grid.style.fontSize = `${Math.max(8, Math.min(11, room + 1))}px`;
    for (const [machine, spells] of [...lanes].sort()) {
      const lane = element("div", { className: "lane" });
      spells.sort((a, b) => a[0] - b[0]);
      spells.forEach(([from, state], index) => {
        const to = index + 1 < spells.length ? spells[index + 1][0] : Math.min(end, page.made);
        const told = words[state];
        seen.add(state);
        const bar = element("i", { title: `${told.text} ${format({ ms: from })} – ${format({ ms: to })}` });
        bar.style.left = `${(100 * (from - begin)) / (end - begin)}%`;
        bar.style.width = `${(100 * Math.max(0, to - from)) / (end - begin)}%`;
        bar.style.background = told.color;
        lane.append(bar);
      });
      grid.append(element("span", {}, machine), lane);
    }
    const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => element("span", {}, format({ ms: begin + part * (end - begin) })));
    grid.append(element("div", { className: "axis" }, ...ticks));
    const plot = element("div", { className: "plot scrolls" }, grid);
    body.append(element("div", { className: "chart" }, plot, legend([...seen].sort().map((state) => [words[state].text, words[state].color]))));
  },
};

/** How wide a text is, in letters; a Chinese one is as wide as one and a half of ours. */
const letters = (text) => [...text].reduce((sum, letter) => sum + (letter > "\u2e80" ? 1.5 : 1), 0);

function cell(panel, column, value, isNumber) {
  const told = field(panel, column);
  const text = shown(panel, column, value);
  const options = told["custom.cellOptions"];
  if (options && options.type === "gauge" && typeof value === "number") {
    const bar = element("i");
    bar.style.setProperty("--part", `${Math.max(0, Math.min(1, value)) * 100}%`);
    return element("td", { className: "number" }, element("span", { className: "gauge" }, bar, text));
  }
  return element("td", { className: isNumber ? "number" : value !== null && typeof value === "object" ? "time" : "" }, text);
}

function horizontal(panel, body) {
  const longest = Math.max(...panel.rows.map((row) => row[1]), 0);
  const bars = element("div", { className: "bars" });
  for (const [name, value] of panel.rows) {
    const bar = element("div", { className: name === word("No reason given", "未说明原因") ? "bar unnamed" : "bar" });
    bar.style.width = `${longest > 0 ? (80 * Math.max(0, value)) / longest : 0}%`;
    bars.append(element("span", {}, String(name)), element("div", { className: "track" }, bar, element("span", {}, shown(panel, panel.columns[1], value))));
  }
  body.append(bars);
}

/** Upright bars, stacked; a transparent column is the ground of a waterfall. */
function columns(panel, body) {
  const highest = Math.max(...panel.rows.map((row) => row.slice(1).reduce((sum, value) => sum + (value || 0), 0)), 0);
  const names = panel.columns.slice(1);
  const colors = names.map((name, index) => color(panel, name, index));
  const many = panel.rows.length > 14;
  const chart = element("div", { className: many ? "columns many" : "columns" });
  for (const row of panel.rows) {
    const stack = element("div", { className: "stack" });
    let told = 0;
    names.forEach((name, index) => {
      const value = row[index + 1] || 0;
      const bar = element("i", { title: `${name}: ${shown(panel, name, value)}` });
      bar.style.height = `${highest > 0 ? (88 * value) / highest : 0}%`;
      bar.style.background = colors[index];
      stack.append(bar);
      if (colors[index] !== "transparent") told += value;
    });
    if (!many) stack.append(element("em", { className: "value" }, shown(panel, names[names.length - 1], told)));
    chart.append(element("div", {}, stack, element("div", { className: "name" }, String(row[0]))));
  }
  const visible = names.map((name, index) => [name, colors[index]]).filter(([, told]) => told !== "transparent");
  body.append(element("div", { className: "chart" }, element("div", { className: "plot" }, chart), ...(visible.length > 1 ? [legend(visible)] : [])));
}

/** Rows (time, metric, value) as one array a series, on one axis of times in s. */
function pivot(panel) {
  const at = (time) => (time !== null && typeof time === "object" ? time.ms / 1000 : time);
  const times = [...new Set(panel.rows.map((row) => at(row[0])))].sort((a, b) => a - b);
  const index = new Map(times.map((time, place) => [time, place]));
  const series = new Map();
  for (const [time, metric, value] of panel.rows) {
    if (!series.has(metric)) series.set(metric, new Array(times.length).fill(null));
    series.get(metric)[index.get(at(time))] = value;
  }
  return { times, names: [...series.keys()].sort(), values: series };
}

function plot(panel, body, { times, names, values }, isBars) {
  const told = panel.fieldConfig.defaults;
  const place = element("div", { className: "plot" });
  body.append(element("div", { className: "chart" }, place, legend(names.map((name, index) => [name, color(panel, name, index)]))));
  const rows = names.map((name) => values.get(name));
  const stacked = isBars && told.custom.stacking.mode === "normal";
  const heights = rows.map((_, number) => (stacked ? times.map((_, i) => rows.slice(0, number + 1).reduce((sum, row) => sum + (row[i] || 0), 0)) : rows[number]));
  const order = names.map((_, index) => index);
  if (stacked) order.reverse(); // The tallest first, so that each leaves the part that is its own.
  const drawn = order.map((index) => ({
    label: names[index],
    stroke: color(panel, names[index], index),
    width: isBars ? 0 : 2,
    fill: isBars ? color(panel, names[index], index) : undefined,
    paths: isBars ? uPlot.paths.bars({ size: [0.8, 60] }) : undefined,
    points: isBars ? { show: false } : { show: times.length < 60, size: 5 },
  }));
  const draw_ = () => {
    place.replaceChildren();
    const highest = told.max !== undefined ? told.max : null;
    const options = {
      width: Math.max(place.clientWidth, 200),
      height: Math.max(place.clientHeight, 120),
      series: [{}, ...drawn],
      legend: { show: false },
      cursor: { y: false },
      scales: {
        x: { range: () => [panel.range[0] / 1000, panel.range[1] / 1000] },
        y: { range: (_, low, high) => [Math.min(0, low ?? 0), highest !== null ? Math.max(highest, high ?? 0) : (high || 1) * 1.05] },
      },
      axes: [
        { stroke: "#5a6670", grid: { stroke: "#eef1f3", width: 1 }, values: (_, ticks) => ticks.map((tick) => tickText(tick, panel.range)) },
        { stroke: "#5a6670", grid: { stroke: "#eef1f3", width: 1 }, size: 84, values: (_, ticks) => ticks.map((tick) => format(tick, told.unit, tickDecimals(ticks, told))) },
      ],
    };
    new uPlot(options, [times, ...order.map((index) => heights[index])], place);
  };
  draw_();
  addEventListener("resize", draw_);
}

function tickDecimals(ticks, told) {
  if (told.unit === "percentunit") return 0;
  return Math.max(...ticks.map(Math.abs)) >= 10 ? 0 : told.decimals;
}

function tickText(tick, [begin, end]) {
  const text = format({ ms: tick * 1000 });
  return end - begin > 3 * 86400e3 ? text.slice(0, 5) : text.slice(6);
}

function card(panel) {
  const body = element("div", { className: "body" });
  const why = element("details", { className: "why" }, element("summary", { ariaLabel: word("What is this?", "这是什么？") }, "i"), element("p", {}, panel.description));
  const made = element("article", {}, element("h3", {}, panel.title), why, body);
  made.style.gridColumn = `${panel.gridPos.x + 1} / span ${panel.gridPos.w}`;
  made.style.gridRow = `${panel.gridPos.y + 1} / span ${panel.gridPos.h}`;
  made.fill = () => {
    if (panel.error) body.append(element("div", { className: "error", role: "alert" }, `✕ ${panel.error}`));
    else if (panel.rows.length === 0 || panel.rows.every((row) => row.every((value) => value === null)))
      body.append(element("div", { className: "nothing" }, word("Nothing to show in this range", "所选时段没有数据")));
    else draw[panel.type](panel, body);
    if (body.scrollHeight > body.clientHeight || body.scrollWidth > body.clientWidth) body.tabIndex = 0;  // So that keys scroll it.
  };
  return made;
}

const header = document.querySelector("header");
header.append(element("b", {}, "Lineside"), ...page.boards.map((board) => element("a", { href: `#${board.uid}` }, board.title)),
  element("small", {}, `${word("made", "生成于")} ${format({ ms: page.made })}`));
for (const board of page.boards) {
  const grid = element("div", { className: "grid" });
  const cards = board.panels.map(card);
  grid.append(...cards);
  const range = `${format({ ms: board.range[0] })} – ${format({ ms: board.range[1] })}`;
  document.querySelector("main").append(element("section", { id: board.uid }, element("h2", {}, board.title), element("p", {}, `${board.description} · ${range}`), grid));
  for (const made of cards) made.fill(); // Charts need their size, so not before they stand in the page.
}
document.documentElement.dataset.drawn = "yes";
