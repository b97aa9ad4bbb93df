// The way through a study: welcome, consent, checks, practice, comparisons, thanks. The server says what is next.

import * as api from "./api.js";
import { measureFrame, toBitmap } from "./player.js";
import { arrange, fitting, runTrial } from "./trial.js";

const BLANK_MS = 350; // grey between comparisons
const SECONDS_A_TRIAL = 7;
const SAFE_HZ = 3; // flashes a second, WCAG 2.3.1
const at = (id) => document.getElementById(id);
const pictures = new Map(); // trial token -> promise of its bitmaps
let study;
let frameMs;

function show(name, focus = name) {
  for (const screen of document.querySelectorAll("main")) screen.hidden = screen.id !== name;
  at(focus).focus({ preventScroll: true });
  scrollTo(0, 0);
}

function pressed(id) {
  return new Promise((resolve) => at(id).addEventListener("click", resolve, { once: true }));
}

async function pause(title, text, button = "Continue") {
  at("pause-title").textContent = title;
  at("pause-text").textContent = text;
  at("pause-next").textContent = button;
  show("pause", "pause-next");
  await pressed("pause-next");
}

// ---- consent -----------------------------------------------------------------------------------

async function consent() {
  at("title").textContent = study.title;
  at("trials").textContent = study.trials;
  const minutes = Math.max(1, Math.round((study.trials * SECONDS_A_TRIAL) / 60));
  at("minutes").textContent = minutes === 1 ? "1 minute" : `${minutes} minutes`;
  at("consent-text").textContent = study.consent.text.replace(/([^\n])\n(?!\n)/g, "$1 ");
  at("consent-version").textContent = study.consent.version;
  at("fast").hidden = 1000 / (2 * study.phase_ms) <= SAFE_HZ;
  show("welcome");
  await new Promise((resolve) =>
    at("consent").addEventListener("submit", (event) => {
      event.preventDefault();
      resolve();
    }, { once: true }),
  );
  api.keepSession((await api.join(study.consent.version)).session);
}

// ---- checks ------------------------------------------------------------------------------------

function mark(id, good, text) {
  at(id).className = good === null ? "" : good ? "yes" : "no";
  at(id).textContent = text;
}

function checkWindow() {
  const layout = fitting(study);
  const where = { side_by_side: "two pictures side by side", in_place: "one picture at a time" }[layout];
  mark("check-size", Boolean(layout), layout
    ? `Your window has room for ${where}.`
    : "Your window is too small to show the pictures unscaled. Make it larger, or use another device.");
  mark("check-ratio", true, "Pictures are shown unscaled, dot for dot.");
  at("ready").disabled = !layout || !frameMs;
  return layout;
}

async function checks(state) {
  const resumed = state.done > 0;
  at("checks-title").textContent = resumed ? "Welcome back" : "Your screen";
  at("checks-text").textContent = resumed
    ? `You are at comparison ${state.done + 1} of ${state.total}; every answer so far is stored.`
    : "The pictures must appear exactly as they are, so a few things are checked first.";
  at("ready").textContent = resumed ? "Go on" : "Start practice";
  mark("check-rate", null, "Measuring how often your screen refreshes …");
  frameMs = 0;
  show("checks");
  checkWindow();
  addEventListener("resize", checkWindow);
  frameMs = await measureFrame();
  mark("check-rate", true, `Your screen refreshes ${Math.round(1000 / frameMs)} times a second.`);
  checkWindow();
  at("ready").focus();
  await pressed("ready");
  removeEventListener("resize", checkWindow);
  const size = { width: innerWidth, height: innerHeight, ratio: devicePixelRatio, frame_ms: frameMs };
  api.tell([{ kind: "screen", at_ms: performance.now(), detail: size }]);
}

// ---- comparisons -------------------------------------------------------------------------------

function preload(trial) {
  if (trial && !pictures.has(trial.token)) {
    const load = async (slot) => [slot, await toBitmap(await api.picture(trial[slot]))];
    const all = Promise.all(["original", "left", "right"].map(load)).then(Object.fromEntries);
    all.catch(() => pictures.delete(trial.token));
    pictures.set(trial.token, all);
  }
  return trial && pictures.get(trial.token);
}

async function free(token) {
  const bitmaps = await pictures.get(token);
  pictures.delete(token);
  for (const bitmap of Object.values(bitmaps)) bitmap.close();
}

async function room() {
  while (!fitting(study)) {
    await pause("The window is too small", "Make it as large as before; the pictures cannot be scaled.");
  }
  return fitting(study);
}

async function compare(state) {
  const { trial } = state;
  const bitmaps = await preload(trial);
  const layout = await room();
  arrange(layout, trial, study.not_sure);
  at("bar").style.width = `${(100 * state.done) / state.total}%`;
  at("count").textContent = trial.practice ? "Practice" : `Comparison ${state.done + 1} of ${state.total}`;
  show("trial");
  at("status").textContent = at("count").textContent;
  await new Promise((done) => setTimeout(done, BLANK_MS));
  preload(state.upcoming);
  const measured = await runTrial({
    trial, bitmaps, layout, frameMs, phaseMs: study.phase_ms, notSure: study.not_sure,
  });
  free(trial.token);
  return api.answer(measured);
}

async function between(before, after) {
  if (before.trial.practice) {
    const title = after.correct ? "That is right" : "Look closely";
    const text = after.correct
      ? "The flicker you chose did not change at all: both its pictures were the original."
      : "The other flicker did not change at all: both its pictures were the original.";
    await pause(title, text);
    if (after.trial && !after.trial.practice) {
      await pause("Now it counts", "From here on nobody knows the right answer: trust your eyes. "
        + "The differences can be small; if you cannot tell, choose what seems closer.", "Begin");
    }
  }
  if (after.rest) {
    api.tell([{ kind: "break", at_ms: performance.now() }]);
    await pause("Time for a break", "Look away from the screen for a moment. Go on when you are ready.");
  }
}

async function goThrough(state) {
  while (state.trial) {
    const next = await compare(state);
    await between(state, next);
    state = next;
  }
  at("code").textContent = state.code;
  at("ranking").hidden = !study.ranking;
  show("thanks");
}

// ---- around the comparisons --------------------------------------------------------------------

function watch() {
  const note = (kind, detail = {}) => api.session() && api.tell([{ kind, at_ms: performance.now(), detail }]);
  addEventListener("focus", () => note("focus"));
  addEventListener("blur", () => note("blur"));
  document.addEventListener("visibilitychange", () => note(document.hidden ? "hidden" : "visible"));
  let ratio = devicePixelRatio;
  addEventListener("resize", () => {
    note("resize", { width: innerWidth, height: innerHeight });
    if (ratio !== devicePixelRatio) note("pixel_ratio", { ratio: devicePixelRatio });
    ratio = devicePixelRatio;
  });
  api.onTrouble((lost) => {
    at("trouble").hidden = !lost;
    at("trouble").textContent = "The connection is lost. Your answers are safe on this device; trying again …";
  });
}

async function resume() {
  if (!api.session()) return null;
  try {
    await api.flush().catch(() => {}); // a refused answer is decided; the state below says where we are
    const state = await api.state();
    api.keepSession(api.session());
    return state;
  } catch (error) {
    if (error.status !== 404) throw error;
    api.dropSession();
    return null;
  }
}

async function run() {
  study = await api.welcome();
  document.title = study.title;
  watch();
  let state = await resume();
  if (!state) {
    await consent();
    state = await api.state();
  }
  preload(state.trial);
  if (state.trial) await checks(state);
  await goThrough(state);
}

run().catch((error) => {
  const moved = error.status === 409 || error.status === 404;
  const notNow = error.status === 403; // paused, closed or full: the server says which
  at("gone-title").textContent = moved ? "This study went on elsewhere"
    : notNow ? "Not at the moment" : "Something went wrong";
  at("gone-text").textContent = moved
    ? "Perhaps it is open in another tab, or it was started anew. What you answered is stored."
    : notNow ? error.message : `Your answers so far are stored. ${error.message}`;
  show("gone", "gone-next");
  at("gone-next").addEventListener("click", () => location.reload());
});
