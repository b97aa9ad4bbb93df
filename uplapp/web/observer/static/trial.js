// One comparison on screen: keys, buttons and the player; resolves with what was chosen and measured.

import { FlickerPlayer, fitToPixels } from "./player.js";

const CYCLES_IN_PLACE = 2; // both flickers, before an answer counts
const CYCLES_SIDE_BY_SIDE = 1; // an earlier key press cannot have seen a change
const ROOM = { width: 48, height: 250, gap: 48 }; // CSS pixels around and between the pictures

const at = (id) => document.getElementById(id);

// The layout that shows pictures of this size at one to one: side by side where it fits, else in place, else none.
export function fitting({ width, height, layout }) {
  const ratio = window.devicePixelRatio;
  const [wide, tall] = [width / ratio, height / ratio];
  const fits = (count) =>
    innerWidth >= count * wide + (count - 1) * ROOM.gap + ROOM.width && innerHeight >= tall + ROOM.height;
  if (layout !== "in_place" && fits(2)) return "side_by_side";
  return layout !== "side_by_side" && fits(1) ? "in_place" : null;
}

export function runTrial({ trial, bitmaps, layout, phaseMs, frameMs, notSure }) {
  const together = layout === "side_by_side";
  const canvases = together ? [at("canvas-left"), at("canvas-right")] : [at("canvas-left")];
  const player = new FlickerPlayer(canvases, { phaseMs, onSwap: () => refresh() });
  player.load(bitmaps.original, [bitmaps.left, bitmaps.right]);
  player.start(frameMs, trial.first === "right" ? 1 : 0);

  const needed = () => (together ? CYCLES_SIDE_BY_SIDE : CYCLES_IN_PLACE) * player.cycleMs;
  const seenEnough = () => player.seen.every((ms) => ms >= needed());
  function refresh() {
    ["left", "right"].forEach((side, index) => {
      const button = at(`show-${side}`);
      button.setAttribute("aria-pressed", String(player.shown === index));
      button.style.setProperty("--seen", `${Math.min(100, (100 * player.seen[index]) / needed())}%`);
    });
    at("choose-left").disabled = at("choose-right").disabled = !seenEnough();
    at("choose-shown").disabled = !together && !seenEnough();
    at("not-sure").disabled = !seenEnough();
  }
  function show(index) {
    player.show(index);
    refresh();
  }
  refresh();

  return new Promise((resolve) => {
    const listening = new AbortController();
    const on = (target, kind, action) => target.addEventListener(kind, action, { signal: listening.signal });
    function choose(choice) {
      if (!seenEnough()) return;
      const measured = player.log;
      listening.abort();
      player.clear();
      resolve({ token: trial.token, choice, layout, pixel_ratio: window.devicePixelRatio, ...measured });
    }
    const left = () => (together ? choose("left") : show(0));
    const right = () => (together ? choose("right") : show(1));
    const shown = () => together || choose(player.shown ? "right" : "left");
    const unsure = () => notSure && choose("not_sure");
    const keys = { ArrowLeft: left, 1: left, ArrowRight: right, 2: right, Enter: shown, 0: unsure };
    on(document, "keydown", (event) => {
      if (event.repeat || event.ctrlKey || event.altKey || event.metaKey || !(event.key in keys)) return;
      if (event.key === "Enter" && event.target.closest("button")) return; // a focused button does its own
      event.preventDefault();
      keys[event.key]();
    });
    const clicks = { "choose-left": left, "choose-right": right, "show-left": left, "show-right": right };
    for (const [id, action] of Object.entries({ ...clicks, "choose-shown": shown, "not-sure": unsure })) {
      on(at(id), "click", (event) => {
        if (event.detail) at("trial").focus(); // after a pointer, Enter chooses again
        action();
      });
    }
    on(document, "visibilitychange", () => (document.hidden ? player.pause() : player.resume()));
    on(window, "resize", () => fitToPixels(canvases));
  });
}

// Everything in its place, with empty canvases, before the first picture.
export function arrange(layout, { width, height }, notSure) {
  const together = layout === "side_by_side";
  at("canvas-right").hidden = at("sides").hidden = !together;
  at("places").hidden = at("choose-shown").hidden = together;
  at("not-sure").hidden = !notSure;
  for (const id of ["choose-left", "choose-right", "choose-shown", "not-sure"]) at(id).disabled = true;
  for (const button of [at("show-left"), at("show-right")]) {
    button.setAttribute("aria-pressed", "false");
    button.style.setProperty("--seen", "0%");
  }
  at("canvas-left").setAttribute("aria-label", together ? "Left flicker" : "The flicker on show");
  at("hint").textContent = together
    ? "Look at both as long as you like, then choose."
    : "Look at both in turn, then choose the one on show.";
  for (const canvas of [at("canvas-left"), at("canvas-right")]) {
    Object.assign(canvas, { width, height });
    Object.assign(canvas.style, { width: `${width / devicePixelRatio}px`, height: `${height / devicePixelRatio}px` });
  }
  at("trial").style.setProperty("--wide", `${width / devicePixelRatio}px`);
}
