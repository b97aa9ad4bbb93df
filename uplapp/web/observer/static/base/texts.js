// Every sentence that an observer reads, from one file per language. Stars around words make them strong.

const FALLBACK = "en";
let texts = null;
let present = null; // their language

// The sentences in that language, else in English.
export async function load(language) {
  if (language === present) return;
  const other = /^[a-z]{2}$/.test(language) ? await read(language) : null;
  texts = other ?? (await read(FALLBACK)) ?? {};
  document.documentElement.lang = present = other ? language : FALLBACK;
  for (const element of document.querySelectorAll("[data-text]")) write(element, element.dataset.text);
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", say(element.dataset.label));
  }
}

async function read(language) {
  for (let wait = 500; ; wait = Math.min(2 * wait, 8000)) {
    const reply = await fetch(`static/base/text.${language}.json`).catch(() => null);
    if (reply?.ok) return reply.json();
    if (reply?.status === 404) return null;
    await new Promise((done) => setTimeout(done, wait));
  }
}

export const loaded = () => texts !== null;

export function say(key, values = {}) {
  return (texts?.[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

// Text nodes only, so that a title with a tag in it is shown as it is.
export function write(element, key, values) {
  const parts = say(key, values).split("*").map((text, index) => {
    if (index % 2 === 0) return text;
    const strong = document.createElement("strong");
    strong.textContent = text;
    return strong;
  });
  element.replaceChildren(...parts);
}

// The labels of a standard scale in the observer's language, or a study's own labels as they are.
export function labels({ scale, labels: own }) {
  const standard = own.map((text) => texts?.[`scale_${scale}_${text}`]);
  return standard.includes(undefined) ? own : standard;
}

// How a language calls itself, for the menu.
export async function nameOf(language) {
  return (await read(language))?.language_name ?? language;
}
