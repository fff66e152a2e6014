// The log of clicks and the pages beside it: cells that filter, keys of lists, copies, and times where the reader is.
(() => {
  "use strict";

  const inField = (target) => target.closest?.("input, select, textarea, [contenteditable]");
  const isPlain = (event) => !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing;

  // The address that leaves a value out instead: `f.country=is:DE` becomes `not:DE`, after those left out already.
  function invert(href, parameter) {
    const address = new URL(href);
    const value = address.searchParams.get(parameter)?.replace(/^is:/, "");
    const known = new URLSearchParams(location.search).get(parameter) ?? "";
    if (value === undefined) return href;
    address.searchParams.set(parameter, known.startsWith("not:") ? `${known},${value}` : `not:${value}`);
    return address.href;
  }

  // Before page.js, which opens the line that was clicked.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-pick]");
    if (!link || event.button !== 0 || !isPlain(event)) return;
    event.stopImmediatePropagation();
    if (!event.shiftKey) return;
    event.preventDefault();
    location.assign(invert(link.href, `f.${link.dataset.pick}`));
  }, true);

  function showYours(within) {
    for (const place of within.querySelectorAll("[data-yours]")) {
      const time = new Date(place.dataset.yours);
      place.textContent = ` · ${time.toLocaleString()} here (${Intl.DateTimeFormat().resolvedOptions().timeZone})`;
      place.removeAttribute("data-yours");
      place.hidden = false;
    }
  }

  showYours(document);
  const part = document.querySelector("#drawer [data-part]");
  if (part) new MutationObserver(() => showYours(part)).observe(part, { childList: true });

  function focusLine(step) {
    const lines = [...document.querySelectorAll("table[data-list] tbody tr")];
    const links = lines.map((line) => line.querySelector("a[data-open], td.where a")).filter(Boolean);
    const at = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
    links[at < 0 ? 0 : Math.min(links.length - 1, Math.max(0, at + step))]?.focus();
  }

  document.addEventListener("keydown", (event) => {
    if (!isPlain(event) || inField(event.target) || event.target.closest?.("dialog")) return;
    if (event.key === "j") focusLine(1);
    if (event.key === "k") focusLine(-1);
    if (event.key === "x") document.querySelector("[data-clear-all], [data-clear]")?.click();
  });
})();
