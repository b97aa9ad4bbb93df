// What this device remembers of one study: the session, answers on their way, choices of the observer. Names:
// session, link (or the panel's id of its person), joining (the key of a consent on its way), outbox, aside (answers
// refused twice), taken (somebody finished here), language, calibrated.

export const study = location.pathname.split("/").filter(Boolean).pop();
const memory = {}; // stands in where a frame may not use localStorage

export const store = {
  get(name) {
    try {
      return localStorage.getItem(`${name}:${study}`) ?? memory[name] ?? null;
    } catch {
      return memory[name] ?? null;
    }
  },
  set(name, value) {
    memory[name] = value;
    try {
      localStorage.setItem(`${name}:${study}`, value);
    } catch { /* kept in memory */ }
  },
  remove(name) {
    delete memory[name];
    try {
      localStorage.removeItem(`${name}:${study}`);
    } catch { /* kept in memory */ }
  },
};

const fragment = (name) => new URLSearchParams(location.hash.slice(1)).get(name);
// A personal link: `#l=` and 32 hex digits. The fragment of an address never leaves the browser.
export const link = fragment("l") ?? "";
// Whether another window of the same person opened this one.
export const handedOver = Boolean(fragment("go"));

let held = null; // the session of a page that has left the device
let ids = {}; // of a panel, as the address has them
let visitor = link; // who this is, where a link or a panel says so

export const identified = () => visitor !== "";
export const panelIds = () => ids;

// Another person's link on the same device is another session.
export function session() {
  if (held) return held;
  if (visitor && !fragment("s")) return store.get("link") === visitor ? store.get("session") : null;
  return fragment("s") ?? store.get("session");
}

// The ids of a panel that the study names, the person's first. No other part of the address is read.
export function readPanel(panel) {
  if (!panel) return;
  const search = new URLSearchParams(location.search);
  ids = Object.fromEntries(panel.ids.filter((name) => search.get(name)).map((name) => [name, search.get(name)]));
  if (!visitor && ids[panel.ids[0]]) visitor = `panel ${ids[panel.ids[0]]}`;
}

// The address of this page without ids, for they are somebody's name.
function plainSearch() {
  const search = new URLSearchParams(location.search);
  for (const name of Object.keys(ids)) search.delete(name);
  const rest = String(search);
  return rest && `?${rest}`;
}

export function keepSession(token) {
  store.set("session", token);
  if (visitor) store.set("link", visitor);
  store.remove("joining");
  history.replaceState(null, "", `${location.pathname}${plainSearch()}#s=${token}`);
}

// What another person began on this device since then stays.
export function dropSession() {
  if (held) store.remove("taken");
  if (store.get("session") === session()) forget();
  held = null;
  history.replaceState(null, "", location.pathname + location.search);
}

// The next person on this device finds nothing of one who has finished; this page still knows the session.
export function leaveDevice() {
  const own = session();
  if (store.get("session") === own) forget();
  store.set("taken", "1");
  held = own;
  history.replaceState(null, "", location.pathname + plainSearch());
}

function forget() {
  for (const name of ["session", "link", "calibrated"]) store.remove(name);
}
