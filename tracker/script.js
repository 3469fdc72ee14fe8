// Sito's tracker for the pages of a site: docs/tracker.md. Served as /t.js without these comments and indents (4 kB at most).
//   <script src="https://ACCOUNT/t.js" data-site="KEY" async></script>
//   (window.sito = window.sito || []).push(["consent", true], ["identify", TOKEN], ["productView", {product: "P1"}]);
// Until the visitor has agreed nothing is sent and nothing kept in the browser; nor is anything about one unknown.
(() => {
"use strict";
const tag = document.currentScript;
const early = window.sito || [];
if (!tag || early.consent) return;
const set = tag.dataset, site = set.site;
const to = new URL("/t/events", tag.src).href;
const KEPT = "sito", SOON = 1e3;
let agreed = false, token = "", pause = SOON, timer = 0, sending = false;
const on = (name, does, what = window) => what.addEventListener(name, does);

// What is kept: c: agreed, t: the token, q: events not known to have arrived. All tabs share it; where there is no
// storage it is the page's own.
let own = {q: []};
const kept = () => {
  try {
    const all = JSON.parse(localStorage.getItem(KEPT));
    if (all && all.q) return all;
  } catch (e) {}
  return own;
};
const keep = (change) => {
  if (!agreed) return;
  own = kept();
  change(own);
  try { localStorage.setItem(KEPT, JSON.stringify(own)); } catch (e) {}
};

// The page's address without a mere place in it; a route after # stays.
const path = () => location.href.replace(/#(?![/!]).*/, "");
let here = path(), from = document.referrer, told = "";

const later = () => { timer = timer || setTimeout(send, pause, false); };

// An event bears its own id, so that it is stored once however often it is sent.
const track = (type, params) => {
  if (!agreed || !token) return;
  const id = [...crypto.getRandomValues(new Uint8Array(16))].map((b) => (b + 256).toString(16).slice(1)).join("");
  const event = {
    k: token, id, type, at: Date.now(), url: location.href.slice(0, 1500), referrer: from.slice(0, 1500),
    title: document.title.slice(0, 300), params
  };
  keep((all) => { all.q = [...all.q, event].slice(-100); });
  later();
};
const view = () => {
  if (!agreed || !token || told === here) return;
  told = here;
  track("page_view");
};

// Ten events of one person, of the last day. While the page is left nobody sees the answer: these stay, and go once more next time.
const send = (leaving) => {
  clearTimeout(timer);
  timer = 0;
  if (!agreed || sending) return;
  const sent = Date.now();
  keep((all) => { all.q = all.q.filter((e) => sent - e.at < 864e5); });
  const all = own.q;
  const events = all.filter((e) => e.k === all[0].k).slice(0, 10);
  if (!events.length) return;
  const body = JSON.stringify({site, token: all[0].k, sent, events}, (name, value) => name === "k" ? void 0 : value);
  if (leaving) return navigator.sendBeacon(to, body);
  sending = true;
  fetch(to, {method: "POST", body, keepalive: true, credentials: "omit"})
    .then((answer) => {
      if (answer.status > 499 || answer.status === 429) throw answer;
      keep((now) => { now.q = now.q.filter((e) => !events.some((x) => x.id === e.id)); });
      pause = SOON;
    })
    .catch(() => { pause = Math.min(2 * pause, 3e5); })
    .then(() => {
      sending = false;
      if (agreed && kept().q.length) later();
    });
};

const api = {
  consent(yes) {
    agreed = !!yes;
    if (!agreed) {
      own = {q: []};
      told = "";
      try { localStorage.removeItem(KEPT); } catch (e) {}
      return;
    }
    keep((all) => { all.c = 1; token = all.t = token || all.t || ""; });
    view();
    later();
  },
  identify(given) {
    if (token !== (given || "")) told = "";
    token = given || "";
    keep((all) => { all.t = token; });
    view();
  },
  productView(product) { track("product_view", product); },
  addToCart(product) { track("add_to_cart", product); },
  search(query, results) { track("search", {query, results}); },
  push(...calls) {
    for (const [name, ...given] of calls) try { api[name](...given); } catch (e) {}
  }
};

// Pages that change without being loaded. The title follows the address.
const moved = () => setTimeout(() => {
  if (here === path()) return;
  from = here;
  here = path();
  view();
}, 50);

const start = () => {
// A link that names a contact; its token goes from the address before anything else reads it.
  const link = set.link !== "off" && /[?&#]sito=([\w.-]+)/.exec(location.href);
  if (link) {
    history.replaceState(history.state, "", location.href.replace(/([?&#])sito=[\w.-]+&?/, "$1").replace(/[?&#]+(#|$)/, "$1"));
    here = path();
  }
  token = set.token || (link && link[1]) || "";
  for (const name of ["pushState", "replaceState"]) {
    const plain = history[name];
    history[name] = function (...given) { plain.apply(this, given); moved(); };
  }
  on("popstate", moved);
  on("hashchange", moved);
  on("pageshow", (event) => {
    if (!event.persisted) return;
    told = "";
    view();
  });
  on("online", () => {
    pause = SOON;
    send();
  });
  on("pagehide", () => send(true));
  on("visibilitychange", () => document.hidden && send(true), document);
  window.sito = api;
  if (kept().c || set.consent === "given") api.consent(true);
  if (Array.isArray(early)) api.push(...early);
};
if (document.prerendering) on("prerenderingchange", start, document);
else start();
})();
