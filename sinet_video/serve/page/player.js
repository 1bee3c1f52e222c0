// The frame that is shown: from the small video while it plays, from the server at full quality else.
import * as api from "./api.js";
import { alertOf, clock, get } from "./dom.js";

export const VIEWS = [["source", "Source"], ["matte", "Matte"], ["board", "Checkerboard"], ["colour", "Colour"], ["own", "Background"], ["split", "Before / after"]];
const SIDE = 1920, QUICK = 640;
const picture = get("picture"), stage = get("stage"), video = get("video");
const scratch = document.createElement("canvas");

export const player = {
  clip: null, view: "board", split: 0.5, times: [], rate: 25, time: 0, still: null, stillAt: -1, playable: false, onTime: () => {},

  open(clip) {
    this.pause();
    Object.assign(this, { clip, times: [], rate: clip.rate ?? 25, time: 0, still: null, stillAt: -1, playable: false });
    video.removeAttribute("src");
    video.load();
    stage.style.setProperty("--aspect", clip.width / clip.height);
    picture.width = Math.min(clip.width, SIDE);
    picture.height = Math.round((picture.width * clip.height) / clip.width);
    this.refresh();
  },

  get length() { return this.times.length ? this.times.at(-1) + 1 / this.rate : this.clip?.duration ?? 1 / this.rate; },

  load(version, times) {
    this.times = times;
    video.src = api.playerOf(this.clip.id, version);
    video.addEventListener("loadeddata", () => { this.playable = true; this.seek(this.time); }, { once: true });
  },

  // The time of the frame that is shown at a time.
  snap(time) {
    if (!this.times.length) return Math.max(0, Math.min(time, this.length - 1 / this.rate));
    return this.times[this.index(time)];
  },

  index(time) {
    let low = 0, high = this.times.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.times[middle] <= time + 1e-3) low = middle; else high = middle - 1;
    }
    return low;
  },

  step(frames) {
    this.pause();
    if (!this.times.length) return this.seek(this.time + frames / this.rate);
    const index = Math.max(0, Math.min(this.times.length - 1, this.index(this.time) + frames));
    return this.seek(this.times[index]);
  },

  seek(time) {
    this.time = this.snap(Math.max(0, time));
    if (this.playable) video.currentTime = this.time + 0.4 / this.rate;
    this.onTime(this.time);
    this.refresh();
  },

  get playing() { return this.playable && !video.paused; },

  play(speed = 1) {
    if (!this.playable) return;
    if (this.time >= this.length - 1.5 / this.rate) this.seek(0);
    video.playbackRate = speed;
    video.play().catch(alertOf);
  },

  pause() {
    clearInterval(this.backwards);
    if (!video.paused) video.pause();
  },

  toggle() { if (this.playing) this.pause(); else this.play(); },

  back() {
    this.pause();
    this.backwards = setInterval(() => { this.time > 0 ? this.step0(-1) : this.pause(); }, 1000 / this.rate);
  },

  step0(frames) {
    const index = Math.max(0, this.index(this.time) + frames);
    this.seek(this.times[index] ?? this.time + frames / this.rate);
  },

  // Ask for the frame at full quality; while one is under way only the last wish is remembered.
  refresh() {
    this.stale = true;
    if (!this.asking) this.ask();
  },

  async ask() {
    this.asking = true;
    try {
      while (this.stale && this.clip && !this.playing) {
        const { clip, time } = this, largest = Math.min(SIDE, Math.max(clip.width, clip.height));
        // A clip's first frame comes small and unsmoothed, then as it is.
        const quick = !this.still;
        this.stale = quick;
        get("busy").textContent = "Working on this frame";
        const still = await api.frame(clip.id, time, quick ? Math.min(QUICK, largest) : largest, quick);
        if (clip !== this.clip) continue;
        this.still = still;
        this.stillAt = time;
        this.draw();
      }
      get("busy").textContent = "";
    } catch (error) { get("busy").textContent = ""; alertOf(error); } finally { this.asking = false; }
  },

  draw() {
    const still = this.still && Math.abs(this.stillAt - this.time) < 1e-6 && !this.playing;
    if (!still && !(this.playable && video.readyState >= 2)) return;
    const source = still ? this.still : video;
    const rows = still ? 3 : 2, width = still ? source.width : video.videoWidth, height = (still ? source.height : video.videoHeight) / rows;
    if (picture.width !== width || picture.height !== height) { picture.width = width; picture.height = height; }
    const pen = picture.getContext("2d");
    pen.clearRect(0, 0, width, height);
    if (this.view === "source" || this.view === "matte") {
      pen.drawImage(source, 0, this.view === "source" ? 0 : height * (rows - 1), width, height, 0, 0, width, height);
    } else pen.drawImage(cutOut(source, width, height, rows), 0, 0);
    if (this.view === "split") {
      const at = Math.round(this.split * width);
      if (at > 0) pen.drawImage(source, 0, 0, at, height, 0, 0, at, height);
    }
    picture.setAttribute("aria-label", `${VIEWS.find(([name]) => name === this.view)[1]} at ${clock(this.time)}`);
    stage.dataset.shown = still ? "still" : "video";
  },

  show(view) {
    this.view = view;
    picture.className = view === "split" ? "board" : view;
    this.draw();
  },

  colourAt(x, y) {
    const rows = 3, width = this.still.width, height = this.still.height / rows;
    const [pen] = sized(scratch, width, height);
    pen.drawImage(this.still, 0, 0, width, height, 0, 0, width, height);
    const [red, green, blue] = pen.getImageData(Math.floor(x * width), Math.floor(y * height), 1, 1).data;
    return "#" + [red, green, blue].map((value) => value.toString(16).padStart(2, "0")).join("");
  },
};

function sized(canvas, width, height) {
  if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
  return [canvas.getContext("2d", { willReadFrequently: true })];
}

// The person alone: colours from the row before the last, alpha from the last.
function cutOut(source, width, height, rows) {
  const [pen] = sized(scratch, width, height);
  pen.drawImage(source, 0, height * (rows - 1), width, height, 0, 0, width, height);
  const alpha = pen.getImageData(0, 0, width, height).data;
  pen.drawImage(source, 0, height * (rows - 2), width, height, 0, 0, width, height);
  const colours = pen.getImageData(0, 0, width, height);
  for (let index = 3; index < alpha.length; index += 4) colours.data[index] = alpha[index - 3];
  pen.putImageData(colours, 0, 0);
  return scratch;
}

video.addEventListener("seeked", () => player.draw());
video.addEventListener("pause", () => { player.seek(player.snap(video.currentTime)); get("play").textContent = "Play"; });
video.addEventListener("play", () => {
  get("play").textContent = "Stop";
  const tick = () => {
    if (video.paused) return;
    player.time = player.snap(video.currentTime);
    player.onTime(player.time);
    player.draw();
    requestAnimationFrame(tick);
  };
  tick();
});
