// A contact's details changed where they stand: Escape leaves one as it was, and one is open at a time.
"use strict";

(() => {
  const OPEN = ".detail.open";
  const typed = (field) =>
    field.options
      ? [...field.options].some((option) => option.selected !== option.defaultSelected)
      : field.value !== field.defaultValue || field.checked !== field.defaultChecked;
  const unsaved = (open) =>
    open.querySelector(".invalid-feedback, [role=alert]") ||
    [...open.querySelectorAll("input:not([type=hidden]), select, textarea")].some(typed);
  const leave = (open) => open.querySelector("a[hx-get]").click();

  document.addEventListener("keydown", (event) => {
    const open = event.target.closest?.(OPEN);
    if (event.key !== "Escape" || !open || event.defaultPrevented) return;
    event.preventDefault();
    leave(open);
  });
  // Another one is opened: what is not saved yet stays, with the focus; what is as it was is closed.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!event.target.matches?.(".detail .change")) return;
    for (const open of document.querySelectorAll(OPEN)) {
      if (!unsaved(open)) leave(open);
      else {
        event.preventDefault();
        open.querySelector("input:not([type=hidden]), select, textarea").focus();
      }
    }
  });
})();
