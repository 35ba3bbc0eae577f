// Starts Debian's chromium, and gives pages that record what must not happen.
// SPDX-License-Identifier: MIT

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
];

export async function startBrowser() {
  const folder = mkdtempSync(join(tmpdir(), "web-"));
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: FLAGS,
    env: { ...process.env, HOME: folder, XDG_CONFIG_HOME: folder, XDG_CACHE_HOME: folder },
  });
  return {
    /* A browser profile of its own: no cookie yet. */
    async profile(options = {}) {
      const context = await browser.newContext({
        viewport: { width: 1280, height: 900 },
        timezoneId: "Pacific/Auckland",
        ...options,
      });
      context.setDefaultTimeout(20_000);
      return context;
    },
    async stop() {
      await browser.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/* Opens ADDRESS in CONTEXT. page.wrongs gathers script errors, CSP violations, alerts, and requests to others than ORIGIN. */
export async function openPage(context, address, origin) {
  const page = await context.newPage();
  page.wrongs = [];
  page.requests = [];
  page.on("pageerror", (error) => page.wrongs.push(`error: ${error.message}`));
  page.on(
    "console",
    (m) => /Content Security Policy|Refused to|violates/i.test(m.text()) && page.wrongs.push(`console: ${m.text()}`)
  );
  page.on("dialog", (dialog) => {
    page.wrongs.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("request", (r) => {
    page.requests.push(r);
    if (!r.url().startsWith(origin) && !r.url().startsWith("data:")) page.wrongs.push(`request: ${r.url()}`);
  });
  await page.goto(address);
  await page.waitForSelector("body[data-ready]");
  return page;
}

/* Marks the document: the mark is gone after a reload. */
export async function mark(page) {
  await page.evaluate(() => {
    window.marked = true;
  });
}

export function marked(page) {
  return page.evaluate(() => window.marked === true);
}

/* Every visible text of the page that has less than 4.5:1 (3:1 when large) on what is painted behind it. */
export function lowContrast(page) {
  return page.evaluate(() => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const rgba = (css) => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = css;
      canvas.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
      return [r, g, b, a / 255];
    };
    const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
    const light = (c) =>
      c
        .slice(0, 3)
        .map((v) => v / 255)
        .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = (node) => {
      const layers = [];
      for (let e = node; e; e = e.parentElement) layers.push(rgba(getComputedStyle(e).backgroundColor));
      return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
    };
    const seen = (node) => {
      let share = 1;
      for (let e = node; e; e = e.parentElement) share *= Number(getComputedStyle(e).opacity);
      return share;
    };
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode.parentElement;
      if (
        !walker.currentNode.data.trim() ||
        !node.checkVisibility() ||
        node.closest("script, option, .hidden, :disabled, .skip")
      )
        continue;
      const style = getComputedStyle(node);
      const back = behind(node);
      const [high, low] = [
        light(over([...rgba(style.color).slice(0, 3), rgba(style.color)[3] * seen(node)], back)),
        light(back),
      ].sort((a, b) => b - a);
      const size = parseFloat(style.fontSize);
      const need = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
      const ratio = (high + 0.05) / (low + 0.05);
      if (ratio < need)
        found.push(
          `${ratio.toFixed(2)} ${node.className || node.tagName}: ${walker.currentNode.data.trim().slice(0, 40)}`
        );
    }
    return found;
  });
}

/* What assistive programs would stumble over: controls without a name, doubled ids, dangling references, skipped headings. */
export function stumbles(page) {
  return page.evaluate(() => {
    const found = [];
    const shown = (e) => e.checkVisibility();
    const name = (e) =>
      (
        e.getAttribute("aria-label") ??
        e
          .getAttribute("aria-labelledby")
          ?.split(" ")
          .map((id) => document.getElementById(id)?.textContent)
          .join(" ") ??
        (e.labels?.length ? [...e.labels].map((l) => l.textContent).join(" ") : e.textContent)
      ).trim();
    for (const e of document.querySelectorAll(
      "a[href], button, input, select, [role=img], [role=region], dialog[open], section"
    ))
      if (shown(e) && !name(e)) found.push(`no name: ${e.outerHTML.slice(0, 100)}`);
    for (const img of document.images) if (!img.hasAttribute("alt")) found.push(`no alt: ${img.src}`);
    const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
    for (const id of ids.filter((id, i) => ids.indexOf(id) !== i)) found.push(`id twice: ${id}`);
    for (const e of document.querySelectorAll("[aria-labelledby], [aria-describedby], label[for]"))
      for (const id of (
        e.getAttribute("aria-labelledby") ??
        e.getAttribute("aria-describedby") ??
        e.getAttribute("for")
      ).split(" "))
        if (!document.getElementById(id)) found.push(`refers to nothing: ${id}`);
    let level = 0;
    for (const h of [...document.querySelectorAll("h1, h2, h3, h4")].filter(shown)) {
      const next = Number(h.tagName[1]);
      if (next > level + 1) found.push(`heading skipped: ${h.tagName} ${h.textContent}`);
      level = next;
    }
    for (const list of document.querySelectorAll("ul"))
      if ([...list.children].some((c) => c.tagName !== "LI")) found.push(`not a list item in ${list.id}`);
    for (const e of document.querySelectorAll("main, header.top, footer"))
      if (document.querySelectorAll(e.tagName.toLowerCase() + (e.className ? "." + e.className : "")).length !== 1)
        found.push(`landmark twice: ${e.tagName}`);
    for (const e of document.querySelectorAll("button, select, input:not([type=checkbox])"))
      if (shown(e) && (e.getBoundingClientRect().height < 24 || e.getBoundingClientRect().width < 24))
        found.push(`smaller than 24 px: ${e.outerHTML.slice(0, 80)}`);
    return found;
  });
}

/* What is wider than the window, and not inside a box of its own that cuts or scrolls. */
export function tooWide(page) {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const found =
      document.documentElement.scrollWidth > width ? [`page: ${document.documentElement.scrollWidth} > ${width}`] : [];
    const cut = (e) => {
      for (let box = e.parentElement; box && box !== document.body; box = box.parentElement)
        if (getComputedStyle(box).overflowX !== "visible" && box.getBoundingClientRect().right <= width + 1)
          return true;
      return false;
    };
    for (const e of document.querySelectorAll("main *, header *, dialog[open] *"))
      if (e.checkVisibility() && e.getBoundingClientRect().right > width + 1 && !e.closest(".hidden") && !cut(e))
        found.push(`${e.tagName}.${e.className} ends at ${Math.round(e.getBoundingClientRect().right)}`);
    return found;
  });
}
