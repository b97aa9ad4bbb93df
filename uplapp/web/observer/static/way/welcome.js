// Welcome, language and consent, or where the study takes nobody now, a sentence that says so.

import * as api from "../base/api.js";
import { at, show, stop, submitted } from "../base/screens.js";
import { identified, keepSession, link, panelIds, store } from "../base/store.js";
import { load, nameOf, say, write } from "../base/texts.js";

const NO_ENTRY = ["full", "early", "over"]; // to newcomers alone
const SAFE_HZ = 3; // flashes a second, WCAG 2.3.1

// The study as its welcome page describes it, with the page's own sentences in the same language.
export async function invitation(wanted = preferred()) {
  const study = await api.welcome(wanted);
  await load(study.language);
  document.title = study.title;
  for (const task of ["pairs", "rating"]) document.body.classList.toggle(`for-${task}`, study.task === task);
  return study;
}

export function preferred() {
  const chosen = new URLSearchParams(location.search).get("lang") ?? store.get("language");
  return (chosen ?? navigator.language ?? "").slice(0, 2).toLowerCase();
}

// Whether a newcomer can take part. A link may belong to someone who is in already.
export function admits(study) {
  const held = NO_ENTRY.includes(study.state) && identified() ? "open" : study.state;
  const reason = held !== "open" ? held : unknown(study);
  const way = reason === "full" ? full(study) : "";
  if (reason) stop(`refused_${reason}_title`, `refused_${reason}_text`, false, dates(study), way);
  return !reason;
}

// The dates of a study, in the observer's language and time.
export function dates({ opens, closes }) {
  const inWords = (seconds) => seconds && new Date(1000 * seconds).toLocaleString(document.documentElement.lang,
    { dateStyle: "long", timeStyle: "short" });
  return { opens: inWords(opens), closes: inWords(closes) };
}

function unknown(study) {
  if (study.links_only && !link) return "link_needed";
  return study.panel?.required && !identified() ? "panel_needed" : null;
}

// Where a panel wants people to go, with the ids that they came with.
const onward = (address = "") =>
  address.replace(/\{([^{}]*)\}/g, (_, name) => encodeURIComponent(panelIds()[name] ?? ""));
export const full = (study) => onward(study?.onward.full);

// Resolves with the study in the language of the consent.
export async function consent(study) {
  let agreed = study;
  fill(study);
  await offerLanguages(study, (other) => {
    agreed = other;
    fill(other);
  });
  show("welcome");
  await submitted("consent");
  wait(true);
  store.set("language", agreed.language);
  const body = { consent_version: agreed.consent.version, language: agreed.language, panel: panelIds() };
  const before = store.get("given-up");
  const whole = { ...body, ...(link && { link }), ...(before && { instead_of: before }) };
  keepSession((await api.join(whole)).session);
  for (const name of ["given-up", "taken"]) store.remove(name);
  return invitation(agreed.language); // a link may lead back to an earlier edition
}

function fill(study) {
  at("title").textContent = study.title;
  write(at("trials"), `trials_${study.task}`, { n: study.trials });
  const minutes = Math.max(1, Math.round(study.minutes));
  write(at("minutes"), minutes === 1 ? "minute_one" : "minute_many", { n: minutes });
  at("consent-text").textContent = study.consent.text.replace(/([^\n])\n(?!\n)/g, "$1 ");
  write(at("consent-version"), "consent_version", { version: study.consent.version });
  at("fast").hidden = 1000 / (2 * study.phase_ms) <= SAFE_HZ;
  at("with-original").hidden = study.original !== "shown";
  at("boosted").hidden = !study.boosted;
  tell(study);
}

// What is stored that may name a person, until when, and the way out for who does not agree.
function tell({ panel, personal_until: until, onward: addresses }) {
  at("told-panel").hidden = !panel;
  if (panel) write(at("told-panel"), "told_panel", { panel: say(`panel_${panel.name}`), ids: panel.ids.join(", ") });
  at("told-until").hidden = !until;
  if (until) write(at("told-until"), "told_until", { day: until });
  at("disagree").hidden = !addresses.no_consent;
  if (addresses.no_consent) at("disagree-link").href = onward(addresses.no_consent);
}

async function offerLanguages(study, onChange) {
  const menu = at("language");
  at("language-row").hidden = study.languages.length < 2;
  if (at("language-row").hidden) return;
  const names = await Promise.all(study.languages.map(nameOf));
  menu.replaceChildren(...study.languages.map((code, index) => new Option(names[index], code)));
  for (const option of menu.options) option.lang = option.value;
  menu.value = study.language;
  let present = study.language;
  menu.addEventListener("change", async () => {
    wait(true);
    try {
      onChange(await invitation(menu.value));
      present = menu.value;
      remember(present);
    } catch {
      menu.value = present; // refused: all stays as it was read
    }
    wait(false);
    menu.focus();
  });
}

// No second choice and no consent while another text is on its way.
function wait(pending) {
  at("language").disabled = at("consent-send").disabled = pending;
}

// The choice holds from here on, also after a reload.
function remember(language) {
  store.set("language", language);
  const search = new URLSearchParams(location.search);
  search.delete("lang");
  const rest = String(search) && `?${search}`;
  history.replaceState(null, "", `${location.pathname}${rest}${location.hash}`);
}
