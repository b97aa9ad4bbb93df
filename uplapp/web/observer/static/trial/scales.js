// The scales of a rating: one row of labelled values per criterion, by pointer, digits or arrows.

import { at } from "../base/screens.js";
import { labels } from "../base/texts.js";

const groups = () => [...at("criteria").querySelectorAll("fieldset")];
const checked = (group) => group.querySelector("input:checked");

export function drawScales(criteria) {
  at("criteria").replaceChildren(...criteria.map(scale));
}

function scale(criterion, place) {
  const group = document.createElement("fieldset");
  const legend = document.createElement("legend");
  const row = document.createElement("div");
  const words = labels(criterion);
  legend.textContent = criterion.question;
  row.className = "scale";
  row.style.setProperty("--steps", criterion.values.length);
  row.append(...criterion.values.map((value, index) => option(`criterion-${place}`, value, words[index])));
  group.append(legend, row);
  return group;
}

function option(name, value, word) {
  const [label, input, number, text] = ["label", "input", "b", "span"].map((tag) => document.createElement(tag));
  Object.assign(input, { type: "radio", name, value: String(value), className: "unseen" });
  number.textContent = value;
  text.textContent = word;
  label.append(input, number, " ", text);
  return label;
}

export function focusFirst() {
  at("criteria").querySelector("input").focus({ preventScroll: true });
}

export const complete = () => groups().every(checked);

// {criterion: value} of those that have one.
export function ratings(criteria) {
  const inputs = groups().map(checked);
  const values = criteria.map(({ name }, place) => [name, inputs[place] && Number(inputs[place].value)]);
  return Object.fromEntries(values.filter(([, value]) => typeof value === "number"));
}

// A digit chooses on the scale in focus, else on the first that has no rating yet.
export function chooseDigit(digit) {
  const group = document.activeElement?.closest("fieldset") ?? groups().find((one) => !checked(one)) ?? groups()[0];
  const input = group.querySelector(`input[value="${digit}"]`);
  input?.focus();
  input?.click();
}
