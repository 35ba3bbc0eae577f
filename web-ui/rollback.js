// The rollback dialog: who, to what, what would happen to each, and only then the order.
// SPDX-License-Identifier: MIT
//
// States: choosing -> asking (dry run under way) -> planned | refused -> ordering -> done.
// The order's button works in `planned` only, and every change of who or what goes back to asking.

import { write } from "./api.js";
import { command, el, foreign, hash, plain, quiet, replace } from "./dom.js";
import { count, duration, utc } from "./time.js";
import { cells, changes, changesInWords, reason } from "./parts.js";

const TYPED_ABOVE = 5; /* affected machines from which on the word is typed */
const OPEN_UP_TO = 2; /* machines whose details are open at once */

const ACTIONS = {
  swap: "swaps",
  nothing: "runs it already",
  boot: "needs a reboot",
  blocked: "is blocked",
  wait: "waits for its next contact",
};

function affected(answer) {
  return answer.rows.filter((r) => !["nothing", "blocked"].includes(r.action)).length;
}

export class Rollback {
  constructor(store, dialog, form, onordered) {
    this.store = store;
    this.dialog = dialog;
    this.form = form;
    this.title = document.getElementById("rollback-title");
    this.onordered = onordered;
    this.asked = 0;
    form.addEventListener("submit", (e) => {
      if (e.submitter?.value === "order" || e.submitter?.value === undefined) {
        e.preventDefault();
        this.order();
      }
    });
    dialog.addEventListener("close", () => {
      this.asked++;
      replace(form);
    });
  }

  /* SCOPE: {machine|all, to}; `to` is proposed when missing. */
  open(scope) {
    this.kind = scope.machine ? "machine" : "all"; /* or "tag" */
    this.name = scope.machine ?? "all";
    this.to = scope.to ?? this.propose(scope.machine);
    this.note = "";
    this.lose = false; /* data that only the newer version knows of */
    this.state = "choosing";
    this.title.textContent = "Roll back";
    this.build();
    this.dialog.showModal();
    if (this.to) this.ask();
  }

  /* What ran well before: the newest commit with another content that became permanent, or was swapped away for one. */
  propose(machine) {
    const content = (commit) => this.store.releases.get(this.store.releaseOf.get(commit))?.content;
    const now = content(machine ? this.store.machines.get(machine)?.commit : this.store.status?.commit);
    for (const row of this.store.sorted("history"))
      if ((!machine || row.machine === machine) && row.result === "permanent" && row.trigger !== "revert")
        for (const commit of [row.to_commit, row.from_commit])
          if (content(commit) && content(commit) !== now) return commit;
    return null;
  }

  /* One entry per commit: a re-issue carries the commit of what it repeats. */
  targets() {
    const seen = new Set();
    return this.store
      .sorted("releases")
      .filter((r) => !this.store.isSet(r) && !seen.has(r.commit) && seen.add(r.commit));
  }

  build() {
    const store = this.store;
    const tags = [...new Set([...store.machines.values()].flatMap((m) => m.tags))].sort();
    const scopes = [
      ...store.sortedMachines().map((m) => ["machine", m.id, `Machine ${plain(m.name || m.id)}`]),
      ...tags.map((t) => ["tag", t, `Tag ${plain(t)}`]),
      ["all", "all", `The whole fleet (${count(store.machines.size, "machine")})`],
    ];
    const who = el(
      "select",
      {
        id: "rollback-who",
        onchange: (e) => {
          [this.kind, this.name] = scopes[e.target.selectedIndex];
          this.lose = false;
          this.ask();
        },
      },
      scopes.map(([kind, name, text]) => el("option", { selected: kind === this.kind && name === this.name }, text))
    );
    const targets = this.targets();
    if (this.to && !targets.some((r) => r.commit === this.to))
      targets.push({ commit: this.to, subject: store.commit(this.to)?.subject ?? "", time: null });
    const bad = new Set(
      [...store.history.values()]
        .filter((r) => ["reverted", "refused", "failed"].includes(r.result))
        .map((r) => r.to_commit)
    );
    const what = el(
      "select",
      {
        id: "rollback-to",
        onchange: (e) => {
          this.to = e.target.value || null;
          this.lose = false;
          this.ask();
        },
      },
      !this.to && el("option", { value: "", selected: true }, "Choose a commit"),
      targets.map((r) =>
        el(
          "option",
          { value: r.commit, selected: r.commit === this.to },
          `${r.commit.slice(0, 7)}  ${plain(r.subject ?? "").slice(0, 70)}${r.time ? `  (${utc(r.time)})` : ""}${r.current ? " – current" : bad.has(r.commit) ? " – failed on a machine" : ""}`
        )
      )
    );
    this.plan = el("div.plan", { "aria-live": "polite" });
    this.confirm = el("div");
    this.button = el("button.danger", { value: "order", type: "submit", disabled: true }, "Roll back");
    const note = el("input", {
      id: "rollback-note",
      type: "text",
      maxlength: "200",
      placeholder: "Why, for the history",
      autocomplete: "off",
      oninput: (e) => {
        this.note = e.target.value;
      },
    });
    replace(
      this.form,
      el(
        "div.fields",
        null,
        el("label", { for: "rollback-who" }, "Who"),
        who,
        el("label", { for: "rollback-to" }, "To"),
        what,
        el("label", { for: "rollback-note" }, "Note"),
        note
      ),
      this.plan,
      this.confirm,
      quiet(
        "Afterwards a hold is on: a newer release waits until it contains none of the suspect cells, or until you lift the hold. No machine reboots for this."
      ),
      el("div.actions", null, el("button", { value: "cancel", formnovalidate: true }, "Cancel"), this.button)
    );
    this.show();
  }

  body(dry_run) {
    const consent = this.lose ? { consent: ["all"] } : {};
    return { to: this.to, [this.kind]: this.kind === "all" || this.name, note: this.note, dry_run, ...consent };
  }

  /* The dry run. A slower answer to an older question is dropped. */
  async ask() {
    if (!this.to) {
      this.state = "choosing";
      return this.show();
    }
    const asked = ++this.asked;
    this.state = "asking";
    this.answer = this.sources = null;
    this.show();
    try {
      const body = this.body(true);
      const { note, dry_run, consent, ...plan } = body;
      const [answer, sources] = await Promise.all([write("rollback", body), write("plan", plan).catch(() => null)]);
      if (asked !== this.asked) return;
      this.answer = answer;
      this.sources = sources;
      this.state = "planned";
    } catch (error) {
      if (asked !== this.asked) return;
      this.failed = error;
      this.state = "refused";
    }
    this.show();
  }

  show() {
    this.button.disabled = true;
    this.button.textContent = "Roll back";
    replace(this.confirm);
    if (this.state === "choosing") replace(this.plan, quiet("Choose the commit to go back to."));
    else if (this.state === "asking") replace(this.plan, quiet("Asking what it would do; nothing is changed…"));
    else if (this.state === "refused")
      replace(
        this.plan,
        el("p.reason", null, foreign(this.failed.message), " ", el("code.code", null, plain(this.failed.code))),
        quiet("Nothing was changed.")
      );
    else this.showPlan();
  }

  showPlan() {
    const n = affected(this.answer);
    const rest = this.answer.rows.length - n;
    replace(
      this.plan,
      el(
        "p.affected",
        null,
        n ? `${count(n, "machine")} ${n === 1 ? "changes" : "change"} to ` : "No machine changes for ",
        hash(this.to),
        rest ? `; ${count(rest, "machine")} ${rest === 1 ? "stays as it is" : "stay as they are"}.` : "."
      ),
      el("ul.planrows", { role: "list", tabindex: "0", "aria-label": "Machine by machine" }, this.planRows(this.answer)),
      this.losses()
    );
    if (!n) return;
    this.button.textContent = `Roll back ${count(n, "machine")} to ${this.to.slice(0, 7)}`;
    if (n <= TYPED_ABOVE) {
      this.button.disabled = false;
      return;
    }
    replace(
      this.confirm,
      el(
        "label",
        { for: "rollback-word" },
        `This affects ${count(n, "machine")}. Type `,
        el("code", null, plain(this.name)),
        " to confirm."
      ),
      el("input", {
        id: "rollback-word",
        type: "text",
        autocomplete: "off",
        spellcheck: "false",
        oninput: (e) => {
          this.button.disabled = e.target.value !== this.name;
        },
      })
    );
  }

  /* Where live data would be lost, the operator agrees to that by a mark of his own; the rows then say what goes. */
  losses() {
    if (!this.lose && !this.answer.rows.some((r) => r.reason?.code === "consent")) return null;
    return el(
      "label.losses",
      null,
      el("input", {
        id: "rollback-lose",
        type: "checkbox",
        checked: this.lose,
        onchange: (e) => {
          this.lose = e.target.checked;
          this.ask();
        },
      }),
      " Let the data go that only the newer version knows of"
    );
  }

  planRows(answer) {
    return [...answer.rows]
      .sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }))
      .map((row) => this.planRow(row));
  }

  planRow(item) {
    const plan = this.sources?.rows?.find((p) => p.machine === item.machine);
    const refusals = (plan?.refusals ?? []).filter((r) => r.text !== item.reason?.text);
    return el(
      "li",
      { "data-tone": { blocked: "bad", boot: "warn", nothing: "calm" }[item.action] ?? (item.reason ? "warn" : "good") },
      el(
        "div",
        null,
        el("b", null, plain(item.name || this.store.machineName(item.machine))),
        " ",
        el("span.action", null, ACTIONS[item.action] ?? plain(item.action)),
        " ",
        item.cells?.length ? cells(item.cells) : null
      ),
      reason(item.reason),
      refusals.map((r) => reason(r)),
      this.details(plan),
      plan &&
        el(
          "p.quiet",
          null,
          plan.source === "machine" ? "Answered by the machine itself" : "Answered by the planner on the server",
          `, from a state ${duration(plan.age_s)} old.`,
          plan.waited_count > 0 && [
            ` As it is now, ${count(plan.waited_count, "task")} would be waited for: `,
            (plan.waited ?? []).map((name, i) => [i ? ", " : "", foreign(name)]),
            plan.waited_count > (plan.waited?.length ?? 0) && ", ...",
            "."
          ],
          plan.reversible === true && " A swap can take it back.",
          plan.reversible === false && " This swap cannot be taken back by a swap."
        )
    );
  }

  /* What the swap does to each cell; folded when there are many machines. */
  details(plan) {
    if (!plan?.cells?.length) return null;
    return el(
      "details",
      { open: this.answer.rows.length <= OPEN_UP_TO },
      el("summary", null, changesInWords(plan.cells)),
      changes(plan.cells)
    );
  }

  async order() {
    if (this.state !== "planned" || this.button.disabled) return;
    this.state = "ordering";
    this.button.disabled = true;
    this.button.textContent = "Ordering…";
    try {
      const answer = await write("rollback", this.body(false));
      this.state = "done";
      this.onordered(answer);
      this.showDone(answer);
    } catch (error) {
      this.failed = error;
      this.state = "refused";
      this.show();
    }
  }

  showDone(answer) {
    const n = affected(answer);
    this.title.textContent = "Ordered";
    replace(
      this.form,
      el(
        "p",
        null,
        answer.release ? `Release V${answer.release} is signed; ` : "",
        `${count(n, "machine")} ${n === 1 ? "goes" : "go"} back to `,
        hash(this.to),
        ". It counts as done when the machine reports it from the new code: watch the swap history."
      ),
      el("ul.planrows", { role: "list" }, this.planRows(answer)),
      quiet("To let newer releases through again:"),
      command(`build/bin/neurath unhold --${this.kind}${this.kind === "all" ? "" : " " + this.name}`),
      el("div.actions", null, el("button.primary", { value: "close" }, "Close"))
    );
    this.form.querySelector("button.primary").focus();
  }
}
