// What keys do, wherever the focus is, unless what has it needs them itself.
import { get } from "./dom.js";
import { page } from "./page.js";
import { paint } from "./paint.js";
import { player, VIEWS } from "./player.js";
import { timeline } from "./timeline.js";
import { view } from "./views.js";

function resize(by) {
  get("radius").value = Number(get("radius").value) + by;
  paint.draw();
}

function togglePainting() {
  get("painting").open = !get("painting").open;
  if (get("painting").open) get("overlay").focus(); // the arrow keys paint there
}

const KEYS = {
  " ": () => player.toggle(), k: () => player.pause(), j: () => player.shuttle(-1), l: () => player.shuttle(1),
  m: () => get("audio").click(),
  ArrowLeft: (event) => (event.shiftKey ? player.seek(player.time - 1) : player.step(-1)),
  ArrowRight: (event) => (event.shiftKey ? player.seek(player.time + 1) : player.step(1)),
  Home: () => player.seek(0), End: () => player.seek(player.length),
  n: (event) => timeline.jump(event.shiftKey ? -1 : 1),
  "[": () => paint.mark("start"), "]": () => paint.mark("end"),
  "-": () => resize(-0.5), "+": () => resize(0.5), "=": () => resize(0.5),
  b: togglePainting,
  Enter: () => paint.finish(), Escape: () => { paint.drop(); get("stage").classList.remove("picks"); },
};

const TYPES = "input:not([type=range], [type=checkbox], [type=radio], [type=file], [type=color]), select, textarea";
const MOVES = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "-", "+"];

// Whether the element with the focus needs a key for itself.
function isTaken({ key, target, ctrlKey, metaKey }) {
  if (target.matches(TYPES) || ctrlKey || metaKey) return true;
  if (MOVES.includes(key) && target.matches("input")) return true;
  return [" ", "Enter"].includes(key) && target.matches("button, summary, a, input, label");
}

document.addEventListener("keydown", (event) => {
  if (!page.open || document.querySelector("dialog[open]") || event.altKey || event.defaultPrevented) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") {
    event.preventDefault();
    if (event.shiftKey) paint.redo(); else paint.undo();
    return;
  }
  if (isTaken(event)) return;
  const number = Number(event.key), act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (event.key === "?") get("help").showModal();
  else if (number >= 1 && number <= VIEWS.length) view(VIEWS[number - 1][0]);
  else if (!act) return;
  else act(event);
  event.preventDefault();
});

get("help-open").addEventListener("click", () => get("help").showModal());
