// The schemas: well formed, and of one mind with the API's description.
// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { names, validate } from "./lib/schema.js";
import { tree } from "./lib/tree.js";

const api = JSON.parse(readFileSync(tree("build-server/openapi.json"), "utf8")).components.schemas;
const same = {
  Attempt: "history-row",
  Machine: "machine",
  Build: "build",
  Release: "release",
  Status: "status",
  Error: "error",
  Action: "action",
  PlanAnswer: "plan",
};

const load = (name) => JSON.parse(readFileSync(tree("build-server/schema", `${name}.json`), "utf8"));

test("every schema compiles", () => {
  assert.ok(names.length >= 9);
  for (const name of names) validate(name, {});
});

for (const [described, name] of Object.entries(same))
  test(`${name}.json names what the API's ${described} names`, () => {
    const schema = load(name);
    assert.deepEqual(Object.keys(schema.properties).sort(), Object.keys(api[described].properties).sort());
    assert.deepEqual([...schema.required].sort(), [...api[described].required].sort());
  });

for (const [described, name, field] of [
  ["Attempt", "history-row", "result"],
  ["Attempt", "history-row", "trigger"],
  ["Machine", "machine", "state"],
  ["Build", "build", "state"],
  ["Release", "release", "state"],
  ["Release", "release", "trigger"],
])
  test(`${name}.json and the API know the same words of ${field}`, () => {
    assert.deepEqual([...load(name).properties[field].enum].sort(), [...api[described].properties[field].enum].sort());
  });

const attempt = {
  id: 1,
  time: "2026-01-02T03:04:05.678Z",
  machine: "0123456789abcdef",
  release: 3,
  from_commit: null,
  to_commit: "a".repeat(40),
  cells: [],
  trigger: "push",
  by: { kind: "pusher", name: "x" },
  result: "permanent",
  pause_ns: null,
  stage_ms: {},
  bytes: 0,
  reason: null,
  cause: null,
  machine_name: "m1",
  from_subject: null,
  to_subject: "s",
  to_author: "a",
  finished: null,
  note: null,
};

test("a row is taken as it should be, and refused with a wrong time, result or missing reason", () => {
  assert.deepEqual(validate("history-row", attempt), []);
  for (const change of [
    { time: "2026-01-02 03:04:05" },
    { result: "done" },
    { result: "refused" },
    { machine: "m1" },
    { pause_ns: -1 },
    { trigger: "revert" },
    { stage_ms: { thinking: 3 } },
    { to_commit: "abc" },
  ])
    assert.notDeepEqual(validate("history-row", { ...attempt, ...change }), [], JSON.stringify(change));
});
