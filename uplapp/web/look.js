// What a screen reader would not find: menus of charts, the box that ticks all, long tables, empty charts.
const named = () => {
  for (const menu of document.querySelectorAll(".vega-embed summary:not([aria-label])")) {
    menu.setAttribute("aria-label", "Save this chart");
  }
  for (const box of document.querySelectorAll(".select-all-checkbox:not([aria-label])")) {
    box.setAttribute("aria-label", "All");
  }
  for (const one of document.querySelectorAll("[aria-label='common.upload']")) {
    one.ariaLabel = one.title = "Add files";
  }
  const still = ":is(#metrics, .numbers, .sheet):not([tabindex]), .cm-scroller[tabindex='-1']";
  for (const table of document.querySelectorAll(still)) {
    table.tabIndex = 0;
  }
  for (const empty of document.querySelectorAll("div.empty[aria-label]:not([role])")) {
    empty.setAttribute("role", "img");
  }
};

// An address may say what to open: ?tab=analysis, ?task=mri, ?study=NAME. It follows what a visitor opens.
const asked = new URLSearchParams(location.search);
const tabs = () => [...(document.querySelector("[role=tablist]")?.querySelectorAll("[role=tab]") ?? [])];
const nameOf = (tab) => tab.textContent.trim().toLowerCase();
const taskOf = (name) => document.querySelector(`#task input[value="${CSS.escape(name)}"]`);

const follow = () => {
  if (!document.querySelector("#restore") || !tabs().length) return;
  const study = asked.get("study") ?? "";
  const tab = (asked.get("tab") ?? (study && "study")).toLowerCase();
  if (asked.has("tab") || study) tabs().find((one) => nameOf(one) === tab)?.click();
  if (asked.has("task")) taskOf(asked.get("task"))?.click();
  for (const name of ["tab", "task"]) asked.delete(name);
  const frame = document.querySelector("iframe[title='The study']");
  if (frame && study) frame.src = `study/${encodeURIComponent(study)}`;
  if (frame || !study) asked.delete("study");
};

const remember = (name, value) => {
  const address = new URL(location);
  address.searchParams.set(name, value);
  history.replaceState(history.state, "", address);
};
document.addEventListener("click", ({ target, isTrusted }) => {
  const tab = target.closest?.("[role=tab]");
  if (isTrusted && tabs().includes(tab)) remember("tab", nameOf(tab));
});
document.addEventListener("change", ({ target, isTrusted }) => {
  if (isTrusted && target.closest?.("#task")) remember("task", target.value);
});

// Gradio's field takes dropped files; of a dropped folder it sees nothing. Its files are put in instead.
const filesOf = async (entry) => {
  if (entry.isFile) return [await new Promise((take, fail) => entry.file(take, fail))];
  const reader = entry.createReader();
  const found = [];
  for (let some; (some = await new Promise((take, fail) => reader.readEntries(take, fail))).length; ) {
    found.push(...(await Promise.all(some.map(filesOf))).flat());
  }
  return found;
};
const dropped = async (input, entries) => {
  const box = new DataTransfer();
  const files = (await Promise.all(entries.map(filesOf))).flat().filter((file) => !file.name.startsWith("."));
  files.forEach((file) => box.items.add(file));
  input.files = box.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
};
document.addEventListener("drop", (event) => {
  const input = event.target.closest?.(".takes-folders")?.querySelector("input[type=file]");
  const entries = [...(event.dataTransfer?.items ?? [])].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!input || !entries.some((entry) => entry.isDirectory)) return;
  event.preventDefault();
  event.stopPropagation();
  dropped(input, entries);
}, true);

let due = 0;
new MutationObserver(() => {
  clearTimeout(due);
  due = setTimeout(() => {
    named();
    if (asked.size) follow();
  }, 200);
}).observe(document, { childList: true, subtree: true });
