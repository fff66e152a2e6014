// Recent clicks, live: lines come a few times a second, are put in order, and the oldest go.
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

  let paused = false;
  let held = [];
  let came = [];
  let waiting = 0;
  let place = table.dataset.after;
  let problem = null;
  let connected = false;
  let source = null;
  let leaving = null;

  function show() {
    const [kind, words] = !connected ? ["is-waiting", "Connecting"]
      : paused ? ["is-paused", waiting ? `Paused, ${waiting.toLocaleString("en")} new` : "Paused"]
      : problem ? ["is-away", "Not live"]
      : ["is-live", "Live"];
    state.className = `state ${kind}`;
    if (state.textContent !== words) state.textContent = words;
    pause.textContent = paused ? "Resume" : "Pause";
    pause.setAttribute("aria-pressed", String(paused));
    const now = Date.now();
    came = came.filter(({ time }) => time > now - RATE_OVER_MS);
    const count = came.reduce((sum, { number }) => sum + number, 0);
    const perSecond = (count * 1000 / RATE_OVER_MS).toLocaleString("en", { maximumFractionDigits: 1 });
    const rushing = came.some(({ skipped }) => skipped > 0);
    rate.textContent = count ? `${perSecond} a second${rushing ? ", not all shown" : ""}` : "";
  }

  function warn(words) {
    warning.hidden = !words;
    if (words) warning.textContent = words;
  }

  function put(rows) {
    for (const row of rows) {
      if (document.getElementById(row.id)) continue;
      // Ids are ULIDs: in their order is newest first, wherever a line came from.
      let behind = body.firstElementChild;
      while (behind && behind.id > row.id) behind = behind.nextElementSibling;
      // A few new lines light up for a moment; where they rush past, that would only be unrest, and work.
      if (rows.length <= MOST_TO_LIGHT_UP) row.classList.add("is-fresh");
      body.insertBefore(row, behind);
    }
    while (body.rows.length > MOST_LINES) body.lastElementChild.remove();
    nothing.hidden = body.rows.length > 0;
    for (const row of rows) window.clickrail.nameCountries(row);
  }

  function arrive(event) {
    const { rows, count, skipped } = JSON.parse(event.data);
    place = event.lastEventId;
    came.push({ time: Date.now(), number: count + skipped, skipped });
    const template = document.createElement("template");
    template.innerHTML = `<table><tbody>${rows}</tbody></table>`;
    const lines = [...template.content.querySelectorAll("tr")];
    if (paused) {
      waiting += count + skipped;
      held = [...lines, ...held].slice(0, MOST_LINES);
    } else {
      put(lines);
    }
    show();
  }

  function tell(event) {
    const { kafka, postgres } = JSON.parse(event.data);
    problem = kafka;
    warn(kafka ? `${kafka}. New clicks appear here as soon as it does.` : "");
    window.clickrail.showLights({ kafka, postgres });
    show();
  }

  function connect() {
    const address = new URL(table.dataset.stream, location.href);
    address.searchParams.set("after", place);
    source?.close();
    source = new EventSource(address);
    source.addEventListener("lines", arrive);
    source.addEventListener("status", tell);
    source.addEventListener("open", () => { connected = true; warn(""); show(); });
    source.addEventListener("error", () => { connected = false; show(); if (source?.readyState === EventSource.CLOSED) recover(); });
  }

  function disconnect() {
    source?.close();
    source = null;
    connected = false;
    show();
  }

  // Browsers have few connections for one site: a page that nobody looks at gives its own back.
  function followAttention() {
    clearTimeout(leaving);
    if (document.hidden) leaving = setTimeout(disconnect, AWAY_MS);
    else if (!source) connect();
  }

  async function recover() {
    // The browser gives up for good when the answer is an error: find out which.
    try {
      if ((await fetch(`${document.documentElement.dataset.base}/api/session`)).status === 401) return location.reload();
    } catch {
      warn("The console does not answer. Trying again.");
    }
    setTimeout(connect, AGAIN_MS);
  }

  function togglePause() {
    paused = !paused;
    if (!paused) {
      put(held);
      held = [];
      waiting = 0;
    }
    show();
  }

  pause.addEventListener("click", togglePause);
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea, dialog");
    if (event.key === "p" && !typing && !event.metaKey && !event.ctrlKey && !event.altKey) togglePause();
  });
  document.addEventListener("visibilitychange", followAttention);
  addEventListener("pagehide", disconnect);
  addEventListener("pageshow", (event) => { if (event.persisted) connect(); });
  setInterval(show, 1000);
  connect();
})();
