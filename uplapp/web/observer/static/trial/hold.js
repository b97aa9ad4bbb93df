// While a trial runs: stand still where the page is hidden, zoomed, or too small for what it shows, and where the
// person says so.

import { at } from "../base/screens.js";
import { write } from "../base/texts.js";

export const pinched = () => (window.visualViewport?.scale ?? 1) > 1.01;

// `fits` says whether the pictures are in the window. `onChange(held)` is called at each change of state.
// Returns the check itself.
export function holdWhile(fits, onChange, signal) {
  const ratio = devicePixelRatio;
  let held = false;
  let stopped = false;

  function reason() {
    if (document.hidden) return "hidden";
    if (devicePixelRatio !== ratio || pinched()) return "held_zoom";
    if (!fits()) return "held_size";
    return stopped ? "held_stop" : null;
  }
  function check() {
    const why = reason();
    const explained = why !== null && why !== "hidden";
    at("held").hidden = !explained;
    if (explained) write(at("held-text"), why);
    at("held-next").hidden = why !== "held_stop";
    if (held === (why !== null)) return;
    held = why !== null;
    onChange(held);
  }
  function toggle(event) {
    if (event.detail) at("held-next").blur(); // after a pointer, keys go to the trial again
    stopped = !stopped;
    check();
  }
  const on = (target, kind) => target?.addEventListener(kind, check, { signal });
  on(window, "resize");
  on(document, "visibilitychange");
  on(window.visualViewport, "resize");
  for (const id of ["stop", "held-next"]) at(id).addEventListener("click", toggle, { signal });
  document.addEventListener("keydown", (event) => event.key === "Escape" && !event.repeat && toggle(event), { signal });
  at("stop").hidden = false;
  signal.addEventListener("abort", () => {
    at("held").hidden = at("stop").hidden = true;
  });
  check();
  return check; // for a window moved to another display, which no event reports
}
