// The tree of categories: branches that close, moving along rows with the keyboard, moving a category by its grip with
// the pointer or the keys. Without it the tree is open, and the menu of each row leads to the same question.
"use strict";

(() => {
  const FAR = 5; // px: a click is not yet a drag
  const EDGE = 70; // px from the edge of the window where the page begins to move
  const KEPT = "sito.tree.closed";
  const card = () => document.getElementById("tree");
  const rows = () => [...card().querySelectorAll("tbody tr[data-id]")];
  const shown = () => rows().filter((row) => !row.classList.contains("closed-away"));
  const rowOf = (id) => document.getElementById(`category-row-${id}`);
  const say = (text) => { document.getElementById("tree-said").textContent = text; };
  if (!card()) return;

  // --- closed branches are remembered, on this device -----------------------------------------------------------------
  let closed = new Set();
  try { closed = new Set(JSON.parse(localStorage.getItem(KEPT) || "[]")); } catch { /* as good as none */ }
  const keep = () => { try { localStorage.setItem(KEPT, JSON.stringify([...closed])); } catch { /* not kept */ } };

  function arrange() {
    const searching = Boolean(document.querySelector("form.filters input[name=q]")?.value.trim()); // what was found is never hidden
    const hidden = new Set();
    for (const row of rows()) {
      const { id, parent } = row.dataset;
      const away = !searching && (hidden.has(parent) || closed.has(parent));
      row.classList.toggle("closed-away", away);
      if (away) hidden.add(id);
      const toggle = row.querySelector(".tree-toggle");
      if (toggle) {
        const open = searching || !closed.has(id);
        toggle.hidden = false;
        toggle.setAttribute("aria-expanded", open);
        row.setAttribute("aria-expanded", open);
      }
    }
    if (!shown().some((row) => row.tabIndex === 0)) shown()[0]?.setAttribute("tabindex", "0");
  }

  function equip() {
    const table = card().querySelector("table.tree");
    const tools = document.querySelector("[data-tree-tools]");
    if (tools) tools.hidden = !card().querySelector("[data-leads]");
    if (!table) return;
    table.setAttribute("role", "treegrid");
    for (const row of rows()) {
      row.setAttribute("role", "row");
      row.setAttribute("aria-level", row.dataset.level);
      row.tabIndex = -1;
      for (const cell of row.cells) cell.setAttribute("role", "gridcell");
    }
    for (const part of card().querySelectorAll("[data-tree-grip], [data-tree-hint]")) part.hidden = false;
    arrange();
  }

  function toggle(row, open) {
    if (!row.hasAttribute("data-leads")) return;
    if (open) closed.delete(row.dataset.id);
    else closed.add(row.dataset.id);
    keep();
    arrange();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("#tree .tree-toggle");
    if (button) toggle(button.closest("tr"), button.getAttribute("aria-expanded") !== "true");
    if (event.target.closest?.("[data-tree-open], [data-tree-close]")) {
      const close = Boolean(event.target.closest("[data-tree-close]"));
      closed = new Set(close ? rows().filter((row) => row.hasAttribute("data-leads")).map((row) => row.dataset.id) : []);
      keep();
      arrange();
    }
  });

  // --- along the rows with the keyboard -------------------------------------------------------------------------------
  function go(row) {
    if (!row) return;
    for (const each of rows()) each.tabIndex = each === row ? 0 : -1;
    row.focus();
    row.scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("keydown", (event) => {
    const row = event.target.matches?.("#tree tbody tr") ? event.target : null;
    if (!row || picked || event.ctrlKey || event.metaKey || event.altKey) return;
    const all = shown();
    const at = all.indexOf(row);
    const open = row.getAttribute("aria-expanded");
    const steps = {
      ArrowDown: () => go(all[at + 1]),
      ArrowUp: () => go(all[at - 1]),
      Home: () => go(all[0]),
      End: () => go(all.at(-1)),
      ArrowRight: () => (open === "false" ? toggle(row, true) : open === "true" && go(all[at + 1])),
      ArrowLeft: () => (open === "true" ? toggle(row, false) : go(rowOf(row.dataset.parent))),
      Enter: () => row.querySelector("a.name").click(),
    };
    if (!steps[event.key]) return;
    event.preventDefault();
    steps[event.key]();
  });

  // --- where a category can be put: below any other, or at the top ------------------------------------------------------
  const inside = (row, id) => {
    for (let each = row; each; each = rowOf(each.dataset.parent)) if (each.dataset.id === id) return true;
    return false;
  };
  const top = () => card().querySelector("[data-tree-top]");
  function mark(place) {
    for (const each of card().querySelectorAll(".drop-into")) each.classList.remove("drop-into");
    place?.classList.add("drop-into");
  }
  function ask(row, place) {
    const below = place === top() ? "0" : place.dataset.id;
    if (below === row.dataset.parent) return;
    window.htmx.ajax("GET", `${row.dataset.move}?below=${below}`, { target: "#dialog", swap: "innerHTML" });
  }

  // --- by the pointer -------------------------------------------------------------------------------------------------
  let drag = null;
  document.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest?.("#tree [data-tree-grip]");
    if (!grip || event.button !== 0 || drag || picked) return;
    drag = { row: grip.closest("tr"), fromX: event.clientX, fromY: event.clientY, x: 0, y: event.clientY, begun: false, place: null };
    grip.setPointerCapture(event.pointerId);
  });

  function begin() {
    drag.begun = true;
    drag.row.classList.add("dragged");
    document.body.classList.add("dragging");
    if (drag.row.dataset.parent !== "0") top().hidden = false;
    drag.label = document.createElement("div");
    drag.label.className = "drag-label";
    drag.label.setAttribute("aria-hidden", "true");
    drag.label.textContent = drag.row.dataset.title;
    document.body.append(drag.label);
    scrollAlong();
  }
  function follow() {
    drag.label.style.translate = `${drag.x + 14}px ${drag.y + 10}px`;
    const under = document.elementFromPoint(drag.x, drag.y);
    const place = under?.closest("[data-tree-top]") || under?.closest("#tree tbody tr[data-id]");
    const fits = place && (place === top() || !inside(place, drag.row.dataset.id));
    drag.place = fits ? place : null;
    mark(drag.place);
  }
  function scrollAlong() {
    if (!drag?.begun) return;
    const by = drag.y < EDGE + 40 ? -10 : drag.y > window.innerHeight - EDGE ? 10 : 0;
    if (by) {
      window.scrollBy(0, by);
      follow();
    }
    requestAnimationFrame(scrollAlong);
  }
  function end() {
    if (!drag) return;
    mark(null);
    drag.row.classList.remove("dragged");
    document.body.classList.remove("dragging");
    drag.label?.remove();
    if (top()) top().hidden = true;
    drag = null;
  }
  document.addEventListener("pointermove", (event) => {
    if (!drag) return;
    [drag.x, drag.y] = [event.clientX, event.clientY];
    if (!drag.begun && Math.hypot(drag.x - drag.fromX, drag.y - drag.fromY) < FAR) return;
    event.preventDefault();
    if (!drag.begun) begin();
    follow();
  });
  document.addEventListener("pointerup", () => {
    const { row, place } = drag?.begun ? drag : {};
    if (drag?.begun) dropped = true;
    end();
    if (place) ask(row, place);
    setTimeout(() => { dropped = false; });
  });
  document.addEventListener("pointercancel", end);
  window.addEventListener("blur", end);

  // --- by the keyboard: Enter on a grip picks up, arrows choose, Enter asks, Escape lets go ---------------------------------
  let picked = null;
  let dropped = false; // a drag ends with a click on the grip as well
  function places() {
    const rest = shown().filter((row) => !inside(row, picked.row.dataset.id));
    return picked.row.dataset.parent === "0" ? rest : [top(), ...rest];
  }
  function let_go(text) {
    mark(null);
    if (top()) top().hidden = true;
    picked.row.classList.remove("dragged");
    picked.grip.setAttribute("aria-pressed", "false");
    picked = null;
    say(text);
  }
  document.addEventListener("click", (event) => {
    const grip = event.target.closest?.("#tree [data-tree-grip]");
    if (!grip || dropped || picked) return;
    event.preventDefault();
    picked = { row: grip.closest("tr"), grip, place: null };
    picked.row.classList.add("dragged");
    grip.setAttribute("aria-pressed", "true");
    if (picked.row.dataset.parent !== "0") top().hidden = false;
    say(card().dataset.picked.replace("%s", picked.row.dataset.title));
  });
  document.addEventListener("keydown", (event) => {
    if (!picked) return;
    if (event.key === "Tab") return let_go(card().dataset.let);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step && event.key !== "Enter" && event.key !== "Escape" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    if (step) {
      const all = places();
      const at = picked.place ? all.indexOf(picked.place) : all.findIndex((row) => row.dataset.id === picked.row.dataset.parent);
      picked.place = all[Math.min(all.length - 1, Math.max(0, at + step))];
      mark(picked.place);
      picked.place?.scrollIntoView({ block: "nearest" });
      const title = picked.place === top() ? card().dataset.top : card().dataset.over.replace("%s", picked.place.dataset.title);
      return say(title);
    }
    const { row, place } = picked;
    let_go(event.key === "Escape" || !place ? card().dataset.let : "");
    if (event.key !== "Escape" && place) ask(row, place);
  }, true);
  document.addEventListener("pointerdown", (event) => {
    if (picked && !event.target.closest?.("[data-tree-grip]")) let_go(card().dataset.let);
  });

  // --- the row that the address names, or whose menu was used, has the focus ----------------------------------------------
  function goTo(row) {
    for (let up = rowOf(row.dataset.parent); up; up = rowOf(up.dataset.parent)) closed.delete(up.dataset.id);
    arrange();
    go(row);
  }
  let used = null;
  document.addEventListener("htmx:beforeRequest", (event) => { used = event.target.closest?.("#tree tbody tr")?.dataset.id ?? null; });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== card()) return;
    equip();
    if (used) document.getElementById(`category-menu-${used}`)?.focus();
  });
  equip();
  const named = location.hash.startsWith("#category-row-") && document.getElementById(location.hash.slice(1));
  if (named) goTo(named);
})();
