// One comparison on screen: keys, buttons and the player. Resolves with the choice and what was measured.

import { holdWhile } from "./hold.js";
import { countInputs, drawWait, Stopwatch, watchLimits } from "./limits.js";
import { FlickerPlayer, fitToPixels, size } from "./player.js";
import { at } from "../base/screens.js";
import { say, write } from "../base/texts.js";

const CYCLES_IN_PLACE = 2; // both flickers, before an answer counts
const CYCLES_SIDE_BY_SIDE = 1; // an earlier key press cannot have seen a change
const NARROW = 600; // CSS pixels: on a phone two small flickers side by side are hard to compare
const BESIDE = 48; // CSS pixels beside the pictures, and between them
const SIDES = ["left", "right"];
const STEPS = { 1: [], 2: ["slight", "much"], 3: ["slight", "clear", "much"] }; // by how much one changes less
const ANSWERS = ["choose-left", "choose-right", "choose-shown", "not-sure", "both-bad"];
const FIRST_STEP_KEY = 3; // 1 and 2 are the sides

// Whether so many pictures of this size are in a window at one to one, with so much beside and around them.
function contains(count, { width, height }, { beside, around }, { innerWidth, innerHeight }) {
  const [wide, tall] = [width / devicePixelRatio, height / devicePixelRatio];
  return innerWidth >= count * wide + (count - 1) * BESIDE + beside && innerHeight >= tall + around;
}

// The height of all that stands above and below the pictures. It is measured on the page, for it follows from the
// study's answers and the language.
function heightAround(layout, study) {
  const screen = at("trial");
  const { hidden } = screen;
  arrange(layout, { width: study.width, height: 0 }, study);
  screen.hidden = false;
  const parts = [...screen.children].map((part) => part.getBoundingClientRect().height);
  screen.hidden = hidden;
  return parts.reduce((sum, height) => sum + height);
}

// The layout that shows pictures of this size at one to one: side by side where it fits, else in place, else none.
// `space` is the window, or one of another size.
export function fitting(study, space = window) {
  const has = (count, layout) =>
    contains(count, study, { beside: BESIDE, around: heightAround(layout, study) }, space);
  const both = study.layout === "side_by_side" || (study.layout === "auto" && space.innerWidth >= NARROW);
  if (both && has(2, "side_by_side")) return "side_by_side";
  return study.layout !== "side_by_side" && has(1, "in_place") ? "in_place" : null;
}

export function runTrial({ trial, bitmaps, layout, frameMs, study, note }) {
  const together = layout === "side_by_side";
  const canvases = together ? [at("canvas-left"), at("canvas-right")] : [at("canvas-left")];
  const watch = new Stopwatch();
  let waited = study.min_view_ms ? 0 : 1; // share of the least view
  let grey = false;
  let chosen = null; // a side, where the study asks by how much it changes less
  let checkHold = () => {};
  const player = new FlickerPlayer(canvases, { phaseMs: study.phase_ms, onSwap: () => tick() });
  player.load(bitmaps.original, [bitmaps.left, bitmaps.right]);
  player.start(frameMs, trial.first === "right" ? 1 : 0);

  const needed = () => (together ? CYCLES_SIDE_BY_SIDE : CYCLES_IN_PLACE) * player.cycleMs;
  const seenBoth = () => player.seen.every((ms) => ms >= needed());
  const seenEnough = () => waited >= 1 && seenBoth();
  const refresh = () => drawButtons(player, needed(), seenEnough(), together);
  function tick() {
    checkHold();
    if (!document.hidden && !player.resuming) watch.go();
    refresh();
  }
  function show(index) {
    player.show(index);
    refresh();
  }
  function goGrey() {
    if (grey || !seenBoth()) return;
    grey = true;
    player.clear();
    player.phase = -1; // nothing is drawn any more, whichever side is on show
    if (chosen === null) write(at("hint"), together ? "hint_now" : "hint_now_in_place");
    note("max_view", { seen_ms: player.seen });
  }
  refresh();

  return new Promise((resolve) => {
    const listening = new AbortController();
    const inputs = countInputs(listening.signal);
    function end(choice, step = 0) {
      const measured = { ...player.log, inputs: inputs() };
      endLimits();
      listening.abort();
      player.clear();
      closeAnswers(); // one is on its way
      resolve({ token: trial.token, choice, step, layout, pixel_ratio: devicePixelRatio, ...measured });
    }
    const choose = (choice) => seenEnough() && end(choice);
    function choosePlace(index) {
      if (study.steps < 2) return choose(SIDES[index]);
      if (!seenEnough()) return;
      choosing(index);
    }
    // In place a switch takes the choice back: it would not be clear which one is meant.
    function turn(index) {
      if (chosen !== null && index !== player.shown) choosing(null);
      show(index);
    }
    function choosing(index) {
      chosen = index;
      drawChosen(chosen, together);
      const now = grey ? "hint_now" : "hint";
      if (index !== null) write(at("hint"), "how_much");
      else write(at("hint"), `${now}_in_place`);
    }
    const steps = STEPS[study.steps].map((name, index) => ({
      id: `step-${name}`,
      key: FIRST_STEP_KEY + index,
      action: () => chosen !== null && end(SIDES[chosen], index + 1),
    }));
    const endLimits = watchLimits(study, watch, {
      onStep(share) {
        waited = share;
        drawWait(at("wait"), share);
        refresh();
      },
      onGrey: goGrey,
      onLate: () => end("none"),
    });
    const side = (index) => (together ? choosePlace(index) : turn(index));
    listen({
      left: () => side(0),
      right: () => side(1),
      shown: () => together || choosePlace(player.shown),
      unsure: () => study.not_sure && choose("not_sure"),
      bad: () => study.both_bad && choose("both_bad"),
    }, steps, listening.signal);
    checkHold = holdWhile(() => contains(canvases.length, trial, { beside: 0, around: 0 }, window), (held) => {
      if (held) player.pause();
      else player.resume();
      if (held) watch.hold();
      else if (player.begin !== null) watch.go();
    }, listening.signal);
    window.addEventListener("resize", () => fitToPixels(canvases), { signal: listening.signal });
  });
}

function drawButtons(player, needed, ready, together) {
  SIDES.forEach((side, index) => {
    const button = at(`show-${side}`);
    button.setAttribute("aria-pressed", String(player.shown === index));
    button.style.setProperty("--seen", `${Math.min(100, (100 * player.seen[index]) / needed)}%`);
  });
  at("choose-left").disabled = at("choose-right").disabled = !ready;
  at("choose-shown").disabled = !together && !ready;
  at("not-sure").disabled = at("both-bad").disabled = !ready;
}

// Nothing can be chosen, and nothing is on show.
function closeAnswers() {
  for (const id of ANSWERS) at(id).disabled = true;
  for (const button of [at("show-left"), at("show-right")]) {
    button.setAttribute("aria-pressed", "false");
    button.style.setProperty("--seen", "0%");
  }
}

// The chosen side stays pressed, and can be changed until it is said by how much it changes less.
function drawChosen(chosen, together) {
  at("steps").style.visibility = chosen === null ? "hidden" : "visible";
  SIDES.forEach((side, index) => at(`choose-${side}`).setAttribute("aria-pressed", String(index === chosen)));
  at("choose-shown").setAttribute("aria-pressed", String(!together && chosen !== null));
}

function listen({ left, right, shown, unsure, bad }, steps, signal) {
  const keys = { ArrowLeft: left, 1: left, ArrowRight: right, 2: right, Enter: shown, 0: unsure, 9: bad };
  for (const { key, action } of steps) keys[key] = action;
  const held = () => !at("held").hidden;
  document.addEventListener("keydown", (event) => {
    if (event.repeat || event.ctrlKey || event.altKey || event.metaKey || !(event.key in keys) || held()) return;
    if (event.key === "Enter" && event.target.closest("button")) return; // a focused button does its own
    event.preventDefault();
    keys[event.key]();
  }, { signal });
  const clicks = { "choose-left": left, "choose-right": right, "show-left": left, "show-right": right };
  const others = { "choose-shown": shown, "not-sure": unsure, "both-bad": bad };
  for (const { id, action } of steps) others[id] = action;
  for (const [id, action] of Object.entries({ ...clicks, ...others })) {
    at(id).addEventListener("click", (event) => {
      if (held()) return;
      if (event.detail) at("trial").focus(); // after a pointer, Enter chooses again
      action();
    }, { signal });
  }
}

// Everything in its place, with empty canvases, before the first picture.
export function arrange(layout, { width, height }, study) {
  const together = layout === "side_by_side";
  at("canvas-right").hidden = at("sides").hidden = !together;
  at("places").hidden = at("choose-shown").hidden = together;
  at("not-sure").hidden = !study.not_sure;
  at("both-bad").hidden = !study.both_bad;
  arrangeSteps(STEPS[study.steps]);
  at("wait").hidden = !study.min_view_ms;
  drawWait(at("wait"), 0);
  closeAnswers();
  for (const id of ANSWERS) at(id).removeAttribute("aria-pressed");
  at("canvas-left").setAttribute("aria-label", say(together ? "left_flicker" : "shown_flicker"));
  const hint = study.max_view_ms ? "hint_limited" : `hint_${layout}`;
  write(at("hint"), hint, { n: Math.round(study.max_view_ms / 100) / 10 });
  for (const canvas of [at("canvas-left"), at("canvas-right")]) size(canvas, width, height);
  at("trial").style.setProperty("--wide", `${width / devicePixelRatio}px`);
}

// They keep their room while they cannot be seen, so that nothing moves.
function arrangeSteps(names) {
  at("steps").hidden = !names.length;
  at("steps").style.visibility = "hidden";
  for (const name of STEPS[3]) {
    const button = at(`step-${name}`);
    button.hidden = !names.includes(name);
    button.querySelector("kbd").textContent = FIRST_STEP_KEY + names.indexOf(name);
  }
}
