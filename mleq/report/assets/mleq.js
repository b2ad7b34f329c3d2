/* What moves on mleq's pages: light and dark, values under the pointer, the window player. No library, no network. */
"use strict";

const SVG = "http://www.w3.org/2000/svg";
const DAY_MS = 86400000;
const STEP_MS = 600;

const dayText = (first, offset) => new Date(Date.parse(first) + offset * DAY_MS).toISOString().slice(0, 10);
const dayNumber = (first, text) => Math.round((Date.parse(text) - Date.parse(first)) / DAY_MS);
const percent = (share) => {
  if (!(share > 0)) return "0 %";
  const decimals = Math.min(6, Math.max(0, 1 - Math.floor(Math.log10(share * 100))));
  return (share * 100).toFixed(decimals) + " %";
};
const within = (value, low, high) => Math.min(high, Math.max(low, value));

/* Light, dark, or as the machine says; kept for the next page where the browser allows it. */
function themes() {
  const names = ["auto", "light", "dark"];
  const button = document.createElement("button");
  let at = 0;
  try { at = Math.max(0, names.indexOf(localStorage.getItem("mleq-theme"))); } catch { /* not allowed here */ }
  const show = () => {
    if (at) document.documentElement.dataset.theme = names[at];
    else delete document.documentElement.dataset.theme;
    button.textContent = `theme: ${names[at]}`;
  };
  button.type = "button";
  button.className = "theme";
  button.addEventListener("click", () => {
    at = (at + 1) % names.length;
    try { localStorage.setItem("mleq-theme", names[at]); } catch { /* not allowed here */ }
    show();
  });
  show();
  document.querySelector("header").append(button);
}

/* A plot through time: the values of a day under the pointer, or of the day that the arrow keys reach. */
function hover(figure) {
  const data = JSON.parse(figure.querySelector("script").textContent);
  const last = data.offset.length - 1, span = data.offset[last] - data.offset[0];
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.setAttribute("role", "status");
  tip.hidden = true;
  figure.append(tip);
  let at = last;
  for (const plot of figure.querySelectorAll("[data-from]")) {
    const from = Number(plot.dataset.from), to = Number(plot.dataset.to);
    const line = document.createElement("div");
    line.className = "cursor";
    line.hidden = true;
    plot.append(line);
    const show = (index) => {
      at = within(index, 0, last);
      const share = from + (to - from) * (span ? (data.offset[at] - data.offset[0]) / span : 0);
      line.style.left = tip.style.left = `${100 * share}%`;
      tip.classList.toggle("left", share > 0.5);
      const values = data.columns.map(([name, column]) => `${name} ${data.unit === "%" ? percent(column[at]) : column[at]}`);
      tip.textContent = [dayText(data.first, data.offset[at]), ...values, data.observed[at] ? "an event came" : "no event"].join("\n");
      line.hidden = tip.hidden = false;
    };
    const hide = () => { line.hidden = tip.hidden = true; };
    plot.addEventListener("pointermove", (event) => {
      const box = plot.getBoundingClientRect();
      const share = ((event.clientX - box.left) / box.width - from) / (to - from);
      const wanted = data.offset[0] + within(share, 0, 1) * span;
      let low = 0, high = last;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (data.offset[middle] < wanted) low = middle + 1; else high = middle;
      }
      show(low > 0 && wanted - data.offset[low - 1] < data.offset[low] - wanted ? low - 1 : low);
    });
    plot.addEventListener("pointerleave", hide);
    plot.addEventListener("blur", hide);
    plot.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -30, PageDown: 30 }[event.key];
      if (event.key === "Escape") hide();
      if (!step) return;
      event.preventDefault();
      show(at + step);
    });
  }
}

/* The packed heatmaps: where the cells of each day begin, and what is in them. */
async function unpacked(data) {
  const bytes = Uint8Array.from(atob(data.packed), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const buffer = await new Response(stream).arrayBuffer();
  const view = new DataView(buffer), begin = new Uint32Array(data.days + 1);
  for (let day = 0; day < data.days; day++) begin[day + 1] = begin[day] + view.getUint32(4 * day, true);
  const n = begin[data.days], cells = 4 * data.days;
  return {
    begin,
    cell: (i) => view.getUint32(cells + 4 * i, true),
    magnitude: (i) => view.getUint8(cells + 4 * n + i) / 20,
    frequency: (i) => view.getUint16(cells + 5 * n + 2 * i, true),
    depth_km: (i) => view.getUint16(cells + 7 * n + 2 * i, true),
  };
}

async function player(root) {
  const data = JSON.parse(root.querySelector("script").textContent);
  const now = root.querySelector(".now"), values = root.querySelector(".values"), maps = root.querySelector(".maps");
  if (typeof DecompressionStream === "undefined") {
    now.textContent = "This browser is too old for the player.";
    return;
  }
  const heat = await unpacked(data);
  const { grid, samples } = data;
  const act = (name) => root.querySelector(`[data-act=${name}]`);
  const day = root.querySelector(".day"), date = root.querySelector(".date"), play = act("play");
  const drawings = [...root.querySelectorAll("svg[data-channel]")];
  const east = data.drawing.width / grid.columns, north = data.drawing.height / grid.rows;
  const order = samples.offset.map((_, i) => i).sort((a, b) => samples.offset[a] - samples.offset[b]);
  let at = order.length - 1, timer = null, cell = null;
  date.min = dayText(data.first_day, samples.offset[order[0]]);
  date.max = dayText(data.first_day, samples.offset[order[at]]);

  const sample = () => order[at];
  const shownDay = () => samples.offset[sample()] - data.window + Number(day.value);

  function draw() {
    const shown = shownDay();
    for (const drawing of drawings) {
      const channel = drawing.dataset.channel, group = drawing.querySelector(".cells");
      const rects = [], [low, high] = data.range[channel];
      for (let i = heat.begin[shown]; i < heat.begin[shown + 1]; i++) {
        const rect = document.createElementNS(SVG, "rect"), index = heat.cell(i);
        rect.setAttribute("x", (index % grid.columns) * east);
        rect.setAttribute("y", data.drawing.height - (Math.floor(index / grid.columns) + 1) * north);
        rect.setAttribute("width", east);
        rect.setAttribute("height", north);
        rect.setAttribute("class", `s${within(Math.floor(9 * (heat[channel](i) - low) / (high - low)), 0, 8)}`);
        rects.push(rect);
      }
      group.replaceChildren(...rects);
    }
    const i = sample(), chance = samples.probability[i];
    date.value = dayText(data.first_day, samples.offset[i]);
    now.textContent = `Day ${dayText(data.first_day, shown)}, ${data.window - day.value} before the target date ` +
      `${date.value} (${data.parts[samples.part[i]]} part): ` +
      (chance === null ? "" : `forecast ${percent(chance)}, `) + (samples.observed[i] ? "an event came." : "no event came.");
    describe();
  }

  function describe() {
    for (const drawing of drawings) {
      const mark = drawing.querySelector(".chosen");
      mark.setAttribute("width", cell === null ? 0 : east);
      mark.setAttribute("height", cell === null ? 0 : north);
      if (cell === null) continue;
      mark.setAttribute("x", (cell % grid.columns) * east);
      mark.setAttribute("y", data.drawing.height - (Math.floor(cell / grid.columns) + 1) * north);
    }
    if (cell === null) return;
    const row = Math.floor(cell / grid.columns), south = grid.south + row * grid.high;
    const west = (grid.west + (cell % grid.columns) * grid.wide + 540) % 360 - 180;
    const place = `Cell from ${south.toFixed(1)}°, ${west.toFixed(1)}° (${grid.high.toFixed(1)}° × ${grid.wide.toFixed(1)}°): `;
    const shown = shownDay();
    let said = "no earthquake";
    for (let i = heat.begin[shown]; i < heat.begin[shown + 1]; i++) {
      if (heat.cell(i) === cell)
        said = `magnitude ${heat.magnitude(i).toFixed(1)}, ${heat.frequency(i)} earthquake${heat.frequency(i) === 1 ? "" : "s"}, mean depth ${heat.depth_km(i)} km`;
    }
    values.textContent = place + said;
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    play.textContent = "▶ play";
    play.setAttribute("aria-label", "Play the days of the window");
    now.setAttribute("aria-live", "polite");
  }

  function toggle() {
    if (timer !== null) return stop();
    if (Number(day.value) === data.window - 1) day.value = 0;
    play.textContent = "❚❚ stop";
    play.setAttribute("aria-label", "Stop");
    now.setAttribute("aria-live", "off");
    timer = setInterval(() => {
      day.value = Number(day.value) + 1;
      draw();
      if (Number(day.value) === data.window - 1) stop();
    }, STEP_MS);
    draw();
  }

  function move(to) {
    at = within(to, 0, order.length - 1);
    draw();
  }

  play.addEventListener("click", toggle);
  day.addEventListener("input", () => { stop(); draw(); });
  act("back").addEventListener("click", () => move(at - 1));
  act("on").addEventListener("click", () => move(at + 1));
  act("event").addEventListener("click", () => {
    for (let step = 1; step <= order.length; step++) {
      const other = (at + step) % order.length;
      if (samples.observed[order[other]]) return move(other);
    }
  });
  date.addEventListener("change", () => {
    if (!date.value) return;
    const wanted = dayNumber(data.first_day, date.value);
    let nearest = 0;
    order.forEach((i, k) => {
      if (Math.abs(samples.offset[i] - wanted) < Math.abs(samples.offset[order[nearest]] - wanted)) nearest = k;
    });
    move(nearest);
  });
  for (const drawing of drawings) {
    drawing.addEventListener("pointermove", (event) => {
      const box = drawing.getBoundingClientRect();
      const column = within(Math.floor(grid.columns * (event.clientX - box.left) / box.width), 0, grid.columns - 1);
      const row = within(Math.floor(grid.rows * (box.bottom - event.clientY) / box.height), 0, grid.rows - 1);
      cell = row * grid.columns + column;
      describe();
    });
  }
  maps.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [1, 0], ArrowDown: [-1, 0] }[event.key];
    if (event.key === " ") { event.preventDefault(); toggle(); }
    if (!step) return;
    event.preventDefault();
    const from = cell ?? Math.floor(grid.rows / 2) * grid.columns + Math.floor(grid.columns / 2);
    const row = within(Math.floor(from / grid.columns) + step[0], 0, grid.rows - 1);
    cell = row * grid.columns + within(from % grid.columns + step[1], 0, grid.columns - 1);
    describe();
  });
  draw();
  root.dataset.ready = "";
}

/* Served pages look every few seconds whether they were drawn again; a file opened by itself asks nothing. */
function reload() {
  if (!document.body.hasAttribute("data-served")) return;
  let known = null;
  setInterval(async () => {
    try {
      const answer = await fetch(location.pathname, { method: "HEAD", cache: "no-store" });
      const tag = answer.headers.get("ETag");
      if (known !== null && tag !== known) location.reload();
      known = tag;
    } catch { /* the server was stopped */ }
  }, 2000);
}

themes();
document.querySelectorAll("figure[data-series]").forEach(hover);
document.querySelectorAll(".player").forEach(player);
reload();
