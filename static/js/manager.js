// The contact manager: one box that ticks a whole page. Without this file each row's own box and the buttons do the same.
"use strict";

(() => {
  const rows = () => [...document.querySelectorAll("#rows input[name=ticked]")];

  function showWhole() {
    const whole = document.querySelector("[data-tick-page]");
    if (!whole) return;
    const ticked = rows().filter((box) => box.checked).length;
    whole.closest("label").hidden = false;
    whole.checked = ticked > 0 && ticked === rows().length;
    whole.indeterminate = ticked > 0 && ticked < rows().length;
  }

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-tick-page]")) {
      for (const box of rows()) box.checked = event.target.checked;
      rows()[0]?.dispatchEvent(new Event("change", { bubbles: true }));
    } else if (event.target.name === "ticked") showWhole();
  });
  document.addEventListener("htmx:afterSwap", showWhole);
  showWhole();
})();

// Filters that open under their name: what is chosen stands in the line, the list is searched, keys lead through it.
(() => {
  const POLISH = { ł: "l" };
  const folded = (text) => text.toLowerCase().replace(/ł/g, (sign) => POLISH[sign]).normalize("NFD").replace(/\p{M}/gu, "");
  const options = (pick) => [...pick.querySelectorAll(".form-check")];
  const inSight = (pick) => options(pick).filter((option) => !option.hidden).map((option) => option.querySelector("input"));
  const opened = () => document.querySelector("[data-pick][open]");

  function say(pick) {
    const line = pick.querySelector("[data-picked]");
    const names = options(pick)
      .filter((option) => option.querySelector("input").checked && option.querySelector("input").value)
      .map((option) => option.querySelector("span").textContent.trim());
    line.textContent = names.join(", ") || line.dataset.none;
  }
  function narrow(pick, text) {
    const words = folded(text).split(/\s+/).filter(Boolean);
    for (const option of options(pick)) option.hidden = !words.every((word) => folded(option.textContent).includes(word));
    pick.querySelector("[data-pick-none]").hidden = options(pick).some((option) => !option.hidden);
  }
  function shut(pick, { back = false } = {}) {
    pick.open = false;
    if (back) pick.querySelector("summary").focus();
  }

  document.addEventListener("toggle", (event) => {
    const pick = event.target;
    if (!pick.matches?.("[data-pick]") || !pick.open) return;
    for (const other of document.querySelectorAll("[data-pick][open]")) if (other !== pick) shut(other);
    const search = pick.querySelector("[data-pick-search]");
    if (search) {
      search.value = "";
      narrow(pick, "");
    }
    (search ?? inSight(pick)[0])?.focus({ preventScroll: true });
  }, true);
  document.addEventListener("input", (event) => {
    if (!event.target.matches("[data-pick-search]")) return;
    event.stopPropagation(); // it narrows the list to choose from, not the contacts
    narrow(event.target.closest("[data-pick]"), event.target.value);
  }, true);
  document.addEventListener("change", (event) => {
    const pick = event.target.closest?.("[data-pick]");
    if (pick && !event.target.matches("[data-pick-search]")) say(pick);
  });
  document.addEventListener("click", (event) => {
    const pick = opened();
    if (pick && !pick.contains(event.target)) shut(pick);
  });
  document.addEventListener("keydown", (event) => {
    const pick = event.target.closest?.("[data-pick][open]");
    if (!pick) return;
    const search = pick.querySelector("[data-pick-search]");
    const boxes = inSight(pick);
    const here = boxes.indexOf(event.target);
    if (event.key === "Escape") {
      event.preventDefault();
      shut(pick, { back: true });
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && event.target.tagName !== "SUMMARY") {
      event.preventDefault();
      const to = here + (event.key === "ArrowDown" ? 1 : -1);
      (to < 0 ? search ?? boxes[0] : boxes[Math.min(to, boxes.length - 1)])?.focus();
    } else if (event.key === "Enter" && event.target.tagName === "INPUT") {
      event.preventDefault();
      (here >= 0 ? boxes[here] : search?.value ? boxes[0] : null)?.click();
    }
  });
})();

// The columns are saved once the order of those just ticked is there: leaving earlier would break the request off.
(() => {
  const asked = (form) => form.querySelector(".columns-choice.htmx-request, #column-order .htmx-request");
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches(".columns-form") || !asked(form)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const { submitter } = event;
    form.addEventListener("htmx:afterRequest", () => setTimeout(() => form.requestSubmit(submitter)), { once: true });
  }, true);
})();

// Columns put into order by dragging. Without this file the arrows beside them do the same.
(() => {
  let dragged = null;
  const items = (list) => [...list.querySelectorAll("li[draggable]")];
  const clear = (list) => { for (const item of items(list)) item.classList.remove("before", "after"); };
  const over = (event) => {
    const item = event.target.closest?.("[data-drag-order] li[draggable]");
    return item && dragged && item.parentElement === dragged.parentElement ? item : null;
  };
  const upper = (event, item) => event.clientY < item.getBoundingClientRect().top + item.offsetHeight / 2;

  document.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.("[data-drag-order] li[draggable]") ?? null;
    dragged?.classList.add("dragged");
    if (dragged) event.dataTransfer.effectAllowed = "move";
  });
  document.addEventListener("dragover", (event) => {
    const item = over(event);
    if (!item) return;
    event.preventDefault();
    clear(item.parentElement);
    if (item !== dragged) item.classList.add(upper(event, item) ? "before" : "after");
  });
  document.addEventListener("drop", (event) => {
    const item = over(event);
    if (!item) return;
    event.preventDefault();
    if (item !== dragged) item[upper(event, item) ? "before" : "after"](dragged);
  });
  document.addEventListener("dragend", () => {
    if (!dragged) return;
    clear(dragged.parentElement);
    dragged.classList.remove("dragged");
    dragged = null;
  });
})();
