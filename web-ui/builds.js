// The builds: state of each pushed commit, and the compiler's output as it was printed.
// SPDX-License-Identifier: MIT

import { el, foreign, hash, link, plain, plainLog, quiet } from "./dom.js";
import { readText } from "./api.js";
import { milliseconds, when } from "./time.js";
import { facts, row, sign, tone } from "./parts.js";

const RUNNING = ["queued", "building"];
const POLL_MS = 1000;
const LOG_CHARS = 200000; /* the newest part of a log is shown; the link leads to all of it */
const BAD = /(?:^|[\s:])(?:fatal error|error|undefined reference|refused)(?=[:\s])/i;
const WARN = /(?:^|[\s:])warning(?=[:\s])/i;

export function logLines(log) {
  return plainLog(log)
    .split("\n")
    .map((line) => {
      const spec = BAD.test(line) ? "span.bad" : WARN.test(line) ? "span.warn" : "span";
      return el(spec, { dir: "ltr" }, line + "\n");
    });
}

export class Builds {
  constructor(store) {
    this.store = store;
    this.logs = new Map(); /* id -> {node, text, state} */
  }

  key(item) {
    return item.id;
  }
  signature(item, open) {
    return JSON.stringify([item, open]);
  }

  text(item) {
    return [`#${item.id}`, item.commit, item.branch, item.state, item.subject, item.author, item.reason?.text].join(
      " "
    );
  }

  render(item, open, fresh) {
    return row({
      kind: "builds",
      id: item.id,
      name: `#${item.id}`,
      label: `Build ${item.id}, ${item.state}`,
      open,
      fresh,
      tone: tone(item.state),
      face: (handle) => [
        el(
          "div.what",
          null,
          sign(item.state),
          hash(item.commit),
          item.release && link("releases", item.release, `V${item.release}`, "a.over"),
          handle
        ),
        item.subject && el("div.subjectline", null, foreign(item.subject, "bdi.subject")),
        item.reason && el("p.error", { dir: "ltr" }, plainLog(item.reason.text)),
        item.state === "building" && item.step && quiet(`step: ${plain(item.step)}`),
        el(
          "div.stamp",
          null,
          item.seconds !== null && el("span", null, "took ", el("b", null, milliseconds(item.seconds * 1000))),
          when(item.time)
        ),
      ],
      detail: () => this.detail(item),
    });
  }

  detail(item) {
    return [
      facts([
        ["Commit", el("code.long", null, item.commit)],
        ["Author", item.author ? foreign(item.author) : null],
        ["Branch", item.branch ? foreign(item.branch) : null],
        ["Pushed by", item.by ? foreign(item.by.name) : null],
      ]),
      el("h3.label", null, "Output"),
      this.log(item),
      el("p", null, el("a", { href: `/api/v1/builds/${item.id}/log` }, "The whole output as text")),
    ];
  }

  /* The element is kept, so that reading on does not lose the place. */
  log(item) {
    let entry = this.logs.get(item.id);
    if (!entry) {
      entry = {
        node: el("pre.log", { tabindex: "0", role: "region", "aria-label": `Output of build ${item.id}` }, "Reading…"),
        text: null,
      };
      this.logs.set(item.id, entry);
    }
    if (entry.state !== item.state || RUNNING.includes(item.state)) {
      entry.state = item.state;
      this.follow(item.id, entry);
    }
    const place = entry.node.scrollTop; /* a node that moves to a new row starts at its top */
    if (place) requestAnimationFrame(() => (entry.node.scrollTop = place));
    return entry.node;
  }

  /* Reads the log; while the build runs and its row is open, again each second. */
  async follow(id, entry) {
    clearTimeout(entry.timer);
    try {
      const text = await readText(`builds/${id}/log`);
      if (text !== entry.text) this.show(entry, text);
    } catch (error) {
      if (entry.text === null) entry.node.textContent = `The output could not be read: ${error.message}`;
    }
    if (RUNNING.includes(this.store.builds.get(id)?.state) && entry.node.isConnected)
      entry.timer = setTimeout(() => this.follow(id, entry), POLL_MS);
  }

  show(entry, text) {
    const atEnd = entry.node.scrollTop + entry.node.clientHeight >= entry.node.scrollHeight - 20;
    const first = entry.text === null;
    entry.text = text;
    const shown = text.length > LOG_CHARS ? "[earlier lines left out]\n" + text.slice(-LOG_CHARS) : text;
    entry.node.replaceChildren(...(shown ? logLines(shown) : [quiet("No output yet.", "span.quiet")]));
    const bad = entry.node.querySelector(".bad");
    if (first && bad) entry.node.scrollTop = Math.max(0, bad.offsetTop - entry.node.clientHeight / 3);
    else if (atEnd) entry.node.scrollTop = entry.node.scrollHeight;
  }
}
