// Elements of a page, made from their parts.

export function made(tag, attributes = {}, ...inside) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...inside); // a string becomes text: a name may hold any character
  return element;
}

export const row = (...inside) => made("div", { class: "row" }, ...inside);
export const button = (id, text, attributes = {}) => made("button", { type: "button", id, ...attributes }, text);
export const range = (attributes) => made("input", { type: "range", ...attributes });

// A menu of [value, text] pairs.
export function menu(id, choices, chosen = 0) {
  const select = made("select", { id }, ...choices.map(([value, text]) => made("option", { value }, text)));
  select.selectedIndex = chosen;
  return select;
}

// A frame as high as its content: names take as many rows as they need, and buttons stay in sight.
export function followHeight(content) {
  const frame = window.frameElement;
  const follow = () => (frame.style.height = `${Math.ceil(content.getBoundingClientRect().height)}px`);
  if (frame) new ResizeObserver(follow).observe(content);
}
