// <button data-copy="ID" data-copied="Copied" hidden>: copies the text, or the value, of that element. It is hidden
// where nothing can be copied; the text itself can then be marked by hand.
"use strict";

(() => {
  const SAID_MS = 2500;
  if (!navigator.clipboard) return; // not over plain http
  const show = () => { for (const button of document.querySelectorAll("[data-copy][hidden]")) button.hidden = false; };
  show();
  document.addEventListener("htmx:afterSettle", show);
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const source = document.getElementById(button.dataset.copy);
    await navigator.clipboard.writeText(source.value ?? source.textContent.trim());
    const words = button.querySelector("span") ?? button;
    const before = words.textContent;
    if (before === button.dataset.copied) return;
    words.textContent = button.dataset.copied;
    setTimeout(() => { words.textContent = before; }, SAID_MS);
  });
})();
