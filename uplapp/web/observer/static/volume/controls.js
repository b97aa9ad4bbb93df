// What is on the viewer of volumes: menus, sliders, a figure for each plane.

import { button, made, menu, range, row } from "../base/made.js";
import { PLANES } from "./planes.js";

export const TURN = 6; // degrees of one step of a wheel or key
export const NONE = "-1"; // of the second menu: nothing beside the first

function figure({ name }, side) {
  const slices = { min: 0, max: side - 1, step: 1, "aria-label": `${name} slice` };
  return made(
    "figure",
    { id: name.toLowerCase() },
    made("figcaption"),
    made("div", { class: "views", tabindex: 0, role: "group" }),
    range(slices),
  );
}

export function layOut(main, names, sides, words) {
  const volumes = names.map((name, index) => [String(index), name]);
  const planes = PLANES.map(({ name }, place) => [String(place), name]);
  const phases = ["125", "250", "500"].map((phase) => [phase, phase]);
  main.replaceChildren(
    row(
      made("label", {}, "Show ", menu("first", volumes)),
      made("label", {}, "beside ", menu("second", [[NONE, "nothing"], ...volumes])),
      made("label", { class: "two" }, "as ", menu("how", [["beside", words.pictures], ["flicker", "flicker"]])),
      made("label", { class: "flickers" }, "each ", menu("phase", phases, 1), " ms"),
    ),
    row(
      made("label", {}, "View ", menu("mode", [["slices", "slices"], ["projections", words.projections]])),
      made("label", {}, "of ", menu("planes", [["all", words.planes], ...planes])),
      made(
        "label",
        { class: "turns" },
        words.turned,
        range({ id: "angle", min: 0, max: 180, step: TURN, value: 0 }),
        button("rotate", "Rotate", { "aria-pressed": "false" }),
      ),
    ),
    row(
      made("label", {}, "Window ", range({ id: "window", min: 1, max: 100, value: 100 })),
      made("label", {}, "Level ", range({ id: "level", min: 0, max: 100, value: 50 })),
      button("fit", "Fit"),
      button("whole", words.whole),
    ),
    made("div", { id: "stage" }, ...PLANES.map((plane, place) => figure(plane, sides[place]))),
    made("p", { id: "said", role: "status" }),
    made("p", { id: "hint" }, words.moves, made("kbd", {}, "F"), words.keys),
  );
}
