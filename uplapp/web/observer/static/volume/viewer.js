// Restored volumes: three planes with a linked cross-hair, maximum projections, and two results side by side or
// in flicker. Names are shown, nothing is stored; voxels are fetched when a volume is first looked at.

import { framesPerPhase, measureFrame } from "../trial/player.js";
import { followHeight, made } from "../base/made.js";
import { NONE, TURN, layOut } from "./controls.js";
import { PLANES, brightest, cut, project, quantile, shade, turn } from "./planes.js";

const given = JSON.parse(document.getElementById("volumes").textContent);
const ROTATE_MS = 120;
const NOTCH = 30; // px of a wheel that are one slice, which a touchpad adds up
const FITTED = 0.998;
const KEYS = { ArrowUp: 1, ArrowDown: -1, ArrowRight: 1, ArrowLeft: -1, PageUp: 10, PageDown: -10 };

const state = {
  cross: given.sides.map((side) => Math.floor(side / 2)),
  angle: 0,
  active: 0,
  phase: 0,
  rotated: 0,
  frameMs: 0,
  following: false,
};
const at = (id) => document.getElementById(id);
const volumes = given.volumes.map(([name, url]) => ({ name, url, sides: given.sides, spacing: given.spacing, kept: new Map() }));

// A volume that could not be fetched is asked for again when it is next looked at.
function load(volume) {
  volume.loading ??= fetch(volume.url).then(async (reply) => {
    if (!reply.ok) throw new Error(reply.status);
    volume.bytes = new Uint8Array(await reply.arrayBuffer());
  });
  volume.loading.catch(() => (volume.loading = null));
  return volume.loading;
}

// The volumes on screen: one, or two that are compared.
function chosen() {
  return [at("first").value, at("second").value].filter((value) => value !== NONE).map((value) => volumes[value]);
}

const isPressed = (id) => at(id).getAttribute("aria-pressed") === "true";
const inSlices = () => at("mode").value === "slices";
const isTurned = (plane) => !inSlices() && plane.axis === 1 && state.angle > 0;
const inFlicker = () => chosen().length > 1 && at("how").value === "flicker";

function pictureOf(volume, plane) {
  if (inSlices()) return cut(volume, plane, state.cross[plane.axis]);
  const key = `${plane.axis}:${isTurned(plane) ? state.angle : 0}`;
  if (!volume.kept.has(key)) {
    volume.kept.set(key, isTurned(plane) ? turn(volume, state.angle) : project(volume, plane));
  }
  return volume.kept.get(key);
}

function visible() {
  return PLANES.filter((_, place) => ["all", String(place)].includes(at("planes").value));
}

const figureOf = (plane) => at(plane.name.toLowerCase());

async function show() {
  at("said").textContent = "Loading …";
  try {
    await Promise.all(chosen().map(load));
    at("said").textContent = "";
  } catch {
    at("said").textContent = given.words.lost;
    return;
  }
  draw();
}

function draw() {
  const shown = chosen();
  if (!shown.every((volume) => volume.bytes)) return;
  const grey = { window: at("window").value / 100, level: at("level").value / 100 };
  at("viewer").classList.toggle("comparing", shown.length > 1);
  at("viewer").classList.toggle("flickering", inFlicker());
  at("viewer").classList.toggle("projecting", !inSlices());
  for (const plane of PLANES) figureOf(plane).hidden = !visible().includes(plane);
  for (const plane of visible()) drawPlane(plane, shown, grey);
  followTime();
}

function drawPlane(plane, shown, grey) {
  const figure = figureOf(plane);
  const index = state.cross[plane.axis];
  const where = inSlices() ? `slice ${index} of 0 to ${given.sides[plane.axis] - 1}` : "maximum";
  figure.querySelector("figcaption").textContent = `${plane.name}, ${where}`;
  figure.querySelector("input").value = index;
  const views = figure.querySelector(".views");
  views.setAttribute("aria-label", `${plane.name}, ${where}`);
  const count = inFlicker() ? 1 : shown.length;
  while (views.children.length > count) views.lastChild.remove();
  while (views.children.length < count) views.append(newView(plane));
  figure.images = shown.map((volume) => shade(pictureOf(volume, plane), grey));
  [...views.children].forEach((view, place) => fillView(view, plane, figure.images[place]));
  [...views.children].forEach((view, place) => {
    view.querySelector("span").textContent = inFlicker() ? shown.map(({ name }) => name).join(" / ") : shown[place].name;
  });
  if (inFlicker()) swap();
}

function newView(plane) {
  const hair = ["across", "up"].map((name) => made("i", { class: name }));
  const picture = made("div", { class: "picture" }, made("canvas", { role: "img" }), ...hair);
  const view = made("div", { class: "view" }, picture, made("span"));
  picture.addEventListener("pointerdown", (event) => point(event, plane));
  picture.addEventListener("pointermove", (event) => event.buttons && event.pointerType === "mouse" && point(event, plane));
  return view;
}

function fillView(view, plane, image) {
  const canvas = view.querySelector("canvas");
  Object.assign(canvas, { width: image.width, height: image.height });
  canvas.setAttribute("aria-label", plane.name);
  canvas.getContext("2d").putImageData(image, 0, 0);
  const pitch = isTurned(plane) ? Math.min(given.spacing[1], given.spacing[2]) : given.spacing[plane.columns];
  canvas.style.aspectRatio = `${image.width * pitch} / ${image.height * given.spacing[plane.rows]}`;
  const row = plane.rows === 0 ? image.height - 1 - state.cross[0] : state.cross[plane.rows];
  view.style.setProperty("--x", `${(100 * (state.cross[plane.columns] + 0.5)) / image.width}%`);
  view.style.setProperty("--y", `${(100 * (row + 0.5)) / image.height}%`);
  view.classList.toggle("turned", isTurned(plane));
}

// The cross-hair goes where a pointer is, in a projection to the brightest voxel along that ray.
function point(event, plane) {
  state.active = plane.axis;
  if (isTurned(plane)) return;
  const box = event.currentTarget.getBoundingClientRect();
  const place = (share, side) => Math.min(Math.max(Math.floor(share * side), 0), side - 1);
  const row = place((event.clientY - box.top) / box.height, given.sides[plane.rows]);
  state.cross[plane.rows] = plane.rows === 0 ? given.sides[0] - 1 - row : row;
  state.cross[plane.columns] = place((event.clientX - box.left) / box.width, given.sides[plane.columns]);
  if (!inSlices()) state.cross[plane.axis] = brightest(chosen()[0], plane, state.cross);
  draw();
}

function step(plane, by) {
  state.active = plane.axis;
  if (inSlices()) {
    state.cross[plane.axis] = Math.min(Math.max(state.cross[plane.axis] + by, 0), given.sides[plane.axis] - 1);
  } else if (plane.axis === 1) {
    at("angle").value = state.angle = (state.angle + Math.sign(by) * TURN + 180) % 180;
  }
  draw();
}

function swap() {
  for (const plane of visible()) {
    const { images } = figureOf(plane);
    const canvas = figureOf(plane).querySelector("canvas");
    if (images?.length > 1) canvas.getContext("2d").putImageData(images[state.phase % 2], 0, 0);
  }
}

// Frames are asked for while something moves, and not before the display was measured.
const isMoving = () => inFlicker() || (!inSlices() && isPressed("rotate"));

async function followTime() {
  if (state.following || !isMoving()) return;
  state.following = true;
  state.frameMs ||= await measureFrame();
  let begin = null;
  requestAnimationFrame(function tick(time) {
    begin ??= time;
    state.following = isMoving();
    if (!state.following) return;
    requestAnimationFrame(tick);
    if (!inSlices() && isPressed("rotate") && time - state.rotated > ROTATE_MS) {
      state.rotated = time;
      step(PLANES[1], 1);
    }
    const half = framesPerPhase(Number(at("phase").value), state.frameMs) * state.frameMs;
    const phase = Math.floor((time - begin + state.frameMs / 2) / half);
    if (phase === state.phase || !inFlicker()) return;
    state.phase = phase;
    swap();
  });
}

function listen() {
  for (const id of ["first", "second", "how", "mode", "planes"]) at(id).addEventListener("change", show);
  for (const id of ["window", "level"]) at(id).addEventListener("input", draw);
  at("angle").addEventListener("input", () => ((state.angle = Number(at("angle").value) % 180), draw()));
  at("fit").addEventListener("click", () => {
    const most = quantile(chosen()[0], FITTED);
    see(100 * most, 50 * most);
  });
  at("rotate").addEventListener("click", () => (at("rotate").setAttribute("aria-pressed", String(!isPressed("rotate"))), followTime()));
  at("whole").addEventListener("click", () => see(100, 50));
  for (const plane of PLANES) listenTo(plane);
  document.addEventListener("keydown", (event) => !event.target.closest("select, input") && press(event));
}

function listenTo(plane) {
  const figure = figureOf(plane);
  let rolled = 0;
  figure.querySelector("input").addEventListener("input", (event) => step(plane, event.target.value - state.cross[plane.axis]));
  figure.querySelector(".views").addEventListener("focus", () => (state.active = plane.axis));
  figure.querySelector(".views").addEventListener("wheel", (event) => {
    if (!inSlices() && plane.axis !== 1) return;
    event.preventDefault();
    rolled += event.deltaY;
    if (Math.abs(rolled) < NOTCH) return;
    step(plane, rolled > 0 ? 1 : -1);
    rolled = 0;
  }, { passive: false });
}

function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (KEYS[event.key]) {
    event.preventDefault();
    step(PLANES[inSlices() ? state.active : 1], KEYS[event.key]);
  } else if (event.key.toLowerCase() === "f") {
    if (at("second").value === NONE) at("second").value = String((Number(at("first").value) + 1) % volumes.length);
    at("how").value = at("how").value === "flicker" ? "beside" : "flicker";
    show();
  } else if (event.key >= "1" && event.key <= String(Math.min(volumes.length, 9))) {
    at("first").value = String(Number(event.key) - 1);
    show();
  }
}

function see(window, level) {
  Object.assign(at("window"), { value: window });
  Object.assign(at("level"), { value: level });
  draw();
}

layOut(at("viewer"), volumes.map(({ name }) => name), given.sides, given.words);
listen();
followHeight(at("viewer"));
at("first").value = String(volumes.length - 1);
show();
