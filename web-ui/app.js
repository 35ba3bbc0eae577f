// Starts the page: joins the store, the event stream, the lists, routes and keys.
// SPDX-License-Identifier: MIT

import { read, write } from "./api.js";
import { Builds } from "./builds.js";
import { command, el, fill, foreign, hash, plain, quiet, reconcile } from "./dom.js";
import { History, parseSearch, summary } from "./history.js";
import { goTo, keysOn, listen, setKeys } from "./keyboard.js";
import { Machines } from "./machines.js";
import { failure, more } from "./parts.js";
import { Releases } from "./releases.js";
import { Rollback } from "./rollback.js";
import { Store } from "./store.js";
import { Stream } from "./stream.js";
import { drawSummary } from "./summary.js";
import { duration, tick, utc } from "./time.js";

const STALE_MS = 40000; /* without contact: the data on the page is called stale */
const RECONNECT_MS = 8000; /* a reconnect that takes longer is called stale, too */

const $ = (id) => document.getElementById(id);

let words = [];
let route = { kind: null };
let arrived = false; /* the target of the route was scrolled to */
let waiting = new Set(); /* ids of history rows held back while the reader is further down */
let stream_state = { live: false, contact_ms: 0, retry_ms: 0 };
let draw_asked = false;
let pressed_until = 0; /* a pointer's button is down; by performance.now() */
let press_timer = 0;
const LONGEST_PRESS_MS = 2000; /* its release may be lost: outside the window, in a menu */

const store = new Store((name, row) => {
  if (name === "history") announce(row);
  draw();
});
const rollback = new Rollback(store, $("rollback"), $("rollback-form"), () => store.load());
const actions = { rollback: (scope) => rollback.open(scope), order };
const lists = {
  machines: new Machines(store, actions),
  swaps: new History(store, actions),
  releases: new Releases(store, actions),
  builds: new Builds(store),
};

/* At most one drawing per frame, however many events come; none between the press and the release of a button, or
 * the click would be lost with the row that it began on. */
function draw() {
  if (draw_asked) return;
  draw_asked = true;
  (document.hidden ? setTimeout : requestAnimationFrame)(() => {
    if (pressed_until > performance.now()) return; /* drawn when it is let go */
    draw_asked = false;
    drawNow();
  });
}

function letGo() {
  pressed_until = 0;
  clearTimeout(press_timer);
  if (!draw_asked) return;
  draw_asked = false;
  draw();
}

addEventListener(
  "pointerdown",
  () => {
    pressed_until = performance.now() + LONGEST_PRESS_MS;
    clearTimeout(press_timer);
    press_timer = setTimeout(letGo, LONGEST_PRESS_MS);
  },
  true
);
/* The click comes after this event, and before the timer. */
for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => setTimeout(letGo), true);

function shown(items, list) {
  return words.length
    ? items.filter((item) => {
        const text = list.text(item).toLowerCase();
        return words.every((w) => text.includes(w));
      })
    : items;
}

function drawList(name, kind, items, empty, what) {
  const view = lists[kind];
  const ul = $(`${name}-list`);
  const error = store.errors.get(name);
  const open = (item) => route.kind === kind && String(view.key(item)) === route.id;
  const visible = shown(items, view);
  const known = ul.rows;
  reconcile(
    ul,
    visible,
    view.key,
    (item) => view.signature(item, open(item)),
    (item) => view.render(item, open(item), known !== undefined && known.size > 0 && !known.has(String(view.key(item))))
  );
  ul.setAttribute("aria-busy", store.loaded ? "false" : "true");
  ul.hidden = !visible.length;
  const filtered = words.length || (name === "history" && Object.keys(store.filter).length);
  const state =
    error && error.status !== 401
      ? `failed ${error.message}`
      : !store.loaded
        ? "reading"
        : visible.length || error
          ? ""
          : filtered
            ? "filtered"
            : "empty";
  const next = store.next[name] ?? null;
  $(`${name}-foot`).dataset.kind = state.split(" ")[0];
  fill($(`${name}-foot`), JSON.stringify([state, next, state === "empty" && pushLines()]), () => [
    {
      reading: () => quiet("Reading…"),
      filtered: () => quiet("Nothing here matches the filter."),
      empty,
      "": () => null,
    }[state]?.() ??
      (state && failure(error, what, () => store.load())),
    next !== null && more(() => store.older(name)),
  ]);
  const tally = $(`${name}-count`);
  if (tally)
    tally.textContent = items.length
      ? (visible.length < items.length ? `${visible.length} of ${items.length}` : String(items.length)) +
        (store.next[name] ? "+" : "")
      : "";
}

/* What to type for a first swap; in a lab the clone is known, and the lines work from any folder. */
function pushLines() {
  const { lab, state, repository, branch } = store.status ?? {};
  const clone = lab && `${state}/clone`;
  const quote = (path) => (/^[\w./+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`);
  return [
    clone ? `git -C ${quote(clone)} push` : repository ? `git push ${quote(repository)} HEAD:${branch}` : "git push",
    clone && `cd ${quote(clone)}`,
    "$EDITOR kernel/app/hello/hello.c",
    'git commit -am "hello: say it differently"',
  ];
}

function drawNow() {
  store.index();
  const all = store.sorted("history");
  const [push, cd, ...edit] = pushLines();
  drawList(
    "machines",
    "machines",
    store.sortedMachines(),
    () => [quiet("No machine has enrolled yet. Start one in the lab:"), command("build/bin/neurath lab up")],
    "The machines"
  );
  drawList(
    "history",
    "swaps",
    all.filter((item) => !waiting.has(item.id)),
    () => [
      quiet("Nothing has been swapped yet. Change a cell and push it:"),
      [cd, ...edit, push].filter(Boolean).map(command),
    ],
    "The swap history"
  );
  drawList(
    "releases",
    "releases",
    store.sorted("releases"),
    () => [quiet("No release yet. The first push makes the first one:"), command(push)],
    "The releases"
  );
  drawList(
    "builds",
    "builds",
    store.sorted("builds"),
    () => [quiet("No build yet. A push starts one:"), command(push)],
    "The builds"
  );
  const pill = $("history-new");
  pill.hidden = !waiting.size;
  pill.textContent = `${waiting.size} new`;
  drawSummary(store, () => order("unhold", null));
  drawFrame();
  drawBadge();
  arrive();
}

function drawFrame() {
  const { status } = store;
  fill(
    $("channel"),
    JSON.stringify([status?.channel, status?.release, status?.commit]),
    () =>
      status && [
        `${plain(status.channel)} · ${status.release ? `V${status.release} ` : "no release yet"}`,
        status.commit && hash(status.commit),
      ]
  );
  $("version").textContent = status ? `Neurath ${plain(status.version)}` : "";
  $("fleet-rollback").hidden = !store.machines.size || store.releases.size < 2;
  drawNotice();
}

/* What stands in the way of the whole page. */
function drawNotice() {
  const error = store.errors.get("status");
  const stale = document.body.dataset.stale === "true";
  const signedOut = [401, 403].includes(error?.status);
  const kind = signedOut ? "signed out" : stale ? "stale" : error && !store.status ? "no server" : "";
  document.body.dataset.signedOut = signedOut;
  $("notice").hidden = !kind;
  fill($("notice"), kind, () =>
    signedOut
      ? [
          el(
            "p",
            null,
            el("strong", null, "You are signed out."),
            " A login link works once and for ten minutes. Get a fresh one in a terminal on the server, and open it here:"
          ),
          command("build/bin/neurath login"),
        ]
      : [
          el(
            "p",
            null,
            el("strong", null, "The server does not answer."),
            stale && ` What you see is from ${utc(new Date(stream_state.contact_ms).toISOString())} UTC.`,
            " Machines run on without it, and this page asks again by itself. What is wrong:"
          ),
          command("build/bin/neurath doctor"),
        ]
  );
}

function drawBadge() {
  const silent_ms = Date.now() - stream_state.contact_ms;
  const state =
    stream_state.live && silent_ms < STALE_MS
      ? "live"
      : !stream_state.contact_ms
        ? store.errors.get("status")?.code === "unreachable"
          ? "stale"
          : "connecting"
        : silent_ms > RECONNECT_MS
          ? "stale"
          : "reconnecting";
  const text =
    state === "live"
      ? "Live"
      : state === "stale"
        ? stream_state.contact_ms
          ? `Stale ${duration(silent_ms / 1000)}`
          : "No contact"
        : state === "reconnecting"
          ? "Reconnecting"
          : "Connecting";
  const badge = $("badge");
  if (badge.dataset.state !== state) {
    if (state === "stale" || badge.dataset.state === "stale")
      $("announce").textContent =
        state === "stale" ? "Contact with the server is lost." : "Contact with the server is back.";
    badge.dataset.state = state;
    document.body.dataset.stale = state === "stale" && stream_state.contact_ms > 0;
    drawNotice();
  }
  if ($("badge-text").textContent !== text) $("badge-text").textContent = text;
  const retry_s = Math.max(0, Math.ceil((stream_state.retry_ms - Date.now()) / 1000));
  badge.title =
    state === "live"
      ? "Events arrive as they happen."
      : stream_state.contact_ms
        ? `The data is from ${utc(new Date(stream_state.contact_ms).toISOString())} UTC. Next try in ${retry_s} s; click to try now.`
        : "Click to try now.";
}

function announce(row) {
  if (["permanent", "reverted", "refused", "failed", "trial"].includes(row.result))
    $("announce").textContent = summary(row);
  const list = $("history-list").getBoundingClientRect();
  const known = $("history-list").rows?.has(String(row.id));
  if (!known && list.top < 0 && list.bottom > 0) waiting.add(row.id);
}

/* Brings the row that the address names into view, once. */
function arrive() {
  if (arrived || !route.id || !store.loaded) return;
  const node = document.getElementById(`${route.kind}-${route.id}`);
  if (!node) return;
  arrived = true;
  if (!node.contains(document.activeElement)) node.querySelector(".handle").focus({ preventScroll: true });
  node.scrollIntoView({ block: "nearest" });
}

const KINDS = { machine: "machines", swap: "history", release: "releases", build: "builds" };

/* "#/swaps/42"; the service prints it as "#swap/42". */
async function navigate() {
  const [, kind, id] = /^#\/?(\w+?)s?\/(\w+)$/.exec(location.hash) ?? [];
  route = KINDS[kind] ? { kind: kind + "s", list: KINDS[kind], id } : { kind: null };
  arrived = false;
  if (route.kind === "swaps") waiting.delete(Number(route.id));
  draw();
  if (route.kind && store.loaded) await findTarget();
}

async function findTarget() {
  const { kind, list, id } = route;
  const known = [...store[list].keys()].some((k) => String(k) === id);
  if (!known)
    await store.fetchOne(list, id).catch((error) => {
      $("announce").textContent = `${kind} ${id}: ${error.message}`;
    });
}

async function order(verb, machine) {
  try {
    await write(verb, machine ? { machine: machine.id } : { all: true });
    $("announce").textContent = `${verb}: ordered.`;
    await Promise.all([store.loadStatus(), store.loadMachines()]);
  } catch (error) {
    $("announce").textContent = error.message;
    const node = machine && document.querySelector(`#machines-${CSS.escape(machine.id)} .actions`);
    (node ?? $("summary")).append(el("p.reason", { role: "alert" }, foreign(error.message)));
  }
  draw();
}

function nextTheme() {
  const root = document.documentElement;
  const next = { undefined: "light", light: "dark", dark: undefined }[root.dataset.theme];
  if (next) root.dataset.theme = next;
  else delete root.dataset.theme;
  try {
    next ? localStorage.setItem("neurath-theme", next) : localStorage.removeItem("neurath-theme");
  } catch {
    /* kept for this page only */
  }
  drawTheme();
}

function drawTheme() {
  const theme = document.documentElement.dataset.theme;
  $("theme").textContent = { light: "Light", dark: "Dark" }[theme] ?? "Auto";
  $("theme").setAttribute("aria-label", `Theme: ${theme ?? "as the system"}`);
}

function rollbackRow(node) {
  const [kind, id] = node ? [node.id.slice(0, node.id.indexOf("-")), node.id.slice(node.id.indexOf("-") + 1)] : [];
  if (kind === "machines") rollback.open({ machine: id });
  else if (kind === "swaps") {
    const item = store.history.get(Number(id));
    rollback.open({ machine: item.machine, to: item.from_commit ?? undefined });
  } else if (kind === "releases") {
    const item = store.releases.get(Number(id));
    rollback.open({ all: true, to: store.isSet(item) ? undefined : item.commit });
  } else if (store.machines.size) rollback.open({ all: true });
}

function search() {
  const { filter, words: parsed } = parseSearch($("search-text").value);
  words = parsed;
  clearTimeout(search.timer);
  search.timer = setTimeout(() => {
    const machine = filter.machine && [...store.machines.values()].find((m) => m.name === filter.machine);
    store.setFilter({ ...filter, ...(machine && { machine: machine.id }) });
  }, 150);
  draw();
}

async function probe() {
  try {
    return (await read("status")).events_id ?? 0;
  } catch {
    return null;
  }
}

/* Reads the lists anew, each time that events may have been missed. */
async function refresh() {
  clearTimeout(first_load);
  await store.load();
  stream.seen(store.status?.events_id ?? 0);
  drawNow();
  document.body.dataset.ready = "";
  if (route.id) await findTarget();
}

let generation = 0;
const stream = new Stream(
  "/api/v1/events",
  probe,
  (name, row) => store.event(name, row),
  (state) => {
    stream_state = { ...state };
    if (state.live ? state.generation !== generation : !store.loaded) {
      generation = state.generation;
      refresh();
    }
    drawBadge();
  }
);
/* The lists are read once the stream is open, so that nothing falls between; but not later than this. */
const first_load = setTimeout(refresh, 700);

function start() {
  $("badge").addEventListener("click", () => {
    stream.retry();
    refresh();
  });
  $("theme").addEventListener("click", nextTheme);
  $("help-open").addEventListener("click", () => $("help").showModal());
  $("keys-on").checked = keysOn();
  $("keys-on").addEventListener("change", (e) => setKeys(e.target.checked));
  $("fleet-rollback").addEventListener("click", () => rollback.open({ all: true }));
  $("skip").addEventListener("click", (e) => {
    e.preventDefault();
    goTo("machines");
  });
  $("search").addEventListener("submit", (e) => e.preventDefault());
  $("search-text").addEventListener("input", search);
  $("history-new").addEventListener("click", () => {
    waiting.clear();
    draw();
    goTo("history");
  });
  addEventListener(
    "scroll",
    () => {
      if (waiting.size && $("history-list").getBoundingClientRect().top >= 0) {
        waiting.clear();
        draw();
      }
    },
    { passive: true }
  );
  addEventListener("hashchange", navigate);
  document.addEventListener("visibilitychange", () => document.hidden || draw());
  listen($("search-text"), {
    help: () => $("help").showModal(),
    theme: nextTheme,
    rollback: rollbackRow,
    close: () => {
      if (route.id) location.hash = "#/";
    },
  });
  setInterval(() => {
    drawBadge();
    if (!document.hidden) tick();
  }, 1000);
  drawTheme();
  navigate();
  stream.start();
}

start();
