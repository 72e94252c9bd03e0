import { ProblemError, SigilError, refused } from "./errors.js";
import { parse, stringify } from "./json.js";

export interface ClientOptions {
  /** Whose memories the client encodes and sees. The daemon decides if it is not set. */
  tenant?: string;
  /** Sent with each request, such as Authorization for a proxy before the daemon. A WebSocket cannot send them. */
  headers?: Record<string, string>;
  /** How many times a call is tried again that failed and may be repeated; 3 unless it is set. */
  retries?: number;
  /** Sends the requests; the global one unless it is set. */
  fetch?: typeof fetch;
  /** Opens live connections; the global one unless it is set. Node.js has one from version 22 on. */
  WebSocket?: typeof WebSocket;
}

/** Values of a query. Those that are undefined are left out. */
export type Query = Record<string, string | number | bigint | boolean | Date | readonly string[] | undefined>;

export interface Call {
  method: string;
  path: string;
  query?: Query;
  body?: unknown;
  headers?: Record<string, string>;
  /** Whether the call may be repeated if it is unknown whether the daemon carried it out. */
  repeatable: boolean;
  signal?: AbortSignal | undefined;
}

const firstPause = 100;
const longestPause = 5_000;
/** A daemon that asks for a longer wait than this gets no second attempt: the caller learns when to come back. */
const longestRetryAfter = 30_000;

/** The codes with which the daemon says that it did nothing, so that any call may be repeated. */
const untouched = new Set(["not_ready", "busy", "search_building", "too_many_streams", "too_many_subscribers", "idempotency_in_flight"]);

/** Sends requests to one daemon. */
export class Transport {
  readonly base: string;
  readonly tenant: string | undefined;
  readonly retries: number;
  readonly #headers: Record<string, string>;
  readonly #fetch: typeof fetch;
  readonly #WebSocket: typeof WebSocket | undefined;

  constructor(address: string, options: ClientOptions) {
    let url: URL;
    try {
      url = new URL(address.includes("://") ? address : `http://${address}`);
    } catch {
      throw new SigilError("invalid", "the address is neither host:port nor a URL");
    }
    if (url.protocol !== "http:" && url.protocol !== "https:") throw new SigilError("invalid", "the address must begin with http:// or https://, or be host:port");
    if (url.search || url.hash) throw new SigilError("invalid", "the address must not have a query or fragment");
    this.base = url.href.replace(/\/+$/, "");
    this.tenant = options.tenant;
    this.retries = options.retries ?? 3;
    this.#headers = { ...options.headers, ...(options.tenant ? { "Sigil-Tenant": options.tenant } : {}) };
    this.#fetch = options.fetch ?? ((...args) => fetch(...args)); // called through this, as browsers demand
    this.#WebSocket = options.WebSocket ?? globalThis.WebSocket;
  }

  /** Makes a call, again if need be, and returns the JSON of its answer; undefined if it has none. */
  async call(c: Call): Promise<unknown> {
    return (await this.answer(c)).value;
  }

  /** Is like call, and returns the headers of the answer too. */
  async answer(c: Call): Promise<{ value: unknown; headers: Headers }> {
    for (let attempt = 0; ; attempt++) {
      try {
        const answer = await this.send(c, "application/json");
        return { value: await this.#read(answer, c), headers: answer.headers };
      } catch (error) {
        const wait = attempt < this.retries ? pause(error, attempt, c.repeatable) : undefined;
        if (wait === undefined) throw error;
        await sleep(wait, c.signal);
      }
    }
  }

  /** Makes one attempt, and returns the answer if it is a success. Its body is not read yet. */
  async send(c: Call, accept: string): Promise<Response> {
    const headers: Record<string, string> = { ...this.#headers, ...c.headers, Accept: `${accept}, application/problem+json` };
    const init: RequestInit = { method: c.method, headers };
    if (c.body !== undefined) {
      headers["Content-Type"] = "application/json";
      init.body = stringify(c.body);
    }
    if (c.signal) init.signal = c.signal;
    let answer: Response;
    try {
      answer = await this.#fetch(this.url(c), init);
    } catch (error) {
      throw this.#unreachable(error, c, "no answer");
    }
    if (!answer.ok) throw await refused(answer);
    return answer;
  }

  async #read(answer: Response, c: Call): Promise<unknown> {
    let text: string;
    try {
      text = await answer.text();
    } catch (error) {
      throw this.#unreachable(error, c, "the answer broke off");
    }
    if (text === "") return undefined;
    try {
      return parse(text);
    } catch (error) {
      throw new SigilError("not_sigil", `the answer from ${this.base} is not JSON: is a Sigil daemon there?`, { cause: error });
    }
  }

  #unreachable(error: unknown, c: Call, what: string): unknown {
    if (c.signal?.aborted) return c.signal.reason;
    return new SigilError("unreachable", `${what} from ${this.base}`, { cause: error });
  }

  url(c: { path: string; query?: Query }): string {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(c.query ?? {})) {
      if (value === undefined) continue;
      if (value instanceof Date) query.append(name, value.toISOString());
      else if (typeof value === "object") for (const item of value) query.append(name, item);
      else query.append(name, String(value));
    }
    const text = query.toString();
    return this.base + c.path + (text && `?${text}`);
  }

  /** Opens a WebSocket. A page cannot set its headers, so the tenant is in the query. */
  webSocket(path: string): WebSocket {
    if (!this.#WebSocket) {
      throw new SigilError("invalid", "this runtime has no WebSocket: use Node.js 22 or newer, start Node.js 20 with --experimental-websocket, or set the option WebSocket");
    }
    return new this.#WebSocket(this.url({ path, query: { tenant: this.tenant } }).replace(/^http/, "ws"));
  }
}

/** Returns how many milliseconds to wait before the next attempt; undefined if another would not help, or might do it twice. */
function pause(error: unknown, attempt: number, repeatable: boolean): number | undefined {
  if (!(error instanceof SigilError)) return undefined;
  const wait = Math.min(firstPause * 2 ** attempt, longestPause) * (0.5 + Math.random() / 2);
  if (error instanceof ProblemError) {
    const did = !untouched.has(error.code) && error.status !== 429;
    if (did && !(repeatable && error.kind === "unavailable")) return undefined;
    if (error.retryAfter > longestRetryAfter) return undefined;
    return Math.max(wait, error.retryAfter);
  }
  return error.kind === "unreachable" && (repeatable || refusedToConnect(error.cause)) ? wait : undefined;
}

/** Reports whether nothing listens at the address. Only Node.js and Deno tell. */
function refusedToConnect(error: unknown): boolean {
  for (let e = error; e instanceof Error; e = e.cause) if ("code" in e && e.code === "ECONNREFUSED") return true;
  return false;
}

/** Waits. It fails with the signal's reason if the signal aborts it. */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const aborted = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", aborted);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", aborted, { once: true });
  });
}
