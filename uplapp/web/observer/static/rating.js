// One picture to rate on one or several scales, its original beside it, in its place, or not shown at all.

import { holdWhile } from "./hold.js";
import { drawWait, Stopwatch, watchLimits } from "./limits.js";
import { fitToPixels } from "./player.js";
import { at } from "./screens.js";
import { labels, write } from "./texts.js";
import { size } from "./trial.js";

const ROOM = { width: 16, height: 60 }; // CSS pixels around a picture; the scales may be scrolled to
// Pictures beside each other or one in place of the other, the scales below or beside them: the first that fits.
const ARRANGEMENTS = ["pair-below", "pair-aside", "one-below", "one-aside"];
const EDGE = 12;
const LAST = "one-below"; // where nothing fits, this one is scrolled

export function fitting({ width, height }) {
  const fits = innerWidth >= width / devicePixelRatio + ROOM.width
    && innerHeight >= height / devicePixelRatio + ROOM.height;
  return fits ? "single" : null;
}

const views = (trial) => (trial.original ? ["image", "original"] : ["image"]);

// Everything in its place before the picture comes; remembers in the page how.
export function arrange(trial, study) {
  for (const name of ["image", "original"]) size(at(`rate-${name}`), trial.width, trial.height);
  drawCriteria(study.criteria);
  at("rate-wait").hidden = !study.min_view_ms;
  drawWait(at("rate-wait"), 0);
  write(at("rate-hint"), matchMedia("(pointer: coarse)").matches ? "hint_rating_touch" : "hint_rating");
  place(trial);
  look(0);
}

function place(trial) {
  const screen = at("rate");
  const choices = trial.original ? ARRANGEMENTS : ARRANGEMENTS.slice(2);
  const tried = choices.find((name) => {
    set(name);
    return screen.scrollHeight <= innerHeight && screen.scrollWidth <= innerWidth && !overflows(screen);
  });
  if (!tried) set(LAST);

  function set(name) {
    const [pictures, scales] = name.split("-");
    screen.dataset.pictures = trial.original ? pictures : "alone";
    screen.dataset.scales = scales;
    at("view-original").hidden = !trial.original || pictures === "one";
    at("rate-switch").hidden = !trial.original || pictures === "pair";
  }
}

function overflows(screen) {
  const { left, right } = screen.querySelector(".stage").getBoundingClientRect();
  return left < EDGE || right > innerWidth - EDGE;
}

function look(index) {
  const together = at("rate").dataset.pictures !== "one";
  at("view-image").hidden = !together && index === 1;
  if (!together) at("view-original").hidden = index === 0;
  at("rate-switch").setAttribute("aria-pressed", String(index === 1));
  write(at("rate-switch").querySelector("span"), index ? "show_image" : "show_original");
}

function drawCriteria(criteria) {
  const made = criteria.map((criterion, place) => {
    const group = document.createElement("fieldset");
    const legend = document.createElement("legend");
    legend.textContent = criterion.question;
    const row = document.createElement("div");
    row.className = "scale";
    row.style.setProperty("--steps", criterion.values.length);
    const words = labels(criterion);
    row.append(...criterion.values.map((value, index) => option(`criterion-${place}`, value, words[index])));
    group.append(legend, row);
    return group;
  });
  at("criteria").replaceChildren(...made);
}

function option(name, value, word) {
  const [label, input, number, text] = ["label", "input", "b", "span"].map((tag) => document.createElement(tag));
  Object.assign(input, { type: "radio", name, value: String(value), className: "unseen" });
  number.textContent = value;
  text.textContent = word;
  label.append(input, number, " ", text);
  return label;
}

const groups = () => [...at("criteria").querySelectorAll("fieldset")];
const given = (group) => group.querySelector("input:checked");

export function focusFirst() {
  at("criteria").querySelector("input").focus({ preventScroll: true });
}

export function runTrial({ trial, bitmaps, frameMs, study, note }) {
  const names = views(trial);
  const canvases = names.map((name) => at(`rate-${name}`));
  const seen = names.map(() => new Stopwatch());
  const watch = new Stopwatch();
  const began = performance.now();
  let waited = study.min_view_ms ? 0 : 1;
  let index = 0;
  let held = false;
  let grey = false;
  canvases.forEach((canvas, place) => canvas.getContext("2d").drawImage(bitmaps[names[place]], 0, 0));
  fit();

  function fit() {
    fitToPixels(canvases.filter((canvas) => !canvas.parentElement.hidden));
  }
  function count() {
    const together = at("rate").dataset.pictures !== "one";
    seen.forEach((clock, place) => (!held && !grey && (together || place === index) ? clock.go() : clock.hold()));
    if (held) watch.hold();
    else watch.go();
  }
  function turn() {
    if (at("rate-switch").hidden || grey) return;
    index = 1 - index;
    look(index);
    fit();
    count();
  }
  function goGrey() {
    if (grey) return;
    grey = true;
    for (const canvas of canvases) canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
    at("rate-switch").disabled = true;
    write(at("rate-hint"), "hint_rating_now");
    count();
    note("max_view", { seen_ms: seen.map((clock) => clock.ms) });
  }
  const ready = () => waited >= 1 && groups().every(given);
  const refresh = () => {
    at("rate-send").disabled = !ready();
  };
  at("rate-switch").disabled = false;
  refresh();
  count();

  return new Promise((resolve) => {
    const listening = new AbortController();
    const { signal } = listening;
    function end(choice) {
      const measured = measure();
      endLimits();
      listening.abort();
      for (const canvas of canvases) canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
      resolve({ token: trial.token, choice, ...measured });
    }
    function measure() {
      const now = performance.now();
      const values = study.criteria.map(({ name }, place) => [name, given(groups()[place])]);
      const ratings = Object.fromEntries(values.filter(([, input]) => input).map(([name, input]) => [name, Number(input.value)]));
      return {
        ratings, layout: "single", frame_ms: frameMs, frames_per_phase: 1, swaps_ms: [], gaps_ms: [], missed_frames: 0,
        response_ms: now - began, paused_ms: Math.max(0, now - began - watch.ms), pixel_ratio: devicePixelRatio,
        seen_ms: [seen[0].ms, seen[1]?.ms ?? 0],
      };
    }
    const endLimits = watchLimits(study, watch, {
      onStep(share) {
        waited = share;
        drawWait(at("rate-wait"), share);
        refresh();
      },
      onGrey: goGrey,
      onLate: () => end("none"),
    });
    at("ratings").addEventListener("submit", (event) => {
      event.preventDefault();
      if (ready() && !held) end("rated");
    }, { signal });
    at("ratings").addEventListener("change", refresh, { signal });
    at("rate-switch").addEventListener("click", turn, { signal });
    document.addEventListener("keydown", (event) => onKey(event, turn), { signal });
    holdWhile(() => fitting(trial) !== null, (now) => {
      held = now;
      count();
    }, signal);
    window.addEventListener("resize", () => {
      place(trial);
      look(index);
      fit();
      count();
    }, { signal });
  });
}

function onKey(event, turn) {
  if (event.repeat || event.ctrlKey || event.altKey || event.metaKey || !at("held").hidden) return;
  if (event.key === "r" || event.key === "R") return turn();
  if (event.key === "Enter" && !event.target.closest("button")) {
    event.preventDefault();
    at("rate-send").click(); // does nothing as long as it is disabled
  }
  if (!/^[0-9]$/.test(event.key)) return;
  const group = document.activeElement?.closest("fieldset") ?? groups().find((one) => !given(one)) ?? groups()[0];
  const input = group.querySelector(`input[value="${event.key}"]`);
  input?.focus();
  input?.click();
}
