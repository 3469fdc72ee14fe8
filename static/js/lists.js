// Rows ticked in a list: one box for the whole page, how many they are, and none lost when the rows are drawn again.
"use strict";

(() => {
  const form = () => document.querySelector("[data-ticks]");
  const boxes = () => {
    const found = form();
    return found ? [...document.querySelectorAll(`input[form="${found.id}"][name="${found.dataset.ticks}"]`)] : [];
  };
  let ticked = new Set();

  function show() {
    const all = boxes();
    const number = all.filter((box) => box.checked).length;
    ticked = new Set(all.filter((box) => box.checked).map((box) => box.value));
    const whole = document.querySelector("[data-tick-all]");
    if (whole) {
      whole.hidden = false;
      whole.checked = number > 0 && number === all.length;
      whole.indeterminate = number > 0 && number < all.length;
    }
    const told = document.querySelector("[data-ticked]");
    if (told) {
      told.hidden = number === 0;
      told.querySelector("b").textContent = number;
    }
    const none = number === 0 && !form()?.querySelector("[name=all]")?.checked;
    for (const item of document.querySelectorAll("[data-needs-ticks]")) {
      item.disabled = none;
      item.setAttribute("aria-describedby", "tags-action-reason");
    }
    for (const reason of document.querySelectorAll("[data-untold]")) reason.hidden = !none;
  }

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-tick-all]")) for (const box of boxes()) box.checked = event.target.checked;
    if (event.target.matches("[data-tick-all]") || boxes().includes(event.target) || event.target.form?.matches("[data-ticks]")) show();
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const box of boxes()) if (ticked.has(box.value)) box.checked = true;
    show();
  });
  show();
})();
