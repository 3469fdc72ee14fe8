// Where tags are typed: those that there are, to choose from (an ARIA combobox), and what the text becomes.
// Without this file it is a plain field, and the page that takes it says what became of the text.
"use strict";

(() => {
  const WAIT_MS = 150;
  let list = null; // the open list, and the field it belongs to
  let field = null;
  let active = -1;
  const waiting = new Map();
  let asking = null;
  const isOurs = (target) => target instanceof HTMLInputElement && target.hasAttribute("data-tags");
  const options = () => [...(list?.querySelectorAll("[role=option]") ?? [])];
  const say = (input, ...names) => { for (const name of names) input.dispatchEvent(new Event(name, { bubbles: true })); };
  async function fetched(address, signal) {
    const answer = await fetch(address, { signal, headers: { "HX-Request": "true" } });
    return answer.ok && !answer.headers.get("HX-Redirect") ? answer.text() : "";
  }

  // --- what the text becomes -------------------------------------------------------------------------------------------
  function told(input) {
    const id = `${input.id}-becomes`;
    let place = document.getElementById(id);
    if (!place) {
      place = document.createElement("div");
      place.id = id;
      place.className = "tag-becomes";
      place.setAttribute("aria-live", "polite");
      (input.closest(".label-line") ?? input).after(place);
    }
    return place;
  }
  async function tell(input) {
    const typed = input.value;
    const note = told(input);
    const untouched = input.dataset.tags === "one" && typed === input.defaultValue; // the name it has, or that is offered
    if (!typed.trim() || untouched) { note.replaceChildren(); return; }
    const address = new URL(input.dataset.becomes, location.href);
    address.searchParams.set("names", typed);
    try {
      const html = await fetched(address);
      if (!input.isConnected || input.value !== typed) return;
      note.innerHTML = html;
      if (list && field === input) place();
    } catch { /* no network: it is told once it is sent */ }
  }

  // --- tags to choose from ---------------------------------------------------------------------------------------------
  function prepare(input) {
    if (input.getAttribute("role") === "combobox") return;
    for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["aria-controls", "tag-options"]]) input.setAttribute(name, value);
  }
  function close() {
    asking?.abort();
    asking = null;
    list?.remove();
    list = null;
    field?.setAttribute("aria-expanded", "false");
    field?.removeAttribute("aria-activedescendant");
    field = null;
    active = -1;
  }
  function place() {
    const at = field.getBoundingClientRect();
    const wide = document.documentElement.clientWidth;
    list.style.minWidth = `${Math.min(at.width, wide - 16)}px`;
    list.style.left = `${Math.max(8, Math.min(at.left, wide - list.offsetWidth - 8))}px`;
    const note = document.getElementById(`${field.id}-becomes`); // what the text becomes stays in sight
    const foot = note?.childElementCount ? Math.max(at.bottom, note.getBoundingClientRect().bottom) : at.bottom;
    const below = foot + list.offsetHeight + 4 <= innerHeight || at.top < list.offsetHeight + 4;
    list.style.top = `${below ? foot + 4 : at.top - list.offsetHeight - 4}px`;
  }
  async function open(input) {
    if (field !== input) close();
    asking?.abort();
    const mine = asking = new AbortController();
    const address = new URL(input.dataset.suggestions, location.href);
    address.searchParams.set("names", input.value);
    let html = "";
    try {
      html = await fetched(address, mine.signal);
    } catch {
      return; // a newer question, or no network: it is a plain field then
    }
    if (asking !== mine || document.activeElement !== input) return;
    list?.remove();
    list = null;
    prepare(field = input);
    active = -1;
    input.removeAttribute("aria-activedescendant");
    if (!html.trim()) { close(); return; }
    list = document.createElement("ul");
    list.className = "tag-options";
    list.id = "tag-options";
    list.popover = "manual"; // above dialogs, and cut by nothing
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", input.getAttribute("aria-label") ?? input.labels?.[0]?.textContent ?? "");
    list.innerHTML = html;
    list.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) choose(option);
    });
    (input.closest("dialog") ?? document.body).append(list);
    list.showPopover();
    place();
    input.setAttribute("aria-expanded", "true");
  }
  function point(to) {
    const all = options();
    if (!all.length) return;
    active = (to + all.length) % all.length;
    all.forEach((option, number) => option.setAttribute("aria-selected", String(number === active)));
    all[active].scrollIntoView({ block: "nearest" });
    field.setAttribute("aria-activedescendant", all[active].id);
  }
  function choose(option) {
    const input = field;
    const text = option.dataset.value;
    input.value = input.dataset.tags === "one" ? text.split(",").at(-1).trim() : text;
    close();
    say(input, "input", "change");
  }

  document.addEventListener("focusin", (event) => {
    if (!isOurs(event.target)) return;
    prepare(event.target);
    if (event.target.value.trim()) tell(event.target);
  });
  document.addEventListener("focusout", (event) => { if (event.target === field) close(); });
  document.addEventListener("click", (event) => {
    const instead = event.target.closest?.("[data-instead]");
    if (instead) {
      const input = document.getElementById(instead.closest(".tag-becomes")?.id.replace(/-becomes$/, ""));
      if (!input) return;
      input.value = instead.dataset.instead;
      input.focus();
      say(input, "input", "change");
    } else if (isOurs(event.target) && !list) open(event.target);
  });
  document.addEventListener("input", (event) => {
    const input = event.target;
    if (!isOurs(input)) return;
    clearTimeout(waiting.get(input));
    waiting.set(input, setTimeout(() => {
      waiting.delete(input);
      if (event.isTrusted) open(input);
      tell(input);
    }, WAIT_MS));
  });
  document.addEventListener("keydown", (event) => {
    const input = event.target;
    if (!isOurs(input) || event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!list) open(input).then(() => { if (list && event.key === "ArrowDown") point(0); });
      else point(event.key === "ArrowDown" ? active + 1 : active < 0 ? -1 : active - 1);
    } else if (event.key === "Enter" && list && active >= 0) {
      event.preventDefault();
      event.stopImmediatePropagation();
      choose(options()[active]);
    } else if (event.key === "Escape" && list) {
      event.preventDefault();
      event.stopImmediatePropagation();
      close();
    } else if (event.key === "Enter") close();
  }, true);
  addEventListener("scroll", () => { if (list) place(); }, { capture: true, passive: true });
  addEventListener("resize", () => { if (list) place(); });
  document.addEventListener("htmx:afterSwap", () => { if (field && !field.isConnected) close(); });
  document.addEventListener("submit", close);

  // --- a menu of buttons that open a dialog shuts with them ------------------------------------------------------------
  document.addEventListener("click", (event) => {
    const shuts = event.target.closest?.("[data-shuts]");
    if (shuts) document.getElementById(shuts.dataset.shuts)?.hidePopover?.();
  });
})();
