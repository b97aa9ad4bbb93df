// What this device remembers of one study: the session, answers on their way, choices of the observer. Names:
// session, link, joining (the key of a consent on its way), outbox, aside (answers refused twice), language, calibrated.

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

// Another person's link on the same device is another session.
export function session() {
  if (link && fragment("l")) return store.get("link") === link ? store.get("session") : null;
  return fragment("s") ?? store.get("session");
}

export function keepSession(token) {
  store.set("session", token);
  if (link) store.set("link", link);
  store.remove("joining");
  history.replaceState(null, "", `${location.search}#s=${token}`);
}

// What another person began on this device since then stays.
export function dropSession() {
  if (store.get("session") === session()) {
    for (const name of ["session", "link", "calibrated"]) store.remove(name);
  }
  history.replaceState(null, "", location.pathname + location.search);
}
