// The import: sends the file, shows what would change, and then does it.
(() => {
  "use strict";

  const form = document.querySelector("[data-import]");
  const result = document.querySelector("[data-result]");
  const file = form.querySelector("[data-file]");
  const text = form.querySelector("[data-text]");
  let sent = null;
  let columns = "";

  async function send(action, body) {
    const options = [...form.querySelectorAll("[data-option]:checked")].map((box) => `${box.dataset.option}=1`).join("&") + columns;
    form.classList.add("is-loading");
    try {
      const headers = { "X-CSRF-Token": document.documentElement.dataset.csrf, "Content-Type": "text/csv" };
      const response = await fetch(`${form.dataset.import}/${action}?${options}`, { method: "POST", headers, body });
      if (response.status === 401) return location.reload();
      const answer = await response.text();
      if (response.ok || response.status === 422) result.innerHTML = answer;
      else say(answer);
    } catch {
      say("The console does not answer. Nothing was imported.");
    } finally {
      form.classList.remove("is-loading");
    }
  }

  function say(words) {
    const notice = document.createElement("p");
    notice.className = "failure";
    notice.textContent = words;
    result.replaceChildren(notice);
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sent = file.files[0] ?? (text.value.trim() ? text.value : null);
    if (sent === null) say("Choose a file or paste rows first.");
    else {
      columns = "";
      send("preview", sent);
    }
  });
  form.addEventListener("change", () => { if (sent !== null) result.replaceChildren(); });
  result.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = [...result.querySelectorAll("[data-column]")];
    columns = chosen.map((one) => `&column.${encodeURIComponent(one.dataset.column)}=${encodeURIComponent(one.value)}`).join("");
    send("preview", sent);
  });
  result.addEventListener("click", (event) => {
    if (!event.target.closest("[data-run]")) return;
    event.target.disabled = true;
    send("run", sent);
  });
})();
