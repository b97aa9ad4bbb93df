// What a screen reader would not find: menus of charts, samples, the box that ticks all, long tables, empty charts.
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
  for (const picture of document.querySelectorAll(".samples button > img[alt]:not([alt=''])")) {
    picture.parentElement.ariaLabel = picture.parentElement.title = picture.alt;
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

if (asked.get("study") && !asked.has("tab")) asked.set("tab", "study");

// Each is opened once, and none that a visitor went past: a page that fills itself late must not draw anybody back.
const follow = () => {
  if (!document.querySelector("#restore") || !tabs().length) return;
  tabs().find((one) => nameOf(one) === asked.get("tab")?.toLowerCase())?.click();
  if (asked.has("task")) taskOf(asked.get("task"))?.click();
  for (const name of ["tab", "task"]) asked.delete(name);
  const frame = document.querySelector("iframe[title='The study']");
  if (frame && asked.get("study")) frame.src = `study/${encodeURIComponent(asked.get("study"))}`;
  if (frame || !asked.get("study")) asked.delete("study");
};

const remember = (name, value) => {
  asked.delete(name);
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

// How far a restoration is, above its buttons and in words: Gradio writes "queue: 2/3 | 4.2s" and "... - 45.1%" over the
// results. Between two steps it writes nothing. A job is done if what it found stands there, and not what was there before.
let [running, before] = [false, null];
const gauge = () => {
  const tracker = document.querySelector("#gauge [data-testid=status-tracker]");
  const line = document.querySelector("#gauge p");
  if (!tracker || !line) return;
  const [text, ahead] = [tracker.textContent, Number(tracker.textContent.match(/queue: (\d+)/)?.[1])];
  const level = tracker.querySelector(".progress-level-inner")?.textContent.replace(/\s+/g, " ").trim();
  const results = document.querySelector("#metrics")?.textContent;
  const over = tracker.matches(".hide") || text.includes("Error");
  if (!over && !running) before = results;
  running = !over;
  const done = over && before !== null && results !== before && document.querySelector("#archive") !== null;
  let said = line.textContent;
  if (over) said = done ? "done" : "";
  else if (ahead) said = ahead === 1 ? "1 job before yours" : `${ahead} jobs before yours`;
  else if (level) said = level.replace(/ ?-? ?[\d.]+%$/, "");
  else if (!said || said === "done") said = "starting";
  if (said !== line.textContent) line.textContent = said;
  line.parentElement.classList.toggle("done", done);
  line.style.setProperty("--done", said.match(/\d+%/)?.[0] ?? "0%");
};
document.addEventListener("click", ({ target }) => {
  if (target.closest?.("#gauge button")) document.querySelector("#shown").scrollIntoView({ behavior: "smooth" });
});
const watchGauge = () => {
  const place = document.querySelector("#gauge:not(.watched)");
  place?.classList.add("watched");
  if (place) new MutationObserver(gauge).observe(place, { subtree: true, childList: true, characterData: true, attributeFilter: ["class"] });
};

// A researcher who entered stays in while this tab of the browser is open, whatever is loaded anew.
const TOKEN = "uplapp-token";
let offered = "";
document.addEventListener("input", ({ target }) => {
  if (target.closest?.("#token")) offered = target.value;
});
window.stayIn = () => offered && sessionStorage.setItem(TOKEN, offered);
window.leave = () => {
  sessionStorage.removeItem(TOKEN);
  location.reload();
};
const enterAgain = () => {
  const box = document.querySelector("#token input");
  const kept = sessionStorage.getItem(TOKEN);
  if (!kept || !box || offered) return;
  box.value = kept;
  box.dispatchEvent(new Event("input", { bubbles: true }));
  sessionStorage.removeItem(TOKEN); // kept again where it is still right
  setTimeout(() => document.querySelector("#enter")?.click(), 100);
};

let due = 0;
new MutationObserver(() => {
  clearTimeout(due);
  due = setTimeout(() => {
    named();
    watchGauge();
    gauge();
    if (asked.size) follow();
    enterAgain();
  }, 200);
}).observe(document, { childList: true, subtree: true });
