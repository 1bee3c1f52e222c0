// Exports by destination: what each weighs and takes, the command that makes the same, and the start.
import * as api from "./api.js";
import { alertOf, calmly, get, make, size, took } from "./dom.js";
import { current, page } from "./page.js";
import { timeline } from "./timeline.js";

function choose(name) {
  page.destination = name;
  showCommand();
  estimate();
}

const IMAGES = "blender";
let chosen = false; // by somebody, for this and all clips

// Offers images for an image, until somebody chooses.
export function suit(clip) {
  if (chosen) return;
  const name = clip.frames === 1 ? IMAGES : Object.keys(page.state.destinations)[0];
  document.querySelector(`input[name=destination][value=${name}]`).checked = true;
  choose(name);
}

export function destinations() {
  const rows = Object.entries(page.state.destinations).map(([name, each], index) => {
    const input = make("input", { type: "radio", name: "destination", value: name, checked: index === 0 });
    input.addEventListener("change", () => { chosen = true; choose(name); });
    const line = make("small", {}, each.kind, make("span", { className: "cost", id: `cost-${name}` }));
    return make("label", { className: "destination" }, input, make("span", {}, each.title, line, make("small", { className: "about", textContent: each.about })));
  });
  get("destinations").replaceChildren(...rows);
  choose(Object.keys(page.state.destinations)[0]);
}

const FULL_HD = 1920 * 1080, USUAL = 0.3;

// Bytes of frames: their pixels take fewer bits in larger frames, and the person's take most.
function weight({ bits, rest }, { width, height }, frames) {
  const coverage = timeline.figures ? mean(timeline.figures.coverage) : USUAL;
  return ((bits * coverage + rest) * frames * FULL_HD ** 0.25 * (width * height) ** 0.75) / 8;
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

// What an export weighs and takes: as one of the same kind did, else by what is known of such files.
function cost(clip, name) {
  const destination = page.state.destinations[name], own = page.state.jobs.filter((job) => job.clip === clip.id);
  const same = own.findLast((job) => job.what === name && job.state === "done" && job.size !== null);
  const look = own.findLast((job) => job.what === "look" && job.seconds);
  const frames = clip.frames ?? (clip.duration ?? 0) * (clip.rate ?? 25);
  return { bytes: same?.size ?? weight(destination, clip, frames), seconds: same?.seconds ?? (look ? look.seconds * destination.effort : 0) };
}

const said = ({ bytes, seconds }) => (bytes > 0 ? `, ≈ ${size(bytes)}` : "") + (seconds > 0 ? `, ${took(seconds)}` : "");

export function estimate() {
  const clip = current();
  if (!clip) return;
  for (const name of Object.keys(page.state.destinations)) get(`cost-${name}`).textContent = said(cost(clip, name));
  const several = page.state.clips.length > 1;
  get("export-all").hidden = !several;
  get("export-all").textContent = `Export all ${page.state.clips.length} clips`;
}

export const showCommand = calmly(100, async () => {
  if (!page.open) return;
  const commands = await api.commands(page.open).catch(alertOf);
  if (!commands) return;
  // Each word stays whole, so that no line ends within an option.
  const words = commands[page.destination].split(/(?<= )(?=\S)/).map((word) => make("span", { textContent: word }));
  get("command").replaceChildren(...words);
});

// Exports clips as they are shown: what was painted last may be on its way to the server still.
async function start(clips) {
  const { destination } = page;
  await page.saved();
  for (const clip of clips) await api.addJob(clip, destination).catch(alertOf);
  await page.update();
}

get("export").addEventListener("click", () => start([page.open]));
get("export-all").addEventListener("click", () => start(page.state.clips.map((clip) => clip.id)));
get("copy").addEventListener("click", async () => {
  try { await navigator.clipboard.writeText(get("command").textContent); get("copy").textContent = "Copied"; } catch { getSelection().selectAllChildren(get("command")); }
  setTimeout(() => { get("copy").textContent = "Copy"; }, 1500);
});
