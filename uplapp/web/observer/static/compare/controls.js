// What is on the comparison of pictures: two menus, the ways to compare, the zoom, the stage.

import { button, made, menu, range, row } from "../base/made.js";
import { FIT, MOST } from "./drawing.js";

export const WAYS = ["slider", "flicker", "beside", "all", "difference"];
const STRETCHES = [1, 2, 4, 8, 16];

export function layOut(main, names, words) {
  const pictures = names.map((name, index) => [String(index), name]);
  const zooms = [[FIT, words.fit], ...Array.from({ length: MOST }, (_, place) => [place + 1, `${place + 1}:1`])];
  const phases = ["125", "250", "500"].map((phase) => [phase, phase]);
  const ways = WAYS.map((way) => button(way, words.ways[way], { "aria-pressed": "false", class: "way" }));
  main.replaceChildren(
    made("div", { class: "row", id: "pair" },
      made("label", {}, `${words.show} `, menu("first", pictures)),
      made("label", {}, `${words.against} `, menu("second", pictures)),
      made("label", {}, `${words.zoom} `, menu("zoom", zooms)),
    ),
    made("div", { class: "row", id: "ways", role: "group", "aria-label": words.how }, ...ways),
    made("div", { id: "stage" }),
    row(
      made("label", { class: "of-slider" }, `${words.line} `, range({ id: "share", min: 0, max: 100, value: 50 })),
      button("play", words.stop, { class: "of-flicker" }),
      made("label", { class: "of-flicker" }, `${words.each} `, menu("phase", phases, 1), " ms"),
      made("label", { class: "of-difference" }, `${words.stretch} `, menu("stretch", STRETCHES.map((by) => [by, `${by}`]), 2)),
    ),
    made("p", { id: "said", role: "status" }),
    made("p", { id: "hint" }, words.keys),
  );
}
