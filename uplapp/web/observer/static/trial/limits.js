// Time within one trial: how long the pictures may be seen, and how long an answer may take, without pauses.

const STEP_MS = 50;
const MARGIN_MS = 34; // two frames: the player counts from frame to frame

export class Stopwatch {
  #since = null;
  #before = 0;

  get ms() {
    return this.#before + (this.#since === null ? 0 : performance.now() - this.#since);
  }

  go() {
    this.#since ??= performance.now();
  }

  hold() {
    this.#before = this.ms;
    this.#since = null;
  }
}

// Calls `onStep(share of the least view)`, `onGrey` and `onLate` when their times come, and returns a function that ends it.
export function watchLimits(study, watch, { onStep, onGrey, onLate }) {
  const { min_view_ms: least, max_view_ms: most, answer_timeout_ms: late } = study;
  if (!least && !most && !late) return () => {};
  const timer = setInterval(() => {
    onStep(least ? Math.min(1, watch.ms / (least + MARGIN_MS)) : 1);
    if (late && watch.ms >= late + MARGIN_MS) onLate();
    else if (most && watch.ms >= most) onGrey();
  }, STEP_MS);
  return () => clearInterval(timer);
}

// Counts what a person does, by the browser's own word: a click without a pointer is that of a screen reader.
export function countInputs(signal) {
  let count = 0;
  for (const kind of ["keydown", "pointerdown", "click"]) {
    document.addEventListener(kind, (event) => { count += Number(event.isTrusted); }, { capture: true, signal });
  }
  return () => count;
}

// The bar that fills while the buttons wait.
export function drawWait(element, share) {
  element.style.visibility = share >= 1 ? "hidden" : "visible"; // it keeps its room: nothing moves
  element.style.setProperty("--share", `${100 * share}%`);
}
