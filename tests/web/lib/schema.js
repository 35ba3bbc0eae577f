// Validates answers against build-server/schema.
// SPDX-License-Identifier: MIT

import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tree } from "./tree.js";

const Ajv = createRequire(import.meta.url)("ajv/dist/2020.js").default;
const folder = tree("build-server/schema");
const ajv = new Ajv({
  allErrors: true,
  strict: true,
  strictRequired: false,
  strictTypes: false,
  allowUnionTypes: true,
});

export const names = readdirSync(folder)
  .filter((n) => n.endsWith(".json"))
  .map((n) => n.slice(0, -5));
for (const name of names) ajv.addSchema(JSON.parse(readFileSync(`${folder}/${name}.json`, "utf8")), `${name}.json`);

/* Gives what is wrong with VALUE, one line each; empty: nothing. */
export function validate(name, value) {
  const check = ajv.getSchema(`${name}.json`);
  return check(value)
    ? []
    : check.errors.map((e) => `${e.instancePath || "/"} ${e.message} ${JSON.stringify(e.params)}`);
}
