// Flicker of restored pictures against their original, outside of any study: names are shown, nothing is stored.

import { FlickerPlayer, fitToPixels, measureFrame, toBitmap } from "./player.js";

const at = (id) => document.getElementById(id);
const GAP = 48;

async function load(address) {
  return toBitmap(await (await fetch(address)).blob());
}

function addCanvas() {
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  at("stage").append(canvas);
  return canvas;
}

async function run() {
  const pictures = JSON.parse(at("pictures").textContent);
  const names = pictures.candidates.map(([name]) => name);
  const bitmaps = await Promise.all([pictures.original, ...pictures.candidates.map(([, url]) => url)].map(load));
  const [original, ...candidates] = bitmaps;
  const wide = (2 * original.width) / devicePixelRatio + 2 * GAP;
  const together = candidates.length === 2 && wide <= innerWidth;
  const canvases = (together ? candidates : [original]).map(addCanvas);
  canvases.forEach((canvas, index) => canvas.setAttribute("aria-label", together ? names[index] : "Flicker"));
  at("preview").style.setProperty("--wide", `${original.width / devicePixelRatio}px`);
  at("names").classList.toggle("together", together);
  const frameMs = await measureFrame();
  let player;
  let shown = 0;

  const tabs = names.map((name, index) => {
    const tab = document.createElement(together ? "span" : "button");
    tab.textContent = name;
    tab.className = "switch";
    if (!together) tab.addEventListener("click", () => show(index));
    at("names").append(tab);
    return tab;
  });
  function show(index) {
    if (together || index >= tabs.length) return;
    shown = index;
    player.show(index);
    tabs.forEach((tab, place) => tab.setAttribute("aria-pressed", String(place === index)));
  }
  function play(running) {
    player?.stop();
    if (running) {
      player = new FlickerPlayer(canvases, { phaseMs: Number(at("phase").value) });
      player.load(original, candidates);
      player.start(frameMs, shown);
      show(shown);
    }
    at("play").firstChild.textContent = player.running ? "Stop " : "Play ";
  }
  at("play").addEventListener("click", () => play(!player.running));
  at("phase").addEventListener("change", () => play(true));
  at("hint").textContent = together || names.length < 2 ? "" : `Switch with 1 to ${names.length}.`;
  addEventListener("resize", () => fitToPixels(canvases));
  document.addEventListener("visibilitychange", () => (document.hidden ? player.pause() : player.resume()));
  addEventListener("keydown", (event) => {
    if (event.target.closest("select")) return;
    if (event.key >= "1" && event.key <= "9") show(Number(event.key) - 1);
    if (event.key === " " && !event.target.closest("button")) play(!player.running);
  });
  followHeight();
  play(true);
}

// Names take as many rows as they need, and a frame that is too low would hide the buttons below them.
function followHeight() {
  const frame = window.frameElement;
  const follow = () => (frame.style.height = `${Math.ceil(at("preview").getBoundingClientRect().height)}px`);
  if (frame) new ResizeObserver(follow).observe(at("preview"));
}

run();
