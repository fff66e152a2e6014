// A link from another site carries no SameSite=Strict cookie, even with a session: check from here, and continue.
fetch(`${document.documentElement.dataset.base}/api/session`).then((response) => {
  if (response.ok) location.replace(document.querySelector("input[name=next]").value);
});
