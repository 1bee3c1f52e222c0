// The server's HTTP interface, as functions; errors carry the server's own sentence.

export class Refused extends Error {}

const GONE = "The server does not answer. If it was stopped, its clips are deleted: start sinet-video serve again, and open the address that it prints.";

const PATIENCE = 10_000; // milliseconds after which a network that is silent is taken for lost

async function answered(response) {
  if (response.ok) return response;
  let sentence = `The server answered ${response.status}.`;
  try { sentence = (await response.json()).error ?? sentence; } catch { /* it was no JSON */ }
  throw new Refused(sentence);
}

async function ask(path, options = {}) {
  let response;
  try { response = await fetch(`api${path}`, options); } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(GONE);
  }
  return answered(response);
}

const json = async (path, options) => {
  const response = await ask(path, options);
  try { return await response.json(); } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(GONE); // in the midst of the answer
  }
};
const body = (method, data) => ({ method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(data) });

export const state = () => json("", { signal: AbortSignal.timeout(PATIENCE) });
export const figures = (clip) => json(`/clips/${clip}/figures`);
export const commands = (clip) => json(`/clips/${clip}/commands`);
export const saveEdits = (clip, edits) => json(`/clips/${clip}/edits`, body("PUT", edits));
export const saveStrokes = (clip, strokes) => json(`/clips/${clip}/strokes`, body("PUT", strokes));
export const addJob = (clip, what) => json(`/clips/${clip}/jobs`, body("POST", { what }));
export const cancelJob = (job) => json(`/jobs/${job}/cancel`, { method: "POST" });
export const retryJob = (job) => json(`/jobs/${job}/retry`, { method: "POST" });
export const deleteJob = (job) => ask(`/jobs/${job}`, { method: "DELETE" });
export const deleteClip = (clip) => ask(`/clips/${clip}`, { method: "DELETE" });
export const posterOf = (clip) => `api/clips/${clip}/poster`;
export const playerOf = (clip, version) => `api/clips/${clip}/player?v=${version}`;
export const backgroundOf = (clip, version) => `api/clips/${clip}/background?v=${version}`;
export const resultOf = (job) => `api/jobs/${job}/result`;
export const matteOf = (clip, name) => `api/clips/${clip}/mattes/${name}`;

// Colours above alpha, and the source, which is not sent again if it is there already.
export async function frame(clip, time, side, quick, source) {
  const response = await ask(`/clips/${clip}/frame?time=${time.toFixed(4)}&side=${side}&quick=${quick}&source=${!source}`);
  const data = await response.blob();
  if (source) return [await createImageBitmap(data), source];
  const whole = await createImageBitmap(data), { width } = whole, height = whole.height / 3;
  return Promise.all([createImageBitmap(whole, 0, height, width, 2 * height), createImageBitmap(whole, 0, 0, width, height)]);
}

// Why nothing came of an upload. Browsers do not say; this can be found out.
async function causeOf(file) {
  const read = await file.slice(0, 1).arrayBuffer().catch(() => new ArrayBuffer());
  if (!read.byteLength) return "it cannot be read. It may be a folder, or have been moved or changed.";
  try { await state(); } catch { return "the connection to the server was lost."; }
  return "the server stopped reading it. It may be too large, or there are too many clips.";
}

// Sends a file as the body itself; `progress` gets shares from 0 to 1, `abort` stops it.
function send(path, file, progress, began) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", `api${path}?name=${encodeURIComponent(file.name)}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.addEventListener("progress", (event) => event.lengthComputable && progress(event.loaded / event.total));
    request.addEventListener("load", () => {
      let said = {};
      try { said = JSON.parse(request.responseText); } catch { /* it was no JSON */ }
      if (request.status < 300) resolve(said);
      else reject(new Refused(said.error ?? `The server answered ${request.status}.`));
    });
    request.addEventListener("error", () => causeOf(file).then((cause) => reject(new Refused(`${file.name} could not be uploaded: ${cause}`))));
    request.addEventListener("abort", () => reject(Object.assign(new Refused(`${file.name} was not uploaded: you stopped it.`), { stopped: true })));
    began?.(() => request.abort());
    request.send(file);
  });
}

export const upload = (file, progress, began) => send("/clips", file, progress, began);
export const uploadBackground = (clip, file, progress) => send(`/clips/${clip}/background`, file, progress);
