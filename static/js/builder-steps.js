// Undo and redo by keyboard, what is said to those who do not see it, the place of an error in the JSON.
// Without this file the buttons work, each as a full page.
"use strict";

(() => {
  const builder = () => document.getElementById("builder");
  const TEXT = "textarea, [contenteditable], input:not([type=checkbox], [type=radio], [type=button], [type=submit], [type=file])";

  const isEmptyField = (field) => field.matches?.("#builder input") && !field.value && !field.validity.badInput; // nothing of its own to take back

  // --- Ctrl Z takes back the last change, where it is not the field's own -------------------------------------------
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || !builder()) return;
    const key = event.key.toLowerCase();
    if (!["z", "y"].includes(key) || (event.target.matches?.(TEXT) && !isEmptyField(event.target)) || document.querySelector("dialog[open]")) return;
    const button = document.getElementById(key === "y" || event.shiftKey ? "builder-redo" : "builder-undo");
    if (!button) return;
    event.preventDefault();
    button.click();
  });

  // A change is a step once it has been counted: what is pressed before is done then.
  let pressed = "";
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("#builder-undo, #builder-redo");
    if (button?.getAttribute("aria-disabled") === "true" && document.querySelector("#builder-live.htmx-request")) pressed = button.id;
  });
  document.addEventListener("input", () => { pressed = ""; }); // whoever types on wants that to stay
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!pressed || event.detail.elt?.id !== "builder-live") return;
    const button = document.getElementById(pressed);
    pressed = "";
    button?.click();
  });

  // --- how the server tells steps apart: which field is still being typed into, what is about to be drawn anew ------
  const drawing = new Set(); // requests under way whose answers draw the form anew; then it is counted once more
  const isCount = (detail) => detail.elt?.id === "builder-live";
  const draws = (detail) => !isCount(detail) && detail.requestConfig?.path === builder()?.dataset.url;
  document.addEventListener("htmx:beforeSend", ({ detail }) => { if (draws(detail)) drawing.add(detail.xhr); });
  for (const name of ["htmx:beforeSwap", "htmx:afterRequest"]) document.addEventListener(name, ({ detail }) => drawing.delete(detail.xhr));
  document.addEventListener("htmx:configRequest", ({ detail }) => {
    if (!isCount(detail) && detail.path !== builder()?.dataset.url) return;
    detail.headers["X-Builder-Clock"] = String(Date.now());
    const cause = detail.triggeringEvent?.type;
    const field = cause === "count" ? document.activeElement : detail.triggeringEvent?.target;
    if (drawing.size) detail.headers["X-Builder-Step"] = "drawing";
    else if (isCount(detail) && cause !== "change" && field?.matches?.(TEXT) && builder()?.contains(field)) detail.headers["X-Builder-Step"] = `typing:${field.name}`;
  });

  // --- said aloud: a region that stays while the form is drawn anew -------------------------------------------------
  const region = document.createElement("div");
  region.className = "visually-hidden";
  region.setAttribute("role", "status");
  region.setAttribute("aria-live", "polite");
  region.id = "builder-said";
  document.body.append(region);
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target?.id !== "builder" || !builder()?.dataset.said) return;
    const { said } = builder().dataset;
    region.textContent = region.textContent === said ? `${said}\u00a0` : said; // said again where it is the same
  });

  // --- the place of what is wrong in the JSON is marked -------------------------------------------------------------
  function markWrong() {
    const text = document.getElementById("builder-json");
    if (!text?.dataset.start) return;
    text.focus();
    text.setSelectionRange(Number(text.dataset.start), Number(text.dataset.end));
    delete text.dataset.start;
  }
  document.addEventListener("DOMContentLoaded", markWrong);
  document.addEventListener("htmx:afterSettle", markWrong);
})();
