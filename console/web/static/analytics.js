// Analytics: draws the series and the map, keeps tabs and the place on the page from one address to the next.
(() => {
  "use strict";

  // uPlot fails where the browser's language is no language: Chromium's is `en-US@posix` where the system has none.
  try {
    new Intl.NumberFormat(navigator.language);
  } catch {
    Object.defineProperty(navigator, "language", { value: "en-US" });
  }

  const PLACE = "clickrail-place";
  const TABS = ["links", "sources", "places", "devices", "quality"];
  const color = (name, element = document.documentElement) => {
    // Colours such as light-dark() are resolved by an element that uses them.
    const probe = document.createElement("i");
    probe.hidden = true;
    probe.className = name;
    element.append(probe);
    probe.style.color = `var(--${name})`;
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };
  const number = new Intl.NumberFormat("en-US");
  const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });

  // A click leads to an address of this page: the new page opens where this one was.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("main a[href]");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const target = new URL(link.href);
    if (target.pathname !== location.pathname) return;
    if (link.matches("[data-tab]")) {
      history.replaceState(history.state, "", keepTabs(target, link.closest("section").id.replace("card-", "")));
      return;
    }
    link.href = keepTabs(target);
    sessionStorage.setItem(PLACE, String(scrollY));
  }, true);

  function keepTabs(target, changed) {
    const here = new URLSearchParams(location.search);
    for (const name of TABS) {
      if (name === changed) continue;
      if (here.has(name)) target.searchParams.set(name, here.get(name));
    }
    return target.href.replaceAll("%3A", ":").replaceAll("%2C", ",");
  }

  const place = sessionStorage.getItem(PLACE);
  sessionStorage.removeItem(PLACE);
  if (place) scrollTo(0, Number(place));

  // The series: periods are numbered, and the server wrote their labels: a browser does not know the reporting zone.
  const charts = new Map();

  function showPeriod(box, data, place) {
    const lines = [[data.title, data.counts[place], data.labels[place]]];
    if (data.others) lines.push(["Before", data.others[place], data.other_labels[place]]);
    box.replaceChildren(...lines.filter(([, count]) => count !== null && count !== undefined).map(([title, count, label]) => {
      const line = document.createElement("p");
      const name = document.createElement("span");
      const value = document.createElement("b");
      name.textContent = label || title;
      value.textContent = number.format(count);
      line.append(name, value);
      return line;
    }));
    for (const mark of data.marks.filter((one) => one.place === place)) {
      const note = document.createElement("small");
      note.className = mark.automatic ? "mark is-automatic" : "mark";
      note.textContent = mark.text.length > 80 ? `${mark.text.slice(0, 79)}…` : mark.text;
      box.append(note);
    }
    if (place === data.unfinished) {
      const note = document.createElement("small");
      note.textContent = "not over yet";
      box.append(note);
    }
    box.hidden = !box.childElementCount;
  }

  // Annotations: a dashed line with a triangle at its foot, or an empty diamond at its top if nobody wrote them.
  function drawMarks(plot, data, written, automatic) {
    const { ctx, bbox } = plot;
    const size = 5 * devicePixelRatio;
    const bottom = bbox.top + bbox.height;
    const places = (isAutomatic) => new Set(data.marks.filter((mark) => mark.automatic === isAutomatic).map((mark) => mark.place));
    const drawLine = (x, dash) => {
      ctx.setLineDash(dash);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bottom);
      ctx.stroke();
      ctx.setLineDash([]);
    };
    ctx.save();
    ctx.strokeStyle = automatic;
    for (const place of places(true)) {
      const x = Math.round(plot.valToPos(place, "x", true));
      drawLine(x, [size / 4, size]);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x + size, bbox.top + size);
      ctx.lineTo(x, bbox.top + 2 * size);
      ctx.lineTo(x - size, bbox.top + size);
      ctx.closePath();
      ctx.stroke();
    }
    ctx.strokeStyle = ctx.fillStyle = written;
    for (const place of places(false)) {
      const x = Math.round(plot.valToPos(place, "x", true));
      drawLine(x, [size / 2, size]);
      ctx.beginPath();
      ctx.moveTo(x, bottom - 2 * size);
      ctx.lineTo(x + size, bottom);
      ctx.lineTo(x - size, bottom);
      ctx.fill();
    }
    ctx.restore();
  }

  function drawSeries(element) {
    const data = JSON.parse(element.dataset.series);
    const places = data.counts.map((_, place) => place);
    const { unfinished } = data;
    const solid = data.counts.map((count, place) => (place === unfinished && place > 0 ? null : count));
    const running = data.counts.map((count, place) => (unfinished > 0 && (place === unfinished || place === unfinished - 1) ? count : null));
    const tone = color("tone", element);
    const ink = color("dim");
    const noticed = color("notice");
    const grid = { stroke: color("line"), width: 1 };
    const axis = { stroke: ink, font: `12px ${getComputedStyle(document.body).fontFamily}`, ticks: { show: false } };
    const few = places.length < 3;
    const series = [
      {},
      { stroke: tone, width: 2, points: { show: few, size: 7, fill: tone }, fill: tone.replace("rgb(", "rgba(").replace(")", ", 0.09)") },
      { stroke: tone, width: 2, dash: [4, 4], points: { show: few, size: 7 }, fill: tone.replace("rgb(", "rgba(").replace(")", ", 0.05)") },
    ];
    const columns = [places, solid, running];
    if (data.others) {
      series.splice(1, 0, { stroke: ink, width: 1.5, dash: [2, 3], points: { show: false } });
      columns.splice(1, 0, data.others);
    }
    const box = document.createElement("div");
    box.className = "series-says";
    box.hidden = true;
    let dragged = false;
    const most = Math.max(4, ...data.counts, ...(data.others ?? []));
    const plot = new uPlot({
      width: element.clientWidth,
      height: element.clientHeight,
      legend: { show: false },
      padding: [8, 24, 0, 0],
      cursor: { y: false, drag: { x: true, y: false, setScale: false }, points: { size: 7 } },
      scales: { x: { time: false, range: () => [places.length > 1 ? 0 : -1, Math.max(1, places.length - 1)] }, y: { range: () => [0, most * 1.08] } },
      axes: [
        { ...axis, grid: { show: false }, space: 70, size: 28, incrs: [1, 2, 3, 4, 6, 7, 12, 14, 24, 28, 30, 60, 90, 120, 180, 365],
          values: (_, splits) => splits.map((place) => data.short[place] ?? "") },
        { ...axis, grid, size: 46, space: 44, values: (_, splits) => splits.map((value) => (Number.isInteger(value) ? compact.format(value) : "")) },
      ],
      series,
      hooks: {
        draw: [(self) => drawMarks(self, data, noticed, ink)],
        setCursor: [(self) => {
          const { idx, left } = self.cursor;
          if (idx === null || idx === undefined || left < 0) {
            box.hidden = true;
            return;
          }
          showPeriod(box, data, idx);
          const edge = self.over.offsetLeft + left + 12;
          const fits = edge + box.offsetWidth < element.clientWidth;
          box.style.transform = `translate(${fits ? edge : edge - box.offsetWidth - 24}px, 0.5rem)`;
        }],
        setSelect: [(self) => {
          const { left, width } = self.select;
          if (width < 4) return;
          dragged = true;
          openPeriods(data, self.posToIdx(left), self.posToIdx(left + width));
        }],
      },
    }, columns, element);
    element.append(box);
    // A click on a period opens it alone.
    plot.over.addEventListener("click", () => {
      const { idx } = plot.cursor;
      if (!dragged && data.unit !== "minute" && data.counts[idx] !== null && data.counts[idx] !== undefined) openPeriods(data, idx, idx);
    });
    charts.set(element, plot);
  }

  function openPeriods(data, first, last) {
    const address = new URL(location.href);
    address.searchParams.set("range", "custom");
    address.searchParams.set("from", data.first[first]);
    address.searchParams.set("to", data.last[last]);
    address.searchParams.delete("unit");
    sessionStorage.setItem(PLACE, String(scrollY));
    location.assign(keepTabs(address));
  }

  // The map is loaded when somebody looks at it.
  const loading = new Map();

  function load(address) {
    if (!loading.has(address)) loading.set(address, fetchScript(address));
    return loading.get(address);
  }

  function fetchScript(address) {
    return new Promise((done, fail) => {
      const script = document.createElement("script");
      script.src = address;
      script.addEventListener("load", done);
      script.addEventListener("error", fail);
      document.head.append(script);
    });
  }

  async function drawMap(element) {
    const { map, mapScript, mapWorld, mapTitle } = element.dataset;
    await load(mapScript);
    await load(mapWorld);
    if (!element.isConnected) return;
    const countries = JSON.parse(map);
    const counts = Object.fromEntries(Object.entries(countries).map(([code, [count]]) => [code, count]));
    const most = Math.max(1, ...Object.values(counts));
    const [low, high, none] = [color("line-strong"), color("accent"), color("line")];
    const mix = (share) => {
      const [from, to] = [low, high].map((text) => text.match(/[\d.]+/g).slice(0, 3).map(Number));
      return `rgb(${from.map((value, place) => Math.round(value + (to[place] - value) * share)).join(", ")})`;
    };
    const drawn = new jsVectorMap({
      selector: element,
      map: "world",
      backgroundColor: "transparent",
      zoomButtons: false,
      zoomOnScroll: false,
      draggable: false,
      regionStyle: { initial: { fill: none, stroke: color("surface"), strokeWidth: 0.4, fillOpacity: 1 }, hover: { fillOpacity: 0.75, cursor: "pointer" } },
      onRegionTooltipShow: (_, tooltip, code) => {
        tooltip.text(`${tooltip.text()}: ${number.format(counts[code] ?? 0)} ${mapTitle.toLowerCase()}`);
      },
      onRegionClick: (_, code) => {
        if (!countries[code]) return;
        sessionStorage.setItem(PLACE, String(scrollY));
        location.assign(keepTabs(new URL(document.documentElement.dataset.base + countries[code][1], location.origin)));
      },
    });
    for (const [code, count] of Object.entries(counts)) {
      drawn.regions[code]?.element.setStyle("fill", mix(0.25 + 0.75 * Math.sqrt(count / most)));
    }
    element.dataset.drawn = "true";
  }

  function draw(within) {
    for (const [element, plot] of charts) {
      if (element.isConnected) continue;
      plot.destroy();
      charts.delete(element);
    }
    for (const element of within.querySelectorAll("[data-series]:not(:has(.uplot))")) drawSeries(element);
    for (const element of within.querySelectorAll("[data-map]:not([data-drawn])")) {
      element.dataset.drawn = "begun";
      drawMap(element).catch(() => element.remove());
    }
  }

  document.addEventListener("htmx:after:swap", () => draw(document));

  let resizing = 0;
  addEventListener("resize", () => {
    cancelAnimationFrame(resizing);
    resizing = requestAnimationFrame(() => {
      for (const [element, plot] of charts) plot.setSize({ width: element.clientWidth, height: element.clientHeight });
    });
  });

  // Colours are drawn, so a change of theme draws again.
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    // A copy: who goes through a map also meets what is put back meanwhile.
    for (const [element, plot] of [...charts]) {
      plot.destroy();
      element.replaceChildren();
      charts.delete(element);
      drawSeries(element);
    }
  });
})();
