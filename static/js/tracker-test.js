// The test page of the tracker: buttons tell the script what a page of a shop would.
"use strict";

(() => {
  const state = document.getElementById("script-state");
  state.textContent = window.sito && window.sito.consent ? state.dataset.yes : state.dataset.no;
  document.getElementById("acts").addEventListener("click", (event) => {
    const button = event.target.closest("[data-push]");
    if (button) (window.sito = window.sito || []).push(...JSON.parse(button.dataset.push));
  });
})();
