// Pictures of one job compared: any two by a slider, in flicker, beside each other, as a difference, or the same
// crop of all. Names are shown, nothing is stored. Pictures are fetched when they are first looked at.

import { followHeight, made } from "../base/made.js";
import { framesPerPhase, measureFrame, toBitmap } from "../trial/player.js";
import { WAYS, layOut } from "./controls.js";
import { FIT, MOST, difference, drawOne, drawSplit, place, scaleOf } from "./drawing.js";

const given = JSON.parse(document.getElementById("pictures").textContent);
const { words } = given;
const pictures = given.pictures.map(([name, url, role]) => ({ name, url, role }));
const at = (id) => document.getElementById(id);
const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
const PAN_PX = 24;
const NEAR_PX = 24; // so near the line, a hand takes the line and not the picture
const A_STEP = 1.4; // so much further apart, two fingers zoom by a step
const PANS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// The address of a linked result may name the two pictures, and follows what is chosen: #1,3.
const asked = /^#(\d+),(\d+)$/.exec(location.hash);

function follow() {
  if (!given.way) return;
  const [first, second] = ["first", "second"].map((id) => Number(at(id).value) + 1);
  history.replaceState(null, "", `#${first},${second}`);
}

const KEPT = "uplapp-compare"; // the way and the zoom, so that the next results are shown alike

function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT)) ?? {};
  } catch {
    return {}; // a browser that keeps nothing
  }
}

function keep() {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify({ way: state.way, zoom: state.zoom }));
  } catch {
    // A browser that keeps nothing.
  }
}

const state = {
  way: "slider",
  zoom: FIT,
  ...(given.way ? { way: given.way } : kept()),
  share: 0.5,
  centre: null, // in pixels of the picture, once it is known
  phase: 0,
  playing: !still,
  frameMs: 0,
  following: false,
  chosen: asked !== null, // whether somebody chose what is shown against the second picture
};
let shown = []; // the pictures on screen, loaded
let views = [];
let apart = { key: "", image: null };
const fingers = new Map(); // the last event of each pointer that is down
let pinched = null; // where two of them were, and how far apart at the last step of the zoom

// A picture that could not be fetched is asked for again when it is next looked at.
function load(picture) {
  picture.loading ??= fetch(picture.url).then(async (reply) => {
    if (!reply.ok) throw new Error(reply.status);
    picture.image = await toBitmap(await reply.blob());
  });
  picture.loading.catch(() => (picture.loading = null));
  return picture.loading;
}

const pair = () => [pictures[at("first").value], pictures[at("second").value]];
const wanted = () => (state.way === "all" ? pictures : pictures.length > 1 ? pair() : pictures);

async function show() {
  const asked = wanted();
  try {
    await Promise.all(asked.map(load));
  } catch {
    at("said").textContent = words.lost;
    return;
  }
  if (asked.some((picture, index) => wanted()[index] !== picture)) return; // another choice came meanwhile
  shown = asked;
  state.centre ??= { x: shown[0].image.width / 2, y: shown[0].image.height / 2 };
  layViews();
  say();
  draw();
  followTime();
}

// One view holds both pictures of a pair, or there is a view for each picture.
function layViews() {
  const one = ["slider", "flicker", "difference"].includes(state.way) || shown.length < 2;
  const names = one ? [shown.map(({ name }) => name).join(" / ")] : shown.map(({ name }) => name);
  at("compare").className = `${state.way} ${pictures.length > 1 ? "several" : "single"} ${one ? "one" : "many"}`;
  while (views.length > names.length) views.pop().remove();
  while (views.length < names.length) {
    views.push(newView());
    at("stage").append(views.at(-1));
  }
  names.forEach((name, index) => {
    views[index].querySelector("figcaption").textContent = name;
    views[index].canvas.setAttribute("aria-label", name);
  });
}

function newView() {
  const canvas = made("canvas", { role: "img" });
  const view = made("figure", {}, canvas, made("figcaption"));
  view.canvas = canvas;
  canvas.addEventListener("pointerdown", grasp);
  const both = (event) => event.touches.length > 1 && event.preventDefault(); // or they would move the page
  canvas.addEventListener("touchstart", both, { passive: false });
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return; // a bare wheel goes down the page
    event.preventDefault();
    zoomBy(event.deltaY < 0 ? 1 : -1);
  }, { passive: false });
  new ResizeObserver(draw).observe(canvas);
  return view;
}

// As many device pixels as the view covers.
function measured(canvas) {
  const width = Math.round(canvas.clientWidth * devicePixelRatio);
  const height = Math.round(canvas.clientHeight * devicePixelRatio);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  return canvas;
}

function draw() {
  if (!shown.length) return;
  const images = shown.map(({ image }) => image);
  views.forEach((view, index) => {
    const canvas = measured(view.canvas);
    if (!canvas.width) return;
    canvas.style.touchAction = state.zoom === FIT ? "pan-y" : "none"; // one finger moves the page, or the crop
    const where = place(canvas, images[0], state.zoom, state.centre);
    if (shown.length < 2) drawOne(canvas, images[0], where);
    else if (state.way === "slider") drawSplit(canvas, images, where, state.share);
    else if (state.way === "flicker") drawOne(canvas, images[state.phase % 2], where);
    else if (state.way === "difference") drawOne(canvas, apartOf(images), where);
    else drawOne(canvas, images[index], where);
  });
}

function apartOf([first, second]) {
  const key = [at("first").value, at("second").value, at("stretch").value].join();
  if (apart.key !== key) apart = { key, image: difference(first, second, Number(at("stretch").value)) };
  return apart.image;
}

// What change means depends on what the second picture is held against.
function say() {
  const [first] = pair();
  const meant = state.way === "flicker" || state.way === "difference" ? words[state.way][first.role] : "";
  at("said").textContent = pictures.length > 1 ? meant : "";
  for (const way of WAYS) at(way).setAttribute("aria-pressed", String(way === state.way));
  at("play").textContent = state.playing ? words.stop : words.play;
}

function go(way) {
  state.way = way;
  keep();
  const original = pictures.findIndex(({ role }) => role === "clean");
  if (way !== "slider" && !state.chosen && original >= 0) at("first").value = String(original);
  show();
}

function zoomBy(step) {
  const now = Math.max(1, Math.round(scaleOf(state.zoom, views[0].canvas, shown[0].image)));
  see(Math.min(Math.max(now + step, 1), MOST));
}

function see(zoom) {
  state.zoom = zoom;
  keep();
  at("zoom").value = String(zoom);
  draw();
}

// Move the crop by so many device pixels, of all views together.
function pan(dx, dy) {
  const [view, image] = [views[0].canvas, shown[0].image];
  const { left, top, scale } = place(view, image, state.zoom, state.centre);
  state.centre = { x: (view.width / 2 - left + dx) / scale, y: (view.height / 2 - top + dy) / scale };
  draw();
}

// Two fingers: the zoom grows by whole steps as they part, and the picture follows the point between them.
function pinch() {
  const [a, b] = [...fingers.values()];
  const now = { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, apart: Math.hypot(a.x - b.x, a.y - b.y) };
  const ratio = now.apart / (pinched?.apart ?? now.apart);
  if (pinched) pan((pinched.x - now.x) * devicePixelRatio, (pinched.y - now.y) * devicePixelRatio);
  if (ratio > A_STEP) zoomBy(1);
  else if (ratio < 1 / A_STEP && state.zoom !== FIT) state.zoom === 1 ? see(FIT) : zoomBy(-1);
  pinched = { ...now, apart: Math.max(ratio, 1 / ratio) > A_STEP ? now.apart : (pinched?.apart ?? now.apart) };
}

function grasp(event) {
  const canvas = event.currentTarget;
  canvas.setPointerCapture(event.pointerId);
  fingers.set(event.pointerId, event);
  if (fingers.size > 1) return pinch(); // the first has the listeners of all
  const line = state.share * canvas.clientWidth;
  const byLine = state.way === "slider" && shown.length > 1 && Math.abs(event.offsetX - line) < NEAR_PX;
  const move = (moved) => {
    fingers.set(moved.pointerId, moved);
    if (fingers.size > 1) pinch();
    else if (byLine) split(moved.offsetX / canvas.clientWidth);
    else pan(-moved.movementX * devicePixelRatio, -moved.movementY * devicePixelRatio);
  };
  const lasts = ["pointerup", "pointercancel"];
  const end = (last) => {
    fingers.delete(last.pointerId);
    pinched = null;
    if (fingers.size) return;
    canvas.removeEventListener("pointermove", move);
    for (const one of lasts) canvas.removeEventListener(one, end);
  };
  canvas.addEventListener("pointermove", move);
  for (const one of lasts) canvas.addEventListener(one, end);
}

function split(share) {
  state.share = Math.min(Math.max(share, 0), 1);
  at("share").value = String(Math.round(100 * state.share));
  draw();
}

function play(playing) {
  state.playing = playing;
  say();
  followTime();
}

function choose(menu, index) {
  if (index >= pictures.length) return;
  at(menu).value = String(index);
  if (menu === "first") state.chosen = true;
  follow();
  show();
}

// Frames are asked for while pictures flicker, and not before the display was measured.
const inFlicker = () => state.way === "flicker" && state.playing && shown.length > 1;

async function followTime() {
  if (state.following || !inFlicker()) return;
  state.following = true;
  state.frameMs ||= await measureFrame();
  let begin = null;
  requestAnimationFrame(function tick(time) {
    begin ??= time;
    state.following = inFlicker();
    if (!state.following) return;
    requestAnimationFrame(tick);
    const half = framesPerPhase(Number(at("phase").value), state.frameMs) * state.frameMs;
    const phase = Math.floor((time - begin + state.frameMs / 2) / half);
    if (phase === state.phase) return;
    state.phase = phase;
    draw();
  });
}

function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const digit = /^Digit([1-9])$/.exec(event.code);
  const way = WAYS.find((one) => words.letters[one] === event.key.toLowerCase());
  if (digit) choose(event.shiftKey ? "first" : "second", Number(digit[1]) - 1);
  else if (way) go(way);
  else if (event.key === "+" || event.key === "-") zoomBy(event.key === "+" ? 1 : -1);
  else if (PANS[event.key]) pan(...PANS[event.key].map((by) => by * PAN_PX * devicePixelRatio));
  else if (event.key === " " && state.way === "flicker") play(!state.playing);
  else return;
  event.preventDefault();
}

function listen() {
  at("first").addEventListener("change", () => choose("first", Number(at("first").value)));
  at("second").addEventListener("change", () => choose("second", Number(at("second").value)));
  at("zoom").addEventListener("change", () => see(Number(at("zoom").value)));
  at("share").addEventListener("input", () => split(at("share").value / 100));
  at("stretch").addEventListener("change", draw);
  at("play").addEventListener("click", () => play(!state.playing));
  for (const way of WAYS) at(way).addEventListener("click", () => go(way));
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("select, input") || (event.key === " " && event.target.closest("button"))) return;
    if (shown.length) press(event);
  });
}

layOut(at("compare"), pictures.map(({ name }) => name), words);
at("first").value = String(Math.max(pictures.findIndex(({ role }) => role === "input"), 0));
at("second").value = String(Math.max(pictures.findIndex(({ role }) => role === "result"), 0));
["first", "second"].forEach((id, place) => {
  if (asked && pictures[asked[place + 1] - 1]) at(id).value = String(asked[place + 1] - 1);
});
at("zoom").value = String(state.zoom);
listen();
followHeight(at("compare"));
go(state.way);
