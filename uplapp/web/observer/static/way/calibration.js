// How large the pictures are to the observer: a bank card against the screen, and the distance from it.

import * as api from "../base/api.js";
import { at, show } from "../base/screens.js";
import { store } from "../base/store.js";
import { say, write } from "../base/texts.js";

const LONG_MM = 85.6; // ISO/IEC 7810 ID-1
const SHORT_MM = 53.98;
const USUAL = { px_per_mm: 96 / 25.4, desk_cm: 60, hand_cm: 35 };
const LEAST_PX = 100;

// Device pixels per degree of vision, in the middle of the screen.
export function pixelsPerDegree(cardPx, cardMm, distanceCm) {
  return (cardPx / cardMm) * 10 * distanceCm * 2 * Math.tan(Math.PI / 360);
}

// Resolves once the observer has fitted the card or skipped it.
export async function calibrate(session) {
  if (store.get("calibrated") === session) return;
  const [card, slider, distance] = [at("card"), at("card-size"), at("distance")];
  show("calibration");
  const room = at("card-space").clientWidth - 8;
  const short = room < 1.7 * LONG_MM * USUAL.px_per_mm; // a phone is narrower than a card is long
  const edge = short ? SHORT_MM : LONG_MM;
  card.classList.toggle("open", short); // its lower end does not matter
  Object.assign(slider, { min: LEAST_PX, max: room, value: Math.min(room, edge * USUAL.px_per_mm) });
  distance.value = short ? USUAL.hand_cm : USUAL.desk_cm;

  const measured = () => {
    const card_px = Number(slider.value) * devicePixelRatio;
    const distance_cm = Number(distance.value);
    return { card_px, distance_cm, pixels_per_degree: pixelsPerDegree(card_px, edge, distance_cm) };
  };
  const draw = () => {
    card.style.width = `${slider.value}px`;
    card.style.height = `${Number(slider.value) * (short ? 0.7 : SHORT_MM / LONG_MM)}px`;
    card.textContent = say(short ? "card_short" : "card_long");
    const n = measured().pixels_per_degree.toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 });
    write(at("card-result"), "card_result", { n });
  };
  draw();
  slider.focus();
  const result = await chosen(draw);
  store.set("calibrated", session);
  if (result === "fits") api.report("calibration", { ...measured(), edge_mm: edge });
}

function chosen(draw) {
  return new Promise((resolve) => {
    const listening = new AbortController();
    const on = (id, kind, action) => at(id).addEventListener(kind, action, { signal: listening.signal });
    const end = (result) => {
      listening.abort();
      resolve(result);
    };
    on("card-size", "input", draw);
    on("distance", "input", draw);
    on("card-skip", "click", () => end("skipped"));
    on("card-form", "submit", (event) => {
      event.preventDefault();
      end("fits");
    });
  });
}
