// The questions after the last trial, each with its own label. They can be skipped where none is required.

import * as api from "../base/api.js";
import { at, show } from "../base/screens.js";
import { say } from "../base/texts.js";

const LONGEST = 2000; // characters, as the server takes them
const FEW = 7; // options that are all in view: more are a menu

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function heading(question) {
  const note = say(question.required ? "required" : "optional");
  return [make("span", { textContent: question.text }), " ", make("small", { textContent: `(${note})` })];
}

function radios(question, name) {
  const options = question.options.map((text) => {
    const input = make("input", { type: "radio", name, value: text, required: question.required });
    return make("label", { className: "pick" }, input, " ", make("span", { textContent: text }));
  });
  return make("fieldset", { className: "field" }, make("legend", {}, ...heading(question)), ...options);
}

function menu(question, name) {
  const options = question.options.map((text) => new Option(text, text));
  return make("select", { name, required: question.required }, new Option(say("choose"), ""), ...options);
}

const INPUTS = {
  choice: menu,
  text: (question, name) => make("textarea", { name, rows: 2, maxLength: LONGEST, required: question.required }),
  number: (question, name) =>
    make("input", { name, type: "number", step: "any", inputMode: "decimal", required: question.required }),
};

function field(question, index) {
  const name = `question-${index}`;
  if (question.kind === "choice" && question.options.length <= FEW) return radios(question, name);
  const input = (INPUTS[question.kind] ?? INPUTS.text)(question, name);
  return make("label", { className: "field" }, ...heading(question), input);
}

function replies(questions) {
  const form = new FormData(at("replies"));
  const fields = questions.map((question, index) => [question, (form.get(`question-${index}`) ?? "").trim()]);
  const filled = fields.filter(([, text]) => text !== "");
  return Object.fromEntries(filled.map(([{ name, kind }, text]) => [name, kind === "number" ? Number(text) : text]));
}

// Resolves with the state after the replies, or after all were skipped.
export async function ask({ questions }) {
  at("question-list").replaceChildren(...questions.map(field));
  at("skip-questions").hidden = questions.some((question) => question.required);
  show("questions");
  return api.reply(await replied(questions));
}

function replied(questions) {
  return new Promise((resolve) => {
    const listening = new AbortController();
    const end = (values) => {
      listening.abort();
      resolve(values);
    };
    at("skip-questions").addEventListener("click", () => end({}), { signal: listening.signal });
    at("replies").addEventListener("submit", (event) => {
      event.preventDefault();
      end(replies(questions));
    }, { signal: listening.signal });
  });
}
