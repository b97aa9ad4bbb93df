// While a trial runs: stand still where the page is hidden, zoomed, or too small for what it shows.

import { at } from "../base/screens.js";
import { write } from "../base/texts.js";

export const pinched = () => (window.visualViewport?.scale ?? 1) > 1.01;

// `fits` says whether the pictures are in the window. `onChange(held)` is called at each change of state.
// Returns the check itself.
export function holdWhile(fits, onChange, signal) {
  const ratio = devicePixelRatio;
  let held = false;

  function reason() {
    if (document.hidden) return "hidden";
    if (devicePixelRatio !== ratio || pinched()) return "held_zoom";
    return fits() ? null : "held_size";
  }
  function check() {
    const why = reason();
    const explained = why !== null && why !== "hidden";
    at("held").hidden = !explained;
    if (explained) write(at("held-text"), why);
    if (held === (why !== null)) return;
    held = why !== null;
    onChange(held);
  }
  const on = (target, kind) => target?.addEventListener(kind, check, { signal });
  on(window, "resize");
  on(document, "visibilitychange");
  on(window.visualViewport, "resize");
  signal.addEventListener("abort", () => {
    at("held").hidden = true;
  });
  check();
  return check; // for a window moved to another display, which no event reports
}
