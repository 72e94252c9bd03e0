import { Connection } from "./connection.js";
import { ProblemError, SigilError } from "./errors.js";
import { follow, type Reader } from "./follow.js";
import type { Transport } from "./transport.js";
import type { CallOptions, Change, Draft, Event, FollowOptions, LiveMessage, LiveRequest, Memory, Position, Problem, Token } from "./types.js";

/** How many entries wait for a slow loop. What comes after them is read again when the loop has taken them. */
const mostQueued = 10_000;

/**
 * A connection (a WebSocket) that carries many requests at once, and a subscription. The first call opens it, and a call
 * after it broke opens it again. For throughput, send without waiting for each answer.
 */
export class Live {
  readonly #transport: Transport;
  #connection: Connection | undefined;
  #closed = false;
  #following = false;

  /** Clients make these: client.live(). */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Closes the connection. Calls in progress fail, and later ones too. */
  close(): void {
    this.#closed = true;
    this.#connection?.end(closed());
  }

  /** Like Client.encode. If the connection breaks before the answer, a draft with an idempotency key is sent again, once. */
  async encode(draft: Draft, options?: CallOptions): Promise<Memory> {
    const { idempotencyKey, ...sigil } = draft;
    if (idempotencyKey === undefined) return this.#memory({ op: "encode", sigil }, options);
    const request: Omit<LiveRequest, "id"> = { op: "encode", sigil, idempotencyKey };
    try {
      return await this.#memory(request, options);
    } catch (error) {
      if (!(error instanceof SigilError) || error.kind !== "unreachable") throw error;
      return this.#memory(request, options);
    }
  }

  /** Like Client.recall. */
  async recall(id: string, options?: CallOptions): Promise<Memory> {
    return this.#memory({ op: "recall", memory: id }, options);
  }

  /** Like Client.forget. */
  async forget(id: string, options?: CallOptions): Promise<void> {
    await this.forgetWithUndo(id, options);
  }

  /** Like Client.forgetWithUndo. */
  async forgetWithUndo(id: string, options?: CallOptions): Promise<string | null> {
    const { restorableUntil } = await this.#ask({ op: "forget", memory: id }, options);
    return restorableUntil ?? null;
  }

  /** Like Client.correct. If the connection breaks before the answer, a draft with an idempotency key is sent again, once. */
  async correct(id: string, draft: Draft, options?: CallOptions): Promise<Memory> {
    const { idempotencyKey, ...sigil } = draft;
    const request: Omit<LiveRequest, "id"> = { op: "correct", memory: id, sigil };
    if (idempotencyKey === undefined) return this.#memory(request, options);
    try {
      return await this.#memory({ ...request, idempotencyKey }, options);
    } catch (error) {
      if (!(error instanceof SigilError) || error.kind !== "unreachable") throw error;
      return this.#memory({ ...request, idempotencyKey }, options);
    }
  }

  /** Like Client.restore. */
  async restore(id: string, options?: CallOptions): Promise<Memory> {
    return this.#memory({ op: "restore", memory: id }, options);
  }

  /** Like Client.change. */
  async change(id: string, change: Change, options?: CallOptions): Promise<Memory> {
    return this.#memory({ op: "change", memory: id, change }, options);
  }

  /** Like Client.follow. Only one such loop can run at a time on a connection. */
  async *events(options: FollowOptions = {}): AsyncGenerator<Event, void, undefined> {
    if (this.#following) throw new SigilError("conflict", "another loop reads this connection's events");
    this.#following = true;
    try {
      yield* follow(options, (after, reader) => this.#subscribe(after, reader, options.signal));
    } finally {
      this.#following = false;
    }
  }

  async *#subscribe(after: Position | Token | undefined, reader: Reader, signal: AbortSignal | undefined): AsyncGenerator<Event, void, undefined> {
    const connection = await this.#connect();
    const queue: Event[] = [];
    let ended: Problem | undefined;
    let full = false; // entries have been dropped
    let wake = () => {};
    connection.told = (message?: LiveMessage) => {
      if (message?.type === "recalled") reader.recalled?.({ memories: message.memories ?? [], more: message.more ?? false });
      full ||= queue.length >= mostQueued;
      if (message?.type === "events" && !full) queue.push(...(message.events ?? []));
      if (message?.type === "ended") ended = message.problem;
      wake();
    };
    const aborted = () => wake();
    signal?.addEventListener("abort", aborted);
    let subscribed = false;
    try {
      const begun = await connection.ask({ op: "subscribe", ...(after === undefined ? {} : { after }), ...(reader.recalled ? { recalls: true } : {}) }, signal);
      subscribed = true;
      const from = begun.token ?? begun.after;
      if (from !== undefined) reader.begun(from);
      for (;;) {
        signal?.throwIfAborted();
        const event = queue.shift();
        if (event) yield event;
        else if (ended) throw new ProblemError(ended);
        else if (connection.error) throw connection.error;
        else if (full) return;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      signal?.removeEventListener("abort", aborted);
      connection.told = undefined;
      if (subscribed && !ended && !connection.error) await connection.ask({ op: "unsubscribe" }, undefined).catch(() => {});
    }
  }

  async #memory(request: Omit<LiveRequest, "id">, options: CallOptions | undefined): Promise<Memory> {
    const { memory } = await this.#ask(request, options);
    if (!memory) throw new SigilError("not_sigil", "the answer has no memory");
    return memory;
  }

  async #ask(request: Omit<LiveRequest, "id">, options: CallOptions | undefined): Promise<LiveMessage> {
    options?.signal?.throwIfAborted();
    const connection = await this.#connect();
    return connection.ask(request, options?.signal);
  }

  /** Returns the connection, and opens it if necessary. */
  async #connect(): Promise<Connection> {
    if (this.#closed) throw closed();
    if (!this.#connection || this.#connection.error) this.#connection = new Connection(this.#transport.webSocket("/v1/ws"));
    const connection = this.#connection;
    await connection.opened;
    if (connection.error) throw connection.error;
    return connection;
  }
}

function closed(): SigilError {
  return new SigilError("closed", "the live connection is closed");
}
