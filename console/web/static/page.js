// Every page: ages that stay true, names of countries, the drawer, the numbers that renew themselves.
(() => {
  "use strict";

  const root = document.documentElement;
  const { base } = root.dataset;
  root.classList.add("has-script");
  // Ages are told by the server's clock: this is how far the browser's is off.
  const skew = Date.parse(root.dataset.now) - Date.now();
  const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];

  function describeAge(time) {
    const seconds = Math.floor((Date.now() + skew - time) / 1000);
    for (const [length, unit] of units) {
      if (seconds >= length) return `${Math.floor(seconds / length)} ${unit} ago`;
    }
    return "now";
  }

  function tellAges() {
    if (document.hidden) return;
    for (const element of document.querySelectorAll("time[data-age]")) {
      const age = describeAge(Date.parse(element.dateTime));
      if (element.textContent !== age) element.textContent = age;
      if (!element.dataset.age) {
        element.dataset.age = "told";
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

  // The lights of what Clickrail stands on: where a stream tells of them, it does so itself.
  function showLights({ kafka, postgres }) {
    for (const [name, wrong] of [["Kafka", kafka], ["PostgreSQL", postgres]]) {
      const light = document.querySelector(`[data-light="${name}"]`);
      light?.classList.toggle("is-away", Boolean(wrong));
      light?.setAttribute("title", wrong ?? `${name} answers`);
      light?.querySelector("[data-state-of]")?.replaceChildren(wrong ? "away" : "answers");
    }
  }

  async function askForLights() {
    const response = await fetch(`${base}/api/status`).catch(() => null);
    if (response?.ok) showLights(await response.json());
  }

  async function keepAsking() {
    if (!document.hidden) await askForLights();
    setTimeout(keepAsking, 5000);
  }

  if (document.querySelector("[data-light]") && !document.querySelector("[data-stream]")) setTimeout(keepAsking, 1000);

  window.clickrail = { tellAges, nameCountries, showLights };
  setInterval(tellAges, 1000);
  tellAges();
  nameCountries(document);

  // The drawer: a click opens beside the list, under its own address.
  const drawer = document.getElementById("drawer");
  const part = drawer?.querySelector("[data-part]");

  async function openDrawer(link) {
    const response = await fetch(`${base}/parts${new URL(link.href).pathname.slice(base.length)}`);
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

  // Copying: the clipboard's own way needs https; the old one works everywhere, and selects a text to do so.
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

  async function copyFor(button) {
    button.dataset.says ??= button.textContent;
    try {
      await copy(button.dataset.copy ?? await readFile(button.dataset));
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not copied";
    }
    setTimeout(() => { button.textContent = button.dataset.says; }, 2000);
  }

  document.addEventListener("click", (event) => {
    const copying = event.target.closest("[data-copy], [data-copy-file]");
    if (copying) return copyFor(copying);
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

  // Forms whose choices take effect at once; and no empty fields in the address.
  for (const form of document.querySelectorAll("form[data-submits]")) {
    form.addEventListener("change", (event) => { if (event.target.matches("select")) form.requestSubmit(); });
    form.addEventListener("submit", () => {
      for (const field of form.elements) field.disabled = field.name !== "" && field.value === "";
    });
    // Coming back to this page finds the form usable again.
    addEventListener("pageshow", () => { for (const field of form.elements) field.disabled = false; });
  }

  // The overview renews itself, and says when it cannot.
  const renewed = document.querySelector("[data-refresh]");
  const warning = document.querySelector("[data-warning]");

  async function renew() {
    if (document.hidden) return;
    const response = await fetch(renewed.dataset.refresh);
    if (response.status === 401) return location.reload();
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    renewed.innerHTML = text;
    nameCountries(renewed);
    warning.hidden = true;
  }

  async function keepRenewing() {
    try {
      await renew();
    } catch (error) {
      warning.textContent = `${error instanceof TypeError ? "The console does not answer" : error.message}. Trying again.`;
      warning.hidden = false;
      askForLights();
    }
    setTimeout(keepRenewing, 3000);
  }

  if (renewed) setTimeout(keepRenewing, 3000);

  // A page that could not be shown comes back by itself.
  async function tryAgain() {
    const response = await fetch(location.href).catch(() => null);
    if (response?.ok) location.reload();
    else setTimeout(tryAgain, 3000);
  }

  if (document.querySelector("[data-retry]")) setTimeout(tryAgain, 3000);

  document.addEventListener("pointerover", (event) => {
    const readout = document.querySelector("[data-readout]");
    if (readout) readout.textContent = event.target.closest?.(".column")?.dataset.says ?? "";
  });
})();
