// Printing: the button, and what is folded away on the screen is unfolded on paper.
"use strict";

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});

let unfolded = [];
window.addEventListener("beforeprint", () => {
  unfolded = [...document.querySelectorAll("main details:not([open])")];
  unfolded.forEach((details) => { details.open = true; });
});
window.addEventListener("afterprint", () => {
  unfolded.forEach((details) => { details.open = false; });
  unfolded = [];
});
