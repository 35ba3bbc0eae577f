// The swap history: one row per attempt, live, each stage timed by the machine.
// SPDX-License-Identifier: MIT

import { button, el, foreign, hash, icon, link, plain } from "./dom.js";
import { bytes, count, milliseconds, nanoseconds, when } from "./time.js";
import { cells, cellTable, facts, reason, row, sign, stageBar, stageTable, stageTotal, tone } from "./parts.js";

const WORDS = { machine: "machine", cell: "cell", commit: "commit", result: "result", trigger: "trigger" };

/* What happened at the end of the measured stages; otherwise the new code ran. */
const AFTER = { refused: "refused", failed: "failed", lost: "last heard" };

/* "machine:m1 text" -> {filter: {machine: "m1"}, words: ["text"]} */
export function parseSearch(text) {
  const filter = {};
  const words = [];
  for (const part of text.trim().split(/\s+/).filter(Boolean)) {
    const at = part.indexOf(":");
    const name = WORDS[part.slice(0, at)];
    if (at > 0 && name && part.length > at + 1) filter[name] = part.slice(at + 1);
    else if (!(at > 0 && name)) words.push(part.toLowerCase());
  }
  return { filter, words };
}

export function summary(item) {
  const names =
    item.cells
      .slice(0, 3)
      .map((c) => c.name)
      .join(", ") || "nothing to swap";
  return plain(`${item.machine_name || item.machine}: ${names}, ${item.result}`);
}

/* What the swap did besides changing text. A machine that does not tell leaves these out. */
function effects(item) {
  const names = (item.waited ?? []).map((name, i) => [i ? ", " : " (", foreign(name)]);
  const more = (item.waited_count ?? 0) - names.length;
  const tasks = [
    `${nanoseconds(item.drain_ns)} for ${count(item.waited_count, "task")}`,
    names,
    names.length && more > 0 ? `, ${more} more` : "",
    names.length ? ")" : "",
  ];
  return [
    ["How", item.boot ? "by a boot into the release, not by a swap" : null],
    ["Waited", item.waited_count > 0 || item.drain_ns > 0 ? tasks : null],
    ["Migrated", item.migrated_objects > 0 ? `${count(item.migrated_objects, "object")}, ${bytes(item.migrated_bytes)}` : null],
    ["Left to the old lineage", item.draining_objects > 0 ? count(item.draining_objects, "object") : null],
    ["Kept for the way back", item.retained_bytes > 0 ? bytes(item.retained_bytes) : null],
    ["Way back", item.revertible === false ? "not without loss: something had to be made up" : null],
  ];
}

export class History {
  constructor(store, actions) {
    this.store = store;
    this.actions = actions;
  }

  key(item) {
    return item.id;
  }

  signature(item, open) {
    return JSON.stringify([item, open, this.undoable(item), this.takenBackBy(item)?.id]);
  }

  text(item) {
    return [
      item.id,
      item.machine,
      item.machine_name,
      item.from_commit,
      item.to_commit,
      item.trigger,
      item.result,
      item.by?.name,
      item.reason?.text,
      item.reason?.code,
      item.to_subject,
      item.to_author,
      item.note,
      ...item.cells.map((c) => c.name),
    ].join(" ");
  }

  takenBackBy(item) {
    for (const other of this.store.history.values()) if (other.cause === item.id) return other;
    return null;
  }

  render(item, open, fresh) {
    return row({
      kind: "swaps",
      id: item.id,
      name: `#${item.id}`,
      label: `Swap ${summary(item)}`,
      open,
      fresh,
      tone: tone(item.result, true),
      face: (handle) => this.face(item, handle),
      detail: () => this.detail(item),
    });
  }

  face(item, handle) {
    const subject = item.to_subject;
    const quick = stageTotal(item.stage_ms);
    return [
      el(
        "div.line",
        null,
        el(
          "div.what",
          null,
          sign(item.result, true),
          el("b.machine", null, plain(item.machine_name || item.machine)),
          el(
            "span.move",
            null,
            hash(item.from_commit),
            icon("arrow"),
            el("span.hidden", null, " to "),
            hash(item.to_commit)
          ),
          subject && el("span.subjectline", { title: plain(subject) }, foreign(subject, "bdi.subject"))
        ),
        el("div.stamp", null, when(item.time), handle)
      ),
      el(
        "div.line",
        null,
        el(
          "div.how",
          null,
          cells(item.cells),
          el("span.by", null, plain(item.trigger), item.by?.name ? [" by ", foreign(item.by.name)] : null)
        ),
        el(
          "div.cost",
          null,
          item.pause_ns !== null &&
            el(
              "span",
              { title: "All processors of the machine stood still this long" },
              "pause ",
              el("b", null, nanoseconds(item.pause_ns))
            ),
          quick > 0 &&
            el(
              "span",
              { title: "From notice on, measured by the machine" },
              AFTER[item.result] ?? "ran",
              " after ",
              el("b", null, milliseconds(quick))
            ),
          stageBar(item.stage_ms)
        )
      ),
      item.reason && reason(item.reason),
    ];
  }

  detail(item) {
    const back = this.takenBackBy(item);
    return [
      el("h3.label", null, "Stages, measured by the machine"),
      stageTable(item),
      el("h3.label", null, "Cells"),
      cellTable(item.cells),
      facts(
        [
          ["Machine", link("machines", item.machine, plain(item.machine_name || item.machine))],
          [
            "From",
            el(
              "span",
              null,
              el("code.long", null, item.from_commit ?? "–"),
              item.from_subject ? [" ", foreign(item.from_subject)] : ""
            ),
          ],
          ["To", el("code.long", null, item.to_commit ?? "–")],
          ["Subject", item.to_subject ? foreign(item.to_subject) : null],
          ["Author", item.to_author ? foreign(item.to_author) : null],
          ["Note", item.note ? foreign(item.note) : null],
          ["Finished", item.finished ? when(item.finished) : null],
          ["Release", item.release ? link("releases", item.release, `V${item.release}`) : "–"],
          ["Fetched", bytes(item.bytes)],
          ...effects(item),
          ["Trigger", [plain(item.trigger), item.by ? [`, by ${plain(item.by.kind)} `, foreign(item.by.name)] : ""]],
          ["Takes back", item.cause ? link("swaps", item.cause, `swap #${item.cause}`) : null],
          ["Taken back by", back ? link("swaps", back.id, `swap #${back.id}`) : null],
        ].map((p) => (Array.isArray(p[1]) ? [p[0], el("span", null, p[1])] : p))
      ),
      this.undoable(item) &&
        el(
          "div.actions",
          null,
          button(
            "Undo this swap…",
            () => this.actions.rollback({ machine: item.machine, to: item.from_commit }),
            "button.danger"
          )
        ),
    ];
  }

  /* Offered for what still runs: the machine's newest permanent or trial attempt. */
  undoable(item) {
    const machine = this.store.machines.get(item.machine);
    return (
      item.from_commit &&
      item.cells.length &&
      item.trigger !== "revert" &&
      ["permanent", "trial"].includes(item.result) &&
      machine &&
      machine.commit === item.to_commit &&
      item.from_commit !== item.to_commit
    );
  }
}
