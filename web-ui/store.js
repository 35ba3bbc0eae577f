// What the page knows: rows as the service sent them, merged from lists and live events.
// SPDX-License-Identifier: MIT
//
// Invariants
//  1 A row is kept exactly as received; a later copy of the same id replaces it.
//  2 Events that arrive while a list is being read are applied after the list, in their order.
//  3 What a machine runs and what it should run are never merged into one field.

import { read, query } from "./api.js";
import { setServerTime } from "./time.js";

const PAGE = 50;
const KEPT = 1000; /* rows of history kept in the page */
const MOST_MACHINES = 5000;

export class Store {
  constructor(onchange) {
    this.onchange = onchange;
    this.status = null;
    this.machines = new Map();
    this.history = new Map();
    this.releases = new Map();
    this.builds = new Map();
    this.next = { history: null, releases: null, builds: null };
    this.errors = new Map(); /* list name -> ApiError: what failed; the rest still works */
    this.loaded = false;
    this.pending = null; /* events that wait for the lists */
    this.index();
    this.filter = {}; /* of history, applied by the server: machine cell commit result trigger */
  }

  /* Reads everything anew. Calls during a load run one more afterwards. */
  async load() {
    if (this.pending) {
      this.again = true;
      return;
    }
    this.pending = [];
    await Promise.all([
      this.loadStatus(),
      this.loadMachines(),
      this.loadHistory(),
      this.loadPage("releases"),
      this.loadPage("builds"),
    ]);
    const late = this.pending;
    this.pending = null;
    this.loaded = true;
    for (const [name, row] of late) this.apply(name, row);
    this.onchange();
    if (this.again) {
      this.again = false;
      await this.load();
    }
  }

  async guard(name, work) {
    try {
      await work();
      this.errors.delete(name);
    } catch (error) {
      if (error.code === undefined) throw error;
      this.errors.set(name, error);
    }
  }

  loadStatus() {
    return this.guard("status", async () => {
      const sent_ms = Date.now();
      this.status = await read("status");
      setServerTime(this.status.time, (sent_ms + Date.now()) / 2);
    });
  }

  loadMachines() {
    return this.guard("machines", async () => {
      const machines = new Map();
      let after = null;
      do {
        const page = await read("machines" + query({ limit: 500, after }));
        for (const row of page.rows) machines.set(row.id, row);
        after = page.rows.length ? page.next : null;
      } while (after && machines.size < MOST_MACHINES);
      this.machines = machines;
    });
  }

  loadHistory() {
    return this.guard("history", async () => {
      const filter = this.filter;
      const page = await read("history" + query({ limit: PAGE, ...filter }));
      if (filter !== this.filter) return;
      this.history = new Map(page.rows.map((row) => [row.id, row]));
      this.next.history = page.next;
    });
  }

  loadPage(list) {
    return this.guard(list, async () => {
      const page = await read(list + query({ limit: PAGE }));
      this[list] = new Map(page.rows.map((row) => [row.id, row]));
      this.next[list] = page.next;
    });
  }

  async older(list) {
    await this.guard(list, async () => {
      const filter = this.filter;
      const page = await read(
        list + query({ limit: PAGE, before: this.next[list], ...(list === "history" ? filter : {}) })
      );
      if (filter !== this.filter) return;
      for (const row of page.rows) this[list].set(row.id, row);
      this.next[list] = page.next;
    });
    this.onchange();
  }

  async setFilter(filter) {
    if (JSON.stringify(filter) === JSON.stringify(this.filter)) return;
    this.filter = filter;
    await this.loadHistory();
    this.onchange();
  }

  /* One row that no list holds yet, for a link to it. */
  async fetchOne(list, id) {
    const row = await read(`${list}/${encodeURIComponent(id)}`);
    this[list].set(row.id, { ...this[list].get(row.id), ...row });
    this.onchange();
    return row;
  }

  event(name, row) {
    if (this.pending) this.pending.push([name, row]);
    else {
      this.apply(name, row);
      this.onchange(name, row);
    }
  }

  apply(name, row) {
    if (name === "machine" && row.id) this.machines.set(row.id, { ...this.machines.get(row.id), ...row });
    else if (name === "history" && row.id && this.matches(row)) {
      this.history.set(row.id, row);
      if (this.history.size > KEPT) this.history.delete(Math.min(...this.history.keys()));
    } else if (name === "release" && row.id) {
      this.releases.set(row.id, { ...this.releases.get(row.id), ...row });
      if (row.current) this.makeCurrent(row);
    } else if (name === "build" && row.id) this.builds.set(row.id, { ...this.builds.get(row.id), ...row });
    else if (name === "server" && row.time) setServerTime(row.time);
  }

  /* One release of a channel is the current one; the event of the next tells. */
  makeCurrent(row) {
    for (const [id, other] of this.releases)
      if (id !== row.id && other.current && other.channel === row.channel)
        this.releases.set(id, { ...other, current: false });
    if (this.status)
      this.status = { ...this.status, release: row.id, commit: row.commit, subject: row.subject, content: row.content };
  }

  /* The server's filter, for rows that arrive live. */
  matches(row) {
    const { machine, cell, commit, result, trigger } = this.filter;
    return (
      (!machine || row.machine === machine || this.machineName(row.machine) === machine) &&
      (!cell || row.cells.some((c) => c.name === cell)) &&
      (!commit || row.to_commit?.startsWith(commit)) &&
      (!result || row.result === result) &&
      (!trigger || row.trigger === trigger)
    );
  }

  machineName(id) {
    return this.machines.get(id)?.name || id;
  }

  /* Looks up once per drawing what many rows ask for. */
  index() {
    this.swapsOf = new Map(); /* machine -> its rows of history, newest first */
    this.releaseOf = new Map(); /* commit -> newest release with its content */
    this.known = new Map(); /* commit -> {subject, author} from whatever row knows them */
    for (const row of this.sorted("history")) {
      const swaps = this.swapsOf.get(row.machine) ?? [];
      swaps.push(row);
      this.swapsOf.set(row.machine, swaps);
      if (row.to_commit && row.to_subject)
        this.known.set(row.to_commit, { subject: row.to_subject, author: row.to_author });
    }
    for (const row of [...this.builds.values(), ...this.sorted("releases").reverse()])
      if (row.subject) this.known.set(row.commit, row);
    for (const row of this.sorted("releases").reverse())
      if (!this.isSet(row)) this.releaseOf.set(row.commit, row.id);
  }

  /* A set of single cells, or a re-issue of one: it carries the commit of its base, and is not that commit. */
  isSet(release) {
    let row = release;
    while (row?.kind === "reissue" && row.reissue_of) row = this.releases.get(row.reissue_of);
    return row?.kind === "set";
  }

  /* The release whose content MACHINE runs. After a revert the one it reports is newer than that. */
  runningRelease(machine) {
    return this.releases.get(machine.release)?.commit === machine.commit
      ? machine.release
      : (this.releaseOf.get(machine.commit) ?? null);
  }

  /* Subject and author of a commit; undefined: no row knows them. */
  commit(commit) {
    return this.known.get(commit);
  }

  sorted(list) {
    return [...this[list].values()].sort((a, b) => b.id - a.id);
  }

  sortedMachines() {
    return [...this.machines.values()].sort((a, b) =>
      (a.name || a.id).localeCompare(b.name || b.id, "en", { numeric: true })
    );
  }
}
