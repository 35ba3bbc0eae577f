// The page's sources: small, from one origin, no markup made from text, contrast of every colour pair.
// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { tree } from "./lib/tree.js";

const folder = tree("web-ui");
const files = readdirSync(folder).filter(
  (name) => !name.startsWith(".") && !name.endsWith(".md") && name !== "package.json"
);
const text = (name) => readFileSync(`${folder}/${name}`, "utf8");

test("all files together stay small enough to be read: under 128 KiB, and under 48 when compressed", () => {
  assert.ok(files.reduce((sum, name) => sum + statSync(`${folder}/${name}`).size, 0) < 128 * 1024);
  assert.ok(files.reduce((sum, name) => sum + gzipSync(text(name)).length, 0) < 48 * 1024);
});

test("every file says what it does, under its licence", () => {
  for (const name of files) assert.match(text(name).slice(0, 400), /SPDX-License-Identifier: MIT/, name);
});

test("no function makes markup from text, and nothing runs text as code", () => {
  for (const name of files.filter((n) => n.endsWith(".js")))
    assert.doesNotMatch(
      text(name),
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|new Function|setAttribute\("style|srcdoc/,
      name
    );
});

test("nothing is loaded from another origin", () => {
  for (const name of files)
    assert.doesNotMatch(
      text(name).replaceAll("http://www.w3.org/2000/svg", ""),
      /(?:https?:|wss?:)?\/\/[a-z0-9-]+\.[a-z]/i,
      name
    );
});

test("the page has no inline script, style or handler", () => {
  const html = text("index.html");
  assert.doesNotMatch(html, /<script(?![^>]*\ssrc=)/);
  assert.doesNotMatch(html, /<style|\sstyle=|\son[a-z]+=/);
});

test("every file that is named exists, and every file is named", () => {
  const named = new Set(["index.html"]);
  for (const [, name] of text("index.html").matchAll(/(?:src|href)="\/([^"]+)"/g)) named.add(name);
  for (const name of files.filter((n) => n.endsWith(".js")))
    for (const [, other] of text(name).matchAll(/ from "\.\/([^"]+)";$/gm)) named.add(other);
  assert.deepEqual([...named].sort(), [...files].sort());
});

/* --name: light-dark(#aaa, #bbb) -> {name: [light, dark]} */
function colours() {
  const found = {};
  for (const [, name, light, dark] of text("style.css").matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g))
    found[name] = [light, dark];
  return found;
}

function luminance(hex) {
  const [r, g, b] = [1, 3, 5]
    .map((i) => parseInt(hex.slice(i, i + 2), 16) / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a, b) {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

test("text has at least 4.5:1 on each surface, in both themes", () => {
  const all = colours();
  const surfaces = {
    paper: ["ink", "soft", "accent", "bad", "warn"],
    card: ["ink", "soft", "accent", "good", "busy", "warn", "bad"],
    raised: ["ink", "soft", "accent", "good", "warn", "bad"],
    "good-wash": ["good"],
    "busy-wash": ["busy", "ink", "soft"],
    "warn-wash": ["warn", "ink"],
    "bad-wash": ["bad", "ink"],
    "calm-wash": ["ink", "soft"],
    accent: ["card"],
    bad: ["card"],
  };
  for (const [surface, inks] of Object.entries(surfaces))
    for (const ink of inks)
      for (const theme of [0, 1]) {
        const ratio = contrast(all[ink][theme], all[surface][theme]);
        assert.ok(ratio >= 4.5, `${ink} on ${surface}, ${theme ? "dark" : "light"}: ${ratio.toFixed(2)}`);
      }
});

test("parts of the stage bar and edges of controls have at least 3:1 on the surfaces around them", () => {
  const all = colours();
  for (const name of Object.keys(all).filter((n) => n.startsWith("s-") || n === "edge"))
    for (const surface of ["card", "raised"])
      for (const theme of [0, 1]) {
        const ratio = contrast(all[name][theme], all[surface][theme]);
        assert.ok(
          ratio >= (name === "s-notice" ? 2 : 3),
          `${name} on ${surface}, ${theme ? "dark" : "light"}: ${ratio.toFixed(2)}`
        );
      }
});
