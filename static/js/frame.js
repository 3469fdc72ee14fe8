// The frame's behaviour: Ctrl K, questions before something is lost, dialogs, messages, failed requests.
// Everything here is a comfort: without it forms post, links lead to pages that ask, menus open.
"use strict";

const byId = (id) => document.getElementById(id);

// --- find -----------------------------------------------------------------------------------------------------
document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.key.toLowerCase() !== "k") return;
  const find = [...document.querySelectorAll("[data-find], #find")].find((box) => box.offsetParent !== null);
  if (!find) return;
  event.preventDefault();
  find.focus();
  find.select();
});

// --- tabs: the one in force is in sight, also in a strip that is wider than the phone ------------------------------
function showCurrentTab() {
  for (const tab of document.querySelectorAll(".tabs > [aria-current]")) {
    const strip = tab.parentElement; // only the strip moves, never the page
    const off = tab.getBoundingClientRect().right - strip.getBoundingClientRect().right;
    if (off > 0) strip.scrollLeft += off + Math.min(24, strip.clientWidth - tab.offsetWidth);
  }
}
showCurrentTab();
document.addEventListener("htmx:afterSettle", showCurrentTab);
document.addEventListener("htmx:oobAfterSwap", showCurrentTab);

// --- menu: the page that is open is in sight, also where the menu is longer than the window -------------------------
const menu = byId("menu");

function showCurrentPage() {
  const link = menu?.querySelector("[aria-current]");
  if (!link) return;
  const off = link.getBoundingClientRect().bottom - menu.getBoundingClientRect().bottom; // only the menu moves
  if (off > 0) menu.scrollTop += off + Math.min(60, menu.clientHeight / 4);
}
showCurrentPage();
menu?.addEventListener("toggle", showCurrentPage); // the phone's drawer

// --- errors that come and go while a field is typed: the field says so itself ---------------------------------------
document.addEventListener("htmx:oobAfterSwap", () => {
  for (const errors of document.querySelectorAll("[data-errors-of]")) {
    const field = byId(errors.dataset.errorsOf);
    if (!field) continue;
    const wrong = errors.childElementCount > 0;
    field.closest(".field")?.classList.toggle("invalid", wrong);
    if (wrong) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }
});

// --- messages -------------------------------------------------------------------------------------------------
const TOAST_MS = 8000;

function letGo(toast) {
  // A success message leaves by itself, unless somebody is on it; a warning or an error stays until closed.
  if (toast.classList.contains("error") || toast.classList.contains("warning")) return;
  const leave = () => (toast.matches(":hover, :focus-within") ? setTimeout(leave, 2000) : toast.remove());
  setTimeout(leave, TOAST_MS);
}

function showToast(text, level) {
  const toast = byId("toast-template").content.firstElementChild.cloneNode(true);
  if (level) toast.classList.add(level);
  toast.querySelector("span").textContent = text;
  byId("toasts").append(toast);
  letGo(toast);
}

document.addEventListener("toasts", (event) => {
  for (const message of event.detail.value || event.detail.messages || []) showToast(message.text, message.level);
});

for (const toast of document.querySelectorAll("#toasts .toast-s")) {
  const region = toast.parentElement; // put in again, so that a screen reader says what stood there from the start
  toast.remove();
  requestAnimationFrame(() => region.append(toast));
  letGo(toast);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-dismiss]");
  if (!button) return;
  const failure = button.closest("#failure");
  if (failure) failure.hidden = true;
  else button.closest(".toast-s, .note")?.remove();
});

// --- failed requests: said in words, never silence --------------------------------------------------------------
function showFailure(kind) {
  const failure = byId("failure");
  if (!failure) return;
  failure.querySelector("span").textContent = failure.dataset[kind];
  failure.hidden = false;
}

function failureKind(status) {
  if (status === 403) return "forbidden";
  if (status === 404 || status === 410) return "gone";
  if (status === 429) return "busy";
  return "server";
}

document.addEventListener("htmx:responseError", (event) => showFailure(failureKind(event.detail.xhr.status)));
document.addEventListener("htmx:sendError", () => showFailure("network"));
document.addEventListener("htmx:timeout", () => showFailure("network"));
document.addEventListener("htmx:swapError", () => showFailure("server"));
document.addEventListener("htmx:afterRequest", (event) => {
  const failure = byId("failure");
  if (event.detail.successful && failure) failure.hidden = true;
});

// --- what is being fetched says so ------------------------------------------------------------------------------
document.addEventListener("htmx:beforeRequest", (event) => event.detail.target?.setAttribute("aria-busy", "true"));
document.addEventListener("htmx:afterRequest", (event) => event.detail.target?.removeAttribute("aria-busy"));

// --- questions --------------------------------------------------------------------------------------------------
// <form data-confirm="Delete tag VIP?" data-confirm-detail="12 contacts lose it." data-confirm-button="Delete">
// and hx-confirm on anything ask in the page's own dialog. `ask` resolves to true or false.
function ask(text, detail, label) {
  const dialog = byId("confirm");
  const yes = dialog.querySelector("[value=yes]");
  const note = byId("confirm-detail");
  byId("confirm-text").textContent = text;
  note.textContent = detail || "";
  note.hidden = !detail;
  yes.textContent = label || yes.dataset.default;
  return new Promise((resolve) => {
    let answer = false;
    const click = (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      answer = button.value === "yes";
      dialog.close();
    };
    dialog.addEventListener("click", click);
    dialog.addEventListener("close", () => { dialog.removeEventListener("click", click); resolve(answer); }, { once: true });
    dialog.showModal();
    dialog.querySelector("[value=no]").focus();
  });
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const said = event.submitter?.dataset.confirm ? event.submitter.dataset : form.dataset;
  if (!said.confirm || form.dataset.confirmed || typeof HTMLDialogElement === "undefined" || !byId("confirm")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const submitter = event.submitter;
  if (!(await ask(said.confirm, said.confirmDetail, said.confirmButton))) return;
  form.dataset.confirmed = "yes";
  form.requestSubmit(submitter);
  delete form.dataset.confirmed;
}, true);

document.addEventListener("htmx:confirm", (event) => {
  if (!event.detail.question) return;
  event.preventDefault();
  const data = event.detail.elt.dataset;
  ask(event.detail.question, data.confirmDetail, data.confirmButton).then((yes) => { if (yes) event.detail.issueRequest(true); });
});

// --- a page's part in a dialog: hx-get="…" hx-target="#dialog" -----------------------------------------------------
document.addEventListener("htmx:afterSwap", (event) => {
  const dialog = byId("dialog");
  if (event.detail.target !== dialog || dialog.open) return;
  dialog.showModal();
});
document.addEventListener("click", (event) => {
  const closer = event.target.closest("dialog [data-close]");
  if (!closer) return;
  event.preventDefault(); // it is a link to the page before for those without scripts
  closer.closest("dialog").close();
});

// --- a question that is refused stays in its dialog: <form method="post" data-stays> ----------------------------------
// Once it is done the page below comes anew, where it was: with its search, its sorting and its place in the list.
function goOn(address) {
  const to = new URL(address, location.href);
  if (to.pathname !== location.pathname) { location.assign(to); return; }
  to.search ||= location.search;
  history.replaceState(history.state, "", to);
  location.reload();
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const dialog = form.closest("#dialog");
  if (!dialog || event.defaultPrevented || !form.matches("[data-stays]")) return;
  event.preventDefault();
  if (form.getAttribute("aria-busy")) return;
  form.setAttribute("aria-busy", "true");
  const headers = { "HX-Request": "true", "HX-Target": "dialog", "HX-Current-URL": location.href };
  try {
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form, event.submitter), headers });
    const address = answer.headers.get("HX-Redirect");
    if (address) { goOn(address); return; }
    if (!answer.ok && answer.status !== 422) { showFailure(failureKind(answer.status)); return; }
    dialog.innerHTML = await answer.text();
    window.htmx.process(dialog);
    focusRefused(dialog);
  } catch {
    showFailure("network");
  } finally {
    form.removeAttribute("aria-busy");
  }
});

// --- a refused form: the first field that is wrong has the focus ---------------------------------------------------
const REFUSED = 422;

function focusRefused(place) {
  const wrong = "[aria-invalid=true], .field.invalid :is(input, select, textarea)";
  const field = [...place.querySelectorAll(wrong)].find((each) => each.type !== "hidden" && each.checkVisibility());
  field?.focus();
}
if (performance.getEntriesByType("navigation")[0]?.responseStatus === REFUSED) focusRefused(byId("main") ?? document);
document.addEventListener("htmx:afterSettle", (event) => {
  const { xhr, requestConfig } = event.detail;
  if (xhr?.status === REFUSED && requestConfig?.triggeringEvent?.type === "submit") focusRefused(event.detail.elt);
});

// --- a swap leaves the focus nowhere only if its page does: then it goes to the nearest place that is still there ---------
// htmx gives it to the same id and to [autofocus], a page to what it knows. Where none of these is: in the place around what
// had it, to what stands for the place (data-lands), else to its heading, else to the place itself.
let hadFocus = null;
let placesAround = []; // ids, from its own outwards; the last is the page's, which never goes

document.addEventListener("htmx:beforeSwap", () => {
  const { activeElement } = document;
  if (!activeElement || activeElement === document.body) return;
  hadFocus = activeElement;
  placesAround = [];
  for (let place = hadFocus; place; place = place.parentElement) if (place.id) placesAround.push(place.id);
});

function landFocus() {
  const nowhere = () => !document.activeElement || document.activeElement === document.body;
  if (!hadFocus || hadFocus.isConnected || !nowhere()) return;
  for (const place of placesAround.map(byId)) {
    if (!place?.checkVisibility()) continue;
    const standsFor = [...place.querySelectorAll("[data-lands]")].find((each) => each.parentElement.closest("[id]") === place);
    const landing = standsFor ?? place.querySelector("h1, h2, h3") ?? place;
    landing.focus({ preventScroll: true });
    if (nowhere()) landing.tabIndex = -1; // nothing that takes the focus by itself
    if (nowhere()) landing.focus({ preventScroll: true });
    if (!nowhere()) break;
  }
  hadFocus = null;
}
document.addEventListener("htmx:afterSettle", () => queueMicrotask(landFocus)); // once all others have had their turn

// --- menus close when something in them was chosen ----------------------------------------------------------------
document.addEventListener("click", (event) => {
  const item = event.target.closest(".popup .item");
  if (item && (item.hasAttribute("hx-get") || item.hasAttribute("hx-post"))) item.closest(".popup").hidePopover();
});

// --- one submission at a time -------------------------------------------------------------------------------------
let sent = new WeakSet();
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.matches("[hx-post], [data-again]")) return;
  if (sent.has(form)) event.preventDefault();
  sent.add(form);
});
window.addEventListener("pageshow", () => { sent = new WeakSet(); }); // back to a form: it may be sent again
