// Who sits here now: a session that this device keeps may be another person's.

import * as api from "../base/api.js";
import { at, show, stop } from "../base/screens.js";
import { dropSession, handedOver, identified, session, store } from "../base/store.js";
import { write } from "../base/texts.js";

const MOMENT_S = 1800; // a tab that is loaded again so soon is still the same person's

// Resolves with the state to go on with, or null for somebody who begins.
export async function whoIsHere(study, state) {
  const over = state && !state.trial && !state.ask;
  if (state && (identified() || handedOver || sameTab(state))) {
    if (over ? identified() : handedOver || sameTab(state) || study.returning === "resume") return state;
  }
  if (state && !over) return underWay(study, state);
  if (over || (store.get("taken") && !identified())) {
    await begun(study);
    dropSession();
  }
  return null;
}

// This tab belongs to whoever said so, until it is closed.
export function claim() {
  try {
    sessionStorage.setItem("mine", session());
  } catch { /* asked again */ }
}

function sameTab(state) {
  try {
    const [load] = performance.getEntriesByType("navigation");
    return load?.type === "reload" && sessionStorage.getItem("mine") === session() && state.idle_s < MOMENT_S;
  } catch {
    return false;
  }
}

async function underWay(study, state) {
  if (study.returning === "block") return new Promise(() => stop("refused_begun_title", "refused_begun_text", false));
  const old = study.resume_s && state.idle_s > study.resume_s;
  if (study.returning === "resume" && !old && (await isTheSame(study, state))) return state;
  if (study.returning === "restart") store.set("given-up", session());
  dropSession();
  return null;
}

function isTheSame(study, state) {
  write(at("returning-title"), "returning_title");
  write(at("returning-text"), `returning_${study.task}`, { n: state.done + 1, total: state.total });
  at("returning-go").hidden = at("returning-new").hidden = false;
  at("by-code").hidden = true;
  show("returning", "returning-go");
  return new Promise((resolve) => {
    at("returning-go").onclick = () => resolve(true);
    at("returning-new").onclick = () => resolve(false);
  });
}

// Somebody has finished here. Nothing of that person is shown; who has the code can withdraw by it.
function begun(study) {
  const closed = study.returning === "block";
  write(at("returning-title"), "taken_title");
  write(at("returning-text"), closed ? "taken_closed" : "taken_text");
  at("returning-go").hidden = true;
  at("returning-new").hidden = closed;
  at("by-code").hidden = !study.has_code;
  at("code-said").textContent = "";
  show("returning", closed ? "returning" : "returning-new");
  at("by-code").onsubmit = withdraw;
  return new Promise((resolve) => {
    at("returning-new").onclick = resolve;
  });
}

async function withdraw() {
  try {
    await api.withdrawByCode(at("code-given").value.trim());
  } catch (error) {
    write(at("code-said"), error.reason === "code_unknown" ? "code_unknown" : "refused_other_text");
    return;
  }
  store.remove("taken");
  stop("withdrawn_title", "withdrawn_text", false);
}
