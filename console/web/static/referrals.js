// Rows that are chosen: shift chooses a range, and the buttons say how many.
(() => {
  "use strict";

  const form = document.querySelector("[data-bulk]");
  const bar = form?.querySelector("[data-bulk-bar]");
  if (!bar) return;

  const boxes = [...form.querySelectorAll('input[name="id"]')];
  const all = form.querySelector("[data-bulk-all]");
  const count = bar.querySelector("[data-bulk-count]");
  const nothing = count.textContent;
  let latest = null;

  function show() {
    const number = all?.checked ? Number(form.dataset.all) : boxes.filter((box) => box.checked).length;
    bar.classList.toggle("has-rows", number > 0);
    count.textContent = number ? `${number.toLocaleString("en")} chosen` : nothing;
    for (const button of bar.querySelectorAll("[data-verb]")) {
      button.textContent = number ? `${button.dataset.verb} ${number.toLocaleString("en")}` : button.dataset.verb;
    }
  }

  form.addEventListener("click", (event) => {
    const place = boxes.indexOf(event.target);
    if (place < 0) return;
    if (event.shiftKey && latest !== null) {
      const [from, to] = [Math.min(place, latest), Math.max(place, latest)];
      for (const box of boxes.slice(from, to + 1)) box.checked = event.target.checked;
    }
    latest = place;
    show();
  });
  all?.addEventListener("change", show);
  addEventListener("pageshow", show);
  show();
})();
