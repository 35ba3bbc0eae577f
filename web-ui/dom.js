// Builds DOM nodes from text only, and keeps keyed lists up to date without losing focus.
// SPDX-License-Identifier: MIT
//
// Whatever comes from a commit, a log or a machine reaches the page through text nodes made here.
// No function of this page takes markup, and none sets a style attribute (the CSP forbids both).

const SVG = "http://www.w3.org/2000/svg";

/* Controls, invisible and reordering characters, lone surrogates: shown by number, so that no text can pose
 * as another. Line feed and tab stay (callers that need one line fold them), and what scripts and emoji need. */
const UNSAFE = /(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

export function plain(text) {
  return String(text ?? "").replace(UNSAFE, (c) => "\\u" + c.codePointAt(0).toString(16).padStart(4, "0"));
}

/* Terminal colours and cursor moves, as compilers print them. */
const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\-_])/g;

export function plainLog(text) {
  return plain(String(text).replace(ESCAPES, "").replace(/\r\n?/g, "\n"));
}

/* el("p.note", {title: "x", onclick: f}, "text", node, null) */
export function el(spec, props, ...children) {
  const [tag, ...classes] = spec.split(".");
  const node = document.createElement(tag || "div");
  if (classes.length) node.className = classes.join(" ");
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
  return node;
}

/* Text of foreign origin: isolated from the direction of what surrounds it. */
export function foreign(text, spec = "bdi") {
  return el(spec, { dir: "auto" }, plain(text).replace(/\s+/g, " "));
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", "#i-" + name);
  svg.append(use);
  return svg;
}

export function hash(commit) {
  return commit ? el("code.hash", { title: commit }, commit.slice(0, 7)) : el("span.quiet", null, "none");
}

export function button(text, onclick, spec = "button") {
  return el(spec, { type: "button", onclick }, text);
}

/* A remark of our own, in the quiet colour. */
export function quiet(text, spec = "p.quiet") {
  return el(spec, null, text);
}

/* The link to a row: link("releases", 3, "V3"). */
export function link(kind, id, text, spec = "a") {
  return el(spec, { href: `#/${kind}/${encodeURIComponent(id)}` }, text);
}

/* A command to paste, with a button that copies it. */
export function command(line) {
  const copy = button(
    "Copy",
    async () => {
      const done = await navigator.clipboard.writeText(line).then(
        () => "Copied",
        () => "Select it"
      );
      copy.textContent = done;
      setTimeout(() => {
        copy.textContent = "Copy";
      }, 1500);
    },
    "button.copy"
  );
  copy.setAttribute("aria-label", "Copy: " + line);
  return el("div.command", null, el("code", null, line), copy);
}

export function replace(parent, ...children) {
  parent.replaceChildren(...children.flat(Infinity).filter(Boolean));
}

/* Makes MAKE() the children of PARENT, unless they were made from the same SIGNATURE. */
export function fill(parent, signature, make) {
  if (parent.made === signature) return;
  parent.made = signature;
  replace(parent, make() ?? []);
}

/* What takes the focus in NEXT when NODE, which may hold it, goes: the element that looks the same. */
function twin(node, next) {
  const active = document.activeElement;
  if (!node.contains(active)) return null;
  const looks = (e) => e.className + e.textContent.slice(0, 80);
  return [...next.querySelectorAll("a, button, [tabindex]")].find((e) => looks(e) === looks(active));
}

/* Makes the children of LIST the rendered ITEMS, in order. A child whose key and signature
 * (everything it was rendered from) are unchanged keeps its node; a replaced one keeps focus.
 * Gives the set of keys that were not there before. */
export function reconcile(list, items, key, signature, render) {
  const old = list.rows ?? new Map();
  const rows = new Map();
  const fresh = new Set();
  let place = list.firstChild;
  for (const item of items) {
    const k = String(key(item));
    const sig = signature(item);
    const before = old.get(k);
    let node = before?.node;
    if (!before) fresh.add(k);
    if (!before || before.sig !== sig) {
      const next = render(item);
      if (node) {
        const focused = twin(node, next);
        if (place === node) place = next;
        node.replaceWith(next);
        focused?.focus({ preventScroll: true });
      }
      node = next;
    }
    if (node === place) place = place.nextSibling;
    else list.insertBefore(node, place);
    rows.set(k, { node, sig });
  }
  for (const [k, { node }] of old) if (!rows.has(k)) node.remove();
  list.rows = rows;
  return fresh;
}
