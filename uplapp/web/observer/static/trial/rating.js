// One picture to rate, its original beside it, in its place, or not shown at all. Resolves with the ratings and times.

import { holdWhile } from "./hold.js";
import { countInputs, drawWait, Stopwatch, watchLimits } from "./limits.js";
import { fitToPixels, size } from "./player.js";
import { chooseDigit, complete, drawScales, ratings } from "./scales.js";
import { at } from "../base/screens.js";
import { write } from "../base/texts.js";

export { focusFirst } from "./scales.js";

const ROOM = { width: 16, height: 60 }; // CSS pixels around a picture. The scales may be scrolled to
// Pictures beside each other or one in place of the other, the scales below or beside them: the first that fits.
const ARRANGEMENTS = ["pair-below", "pair-aside", "one-below", "one-aside"];
const LAST = "one-below"; // where nothing fits, this one is scrolled
const EDGE = 12; // CSS pixels

// `space` is the window, or one of another size.
export function fitting({ width, height }, space = window) {
  const fits = space.innerWidth >= width / devicePixelRatio + ROOM.width
    && space.innerHeight >= height / devicePixelRatio + ROOM.height;
  return fits ? "single" : null;
}

// ---- where everything is -----------------------------------------------------------------------

// Everything in its place before the picture comes. The page is on show already, as its room is measured.
export function arrange(trial, study) {
  for (const name of ["image", "original"]) size(at(`rate-${name}`), trial.width, trial.height);
  drawScales(study.criteria);
  at("rate-wait").hidden = !study.min_view_ms;
  drawWait(at("rate-wait"), 0);
  write(at("rate-hint"), matchMedia("(pointer: coarse)").matches ? "hint_rating_touch" : "hint_rating");
  at("rate-send").disabled = at("rate-switch").disabled = true;
  place(trial);
  look(0);
}

function place(trial) {
  const choices = trial.original ? ARRANGEMENTS : ARRANGEMENTS.slice(2);
  const arrangement = choices.find((name) => {
    set(name, trial);
    return fitsWindow();
  });
  if (!arrangement) set(LAST, trial);
}

function set(name, trial) {
  const [shown, scales] = name.split("-");
  at("rate").dataset.pictures = trial.original ? shown : "alone";
  at("rate").dataset.scales = scales;
  at("view-image").hidden = false;
  at("view-original").hidden = !trial.original || shown === "one";
  at("rate-switch").hidden = !trial.original || shown === "pair";
}

function fitsWindow() {
  const screen = at("rate");
  const { left, right } = screen.querySelector(".stage").getBoundingClientRect();
  const whole = screen.scrollHeight <= innerHeight && screen.scrollWidth <= innerWidth;
  return whole && left >= EDGE && right <= innerWidth - EDGE;
}

const inPlace = () => at("rate").dataset.pictures === "one";

// The picture (0) or its original (1), where one is in place of the other.
function look(index) {
  if (inPlace()) {
    at("view-image").hidden = index === 1;
    at("view-original").hidden = index === 0;
  }
  at("rate-switch").setAttribute("aria-pressed", String(index === 1));
  write(at("rate-switch").querySelector("span"), index ? "show_image" : "show_original");
}

// ---- one trial ---------------------------------------------------------------------------------

class Viewing {
  #trial;
  #canvases;
  #began = performance.now();
  #held = false;
  #index = 0;
  watch = new Stopwatch();
  rest = new Stopwatch(); // measured by itself: a difference of clocks would call every rating paused
  grey = false;

  constructor(trial, bitmaps) {
    this.#trial = trial;
    const names = trial.original ? ["image", "original"] : ["image"];
    this.#canvases = names.map((name) => at(`rate-${name}`));
    this.seen = names.map(() => new Stopwatch());
    this.#canvases.forEach((canvas, index) => canvas.getContext("2d").drawImage(bitmaps[names[index]], 0, 0));
    this.#update();
  }

  #update() {
    fitToPixels(this.#canvases.filter((canvas) => !canvas.parentElement.hidden));
    this.seen.forEach((clock, index) => {
      const shown = !this.#held && !this.grey && (!inPlace() || index === this.#index);
      if (shown) clock.go();
      else clock.hold();
    });
    const [going, standing] = this.#held ? [this.rest, this.watch] : [this.watch, this.rest];
    going.go();
    standing.hold();
  }

  turn() {
    if (at("rate-switch").hidden || this.grey) return;
    this.#index = 1 - this.#index;
    look(this.#index);
    this.#update();
  }

  rearrange() {
    place(this.#trial);
    look(this.#index);
    this.#update();
  }

  hold(held) {
    this.#held = held;
    this.#update();
  }

  goGrey() {
    this.grey = true;
    at("rate-switch").disabled = true;
    this.clear();
    this.#update();
  }

  clear() {
    for (const canvas of this.#canvases) canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
  }

  get log() {
    const response_ms = performance.now() - this.#began;
    return {
      response_ms,
      paused_ms: this.rest.ms,
      seen_ms: [this.seen[0].ms, this.seen[1]?.ms ?? 0],
      layout: "single",
      frames_per_phase: 1,
      swaps_ms: [],
      gaps_ms: [],
      missed_frames: 0,
      pixel_ratio: devicePixelRatio,
    };
  }
}

export function runTrial({ trial, bitmaps, frameMs, study, note }) {
  const viewing = new Viewing(trial, bitmaps);
  let waited = study.min_view_ms ? 0 : 1; // share of the least view
  const ready = () => waited >= 1 && complete();
  const refresh = () => {
    at("rate-send").disabled = !ready();
  };
  at("rate-switch").disabled = false;
  refresh();

  return new Promise((resolve) => {
    const listening = new AbortController();
    const inputs = countInputs(listening.signal);
    function end(choice) {
      const measured = { ...viewing.log, inputs: inputs() };
      endLimits();
      listening.abort();
      viewing.clear();
      at("rate-send").disabled = at("rate-switch").disabled = true; // the rating is on its way
      resolve({ token: trial.token, choice, frame_ms: frameMs, ratings: ratings(study.criteria), ...measured });
    }
    const endLimits = watchLimits(study, viewing.watch, {
      onStep(share) {
        waited = share;
        drawWait(at("rate-wait"), share);
        refresh();
      },
      onGrey() {
        if (viewing.grey) return;
        viewing.goGrey();
        write(at("rate-hint"), "hint_rating_now");
        note("max_view", { seen_ms: viewing.log.seen_ms });
      },
      onLate: () => end("none"),
    });
    const on = (target, kind, action) => target.addEventListener(kind, action, { signal: listening.signal });
    on(at("ratings"), "submit", (event) => {
      event.preventDefault();
      if (ready() && at("held").hidden) end("rated");
    });
    on(at("ratings"), "change", refresh);
    on(at("rate-switch"), "click", () => viewing.turn());
    on(document, "keydown", (event) => onKey(event, viewing));
    on(window, "resize", () => viewing.rearrange());
    holdWhile(() => fitting(trial) !== null, (held) => viewing.hold(held), listening.signal);
  });
}

function onKey(event, viewing) {
  if (event.repeat || event.ctrlKey || event.altKey || event.metaKey || !at("held").hidden) return;
  if (event.key.toLowerCase() === "r") viewing.turn();
  else if (/^[0-9]$/.test(event.key)) chooseDigit(event.key);
  else if (event.key === "Enter" && !event.target.closest("button")) {
    event.preventDefault();
    at("rate-send").click(); // does nothing as long as it is disabled
  }
}
