// What a screen reader would not find: menus of charts, the box that ticks all, long tables, empty charts.
const named = () => {
  for (const menu of document.querySelectorAll(".vega-embed summary:not([aria-label])")) {
    menu.setAttribute("aria-label", "Save this chart");
  }
  for (const box of document.querySelectorAll(".select-all-checkbox:not([aria-label])")) {
    box.setAttribute("aria-label", "All");
  }
  const still = ":is(#metrics, .numbers, .sheet):not([tabindex]), .cm-scroller[tabindex='-1']";
  for (const table of document.querySelectorAll(still)) {
    table.tabIndex = 0;
  }
  for (const empty of document.querySelectorAll("div.empty[aria-label]:not([role])")) {
    empty.setAttribute("role", "img");
  }
};

let due = 0;
new MutationObserver(() => {
  clearTimeout(due);
  due = setTimeout(named, 200);
}).observe(document, { childList: true, subtree: true });
