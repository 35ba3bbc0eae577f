// The machines: what each runs beside what it should run, and whether it is well.
// SPDX-License-Identifier: MIT

import { button, command, el, foreign, link, plain, quiet } from "./dom.js";
import { age, count, duration, nanoseconds, when } from "./time.js";
import { commit, facts, planks, reason, row, sign, tone } from "./parts.js";

const PLANKS = 24;

/* In plain words: why it does not run what it should, or that it does. */
function why(machine) {
  switch (machine.state) {
    case "running":
      return "It runs the commit that it should run.";
    case "updating":
      return "It is fetching or swapping the desired commit now.";
    case "trial":
      return "New code runs on trial. A fault takes it back by itself; otherwise it becomes permanent.";
    case "behind":
      return "A newer release is ordered and the machine has not begun with it yet.";
    case "blocked":
      return "It cannot reach the desired commit by a swap. Later releases are still tried; a reboot into the released image is up to you.";
    case "held":
      return "It is held at a commit: newer releases wait until you lift the hold, or until one contains none of the suspect cells.";
    case "reverted":
      return "The new code failed on it and it went back by itself. That content is not tried again until you say so.";
    case "silent":
      return "It has not been in contact for a while. It runs on with what it has and comes back by itself.";
    case "enrolling":
      return "It has a key and waits for its first report.";
    default:
      return "Its state is not known to this page.";
  }
}

function side(title, store, value, extra) {
  return el(
    "div.side",
    null,
    el("span.label", null, title),
    value ? commit(store, value) : quiet("not known yet", "span.quiet"),
    extra
  );
}

function difference(machine) {
  const n = machine.cells_differing;
  if (machine.commit && machine.commit === machine.desired_commit && n === 0)
    return el(
      "span.same",
      { title: "Running and desired are the same" },
      el("span", { "aria-hidden": "true" }, "="),
      el("span.hidden", null, "same as")
    );
  return el(
    "span.differs",
    null,
    el("span", { "aria-hidden": "true" }, "≠"),
    el("span.hidden", null, "differs from"),
    n > 0 ? el("small", null, count(n, "cell")) : null
  );
}

function latest(store, machine) {
  return (store.swapsOf.get(machine.id) ?? []).slice(0, PLANKS);
}

function face(store, machine, handle) {
  return [
    el(
      "div.who",
      null,
      sign(machine.state),
      handle,
      machine.name && el("code.quiet.id", null, machine.id),
      machine.tags.map((t) => el("span.tag", null, plain(t)))
    ),
    el(
      "div.sides",
      null,
      side("Running", store, machine.commit),
      difference(machine),
      side("Desired", store, machine.desired_commit)
    ),
    el(
      "div.vitals",
      null,
      el("span", null, el("b", null, machine.last_contact ? duration(machine.uptime_s) : "–"), " up"),
      el(
        "span",
        null,
        el("b", null, String(machine.swaps_since_boot)),
        machine.swaps_since_boot === 1 ? " swap since boot" : " swaps since boot"
      ),
      machine.last_pause_ns !== null &&
        el(
          "span",
          { title: "How long its processors stood still in the last swap" },
          "last pause ",
          el("b", null, nanoseconds(machine.last_pause_ns))
        ),
      el("span", null, machine.last_contact ? ["contact ", age(machine.last_contact)] : "no contact yet"),
      planks(latest(store, machine).reverse())
    ),
    machine.reason && reason(machine.reason),
  ];
}

export class Machines {
  /* ACTIONS: order(verb, machine), rollback(scope) */
  constructor(store, actions) {
    this.store = store;
    this.actions = actions;
  }

  key(machine) {
    return machine.id;
  }

  signature(machine, open) {
    const store = this.store;
    return JSON.stringify([
      machine,
      open,
      store.commit(machine.commit)?.subject,
      store.commit(machine.desired_commit)?.subject,
      latest(store, machine).map((r) => [r.id, r.result]),
    ]);
  }

  text(machine) {
    return [
      machine.id,
      machine.name,
      machine.state,
      machine.commit,
      machine.desired_commit,
      ...machine.tags,
      machine.reason?.text,
      this.store.commit(machine.commit)?.subject,
    ].join(" ");
  }

  render(machine, open) {
    const label = plain(machine.name || machine.id);
    return row({
      kind: "machines",
      id: machine.id,
      name: label,
      label: `Machine ${label}`,
      open,
      tone: tone(machine.state),
      face: (handle) => face(this.store, machine, handle),
      detail: () => this.detail(machine),
    });
  }

  detail(machine) {
    const act = (verb, text) => button(text, () => this.actions.order(verb, machine));
    const name = /^[\w.-]+$/.test(machine.name ?? "") ? machine.name : machine.id; /* for a command line */
    const running = this.store.runningRelease(machine);
    return [
      el("p.why", null, why(machine)),
      facts([
        ["Machine", el("code", null, machine.id)],
        ["Up", machine.last_contact ? `${duration(machine.uptime_s)} without a reboot, by its own clock` : "–"],
        ["Last contact", when(machine.last_contact)],
        ["Running release", running ? link("releases", running, `V${running}`) : "–"],
        [
          "Desired release",
          machine.desired_release ? link("releases", machine.desired_release, `V${machine.desired_release}`) : null,
        ],
        ["Cells that differ", machine.cells_differing < 0 ? "not known" : String(machine.cells_differing)],
        [
          "Held",
          machine.held
            ? el(
                "span",
                null,
                plain(machine.held.kind),
                " by ",
                foreign(machine.held.by.name),
                machine.held.note ? [": ", foreign(machine.held.note)] : "",
                " since ",
                when(machine.held.since)
              )
            : null,
        ],
        ["Enrolled", machine.enrolled ? when(machine.enrolled) : null],
        ["Boot", machine.boot_id ? el("code", null, plain(machine.boot_id)) : null],
      ]),
      el(
        "div.actions",
        null,
        button("Roll back…", () => this.actions.rollback({ machine: machine.id }), "button.danger"),
        machine.held ? act("unhold", "Lift the hold") : act("hold", "Hold at this commit"),
        ["reverted", "blocked"].includes(machine.state) && act("retry", "Try again")
      ),
      machine.state === "blocked" && command(`build/bin/neurath reboot ${name}`),
      command(`build/bin/neurath log ${name}`),
    ];
  }
}
