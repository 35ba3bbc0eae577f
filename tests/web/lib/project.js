// A small tree for pushes: this project's own build rules with two cells, which compile in a second.
// SPDX-License-Identifier: MIT

import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { tree } from "./tree.js";

/* What `make cells` of the real tree needs besides cells: the rules, the boot stub, and the tool that makes objects canonical.
 * Folders are taken without their cell.mk, so that they are no cells here. */
const TAKEN = ["Makefile", "mk", "deploy", "kernel/boot", "kernel/tools", "kernel/core", "kernel/lib/base"];

const cell = (name) => `cell    := ${name}\nkind    := app\nstart   := app\n`;

/* The files of cell hello that say TEXT and count by STEP. */
export function hello(text, step) {
  return {
    "kernel/app/hello/hello.c": `/* Counts, and says a word. */
/* SPDX-License-Identifier: MIT */
int hello_start(void);
const char *hello_text(void);

static int count;

const char *hello_text(void)
{
    return "${text}";
}

int hello_start(void)
{
    count += ${step};
    return count;
}
`,
  };
}

/* The same cell, whose object `tally` has FIELDS ("int count; long more;"); it counts in the first of them, `count`. */
export function tally(fields) {
  return {
    "kernel/app/hello/hello.c": `/* Counts in a struct. */
/* SPDX-License-Identifier: MIT */
int hello_start(void);

struct tally { ${fields} };
static struct tally tally;

int hello_start(void)
{
    tally.count++;
    return (int)tally.count;
}
`,
  };
}

export function writeProject(folder) {
  for (const name of TAKEN)
    cpSync(tree(name), join(folder, name), { recursive: true, filter: (path) => basename(path) !== "cell.mk" });
  const files = {
    ...hello("one", 1),
    "kernel/app/hello/cell.mk": cell("hello"),
    "kernel/app/harbour/cell.mk": cell("harbour"),
    ".gitignore": "/build/\n",
    "kernel/app/harbour/harbour.c": `/* A second cell, which stays as it is. */
/* SPDX-License-Identifier: MIT */
int harbour_start(void);

int harbour_start(void)
{
    return 0;
}
`,
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}
