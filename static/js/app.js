// Small comforts; every page works without them.
"use strict";

// A menu made of <details> closes on Escape and on a click elsewhere.
const openMenus = () => document.querySelectorAll("details.dropdown[open]");
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of openMenus()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
document.addEventListener("click", (event) => {
  for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
});

// What is sent is sent once: the same button pressed again, before the answer has come, does nothing. A file that is
// sent back leaves the page in place: the form's other buttons serve at once, the same one after a while.
const HELD = 5000;
let sent = new WeakMap();
document.addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  if (event.defaultPrevented || form.method !== "post") return;
  const last = sent.get(form);
  if (last && last.submitter === submitter && event.timeStamp - last.at < HELD) event.preventDefault();
  else sent.set(form, { submitter, at: event.timeStamp });
});
window.addEventListener("pageshow", () => { sent = new WeakMap(); });

// <form data-autosubmit>: a changed filter applies at once; its button stays for those without JavaScript.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-autosubmit]");
  if (form) form.requestSubmit();
});

// <input type="checkbox" data-check-all="name">: ticks every checkbox of that name.
document.addEventListener("change", (event) => {
  const name = event.target.dataset.checkAll;
  if (!name) return;
  for (const box of document.querySelectorAll(`input[type=checkbox][name="${CSS.escape(name)}"]`)) {
    box.checked = event.target.checked;
  }
});

// <button data-print hidden>: the browser's own menu prints as well.
for (const button of document.querySelectorAll("button[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

// <button data-copy="id" hidden>: copies that element's words, and its form where it is data-rich; shown where it can.
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = !(navigator.clipboard && window.ClipboardItem);
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    const kinds = { "text/plain": source.innerText.trim() };
    if ("rich" in source.dataset) kinds["text/html"] = source.innerHTML.trim();
    const blobs = Object.entries(kinds).map(([type, text]) => [type, new Blob([text], { type })]);
    await navigator.clipboard.write([new ClipboardItem(Object.fromEntries(blobs))]);
    button.querySelector("[data-copy-said]").textContent = "Copié";
  });
}

// The search field: Ctrl-K or "/" leads there, arrows go through what is found, Escape closes it.
const find = document.querySelector("input[data-find]");
if (find) {
  const found = document.getElementById("found");
  const close = () => { found.hidden = true; };
  const answers = () => [...found.querySelectorAll("a")];
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    const asks = (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) || (event.key === "/" && !typing);
    if (!asks) return;
    event.preventDefault();
    find.focus();
    find.select();
  });
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.target === found) found.hidden = !find.form.contains(document.activeElement);
  });
  find.form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      close();
      find.focus();
      return;
    }
    if (found.hidden || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
    event.preventDefault();
    const places = [find, ...answers()];
    const step = event.key === "ArrowDown" ? 1 : -1;
    const next = places.indexOf(document.activeElement) + step;
    places[(next + places.length) % places.length].focus();
  });
  find.form.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !find.form.contains(event.relatedTarget)) close();
  });
  document.addEventListener("click", (event) => { if (!find.form.contains(event.target)) close(); });
}
