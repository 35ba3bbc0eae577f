// Runs the real service for a test: neurathd on free ports with a state folder of its own, a clone to push from,
// and machines that are the hosted client. Nothing outlives stop().
// SPDX-License-Identifier: MIT

import { execFileSync, spawn } from "node:child_process";
import {
  copyFileSync,
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { writeProject } from "./project.js";
import { built } from "./tree.js";

const START_MS = 30_000;
const BUILD_MS = 120_000;

const IDENTITY = {
  GIT_AUTHOR_NAME: "Ada Example",
  GIT_AUTHOR_EMAIL: "ada@example.invalid",
  GIT_COMMITTER_NAME: "Ada Example",
  GIT_COMMITTER_EMAIL: "ada@example.invalid",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
};

/* Resolves when CHECK gives something; asks again every 50 ms; the error names WHAT after LIMIT_MS. */
export async function until(what, check, limit_ms = 20_000) {
  const end = Date.now() + limit_ms;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > end) throw new Error(`not within ${limit_ms / 1000} s: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

function ended(child) {
  return child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((done) => child.once("exit", done));
}

async function end(child, limit_ms = 8000) {
  if (!child) return;
  child.kill("SIGTERM");
  const hard = setTimeout(() => child.kill("SIGKILL"), limit_ms);
  await ended(child);
  clearTimeout(hard);
}

export class Service {
  static async start() {
    const service = new Service();
    service.folder = mkdtempSync(join(tmpdir(), "w"));
    service.state = join(service.folder, "s");
    service.clone = join(service.state, "clone"); /* where a lab has it */
    service.machines = [];
    mkdirSync(service.state);
    service.log = createWriteStream(join(service.folder, "log"));
    await service.up();
    service.git(service.state, "clone", "-q", service.status.repository, "clone");
    return service;
  }

  /* Starts neurathd; after a stop on the same ports, so that pages find it again. */
  async up() {
    const ports = this.status
      ? ["--operator-port", new URL(this.url).port, "--machine-port", this.status.machine_port]
      : ["--operator-port", 0, "--machine-port", 0];
    this.server = spawn(built("bin/neurathd"), ["--state", this.state, ...ports.map(String), "--lab"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.server.stderr.pipe(this.log, { end: false });
    await new Promise((done, failed) => {
      let said = "";
      const late = setTimeout(() => failed(new Error(`neurathd is not ready: ${said}${this.tail()}`)), START_MS);
      this.server.stdout.on("data", (bytes) => {
        this.log.write(bytes);
        said += bytes;
        if (/\bready\b/.test(said)) {
          clearTimeout(late);
          done();
        }
      });
      this.server.once("exit", (code) => {
        clearTimeout(late);
        failed(new Error(`neurathd ended with ${code}: ${said}${this.tail()}`));
      });
    });
    this.status = JSON.parse(readFileSync(join(this.state, "run/status.json"), "utf8"));
    this.url = this.status.url.replace(/\/$/, "");
    this.token = readFileSync(this.status.token_file, "utf8").trim();
  }

  tail() {
    return readFileSync(join(this.folder, "log"), "utf8").split("\n").slice(-15).join("\n");
  }

  down() {
    return end(this.server);
  }

  async restart() {
    await this.down();
    await this.up();
  }

  async call(method, path, body) {
    const answer = await fetch(`${this.url}/api/v1/${path}`, {
      method,
      body: body && JSON.stringify(body),
      headers: { Authorization: `Bearer ${this.token}`, ...(body && { "Content-Type": "application/json" }) },
    });
    const text = await answer.text();
    const type = answer.headers.get("content-type") ?? "";
    return {
      status: answer.status,
      body: /json/.test(type) && text ? JSON.parse(text) : text,
      headers: answer.headers,
    };
  }

  async get(path) {
    const { status, body } = await this.call("GET", path);
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  async post(path, body = {}) {
    const answer = await this.call("POST", path, body);
    if (answer.status >= 300) throw new Error(`POST ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  async loginLink() {
    return (await this.post("login-code")).url;
  }

  /* The last of WORDS may be more of the environment. */
  git(folder, ...words) {
    const more = typeof words.at(-1) === "object" ? words.pop() : {};
    return execFileSync("git", words, {
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, ...IDENTITY, ...more },
      stdio: ["ignore", "pipe", "pipe"],
    }).trim();
  }

  /* Writes FILES into the clone and commits; pushes; gives {commit, said} with what the server answered. */
  async push(subject, files, author = IDENTITY.GIT_AUTHOR_NAME) {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.clone, name)), { recursive: true });
      writeFileSync(join(this.clone, name), text);
    }
    this.git(this.clone, "add", "-A");
    this.git(this.clone, "commit", "-q", "--allow-empty", "-m", subject, { GIT_AUTHOR_NAME: author });
    const commit = this.git(this.clone, "rev-parse", "HEAD");
    const child = spawn("git", ["push", "origin", "HEAD:main"], {
      cwd: this.clone,
      env: { ...process.env, ...IDENTITY },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (bytes) => {
        said += bytes;
        this.log.write(bytes);
      });
    const late = setTimeout(() => child.kill("SIGKILL"), BUILD_MS);
    await ended(child);
    clearTimeout(late);
    return { commit, said };
  }

  /* The first push: a small tree with two cells that this service can build. */
  async firstPush(subject = "tree: two small cells") {
    writeProject(this.clone);
    const pushed = await this.push(subject, {});
    await until(
      `release of ${pushed.commit}`,
      async () => (await this.get("releases")).rows.some((r) => r.commit === pushed.commit && r.state === "published"),
      BUILD_MS
    );
    return pushed;
  }

  /* A machine: the hosted client, with real TLS and real signatures, without a kernel below. It boots the current release. */
  async machine(name, options = []) {
    const folder = join(this.folder, name);
    const path = (file) => join(folder, file);
    mkdirSync(path("cells"), { recursive: true });
    const { release } = await this.get("status");
    for (const cell of (await this.get(`releases/${release}`)).cells)
      copyFileSync(join(this.state, "objects", cell.object.slice(0, 2), cell.object), path(`cells/${cell.name}.o`));
    const frame = await fetch(`${this.url}/api/v1/releases/${release}/frame`, {
      headers: { Authorization: `Bearer ${this.token}` },
    });
    writeFileSync(path("release"), Buffer.from(await frame.arrayBuffer()));
    writeFileSync(
      path("seed.json"),
      JSON.stringify(await this.get(`machines/${name}/seed?address=127.0.0.1&trial_ms=300`))
    );
    const child = spawn(
      built("bin/client-host"),
      [
        "--seed",
        path("seed.json"),
        "--dir",
        path("state"),
        "--cells",
        path("cells"),
        "--release",
        path("release"),
        "--report-blob",
        ...options,
      ],
      { stdio: ["ignore", "pipe", "pipe"] }
    );
    for (const stream of [child.stdout, child.stderr]) stream.pipe(this.log, { end: false });
    const machine = { name, child, stop: () => end(child) };
    this.machines.push(machine);
    machine.id = (
      await until(`${name} enrolled`, async () => (await this.get("machines")).rows.find((m) => m.name === name))
    ).id;
    return machine;
  }

  /* Waits until machine NAME runs COMMIT. */
  running(name, commit) {
    return until(
      `${name} runs ${commit.slice(0, 7)}`,
      async () => (await this.get("machines")).rows.find((m) => m.name === name && m.commit === commit),
      60_000
    );
  }

  async stop() {
    for (const machine of this.machines) await machine.stop();
    await this.down();
    await new Promise((done) => this.log.end(done));
    if (process.env.KEEP && existsSync(this.folder)) console.log(`kept: ${this.folder}`);
    else rmSync(this.folder, { recursive: true, force: true });
  }
}
