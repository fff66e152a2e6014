// Cards load alone and fail alone. This decides what of an answer is put into a card: htmx would take every answer.
(() => {
  "use strict";

  const MOVES = 401;
  const REFUSED = [404, 409, 422];

  function showFailure(card, words) {
    const notice = document.createElement("div");
    notice.className = "failure";
    notice.setAttribute("role", "alert");
    const text = document.createElement("p");
    text.textContent = words;
    const again = document.createElement("button");
    again.type = "button";
    again.className = "button";
    again.textContent = "Try again";
    again.addEventListener("click", () => window.htmx.trigger(card, "retry"));
    notice.append(text, again);
    card.querySelector(":scope > .failure")?.remove();
    card.prepend(notice);
    card.classList.remove("is-loading");
  }

  function targetOf({ ctx }) {
    return ctx.target instanceof Element ? ctx.target : ctx.sourceElement;
  }

  document.addEventListener("htmx:config:request", ({ detail }) => {
    const { csrf } = document.documentElement.dataset;
    if (detail.ctx.request.method !== "GET" && csrf) detail.ctx.request.headers["X-CSRF-Token"] = csrf;
  });

  document.addEventListener("htmx:before:request", ({ detail }) => {
    // Old numbers are dimmed; an empty card shows its skeleton.
    targetOf(detail)?.classList.add("is-loading");
  });

  document.addEventListener("htmx:before:swap", (event) => {
    const { response, text } = event.detail.ctx;
    const status = response?.status ?? 200;
    if (status === MOVES) {
      event.preventDefault();
      location.reload();
    } else if (status >= 400 && !REFUSED.includes(status)) {
      event.preventDefault();
      const isPage = /^\s*</.test(text ?? "");
      showFailure(targetOf(event.detail), isPage || !text ? `This could not be answered (${status}).` : text);
    }
  });

  document.addEventListener("htmx:error", ({ detail }) => {
    const target = detail.ctx && targetOf(detail);
    if (target) showFailure(target, "The console does not answer.");
  });

  document.addEventListener("htmx:finally:request", ({ detail }) => targetOf(detail)?.classList.remove("is-loading"));

  document.addEventListener("htmx:after:swap", ({ detail }) => {
    const target = targetOf(detail);
    if (!target?.isConnected) return;
    window.clickrail.nameCountries(target);
    window.clickrail.updateAges();
  });
})();
