// Arrow keys between a search box and what it found. Without this file the Tab key does the same.
"use strict";

document.addEventListener("keydown", (event) => {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const box = document.querySelector("[data-list]");
  const list = box && document.getElementById(box.dataset.list);
  if (!list || (event.target !== box && !list.contains(event.target))) return;
  const stops = [box, ...list.querySelectorAll("a")];
  const next = stops[stops.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1)];
  if (!next) return;
  event.preventDefault();
  next.focus();
});
