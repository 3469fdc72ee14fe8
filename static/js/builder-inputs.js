// Comforts of the criteria form's inputs: values that there are while one is typed, lists by keyboard, numbers by eye.
// Without this file each is a plain field or list.
"use strict";

(() => {
  const WAIT_MS = 150;
  const shownIn = (element) => element.checkVisibility?.() ?? element.offsetParent !== null;
  const say = (input, ...names) => { for (const name of names) input.dispatchEvent(new Event(name, { bubbles: true })); };

  // --- a field that offers the values there are: an ARIA combobox ------------------------------------------------------
  let list = null; // the open list, and the field it belongs to
  let field = null;
  let active = -1;
  let waiting = 0;
  let asking = null;
  let again = null; // the field whose list an answer may take away while it is open, or asked for
  const options = () => [...(list?.querySelectorAll("[role=option]:not([aria-disabled])") ?? [])];
  const offers = (target) => target instanceof HTMLInputElement && target.matches("#builder [data-seen]");
  const isMultiple = (input) => input.hasAttribute("data-adds");
  const taken = (input) => [...(input.closest(".chips-in")?.querySelectorAll(".chip input") ?? [])].map((chip) => chip.value);

  function prepare(input) {
    if (input.getAttribute("role") === "combobox") return;
    input.removeAttribute("list"); // the plain suggestions of the page
    for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["aria-controls", "builder-seen"]]) input.setAttribute(name, value);
  }
  function close() {
    clearTimeout(waiting);
    asking?.abort();
    asking = null;
    list?.remove();
    list = null;
    field?.setAttribute("aria-expanded", "false");
    field?.removeAttribute("aria-activedescendant");
    field = null;
    active = -1;
  }
  function place(input) {
    const row = input.closest(".criterion") ?? input.parentElement;
    row.append(list);
    const [at, inside] = [input.getBoundingClientRect(), row.getBoundingClientRect()];
    list.style.left = `${Math.max(0, Math.min(at.left, document.documentElement.clientWidth - list.offsetWidth - 8) - inside.left)}px`;
    const dock = document.querySelector(".dock")?.getBoundingClientRect().top ?? innerHeight;
    const below = at.bottom + list.offsetHeight + 4 <= Math.min(dock, innerHeight) || at.top < list.offsetHeight;
    list.style.top = `${(below ? at.bottom + 4 : at.top - list.offsetHeight - 4) - inside.top}px`;
  }
  const drawnAnew = (input) => (input.isConnected ? input : document.getElementById(input.id)); // by an answer meanwhile
  async function open(asked) {
    let input = drawnAnew(asked);
    if (!input || !offers(input)) return undefined;
    if (field && field !== input) close();
    field = input;
    asking?.abort();
    const mine = asking = new AbortController();
    const address = new URL(input.dataset.seen, location.href);
    address.searchParams.set("q", input.value.split(",").at(-1).trim());
    let html = "";
    try {
      const answer = await fetch(address, { signal: mine.signal, headers: { "HX-Request": "true" } });
      if (!answer.ok || answer.headers.get("HX-Redirect")) return close();
      html = await answer.text();
    } catch {
      return undefined; // a newer question, or no network: it is a plain field then
    }
    input = drawnAnew(input);
    if (asking !== mine || !input) return undefined;
    if (document.activeElement !== input) { // drawn anew just now: the focus comes back when that has settled
      if (input !== asked) again = asked;
      return undefined;
    }
    prepare(field = input);
    list?.remove();
    list = document.createElement("ul");
    list.className = "seen";
    list.id = "builder-seen";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", input.getAttribute("aria-label") ?? "");
    list.innerHTML = html;
    const gone = new Set(taken(input));
    for (const option of options()) if (gone.has(option.dataset.value)) option.remove();
    list.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]:not([aria-disabled])");
      if (option) choose(option);
    });
    place(input);
    input.setAttribute("aria-expanded", "true");
    input.removeAttribute("aria-activedescendant");
    active = -1;
    return undefined;
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
    input.value = option.dataset.value;
    close();
    if (isMultiple(input)) say(input, "change");
    else say(input, "input", "change");
  }

  document.addEventListener("focusin", (event) => {
    if (offers(event.target)) prepare(event.target);
  });
  document.addEventListener("focusout", (event) => { if (event.target === field && event.target.isConnected) close(); });
  document.addEventListener("click", (event) => { if (offers(event.target) && !list) open(event.target); });
  document.addEventListener("input", (event) => {
    if (!offers(event.target) || !event.isTrusted) return;
    clearTimeout(waiting);
    waiting = setTimeout(() => open(event.target), WAIT_MS);
  });
  document.addEventListener("keydown", (event) => {
    const input = event.target;
    if (input instanceof HTMLInputElement && input.matches("#builder [data-adds]") && event.key === "Backspace" && !input.value) {
      const drops = input.closest(".chips-in").querySelectorAll(".drop");
      if (drops.length) { event.preventDefault(); close(); drops[drops.length - 1].click(); }
      return;
    }
    if (!offers(input) || event.isComposing) return;
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
  document.addEventListener("htmx:beforeSwap", () => { again = field; }); // once it is drawn anew the focus has gone
  document.addEventListener("htmx:afterSwap", () => { if (list && !list.isConnected) close(); });
  document.addEventListener("htmx:afterSettle", () => {
    const before = again;
    again = null;
    if (!before || before.isConnected || list) return;
    const input = document.getElementById(before.id);
    if (input && input === document.activeElement) open(input);
  });

  // --- a value added that nobody has: it is taken, and said ------------------------------------------------------------
  let nobody = null;
  let asked = 0; // of two questions under way only the later may be answered
  const same = (a, b) => a.toLocaleLowerCase() === b.toLocaleLowerCase();
  function tellNobody() {
    const input = nobody && document.getElementById(nobody.id);
    if (!input || !taken(input).some((value) => same(value, nobody.value))) return;
    const told = document.createElement("small");
    told.className = "muted nobody";
    told.setAttribute("role", "status");
    told.textContent = `${input.dataset.nobody} ${nobody.value}`;
    input.closest(".chips-in").append(told);
    nobody = null;
  }
  document.addEventListener("change", async (event) => {
    const input = event.target;
    nobody = null;
    asked += 1;
    const question = asked;
    if (!offers(input) || !isMultiple(input) || !input.value.trim() || input.value.includes(",")) return;
    const { id } = input;
    const value = input.value.trim();
    const address = new URL(input.dataset.seen, location.href);
    address.searchParams.set("q", value);
    try {
      const answer = await fetch(address, { headers: { "HX-Request": "true" } });
      if (!answer.ok || answer.headers.get("HX-Redirect")) return;
      const found = document.createElement("ul");
      found.innerHTML = await answer.text();
      if ([...found.querySelectorAll("[data-value]")].some((option) => same(option.dataset.value, value))) return;
    } catch {
      return; // no network: nothing is said
    }
    if (question !== asked) return;
    nobody = { id, value };
    tellNobody(); // or once it has been drawn
  }, true);
  document.addEventListener("htmx:afterSettle", tellNobody);

  // --- a list of checkboxes by keyboard: from the search into the list and back ----------------------------------------
  document.addEventListener("toggle", (event) => {
    if (!event.target.matches?.(".pick-list") || event.newState !== "open") return;
    (event.target.querySelector("[data-filter]") ?? event.target.querySelector("input"))?.focus();
  }, true);
  document.addEventListener("keydown", (event) => {
    const pick = event.target.closest?.("#builder .pick-list");
    if (!pick) return;
    const search = pick.querySelector("[data-filter]");
    const boxes = [...pick.querySelectorAll("input[type=checkbox]")].filter(shownIn);
    const here = boxes.indexOf(document.activeElement);
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const to = here + (event.key === "ArrowDown" ? 1 : -1);
      (to < 0 ? search ?? boxes[0] : boxes[Math.min(to, boxes.length - 1)])?.focus();
    } else if (event.key === "Enter") {
      event.preventDefault();
      event.stopImmediatePropagation();
      (here >= 0 ? boxes[here] : search?.value ? boxes[0] : null)?.click();
    } else if (event.key === "Escape") {
      event.preventDefault(); // which would first empty the search
      pick.hidePopover();
      document.querySelector(`[popovertarget="${pick.id}"]`)?.focus();
    } else if (event.key === "Backspace" && event.target === search && !search.value) {
      [...pick.querySelectorAll("input:checked")].at(-1)?.click();
    } else if (here >= 0 && search && event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey) {
      search.focus(); // typing goes on searching
    }
  }, true);

  // --- a number by eye: a bar that is clicked is chosen --------------------------------------------------------------
  function stretch(from, to, low, high) {
    const [a, b, l, h] = [from.value, to.value, low, high].map((value) => (value.trim() === "" ? NaN : Number(value.replace(",", "."))));
    if (Number.isNaN(a) || Number.isNaN(b) || a > b) [from.value, to.value] = [low, high];
    else if (l < a || (h <= b && l - a < b - h)) from.value = low;
    else to.value = high;
  }
  document.addEventListener("click", (event) => {
    const bar = event.target.closest?.("#builder [data-choose]");
    if (!bar) return;
    const name = bar.dataset.choose;
    const input = document.getElementById(name);
    if (!input) return;
    if (name.endsWith("to")) stretch(document.getElementById(name.replace(/to$/, "from")), input, bar.dataset.low, bar.dataset.high);
    else input.value = bar.dataset.value;
    say(input, "input", "change");
  });
})();
