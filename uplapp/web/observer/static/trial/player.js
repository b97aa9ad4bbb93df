// Frame-locked flicker: each canvas alternates between an original and a candidate, at exact device pixels.
//
//   const player = new FlickerPlayer(canvases, { phaseMs: 250 });
//   player.load(original, candidates);        // ImageBitmaps; as many candidates as canvases, or two on one
//   player.start(await measureFrame());       // one canvas and two candidates: show(0) or show(1)
//   player.stop();  player.log                // every swap and every late frame, in ms since the first picture
//
// The swaps are the frames that were requested, by the display's own timestamps, not photons.

const LOGGED = 2400; // ten minutes at 250 ms; keeps an answer below the server's limit
const LATE = 1.5; // frames
const DRAWN = 0.05; // of a frame
const PAUSE_MS = 250; // a display has more frames a second

const COARSE_MS = 5; // clocks of other browsers have steps of 1 ms or less
const STEPS = 3;

// The step of a coarse clock, 0 for others: browsers that hide who they are round their times to 16.67 or 100 ms,
// so that two frames may have one time. Then frames are counted.
export const clock = { stepMs: 0 };

export class FlickerPlayer {
  #canvases;
  #phaseMs;
  #original = null;
  #candidates = [];
  #request = 0;

  constructor(canvases, { phaseMs = 250, onSwap = () => {} } = {}) {
    this.#canvases = canvases;
    this.#phaseMs = phaseMs;
    this.onSwap = onSwap;
  }

  load(original, candidates) {
    this.stop();
    this.#original = original;
    this.#candidates = candidates;
    for (const canvas of this.#canvases) {
      canvas.width = original.width;
      canvas.height = original.height;
    }
    fitToPixels(this.#canvases);
  }

  start(frameMs, shown = 0) {
    this.stop();
    this.frameMs = frameMs;
    this.framesPerPhase = framesPerPhase(this.#phaseMs, frameMs);
    this.shown = shown;
    this.begin = this.origin = this.last = null;
    this.phase = -1;
    this.swaps = [];
    this.gaps = [];
    this.missed = 0;
    this.paused = 0;
    this.seen = this.#candidates.map(() => 0);
    this.resuming = false;
    this.counted = null;
    this.running = true;
    this.#request = requestAnimationFrame((time) => this.#tick(time));
  }

  stop() {
    cancelAnimationFrame(this.#request);
    this.running = false;
  }

  // A hidden page gets no frames: stand still, then go on where the phase was.
  pause() {
    if (!this.running) return;
    cancelAnimationFrame(this.#request);
    this.resuming = true;
  }

  resume() {
    if (!this.running || !this.resuming) return;
    cancelAnimationFrame(this.#request);
    this.#request = requestAnimationFrame((time) => this.#tick(time));
  }

  show(index) {
    this.shown = index;
    if (this.phase >= 0) this.#draw();
  }

  clear() {
    this.stop();
    for (const canvas of this.#canvases) context(canvas).clearRect(0, 0, canvas.width, canvas.height);
  }

  get cycleMs() {
    return 2 * this.framesPerPhase * this.frameMs;
  }

  get log() {
    const round = (ms) => Math.round(ms * 100) / 100;
    return {
      response_ms: round(performance.now() - this.begin),
      frame_ms: this.frameMs,
      frames_per_phase: this.framesPerPhase,
      swaps_ms: this.swaps.map(round),
      gaps_ms: this.gaps.map(round),
      missed_frames: this.missed,
      paused_ms: round(this.paused),
      seen_ms: this.seen.map(round),
    };
  }

  #tick(stamp) {
    this.#request = requestAnimationFrame((next) => this.#tick(next));
    const time = this.#timed(stamp);
    if (this.begin === null) this.begin = this.origin = this.last = time;
    if (this.resuming) this.#skip(time);
    this.#account(time - this.last);
    this.last = time;
    const half = this.framesPerPhase * this.frameMs;
    const phase = Math.floor((time - this.origin + this.frameMs / 2) / half);
    if (phase === this.phase) return;
    const changes = phase > 0 && (phase - this.phase) % 2; // two phases on, the picture is the same one
    if (changes && this.swaps.length < LOGGED) this.swaps.push(time - this.begin);
    this.phase = phase;
    this.#draw();
    this.onSwap();
  }

  // Of a coarse clock the frames are counted. A count that leaves the step it must lie in is drawn back to it
  // slowly; only frames that were late by a whole step make it jump.
  #timed(stamp) {
    if (!clock.stepMs) return stamp;
    const next = (this.counted ?? stamp - this.frameMs) + this.frameMs;
    const off = stamp - next; // a clock shows the step that has begun: between -stepMs and 0
    if (off > clock.stepMs || off < -2 * clock.stepMs) this.counted = stamp;
    else if (off > 0) this.counted = next + DRAWN * this.frameMs;
    else this.counted = off < -clock.stepMs ? next - DRAWN * this.frameMs : next;
    return this.counted;
  }

  #skip(time) {
    const pause = Math.max(0, time - this.last - this.frameMs);
    this.paused += pause;
    this.origin += pause;
    this.last += pause;
    this.resuming = false;
  }

  #account(delta) {
    if (delta > LATE * this.frameMs) {
      if (this.gaps.length < LOGGED) this.gaps.push(delta);
      this.missed += Math.round(delta / this.frameMs) - 1;
    }
    const together = this.#canvases.length > 1;
    this.seen = this.seen.map((ms, index) => (together || index === this.shown ? ms + delta : ms));
  }

  #draw() {
    this.#canvases.forEach((canvas, index) => {
      const candidate = this.#candidates[this.#canvases.length > 1 ? index : this.shown];
      context(canvas).drawImage(this.phase % 2 ? candidate : this.#original, 0, 0);
    });
  }
}

// Timestamps are rounded to .1 ms, so a bare delta slips a frame about every 500: count the frames instead,
// for a second at least, or a fast display slips as well. A pause, as of a hidden page, is no frame; where more
// than half of the frames are late, the median is two frames, the lower quartile still one. Of a coarse clock the
// frames between its first step and its last are counted.
export async function measureFrame(least = { frames: 60, ms: 1000 }) {
  const frame = () => new Promise(requestAnimationFrame);
  const deltas = [];
  let total = 0;
  for (let last = await frame(), time; deltas.length < least.frames || total < least.ms || deltas.at(-1) === 0; last = time) {
    time = await frame();
    if (time - last > PAUSE_MS) continue;
    deltas.push(time - last);
    total += time - last;
  }
  clock.stepMs = clockStep();
  if (clock.stepMs) {
    const first = deltas.findIndex((delta) => delta > 0);
    return (total - deltas[first]) / (deltas.length - 1 - first);
  }
  const one = [...deltas].sort((a, b) => a - b)[Math.floor(deltas.length / 4)];
  return total / deltas.reduce((frames, delta) => frames + Math.round(delta / one), 0);
}

// Read the clock until it has changed, the first time in the middle of a step. One fine step is enough: a machine
// that is busy with something else makes steps longer, nothing makes them shorter.
function clockStep() {
  let smallest = Infinity;
  let last = performance.now();
  for (let changes = 0; changes <= STEPS && smallest > COARSE_MS;) {
    const now = performance.now();
    if (now === last) continue;
    if (changes) smallest = Math.min(smallest, now - last);
    changes += 1;
    last = now;
  }
  return smallest > COARSE_MS ? smallest : 0;
}

// The .01 keeps 7.5 frames (125 ms at 60 Hz) from falling to 7.
export function framesPerPhase(phaseMs, frameMs) {
  return Math.max(1, Math.floor(phaseMs / frameMs + 0.5 + 0.01));
}

// One image pixel on one device pixel: the size divides by the ratio, the corner snaps to the device's grid.
export function fitToPixels(canvases) {
  const ratio = window.devicePixelRatio;
  for (const canvas of canvases) {
    canvas.style.width = `${canvas.width / ratio}px`;
    canvas.style.height = `${canvas.height / ratio}px`;
    canvas.style.left = canvas.style.top = "0px";
  }
  for (const canvas of canvases) {
    const { left, top } = canvas.getBoundingClientRect();
    canvas.style.left = `${Math.round(left * ratio) / ratio - left}px`;
    canvas.style.top = `${Math.round(top * ratio) / ratio - top}px`;
  }
}

// The room that a picture of this size will need, before it is there.
export function size(canvas, width, height) {
  Object.assign(canvas, { width, height });
  Object.assign(canvas.style, { width: `${width / devicePixelRatio}px`, height: `${height / devicePixelRatio}px` });
}

export async function toBitmap(blob) {
  return createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
}

function context(canvas) {
  return canvas.getContext("2d");
}
