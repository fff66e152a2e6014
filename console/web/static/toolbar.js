// The toolbar of a view: keys for ranges, comparison and filters, and values that are known while somebody types.
(() => {
  "use strict";

  const bar = document.querySelector("[data-view-bar]");
  if (!bar) return;
  const form = bar.querySelector("[data-filter-form]");
  const list = form?.querySelector("[data-suggestions]");
  const menu = form?.closest("details");
  let asked = 0;
  let timer = 0;

  async function suggest() {
    const number = ++asked;
    const { add_field: field, add_operator: operator, add_text: typed } = form.elements;
    // What contains a text is typed, not chosen.
    if (operator.value === "has") return list.replaceChildren();
    const query = new URLSearchParams(location.search);
    query.set("field", field.value);
    query.set("q", typed.value);
    const response = await fetch(`${form.dataset.values}?${query}`).catch(() => null);
    if (number !== asked || !response?.ok) return;
    const kept = new Set([...list.querySelectorAll(":checked")].map((box) => box.value));
    const chosen = list.dataset.field === field.value ? [...list.querySelectorAll("label")].filter((label) => kept.has(label.querySelector("input").value)) : [];
    list.dataset.field = field.value;
    list.innerHTML = await response.text();
    for (const box of list.querySelectorAll("input")) if (kept.has(box.value)) box.closest("label").remove();
    list.prepend(...chosen);
    window.clickrail.nameCountries(list);
  }

  function suggestSoon() {
    clearTimeout(timer);
    timer = setTimeout(suggest, 120);
  }

  form?.addEventListener("input", (event) => { if (event.target.type !== "checkbox") suggestSoon(); });
  menu?.addEventListener("toggle", () => {
    if (!menu.open) return;
    form.elements.add_text.focus();
    suggest();
  });
  form?.addEventListener("submit", () => {
    // A text that only searched for the chosen values is no value.
    if (list.querySelector(":checked")) form.elements.add_text.value = "";
  });

  // Whether Escape closed something: a menu closes before filters are cleared.
  let closes = false;
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") closes = Boolean(document.querySelector("details.menu[open], dialog[open]"));
  }, true);

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest?.("input, select, textarea, dialog, [contenteditable]")) return;
    if (event.key === "Escape") {
      if (!closes) bar.querySelector("[data-clear]")?.click();
    } else if (event.key === "f" && menu) {
      event.preventDefault();
      menu.open = true;
    } else if (event.key === "x") {
      const choices = [...bar.querySelectorAll("[data-compare]")];
      choices[choices[0]?.getAttribute("aria-current") ? 1 : 0]?.click();
    } else if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      if (event.shiftKey) bar.querySelector(`[data-shift="${event.key === "ArrowLeft" ? -1 : 1}"]`)?.click();
    } else {
      bar.querySelector(`[data-range-key="${CSS.escape(event.key)}"]`)?.click();
    }
  }, true);
})();
