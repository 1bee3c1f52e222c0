// Clips on their way to the server: one at a time, each with a card; what failed can be tried again.
import * as api from "./api.js";
import { get, size } from "./dom.js";
import { page } from "./page.js";

let counter = 0, running = false;

const trouble = (file) => {
  const { limits, clips } = page.state, limit = limits.size * 1e6;
  if (limit && file.size > limit) return `${file.name} is ${size(file.size)}; files may have up to ${size(limit)}.`;
  if (clips.length >= (limits.clips ?? Infinity)) return `${file.name} was not uploaded: there are ${clips.length} clips already; delete one.`;
  return null;
};

async function take(upload) {
  Object.assign(upload, { error: trouble(upload.file), share: 0 });
  page.render();
  if (upload.error) return;
  try {
    const clip = await api.upload(upload.file, (share) => { upload.share = share; page.render(); }, (stop) => { upload.stop = stop; });
    forget(upload);
    await page.update();
    if (!page.uploads.some(isWaiting)) page.show(clip.id);
  } catch (error) {
    if (error.stopped) forget(upload); else upload.error = error.message;
    await page.update();
  }
}

export const isWaiting = (upload) => !upload.error;
const next = () => page.uploads.find((each) => isWaiting(each) && each.share === null);

async function work() {
  if (running) return;
  running = true;
  for (let upload = next(); upload; upload = next()) await take(upload);
  running = false;
}

export function takeAll(files) {
  performance.mark("dropped");
  for (const file of files) page.uploads.push({ id: ++counter, file, name: file.name, share: null, error: null });
  page.render();
  work();
}

export function again(upload) {
  Object.assign(upload, { share: null, error: null });
  page.render();
  work();
}

// Stops an upload, or drops one that waits or failed.
export function forget(upload) {
  page.uploads = page.uploads.filter((each) => each !== upload);
  if (upload.share !== null && !upload.error) upload.stop?.();
  page.render();
}

addEventListener("beforeunload", (event) => { if (page.uploads.some(isWaiting)) event.preventDefault(); }); // the browser asks

get("files").addEventListener("change", () => { takeAll([...get("files").files]); get("files").value = ""; });
for (const kind of ["dragover", "drop", "dragleave"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    get("drop").classList.toggle("over", kind === "dragover");
    if (kind === "drop") takeAll([...event.dataTransfer.files]);
  });
}
