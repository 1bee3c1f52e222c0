// The page: asks the server for its state, opens clips, and saves what is changed about them.
import * as api from "./api.js";
import { alertOf, calmly, get, length, size } from "./dom.js";
import { edits } from "./edits.js";
import { destinations, estimate, showCommand } from "./exports.js";
import { isActive, showCards, showJobs } from "./jobs.js";
import "./keys.js";
import { current, page } from "./page.js";
import { paint } from "./paint.js";
import { player } from "./player.js";
import { timeline } from "./timeline.js";
import "./uploads.js";
import { showOwn, view } from "./views.js";

page.update = async () => {
  try { page.state = await api.state(); } catch (error) { alertOf(error); return; }
  if (!page.destination) destinations();
  if (page.open && !page.state.clips.some((clip) => clip.id === page.open)) close();
  if (!page.open && page.state.clips.length) page.show(page.state.clips.at(-1).id);
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

page.show = (id) => {
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
  page.render();
};

function close() {
  Object.assign(page, { open: null, looked: null });
  player.pause();
  player.clip = null;
}

// Edits.

function background() {
  const wanted = get("background").value;
  return wanted === "colour" ? get("colour").value : wanted;
}

const save = calmly(25, async () => {
  const clip = page.open;
  try {
    await api.saveEdits(clip, { ...edits.values, background: background() });
    if (player.playable) get("relook").hidden = false;
    if (clip === page.open) player.refresh();
    showCommand();
  } catch (error) { alertOf(error); }
});
edits.changed = () => { performance.mark("moved"); save(); };

paint.saved = (clip) => {
  Object.assign(current() ?? {}, clip);
  timeline.show(timeline.figures, paint.strokes);
  if (player.playable) get("relook").hidden = false;
  player.refresh();
  showCommand();
};
paint.marked = () => timeline.show(timeline.figures, paint.strokes, paint.marks);
player.onTime = (time) => { timeline.here(time); paint.draw(); };

get("own").addEventListener("change", async () => {
  const [file] = get("own").files;
  if (!file) return;
  try {
    await api.uploadBackground(page.open, file);
    get("background").value = "own";
    await page.update();
    view("own");
    save();
  } catch (error) { alertOf(error); }
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

await page.update();
view("board");
setTimeout(watch, 600);
