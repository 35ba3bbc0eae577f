// Calls the service: one function for reading, one for writing, one shape of error.
// SPDX-License-Identifier: MIT

const ROOT = "/api/v1/";
const TIMEOUT_MS = 20000;

export class ApiError extends Error {
  /* code "unreachable": no answer at all; otherwise the service's own code. */
  constructor(status, code, text) {
    super(text);
    this.status = status;
    this.code = code;
  }
}

async function call(path, options) {
  let answer;
  try {
    answer = await fetch(ROOT + path, {
      credentials: "same-origin",
      redirect: "error",
      cache: "no-store",
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...options,
    });
  } catch {
    throw new ApiError(0, "unreachable", "The server does not answer.");
  }
  if (answer.ok) return answer;
  let body = {};
  try {
    body = await answer.json();
  } catch {
    /* the status says enough */
  }
  throw new ApiError(answer.status, body.code ?? "http", body.text ?? `The server answered ${answer.status}.`);
}

export async function read(path) {
  const answer = await call(path, {});
  try {
    return await answer.json();
  } catch {
    throw new ApiError(answer.status, "unreadable", "The server's answer could not be read.");
  }
}

export async function readText(path) {
  return (await call(path, {})).text();
}

export async function write(path, body) {
  const answer = await call(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  try {
    return await answer.json();
  } catch {
    return {};
  }
}

export function query(parameters) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters))
    if (value !== null && value !== undefined && value !== "") search.set(name, value);
  const text = search.toString();
  return text ? "?" + text : "";
}
