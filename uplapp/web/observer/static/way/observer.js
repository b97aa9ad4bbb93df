// The way through a study: welcome, consent, checks, practice, trials, questions, thanks. The server says what is next.

import * as api from "../base/api.js";
import { calibrate } from "./calibration.js";
import { checks } from "./checks.js";
import { ask } from "./questions.js";
import { offerWithdrawal, thank } from "./ending.js";
import { clock, toBitmap } from "../trial/player.js";
import * as pairs from "../trial/pairs.js";
import * as rating from "../trial/rating.js";
import { announce, at, brief, delay, pause, show, stop } from "../base/screens.js";
import { dropSession, keepSession, readPanel, session } from "../base/store.js";
import { load, loaded, say } from "../base/texts.js";
import { claim, whoIsHere } from "./returning.js";
import { admits, consent, dates, full, invitation, preferred } from "./welcome.js";

const LATE_MS = 1600; // the sentence after a trial without an answer
const UNDECIDED = ["not_sure", "both_bad"];
const LATE_IN_A_ROW = 2; // then nobody may be there
const pictures = new Map(); // trial token -> promise of its bitmaps
let study;
let task; // pairs or rating
let frameMs;
let late = 0;
let choice = null; // of the last trial
let reloaded = false;

// ---- pictures ----------------------------------------------------------------------------------

function preload(trial) {
  if (trial && !pictures.has(trial.token)) {
    const load = async (slot) => [slot, await toBitmap(await api.picture(trial[slot]))];
    const slots = ["original", "left", "right"].filter((slot) => trial[slot]);
    const all = Promise.all(slots.map(load)).then(Object.fromEntries);
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

// ---- trials ------------------------------------------------------------------------------------

async function room() {
  while (!task.fitting(study)) await pause("small_title", "small_text");
  return task.fitting(study);
}

function count({ trial, done, total, practice_done: practised, practice_total: practices }) {
  return trial.practice
    ? say("practice", { n: practised + 1, total: practices })
    : say(`count_${study.task}`, { n: done + 1, total });
}

function measure(trial, bitmaps, layout) {
  const shown = { trial, bitmaps, layout, frameMs, study, note: api.report };
  return task.runTrial(study.task === "rating" ? { ...shown, bitmaps: { ...bitmaps, image: bitmaps.left } } : shown);
}

async function showTrial(state, layout) {
  const { trial } = state;
  const progress = `${(100 * state.done) / state.total}%`;
  at("bar").style.width = at("rate-bar").style.width = progress;
  at("count").textContent = at("rate-count").textContent = count(state);
  if (study.task === "rating") {
    show("rate"); // first: what has room is measured on the page
    task.arrange(trial, study);
    rating.focusFirst();
  } else {
    task.arrange(layout, trial, study);
    show("trial");
  }
  announce(count(state));
  await delay(study.blank_ms);
}

async function once(state) {
  const { trial } = state;
  const bitmaps = await preload(trial);
  const layout = await room();
  await showTrial(state, layout);
  preload(state.upcoming);
  const measured = await measure(trial, bitmaps, layout);
  free(trial.token);
  ({ choice } = measured);
  late = choice === "none" ? late + 1 : 0;
  return api.answer({ ...measured, clock_ms: clock.stepMs });
}

// Another tab may have answered this one: go on where the server is, once in a row.
async function next(state) {
  try {
    const reached = await once(state);
    reloaded = false;
    return reached;
  } catch (error) {
    if (error.status !== 409 || reloaded || api.waiting()) throw error;
    reloaded = true;
    late = 0;
    return api.state();
  }
}

async function sayLate() {
  if (late < LATE_IN_A_ROW) return brief("late_title", "late_text", LATE_MS);
  late = 0;
  return pause("away_title", "away_text", "go_on");
}

async function between(before, after) {
  if (late) await sayLate();
  else if (before.trial.practice && typeof after.correct === "boolean") {
    const key = after.correct ? "right" : UNDECIDED.includes(choice) ? "unsure" : "wrong";
    await pause(`${key}_title`, `${key}_text`);
  }
  if (before.trial.practice && after.trial && !after.trial.practice) {
    await pause("counts_title", `counts_${study.task}${study.not_sure ? "_unsure" : ""}`, "begin");
  }
  if (after.rest) {
    api.report("break");
    await pause("break_title", "break_text", "go_on");
  }
}

async function goThrough(state) {
  if (study.task === "rating" && state.trial?.practice && !state.practice_done) {
    await pause("range_title", "range_text");
  }
  while (state.trial) {
    const reached = await next(state);
    await between(state, reached);
    state = reached;
  }
  thank(study, state.ask ? await ask(study) : state);
}

// ---- around the trials -------------------------------------------------------------------------

function watch() {
  // Sent twice in a hurry, a form would load the page, with its replies in the address.
  addEventListener("submit", (event) => event.preventDefault());
  addEventListener("focus", () => api.report("focus"));
  addEventListener("blur", () => api.report("blur"));
  document.addEventListener("visibilitychange", () => api.report(document.hidden ? "hidden" : "visible"));
  let ratio = devicePixelRatio;
  addEventListener("resize", () => {
    api.report("resize", { width: innerWidth, height: innerHeight });
    if (ratio !== devicePixelRatio) api.report("pixel_ratio", { ratio: devicePixelRatio });
    ratio = devicePixelRatio;
  });
  api.onTrouble((lost) => {
    at("trouble").hidden = !lost;
  });
  offerWithdrawal();
}

async function resume() {
  if (!session()) return null;
  try {
    api.tryAgain();
    await api.flush().catch(() => {}); // a refused answer is decided: the state below says where we are
    const state = await api.state();
    keepSession(session());
    return state;
  } catch (error) {
    if (error.reason !== "unknown") throw error;
    dropSession();
    return null;
  }
}

async function begin() {
  watch();
  await load(preferred()); // for the line of trouble
  study = await invitation();
  readPanel(study.panel);
  let state = await whoIsHere(study, await resume());
  if (!state) {
    if (!admits(study)) return;
    study = await consent(study);
    state = await api.state();
  }
  claim();
  task = study.task === "rating" ? rating : pairs;
  preload(state.trial);
  if (state.trial) {
    frameMs = await checks(study, state, task.fitting);
    if (study.calibration) await calibrate(session());
  }
  await goThrough(state);
}

begin().catch(async (error) => {
  if (!loaded()) await load(preferred());
  const named = say(`refused_${error.reason}_title`) !== `refused_${error.reason}_title`;
  const reason = named ? error.reason : "other";
  if (!named) console.error(error);
  const onward = reason === "full" ? full(study) : "";
  stop(`refused_${reason}_title`, `refused_${reason}_text`, true, study ? dates(study) : {}, onward);
});
