// The keyboard: move between rows, jump between lists, search, help. Every key has a visible twin.
// SPDX-License-Identifier: MIT

const PAIR_MS = 1200; /* how long "g" waits for its second key */
const SECTIONS = { m: "machines", h: "history", r: "releases", b: "builds" };

export function keysOn() {
  try {
    return localStorage.getItem("neurath-keys") !== "off";
  } catch {
    return true;
  }
}

export function setKeys(on) {
  try {
    localStorage.setItem("neurath-keys", on ? "on" : "off");
  } catch {
    /* kept for this page only */
  }
}

function rows() {
  return [...document.querySelectorAll(".row:not([hidden]) .handle")];
}

function move(step) {
  const all = rows();
  if (!all.length) return;
  const here = all.indexOf(document.activeElement?.closest(".row")?.querySelector(".handle"));
  const next = all[here < 0 ? (step > 0 ? 0 : all.length - 1) : Math.max(0, Math.min(all.length - 1, here + step))];
  next.focus({ preventScroll: true });
  next.closest(".row").scrollIntoView({ block: "nearest" });
}

export function goTo(section) {
  const title = document.getElementById(section + "-title");
  title.closest("section").scrollIntoView({ block: "start" });
  const first = document.querySelector(`#${section}-list .handle`);
  (first ?? title).focus({ preventScroll: true });
}

/* ACTIONS: help() theme() rollback(rowElement|null) close() */
export function listen(search, actions) {
  let pair_ms = 0;
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing || e.defaultPrevented) return;
    if (document.querySelector("dialog[open]")) return;
    const typing = e.target.closest?.("input, textarea, select, [contenteditable]");
    if (e.key === "Escape") {
      if (typing === search) {
        search.value = "";
        search.dispatchEvent(new Event("input", { bubbles: true }));
        search.blur();
      } else actions.close();
      return;
    }
    if (typing || !keysOn()) return;
    const second = Date.now() - pair_ms < PAIR_MS;
    pair_ms = 0;
    const run =
      second && SECTIONS[e.key]
        ? () => goTo(SECTIONS[e.key])
        : {
            "/": () => {
              search.focus();
              search.select();
            },
            "?": actions.help,
            j: () => move(1),
            k: () => move(-1),
            g: () => {
              pair_ms = Date.now();
            },
            t: actions.theme,
            b: () => actions.rollback(document.activeElement?.closest(".row") ?? null),
          }[e.key];
    if (run) {
      e.preventDefault();
      run();
    }
  });
}
