// Brush, rectangle and polygon: what must go and what must stay, with undo.
import * as api from "./api.js";
import { alertOf, button, clock, get, make } from "./dom.js";
import { page } from "./page.js";
import { counts, placeOf, pointsAt } from "./place.js";
import { player } from "./player.js";
import { timeline } from "./timeline.js";

const overlay = get("overlay"), picture = get("picture"), stage = get("stage");
const COLOURS = { garbage: "#e5352b", core: "#21a453", erase: "#ffffff" };
const chosen = (name) => document.querySelector(`input[name=${name}]:checked`).value;

export const paint = {
  strokes: [], done: [], undone: [], drawing: null, moving: null, selected: null, marks: null, cursor: [0.5, 0.5], drawn: [], sending: Promise.resolve(), saved: () => {}, marked: () => {},

  open(strokes) { Object.assign(this, { strokes: [...strokes], done: [], undone: [], drawing: null, moving: null, selected: null, marks: null }); this.describe([]); this.draw(); },

  get active() { return get("painting").open; },

  // How long a new stroke counts, by what was chosen.
  stretch() {
    const here = player.time, how = chosen("stretch");
    if (how === "on") return { start: here, end: null };
    if (how === "until") return { start: 0, end: here + 1 / player.rate };
    if (how === "marked") return { start: this.marks?.start ?? 0, end: this.marks?.end ?? null };
    if (how === "follow" || how === "shot") { const [start, end] = timeline.shot(here); return { start, end }; }
    return { start: 0, end: null };
  },

  // [ and ]: where the chosen stroke starts or ends to count, or those that will be painted.
  mark(which) {
    const span = this.selected ?? this.marks ?? { start: 0, end: null }, time = which === "start" ? player.time : player.time + 1 / player.rate;
    const wanted = { start: span.start, end: span.end, [which]: time };
    if (wanted.end !== null && wanted.end <= wanted.start) { if (which === "start") wanted.end = null; else wanted.start = 0; }
    if (this.selected) { this.replace(this.selected, { ...this.selected, ...wanted }); return; }
    this.marks = wanted;
    document.querySelector("input[name=stretch][value=marked]").checked = true;
    this.marked();
    this.sayMarks();
  },

  sayMarks() {
    const { selected, marks } = this;
    const until = (end) => (end === null ? "the end" : clock(end, 2));
    get("marks").textContent = selected ? "[ and ] set where the chosen stroke starts and ends." : marks ? `New strokes apply from ${clock(marks.start, 2)} to ${until(marks.end)}.` : "[ and ] set from when until when new strokes apply.";
  },

  choose(stroke) {
    this.selected = this.selected === stroke ? null : stroke;
    if (this.selected && !counts(stroke, player.time)) { player.pause(); player.seek(stroke.start); }
    this.describe(this.drawn);
    this.draw();
  },

  begin(point) {
    const shape = chosen("shape");
    if (shape === "move") { this.grab(point); return; }
    if (shape === "polygon" && this.drawing) { this.drawing.points.push(point); this.draw(); return; }
    this.drawing = { kind: chosen("kind"), shape, points: shape === "rectangle" ? [point, point] : [point], radius: Number(get("radius").value) / 100, at: player.time, follows: chosen("stretch") === "follow", moves: [], ...this.stretch() };
    this.draw();
  },

  // Take hold of the stroke below a point, the last one painted first.
  grab(point) {
    const here = player.time, stroke = this.strokes.findLast((each) => counts(each, here) && near(each, point, here));
    if (!stroke) return;
    const { x, y } = placeOf(stroke, here);
    this.moving = { stroke, before: stroke.moves, from: [point[0] - x, point[1] - y] };
  },

  shift(point) {
    const { stroke, from } = this.moving, time = player.time;
    stroke.moves = [...stroke.moves.filter(([at]) => Math.abs(at - time) > 1e-4), [time, point[0] - from[0], point[1] - from[1]]].sort(([a], [b]) => a - b);
    this.draw();
  },

  // A stroke that was moved is a new one to undo and redo: the old one comes back.
  letGo() {
    const { stroke, before } = this.moving;
    this.moving = null;
    if (stroke.moves !== before) this.replace(stroke, { ...stroke }, { ...stroke, moves: before });
  },

  replace(stroke, now, old = stroke) {
    this.remember(this.strokes.map((each) => (each === stroke ? old : each)));
    this.strokes = this.strokes.map((each) => (each === stroke ? now : each));
    if (this.selected === stroke) this.selected = now;
    this.save();
  },

  remember(strokes) { this.done.push(strokes); this.undone = []; },

  move(point) {
    if (this.moving) { this.shift(point); return; }
    if (!this.drawing || this.drawing.shape === "polygon") return;
    const { points, shape } = this.drawing;
    if (shape === "rectangle") points[1] = point;
    else if (points.length < 1900 && Math.hypot(point[0] - points.at(-1)[0], point[1] - points.at(-1)[1]) > 0.002) points.push(point);
    this.draw();
  },

  finish() {
    if (this.moving) { this.letGo(); return; }
    const stroke = this.drawing;
    if (!stroke || (stroke.shape === "polygon" && stroke.points.length < 3)) return;
    this.drawing = null;
    this.remember(this.strokes);
    this.strokes = [...this.strokes, stroke];
    this.selected = stroke;
    this.save();
  },

  // Drops what is being painted, or lets go of the chosen stroke.
  drop() {
    if (!this.drawing) { this.selected = null; this.describe(this.drawn); }
    this.drawing = null;
    this.draw();
  },
  // While a polygon is drawn its corners are taken back, the last one first.
  undo() {
    if (this.drawing?.shape === "polygon") { this.drawing.points.pop(); if (!this.drawing.points.length) this.drawing = null; this.draw(); return; }
    if (this.done.length) { this.undone.push(this.strokes); this.strokes = this.done.pop(); this.save(); }
  },
  redo() { if (this.undone.length) { this.done.push(this.strokes); this.strokes = this.undone.pop(); this.save(); } },
  clear() { if (this.strokes.length) { this.remember(this.strokes); this.strokes = []; this.save(); } },

  save() {
    const sent = this.strokes, { id } = player.clip;
    if (!sent.includes(this.selected)) this.selected = null;
    this.draw();
    get("following").hidden = !sent.some((stroke) => stroke.follows && !stroke.track);
    page.changes += 1;
    page.unsaved += 1;
    // One after another, or the server may be left with what came before.
    this.sending = this.sending.then(() => this.send(sent, id)).finally(() => { page.unsaved -= 1; });
    return this.sending;
  },

  async send(sent, id) {
    if (sent !== this.strokes && id === player.clip?.id) return; // what is newer comes next
    try {
      const clip = await api.saveStrokes(id, sent.map(({ track, ...stroke }) => stroke));
      if (id !== player.clip?.id) { this.saved(clip); return; }
      if (sent !== this.strokes) return; // more was painted meanwhile
      sent.forEach((stroke, index) => { stroke.track = clip.strokes[index].track; });
      this.describe(clip.drawn);
      this.saved(clip);
      this.draw();
    } catch (error) { alertOf(error); } finally { if (sent === this.strokes) get("following").hidden = true; }
  },

  describe(drawn) {
    const count = this.strokes.length;
    this.drawn = drawn;
    this.sayMarks();
    const links = drawn.flatMap((name) => [" ", make("a", { href: api.matteOf(player.clip.id, name), download: `${player.clip.name.replace(/\.[^.]*$/, "")}-${name}.mkv`, textContent: `Download the ${name} matte` })]);
    get("painted").replaceChildren(count ? `${count} ${count === 1 ? "stroke" : "strokes"}.` : "Paint on the frame. Red goes, green stays.", ...links);
    get("undo").disabled = this.done.length === 0;
    get("clear").disabled = count === 0;
    get("redo").disabled = this.undone.length === 0;
    get("strokes").replaceChildren(...this.strokes.map((stroke) => this.row(stroke)));
  },

  // A stroke in the list: what it says, from when until when, and what can be done about it.
  row(stroke) {
    const kinds = { garbage: "Must go", core: "Must stay", erase: "Erased" }, name = `${kinds[stroke.kind]}, ${stroke.shape}`;
    const until = stroke.end ?? stroke.track?.end ?? null, all = stroke.start === 0 && until === null;
    const range = all ? "whole clip" : `${clock(stroke.start, 2)} to ${until === null ? "the end" : clock(until, 2)}`;
    const lost = stroke.follows && stroke.track && stroke.track.lost !== null ? button(`lost at ${clock(stroke.track.lost, 2)}`, () => player.seek(stroke.track.lost), { className: "bad", title: "Go there; drag it to its place with the tool Move" }) : null;
    const said = make("span", {}, make("b", { className: stroke.kind, textContent: name }), ` ${range}${stroke.follows ? ", follows" : ""}${stroke.moves.length ? `, moved ${stroke.moves.length}×` : ""}`);
    const pick = button("", () => this.choose(stroke), { className: "stroke", "aria-pressed": String(stroke === this.selected), title: "Choose it, so that [ and ] set where it starts and ends" });
    pick.append(said);
    const gone = button("×", () => { this.remember(this.strokes); this.strokes = this.strokes.filter((each) => each !== stroke); this.save(); }, { "aria-label": `Remove ${name}` });
    return make("li", {}, pick, lost, gone);
  },

  draw() {
    stage.classList.toggle("paints", this.active);
    overlay.tabIndex = this.active ? 0 : -1;
    const box = picture.getBoundingClientRect(), outer = stage.getBoundingClientRect();
    overlay.width = Math.max(1, Math.round(box.width));
    overlay.height = Math.max(1, Math.round(box.height));
    overlay.style.left = `${box.left - outer.left}px`;
    overlay.style.top = `${box.top - outer.top}px`;
    if (!this.active) return;
    const shown = this.strokes.filter((each) => counts(each, player.time));
    for (const stroke of [...shown, this.drawing].filter(Boolean)) outline(stroke);
    if (overlay.matches(":focus-visible")) crosshair(this.cursor);
  },

  // Painting without a pointer: arrows move a cursor, space puts the brush down and lifts it.
  key(event) {
    const step = event.shiftKey ? 0.05 : 0.01, [x, y] = this.cursor;
    const by = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
    if (by) {
      this.cursor = [x + by[0], y + by[1]].map((value) => Math.max(0, Math.min(1, value)));
      this.move(this.cursor);
    } else if (event.key === " ") this.press();
    else return;
    event.preventDefault();
    get("cursor").textContent = `${Math.round(100 * this.cursor[0])} % across, ${Math.round(100 * this.cursor[1])} % down${this.drawing || this.moving ? ", painting" : ""}`;
    this.draw();
  },

  press() {
    player.pause();
    if ((this.drawing && this.drawing.shape !== "polygon") || this.moving) this.finish(); else this.begin(this.cursor);
  },
};

function crosshair([x, y]) {
  const pen = overlay.getContext("2d"), { width, height } = overlay, reach = 12;
  for (const [colour, lineWidth] of [["#000", 4], ["#fff", 2]]) {
    Object.assign(pen, { strokeStyle: colour, lineWidth, globalAlpha: 1 });
    pen.beginPath();
    pen.moveTo(x * width - reach, y * height);
    pen.lineTo(x * width + reach, y * height);
    pen.moveTo(x * width, y * height - reach);
    pen.lineTo(x * width, y * height + reach);
    pen.stroke();
  }
  const radius = Number(get("radius").value) / 100;
  pen.beginPath();
  pen.arc(x * width, y * height, radius * Math.max(width, height), 0, 2 * Math.PI);
  pen.stroke();
}

function outline(stroke) {
  const pen = overlay.getContext("2d"), { width, height } = overlay;
  const here = stroke === paint.drawing ? stroke.at : player.time, { scale } = placeOf(stroke, here);
  const points = pointsAt(stroke, here, width / height).map(([x, y]) => [x * width, y * height]);
  pen.globalAlpha = 0.45;
  pen.strokeStyle = pen.fillStyle = COLOURS[stroke.kind];
  pen.globalCompositeOperation = stroke.kind === "erase" && stroke !== paint.drawing ? "destination-out" : "source-over";
  if (stroke.kind === "erase" && stroke !== paint.drawing) pen.globalAlpha = 1;
  pen.beginPath();
  points.forEach(([x, y], index) => (index ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  if (stroke.shape === "rectangle") pen.closePath();
  if (stroke.shape === "brush") {
    Object.assign(pen, { lineWidth: 2 * scale * stroke.radius * Math.max(width, height), lineCap: "round", lineJoin: "round" });
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

// Whether a point lies on a stroke, or close to it.
function near(stroke, [x, y], time) {
  const points = pointsAt(stroke, time, overlay.width / overlay.height), xs = points.map((each) => each[0]), ys = points.map((each) => each[1]);
  const rim = stroke.shape === "brush" ? stroke.radius : 0.01;
  return x > Math.min(...xs) - rim && x < Math.max(...xs) + rim && y > Math.min(...ys) - rim && y < Math.max(...ys) + rim;
}

function pointOf(event) {
  const box = overlay.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height].map((value) => Math.max(-0.5, Math.min(1.5, value)));
}

overlay.addEventListener("pointerdown", (event) => { player.pause(); overlay.setPointerCapture(event.pointerId); paint.begin(pointOf(event)); });
overlay.addEventListener("pointermove", (event) => paint.move(pointOf(event)));
overlay.addEventListener("pointerup", () => { if (paint.drawing?.shape !== "polygon") paint.finish(); });
overlay.addEventListener("dblclick", () => paint.finish());
overlay.addEventListener("keydown", (event) => { if (!event.ctrlKey && !event.metaKey && !event.altKey) paint.key(event); });
for (const kind of ["focus", "blur"]) overlay.addEventListener(kind, () => paint.draw());
get("starts").addEventListener("click", () => paint.mark("start"));
get("ends").addEventListener("click", () => paint.mark("end"));
get("painting").addEventListener("toggle", () => paint.draw());
get("undo").addEventListener("click", () => paint.undo());
get("redo").addEventListener("click", () => paint.redo());
get("clear").addEventListener("click", () => paint.clear());
new ResizeObserver(() => paint.draw()).observe(picture);
