// Live events: one connection per browser, shared by all its tabs, with back-off.
// SPDX-License-Identifier: MIT
//
// The tab that holds the lock LEADER owns the EventSource and passes every event on over a
// BroadcastChannel. When that tab goes away the lock falls to another, which connects. A browser
// allows six connections per host, so one stream a tab would starve the seventh tab.
//
// States: connecting -> live (open, or an event) -> lost (error, or a dead stream) -> live ...
// A stream can die without an error. After QUIET_MS the leader reads the newest event's number from
// the service: unreachable, or events that do not come within the next look, and it is lost.
// While lost, the leader tries again after 1, 2, 4 ... 30 s, each with jitter; at once when the tab
// becomes visible or the network returns, but never more often than once a second.
// Every time the state becomes live, listeners load their lists anew: nothing is missed.

const EVENTS = ["machine", "history", "release", "build", "server"];
const NAME = "neurath-stream";
const QUIET_MS = 20000; /* then the leader asks whether the stream is still whole */
const SILENCE_MS = 40000; /* then the data on the page is stale */
const FIRST_MS = 1000;
const LONGEST_MS = 30000;

export class Stream {
  /* PROBE gives the number of the service's newest event, or null. */
  constructor(url, probe, onevent, onstate) {
    this.url = url;
    this.probe = probe;
    this.onevent = onevent; /* (name, row) */
    this.onstate = onstate; /* ({live, since_ms, contact_ms, retry_ms}) */
    this.state = { live: false, generation: 0, contact_ms: 0, retry_ms: 0 };
    this.source = null;
    this.leader = false;
    this.failures = 0;
    this.tried_ms = 0;
    this.last_id = 0; /* number of the newest event that came, or was in the lists */
    this.missed_id = 0; /* number of an event that has to come before the next look */
    this.channel = "BroadcastChannel" in window ? new BroadcastChannel(NAME) : null;
  }

  start() {
    this.channel?.addEventListener("message", ({ data }) => this.heard(data));
    this.channel?.postMessage({ kind: "hello" });
    addEventListener("online", () => this.retry());
    document.addEventListener("visibilitychange", () => document.hidden || this.retry());
    setInterval(() => this.watch(), 5000);
    if (this.channel && navigator.locks) this.queue({});
    else this.lead();
  }

  queue(options) {
    navigator.locks.request(NAME, options, () => this.lead()).catch(() => this.follow());
  }

  /* Tries now; a tab that does not lead asks the one that does. */
  retry() {
    if (this.state.live) return;
    if (!this.leader) this.channel?.postMessage({ kind: "retry" });
    else if (Date.now() - this.tried_ms >= FIRST_MS) this.connect();
  }

  /* After signing in or out: the session of the open stream is no longer the page's. */
  reset() {
    this.failures = 0;
    if (this.leader) this.connect();
    else this.channel?.postMessage({ kind: "reset" });
  }

  lead() {
    this.leader = true;
    this.connect();
    return new Promise(() => {}); /* the lock is held as long as the tab lives */
  }

  /* Another tab took the lock because this one was asleep. */
  follow() {
    this.leader = false;
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
    this.queue({});
  }

  connect() {
    clearTimeout(this.timer);
    this.source?.close();
    this.tried_ms = Date.now();
    this.missed_id = 0;
    const source = (this.source = new EventSource(this.url));
    source.addEventListener("error", () => source === this.source && this.fail());
    for (const name of EVENTS)
      source.addEventListener(name, (e) => {
        if (source !== this.source) return;
        let row;
        try {
          row = JSON.parse(e.data);
        } catch {
          return;
        }
        this.seen(Number(e.lastEventId));
        this.contact();
        this.onevent(name, row);
        this.channel?.postMessage({ kind: "event", name, row, contact_ms: this.state.contact_ms });
      });
    source.addEventListener("open", () => source === this.source && this.contact());
  }

  /* The lists hold everything up to event ID. */
  seen(id) {
    if (id > this.last_id) this.last_id = id;
  }

  contact() {
    this.failures = 0;
    this.state.contact_ms = Date.now();
    if (!this.state.live) this.become({ live: true, generation: this.state.generation + 1, retry_ms: 0 });
  }

  fail() {
    this.source?.close();
    this.source = null;
    const pause_ms = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.failures) * (0.75 + Math.random() / 2);
    this.failures = Math.min(this.failures + 1, 10);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), pause_ms);
    this.become({ live: false, retry_ms: Date.now() + pause_ms });
  }

  watch() {
    const silent_ms = Date.now() - this.state.contact_ms;
    if (this.leader && this.state.live && silent_ms > QUIET_MS) this.look();
    else if (!this.leader && !document.hidden && this.state.contact_ms && silent_ms > 2 * SILENCE_MS) {
      this.state.contact_ms = Date.now();
      this.queue({ steal: true }); /* the leading tab was put to sleep */
    }
  }

  async look() {
    if (this.looking) return;
    this.looking = true;
    const source = this.source;
    const newest = await this.probe();
    this.looking = false;
    if (source !== this.source || !this.state.live) return;
    if (newest === null || this.last_id < this.missed_id) this.fail();
    else if (newest > this.last_id) this.missed_id = newest;
    else {
      this.contact();
      this.channel?.postMessage({ kind: "state", state: this.state });
    }
  }

  become(change) {
    Object.assign(this.state, change);
    this.onstate(this.state);
    this.channel?.postMessage({ kind: "state", state: this.state });
  }

  heard(message) {
    if (message.kind === "hello" && this.leader) this.channel.postMessage({ kind: "state", state: this.state });
    else if (message.kind === "retry" && this.leader) this.retry();
    else if (message.kind === "reset" && this.leader) this.reset();
    else if (message.kind === "state" && !this.leader) {
      this.state = message.state;
      this.onstate(this.state);
    } else if (message.kind === "event" && !this.leader) {
      this.state.contact_ms = message.contact_ms;
      this.onevent(message.name, message.row);
    }
  }
}
