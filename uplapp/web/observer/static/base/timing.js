// The times of an answer that the server refused, brought into the range that it takes and marked as refused:
// what the observer chose is worth keeping, whatever a browser's clock says.

const WEEK_MS = 7 * 24 * 3_600_000;
const RANGES = {
  response_ms: [1, WEEK_MS],
  frame_ms: [1.5, 100],
  frames_per_phase: [1, 2000],
  missed_frames: [0, 1e7],
  paused_ms: [0, WEEK_MS],
  pixel_ratio: [0.1, 20],
  clock_ms: [0, 1000],
};
const WHOLE = ["frames_per_phase", "missed_frames"];
const MOST = { swaps_ms: 2400, gaps_ms: 2400 };

const isTime = (ms) => Number.isFinite(ms) && ms >= 0 && ms <= WEEK_MS;
const within = (value, [low, high]) => (Number.isFinite(value) ? Math.min(high, Math.max(low, value)) : low);

export const isRefused = (body) => body.timing === "refused";

export function refused(body) {
  const marked = { ...body, timing: "refused" };
  for (const [name, range] of Object.entries(RANGES)) marked[name] = within(body[name], range);
  for (const name of WHOLE) marked[name] = Math.round(marked[name]);
  for (const [name, most] of Object.entries(MOST)) marked[name] = (body[name] ?? []).filter(isTime).slice(0, most);
  marked.seen_ms = [0, 1].map((index) => within(body.seen_ms?.[index], [0, WEEK_MS]));
  return marked;
}
