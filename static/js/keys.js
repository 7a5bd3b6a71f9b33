// Keys on a list: j and k go from row to row, e opens one, s puts it in pause, x ticks it, ? says all this.
"use strict";

const ROWS = ".todo-list > .todo, .list tbody > tr, .list .list-rows > li";
const isTyping = (target) => target.closest("input:not([type=checkbox]), textarea, select, [contenteditable], dialog");

function goTo(step) {
  const rows = [...document.querySelectorAll(ROWS)];
  if (!rows.length) return;
  const here = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[Math.min(Math.max(here + step, 0), rows.length - 1)];
  const target = next.querySelector("a[href], button, summary");
  if (target) target.focus();
  next.scrollIntoView({ block: "nearest" });
}

const rowHere = () => document.activeElement.closest(ROWS);

const ACTS = {
  j: () => goTo(1),
  k: () => goTo(-1),
  e: () => rowHere()?.querySelector("a[href]")?.click(),
  x: () => rowHere()?.querySelector("input[type=checkbox]")?.click(),
  s: () => {
    const menu = rowHere()?.querySelector("details.dropdown");
    if (!menu) return;
    menu.open = true;
    menu.querySelector("input:not([type=hidden]), button:not([hidden])")?.focus();
  },
  "?": () => document.getElementById("keys")?.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const act = ACTS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

// <button data-keys hidden>: the same help by a click.
for (const button of document.querySelectorAll("button[data-keys]")) {
  button.hidden = false;
  button.addEventListener("click", ACTS["?"]);
}
