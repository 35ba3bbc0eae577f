// Small pieces that several lists show: states, commits, cells, stage times, reasons.
// SPDX-License-Identifier: MIT

import { button, el, foreign, hash, icon, plain, quiet } from "./dom.js";
import { count, milliseconds, nanoseconds } from "./time.js";

/* word -> [tone, icon]; a tone is a colour, and is never the only sign. */
const SIGNS = {
  running: ["good", "check"],
  permanent: ["good", "check"],
  built: ["good", "check"],
  trial: ["busy", "half"],
  updating: ["busy", "turn"],
  building: ["busy", "turn"],
  queued: ["calm", "dots"],
  enrolling: ["calm", "dots"],
  superseded: ["calm", "arrow"],
  behind: ["warn", "dots"],
  held: ["warn", "pause"],
  inconclusive: ["warn", "question"],
  lost: ["warn", "question"],
  unreproduced: ["warn", "question"],
  silent: ["warn", "question"],
  reverted: ["bad", "back"],
  blocked: ["bad", "bar"],
  refused: ["bad", "bar"],
  failed: ["bad", "cross"],
};

/* A swap that runs now is work under way; a machine that runs is in order. */
export function tone(word, swap = false) {
  return swap && word === "running" ? "busy" : (SIGNS[word] ?? ["calm"])[0];
}

export function sign(word, swap = false) {
  const glyph = swap && word === "running" ? "turn" : (SIGNS[word] ?? [0, "question"])[1];
  return el("span.sign", { "data-tone": tone(word, swap) }, icon(glyph), plain(word ?? "unknown"));
}

/* One entry of a list. FACE is always visible; DETAIL() is made only when open. */
export function row({ kind, id, name, label, open, tone: t, face, detail, fresh }) {
  const handle = el(
    "a.handle",
    {
      href: open ? "#/" : `#/${kind}/${encodeURIComponent(id)}`,
      "aria-expanded": open ? "true" : "false",
      "aria-label": label,
    },
    name
  );
  return el(
    "li.row",
    { id: `${kind}-${id}`, "data-tone": t, "data-open": open, "data-fresh": fresh },
    el("div.face", null, face(handle)),
    open && el("div.detail", null, detail())
  );
}

/* Short hash and subject; the subject is foreign text. */
export function commit(store, value, spec = "span.commit") {
  const known = store.commit(value);
  const subject = known && foreign(known.subject, "bdi.subject");
  if (subject) subject.title = plain(known.subject);
  return el(spec, null, hash(value), subject && " ", subject);
}

export function cells(list, most = 6) {
  if (!list.length) return quiet("nothing to swap", "span.quiet");
  const shown = list
    .slice(0, most)
    .map((c) =>
      el(
        "span.cell",
        { title: c.class ? `${plain(c.name)}: ${plain(c.class)}` : plain(c.name) },
        plain(c.name),
        c.class && el("small", { "data-class": plain(c.class) }, plain(c.class))
      )
    );
  return el("span.cells", null, shown, list.length > most && quiet(`+${list.length - most}`, "span.quiet"));
}

export function cellTable(list) {
  if (!list.length) return quiet("Nothing to swap: this content already runs.");
  return el(
    "div.scroll",
    { tabindex: "0", role: "region", "aria-label": "Cells" },
    el(
      "table",
      null,
      el(
        "thead",
        null,
        el(
          "tr",
          null,
          ["Cell", "Class", "Old", "New"].map((t) => el("th", { scope: "col" }, t))
        )
      ),
      el(
        "tbody",
        null,
        list.map((c) =>
          el(
            "tr",
            null,
            el("th", { scope: "row" }, plain(c.name)),
            el("td", null, plain(c.class ?? "–")),
            el("td", null, object(c.old)),
            el("td", null, object(c.new))
          )
        )
      )
    )
  );
}

/* One object whose form a swap changes. */
function migration(m) {
  return el(
    "li",
    null,
    el("code", null, plain(m.object)),
    " ",
    foreign(m.text),
    m.dropped?.length ? el("b.lost", null, ` ${m.dropped.map(plain).join(", ")}: the value is lost.`) : null
  );
}

/* What a plan knows of each cell: functions, who changes with it and is waited for, objects that change form. */
export function changes(list) {
  return el(
    "ul.changes",
    { role: "list" },
    list.map((c) =>
      el(
        "li",
        null,
        el("span.cell", null, plain(c.name), c.class && el("small", { "data-class": plain(c.class) }, plain(c.class))),
        c.functions &&
          quiet(
            ` ${["changed", "added", "removed"]
              .filter((k) => c.functions[k])
              .map((k) => `${count(c.functions[k], "function")} ${k}`)
              .join(", ")}`,
            "span.quiet"
          ),
        c.coupled &&
          el(
            "p",
            null,
            "Waits until no task is inside it",
            c.with?.length ? `; changes together with ${c.with.map(plain).join(", ")}.` : "."
          ),
        c.because && el("p", null, "Brought in: ", foreign(c.because)),
        c.migrations?.length ? el("ul", { role: "list" }, c.migrations.map(migration)) : null
      )
    )
  );
}

/* "2 cells, 1 object changes form, tasks are waited for" */
export function changesInWords(list) {
  const objects = list.reduce((n, c) => n + (c.migrations?.length ?? 0), 0);
  return [
    count(list.length, "cell"),
    objects && `${count(objects, "object")} ${objects === 1 ? "changes" : "change"} form`,
    list.some((c) => c.coupled) && "tasks are waited for",
  ]
    .filter(Boolean)
    .join(", ");
}

function object(digest) {
  return digest ? el("code", { title: digest }, digest.slice(0, 12)) : quiet("–", "span.quiet");
}

/* Stages before the new code runs; the trial comes after and lasts by design. */
export const STAGES = ["notice", "download", "load", "verify", "redirect", "commit"];

export function stageTotal(stages) {
  return STAGES.reduce((sum, s) => sum + (stages?.[s] ?? 0), 0);
}

export function stageBar(stages) {
  const total = stageTotal(stages);
  if (!total) return null;
  const said = STAGES.filter((s) => stages[s])
    .map((s) => `${s} ${milliseconds(stages[s])}`)
    .join(", ");
  const bar = el("span.stages", { role: "img", "aria-label": `Stages: ${said}`, title: said });
  for (const s of STAGES) {
    if (!stages[s]) continue;
    const part = el("span", { "data-stage": s });
    part.style.flexGrow = stages[s] / total;
    bar.append(part);
  }
  return bar;
}

export function stageTable(item) {
  const stages = item.stage_ms ?? {};
  if (!stageTotal(stages)) return quiet("The machine has not reported stage times.");
  const names = [...STAGES, "trial"].filter((s) => stages[s] !== undefined && stages[s] !== null);
  return el(
    "dl.stagelist",
    null,
    names.map((s) =>
      el(
        "div",
        null,
        el("dt", null, el("span.key", { "data-stage": s, "aria-hidden": "true" }), s),
        el("dd", null, milliseconds(stages[s]))
      )
    ),
    el("div", null, el("dt", null, "until it ran"), el("dd", null, milliseconds(stageTotal(stages)))),
    el("div", null, el("dt", null, "pause"), el("dd", null, nanoseconds(item.pause_ns)))
  );
}

export function reason(value, spec = "p.reason") {
  if (!value) return null;
  const names = [
    ["cell", value.cell],
    ["symbol", value.symbol],
    ["needed by", value.dependent],
  ]
    .filter(([, name]) => name)
    .map(([what, name]) => el("span.involved", null, `${what} `, el("code", null, plain(name))));
  return el(spec, null, foreign(value.text || value.code), " ", el("code.code", null, plain(value.code)), names);
}

export function facts(pairs) {
  return el(
    "dl.facts",
    null,
    pairs
      .filter((p) => p && p[1] !== null && p[1] !== undefined)
      .map(([name, value]) => el("div", null, el("dt", null, name), el("dd", null, value)))
  );
}

/* The last swaps of one machine, oldest first, one plank each. */
export function planks(rows) {
  if (!rows.length) return null;
  const tally = {};
  for (const r of rows) tally[r.result] = (tally[r.result] ?? 0) + 1;
  const said = Object.entries(tally)
    .map(([word, n]) => `${n} ${plain(word)}`)
    .join(", ");
  return el(
    "span.planks",
    { role: "img", "aria-label": `Last ${count(rows.length, "attempt")}: ${said}`, title: said },
    rows.map((r) => el("span", { "data-tone": tone(r.result, true) }))
  );
}

export function more(load) {
  const older = button(
    "Show older",
    () => {
      older.disabled = true;
      older.textContent = "Reading…";
      load();
    },
    "button.quiet"
  );
  return older;
}

export function failure(error, what, retry) {
  return el(
    "div.failure",
    null,
    el(
      "p",
      null,
      `${what} could not be read: ${plain(error.message)} `,
      el("code.code", null, plain(error.code)),
      " The rest of the page still works."
    ),
    button("Try again", retry)
  );
}
