// The page: asks the server for its state, opens clips, and saves what is changed about them.
import * as api from "./api.js";
import { alertOf, get, length, make, size } from "./dom.js";
import { edits } from "./edits.js";
import { destinations, estimate, showCommand, suit } from "./exports.js";
import { isActive, showCards, showJobs } from "./jobs.js";
import "./keys.js";
import { current, note, page, takeOver } from "./page.js";
import { paint } from "./paint.js";
import { player } from "./player.js";
import { timeline } from "./timeline.js";
import "./uploads.js";
import { showOwn, view } from "./views.js";

// Said once, until the server is there again: it is asked every few seconds.
let missing = "";

function missed(error) {
  if (error.message !== missing) alertOf(error);
  missing = error.message;
}

// Exports that have ended are told to those who do not see it.
function tell(before) {
  const { jobs, clips, destinations: all } = page.state, active = new Set(before.filter(isActive).map((job) => job.id));
  const ended = jobs.filter((job) => active.has(job.id) && !isActive(job) && all[job.what]);
  const name = (job) => `${clips.find((clip) => clip.id === job.clip)?.name}, ${all[job.what].title}: ${job.state === "done" ? "ready" : job.state}`;
  if (ended.length) get("told").textContent = `${ended.map(name).join(". ")}.`;
}

page.update = async () => {
  const { changes } = page, { jobs } = page.state;
  try { takeOver(await api.state(), changes); } catch (error) { missed(error); if (page.destination) page.render(); return; }
  tell(jobs);
  if (missing) { missing = ""; get("alert").hidden = true; }
  if (!page.destination) destinations();
  if (page.open && !current()) close();
  if (!page.open && page.state.clips.length) page.show((named() ?? page.state.clips.at(-1)).id);
  takeUp();
  page.render();
};

page.render = () => {
  const { clips, jobs, destinations: all, limits } = page.state;
  get("limits").textContent = `Files up to ${size(limits.size * 1e6)}, clips up to ${length(limits.length)}, ${limits.clips} at a time. Deleted after ${limits.keep_hours} h.`;
  showCards();
  document.body.classList.toggle("fresh", !page.open && page.uploads.length === 0);
  get("empty").hidden = Boolean(page.open);
  get("work").hidden = !page.open;
  if (!page.open) return;
  estimate();
  const clip = current(), own = jobs.filter((job) => job.clip === page.open);
  showJobs(own.filter((job) => job.what !== "look" || job.state !== "done").toReversed(), all, clip.name);
  const look = own.findLast((job) => job.what === "look" && job.state === "done");
  if (look && look.id !== page.looked) loadLook(look.id).catch(alertOf);
};

async function loadLook(version) {
  page.looked = version;
  const clip = page.open, figures = await api.figures(clip);
  if (clip !== page.open) return;
  player.load(version, figures.times);
  timeline.show(figures, paint.strokes);
  estimate();
  timeline.here(player.time);
}

// The clip that the address names, so that it is open again when the page is loaded again.
const named = () => page.state.clips.find((clip) => `#${clip.id}` === location.hash);

page.show = (id) => {
  if (page.open === id) return;
  Object.assign(page, { open: id, looked: null });
  history.replaceState(null, "", `#${id}`);
  const clip = current();
  note(clip, "edits", "strokes");
  document.title = `${clip.name} – sinet-video`;
  showEdits(clip);
  suit(clip);
  get("hdr").hidden = !clip.hdr;
  get("work").classList.toggle("still", clip.frames === 1);
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
  page.render();
};

// Edits and strokes that another tab or a program has changed are shown here too.
function takeUp() {
  const clip = current();
  if (!clip || paint.drawing || paint.moving) return;
  const isNew = (part) => JSON.stringify(clip[part]) !== page.shown[part];
  const edited = isNew("edits"), painted = isNew("strokes");
  if (!edited && !painted) return;
  note(clip, "edits", "strokes");
  if (edited) showEdits(clip);
  if (painted) { paint.open(clip.strokes); paint.describe(clip.drawn); }
  changed();
}

function close() {
  Object.assign(page, { open: null, looked: null });
  document.title = "sinet-video";
  player.pause();
  player.clip = null;
}

// Edits.

function background() {
  const wanted = get("background").value;
  return wanted === "colour" ? get("colour").value : wanted;
}

function showEdits(clip) {
  const { background: behind, ...values } = clip.edits, select = get("background");
  const kind = /^#[0-9a-f]{6}$/i.test(behind) ? "colour" : behind; // inputs for colours take no other
  edits.open(values);
  if (![...select.options].some((option) => option.value === kind)) select.append(make("option", { value: kind, textContent: kind }));
  select.value = kind;
  if (kind === "colour") get("colour").value = behind;
}

// Something that changes the matte is on the server now.
function changed() {
  timeline.show(timeline.figures, paint.strokes, paint.marks);
  if (player.playable) get("relook").hidden = false;
  player.refresh();
  showCommand();
}

// Edits that have to be sent, by clip; one after another, or the server may be left with what came before.
const edited = new Map();
let sending = Promise.resolve();

async function send() {
  await new Promise((done) => { setTimeout(done, 25); }); // a slider moves on meanwhile
  for (const [clip, values] of edited) {
    edited.delete(clip);
    try {
      note(await api.saveEdits(clip, values), "edits");
      if (clip === page.open) changed();
    } catch (error) { alertOf(error); }
  }
}

function save() {
  page.changes += 1;
  if (!edited.size) {
    page.unsaved += 1;
    sending = sending.then(send).finally(() => { page.unsaved -= 1; });
  }
  edited.set(page.open, { ...edits.values, background: background() });
}
edits.changed = () => { performance.mark("moved"); save(); };
page.saved = () => Promise.all([sending, paint.sending]);

paint.saved = (clip) => {
  note(clip, "strokes", "drawn");
  if (clip.id === page.open) changed();
};
paint.marked = () => timeline.show(timeline.figures, paint.strokes, paint.marks);
player.onTime = (time) => { timeline.here(time); paint.draw(); };

get("own").addEventListener("change", async () => {
  const [file] = get("own").files, clip = page.open;
  if (!file) return;
  try {
    await api.uploadBackground(clip, file, (share) => { if (clip === page.open) get("own-name").textContent = `Uploading, ${Math.round(100 * share)} %`; });
    if (clip !== page.open) return;
    get("background").value = "own";
    await page.update();
    view("own");
    save();
  } catch (error) { alertOf(error); } finally {
    get("own").value = "";
    if (current()) showOwn(current());
  }
});
get("background").addEventListener("change", save);
get("colour").addEventListener("input", () => {
  get("backdrop").style.setProperty("--behind", get("colour").value);
  if (get("background").value === "colour") save();
});

// Buttons.

get("relook").addEventListener("click", () => {
  get("relook").hidden = true;
  api.addJob(page.open, "look").then(page.update).catch(alertOf);
});
get("play").addEventListener("click", () => player.toggle());
get("back").addEventListener("click", () => player.step(-1));
get("forward").addEventListener("click", () => player.step(1));
get("alert").querySelector("button").addEventListener("click", () => { get("alert").hidden = true; });

// It asks more often while something is going on.
async function watch() {
  await page.update();
  setTimeout(watch, page.state.jobs.some(isActive) ? 600 : 3000);
}

addEventListener("hashchange", () => { const clip = named(); if (clip) page.show(clip.id); });
document.addEventListener("visibilitychange", () => { if (!document.hidden) page.update(); }); // hidden pages ask seldom

await page.update();
view("board");
setTimeout(watch, 600);
