// The frame that is shown: from the small video while it plays, from the server at full quality else.
import * as api from "./api.js";
import { alertOf, clock, get } from "./dom.js";

export const VIEWS = [["source", "Source"], ["matte", "Matte"], ["board", "Checkerboard"], ["colour", "Colour"], ["own", "Background"], ["split", "Before / after"]];
const SIDE = 1920, QUICK = 640, FASTEST = 8;
const picture = get("picture"), stage = get("stage"), video = get("video");
const scratch = document.createElement("canvas");

export const player = {
  clip: null, view: "board", split: 0.5, times: [], rate: 25, time: 0, speed: 0, still: null, source: null, stillAt: -1, playable: false, onTime: () => {},

  open(clip) {
    video.pause();
    this.speed = 0;
    Object.assign(this, { clip, times: [], rate: clip.rate ?? 25, time: 0, still: null, source: null, stillAt: -1, playable: false });
    video.removeAttribute("src");
    video.load();
    this.said();
    get("audio").hidden = !clip.audio;
    stage.style.setProperty("--aspect", clip.width / clip.height);
    picture.width = Math.min(clip.width, SIDE);
    picture.height = Math.round((picture.width * clip.height) / clip.width);
    this.refresh();
  },

  get length() { return this.times.length ? this.times.at(-1) + 1 / this.rate : this.clip?.duration ?? 1 / this.rate; },

  load(version, times) {
    this.times = times;
    video.src = api.playerOf(this.clip.id, version);
    video.addEventListener("loadeddata", () => { this.playable = true; this.said(); this.seek(this.time); }, { once: true });
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

  get playing() { return this.speed !== 0; },

  // On at a speed, or back at a negative one; 0 stops.
  run(speed) {
    if (!this.playable || speed === this.speed) return;
    if (speed > 0 && this.time >= this.length - 1.5 / this.rate) this.seek(0);
    this.speed = speed;
    if (speed <= 0) video.pause();
    if (speed > 0) {
      video.playbackRate = speed;
      video.play().catch(alertOf);
    } else if (speed < 0) backwards();
    else this.seek(this.snap(video.currentTime));
    this.said();
  },

  pause() { this.run(0); },
  toggle() { this.run(this.playing ? 0 : 1); },

  // As J and L do: the other way at once, the same way twice as fast.
  shuttle(direction) {
    const again = Math.sign(this.speed) === direction;
    this.run(again ? direction * Math.min(FASTEST, 2 * Math.abs(this.speed)) : direction);
  },

  said() {
    const { speed } = this;
    get("play").textContent = this.playing ? "Stop" : "Play";
    get("play").disabled = !this.playable;
    get("play").title = this.playable ? "Play (space)" : "Available when the clip has been analysed";
    get("speed").textContent = speed === 0 || speed === 1 ? "" : `${Math.abs(speed)}× ${speed < 0 ? "back" : "speed"}`;
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
        const same = this.stillAt === time && this.source?.width === picture.width && !this.quick ? this.source : null;
        const [still, source] = await api.frame(clip.id, time, quick ? Math.min(QUICK, largest) : largest, quick, same);
        if (clip !== this.clip) continue;
        Object.assign(this, { still, source, quick, stillAt: time });
        this.draw();
        performance.mark(quick ? "first-frame" : "frame");
      }
      get("busy").textContent = "";
    } catch (error) { get("busy").textContent = ""; alertOf(error); } finally { this.asking = false; }
  },

  draw() {
    const still = this.still && Math.abs(this.stillAt - this.time) < 1e-6 && !this.playing;
    if (!still && !(this.playable && video.readyState >= 2)) return;
    const from = still ? this.still : video, width = still ? from.width : video.videoWidth, height = (still ? from.height : video.videoHeight) / 2;
    if (picture.width !== width || picture.height !== height) { picture.width = width; picture.height = height; }
    const pen = picture.getContext("2d"), before = still ? this.source : video;
    pen.clearRect(0, 0, width, height);
    if (this.view === "source") pen.drawImage(before, 0, 0, width, height, 0, 0, width, height);
    else if (this.view === "matte") pen.drawImage(from, 0, height, width, height, 0, 0, width, height);
    else pen.drawImage(cutOut(from, width, height), 0, 0);
    if (this.view === "split") {
      const at = Math.round(this.split * width);
      if (at > 0) pen.drawImage(before, 0, 0, at, height, 0, 0, at, height);
    }
    picture.setAttribute("aria-label", `${VIEWS.find(([name]) => name === this.view)[1]} at ${clock(this.time)}`);
    stage.dataset.shown = still ? "still" : "video";
  },

  show(view) {
    this.view = view;
    // Not on the canvas itself: Chromium keeps the old background of one.
    get("backdrop").className = view === "split" ? "board" : view;
    this.draw();
  },

  colourAt(x, y) {
    const { width, height } = this.source, [pen] = sized(scratch, width, height);
    pen.drawImage(this.source, 0, 0);
    const [red, green, blue] = pen.getImageData(Math.floor(x * width), Math.floor(y * height), 1, 1).data;
    return "#" + [red, green, blue].map((value) => value.toString(16).padStart(2, "0")).join("");
  },
};

function sized(canvas, width, height) {
  if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
  return [canvas.getContext("2d", { willReadFrequently: true })];
}

// The person alone: colours above alpha.
function cutOut(source, width, height) {
  const [pen] = sized(scratch, width, height);
  pen.drawImage(source, 0, height, width, height, 0, 0, width, height);
  const alpha = pen.getImageData(0, 0, width, height).data;
  pen.drawImage(source, 0, 0, width, height, 0, 0, width, height);
  const colours = pen.getImageData(0, 0, width, height);
  for (let index = 3; index < alpha.length; index += 4) colours.data[index] = alpha[index - 3];
  pen.putImageData(colours, 0, 0);
  return scratch;
}

video.addEventListener("seeked", () => player.draw());
video.addEventListener("pause", () => { if (player.speed > 0) player.run(0); }); // at its end, or by the system
video.addEventListener("play", () => {
  const tick = () => {
    if (video.paused) return;
    moved(video.currentTime);
    requestAnimationFrame(tick);
  };
  tick();
});

function moved(time) {
  player.time = player.snap(time);
  player.onTime(player.time);
  player.draw();
}

// Browsers do not play backwards: it is sought, as fast as the frames come.
function backwards() {
  const begun = performance.now(), from = player.time, { speed } = player;
  const tick = () => {
    if (player.speed !== speed) return;
    const time = from + (speed * (performance.now() - begun)) / 1000;
    if (!video.seeking) {
      video.currentTime = player.snap(Math.max(0, time)) + 0.4 / player.rate;
      moved(video.currentTime);
    }
    if (time <= 0) player.run(0); else requestAnimationFrame(tick);
  };
  tick();
}

get("audio").addEventListener("click", () => {
  video.muted = !video.muted;
  get("audio").setAttribute("aria-pressed", String(!video.muted));
});
