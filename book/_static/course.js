/* Small behavior of the book: definitions of terms, search from disk, and accessible boxes. */
"use strict";

/* Opened from disk, a browser refuses to read the other pages: search shows titles only. */
if (location.protocol === "file:" && typeof DOCUMENTATION_OPTIONS !== "undefined") {
  DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
}

function setUpDefinitions() {
  const links = document.querySelectorAll("a[data-definition]");
  if (!links.length) return;
  const box = document.createElement("div");
  box.id = "course-definition";
  box.setAttribute("role", "tooltip");
  box.hidden = true;
  document.body.append(box);
  let current = null;

  function place(link) {
    const rect = link.getClientRects()[0] ?? link.getBoundingClientRect();
    const left = Math.min(rect.left, document.documentElement.clientWidth - box.offsetWidth - 16);
    const below = rect.bottom + 8 + box.offsetHeight < window.innerHeight;
    const top = below ? rect.bottom + 8 : rect.top - box.offsetHeight - 8;
    box.style.left = `${Math.max(8, left) + window.scrollX}px`;
    box.style.top = `${top + window.scrollY}px`;
  }
  function show(event) {
    current = event.currentTarget;
    box.textContent = current.dataset.definition;
    box.hidden = false;
    current.setAttribute("aria-describedby", box.id);
    place(current);
  }
  function hide() {
    box.hidden = true;
    current?.removeAttribute("aria-describedby");
    current = null;
  }
  let timer = 0;
  const hideSoon = () => { timer = window.setTimeout(hide, 150); };
  const keep = () => window.clearTimeout(timer);
  for (const link of links) {
    link.addEventListener("mouseenter", (event) => { keep(); show(event); });
    link.addEventListener("focus", (event) => { keep(); show(event); });
    link.addEventListener("mouseleave", hideSoon);
    link.addEventListener("blur", hide);
  }
  box.addEventListener("mouseenter", keep);
  box.addEventListener("mouseleave", hideSoon);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
}

/* What scrolls sideways can be reached with the keyboard. */
function setUpScrolling() {
  const boxes = document.querySelectorAll(
    ".bd-article :is(pre, .cell_output, .text_html, div.math), .pst-scrollable-table-container, " +
      '.bd-article :has(> img[src*="map.svg"])',
  );
  for (const box of boxes) {
    if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
    else if (box.getAttribute("tabindex") === "0") box.removeAttribute("tabindex");
  }
}

document.addEventListener("DOMContentLoaded", setUpDefinitions);
window.addEventListener("load", () => window.setTimeout(setUpScrolling, 300));
window.addEventListener("resize", setUpScrolling);
