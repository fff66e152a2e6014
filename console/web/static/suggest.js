// Fields for the id of a program or affiliate: what is known is offered while somebody types.
(() => {
  "use strict";

  for (const field of document.querySelectorAll("input[data-suggest]")) {
    const list = document.createElement("datalist");
    list.id = `${field.id}-known`;
    field.after(list);
    field.setAttribute("list", list.id);
    let timer = 0;
    let latest = 0;

    async function suggest() {
      const query = new URLSearchParams({ field: field.dataset.suggest, q: field.value });
      const turn = ++latest;
      const response = await fetch(`${document.documentElement.dataset.base}/parts/values?${query}`).catch(() => null);
      if (!response?.ok || turn !== latest) return;
      const found = new DOMParser().parseFromString(await response.text(), "text/html");
      list.replaceChildren(...[...found.querySelectorAll('input[name="add_value"]')].map((known) => {
        const option = document.createElement("option");
        option.value = known.value;
        option.label = known.closest("label").querySelector("small")?.textContent ?? "";
        return option;
      }));
    }

    field.addEventListener("focus", suggest);
    field.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(suggest, 120);
    });
  }
})();
