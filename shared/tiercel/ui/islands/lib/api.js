// The public REST API, and the addresses of pages. The only place that fetches.
const meta = (name) => document.querySelector(`meta[name="tiercel-${name}"]`)?.content ?? "";

export const base = () => meta("api") || "/api/v1/main";
export const pages = () => meta("ui") || "/ui";
export const nonce = () => meta("nonce");
export const csrf = () => meta("csrf");

/** An answer that is an error: what the server said. */
export class ApiError extends Error {
  constructor(status, body) {
    super(body?.detail || body?.message || (status ? `The server answered ${status}` : "The server cannot be reached"));
    this.status = status;
    this.errors = body?._embedded?.errors ?? [];
  }
}

/** Return an address below the API: parts are encoded, parameters of null left out. */
export function address(parts, query = {}) {
  const path = parts.map((part) => `/${encodeURIComponent(part)}`).join("");
  const found = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const each of [value].flat()) if (each !== null && each !== undefined && each !== "") found.append(name, each);
  }
  const text = found.toString();
  return base() + path + (text ? `?${text}` : "");
}

/**
 * Ask the API.
 * @param {string[]} parts the path's segments
 * @param {{method?: string, query?: object, json?: unknown, yaml?: string, text?: string, form?: FormData, signal?: AbortSignal}} [how]
 * @returns {Promise<unknown>} what the JSON says; null for an empty answer
 * @throws {ApiError}
 */
export async function ask(parts, how = {}) {
  return parsed(await (await answered(parts, how)).text());
}

/**
 * Ask the API for what is no JSON, such as a file.
 * @param {string[]} parts @param {object} [how] as `ask` has it
 * @returns {Promise<Uint8Array>}
 * @throws {ApiError}
 */
export async function bytes(parts, how = {}) {
  return new Uint8Array(await (await answered(parts, how)).arrayBuffer());
}

async function answered(parts, how) {
  const headers = { Accept: "application/json" };
  let body = how.form;
  if (how.json !== undefined) [headers["Content-Type"], body] = ["application/json", JSON.stringify(how.json)];
  if (how.yaml !== undefined) [headers["Content-Type"], body] = ["application/x-yaml", how.yaml];
  if (how.text !== undefined) [headers["Content-Type"], body] = ["text/plain", how.text];
  const method = how.method ?? (body === undefined ? "GET" : "POST");
  if (method !== "GET" && csrf()) headers["X-CSRF-Token"] = csrf();
  let answer;
  try {
    answer = await fetch(address(parts, how.query), { method, headers, body, signal: how.signal, credentials: "same-origin" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, null);
  }
  if (!answer.ok) throw new ApiError(answer.status, parsed(await answer.text()));
  return answer;
}

function parsed(text) {
  if (!text) return null;
  try {
    return JSON.parse(text);
  } catch {
    return { message: text.slice(0, 500) };
  }
}

/** Return the address of a page: `page(["flows", "edit", ns, id], {tab: 1})`. */
export function page(parts, query = {}) {
  return pages() + address(parts, query).slice(base().length);
}

export const executionPage = (run, tab = "") =>
  page(["executions", run.namespace, run.flowId, run.executionId ?? run.id, ...(tab ? [tab] : [])]);
export const flowPage = (namespace, flow, tab = "") => page(["flows", "edit", namespace, flow, ...(tab ? [tab] : [])]);
