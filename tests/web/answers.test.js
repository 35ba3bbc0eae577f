// Every answer of the real service, its events, and `neurath --json`, against build-server/schema.
// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { hello } from "./lib/project.js";
import { validate } from "./lib/schema.js";
import { Service, until } from "./lib/service.js";
import { built } from "./lib/tree.js";

let service, first, second, failed;
const events = [];
const stop = new AbortController();

/* Reads the event stream into `events` until the test ends. */
async function listen() {
  const answer = await fetch(`${service.url}/api/v1/events`, {
    headers: { Authorization: `Bearer ${service.token}` },
    signal: stop.signal,
  });
  assert.match(answer.headers.get("content-type"), /^text\/event-stream/);
  let text = "";
  const decoder = new TextDecoder();
  for await (const bytes of answer.body) {
    text += decoder.decode(bytes, { stream: true });
    for (let end; (end = text.indexOf("\n\n")) >= 0; text = text.slice(end + 2)) {
      const fields = Object.fromEntries(
        text
          .slice(0, end)
          .split("\n")
          .filter((l) => !l.startsWith(":"))
          .map((l) => {
            const at = l.indexOf(":");
            return [l.slice(0, at), l.slice(at + 1).trim()];
          })
      );
      if (fields.event) events.push({ ...fields, row: JSON.parse(fields.data) });
    }
  }
}

function fits(schema, value, what = schema) {
  assert.deepEqual(validate(schema, value), [], `${what}: ${JSON.stringify(value)}`);
}

function neurath(...words) {
  return new Promise((done) =>
    execFile(
      built("bin/neurath"),
      [...words, "--json", "--server", service.url, "--token-file", service.status.token_file],
      { timeout: 30_000 },
      (error, stdout, stderr) => done({ code: error ? error.code : 0, stdout, stderr })
    )
  );
}

async function spoken(...words) {
  const { code, stdout, stderr } = await neurath(...words);
  assert.equal(code, 0, `neurath ${words.join(" ")}: ${stderr}`);
  return JSON.parse(stdout);
}

before(async () => {
  service = await Service.start();
  listen().catch((error) => {
    if (error.name !== "AbortError") throw error;
  });
  await until("the stream is open", () => events.length);
  first = await service.firstPush();
  await service.machine("m1");
  await service.running("m1", first.commit);
  second = await service.push("hello: another word", hello("two", 2));
  await service.running("m1", second.commit);
  const broken = hello("three", 3);
  for (const name of Object.keys(broken)) broken[name] = broken[name].replace(";\n}", "\n}");
  failed = await service.push("hello: cannot be compiled", broken);
});

after(async () => {
  stop.abort();
  await service?.stop();
});

const lists = { machines: "machine", history: "history-row", releases: "release", builds: "build" };

test("every row of every list, and each row by itself", async () => {
  for (const [list, schema] of Object.entries(lists)) {
    const { rows, next } = await service.get(list);
    assert.ok(rows.length, `${list} has rows`);
    assert.ok(next === null || Number.isInteger(next) || typeof next === "string");
    for (const row of rows) {
      fits(schema, row, list);
      fits(schema, await service.get(`${list}/${row.id}`), `${list}/${row.id}`);
    }
  }
});

test("pages of a list meet without a gap or a row twice", async () => {
  for (const list of ["history", "releases", "builds"]) {
    const whole = (await service.get(`${list}?limit=500`)).rows.map((r) => r.id);
    const paged = [];
    for (let next = ""; next !== null;) {
      const page = await service.get(`${list}?limit=1${next && `&before=${next}`}`);
      assert.ok(page.rows.length <= 1);
      paged.push(...page.rows.map((r) => r.id));
      next = page.next;
    }
    assert.deepEqual(paged, whole);
    assert.deepEqual(
      whole,
      [...whole].sort((a, b) => b - a)
    );
  }
});

test("status, plan, and the answers to orders", async () => {
  fits("status", await service.get("status"));
  fits("plan", await service.post("plan", { to: first.commit, all: true }));
  for (const order of ["rollback", "deploy"])
    fits("action", await service.post(order, { to: first.commit, all: true, dry_run: true }), order);
  const { id } = (await service.get("machines")).rows[0];
  for (const order of ["hold", "unhold", "retry"]) fits("action", await service.post(order, { machine: id }), order);
});

test("a failed build says what the compiler said", async () => {
  const build = (await service.get("builds")).rows.find((b) => b.commit === failed.commit);
  assert.equal(build.state, "failed");
  assert.match(build.reason.text, /hello\.c:\d+:\d+: error: /);
  assert.match(await service.get(`builds/${build.id}/log`), /error: /);
  assert.equal(build.release, null);
});

test("errors have a code and a text, whatever the way to ask wrongly", async () => {
  for (const [method, path, body, status] of [
    ["GET", "machines/0123456789abcdef", undefined, 404],
    ["GET", "history/999999", undefined, 404],
    ["GET", "nothing", undefined, 404],
    ["POST", "rollback", { to: "f".repeat(40), all: true }, null],
    ["POST", "rollback", { all: true }, 400],
    ["POST", "plan", { to: first.commit, machine: "x" }, null],
    ["GET", "history?limit=-1", undefined, 400],
    ["GET", "history?before=x", undefined, 400],
  ]) {
    const answer = await service.call(method, path, body);
    assert.ok(
      status ? answer.status === status : answer.status >= 400 && answer.status < 500,
      `${method} ${path}: ${answer.status}`
    );
    fits("error", answer.body, path);
  }
  const stranger = await fetch(`${service.url}/api/v1/machines`);
  assert.equal(stranger.status, 401);
  fits("error", await stranger.json());
});

test("writes from a browser need the page's own origin, and a token in an address is no token", async () => {
  const link = await service.loginLink();
  const login = await fetch(link, { redirect: "manual" });
  const cookie = login.headers.get("set-cookie").split(";")[0];
  const ask = (headers, body = JSON.stringify({ to: first.commit, all: true, dry_run: true })) =>
    fetch(`${service.url}/api/v1/rollback`, {
      method: "POST",
      body,
      headers: { Cookie: cookie, "Content-Type": "application/json", ...headers },
    }).then((r) => r.status);
  assert.equal(await ask({ Origin: service.url }), 200);
  assert.equal(await ask({ Origin: "http://evil.invalid" }), 403);
  assert.equal(await ask({ Origin: "null" }), 403);
  assert.equal(await ask({}), 403);
  const sneaked = await fetch(`${service.url}/api/v1/status?token=${service.token}`);
  assert.equal(sneaked.status, 401);
});

test("events carry the same rows, with numbers that rise", async () => {
  await until("events of all kinds", () =>
    ["machine", "history", "release", "build"].every((n) => events.some((e) => e.event === n))
  );
  const schema = { machine: "machine", history: "history-row", release: "release", build: "build" };
  let last = 0;
  for (const event of events) {
    if (schema[event.event]) fits(schema[event.event], event.row, `event ${event.event}`);
    const id = Number(event.id);
    assert.ok(Number.isSafeInteger(id) && id >= last, `${event.event} ${event.id} after ${last}`);
    last = id;
  }
  const swap = events.filter((e) => e.event === "history" && e.row.to_commit === second.commit);
  assert.ok(swap.some((e) => e.row.result === "permanent"));
});

test("a stream that comes back is given what it missed, and only that", async () => {
  const from = events.at(-3);
  const stop_it = new AbortController();
  const answer = await fetch(`${service.url}/api/v1/events`, {
    headers: { Authorization: `Bearer ${service.token}`, "Last-Event-ID": from.id },
    signal: stop_it.signal,
  });
  let text = "";
  for await (const bytes of answer.body) {
    text += new TextDecoder().decode(bytes);
    if (text.includes(`id: ${events.at(-1).id}\n`)) break;
  }
  stop_it.abort();
  assert.match(text, /"resumed": ?true/);
  const ids = [...text.matchAll(/^id: (\d+)$/gm)].map((m) => m[1]);
  assert.deepEqual(
    ids.slice(-2),
    events.slice(-2).map((e) => e.id)
  );
  assert.ok(
    !text.includes(`event: ${from.event}\ndata: ${from.data}`) ||
      from.data === events.at(-1).data ||
      from.data === events.at(-2).data
  );
});

test("more idle tabs than the service bears get 503 and when to come again; the rest is served", async () => {
  const open = [];
  let refused = null;
  for (let i = 0; i < 1000 && !refused; i++) {
    const stop_it = new AbortController();
    const answer = await fetch(`${service.url}/api/v1/events`, {
      headers: { Authorization: `Bearer ${service.token}` },
      signal: stop_it.signal,
    });
    if (answer.status === 200) open.push(stop_it);
    else refused = answer;
  }
  assert.equal(refused?.status, 503);
  fits("error", await refused.json());
  assert.ok(Number(refused.headers.get("retry-after")) > 0);
  fits("status", await service.get("status"));
  for (const stop_it of open) stop_it.abort();
  await until(
    "a stream is free again",
    async () => {
      const stop_it = new AbortController();
      const answer = await fetch(`${service.url}/api/v1/events`, {
        headers: { Authorization: `Bearer ${service.token}` },
        signal: stop_it.signal,
      });
      stop_it.abort();
      return answer.status === 200;
    },
    60_000
  ); /* a tab that is gone is noticed by the heartbeat after next */
});

test("neurath's lists, rows and plans", async () => {
  for (const [list, schema] of Object.entries(lists)) {
    const rows = await spoken(list);
    assert.ok(rows.length, list);
    for (const row of rows) fits(schema, row, `neurath ${list}`);
  }
  const swap = (await service.get("history")).rows[0].id;
  for (const [kind, id, schema] of [
    ["machine", "m1", "machine"],
    ["release", "1", "release"],
    ["swap", String(swap), "history-row"],
    ["build", "1", "build"],
  ])
    fits(schema, await spoken("show", kind, id), `neurath show ${kind}`);
  fits("status", await spoken("status"));
  fits("plan", await spoken("plan", "--to", first.commit, "--all"));
  fits("action", await spoken("rollback", "--to", first.commit, "--all", "--dry-run"));
  for (const words of [
    ["unhold", "--all"],
    ["hold", "m1"],
    ["unhold", "--machine", "m1"],
    ["retry", "m1"],
  ])
    fits("action", await spoken(...words), words.join(" "));
});

test("neurath's errors: JSON on stderr, 1 for refused, 2 for wrong usage", async () => {
  for (const [code, ...words] of [
    [1, "show", "machine", "nobody"],
    [1, "rollback", "--to", "f".repeat(40), "--all", "--dry-run"],
    [2, "rollback"],
    [2, "nonsense"],
    [2, "history", "--limit", "x"],
  ]) {
    const answer = await neurath(...words);
    assert.equal(answer.code, code, `neurath ${words.join(" ")}: ${answer.stderr}`);
    assert.equal(answer.stdout, "");
    fits("error", JSON.parse(answer.stderr), words.join(" "));
  }
});
