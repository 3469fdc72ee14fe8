// The criteria form's comforts. Without this file every button still works, as a full page.
"use strict";

(() => {
  const COUNTS = "[data-count]";
  const builder = () => document.getElementById("builder");
  const isOperation = (event) => Boolean(event.detail.requestConfig?.path ?? event.detail.path) && (event.detail.requestConfig?.path ?? event.detail.path) === builder()?.dataset.url;
  const isCount = (event) => event.detail.elt?.id === "builder-live";

  // --- answers in their order: a number of an older state is never shown over a newer one --------------------------
  let sequence = 0;
  document.addEventListener("htmx:configRequest", (event) => {
    if (!isOperation(event) && !isCount(event)) return;
    sequence += 1;
    event.detail.headers["X-Builder-Sequence"] = String(sequence);
    if (isOperation(event)) remember();
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!isOperation(event) && !isCount(event)) return;
    const { xhr } = event.detail;
    if (xhr.status === 422) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
    if (isCount(event) && xhr.getResponseHeader("X-Builder-Sequence") !== String(sequence)) event.detail.shouldSwap = false;
    if (isOperation(event)) beforeOperation();
  });

  // --- what is typed while an operation is under way is put back ----------------------------------------------------
  let sentValues = new Map();
  let typedSince = new Map();
  let numbers = new Map();
  let operated = false; // an operation's answer is being put in
  const fields = () => builder()?.querySelectorAll("input[id][name]:not([type=hidden]):not([type=checkbox]), textarea[id]") ?? [];
  function remember() {
    sentValues = new Map([...fields()].map((field) => [field.id, field.value]));
  }
  function beforeOperation() {
    operated = true;
    typedSince = new Map([...fields()].filter((field) => sentValues.has(field.id) && sentValues.get(field.id) !== field.value).map((field) => [field.id, field.value]));
    numbers = new Map([...builder().querySelectorAll(COUNTS)].map((place) => [place.id, place.innerHTML]));
  }
  document.addEventListener("htmx:afterSwap", () => {
    if (!operated || !builder()) return;
    for (const [id, value] of typedSince) {
      const field = document.getElementById(id);
      if (field) field.value = value;
    }
    typedSince.clear();
    for (const [id, html] of numbers) { // the numbers before, dimmed, until the new ones are there
      const place = document.getElementById(id);
      if (!place || place.textContent.trim()) continue;
      place.innerHTML = html;
      place.classList.add("stale");
    }
    numbers.clear();
  });

  // --- after an operation: focus where the work goes on, and count; on a page with errors: focus the first -----------
  function focusWhereItGoesOn() {
    const form = builder();
    if (form?.dataset.focus) document.getElementById(form.dataset.focus)?.focus();
    if (form) delete form.dataset.focus;
  }
  document.addEventListener("DOMContentLoaded", focusWhereItGoesOn);
  document.addEventListener("htmx:afterSettle", () => {
    if (!operated || !builder()) return;
    operated = false;
    focusWhereItGoesOn();
    document.getElementById("builder-live")?.dispatchEvent(new Event("count"));
  });

  // --- what was chosen before htmx listened is answered once it does ------------------------------------------------
  function answerEarlyChoices() {
    for (const select of builder()?.querySelectorAll("select[data-refreshes]") ?? []) {
      const drawn = [...select.options].findLast((option) => option.defaultSelected) ?? select.options[0];
      if (drawn !== select.selectedOptions[0]) select.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }
  window.addEventListener("load", answerEarlyChoices);

  // --- Enter in an input adds its value, it does not submit the page -------------------------------------------------
  document.addEventListener("keydown", (event) => {
    const input = event.target;
    if (event.key !== "Enter" || !input.matches?.("#builder input:not([type=checkbox])")) return;
    event.preventDefault();
    if (input.hasAttribute("data-adds") && input.value.trim()) input.dispatchEvent(new Event("change", { bubbles: true }));
  });

  // --- lists of checkboxes: the button says what is chosen; a search narrows the list --------------------------------
  document.addEventListener("change", (event) => {
    const list = event.target.closest?.("#builder .pick-list");
    if (!list || event.target.type !== "checkbox") return;
    const button = document.querySelector(`[popovertarget="${list.id}"]`);
    const chosen = [...list.querySelectorAll("input:checked")].map((box) => box.closest("label").textContent.trim());
    button.replaceChildren(...(chosen.length ? chosen : [button.dataset.none]).map((text) => {
      const chip = document.createElement("span");
      chip.className = chosen.length ? "chip" : "muted";
      chip.textContent = text;
      return chip;
    }));
  });
  document.addEventListener("input", (event) => {
    if (!event.target.matches?.(".pick-list [data-filter]")) return;
    event.stopPropagation();
    const wanted = event.target.value.trim().toLocaleLowerCase();
    for (const label of event.target.closest(".pick-list").querySelectorAll("label")) {
      label.hidden = !`${label.textContent} ${label.dataset.search || ""}`.toLocaleLowerCase().includes(wanted);
    }
  }, true);
})();
