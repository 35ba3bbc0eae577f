// Where things are: the tree, and what make built of it.
// SPDX-License-Identifier: MIT

import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const top = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");

export function tree(...parts) {
  return join(top, ...parts);
}

export function built(...parts) {
  return resolve(top, process.env.B ?? "build", ...parts);
}
