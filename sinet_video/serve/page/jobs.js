// Cards of clips, and the exports of the one that is open: progress, cancel, retry, download.
import * as api from "./api.js";
import { alertOf, button, clock, get, left, make, size } from "./dom.js";

const ACTIVE = ["queued", "running", "checking"];
const act = (work, after) => () => work().then(after).catch(alertOf);

export const isActive = (job) => ACTIVE.includes(job.state);

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

const facts = (clip) => `${clip.width}×${clip.height}, ${clip.duration ? clock(clip.duration, 0) : "length not said"}, ${size(clip.size)}`;

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

export function showCards(clips, jobs, uploads, chosen, open, after) {
  const items = [
    ...uploads.map((each) => ({ id: `u${each.id}`, upload: each.id, name: each.name, share: Math.round(100 * each.share) / 100 })),
    ...clips.map(({ id, name, width, height, duration, size: bytes }) => ({ id, name, width, height, duration, size: bytes, chosen: id === chosen, job: jobs.findLast((job) => job.clip === id && isActive(job)) ?? jobs.findLast((job) => job.clip === id) })),
  ];
  keyed(get("cards"), items, (item) => item.id, (item) => (item.upload !== undefined ? uploading(item, uploads) : card(item, open, after)));
}

function uploading(item, uploads) {
  const stop = button("×", () => uploads.find((each) => each.id === item.upload)?.stop?.(), { className: "small", "aria-label": `Stop uploading ${item.name}` });
  const picture = make("span", { className: "open" });
  const said = item.share < 1 ? `uploading, ${Math.round(100 * item.share)} %` : "looking what it is";
  return make("li", { className: "card" }, picture, make("b", { textContent: item.name, title: item.name }), stop, make("span", { className: "faint", textContent: said }), make("progress", { max: 1, value: item.share, "aria-label": "Upload" }));
}

function card(item, open, after) {
  const picture = button("", () => open(item.id), { className: "open", "aria-label": `Open ${item.name}`, "aria-pressed": String(item.chosen) });
  picture.append(make("img", { src: api.posterOf(item.id), alt: "" }));
  const gone = button("×", act(() => api.deleteClip(item.id), after), { className: "small", "aria-label": `Delete ${item.name}` });
  const working = item.job && isActive(item.job);
  const said = working ? `${item.job.what === "look" ? "looking through it" : "exporting"}, ${saying(item.job)}` : item.job?.state === "failed" ? item.job.error : facts(item);
  return make("li", { className: item.chosen ? "card chosen" : "card" }, picture, make("b", { textContent: item.name, title: item.name }), gone,
    make("span", { className: item.job?.state === "failed" ? "faint bad" : "faint", textContent: said }), working ? bar(item.job) : null);
}

export function showJobs(jobs, destinations, name, after) {
  keyed(get("jobs"), jobs, (job) => job.id, (job) => row(job, destinations[job.what], name, after));
}

function row(job, destination, name, after) {
  const title = destination?.title ?? "Player and timeline";
  const said = job.state === "done" && job.size !== null ? size(job.size) : saying(job);
  const buttons = make("div", { className: "bar" });
  if (job.state === "done" && job.size !== null) buttons.append(make("a", { href: api.resultOf(job.id), download: `${name.replace(/\.[^.]*$/, "")}-${job.what}${job.suffix}`, textContent: "Download" }));
  if (isActive(job)) buttons.append(button("Cancel", act(() => api.cancelJob(job.id), after)));
  if (["failed", "cancelled"].includes(job.state)) buttons.append(button("Retry", act(() => api.retryJob(job.id), after)));
  if (!isActive(job)) buttons.append(button("Delete", act(() => api.deleteJob(job.id), after)));
  return make("li", {}, make("div", {}, make("b", { textContent: title }), " ", make("span", { className: "faint", textContent: said })), isActive(job) ? bar(job) : null,
    job.error ? make("p", { className: "faint bad", textContent: job.error }) : null, ...job.notes.map((note) => make("p", { className: "faint", textContent: note })), verdict(job), buttons);
}

function verdict(job) {
  if (!job.verification) return null;
  const { holds, checks } = job.verification;
  const mark = { true: "✓", false: "✗", null: "–" };
  const list = checks.map((each) => make("li", { className: each.holds === false ? "bad" : "", textContent: `${mark[each.holds]} ${each.name}: ${each.detail}` }));
  return make("details", {}, make("summary", { className: holds ? "good" : "bad", textContent: holds ? `Checked: all ${checks.length} hold` : `Checked: ${checks.filter((each) => each.holds === false).length} of ${checks.length} fail` }), make("ul", {}, ...list));
}
