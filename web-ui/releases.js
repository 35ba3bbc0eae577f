// The releases: signed sets of cells, newest first, and how many machines run each.
// SPDX-License-Identifier: MIT

import { button, el, foreign, hash, link, plain, quiet } from "./dom.js";
import { count, when } from "./time.js";
import { cells, cellTable, facts, reason, row } from "./parts.js";

export class Releases {
  constructor(store, actions) {
    this.store = store;
    this.actions = actions;
  }

  key(item) {
    return item.id;
  }

  /* Counted here from the machines' own rows, which are live; the row's count is as of its event. */
  adopted(item) {
    const machines = [...this.store.machines.values()];
    return { running: machines.filter((m) => this.store.runningRelease(m) === item.id).length, total: machines.length };
  }

  signature(item, open) {
    return JSON.stringify([item, open, this.adopted(item)]);
  }

  text(item) {
    return [
      `v${item.id}`,
      item.commit,
      item.subject,
      item.author,
      item.channel,
      item.note,
      ...item.changed.map((c) => c.name),
    ].join(" ");
  }

  render(item, open, fresh) {
    return row({
      kind: "releases",
      id: item.id,
      name: `V${item.id}`,
      label: `Release V${item.id}`,
      open,
      fresh,
      tone: item.current ? "good" : "calm",
      face: (handle) => this.face(item, handle),
      detail: () => this.detail(item),
    });
  }

  face(item, handle) {
    const { running, total } = this.adopted(item);
    const share = el(
      "span.share",
      { role: "img", "aria-label": `${running} of ${count(total, "machine")} run it` },
      el("span")
    );
    share.firstChild.style.width = total ? `${(100 * running) / total}%` : "0";
    return [
      el(
        "div.what",
        null,
        handle,
        hash(item.commit),
        item.current && el("span.tag.current", null, "current"),
        item.state !== "published" && el("span.tag", null, plain(item.state)),
        item.held_back &&
          el("span.tag.warn", { title: "It contains suspect cells; the hold keeps it back" }, "held back"),
        item.needs_boot.length > 0 &&
          el(
            "span.tag.warn",
            { title: `A reboot is needed for: ${plain(item.needs_boot.join(", "))}` },
            "needs reboot"
          ),
        item.refusals.length > 0 && !item.needs_boot.length && el("span.tag.warn", null, "refused by plan"),
        item.parts &&
          el(
            "span.tag",
            { title: `Single cells of V${item.parts.from} on top of V${item.parts.base}` },
            `V${item.parts.base} + ${count(item.parts.cells.length, "cell")} of V${item.parts.from}`
          ),
        item.reissue_of &&
          el("span.tag", { title: `The content of V${item.reissue_of}, issued again` }, `again V${item.reissue_of}`)
      ),
      el("div.subjectline", { title: plain(item.subject) }, foreign(item.subject || "(no subject)", "bdi.subject")),
      el("div.how", null, cells(item.changed, 4)),
      el("div.stamp", null, el("span.adopted", null, share, `${running}/${total}`), when(item.time)),
    ];
  }

  detail(item) {
    return [
      item.refusals.map((r) => reason(r)),
      facts([
        ["Commit", el("code.long", null, item.commit)],
        ["Subject", foreign(item.subject || "(no subject)")],
        ["Author", item.author ? foreign(item.author) : null],
        ["Channel", plain(item.channel)],
        ["Made by", el("span", null, plain(item.trigger), " by ", foreign(item.by.name))],
        ["Note", item.note ? foreign(item.note) : null],
        ["Build", item.build ? link("builds", item.build, `#${item.build}`) : null],
        ["Content", el("code.long", null, item.content)],
        ["Cells", String(item.cells.length ?? item.cells)],
        ["Needs a reboot for", item.needs_boot.length ? plain(item.needs_boot.join(", ")) : null],
        ["Content of", item.reissue_of ? link("releases", item.reissue_of, `V${item.reissue_of}`) : null],
        [
          "Put together of",
          item.parts
            ? el(
                "span",
                null,
                link("releases", item.parts.base, `V${item.parts.base}`),
                ` and ${item.parts.cells.map(plain).join(", ")} of `,
                link("releases", item.parts.from, `V${item.parts.from}`)
              )
            : null,
        ],
        ["Only for machine", item.machine ? el("code", null, item.machine) : null],
        ["Signature expires", when(item.expires)],
      ]),
      el("h3.label", null, "Changed against the release before"),
      item.changed.length ? cellTable(item.changed) : quiet("No cell changed: nothing to swap."),
      !this.store.isSet(item) &&
        el(
          "div.actions",
          null,
          button(
            item.current ? "Bring machines to this…" : "Roll back to this…",
            () => this.actions.rollback({ all: true, to: item.commit }),
            item.current ? "button" : "button.danger"
          )
        ),
    ];
  }
}
