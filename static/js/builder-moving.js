// Moving criteria and groups: by their grips, with the pointer (mouse, pen, finger) or the arrow keys.
// And the other buttons of menus and tools, one after another. Without this file each is a full page.
"use strict";

(() => {
  const FAR = 5; // px: a click is not yet a drag
  const EDGE = 9; // px: so near to a group's edge what is dropped stands beside the group, not in it
  const SCROLLS = 70; // px from the edge of the window where the page begins to move
  const builder = () => document.getElementById("builder");

  // --- one operation after another: each works on the layout that the one before has left ----------------------------
  let waiting = [];
  let underWay = 0;
  const isOperation = (event) => builder() !== null && event.detail.requestConfig?.path === builder().dataset.url;
  function run(command) {
    if (underWay > 0) {
      if (waiting.length < 20) waiting.push(command);
      return;
    }
    const button = document.getElementById("builder-do");
    if (!button) return;
    button.value = command;
    button.click();
  }
  document.addEventListener("htmx:beforeRequest", (event) => { if (isOperation(event)) underWay += 1; });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!isOperation(event)) return;
    underWay = Math.max(0, underWay - 1);
    if (!event.detail.xhr?.status || event.detail.xhr.status >= 500) waiting = [];
    if (waiting.length) setTimeout(() => { if (!underWay && waiting.length) run(waiting.shift()); });
  });

  // What is clicked is sent by one hidden button: nothing is dropped because its own button was drawn anew meanwhile.
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("#builder button[name=do]:not([hx-post])");
    if (!button || !window.htmx) return;
    event.preventDefault();
    if (button.getAttribute("aria-disabled") === "true") return;
    button.closest(".popup")?.hidePopover();
    run(button.value);
  });

  // --- by keyboard ----------------------------------------------------------------------------------------------------
  document.addEventListener("keydown", (event) => {
    const grip = event.target.closest?.("#builder [data-grip]");
    if (!grip || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowUp: "earlier", ArrowDown: "later" }[event.key];
    if (!step) return;
    event.preventDefault();
    run(`${step}:${grip.dataset.grip}`);
  });

  // --- where something can be dropped -------------------------------------------------------------------------------
  const nodeOf = (id) => document.getElementById(id);
  const boxOf = (node) => (node.parentElement.matches(".nest") ? node.parentElement : node); // a nested group with its rail
  const childrenOf = (group) => [...group.querySelectorAll(":scope > .criterion, :scope > .nest > .block")];
  const blocks = () => [...builder().querySelectorAll(":scope > .block.block-top")];

  function inside(group, x, y) {
    const box = group.getBoundingClientRect();
    return y > box.top + EDGE && y < box.bottom - EDGE && x > box.left - 60 && x < box.right + 60;
  }
  function groupAt(dragged, x, y) {
    let found = null;
    for (const group of builder().querySelectorAll(".block")) { // a parent before what is in it: the innermost wins
      if (!dragged.contains(group) && inside(group, x, y)) found = group;
    }
    return found;
  }

  // The place nearest to the pointer: the command that puts it there, where the line is drawn, and within what.
  function placeAt(dragged, x, y) {
    const group = groupAt(dragged, x, y);
    const siblings = group ? childrenOf(group) : blocks();
    const slots = siblings.filter((one) => one !== dragged).map((one) => ({ command: `before:${dragged.id}:${one.id}`, at: boxOf(one).getBoundingClientRect().top - (group ? 0 : 10), one }));
    const last = siblings.at(-1);
    if (group && !last) slots.push({ command: `into:${dragged.id}:${group.id}`, at: group.querySelector(":scope > header").getBoundingClientRect().bottom });
    if (last) slots.push({ command: group ? `into:${dragged.id}:${group.id}` : `after:${dragged.id}:${last.id}`, at: boxOf(last).getBoundingClientRect().bottom + (group ? 0 : 10), last });
    if (!slots.length) return null;
    const slot = slots.reduce((best, one) => (Math.abs(one.at - y) < Math.abs(best.at - y) ? one : best));
    const place = siblings.indexOf(dragged);
    const stays = (slot.one && place >= 0 && siblings[place + 1] === slot.one) || slot.last === dragged;
    return { ...slot, group, stays, box: (group ?? builder()).getBoundingClientRect() };
  }

  // --- dragging -----------------------------------------------------------------------------------------------------
  let drag = null;

  document.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest?.("#builder [data-grip]");
    if (!grip || event.button !== 0 || drag) return;
    drag = { id: grip.dataset.grip, grip, x: event.clientX, y: event.clientY, fromX: event.clientX, fromY: event.clientY, begun: false, place: null };
    grip.setPointerCapture(event.pointerId);
  });

  function begin() {
    const dragged = nodeOf(drag.id);
    drag.begun = true;
    dragged.classList.add("dragged");
    document.body.classList.add("dragging");
    drag.line = document.createElement("div");
    drag.line.className = "drop-line";
    drag.label = document.createElement("div");
    drag.label.className = "drag-label";
    drag.label.setAttribute("aria-hidden", "true");
    drag.label.textContent = drag.grip.dataset.name;
    document.body.append(drag.line, drag.label);
    scrollAlong();
  }

  function follow() {
    const dragged = nodeOf(drag.id);
    if (!dragged) return end();
    drag.place?.group?.classList.remove("drop-into");
    drag.place = placeAt(dragged, drag.x, drag.y);
    const { place, line, label } = drag;
    label.style.translate = `${drag.x + 14}px ${drag.y + 10}px`;
    line.hidden = !place;
    if (!place) return;
    place.group?.classList.add("drop-into");
    line.style.top = `${place.at - 1.5}px`;
    line.style.left = `${place.box.left + (place.group ? 6 : 0)}px`;
    line.style.width = `${place.box.width - (place.group ? 12 : 0)}px`;
  }

  function scrollAlong() {
    if (!drag?.begun) return;
    const below = window.innerHeight - SCROLLS - (document.querySelector(".dock")?.offsetHeight ?? 0);
    const by = drag.y < SCROLLS + 40 ? -10 : drag.y > below ? 10 : 0;
    if (by) {
      window.scrollBy(0, by);
      follow();
    }
    requestAnimationFrame(scrollAlong);
  }

  function end() {
    if (!drag) return;
    drag.place?.group?.classList.remove("drop-into");
    nodeOf(drag.id)?.classList.remove("dragged");
    document.body.classList.remove("dragging");
    drag.line?.remove();
    drag.label?.remove();
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
    const place = drag?.begun ? drag.place : null;
    end();
    if (place && !place.stays) run(place.command);
  });
  document.addEventListener("pointercancel", end);
  window.addEventListener("blur", end);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !drag?.begun) return;
    event.preventDefault();
    event.stopPropagation();
    end();
  }, true);
})();
