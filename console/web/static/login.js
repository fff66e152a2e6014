// A link from elsewhere brings no strict cookie, although there is a session: ask from here, and go on where it led.
fetch(`${document.documentElement.dataset.base}/api/session`).then((response) => {
  if (response.ok) location.replace(document.querySelector("input[name=next]").value);
});
