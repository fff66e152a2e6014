// The live list of clicks: inserts new lines in order a few times a second and removes the oldest.
(() => {
  "use strict";

  const table = document.querySelector("[data-stream]");
  if (!table) return;

  const MOST_LINES = 200;
  const RATE_OVER_MS = 10_000;
  const AGAIN_MS = 3000;
  const AWAY_MS = 60_000;
  const MOST_TO_LIGHT_UP = 4;
  const body = table.tBodies[0];
  const nothing = document.querySelector("[data-nothing]");
  const state = document.querySelector("[data-state]");
  const pause = document.querySelector("[data-pause]");
  const rate = document.querySelector("[data-rate]");
  const warning = document.querySelector("[data-warning]");
  const end = document.querySelector("[data-end]");
  const older = document.querySelector("[data-older]");
  const newLines = document.querySelector("[data-new-lines]");
  // So far down, somebody reads: lines must not move below their eyes.
  const READS_FROM = 160;

  let paused = false;
  // Whether scrolling paused, and not somebody.
  let reads = false;
  let pausedRows = [];
  let arrived = [];
  let waiting = 0;
  let position = table.dataset.after;
  let problem = null;
  let connected = false;
  let connections = 0;
  let source = null;
  let disconnectTimer = null;

  function show() {
    const [kind, words] = !connected ? ["is-waiting", "Connecting"]
      : paused ? ["is-paused", `Paused${reads ? " while you read" : ""}${waiting ? `, ${waiting.toLocaleString("en")} new` : ""}`]
      : problem ? ["is-away", "Not live"]
      : ["is-live", "Live"];
    state.className = `state ${kind}`;
    if (state.textContent !== words) state.textContent = words;
    newLines.hidden = !(reads && waiting);
    if (!newLines.hidden) newLines.textContent = `${waiting.toLocaleString("en")} new, back to the top`;
    pause.textContent = paused ? "Resume" : "Pause";
    pause.setAttribute("aria-pressed", String(paused));
    const now = Date.now();
    arrived = arrived.filter(({ time }) => time > now - RATE_OVER_MS);
    const count = arrived.reduce((sum, { number }) => sum + number, 0);
    const perSecond = (count * 1000 / RATE_OVER_MS).toLocaleString("en", { maximumFractionDigits: 1 });
    const isFast = arrived.some(({ skipped }) => skipped > 0);
    rate.textContent = count ? `${perSecond} a second${isFast ? ", not all shown" : ""}` : "";
  }

  function warn(words) {
    warning.hidden = !words;
    if (words) warning.textContent = words;
  }

  function insertRows(rows, mark) {
    for (const row of rows.length && mark ? body.querySelectorAll(".is-new") : []) row.classList.remove("is-new");
    for (const row of rows) {
      if (document.getElementById(row.id)) continue;
      // Row ids are ULIDs: sort by them, newest first.
      let behind = body.firstElementChild;
      while (behind && behind.id > row.id) behind = behind.nextElementSibling;
      // Highlight new lines only if they are few: with many it would distract, and cost work.
      if (rows.length <= MOST_TO_LIGHT_UP) row.classList.add("is-fresh");
      if (mark) row.classList.add(mark);
      body.insertBefore(row, behind);
    }
    if (body.rows.length > MOST_LINES) removeOldest();
    nothing.hidden = body.rows.length > 0;
    for (const row of rows) window.clickrail.nameCountries(row);
  }

  // "Older" must begin after the last row that is still shown: the links of the page begin after its first last row.
  function removeOldest() {
    while (body.rows.length > MOST_LINES) body.lastElementChild.remove();
    const link = older.querySelector("a");
    // As texts: URLSearchParams would write the colons of filters as %3A.
    const others = link.href.replace(/([?&])before=[^&]*&?/, "$1").replace(/[?&]$/, "");
    link.href = `${others}${others.includes("?") ? "&" : "?"}before=${body.lastElementChild.id.replace(/^c-/, "")}`;
    end.hidden = true;
    older.hidden = false;
  }

  function handleLines(event) {
    const { rows, count, skipped } = JSON.parse(event.data);
    position = event.lastEventId;
    arrived.push({ time: Date.now(), number: count + skipped, skipped });
    const template = document.createElement("template");
    template.innerHTML = `<table><tbody>${rows}</tbody></table>`;
    const lines = [...template.content.querySelectorAll("tr")];
    if (paused) {
      waiting += count + skipped;
      pausedRows = [...lines, ...pausedRows].slice(0, MOST_LINES);
    } else {
      insertRows(lines);
    }
    show();
  }

  function handleStatus(event) {
    const { kafka, postgres } = JSON.parse(event.data);
    problem = kafka;
    warn(kafka ? `${kafka}. New clicks appear here as soon as it does.` : "");
    window.clickrail.showLights({ kafka, postgres });
    show();
  }

  function connect() {
    const address = new URL(table.dataset.stream, location.href);
    address.searchParams.set("after", position);
    source?.close();
    source = new EventSource(address);
    source.addEventListener("lines", handleLines);
    source.addEventListener("status", handleStatus);
    source.addEventListener("open", () => {
      connected = true;
      warn("");
      show();
      if (connections++) fillGap();
    });
    source.addEventListener("error", () => { connected = false; show(); if (source?.readyState === EventSource.CLOSED) recover(); });
  }

  // The stream remembers the latest lines only: after an interruption, the tables have what it no longer has.
  async function fillGap() {
    const response = await fetch(location.href).catch(() => null);
    if (!response?.ok) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const rows = [...page.querySelectorAll("table.log tbody tr")].map((row) => document.importNode(row, true));
    const missed = rows.filter((row) => !document.getElementById(row.id) && !pausedRows.some(({ id }) => id === row.id));
    if (paused) {
      waiting += missed.length;
      pausedRows = [...pausedRows, ...missed];
      show();
    } else insertRows(missed, "is-new");
  }

  function disconnect() {
    source?.close();
    source = null;
    connected = false;
    show();
  }

  // Browsers limit connections per site: a hidden page closes its stream after a while.
  function handleVisibility() {
    clearTimeout(disconnectTimer);
    if (document.hidden) disconnectTimer = setTimeout(disconnect, AWAY_MS);
    else if (!source) connect();
  }

  async function recover() {
    // EventSource does not reconnect after an error response: find out why, then retry.
    try {
      if ((await fetch(`${document.documentElement.dataset.base}/api/session`)).status === 401) return location.reload();
    } catch {
      warn("The console does not answer. Trying again.");
    }
    setTimeout(connect, AGAIN_MS);
  }

  function togglePause() {
    paused = !paused;
    reads = false;
    if (!paused) {
      insertRows(pausedRows, "is-new");
      pausedRows = [];
      waiting = 0;
    }
    show();
  }

  function handleScroll() {
    const isBelow = scrollY > READS_FROM;
    if (isBelow && !paused) {
      togglePause();
      reads = true;
      show();
    } else if (!isBelow && reads) togglePause();
  }

  pause.addEventListener("click", togglePause);
  newLines.addEventListener("click", () => scrollTo({ top: 0 }));
  addEventListener("scroll", handleScroll, { passive: true });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea, dialog");
    if (event.key === "p" && !typing && !event.metaKey && !event.ctrlKey && !event.altKey) togglePause();
  });
  document.addEventListener("visibilitychange", handleVisibility);
  addEventListener("pagehide", disconnect);
  addEventListener("pageshow", (event) => { if (event.persisted) connect(); });
  setInterval(show, 1000);
  connect();
})();
