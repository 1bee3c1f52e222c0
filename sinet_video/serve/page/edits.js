// The sliders and choices that change a matte, and what they are called by the command.
import { button, get, make } from "./dom.js";
import { player } from "./player.js";

const FIELDS = {
  edge: [
    { key: "choke", label: "Choke", min: -8, max: 8, step: 0.25, value: 0, unit: "px", about: "Shrinks the matte; negative spreads it" },
    { key: "feather", label: "Feather", min: 0, max: 16, step: 0.5, value: 0, unit: "px", about: "Softens the edge" },
    { key: "feather_side", label: "Feather lies", options: [["both", "on both sides"], ["inward", "inside"], ["outward", "outside"]], value: "both" },
    { key: "black_point", label: "Black point", min: 0, max: 0.95, step: 0.01, value: 0, unit: "", about: "What is fainter becomes transparent: clears haze", below: "white_point" },
    { key: "white_point", label: "White point", min: 0.05, max: 1, step: 0.01, value: 1, unit: "", about: "What is stronger becomes opaque: closes parts that show through", above: "black_point" },
    { key: "smooth", label: "Smoothing", options: [["off", "off"], ["window:2", "light (2 frames)"], ["window", "usual (4 frames)"], ["window:8", "strong (8 frames)"], ["adaptive", "adaptive (frames before)"]], value: "window" },
    { key: "islands", label: "Remove islands below", min: 0, max: 0.5, step: 0.01, value: 0, unit: "", about: "As a share of the largest region" },
    { key: "holes", label: "Fill holes below", min: 0, max: 0.5, step: 0.01, value: 0, unit: "" },
    { key: "quality", label: "Quality", options: [["auto", "automatic"], ["high", "high (slower)"]], value: "auto", about: "Automatic is high for images and standard for videos. High looks twice, at more pixels and at the mirror image: for hands and whole bodies" },
    { key: "subject", label: "Keep", options: [["all", "everybody"], ["main", "the main person"]], value: "all" },
    { key: "refine", label: "Edge follows", options: [["guided", "the image"], ["bilinear", "the network"]], value: "guided" },
    { key: "decontaminate", label: "Remove the old background's colour", check: true, value: true },
  ],
  screen: [
    { key: "key", label: "Key colour", options: [["", "no screen"], ["auto", "green or blue"], ["green", "green"], ["blue", "blue"]], value: "" },
    { key: "despill", label: "Despill", options: [["auto", "key colour"], ["off", "off"], ["green", "green"], ["blue", "blue"]], value: "auto" },
  ],
};

export const edits = {
  values: {}, changed: () => {},

  open(values) {
    this.values = { ...values };
    for (const field of Object.values(FIELDS).flat()) set(field, this.values[field.key] ?? field.value);
  },

  // Only what differs from the default is kept, and sent.
  put(key, value, standard) {
    if (value === standard) delete this.values[key]; else this.values[key] = value;
    this.changed();
  },
};

function set(field, value) {
  if (field.check) { field.input.checked = value; return; }
  if (field.options && ![...field.input.options].some((each) => each.value === value)) field.input.append(make("option", { value, textContent: value }));
  field.input.value = value;
  if (field.output) field.output.textContent = `${Number(value)} ${field.unit}`.trim();
}

function slider(field) {
  // No <output> here: a label would name that, and not the slider.
  const { key, min, max, step, value, unit } = field;
  field.input = make("input", { type: "range", id: key, min, max, step, value });
  field.output = make("span", { className: "value", textContent: `${value} ${unit}`.trim() });
  field.input.addEventListener("input", () => { set(field, field.input.value); edits.put(key, Number(field.input.value), value); keepOrder(field); });
  field.input.addEventListener("dblclick", () => { set(field, value); edits.put(key, value, value); });
  return make("label", { title: field.about ?? "" }, field.label, field.output, field.input);
}

// The black point stays below the white point: the other one gives way.
function keepOrder(field) {
  const other = all.find((each) => each.key === (field.below ?? field.above));
  if (!other) return;
  const mine = Number(field.input.value), theirs = Number(other.input.value), gap = 0.05;
  if (field.below ? theirs >= mine + gap : theirs <= mine - gap) return;
  const wanted = Math.round(100 * (mine + (field.below ? gap : -gap))) / 100;
  set(other, wanted);
  edits.put(other.key, wanted, other.value);
}

function choice(field) {
  const options = field.options.map(([value, textContent]) => make("option", { value, textContent }));
  field.input = make("select", { id: field.key }, ...options);
  field.input.value = field.value;
  field.input.addEventListener("change", () => edits.put(field.key, field.input.value, field.value));
  return make("label", { title: field.about ?? "" }, field.label, field.input);
}

function check(field) {
  field.input = make("input", { type: "checkbox", id: field.key, checked: field.value });
  field.input.addEventListener("change", () => edits.put(field.key, field.input.checked, field.value));
  return make("label", {}, field.label, field.input);
}

const all = Object.values(FIELDS).flat();

function reset(fields) {
  for (const field of fields) { set(field, field.value); delete edits.values[field.key]; }
  edits.changed();
}

for (const [place, fields] of Object.entries(FIELDS)) {
  get(place).append(...fields.map((field) => (field.check ? check : field.options ? choice : slider)(field)));
}
get("edge").append(button("Reset", () => reset(FIELDS.edge), { "aria-label": "Reset edge and matte" }));

function key(colour) {
  set(FIELDS.screen[0], colour);
  edits.put("key", colour, "");
}

const other = make("input", { type: "color", id: "key-colour", value: "#30a040" });
other.addEventListener("change", () => key(other.value));
get("screen").append(make("label", {}, "Another colour", other));

const picks = button("Pick from the frame", () => {
  player.show("source");
  get("stage").classList.add("picks");
}, { id: "pick" });
get("screen").append(picks, button("Reset", () => reset(FIELDS.screen), { "aria-label": "Reset green screen" }));

get("picture").addEventListener("click", (event) => {
  if (!get("stage").classList.contains("picks") || !player.still) return;
  get("stage").classList.remove("picks");
  const box = get("picture").getBoundingClientRect();
  const colour = player.colourAt((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  other.value = colour;
  key(colour);
  player.show("board");
});
