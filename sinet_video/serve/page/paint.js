// Brush, rectangle and polygon: what must go and what must stay, with undo.
import * as api from "./api.js";
import { alertOf, get, make } from "./dom.js";
import { player } from "./player.js";
import { timeline } from "./timeline.js";

const overlay = get("overlay"), picture = get("picture"), stage = get("stage");
const COLOURS = { garbage: "#e5352b", core: "#21a453", erase: "#ffffff" };
const chosen = (name) => document.querySelector(`input[name=${name}]:checked`).value;

export const paint = {
  strokes: [], undone: [], drawing: null, saved: () => {},

  open(strokes) { Object.assign(this, { strokes: [...strokes], undone: [], drawing: null }); this.describe([]); this.draw(); },

  get active() { return get("painting").open; },

  // How long a new stroke counts, by what was chosen.
  stretch() {
    const here = player.time, how = chosen("stretch");
    if (how === "on") return { start: here, end: null };
    if (how === "until") return { start: 0, end: here + 1 / player.rate };
    if (how === "shot") { const [start, end] = timeline.shot(here); return { start, end }; }
    return { start: 0, end: null };
  },

  begin(point) {
    const shape = chosen("shape");
    if (shape === "polygon" && this.drawing) { this.drawing.points.push(point); this.draw(); return; }
    this.drawing = { kind: chosen("kind"), shape, points: shape === "rectangle" ? [point, point] : [point], radius: Number(get("radius").value) / 100, ...this.stretch() };
    this.draw();
  },

  move(point) {
    if (!this.drawing || this.drawing.shape === "polygon") return;
    const { points, shape } = this.drawing;
    if (shape === "rectangle") points[1] = point;
    else if (points.length < 1900 && Math.hypot(point[0] - points.at(-1)[0], point[1] - points.at(-1)[1]) > 0.002) points.push(point);
    this.draw();
  },

  finish() {
    const stroke = this.drawing;
    if (!stroke || (stroke.shape === "polygon" && stroke.points.length < 3)) return;
    this.drawing = null;
    this.strokes.push(stroke);
    this.undone = [];
    this.save();
  },

  drop() { this.drawing = null; this.draw(); },
  undo() { if (this.strokes.length) { this.undone.push(this.strokes.pop()); this.save(); } },
  redo() { if (this.undone.length) { this.strokes.push(this.undone.pop()); this.save(); } },
  clear() { if (this.strokes.length) { this.undone = []; this.strokes = []; this.save(); } },

  async save() {
    this.draw();
    try {
      const clip = await api.saveStrokes(player.clip.id, this.strokes);
      this.describe(clip.drawn);
      this.saved(clip);
    } catch (error) { alertOf(error); }
  },

  describe(drawn) {
    const count = this.strokes.length;
    const links = drawn.flatMap((name) => [" ", make("a", { href: api.matteOf(player.clip.id, name), download: `${player.clip.name.replace(/\.[^.]*$/, "")}-${name}.mkv`, textContent: `Download the ${name} matte` })]);
    get("painted").replaceChildren(count ? `${count} ${count === 1 ? "stroke" : "strokes"}.` : "Paint on the frame. Red goes, green stays.", ...links);
    get("undo").disabled = get("clear").disabled = count === 0;
    get("redo").disabled = this.undone.length === 0;
  },

  draw() {
    stage.classList.toggle("paints", this.active);
    const box = picture.getBoundingClientRect(), outer = stage.getBoundingClientRect();
    overlay.width = Math.max(1, Math.round(box.width));
    overlay.height = Math.max(1, Math.round(box.height));
    overlay.style.left = `${box.left - outer.left}px`;
    overlay.style.top = `${box.top - outer.top}px`;
    if (!this.active) return;
    const shown = this.strokes.filter((each) => each.start <= player.time + 1e-6 && (each.end === null || player.time < each.end));
    for (const stroke of [...shown, this.drawing].filter(Boolean)) outline(stroke);
  },
};

function outline(stroke) {
  const pen = overlay.getContext("2d"), { width, height } = overlay;
  const points = stroke.points.map(([x, y]) => [x * width, y * height]);
  pen.globalAlpha = 0.45;
  pen.strokeStyle = pen.fillStyle = COLOURS[stroke.kind];
  pen.globalCompositeOperation = stroke.kind === "erase" && stroke !== paint.drawing ? "destination-out" : "source-over";
  if (stroke.kind === "erase" && stroke !== paint.drawing) pen.globalAlpha = 1;
  pen.beginPath();
  if (stroke.shape === "rectangle") pen.rect(points[0][0], points[0][1], points[1][0] - points[0][0], points[1][1] - points[0][1]);
  else points.forEach(([x, y], index) => (index ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  if (stroke.shape === "brush") {
    Object.assign(pen, { lineWidth: 2 * stroke.radius * Math.max(width, height), lineCap: "round", lineJoin: "round" });
    if (points.length === 1) pen.lineTo(points[0][0] + 0.01, points[0][1]);
    pen.stroke();
  } else {
    pen.fill("evenodd");
    pen.globalAlpha = 1;
    pen.lineWidth = 2;
    pen.stroke();
  }
  pen.globalCompositeOperation = "source-over";
}

function pointOf(event) {
  const box = overlay.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height].map((value) => Math.max(-0.5, Math.min(1.5, value)));
}

overlay.addEventListener("pointerdown", (event) => { player.pause(); overlay.setPointerCapture(event.pointerId); paint.begin(pointOf(event)); });
overlay.addEventListener("pointermove", (event) => paint.move(pointOf(event)));
overlay.addEventListener("pointerup", () => { if (paint.drawing?.shape !== "polygon") paint.finish(); });
overlay.addEventListener("dblclick", () => paint.finish());
get("painting").addEventListener("toggle", () => paint.draw());
get("undo").addEventListener("click", () => paint.undo());
get("redo").addEventListener("click", () => paint.redo());
get("clear").addEventListener("click", () => paint.clear());
new ResizeObserver(() => paint.draw()).observe(picture);
