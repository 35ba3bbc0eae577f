// Times and amounts as people read them: UTC beside "how long ago", kept current by one ticker.
// SPDX-License-Identifier: MIT

import { el } from "./dom.js";

let offset_ms = 0; /* server's clock minus this browser's */

export function setServerTime(iso, received_ms = Date.now()) {
  const server = Date.parse(iso);
  if (Number.isFinite(server)) offset_ms = server - received_ms;
}

export function now() {
  return Date.now() + offset_ms;
}

export function ago(ms) {
  const s = Math.floor(ms / 1000);
  if (s < -60) return `in ${duration(-s)}`;
  return s < 2 ? "just now" : `${duration(s)} ago`;
}

/* Two units at most: "43 s", "12 min", "2 h 13 min", "5 d 3 h". */
export function duration(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s} s`;
  if (s < 600) return s % 60 ? `${Math.floor(s / 60)} min ${s % 60} s` : `${s / 60} min`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86400) {
    const m = Math.floor((s % 3600) / 60);
    return m ? `${Math.floor(s / 3600)} h ${m} min` : `${s / 3600} h`;
  }
  const h = Math.floor((s % 86400) / 3600);
  return h ? `${Math.floor(s / 86400)} d ${h} h` : `${Math.floor(s / 86400)} d`;
}

function digits(value) {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

export function milliseconds(ms) {
  if (ms === null || ms === undefined) return "–";
  if (ms >= 60000) return duration(ms / 1000);
  if (ms >= 1000) return `${digits(ms / 1000)} s`;
  if (ms >= 1) return `${digits(ms)} ms`;
  return ms === 0 ? "0 ms" : `${digits(ms * 1000)} µs`;
}

export function nanoseconds(ns) {
  return ns === null || ns === undefined ? "–" : milliseconds(ns / 1e6);
}

export function bytes(n) {
  if (n === null || n === undefined) return "–";
  if (n < 1024) return `${n} B`;
  return n < 1048576 ? `${digits(n / 1024)} KiB` : `${digits(n / 1048576)} MiB`;
}

export function count(n, one, many = one + "s") {
  return `${n} ${n === 1 ? one : many}`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export function utc(iso) {
  const t = new Date(iso);
  if (Number.isNaN(t.getTime())) return "–";
  const clock = t.toISOString().slice(11, 19);
  const today = new Date(now()).toISOString().slice(0, 10) === t.toISOString().slice(0, 10);
  return today ? clock : `${t.getUTCDate()} ${MONTHS[t.getUTCMonth()]} ${clock}`;
}

/* Both at once: "14:03:22 UTC · 12 s ago". The second half ticks. */
export function when(iso) {
  if (!iso) return el("span.quiet", null, "never");
  return el(
    "time.when",
    { datetime: iso, title: iso.replace("T", " ").replace("Z", " UTC") },
    el("span.utc", null, utc(iso) + " UTC"),
    " ",
    age(iso)
  );
}

export function age(iso) {
  return el("span.age", { "data-age": iso }, ago(now() - Date.parse(iso)));
}

export function tick(root = document) {
  for (const node of root.querySelectorAll("[data-age]")) {
    const text = ago(now() - Date.parse(node.dataset.age));
    if (node.firstChild?.data !== text) node.textContent = text;
  }
}
