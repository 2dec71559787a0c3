"use strict";
// What the desk does without JavaScript it does here a little better: it keeps a
// page fresh while something moves, searches while one types, copies, and sends a
// form once.
const say = (text) => { const live = document.getElementById("live"); if (live && live.textContent !== text) live.textContent = text; };
const fetchPage = async (address) => {
  const answer = await fetch(address, { headers: { Accept: "text/html" }, redirect: "error" });
  if (!answer.ok) throw new Error(answer.status);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
};
const swap = (fresh, id) => {
  const old = document.getElementById(id), now = fresh.getElementById(id);
  if (old && now) { old.replaceWith(document.adoptNode(now)); enhance(); }
};
let asked = 0;
const poll = async () => {
  if (!document.querySelector("main[data-poll]")) return;
  try {
    const busy = document.activeElement && document.activeElement.closest("main form, main details");
    if (!document.hidden && !busy) {
      const fresh = await fetchPage(location.href);
      swap(fresh, "main");
      const verdict = document.querySelector("[data-verdict]");
      if (verdict) { say(verdict.textContent); document.title = fresh.title; }
    }
  } catch { /* the desk is away for a moment: ask again */ }
  setTimeout(poll, ++asked < 150 ? 2000 : 15000);
};
let typed = 0;
const searching = (box) => box.addEventListener("input", () => {
  clearTimeout(typed);
  if (box.value.includes("@")) return; // an e-mail goes by POST alone
  typed = setTimeout(async () => {
    const form = new FormData(box.form), query = new URLSearchParams();
    for (const [name, value] of form) if (value && name !== "email") query.set(name, value);
    const address = box.form.dataset.live + (query.size ? "?" + query : "");
    try {
      const fresh = await fetchPage(address);
      if (new FormData(box.form).get("q") !== form.get("q")) return;
      swap(fresh, "rows");
      history.replaceState(null, "", address);
      say(document.getElementById("count")?.textContent || "");
    } catch { /* Enter still searches */ }
  }, 250);
});
const enhance = () => {
  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.hidden = false;
    button.onclick = async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
      say(button.textContent = button.dataset.done);
    };
  }
};
document.addEventListener("submit", (e) => {
  if (e.target.dataset.sent) return e.preventDefault();
  if (!e.target.hasAttribute("data-many")) e.target.dataset.sent = "1";
});
addEventListener("pageshow", () => { for (const form of document.forms) delete form.dataset.sent; });
document.addEventListener("keydown", (e) => {
  const box = document.getElementById("q");
  if (e.key === "/" && box && !e.target.closest("input, textarea, select")) { e.preventDefault(); box.focus(); box.select(); }
});
for (const box of document.querySelectorAll("form[data-live] input[name=q]")) searching(box);
enhance();
setTimeout(poll, 2000);
