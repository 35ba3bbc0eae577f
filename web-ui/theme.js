// Applies the chosen theme before the first paint; runs as a classic script for that reason.
// SPDX-License-Identifier: MIT
try {
  const theme = localStorage.getItem("neurath-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  /* no storage: the system's theme */
}
