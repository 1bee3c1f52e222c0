// What the frame is shown over: the views, their buttons, and the line between before and after.
import * as api from "./api.js";
import { button, get } from "./dom.js";
import { page, current } from "./page.js";
import { paint } from "./paint.js";
import { player, VIEWS } from "./player.js";

let version = 0;

export function showOwn(clip) {
  get("own-name").textContent = clip.background ? `Yours: ${clip.background}` : "";
  get("background").querySelector("[value=own]").disabled = !clip.background;
  get("backdrop").style.backgroundImage = "";
  version += 1;
  if (clip.background && player.view === "own") get("backdrop").style.backgroundImage = `url("${api.backgroundOf(clip.id, version)}")`;
}

for (const [index, [name, label]] of VIEWS.entries()) get("views").append(button(label, () => view(name), { id: `view-${name}`, title: `${label} (${index + 1})` }));

export function view(name) {
  player.show(name);
  for (const [each] of VIEWS) get(`view-${each}`).setAttribute("aria-pressed", String(each === name));
  get("split").hidden = get("split-label").hidden = name !== "split";
  const clip = current();
  if (clip) showOwn(clip);
  if (name === "own" && clip && !clip.background) get("backgrounds").open = true; // it is chosen there
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

function dragSplit(event) {
  if (player.view !== "split" || !event.buttons || paint.active) return;
  const box = get("picture").getBoundingClientRect();
  moveSplit((event.clientX - box.left) / box.width);
}

get("split-at").addEventListener("input", () => moveSplit(Number(get("split-at").value) / 100));
get("stage").addEventListener("pointerdown", dragSplit);
get("stage").addEventListener("pointermove", dragSplit);
new ResizeObserver(placeSplit).observe(get("picture"));
