// The only way to the server: a session token that no address carries, and an outbox that loses nothing.

import { session, store, study } from "./store.js";
import { isRefused, refused } from "./timing.js";

const base = `api/${encodeURIComponent(study)}`;
const PATIENCE_MS = { request: 20_000, picture: 60_000 };
const NOT_YET = [408, 425, 429]; // try again later: other 4xx are verdicts, except for a study that is not open
const UNFIT = [413, 422]; // the server reads these answers and cannot take their times
const LONGEST_WAIT_S = 120;

export class Refused extends Error {
  constructor(status, reason, text) {
    super(text);
    this.status = status;
    this.reason = reason;
  }
}

let troubled = () => {};
export function onTrouble(callback) {
  troubled = callback;
}

export const welcome = (language) => request("GET", `welcome?language=${encodeURIComponent(language)}`);
export const state = () => request("GET", "state");
export const reply = (replies) => request("POST", "replies", { replies });
export const withdraw = () => request("POST", "withdraw", {});
export const withdrawByCode = (code) => request("POST", "withdraw", { code });
export const picture = (token) => send("GET", `picture/${token}`, { read: (got) => got.blob() });

// The same key again, after a lost reply, is the same observer. Who came by another link or id is not.
export function join(body) {
  const whose = JSON.stringify([body.link ?? "", body.panel ?? {}]);
  const [before, made] = parsed("joining", []);
  const key = before === whose ? made : randomKey();
  store.set("joining", JSON.stringify([whose, key]));
  return request("POST", "join", { ...body, key });
}

// Reports what happened around the trials, without waiting for the reply.
export function report(kind, detail = {}) {
  if (!session()) return;
  const body = JSON.stringify({ events: [{ kind, at_ms: performance.now(), detail }] });
  fetch(`${base}/events`, { method: "POST", headers: headers(true), body, keepalive: true }).catch(() => {});
}

// An answer is on this device before it is on its way, and leaves the outbox once it is acknowledged.
export async function answer(body) {
  keep([...outbox(), { ...body, key: randomKey(), session: session() }]);
  return (await flush()) ?? state(); // another tab may have sent it
}

// In order. Returns the state of this session, or null where it sent nothing; what becomes of another person's
// answer from this device is not reported.
export async function flush() {
  let reached = null;
  for (let waiting = outbox(); waiting.length; waiting = outbox()) {
    const { session: owner, ...body } = waiting[0];
    const own = owner === session();
    try {
      const state = await request("POST", "answer", body, owner);
      if (own) reached = state;
      leave(body.key);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (unfit(error) && !isRefused(body)) {
        replace(body.key, refused);
        continue;
      }
      if (unfit(error)) setAside(waiting[0]);
      leave(body.key); // it is not in the way of the next
      if (own) throw error;
    }
  }
  return reached;
}

const unfit = (error) => UNFIT.includes(error.status);

// No answer is thrown away for its times: what the server refuses twice stays on this device, for the next load.
function setAside(entry) {
  store.set("aside", JSON.stringify([...entries("aside").filter(({ key }) => key !== entry.key), entry]));
}

// Once per load of the page: a server that was mended takes what it refused before.
export function tryAgain() {
  const kept = outbox();
  const waitingKeys = new Set(kept.map(({ key }) => key));
  keep([...entries("aside").filter(({ key }) => !waitingKeys.has(key)), ...kept]);
  store.remove("aside");
}

export function waiting() {
  return outbox().filter((entry) => entry.session === session()).length;
}

export function forgetAnswers() {
  for (const name of ["outbox", "aside"]) {
    store.set(name, JSON.stringify(entries(name).filter((entry) => entry.session !== session())));
  }
}

function keep(answers) {
  store.set("outbox", JSON.stringify(answers));
}

function leave(key) {
  keep(outbox().filter((entry) => entry.key !== key));
}

function replace(key, change) {
  keep(outbox().map((entry) => (entry.key === key ? change(entry) : entry)));
}

const outbox = () => entries("outbox");
const entries = (name) => parsed(name, []);

function parsed(name, otherwise) {
  try {
    return JSON.parse(store.get(name)) ?? otherwise;
  } catch {
    return otherwise; // written by no page of ours
  }
}

// Not randomUUID, which a page without https does not have.
function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function request(method, path, body, owner) {
  return send(method, path, { body, owner, read: (got) => got.json() });
}

// Try until the server has decided: 2xx that can be read is an answer, 4xx with a reason a refusal. A login
// page of a network or a proxy's own error is no verdict.
async function send(method, path, options) {
  for (let wait = 500; ; wait = Math.min(2 * wait, 8000)) {
    const { reply, content } = await once(method, path, options);
    if (reply?.ok && content !== undefined) {
      troubled(false);
      return content;
    }
    if (decided(reply, content)) {
      troubled(false);
      throw new Refused(reply.status, content.reason ?? "other", content.error);
    }
    troubled(reply?.status !== 429); // being asked to slow down is no lost connection
    await rest(Math.max(wait, retryAfter(reply)));
  }
}

function decided(reply, content) {
  const verdict = reply?.status >= 400 && reply.status < 500 && !NOT_YET.includes(reply.status);
  return verdict && content?.error !== undefined && content.reason !== "not_open";
}

// Tries once within the time limit. Whatever goes wrong is an empty result.
async function once(method, path, { body, owner, read }) {
  const limit = new AbortController();
  const patience = path.startsWith("picture") ? PATIENCE_MS.picture : PATIENCE_MS.request;
  const timer = setTimeout(() => limit.abort(), patience);
  const options = {
    method, headers: headers(body !== undefined, owner), body: body && JSON.stringify(body), signal: limit.signal,
  };
  let reply = null;
  try {
    reply = await fetch(`${base}/${path}`, options);
    return { reply, content: await (reply.ok ? read(reply) : reply.json()) };
  } catch {
    return { reply };
  } finally {
    clearTimeout(timer);
  }
}

function retryAfter(reply) {
  const seconds = Number(reply?.headers.get("Retry-After"));
  return seconds > 0 ? 1000 * Math.min(seconds, LONGEST_WAIT_S) : 0;
}

// Less long where the network comes back.
function rest(ms) {
  return new Promise((done) => {
    const listening = new AbortController();
    const end = () => {
      listening.abort();
      clearTimeout(timer);
      done();
    };
    const timer = setTimeout(end, ms);
    addEventListener("online", end, { signal: listening.signal });
  });
}

function headers(json, owner = session()) {
  return { ...(json && { "Content-Type": "application/json" }), ...(owner && { Authorization: `Bearer ${owner}` }) };
}
