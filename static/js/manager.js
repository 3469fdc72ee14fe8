// The contact manager: one box that ticks a whole page. Without this file each row's own box and the buttons do the same.
"use strict";

(() => {
  const rows = () => [...document.querySelectorAll("#rows input[name=ticked]")];

  function showWhole() {
    const whole = document.querySelector("[data-tick-page]");
    if (!whole) return;
    const ticked = rows().filter((box) => box.checked).length;
    whole.closest("label").hidden = false;
    whole.checked = ticked > 0 && ticked === rows().length;
    whole.indeterminate = ticked > 0 && ticked < rows().length;
  }

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-tick-page]")) {
      for (const box of rows()) box.checked = event.target.checked;
      rows()[0]?.dispatchEvent(new Event("change", { bubbles: true }));
    } else if (event.target.name === "ticked") showWhole();
  });
  document.addEventListener("htmx:afterSwap", showWhole);
  showWhole();
})();
