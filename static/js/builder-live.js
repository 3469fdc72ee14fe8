// The live result while it is being counted, and where it could not be. Without this file the number comes by a button.
"use strict";

(() => {
  const byId = (id) => document.getElementById(id);
  const live = () => byId("builder-live");
  const isCount = (event) => event.detail.elt?.id === "builder-live";
  const text = (kind) => byId("builder-texts")?.dataset[kind] ?? "";
  const SHOWN_AFTER_MS = 300;
  const TICK_MS = 100;

  // --- how long it takes, and what is being counted ---------------------------------------------------------------
  let current = null; // the request whose answer is waited for
  let ticking = 0;
  function begin(xhr) {
    current = xhr;
    clearInterval(ticking);
    const began = performance.now();
    ticking = setInterval(() => {
      const passed = performance.now() - began;
      const elapsed = byId("builder-elapsed");
      if (!elapsed || passed < SHOWN_AFTER_MS) return;
      const criteria = document.querySelectorAll("#builder .criterion").length;
      const said = byId("builder-counting");
      if (said && !said.textContent) said.textContent = `${text("counting")} ${criteria}`;
      elapsed.hidden = false;
      elapsed.textContent = `${text("counting")} ${criteria} · ${(passed / 1000).toLocaleString(document.documentElement.lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 })} s`;
    }, TICK_MS);
  }
  function end() {
    current = null;
    clearInterval(ticking);
    const elapsed = byId("builder-elapsed");
    if (elapsed) elapsed.hidden = true;
    const said = byId("builder-counting");
    if (said) said.textContent = "";
  }
  document.addEventListener("htmx:beforeSend", (event) => { if (isCount(event)) begin(event.detail.xhr); });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!isCount(event) || event.detail.xhr !== current) return; // a newer one is under way
    end();
    if (event.detail.successful) {
      const numbers = byId("builder-numbers");
      if (numbers) numbers.hidden = false;
      lookAgain();
    }
  });

  // --- an error stands where the number would be --------------------------------------------------------------------
  function failed(kind) {
    const total = byId("builder-total");
    const template = byId("builder-failed");
    if (!total || !template) return;
    total.replaceChildren(template.content.cloneNode(true));
    total.querySelector(".missing").textContent = text(kind);
    const signIn = total.querySelector("a[data-sign-in]");
    signIn.href = live().dataset.signIn;
    signIn.hidden = kind !== "signedOut";
    if (["signedOut", "forbidden"].includes(kind)) total.querySelector("[data-count-again]").dataset.renew = ""; // of an older session, maybe
    const bar = byId("builder-bar");
    if (bar) bar.textContent = "–";
    const numbers = byId("builder-numbers");
    if (numbers) numbers.hidden = true; // they are of what was there before
    for (const place of document.querySelectorAll("#builder [data-count]")) place.classList.add("stale");
  }
  function kindOf(status) {
    return status === 403 ? "forbidden" : "server";
  }
  // Before the frame's own listeners: its banner says that a page failed, here it is only the number.
  const told = (name, kind) => window.addEventListener(name, (event) => {
    if (!isCount(event)) return;
    event.stopImmediatePropagation();
    if (event.detail.xhr && current && event.detail.xhr !== current) return;
    failed(kind(event));
  }, true);
  told("htmx:responseError", (event) => kindOf(event.detail.xhr.status));
  told("htmx:sendError", () => "network");
  told("htmx:timeout", () => "late");
  told("htmx:swapError", () => "server");
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    if (!isCount(event) || !event.detail.xhr.getResponseHeader("HX-Redirect")) return;
    event.preventDefault(); // to leave now would lose what was typed since the last draft
    if (event.detail.xhr === current) end();
    failed("signedOut");
  });

  // --- once more; after signing in elsewhere with that session's token -------------------------------------------------
  async function renewed() {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const token = page.querySelector("input[name=csrfmiddlewaretoken]")?.value;
    if (!token) return;
    for (const field of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) field.value = token;
    document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
  }
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-count-again]");
    if (!button || !window.htmx) return;
    event.preventDefault(); // counted by the panel, whose answers keep their order
    if ("renew" in button.dataset) await renewed().catch(() => {});
    live()?.dispatchEvent(new Event("count"));
  });

  // --- what was unfolded stays so, and the focus stays in it, when its numbers are put in anew -----------------------
  const kept = new Map(); // the id of a place -> whether it was unfolded, and what in it had the focus
  document.addEventListener("htmx:oobBeforeSwap", ({ detail: { target } }) => {
    if (!target?.matches?.("#builder-numbers, .spread-sheet")) return;
    kept.set(target.id, [target.querySelector("details")?.open, target.contains(document.activeElement) ? document.activeElement.id : ""]);
  });
  document.addEventListener("htmx:oobAfterSwap", ({ detail: { target } }) => {
    const [open, focused] = kept.get(target?.id) ?? [];
    kept.delete(target?.id);
    const details = open && target.querySelector("details");
    if (details) details.open = true;
    if (focused) byId(focused)?.focus();
  });

  // --- drawings of how a number is spread follow what is asked beside them -----------------------------------------------
  const asked = new Map(); // field -> what stood in its criterion when the drawing was made
  const standing = (element) => [...(element.closest(".criterion")?.querySelectorAll("[name]") ?? [])]
    .filter((field) => !["checkbox", "radio"].includes(field.type) || field.checked)
    .map((field) => `${field.name}=${field.value}`).join("&");
  function lookAgain() {
    for (const drawing of document.querySelectorAll("#builder [data-spread]")) {
      if (!asked.has(drawing.id) || asked.get(drawing.id) === standing(drawing)) continue;
      drawing.dispatchEvent(new Event("spread"));
    }
  }
  document.addEventListener("htmx:configRequest", (event) => {
    const drawing = event.detail.elt;
    if (drawing.dataset?.spread) asked.set(drawing.id, standing(drawing));
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const field = event.detail.elt?.dataset?.spread;
    if (field && !byId(`${field}-sheet`)) event.detail.shouldSwap = false; // its criterion is gone, or drawn anew
  });
  for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
    window.addEventListener(name, (event) => {
      const drawing = event.detail.elt;
      if (!drawing?.dataset?.spread) return;
      event.stopImmediatePropagation(); // a drawing that can't be had is no failure of the page
      asked.delete(drawing.id);
      drawing.replaceChildren();
    }, true);
  }
})();
