// Before the first picture: window, device pixels, refresh rate, keyboard.

import * as api from "../base/api.js";
import { pinched } from "../trial/hold.js";
import { clock, measureFrame } from "../trial/player.js";
import { at, pressed, show } from "../base/screens.js";
import { write } from "../base/texts.js";

const SLOWEST_MS = 1000 / 45; // the time of a frame; a slower display gets a hint and is not refused
const STEP = 0.25; // displays scale by quarters, a browser's zoom does not
let frameMs = 0;

const touch = () => matchMedia("(pointer: coarse)").matches;

function mark(id, good, key, values) {
  at(id).className = good === null ? "" : good ? "yes" : "no";
  write(at(id), key, values);
}

// A window as large as the screen.
const largest = () => ({
  innerWidth: Math.max(screen.width, innerWidth),
  innerHeight: Math.max(screen.height, innerHeight),
});

function checkSize(study, layout, possible, onward) {
  at("screened").hidden = true;
  if (layout) return mark("check-size", true, `size_${layout}`);
  const { width, height } = study;
  mark("check-size", false, possible ? "size_window" : "size_screen", { width, height });
  at("screened").hidden = possible || !onward;
  if (onward) at("screened-link").href = onward;
}

function checkRatio() {
  const ratio = devicePixelRatio;
  const odd = !touch() && // phones have ratios of every kind
    (ratio < 1 || Math.abs(ratio / STEP - Math.round(ratio / STEP)) > 0.01);
  if (pinched()) mark("check-ratio", false, "ratio_pinched");
  else if (clock.stepMs) mark("check-ratio", false, "ratio_hidden"); // who hides the clock hides the pixels too
  else if (odd) mark("check-ratio", false, "ratio_odd", { percent: Math.round(100 * ratio) });
  else mark("check-ratio", true, "ratio_good");
}

function checkRate() {
  if (!frameMs) mark("check-rate", null, "rate_measuring");
  else mark("check-rate", frameMs < SLOWEST_MS, frameMs < SLOWEST_MS ? "rate_good" : "rate_slow",
    { n: Math.round(1000 / frameMs) });
}

function checkFocus() {
  if (touch()) at("check-focus").textContent = ""; // a finger needs no focus
  else mark("check-focus", document.hasFocus(), document.hasFocus() ? "focus_good" : "focus_click");
}

function checkAll(study, state, fitting) {
  const layout = fitting(study);
  checkSize(study, layout, fitting(study, largest()), state.screened_out);
  checkRatio();
  checkRate();
  checkFocus();
  at("ready").disabled = !layout || !frameMs || pinched();
  const smaller = innerWidth < 0.9 * screen.width || innerHeight < 0.9 * screen.height;
  at("fullscreen").hidden = !smaller || !document.fullscreenEnabled || Boolean(document.fullscreenElement);
}

function greet(study, state) {
  const resumed = state.done > 0;
  write(at("checks-title"), resumed ? "back_title" : "checks_title");
  write(at("checks-text"), resumed ? `back_${study.task}` : "checks_text",
    { n: state.done + 1, total: state.total });
  write(at("ready"), resumed ? "go_on" : state.trial.practice ? "start_practice" : "start");
  at("own-window").hidden = window.top === window.self;
  at("own-link").href = `${location.href}&go=1`;
}

// Resolves with the time of one frame once the observer is ready. `fitting` says which layout has room.
export async function checks(study, state, fitting) {
  frameMs = 0;
  greet(study, state);
  const listening = new AbortController();
  const again = () => checkAll(study, state, fitting);
  for (const kind of ["resize", "focus", "blur"]) addEventListener(kind, again, { signal: listening.signal });
  window.visualViewport?.addEventListener("resize", again, { signal: listening.signal });
  at("fullscreen").addEventListener("click", () => {
    api.report("fullscreen");
    document.documentElement.requestFullscreen().catch(() => {});
  }, { signal: listening.signal });
  show("checks");
  again();
  frameMs = await measureFrame();
  again();
  at("ready").focus();
  await pressed("ready");
  listening.abort();
  const size = { width: innerWidth, height: innerHeight, ratio: devicePixelRatio, frame_ms: frameMs, clock_ms: clock.stepMs };
  api.report("screen", size);
  return frameMs;
}
