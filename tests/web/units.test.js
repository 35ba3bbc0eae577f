// The page's parts that need no browser: words of the filter, amounts, foreign text, the event stream.
// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { tree } from "./lib/tree.js";

const page = (name) => import(tree("web-ui", name));

test("the filter keeps named parts apart from words", async () => {
  const { parseSearch } = await page("history.js");
  assert.deepEqual(parseSearch("  machine:m1 Hello result:reverted cell: 12:30 "), {
    filter: { machine: "m1", result: "reverted" },
    words: ["hello", "12:30"],
  });
  assert.deepEqual(parseSearch(""), { filter: {}, words: [] });
});

test("durations and amounts have two units at most", async () => {
  const { ago, bytes, duration, milliseconds, nanoseconds } = await page("time.js");
  assert.deepEqual([0, 59, 60, 61, 599, 3599, 3600, 7980, 86400, 97300].map(duration), [
    "0 s",
    "59 s",
    "1 min",
    "1 min 1 s",
    "9 min 59 s",
    "59 min",
    "1 h",
    "2 h 13 min",
    "1 d",
    "1 d 3 h",
  ]);
  assert.deepEqual([0, 0.043, 1.5, 12.34, 420, 1500, 65000].map(milliseconds), [
    "0 ms",
    "43.0 µs",
    "1.50 ms",
    "12.3 ms",
    "420 ms",
    "1.50 s",
    "1 min 5 s",
  ]);
  assert.equal(nanoseconds(null), "–");
  assert.equal(nanoseconds(43120), "43.1 µs");
  assert.deepEqual([0, 1023, 8412, 5e6].map(bytes), ["0 B", "1023 B", "8.21 KiB", "4.77 MiB"]);
  assert.equal(ago(-500), "just now");
  assert.equal(ago(12_000), "12 s ago");
  assert.equal(ago(-7_200_000), "in 2 h");
});

test("characters that hide or reorder text are shown by number", async () => {
  const { plain, plainLog } = await page("dom.js");
  assert.equal(plain("a\u202egnp.exe"), "a\\u202egnp.exe");
  assert.equal(plain("x\u0000\u001b[31m\u200b\ufeff\ud800"), "x\\u0000\\u001b[31m\\u200b\\ufeff\\ud800");
  assert.equal(plain("שלום 🚢 é <b>"), "שלום 🚢 é <b>");
  assert.equal(plain(null), "");
  assert.equal(
    plainLog("\u001b[01;31m\u001b[Kerror:\u001b[m\u001b[K no\r\n\ttab\u001b]0;title\u0007"),
    "error: no\n\ttab"
  );
});

/* ---- the event stream, with time and the browser's parts played by the test ---- */

let sources, listeners;

class Source {
  constructor() {
    this.on = {};
    sources.push(this);
  }
  addEventListener(name, f) {
    this.on[name] = f;
  }
  close() {
    this.closed = true;
  }
  say(name, data, lastEventId = "") {
    this.on[name]({ data: JSON.stringify(data), lastEventId });
  }
}

/* A clock that stands still until the test moves it on. */
const real = { setTimeout, clearTimeout, setInterval, now: Date.now, random: Math.random };
let clock_ms, timers;

function add(f, ms, every) {
  const timer = { f, at: clock_ms + ms, every };
  timers.add(timer);
  return timer;
}

function pass(ms) {
  const end = clock_ms + ms;
  for (;;) {
    const [next] = [...timers].filter((t) => t.at <= end).sort((a, b) => a.at - b.at);
    if (!next) break;
    clock_ms = next.at;
    if (next.every) next.at += next.every;
    else timers.delete(next);
    next.f();
  }
  clock_ms = end;
}

beforeEach(() => {
  sources = [];
  listeners = {};
  timers = new Set();
  clock_ms = 1_000_000;
  globalThis.window = {};
  globalThis.EventSource = Source;
  globalThis.addEventListener = (name, f) => {
    listeners[name] = f;
  };
  globalThis.document = {
    hidden: false,
    addEventListener: (name, f) => {
      listeners[name] = f;
    },
  };
});

afterEach(() => {
  Object.assign(globalThis, {
    setTimeout: real.setTimeout,
    clearTimeout: real.clearTimeout,
    setInterval: real.setInterval,
  });
  Date.now = real.now;
  Math.random = real.random;
});

async function stream(probe = async () => 0) {
  const { Stream } = await page("stream.js");
  globalThis.setTimeout = (f, ms) => add(f, ms, 0);
  globalThis.setInterval = (f, ms) => add(f, ms, ms);
  globalThis.clearTimeout = (timer) => timers.delete(timer);
  Date.now = () => clock_ms;
  Math.random = () => 0.5;
  const events = [],
    states = [];
  const made = new Stream(
    "/events",
    probe,
    (name, row) => events.push([name, row]),
    (s) => states.push({ ...s })
  );
  made.start();
  return { made, events, states };
}

const settle = () => new Promise((done) => setImmediate(done));

test("a lost server is asked again after 1, 2, 4 ... 30 s, by one connection at a time", async () => {
  const { states } = await stream();
  const waits = [];
  for (let i = 0; i < 8; i++) {
    const before = Date.now();
    sources.at(-1).on.error();
    const known = sources.length;
    while (sources.length === known) pass(250);
    waits.push(Date.now() - before);
  }
  assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
  assert.equal(sources.filter((s) => !s.closed).length, 1);
  assert.ok(states.every((s) => !s.live));
});

test("an answer ends the back-off and makes a new generation, so that lists are read again", async () => {
  const { states } = await stream();
  sources[0].on.open();
  sources[0].on.error();
  pass(1000);
  sources[1].on.open();
  assert.deepEqual(
    states.map((s) => [s.live, s.generation]),
    [
      [true, 1],
      [false, 1],
      [true, 2],
    ]
  );
});

test("coming back to the tab or to the network tries at once, but not twice in a second", async () => {
  await stream();
  for (let i = 0; i < 6; i++) {
    sources.at(-1).on.error();
    pass(31000);
  }
  sources.at(-1).on.error();
  pass(1500);
  const known = sources.length;
  listeners.online();
  listeners.visibilitychange();
  assert.equal(sources.length, known + 1);
});

test("a stream that is only quiet is kept", async () => {
  const probe = mock.fn(async () => 7);
  const { states } = await stream(probe);
  sources[0].say("server", {}, "7");
  for (let i = 0; i < 20; i++) {
    pass(5000);
    await settle();
  }
  assert.equal(sources.length, 1);
  assert.ok(states.at(-1).live);
  assert.ok(probe.mock.callCount() >= 3);
});

test("a stream that misses events, or whose server is gone, is given up", async () => {
  let newest = 9;
  const { states } = await stream(async () => newest);
  sources[0].say("server", {}, "7");
  for (let i = 0; i < 6; i++) {
    pass(5000);
    await settle();
  }
  assert.equal(states.at(-1).live, false);
  pass(1000);
  sources[1].say("machine", { id: 1 }, "9");
  assert.ok(states.at(-1).live);
  newest = null;
  for (let i = 0; i < 5; i++) {
    pass(5000);
    await settle();
  }
  assert.equal(states.at(-1).live, false);
});

test("what cannot be read as JSON is dropped", async () => {
  const { events } = await stream();
  sources[0].on.history({ data: "{", lastEventId: "3" });
  sources[0].say("history", { id: 4 }, "4");
  assert.deepEqual(events, [["history", { id: 4 }]]);
});

/* ---- the store ---- */

const row = (id, result = "permanent", machine = "a".repeat(16)) => ({
  id,
  machine,
  result,
  cells: [{ name: "hello" }],
  trigger: "push",
  to_commit: "c".repeat(40),
  from_commit: null,
});

async function store(answers) {
  const { Store } = await page("store.js");
  globalThis.fetch = mock.fn(async (path) => {
    const name = path.replace("/api/v1/", "").split("?")[0];
    const body = await answers(name, path);
    return { ok: !body.code, status: body.code ? 500 : 200, json: async () => body };
  });
  return new Store(() => {});
}

const EMPTY = { rows: [], next: null };

test("events that come while a list is read win over the list", async () => {
  let during;
  const made = await store(async (name) => {
    if (name === "history") {
      during();
      return { rows: [row(1, "trial")], next: null };
    }
    return name === "status" ? { time: new Date().toISOString(), channel: "main" } : EMPTY;
  });
  during = () => made.event("history", row(1, "permanent"));
  await made.load();
  assert.equal(made.history.get(1).result, "permanent");
});

test("one list that fails leaves the others", async () => {
  const made = await store(async (name) =>
    name === "builds"
      ? { code: "unavailable", text: "disk full" }
      : name === "history"
        ? { rows: [row(2)], next: null }
        : name === "status"
          ? { time: "x", channel: "main" }
          : EMPTY
  );
  await made.load();
  assert.equal(made.history.size, 1);
  assert.equal(made.errors.get("builds").message, "disk full");
  assert.equal(made.errors.size, 1);
});

test("rows that arrive live obey the filter", async () => {
  const made = await store(async () => EMPTY);
  made.filter = { result: "reverted" };
  made.event("history", row(5));
  made.event("history", row(6, "reverted"));
  assert.deepEqual([...made.history.keys()], [6]);
});

test("a new current release takes the place of the one before", async () => {
  const made = await store(async () => EMPTY);
  made.event("release", { id: 1, channel: "main", commit: "a".repeat(40), current: true });
  made.event("release", { id: 2, channel: "main", commit: "b".repeat(40), current: true });
  assert.deepEqual(
    made.sorted("releases").map((r) => [r.id, r.current]),
    [
      [2, true],
      [1, false],
    ]
  );
});

test("a set of single cells, and what repeats it, is not its base's commit", async () => {
  const made = await store(async () => EMPTY);
  const release = (id, kind, more = {}) => ({ id, kind, commit: "c".repeat(40), reissue_of: null, ...more });
  for (const item of [
    release(1, "build"),
    release(2, "reissue", { reissue_of: 1 }),
    release(3, "set"),
    release(4, "reissue", { reissue_of: 3 }),
    release(5, "reissue", { reissue_of: 4 }),
  ])
    made.releases.set(item.id, item);
  made.index();
  assert.deepEqual(
    [1, 2, 3, 4, 5].map((id) => made.isSet(made.releases.get(id))),
    [false, false, true, true, true]
  );
  assert.equal(made.releaseOf.get("c".repeat(40)), 2);
});
