// For every page: updates ages, country names, the drawer, and figures that refresh.
(() => {
  "use strict";

  const root = document.documentElement;
  const { base } = root.dataset;
  root.classList.add("has-script");
  // Ages use the server's clock: this is its difference from the browser's.
  const skew = Date.parse(root.dataset.now) - Date.now();
  const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];

  function describeAge(time) {
    const seconds = Math.floor((Date.now() + skew - time) / 1000);
    for (const [length, unit] of units) {
      if (seconds >= length) return `${Math.floor(seconds / length)} ${unit} ago`;
    }
    return "now";
  }

  function updateAges() {
    if (document.hidden) return;
    for (const element of document.querySelectorAll("time[data-age]")) {
      const age = describeAge(Date.parse(element.dateTime));
      if (element.textContent !== age) element.textContent = age;
      if (!element.dataset.age) {
        element.dataset.age = "shown";
        element.title += `\n${new Date(element.dateTime).toLocaleString()} here`;
      }
    }
  }

  const countries = new Intl.DisplayNames(["en"], { type: "region" });

  function nameCountry(code) {
    try {
      return countries.of(code);
    } catch {
      return code;
    }
  }

  function nameCountries(within) {
    for (const element of within.querySelectorAll("[data-country]")) element.title = nameCountry(element.dataset.country);
    for (const element of within.querySelectorAll("[data-country-name]")) {
      element.textContent = nameCountry(element.dataset.countryName);
    }
  }

  // The status lights of Kafka and PostgreSQL. On pages with a stream, live.js updates them.
  function showLights({ kafka, postgres }) {
    for (const [name, wrong] of [["Kafka", kafka], ["PostgreSQL", postgres]]) {
      const light = document.querySelector(`[data-light="${name}"]`);
      light?.classList.toggle("is-away", Boolean(wrong));
      light?.setAttribute("title", wrong ?? `${name} answers`);
      light?.querySelector("[data-state-of]")?.replaceChildren(wrong ? "away" : "answers");
    }
  }

  async function fetchLights() {
    const response = await fetch(`${base}/api/status`).catch(() => null);
    if (response?.ok) showLights(await response.json());
  }

  async function pollLights() {
    if (!document.hidden) await fetchLights();
    setTimeout(pollLights, 5000);
  }

  if (document.querySelector("[data-light]") && !document.querySelector("[data-stream]")) setTimeout(pollLights, 1000);

  window.clickrail = { updateAges, nameCountries, showLights };
  setInterval(updateAges, 1000);
  updateAges();
  nameCountries(document);

  // The drawer: opens a click beside the list, with its own URL.
  const drawer = document.getElementById("drawer");
  const part = drawer?.querySelector("[data-part]");

  async function openDrawer(link) {
    const response = await fetch(`${base}/parts${new URL(link.href).pathname.slice(base.length)}${new URL(link.href).search}`);
    if (response.status === 401) return location.assign(link.href);
    part.innerHTML = await response.text();
    drawer.querySelector("[data-full]").href = link.href;
    nameCountries(part);
    const state = { drawer: link.closest("tr").id };
    if (drawer.open) history.replaceState(state, "", link.href);
    else {
      history.pushState(state, "", link.href);
      drawer.showModal();
      root.classList.add("has-drawer");
    }
    drawer.scrollTop = 0;
  }

  function openNeighbour(step) {
    let row = document.getElementById(history.state?.drawer);
    do row = step > 0 ? row?.nextElementSibling : row?.previousElementSibling;
    while (row && !row.querySelector("a[data-open]"));
    if (row) openDrawer(row.querySelector("a[data-open]"));
  }

  // Copying: the clipboard API needs https; execCommand works everywhere but has to select a text.
  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const field = document.createElement("textarea");
      field.value = text;
      field.className = "skip";
      (drawer?.open ? drawer : document.body).append(field);
      field.select();
      const copied = document.execCommand("copy");
      field.remove();
      if (!copied) throw new Error("not copied");
    }
  }

  async function readFile({ copyFile, as }) {
    const response = await fetch(copyFile);
    if (!response.ok) throw new Error(await response.text());
    if (as === "text") return response.text();
    const bytes = new Uint8Array(await response.arrayBuffer());
    let text = "";
    for (let start = 0; start < bytes.length; start += 8192) text += String.fromCharCode(...bytes.subarray(start, start + 8192));
    return btoa(text);
  }

  async function copyFrom(button) {
    const words = button.querySelector(".unseen") ?? button;
    button.dataset.says ??= words.textContent;
    try {
      const { copy: text, copyOf } = button.dataset;
      await copy(text ?? (copyOf ? document.getElementById(copyOf).textContent : await readFile(button.dataset)));
      words.textContent = "Copied";
      button.classList.add("is-copied");
    } catch {
      words.textContent = "Not copied";
    }
    setTimeout(() => {
      words.textContent = button.dataset.says;
      button.classList.remove("is-copied");
    }, 2000);
  }

  document.addEventListener("click", (event) => {
    const copying = event.target.closest("[data-copy], [data-copy-file], [data-copy-of]");
    if (copying) return copyFrom(copying);
    const step = event.target.closest("[data-step]");
    if (step) return openNeighbour(Number(step.dataset.step));
    const toggle = event.target.closest("[data-toggle]");
    if (toggle) {
      const open = document.getElementById(toggle.dataset.toggle).classList.toggle("is-open");
      toggle.setAttribute("aria-expanded", String(open));
      return;
    }
    if (event.target === drawer) return drawer.close();
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    const row = event.target.closest("tr.line");
    const link = row?.querySelector("a[data-open]");
    if (!link || !plain || String(getSelection())) return;
    event.preventDefault();
    openDrawer(link).catch(() => location.assign(link.href));
  });

  drawer?.addEventListener("close", () => {
    root.classList.remove("has-drawer");
    if (history.state?.drawer) history.back();
  });
  drawer?.addEventListener("keydown", (event) => {
    if (event.key === "j") openNeighbour(1);
    if (event.key === "k") openNeighbour(-1);
  });
  addEventListener("popstate", () => { if (drawer?.open && !history.state?.drawer) drawer.close(); });

  // Submit these forms when a choice changes, and leave empty fields out of the URL.
  for (const form of document.querySelectorAll("form[data-submits]")) {
    form.addEventListener("change", (event) => { if (event.target.matches("select")) form.requestSubmit(); });
    form.addEventListener("submit", () => {
      for (const field of form.elements) field.disabled = field.name !== "" && field.value === "";
    });
    // Enable the fields again when the user navigates back.
    addEventListener("pageshow", () => { for (const field of form.elements) field.disabled = false; });
  }

  // Refresh the overview, and warn if that fails.
  const overview = document.querySelector("[data-refresh]");
  const warning = document.querySelector("[data-warning]");

  async function refresh() {
    if (document.hidden) return;
    const response = await fetch(overview.dataset.refresh);
    if (response.status === 401) return location.reload();
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    overview.innerHTML = text;
    nameCountries(overview);
    warning.hidden = true;
  }

  async function pollOverview() {
    try {
      await refresh();
    } catch (error) {
      warning.textContent = `${error instanceof TypeError ? "The console does not answer" : error.message}. Trying again.`;
      warning.hidden = false;
      fetchLights();
    }
    setTimeout(pollOverview, 3000);
  }

  if (overview) setTimeout(pollOverview, 3000);

  // Keys that work on every page: "/" searches, "g" and a letter open a page, Escape closes menus.
  let goes = false;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Escape") {
      for (const menu of document.querySelectorAll("details.menu[open]")) {
        menu.open = false;
        if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
      }
    }
    if (event.target.closest?.("input, select, textarea, dialog, [contenteditable]")) return;
    if (event.key === "?") {
      document.getElementById("keys")?.showModal();
    } else if (event.key === "/") {
      const search = document.querySelector("[data-search]");
      if (search) {
        event.preventDefault();
        search.focus();
        search.select();
      }
    } else if (goes) {
      goes = false;
      document.querySelector(`[data-go="${CSS.escape(event.key)}"]`)?.click();
      event.stopImmediatePropagation();
    } else if (event.key === "g") {
      goes = true;
      setTimeout(() => { goes = false; }, 1000);
    }
  }, true);
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });

  // Retry a page that could not be shown.
  async function retryPage() {
    const response = await fetch(location.href).catch(() => null);
    if (response?.ok) location.reload();
    else setTimeout(retryPage, 3000);
  }

  if (document.querySelector("[data-retry]")) setTimeout(retryPage, 3000);

  document.addEventListener("pointerover", (event) => {
    const readout = document.querySelector("[data-readout]");
    if (readout) readout.textContent = event.target.closest?.(".column")?.dataset.says ?? "";
  });
})();
