// Cards of clips, and the exports of the one that is open: progress, cancel, retry, download.
import * as api from "./api.js";
import { alertOf, button, clock, get, left, make, size, sure, took } from "./dom.js";
import { page } from "./page.js";
import { again, forget } from "./uploads.js";

const ACTIVE = ["queued", "running", "checking"];
const act = (work) => () => work().then(page.update).catch(alertOf);

export const isActive = (job) => ACTIVE.includes(job.state);
const canRetry = (job) => ["failed", "cancelled"].includes(job.state);

function bar(job) {
  const share = job.frames ? job.frame / job.frames : null;
  const progress = make("progress", { max: 1, "aria-label": "Progress" });
  if (job.state === "queued") progress.value = 0; else if (share !== null && job.state === "running") progress.value = share;
  return progress;
}

function saying(job) {
  if (job.state === "queued") return "waiting";
  if (job.state === "checking") return "checking the result";
  if (job.state === "running") return (job.frames ? `${Math.round((100 * job.frame) / job.frames)} %` : `${job.frame} frames`) + left(job.seconds_left);
  return job.state === "done" ? "ready" : job.state;
}

const lasts = (clip) => (clip.frames === 1 ? "image" : clip.duration ? clock(clip.duration, 0) : "unknown length");
const facts = (clip) => `${clip.width}×${clip.height}, ${lasts(clip)}, ${size(clip.size)}`;

// Updates a list in place, so that focus and pictures stay: one element for each key.
function keyed(list, items, key, build) {
  const old = new Map([...list.children].map((child) => [child.dataset.key, child]));
  const wanted = items.map((item) => {
    const name = key(item), mark = JSON.stringify(item), there = old.get(name);
    if (there?.dataset.mark === mark) return there;
    const made = build(item);
    made.dataset.key = name;
    made.dataset.mark = mark;
    if (there?.contains(document.activeElement)) {
      const label = document.activeElement.textContent;
      queueMicrotask(() => [...made.querySelectorAll("button")].find((each) => each.textContent === label)?.focus());
    }
    const open = there?.querySelector("details")?.open;
    if (open) made.querySelector("details")?.setAttribute("open", "");
    return made;
  });
  wanted.forEach((child, index) => { if (list.children[index] !== child) list.insertBefore(child, list.children[index] ?? null); });
  while (list.children.length > wanted.length) list.lastChild.remove();
}

// The job of a clip that its card tells of: what is going on, else what was done last.
function told(clip, jobs) {
  const own = jobs.filter((job) => job.clip === clip.id);
  return own.find((job) => job.state === "running" || job.state === "checking") ?? own.find(isActive) ?? own.at(-1);
}

export function showCards() {
  const { clips, jobs } = page.state;
  const items = [
    ...page.uploads.map(({ id, name, share, error }) => ({ id: `u${id}`, upload: id, name, error, share: share === null ? null : Math.round(100 * share) / 100 })),
    ...clips.map((clip) => {
      const { id, name, width, height, duration, frames, size: bytes } = clip;
      return { id, name, width, height, duration, frames, size: bytes, chosen: id === page.open, job: told(clip, jobs) };
    }),
  ];
  keyed(get("cards"), items, (item) => item.id, (item) => (item.upload !== undefined ? uploading(item) : card(item)));
}

function uploading(item) {
  const upload = page.uploads.find((each) => each.id === item.upload), { name, share, error } = item;
  const gone = button("×", () => forget(upload), { className: "small", "aria-label": error ? `Remove ${name}` : `Stop uploading ${name}` });
  const picture = make("span", { className: error ? "open none" : "open", textContent: error ? "!" : "", "aria-hidden": "true" });
  const said = error ?? (share === null ? "waiting" : share < 1 ? `uploading, ${Math.round(100 * share)} %` : "reading it");
  return make("li", { className: "card" }, picture, make("b", { textContent: name, title: name }), gone,
    make("span", { className: error ? "faint bad" : "faint", textContent: said, role: error ? "alert" : "status" }),
    error ? make("div", { className: "bar" }, button("Retry", () => again(upload), { "aria-label": `Retry ${name}` })) : make("progress", { max: 1, value: share ?? 0, "aria-label": `Upload of ${name}` }));
}

const counted = (count, what) => (count ? `${count} ${what}${count === 1 ? "" : "s"}` : null);

// What goes with a clip and cannot be had again by uploading it again.
function work({ edits, strokes }, exports) {
  const { background, ...values } = edits;
  const changed = background || Object.keys(values).length ? "its settings" : null;
  return [counted(strokes.length, "stroke"), changed, counted(exports.length, "export")].filter(Boolean);
}

async function remove(id) {
  const clip = page.state.clips.find((each) => each.id === id);
  const lost = work(clip, page.state.jobs.filter((job) => job.clip === id && job.what !== "look"));
  if (lost.length && !await sure(`Delete ${clip.name}? ${new Intl.ListFormat("en").format(lost)} will be deleted too.`, "Delete")) return;
  await api.deleteClip(id);
}

function card(item) {
  const { id, name, job, chosen } = item;
  const picture = button("", () => { location.hash = id; }, { className: "open", "aria-label": `Open ${name}`, "aria-pressed": String(chosen) });
  picture.append(make("img", { src: api.posterOf(id), alt: "" }));
  const gone = button("×", act(() => remove(id)), { className: "small", "aria-label": `Delete ${name}` });
  const working = job && isActive(job), what = job?.what === "look" ? "analysis" : "export";
  const said = working ? `${what}, ${saying(job)}` : job?.state === "failed" ? job.error : job?.state === "cancelled" ? `${what} cancelled` : facts(item);
  const bad = job?.state === "failed";
  return make("li", { className: chosen ? "card chosen" : "card" }, picture, make("b", { textContent: name, title: name }), gone,
    make("span", { className: bad ? "faint bad" : "faint", textContent: said, role: bad ? "alert" : null }), working ? bar(job) : null, job && !working ? offers(job, name) : null);
}

// What a card offers of its last job: the result, or another try.
function offers(job, name) {
  if (canRetry(job)) return make("div", { className: "bar" }, button("Retry", act(() => api.retryJob(job.id)), { "aria-label": `Retry ${name}` }));
  return job.size === null ? null : make("div", { className: "bar" }, download(job, name));
}

function download(job, name) {
  const file = `${name.replace(/\.[^.]*$/, "")}-${job.what}${job.suffix}`;
  return make("a", { className: "main", href: api.resultOf(job.id), download: file, textContent: "Download", "aria-label": `Download ${file}` });
}

export function showJobs(jobs, destinations, name) {
  keyed(get("jobs"), jobs, (job) => job.id, (job) => row(job, destinations[job.what], name));
}

function row(job, destination, name) {
  const title = destination ? `${destination.title}, ${destination.kind}` : "Player and timeline";
  const said = job.state === "done" && job.size !== null ? `${size(job.size)}, made in ${took(job.seconds)}` : saying(job);
  const buttons = make("div", { className: "bar" }), named = (what) => ({ "aria-label": `${what} ${title}` });
  if (job.state === "done" && job.size !== null) buttons.append(download(job, name));
  if (isActive(job)) buttons.append(button("Cancel", act(() => api.cancelJob(job.id)), named("Cancel")));
  if (canRetry(job)) buttons.append(button("Retry", act(() => api.retryJob(job.id)), { ...named("Retry"), title: "With the settings that it was started with" }));
  if (!isActive(job)) buttons.append(button("Delete", act(() => api.deleteJob(job.id)), named("Delete")));
  return make("li", {}, make("div", {}, make("b", { textContent: title }), " ", make("span", { className: "faint", textContent: said })), isActive(job) ? bar(job) : null,
    job.error ? make("p", { className: "faint bad", textContent: job.error }) : null, ...job.notes.map((note) => make("p", { className: "faint", textContent: note })), verdict(job), buttons);
}

function verdict(job) {
  if (!job.verification) return null;
  const { holds, checks } = job.verification;
  const count = (wanted) => checks.filter((each) => each.holds === wanted).length; // null: it does not apply
  const mark = { true: "✓", false: "✗", null: "–" };
  const list = checks.map((each) => make("li", { className: each.holds === false ? "bad" : "", textContent: `${mark[each.holds]} ${each.name}: ${each.detail}` }));
  return make("details", {}, make("summary", { className: holds ? "good" : "bad", textContent: holds ? `Checked: all ${count(true)} passed` : `Checked: ${count(false)} failed, ${count(true)} passed` }), make("ul", {}, ...list));
}
