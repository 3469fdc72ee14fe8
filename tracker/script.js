// Sito's tracker for the pages of a site: docs/tracker.md. Served as /t.js without comments, indents and spaces beside signs (4 kB at most).
//   <script src="https://ACCOUNT/t.js" data-site="KEY" async></script>
//   (window.sito = window.sito || []).push(["consent", true], ["identify", TOKEN], ["productView", {product: "P1"}]);
// Until the visitor has agreed, and it is known who they are, nothing is sent and nothing kept in the browser. What is told of
// the open page waits in its own memory, and goes when it is left; after a no nothing waits.
(() => {
"use strict";
const tag = document.currentScript;
const early = window.sito || [];
if (!tag || early.consent) return;
const set = tag.dataset, site = set.site;
const to = new URL("/t/events", tag.src).href;
const KEPT = "sito", SOON = 1e3;
let agreed, token = "", pause = SOON, timer, sending, waits = [], last;
const on = addEventListener;

// What is kept: c: when they agreed, t: the token, q: events not known to have arrived. All tabs share it; where there is no
// storage it is the page's own. What this tab kept (last) and is gone was withdrawn in another.
let own = {q: []};
const kept = () => {
  try {
    const text = localStorage[KEPT], all = text && JSON.parse(text);
    if (all && all.q) return all;
    if (!text && last) api.consent();
  } catch {}
  return own;
};
const keep = change => {
  const all = agreed && kept();
  if (!agreed) return;
  change(own = all);
  const text = JSON.stringify(own);
  try {
    localStorage[KEPT] = text;
    last = text;
  } catch {}
};
// Still agreed, and still somebody? Another tab may have withdrawn that, or signed out.
const known = () => {
  if (agreed && !kept().t && agreed) token = "";
  return agreed && token;
};

// The page's address without a mere place in it; a route after # stays.
const path = () => location.href.replace(/#(?![/!]).*/, "");
let here = path(), from = document.referrer, told = "";

const later = () => { timer = timer || setTimeout(send, pause); };

// An event bears its own id, so that it is stored once however often it is sent.
const track = (type, params) => {
  if (!known()) return waits && waits.push([path(), type, params]);
  const id = [...crypto.getRandomValues(new Uint8Array(16))].map(b => (b + 256).toString(16).slice(1)).join("");
  keep(all => {
    all.q = [...all.q, {
      k: token, id, type, at: Date.now(), url: location.href.slice(0, 1500), referrer: from.slice(0, 1500),
      title: document.title.slice(0, 300), params
    }].slice(-100);
  });
  later();
};
const view = () => {
  if (!known()) return;
  if (told !== here) track("page_view");
  told = here;
  waits.splice(0).forEach(([where, ...call]) => where === path() && track(...call));
};

// Ten events of one person, of the last day. While the page is left nobody sees the answer: these stay, and go once more next time.
const send = leaving => {
  clearTimeout(timer);
  timer = 0;
  if (!agreed || sending) return;
  const sent = Date.now();
  keep(all => { all.q = all.q.filter(e => sent - e.at < 864e5); });
  const all = own.q;
  const events = all.filter(e => e.k === all[0].k).slice(0, 10);
  if (!events.length) return;
  const body = JSON.stringify({site, token: all[0].k, sent, events}, (name, value) => name === "k" ? void 0 : value);
  if (leaving) return navigator.sendBeacon(to, body);
  sending = true;
  fetch(to, {method: "POST", body, keepalive: true, credentials: "omit"})
    .then(({status}) => {
      if (status > 499 || status === 429) throw status;
      keep(now => { now.q = now.q.filter(e => !events.some(x => x.id === e.id)); });
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
    agreed = yes;
    if (!yes) {
      own = {q: []};
      told = "";
      waits = last = 0;
      try { delete localStorage[KEPT]; } catch {}
      return;
    }
    waits = waits || [];
    keep(all => { all.c = all.c || Date.now(); token = all.t = token || all.t || ""; });
    view();
    later();
  },
  identify(given) {
    given = given || "";
    if (token !== given) {
      told = "";
      if (token) waits = waits && [];
    }
    token = given;
    keep(all => { all.t = token; });
    view();
  },
  productView(product) { track("product_view", product); },
  addToCart(product) { track("add_to_cart", product); },
  search(query, results) { track("search", {query, results}); },
  push(...calls) {
    for (const [name, ...given] of calls) try { api[name](...given); } catch {}
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
  on("pageshow", e => {
    if (e.persisted) told = "", view();
  });
// A withdrawal that crossed what this tab kept at the same moment holds.
  on("storage", ({key, newValue}) => {
    if (key === KEPT && !newValue && last && localStorage[KEPT] === last) api.consent();
    known();
  });
  on("online", () => {
    pause = SOON;
    send();
  });
  on("pagehide", () => send(true));
  on("visibilitychange", () => document.hidden && send(true));
  window.sito = api;
  if (kept().c || set.consent === "given") api.consent(true);
  if (Array.isArray(early)) api.push(...early);
};
if (document.prerendering) document.onprerenderingchange = start;
else start();
})();
