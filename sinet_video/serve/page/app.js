// The page: what is open, what the server has, and what keys do.
import * as api from "./api.js";
import { alertOf, button, calmly, clock, get, make, size } from "./dom.js";
import { edits } from "./edits.js";
import { isActive, showCards, showJobs } from "./jobs.js";
import { paint } from "./paint.js";
import { player, VIEWS } from "./player.js";
import { timeline } from "./timeline.js";

const page = { state: { clips: [], jobs: [], destinations: {}, limits: {} }, open: null, looked: null, uploads: [], destination: null, own: 0 };
let counter = 0;

async function update() {
  try { page.state = await api.state(); } catch (error) { alertOf(error); return; }
  if (page.open && !page.state.clips.some((clip) => clip.id === page.open)) close();
  if (!page.open && page.state.clips.length) open(page.state.clips.at(-1).id);
  render();
}

function render() {
  const { clips, jobs, destinations, limits } = page.state;
  get("limits").textContent = `Files up to ${size(limits.size * 1e6)}, clips up to ${clock(limits.length, 0)} and ${limits.clips} at a time; deleted after ${limits.keep_hours} h`;
  showCards(clips, jobs, page.uploads, page.open, open, update);
  get("empty").hidden = Boolean(page.open);
  get("work").hidden = !page.open;
  if (!page.open) return;
  const clip = current(), own = jobs.filter((job) => job.clip === page.open);
  showJobs(own.filter((job) => job.what !== "look" || job.state !== "done").toReversed(), destinations, clip.name, update);
  const look = own.findLast((job) => job.what === "look" && job.state === "done");
  if (look && look.id !== page.looked) loadLook(look.id).catch(alertOf);
}

const current = () => page.state.clips.find((clip) => clip.id === page.open);

async function loadLook(version) {
  page.looked = version;
  const clip = page.open, figures = await api.figures(clip);
  if (clip !== page.open) return;
  player.load(version, figures.times);
  estimate();
  timeline.show(figures, paint.strokes);
  timeline.here(player.time);
}

function open(id) {
  if (page.open === id) return;
  Object.assign(page, { open: id, looked: null });
  const clip = current();
  edits.open(Object.fromEntries(Object.entries(clip.edits).filter(([key]) => key !== "background")));
  get("background").value = clip.edits.background.startsWith("#") ? "colour" : clip.edits.background;
  if (clip.edits.background.startsWith("#")) get("colour").value = clip.edits.background;
  get("work").hidden = false;
  get("relook").hidden = true;
  timeline.clear();
  player.open(clip);
  player.show(player.view);
  paint.open(clip.strokes);
  paint.describe(clip.drawn);
  showOwn(clip);
  estimate();
  timeline.here(0);
  showCommand();
  render();
}

function close() {
  Object.assign(page, { open: null, looked: null });
  player.pause();
  player.clip = null;
}

// Edits and the command line.

function background() {
  const wanted = get("background").value;
  return wanted === "colour" ? get("colour").value : wanted;
}

const save = calmly(40, async () => {
  const clip = page.open;
  try {
    await api.saveEdits(clip, { ...edits.sent, background: background() });
    if (player.playable) get("relook").hidden = false;
    if (clip === page.open) player.refresh();
    showCommand();
  } catch (error) { alertOf(error); }
});
edits.changed = save;

const showCommand = calmly(100, async () => {
  if (!page.open) return;
  const commands = await api.commands(page.open).catch(alertOf);
  if (commands) get("command").textContent = commands[page.destination];
});

function estimate() {
  const clip = current(), destination = page.state.destinations[page.destination];
  if (!clip || !destination) return;
  const frames = clip.frames ?? (clip.duration ?? 0) * (clip.rate ?? 25);
  const bytes = (clip.width * clip.height * frames * destination.bits) / 8;
  const look = page.state.jobs.findLast((job) => job.clip === page.open && job.what === "look" && job.seconds);
  const weight = bytes > 0 ? `about ${size(bytes)}` : "", time = look ? `about ${clock(look.seconds, 0)} to make` : "";
  get("estimate").textContent = [weight, time].filter(Boolean).join(", ");
}

paint.saved = (clip) => {
  Object.assign(current() ?? {}, clip);
  timeline.show(timeline.figures, paint.strokes);
  if (player.playable) get("relook").hidden = false;
  player.refresh();
  showCommand();
};
player.onTime = (time) => { timeline.here(time); paint.draw(); };

function showOwn(clip) {
  get("own-name").textContent = clip.background ? `Yours: ${clip.background}` : "";
  get("picture").style.backgroundImage = "";
  page.own += 1;
  if (clip.background && player.view === "own") get("picture").style.backgroundImage = `url("${api.backgroundOf(clip.id, page.own)}")`;
}

get("own").addEventListener("change", async () => {
  const [file] = get("own").files;
  if (!file) return;
  try {
    await api.uploadBackground(page.open, file);
    get("background").value = "own";
    await update();
    view("own");
    save();
  } catch (error) { alertOf(error); }
});
get("background").addEventListener("change", save);
get("colour").addEventListener("input", () => {
  get("picture").style.setProperty("--behind", get("colour").value);
  if (get("background").value === "colour") save();
});

// Views.

for (const [index, [name, label]] of VIEWS.entries()) get("views").append(button(label, () => view(name), { id: `view-${name}`, title: `${label} (${index + 1})` }));

function view(name) {
  player.show(name);
  for (const [each] of VIEWS) get(`view-${each}`).setAttribute("aria-pressed", String(each === name));
  get("split").hidden = get("split-label").hidden = name !== "split";
  const clip = current();
  if (clip) showOwn(clip);
  placeSplit();
}

function placeSplit() {
  const box = get("picture").getBoundingClientRect(), outer = get("stage").getBoundingClientRect(), line = get("split").style;
  line.left = `${box.left - outer.left + player.split * box.width}px`;
  line.top = `${box.top - outer.top}px`;
  line.height = `${box.height}px`;
}

function moveSplit(share) {
  player.split = Math.max(0, Math.min(1, share));
  get("split-at").value = 100 * player.split;
  placeSplit();
  player.draw();
}
get("split-at").addEventListener("input", () => moveSplit(Number(get("split-at").value) / 100));
get("stage").addEventListener("pointermove", (event) => {
  if (player.view !== "split" || !event.buttons || paint.active) return;
  const box = get("picture").getBoundingClientRect();
  moveSplit((event.clientX - box.left) / box.width);
});
new ResizeObserver(placeSplit).observe(get("picture"));

// Uploads.

async function take(file) {
  const limit = page.state.limits.size * 1e6;
  if (limit && file.size > limit) { alertOf(new Error(`${file.name} is ${size(file.size)}; files may have up to ${size(limit)}.`)); return; }
  if (page.state.clips.length >= (page.state.limits.clips ?? Infinity)) { alertOf(new Error(`${file.name} was not uploaded: there are ${page.state.clips.length} clips already; delete one.`)); return; }
  const upload = { id: ++counter, name: file.name, share: 0 };
  page.uploads.push(upload);
  render();
  try {
    const clip = await api.upload(file, (share) => { upload.share = share; render(); }, (stop) => { upload.stop = stop; });
    page.uploads = page.uploads.filter((each) => each !== upload);
    await update();
    if (page.uploads.length === 0) open(clip.id);
  } catch (error) { alertOf(error); }
  page.uploads = page.uploads.filter((each) => each !== upload);
  await update();
}

async function takeAll(files) { for (const file of files) await take(file); }

get("files").addEventListener("change", () => { takeAll([...get("files").files]); get("files").value = ""; });
for (const kind of ["dragover", "drop", "dragleave"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    get("drop").classList.toggle("over", kind === "dragover");
    if (kind === "drop") takeAll([...event.dataTransfer.files]);
  });
}

// Export.

function choose(name) {
  page.destination = name;
  showCommand();
  estimate();
}

function destinations() {
  const rows = Object.entries(page.state.destinations).map(([name, each], index) => {
    const input = make("input", { type: "radio", name: "destination", value: name, checked: index === 0 });
    input.addEventListener("change", () => choose(name));
    return make("label", {}, input, make("span", {}, each.title, make("small", { textContent: each.about })));
  });
  get("destinations").replaceChildren(...rows);
  choose(Object.keys(page.state.destinations)[0]);
}

get("export").addEventListener("click", () => api.addJob(page.open, page.destination).then(update).catch(alertOf));
get("copy").addEventListener("click", async () => {
  try { await navigator.clipboard.writeText(get("command").textContent); get("copy").textContent = "Copied"; } catch { getSelection().selectAllChildren(get("command")); }
  setTimeout(() => { get("copy").textContent = "Copy"; }, 1500);
});

// Keys and buttons.

get("relook").addEventListener("click", () => {
  get("relook").hidden = true;
  api.addJob(page.open, "look").then(update).catch(alertOf);
});
get("play").addEventListener("click", () => player.toggle());
get("back").addEventListener("click", () => player.step(-1));
get("forward").addEventListener("click", () => player.step(1));
get("help-open").addEventListener("click", () => get("help").showModal());
get("alert").querySelector("button").addEventListener("click", () => { get("alert").hidden = true; });

function resize(by) { get("radius").value = Number(get("radius").value) + by; }

const KEYS = {
  " ": () => player.toggle(), k: () => player.pause(), j: () => player.back(),
  l: () => player.play(player.playing ? 2 : 1),
  ArrowLeft: (event) => (event.shiftKey ? player.seek(player.time - 1) : player.step(-1)),
  ArrowRight: (event) => (event.shiftKey ? player.seek(player.time + 1) : player.step(1)),
  "[": () => (paint.active ? resize(-0.5) : timeline.jump(-1)), "]": () => (paint.active ? resize(0.5) : timeline.jump(1)),
  b: () => { get("painting").open = !get("painting").open; },
  Enter: () => paint.finish(), Escape: () => { paint.drop(); get("stage").classList.remove("picks"); },
};

document.addEventListener("keydown", (event) => {
  if (!page.open || get("help").open || event.altKey) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") {
    event.preventDefault();
    if (event.shiftKey) paint.redo(); else paint.undo();
    return;
  }
  const target = event.target, typing = target.matches("input:not([type=range]):not([type=checkbox]):not([type=radio]), select, textarea");
  const moves = event.key.startsWith("Arrow") && target.matches("input");
  const presses = [" ", "Enter"].includes(event.key) && target.matches("button, summary, a, input, label");
  if (typing || moves || presses || event.ctrlKey || event.metaKey) return;
  const number = Number(event.key), act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (number >= 1 && number <= VIEWS.length) view(VIEWS[number - 1][0]);
  else if (!act) return;
  else act(event);
  event.preventDefault();
});

// It asks more often while something is going on.
async function watch() {
  await update();
  const busy = page.state.jobs.some(isActive);
  setTimeout(watch, busy ? 600 : 3000);
}

await update();
destinations();
view("board");
estimate();
setTimeout(watch, 600);
