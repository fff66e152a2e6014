// The theme that somebody chose, set before the page is painted.
try {
  const theme = localStorage.getItem("clickrail-theme");
  if (theme) document.documentElement.dataset.theme = theme;
} catch {
  // Without storage the system decides.
}
