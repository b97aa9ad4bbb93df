// The only way to the server: a session token that no address carries, and an outbox that loses nothing.

const study = location.pathname.split("/").filter(Boolean).pop();
const base = `api/${encodeURIComponent(study)}`;
const names = { session: `session:${study}`, outbox: `outbox:${study}` };
const memory = {}; // stands in where a frame may not use localStorage

export class Refused extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

let troubled = () => {};
export function onTrouble(callback) {
  troubled = callback;
}

export const store = {
  get(name) {
    try {
      return localStorage.getItem(names[name]);
    } catch {
      return memory[name] ?? null;
    }
  },
  set(name, value) {
    memory[name] = value;
    try {
      localStorage.setItem(names[name], value);
    } catch { /* kept in memory */ }
  },
  remove(name) {
    delete memory[name];
    try {
      localStorage.removeItem(names[name]);
    } catch { /* kept in memory */ }
  },
};

// The fragment of an address never leaves the browser; it resumes a session where storage is blocked.
export function session() {
  return new URLSearchParams(location.hash.slice(1)).get("s") ?? store.get("session");
}

export function keepSession(token) {
  store.set("session", token);
  history.replaceState(null, "", `#s=${token}`);
}

export function dropSession() {
  store.remove("session");
  store.remove("outbox");
  history.replaceState(null, "", location.pathname);
}

export const welcome = () => request("GET", "welcome");
export const join = (version) => request("POST", "join", { consent_version: version });
export const state = () => request("GET", "state");

export async function picture(token) {
  return (await send("GET", `picture/${token}`)).blob();
}

// What happened around the trials; worth having, not worth waiting for.
export function tell(events) {
  const options = { method: "POST", headers: headers(true), body: JSON.stringify({ events }), keepalive: true };
  fetch(`${base}/events`, options).catch(() => {});
}

// An answer is on this device before it is on its way, and leaves the outbox once it is acknowledged.
export async function answer(body) {
  store.set("outbox", JSON.stringify([...outbox(), { ...body, key: randomKey() }]));
  return flush();
}

export async function flush() {
  let reply = null;
  for (let waiting = outbox(); waiting.length; waiting = outbox()) {
    try {
      reply = await request("POST", "answer", waiting[0]);
    } finally {
      // Only reached with a verdict: lost connections are tried again inside request().
      const { key } = waiting[0];
      store.set("outbox", JSON.stringify(outbox().filter((entry) => entry.key !== key)));
    }
  }
  return reply;
}

// Not randomUUID, which a page without https does not have.
function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function outbox() {
  return JSON.parse(store.get("outbox") ?? "[]");
}

async function request(method, path, body) {
  return (await send(method, path, body)).json();
}

// Try until the server has decided: 2xx is an answer, 4xx a refusal, everything else is worth another try.
async function send(method, path, body) {
  for (let wait = 500; ; wait = Math.min(2 * wait, 8000)) {
    const options = { method, headers: headers(body !== undefined), body: body && JSON.stringify(body) };
    const reply = await fetch(`${base}/${path}`, options).catch(() => null);
    if (reply && reply.status < 500) {
      troubled(false);
      if (reply.ok) return reply;
      throw new Refused(reply.status, (await reply.json().catch(() => ({}))).error ?? "");
    }
    troubled(true);
    await new Promise((done) => setTimeout(done, wait));
  }
}

function headers(json) {
  const token = session();
  return { ...(json && { "Content-Type": "application/json" }), ...(token && { Authorization: `Bearer ${token}` }) };
}
