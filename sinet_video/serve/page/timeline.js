// Flicker, uncertainty, cuts and the worst moments over time, and the scrubber below them.
import { button, clock, get } from "./dom.js";
import { player } from "./player.js";

const svg = get("curves"), scrub = get("scrub");
let shown = null;

function draw(name, attributes, kind) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.classList.add(...kind.split(" "));
  svg.append(element);
  return element;
}

const across = (time) => (1000 * time) / player.length;
const upright = (time, kind) => draw("line", { x1: across(time), x2: across(time), y1: 0, y2: 100 }, kind);

export const timeline = {
  figures: null,

  clear() { this.figures = null; svg.replaceChildren(); get("worst").replaceChildren(); shown = null; this.here(0); },

  show(figures, strokes, marks = null) {
    this.figures = figures;
    svg.replaceChildren();
    if (marks) {
      const begin = across(marks.start ?? 0), end = across(marks.end ?? player.length);
      draw("rect", { x: begin, y: 0, width: Math.max(1, end - begin), height: 100 }, "marked");
    }
    for (const stroke of strokes) {
      draw("line", { x1: across(Math.max(stroke.start, stroke.track?.places[0]?.[0] ?? 0)), x2: across(stroke.track?.end ?? stroke.end ?? player.length), y1: 97, y2: 97 }, "painted");
    }
    if (figures) {
      for (const kind of ["uncertainty", "flicker"]) this.curve(figures, kind);
      for (const time of figures.cuts) upright(time, "cut");
    }
    shown = upright(player.time, "here");
    this.list(figures);
  },

  curve(figures, kind) {
    const values = figures[kind], top = Math.max(...values, 1e-6);
    const points = values.map((value, index) => `${across(figures.times[index]).toFixed(1)},${(94 - 86 * (value / top)).toFixed(1)}`);
    draw("polyline", { points: points.join(" ") }, kind);
    for (const worst of figures.worst.filter((each) => each.kind === kind)) {
      const y = 94 - 86 * (worst.value / top), x = across(worst.time);
      draw("line", { x1: x, x2: x + 0.01, y1: y, y2: y }, `${kind} dot`);
    }
  },

  list(figures) {
    const worst = figures?.worst ?? [];
    const buttons = worst.map((each) => button(`${clock(each.time, 2)} ${each.kind}`, () => { player.pause(); player.seek(each.time); }));
    get("worst").replaceChildren(...(worst.length ? ["Worst moments:", ...buttons] : []));
  },

  // The next worst moment in a direction.
  jump(direction) {
    const times = [...new Set((this.figures?.worst ?? []).map((each) => each.time))].sort((a, b) => a - b);
    const found = direction > 0 ? times.find((time) => time > player.time + 1e-3) : times.findLast((time) => time < player.time - 1e-3);
    if (found !== undefined) { player.pause(); player.seek(found); }
  },

  // The shot that a time lies in: its start, and its end or null.
  shot(time) {
    const cuts = this.figures?.cuts ?? [];
    return [cuts.findLast((cut) => cut <= time + 1e-3) ?? 0, cuts.find((cut) => cut > time + 1e-3) ?? null];
  },

  here(time) {
    get("clock").textContent = `${clock(time)} / ${clock(player.length, 2)}`;
    scrub.max = player.length;
    scrub.value = time;
    scrub.setAttribute("aria-valuetext", clock(time));
    shown?.setAttribute("x1", across(time));
    shown?.setAttribute("x2", across(time));
  },
};

scrub.addEventListener("input", () => { player.pause(); player.seek(Number(scrub.value)); });
svg.addEventListener("pointerdown", (event) => {
  const box = svg.getBoundingClientRect();
  player.pause();
  player.seek(((event.clientX - box.left) / box.width) * player.length);
});
