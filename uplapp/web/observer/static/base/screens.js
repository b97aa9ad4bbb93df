// One screen at a time, with the focus where the next key belongs.

import { say, write } from "./texts.js";

export const at = (id) => document.getElementById(id);

export function show(name, focus = name) {
  for (const screen of document.querySelectorAll("main")) screen.hidden = screen.id !== name;
  at(focus).focus({ preventScroll: true });
  scrollTo(0, 0);
}

export function shown() {
  return document.querySelector("main:not([hidden])")?.id;
}

export function pressed(id) {
  return new Promise((resolve) => at(id).addEventListener("click", resolve, { once: true }));
}

export function submitted(id) {
  return new Promise((resolve) =>
    at(id).addEventListener("submit", (event) => {
      event.preventDefault();
      resolve();
    }, { once: true }),
  );
}

export const delay = (ms) => new Promise((done) => setTimeout(done, ms));

function fill(title, text, button) {
  write(at("pause-title"), title);
  write(at("pause-text"), text);
  write(at("pause-next"), button);
}

export async function pause(title, text, button = "continue") {
  fill(title, text, button);
  at("pause-next").hidden = at("pause-leave").hidden = false;
  show("pause", "pause-next");
  await pressed("pause-next");
}

// A sentence that goes by itself.
export async function brief(title, text, ms) {
  fill(title, text, "continue");
  at("pause-next").hidden = at("pause-leave").hidden = true;
  show("pause");
  announce(say(title));
  await delay(ms);
}

export function announce(text) {
  at("status").textContent = text;
}

// The last screen: what happened, a button that loads the page again where that can help, where to go on.
export function stop(title, text, reload = true, values = {}, onward = "") {
  write(at("gone-title"), title);
  write(at("gone-text"), text, values);
  at("gone-next").hidden = !reload;
  at("gone-onward").hidden = !onward;
  if (onward) at("gone-link").href = onward;
  show("gone", reload ? "gone-next" : "gone");
  at("gone-next").onclick = () => location.reload();
}
