// The summary: one sentence about the fleet, and what needs a look, worst first.
// SPDX-License-Identifier: MIT

import { button, el, fill, foreign, hash, plain } from "./dom.js";
import { age, count } from "./time.js";

function attention(machine) {
  return ["blocked", "held", "reverted", "silent"].includes(machine.state);
}

function attentionText(machine) {
  const label = plain(machine.name || machine.id);
  if (machine.state === "silent")
    return [
      el("strong", null, label),
      " is silent; last contact ",
      machine.last_contact ? age(machine.last_contact) : "never",
      ".",
    ];
  return [
    el("strong", null, label),
    ` is ${machine.state}`,
    machine.reason ? [": ", foreign(machine.reason.text)] : ".",
  ];
}

function attentionItems(store, unhold) {
  const items = [];
  for (const alarm of store.status?.alarms ?? [])
    items.push({
      tone: "bad",
      node: el(
        "span",
        null,
        el("strong", null, "Server"),
        ": ",
        foreign(alarm.text),
        " (since ",
        age(alarm.since),
        ")"
      ),
    });
  for (const machine of store.sortedMachines())
    if (attention(machine))
      items.push({
        tone: ["silent", "held"].includes(machine.state) ? "warn" : "bad",
        href: `#/machines/${machine.id}`,
        node: el("span", null, attentionText(machine)),
      });
  const hold = store.status?.hold;
  if (hold)
    items.push({
      tone: "warn",
      unhold,
      node: el(
        "span",
        null,
        el("strong", null, "The fleet is held"),
        ` at V${store.status.release} by `,
        foreign(hold.by.name),
        store.status.waiting_release ? `; V${store.status.waiting_release} waits` : "",
        hold.note ? [": ", foreign(hold.note)] : "",
        "."
      ),
    });
  const newest = store.sorted("builds").find((b) => !["queued", "building", "superseded"].includes(b.state));
  if (newest?.state === "failed")
    items.push({
      tone: "bad",
      href: `#/builds/${newest.id}`,
      node: el(
        "span",
        null,
        el("strong", null, "The newest build failed"),
        ": ",
        foreign(newest.reason?.text ?? newest.subject ?? ""),
        " ",
        hash(newest.commit)
      ),
    });
  return items;
}

function headline(store) {
  const machines = [...store.machines.values()];
  const { length } = machines;
  if (!store.loaded || !length) return store.loaded && !store.errors.has("machines") ? "No machine yet." : "";
  const right = machines.filter(
    (m) => m.commit && m.commit === m.desired_commit && ["running", "trial", "held"].includes(m.state)
  ).length;
  const moving = machines.filter((m) => ["updating", "trial", "behind", "enrolling"].includes(m.state)).length;
  const ill = machines.filter(attention).length;
  if (right === length && !machines.some((m) => m.state === "trial"))
    return length === 1 ? "The machine runs what it should." : `All ${length} machines run what they should.`;
  if (moving && !ill)
    return `${count(moving, "machine")} ${moving === 1 ? "is" : "are"} on the way to what should run; ${right} of ${length} there.`;
  if (length === 1) return "The machine does not run what it should.";
  return `${right} of ${length} machines ${right === 1 ? "runs what it" : "run what they"} should.`;
}

export function drawSummary(store, unhold) {
  const items = attentionItems(store, unhold);
  const line = headline(store);
  const looks = items.map((i) => [i.tone, i.href, i.node.textContent.replace(/\d+ \w+( \d+ \w+)? ago/, "")]);
  fill(document.getElementById("summary"), JSON.stringify([line, looks]), () => [
    el("p.headline", null, line),
    items.length &&
      el(
        "ul.attention",
        { role: "list", "aria-label": "Needs attention" },
        items.map((i) =>
          el(
            "li",
            { "data-tone": i.tone },
            i.href ? el("a", { href: i.href }, i.node) : i.node,
            i.unhold && button("Lift the hold", i.unhold)
          )
        )
      ),
  ]);
  document.title = items.length ? `(${items.length}) Neurath` : "Neurath";
}
