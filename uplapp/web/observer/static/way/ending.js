// Thanks with the completion code, and the way out for those who change their mind.

import * as api from "../base/api.js";
import { announce, at, show, shown, stop } from "../base/screens.js";
import { dropSession, leaveDevice } from "../base/store.js";
import { say, write } from "../base/texts.js";

export function thank(study, state) {
  write(at("thanks-text"), state.code ? "thanks_code" : "thanks_plain");
  at("code").textContent = state.code ?? "";
  at("code-row").hidden = !state.code;
  at("onward").hidden = !state.redirect;
  if (state.redirect) at("redirect").href = state.redirect; // never by itself: the code would be gone
  at("ranking").hidden = !study.ranking;
  write(at("copy"), "copy");
  at("copy").hidden = !navigator.clipboard;
  at("copy").onclick = async () => {
    await navigator.clipboard.writeText(state.code).catch(() => getSelection().selectAllChildren(at("code")));
    write(at("copy"), "copied");
    announce(say("copied"));
  };
  at("once").hidden = !state.code;
  show("thanks");
  leaveDevice();
}

// Every quiet button of this kind leads to one question, and only its answer deletes anything.
export function offerWithdrawal() {
  let before = "";
  for (const button of document.querySelectorAll(".withdraw")) {
    button.addEventListener("click", () => {
      before = shown();
      show("withdrawal");
    });
  }
  at("withdraw-no").addEventListener("click", () => show(before));
  at("withdraw-yes").addEventListener("click", async () => {
    at("withdraw-yes").disabled = true;
    try {
      await api.withdraw();
    } catch (error) {
      if (error.reason !== "unknown") return stop("refused_other_title", "refused_other_text");
    }
    api.forgetAnswers();
    dropSession();
    stop("withdrawn_title", "withdrawn_text", false);
  });
}
