// Small helpers: elements, times and sizes as people read them.

export const get = (id) => document.getElementById(id);

export function make(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === null) continue;
    if (key.startsWith("aria-") || key === "for" || key === "role") element.setAttribute(key, value);
    else element[key] = value;
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export function button(text, act, properties = {}) {
  const element = make("button", { type: "button", textContent: text, ...properties });
  element.addEventListener("click", act);
  return element;
}

export function clock(seconds, digits = 3) {
  const rounded = Number(seconds.toFixed(digits)), minutes = Math.floor(rounded / 60), rest = (rounded - 60 * minutes).toFixed(digits);
  return `${minutes}:${rest.padStart(digits ? digits + 3 : 2, "0")}`;
}

// A length in words: "90 s", "15 minutes", "1 hour".
export function length(seconds) {
  const [amount, unit] = seconds < 120 ? [seconds, "s"] : seconds < 3600 ? [seconds / 60, "minutes"] : [seconds / 3600, seconds === 3600 ? "hour" : "hours"];
  return `${Number(amount.toFixed(1))} ${unit}`;
}

// How long something takes: "9 s", "2 min 5 s".
export function took(seconds) {
  const whole = Math.max(1, Math.round(seconds)), minutes = Math.floor(whole / 60);
  return minutes ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}

export function size(bytes) {
  if (bytes < 1e6) return `${Math.max(1, Math.round(bytes / 1e3))} kB`;
  const [amount, unit] = bytes < 1e9 ? [bytes / 1e6, "MB"] : [bytes / 1e9, "GB"];
  return `${amount < 10 ? Number(amount.toFixed(1)) : Math.round(amount)} ${unit}`;
}

export const left = (seconds) => (seconds === null ? "" : `, ${clock(seconds, 0)} left`);

export function alertOf(error) {
  if (error.name === "AbortError") return;
  const alert = get("alert"), said = alert.querySelector("span");
  if (alert.hidden || said.textContent !== error.message) said.textContent = error.message; // it is read aloud once
  alert.hidden = false;
}

// Asks before something is lost; returns whether it may be.
export function sure(question, yes) {
  const dialog = get("sure");
  get("sure-question").textContent = question;
  get("sure-yes").textContent = yes;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((answered) => { dialog.addEventListener("close", () => answered(dialog.returnValue === "yes"), { once: true }); });
}

// Calls `act` once things have been quiet for a while.
export function calmly(milliseconds, act) {
  let timer;
  return (...given) => { clearTimeout(timer); timer = setTimeout(() => act(...given), milliseconds); };
}
