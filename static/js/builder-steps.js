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
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!pressed || event.detail.elt?.id !== "builder-live") return;
    const button = document.getElementById(pressed);
    pressed = "";
    button?.click();
  });

  // --- how the server tells steps apart: which field is still being typed into, what was only drawn again -----------
  const SETTLES = ["refresh", "undo", "redo"];
  let operation = "";
  document.addEventListener("htmx:configRequest", (event) => {
    const { headers, parameters, triggeringEvent: cause, elt } = event.detail;
    const isCount = elt.id === "builder-live";
    if (!isCount && event.detail.path !== builder()?.dataset.url) return;
    headers["X-Builder-Clock"] = String(Date.now());
    if (!isCount) {
      operation = parameters.do ?? "";
      return;
    }
    const field = cause?.target;
    if (cause?.type === "count" && SETTLES.includes(operation)) headers["X-Builder-Step"] = "settles";
    else if (field?.matches?.("#builder [data-refreshes], #builder [data-adds]")) headers["X-Builder-Step"] = "typing:*";
    else if (cause?.type === "input" && field?.matches?.(TEXT) && builder()?.contains(field)) headers["X-Builder-Step"] = `typing:${field.name}`;
    if (cause?.type === "count") operation = "";
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
