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
  let typing = false; // and somebody has typed on: the focus is theirs
  const fields = () => builder()?.querySelectorAll("input[id][name]:not([type=hidden]):not([type=checkbox]), textarea[id]") ?? [];
  function remember() {
    sentValues = new Map([...fields()].map((field) => [field.id, field.value]));
  }
  function beforeOperation() {
    operated = true;
    typedSince = new Map([...fields()].filter((field) => sentValues.has(field.id) && sentValues.get(field.id) !== field.value).map((field) => [field.id, field.value]));
    typing = typedSince.has(document.activeElement?.id);
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
    if (typing) delete builder().dataset.focus;
    else focusWhereItGoesOn();
    document.getElementById("builder-live")?.dispatchEvent(new Event("count"));
  });

  // --- errors of a refused form: gone once corrected, and never said twice -------------------------------------------
  function dropErrorsCorrected() {
    for (const place of builder()?.querySelectorAll(COUNTS) ?? []) {
      const node = place.closest(".criterion, .block");
      const missing = [...place.querySelectorAll(".unfinished")];
      if (!place.textContent.trim() && !node.matches(".block")) continue; // not counted yet
      for (const error of node.querySelectorAll(node.matches(".block") ? ":scope > .errors" : ".errors")) {
        const same = missing.find((one) => one.textContent === error.textContent && (!error.id || error.id === `${node.id}-${one.dataset.field}-error`));
        same?.remove();
        if (same) continue;
        const field = error.id && node.querySelector(`[aria-describedby~="${error.id}"]`);
        field?.removeAttribute("aria-invalid");
        field?.removeAttribute("aria-describedby");
        error.remove();
      }
      const rest = place.querySelector(".unfinished");
      if (rest) rest.hidden = false;
    }
  }
  document.addEventListener("htmx:afterRequest", (event) => {
    if (isCount(event) && event.detail.successful && event.detail.xhr.getResponseHeader("X-Builder-Sequence") === String(sequence)) dropErrorsCorrected();
  });

  // --- a page without the dock's number: nothing to put it into is no error ------------------------------------------
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!isCount(event) || !event.detail.shouldSwap) return;
    const answer = new DOMParser().parseFromString(event.detail.serverResponse, "text/html");
    for (const part of answer.querySelectorAll("[hx-swap-oob]")) if (!document.getElementById(part.id)) part.remove();
    event.detail.serverResponse = answer.body.innerHTML;
  });

  // --- what was chosen before htmx listened is answered once it does ------------------------------------------------
  function answerEarlyChoices() {
    for (const select of builder()?.querySelectorAll("select[data-refreshes]") ?? []) {
      const drawn = [...select.options].findLast((option) => option.defaultSelected) ?? select.options[0];
      if (drawn !== select.selectedOptions[0]) select.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }
  window.addEventListener("load", answerEarlyChoices);

  // --- Enter in an input adds its value or presses the button beside it, it does not submit the page ------------------
  document.addEventListener("keydown", (event) => {
    const input = event.target;
    if (event.key === "Enter" && !event.isComposing && input.matches?.("input[data-enter]")) {
      event.preventDefault();
      document.getElementById(input.dataset.enter)?.click();
      return;
    }
    if (event.key === "Enter" && input.matches?.("form.create .settings input")) {
      event.preventDefault();
      const fields = [...input.closest(".settings").querySelectorAll("input, select")].filter((field) => field.offsetParent !== null);
      fields[fields.indexOf(input) + 1]?.focus();
      return;
    }
    if (event.key !== "Enter" || !input.matches?.("#builder input:not([type=checkbox])")) return;
    event.preventDefault();
    if (input.hasAttribute("data-adds") && input.value.trim()) input.dispatchEvent(new Event("change", { bubbles: true }));
  });

  // --- lists of checkboxes: the button says what is chosen; a search narrows the list --------------------------------
  document.addEventListener("change", (event) => {
    const list = event.target.closest?.("#builder .pick-list");
    if (!list || event.target.type !== "checkbox") return;
    const button = document.querySelector(`[popovertarget="${list.id}"]`);
    const chosen = [...list.querySelectorAll("input:checked")].map((box) => box.closest("label")).map((label) => label.dataset.full || label.textContent.trim());
    button.replaceChildren(...(chosen.length ? chosen : [button.dataset.none]).map((text) => {
      const chip = document.createElement("span");
      chip.className = chosen.length ? "chip" : "muted";
      chip.textContent = text;
      return chip;
    }));
  });
  const folded = (text) => text.toLocaleLowerCase().normalize("NFD").replace(/\p{M}/gu, "").replaceAll("ł", "l"); // "stały" is "staly"
  document.addEventListener("input", (event) => {
    if (!event.target.matches?.(".pick-list [data-filter]")) return;
    event.stopPropagation();
    const wanted = folded(event.target.value.trim());
    const list = event.target.closest(".pick-list");
    const labels = [...list.querySelectorAll("label")];
    for (const label of labels) label.hidden = !folded(`${label.textContent} ${label.dataset.search || ""}`).includes(wanted);
    const nothing = list.querySelector("[data-nothing]");
    if (nothing) nothing.hidden = labels.some((label) => !label.hidden);
  }, true);
})();
