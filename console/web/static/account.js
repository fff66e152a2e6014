// The choice of the theme, on the page of one's own account. theme.js applies it before each page is painted.
(() => {
  "use strict";

  const choice = document.querySelector("[data-theme-choice]");

  function show() {
    const chosen = document.documentElement.dataset.theme ?? "";
    for (const button of choice.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.value === chosen));
    }
  }

  choice.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    try {
      if (button.value) localStorage.setItem("clickrail-theme", button.value);
      else localStorage.removeItem("clickrail-theme");
    } catch {
      // Without storage it lasts as long as the page.
    }
    if (button.value) document.documentElement.dataset.theme = button.value;
    else delete document.documentElement.dataset.theme;
    show();
  });
  show();
})();
