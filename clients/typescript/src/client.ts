import { SigilError } from "./errors.js";
import { follow } from "./follow.js";
import { Live } from "./live.js";
import { stream } from "./stream.js";
import { Transport, type Call, type ClientOptions, type Query } from "./transport.js";
import type {
  BatchItem, CallOptions, Change, Draft, Erase, Erased, Event, EventPage, Explanation, FollowOptions, Forecast, ForecastQuery, Hit, ListQuery, Memory, MemoryPage,
  Position, ReceiptKey, RelatedPage, RelatedQuery, Removed, RemovedPage, RemovedQuery, RestoredItem, RestoredPage, Search, SearchPage, Stats, Token, Version, VersionPage, TenantPolicy,
} from "./types.js";

/** The address that a daemon listens on by default. */
export const defaultAddress = "http://127.0.0.1:7433";

/**
 * Speaks to one daemon as one tenant. Any number of calls may run at once. It does no I/O before the first.
 *
 * A call that fails is tried again, after growing pauses, if the daemon did nothing, or if to do it twice is to do it once:
 * reads, pins, and encodes, which get an idempotency key for that. Recalls, forgets and restores whose answer was lost are not.
 */
export class Client {
  readonly #transport: Transport;

  /** address is a URL, with a path if the daemon is behind one, or host:port. */
  constructor(address: string = defaultAddress, options: ClientOptions = {}) {
    this.#transport = new Transport(address, options);
  }

  /** Stores a draft, and returns the memory. It is durable then. */
  async encode(draft: Draft, options?: CallOptions): Promise<Memory> {
    const { idempotencyKey = this.#key(), ...body } = draft;
    const headers: Record<string, string> = idempotencyKey === undefined ? {} : { "Idempotency-Key": idempotencyKey };
    return this.#call("POST", "/v1/sigils", { body, headers, repeatable: idempotencyKey !== undefined, signal: options?.signal });
  }

  /** Stores many drafts, and returns a result for each, in order. Those with a memory are durable; itemError has the errors of others. */
  async encodeBatch(drafts: readonly Draft[], options?: CallOptions): Promise<BatchItem[]> {
    if (drafts.length === 0) return [];
    const key = this.#key();
    const body = key === undefined ? drafts : drafts.map((draft, i) => ({ idempotencyKey: `${key}-${i}`, ...draft }));
    const page = await this.#call<{ results: BatchItem[] }>("POST", "/v1/sigils:batch", {
      body, repeatable: body.every((draft) => draft.idempotencyKey !== undefined), signal: options?.signal,
    });
    return page.results;
  }

  /** Reads one memory, and refreshes it. */
  async recall(id: string, options?: CallOptions): Promise<Memory> {
    return this.#call("POST", `${at(id)}:recall`, { repeatable: false, ...options });
  }

  /** Recalls each of ids, and returns a result for each, in order. If they do not fit into one answer, it makes several requests. */
  async recallMany(ids: readonly string[], options?: CallOptions): Promise<BatchItem[]> {
    const items: BatchItem[] = [];
    while (items.length < ids.length) {
      const { results } = await this.#call<{ results: BatchItem[] }>("POST", "/v1/sigils:recall", {
        body: { ids: ids.slice(items.length) }, repeatable: false, ...options,
      });
      if (results.length === 0) throw new SigilError("not_sigil", "the answer has no results");
      const full = results.findIndex((item, i) => i > 0 && item.problem?.code === "answer_full");
      items.push(...(full < 0 ? results : results.slice(0, full)));
    }
    return items;
  }

  /** Reads one memory without refreshing it. */
  async peek(id: string, options?: CallOptions): Promise<Memory> {
    return this.#get(at(id), {}, options);
  }

  /**
   * Stores a draft as a memory that takes the place of another one, and returns it. From then on reads, searches and lists have only the
   * new one, and history has both. What the draft does not say is as it was with the old one: tags, state, pin, the end of its ttl, life and policy. The error is of kind
   * `not_found` if there is no such memory, and `conflict` with the code superseded if it was corrected before: supersededBy is the
   * memory that took its place. Reads of a superseded memory are of kind `gone`, with the same code.
   */
  async correct(id: string, draft: Draft, options?: CallOptions): Promise<Memory> {
    const { idempotencyKey = this.#key(), ...body } = draft;
    const headers: Record<string, string> = idempotencyKey === undefined ? {} : { "Idempotency-Key": idempotencyKey };
    return this.#call("POST", `${at(id)}:correct`, { body, headers, repeatable: idempotencyKey !== undefined, signal: options?.signal });
  }

  /** Returns one page of the chain of corrections that a memory belongs to, live or superseded, the newest first. */
  async history(id: string, query: RemovedQuery = {}, options?: CallOptions): Promise<VersionPage> {
    return this.#get(`${at(id)}/history`, { ...query }, options);
  }

  /** Returns the whole chain of corrections that a memory belongs to. Pages are requested as the loop reaches them. */
  async *historyAll(id: string, query: RemovedQuery = {}, options?: CallOptions): AsyncGenerator<Version, void, undefined> {
    yield* pages(query.cursor, async (cursor) => {
      const page = await this.history(id, { ...query, ...(cursor === undefined ? {} : { cursor }) }, options);
      return [page.versions, page.next];
    });
  }

  /** Removes one memory. The removal is durable when the call returns. */
  async forget(id: string, options?: CallOptions): Promise<void> {
    await this.forgetWithUndo(id, options);
  }

  /** Is like forget, and returns the time from which on the memory cannot be restored any more, or null if it cannot be restored at all. */
  async forgetWithUndo(id: string, options?: CallOptions): Promise<string | null> {
    const { headers } = await this.#transport.answer({ method: "DELETE", path: at(id), repeatable: false, ...options });
    return headers.get("Sigil-Restorable-Until");
  }

  /**
   * Brings back a memory that faded, was evicted or was forgotten, with its id, content, tags, crystal and recalls; its idleness starts
   * anew. It is durable then. The error is of kind `not_found` if the memory was never encoded or its time to be restored is over, and
   * `conflict` if it was not removed (code not_removed) or the daemon keeps no removed memories (undo_off), and `full` if the tenant would
   * be over its quota (quota_full).
   */
  async restore(id: string, options?: CallOptions): Promise<Memory> {
    return this.#call("POST", `${at(id)}:restore`, { repeatable: false, ...options });
  }

  /** Restores each of ids, and returns a result for each, in order, without the content of the memories; itemError has the errors. */
  async restoreMany(ids: readonly string[], options?: CallOptions): Promise<RestoredItem[]> {
    if (ids.length === 0) return [];
    const page = await this.#call<RestoredPage>("POST", "/v1/sigils:restore", { body: { ids }, repeatable: false, ...options });
    return page.results;
  }

  /**
   * Restores all memories that journal entries removed whose positions are over from and at most to, in as many requests as that
   * needs. It returns a result for each, in the order of the entries; see restoreMany.
   */
  async restoreSpan(from: Position, to: Position, options?: CallOptions): Promise<RestoredItem[]> {
    const items: RestoredItem[] = [];
    for (;;) {
      const page = await this.#call<RestoredPage>("POST", "/v1/sigils:restore", { body: { from, to }, repeatable: false, ...options });
      items.push(...page.results);
      if (page.next === undefined || page.next >= to) return items;
      if (page.next <= from) throw new SigilError("not_sigil", "the answer does not go on");
      from = page.next;
    }
  }

  /**
   * Erases memories for good, which exactly one of ids, tags, query and all chooses: nothing of them stays, and they cannot be restored.
   * It answers a receipt that the store has signed; with dryRun it only counts.
   *
   * When it returns, the bytes have left the files that the store reaches, which may take longer than other calls; `remains` in the
   * receipt says where else they may be. After an error some may be erased: the same call again erases the rest.
   */
  async erase(what: Erase, options?: CallOptions): Promise<Erased> {
    return this.#call("POST", "/v1/sigils:erase", { body: what, repeatable: what.dryRun === true, ...options });
  }

  /** Erases one memory, live or removed, like erase. If there is none, the error is of kind `not_found`. */
  async eraseOne(id: string, options?: CallOptions): Promise<Erased> {
    return this.#call("DELETE", at(id), { query: { erase: true }, repeatable: false, ...options });
  }

  /** Returns the key with which the receipts of the daemon's store are verified. */
  async receiptKey(options?: CallOptions): Promise<ReceiptKey> {
    return this.#get("/v1/receipts/key", {}, options);
  }

  /** Returns one page of the memories that can be restored, the one removed last first. */
  async removed(query: RemovedQuery = {}, options?: CallOptions): Promise<RemovedPage> {
    return this.#get("/v1/removed", { ...query }, options);
  }

  /** Returns all memories that can be restored. Pages are requested as the loop reaches them. */
  async *removedAll(query: RemovedQuery = {}, options?: CallOptions): AsyncGenerator<Removed, void, undefined> {
    yield* pages(query.cursor, async (cursor) => {
      const page = await this.removed({ ...query, ...(cursor === undefined ? {} : { cursor }) }, options);
      return [page.removed, page.next];
    });
  }

  /** Keeps one memory from fading until it is unpinned. */
  async pin(id: string, options?: CallOptions): Promise<Memory> {
    return this.#call("POST", `${at(id)}:pin`, { repeatable: true, ...options });
  }

  /** Ends the effect of a pin. */
  async unpin(id: string, options?: CallOptions): Promise<Memory> {
    return this.#call("POST", `${at(id)}:unpin`, { repeatable: true, ...options });
  }

  /** Changes tags, ttl, life and pin of one memory, all at once or not at all, and returns it as it is then. What is left out stays
      as it is, and null removes. */
  async change(id: string, change: Change, options?: CallOptions): Promise<Memory> {
    return this.#call("PATCH", at(id), { body: change, repeatable: true, ...options });
  }

  /** Returns one page of what a search finds, best first. It refreshes nothing unless the search has `recall`. */
  async search(search: Search, options?: CallOptions): Promise<SearchPage> {
    return this.#call("POST", "/v1/sigils:search", { body: search, repeatable: !search.recall, ...options });
  }

  /** Returns all that a search finds. Pages are requested as the loop reaches them. */
  async *searchAll(search: Search, options?: CallOptions): AsyncGenerator<Hit, void, undefined> {
    yield* pages(search.cursor, async (cursor) => {
      const page = await this.search({ ...search, ...(cursor === undefined ? {} : { cursor }) }, options);
      return [page.hits, page.next];
    });
  }

  /** Returns one page of memories, newest first unless the query says otherwise. */
  async list(query: ListQuery = {}, options?: CallOptions): Promise<MemoryPage> {
    const { tags, query: q, ...others } = query;
    return this.#get("/v1/sigils", { ...others, tag: tags, q }, options);
  }

  /** Returns all memories that a list has. Pages are requested as the loop reaches them. */
  async *listAll(query: ListQuery = {}, options?: CallOptions): AsyncGenerator<Memory, void, undefined> {
    yield* pages(query.cursor, async (cursor) => {
      const page = await this.list({ ...query, ...(cursor === undefined ? {} : { cursor }) }, options);
      return [page.memories, page.next];
    });
  }

  /** Returns the memories that resonate with one, strongest first. */
  async related(id: string, query: RelatedQuery = {}, options?: CallOptions): Promise<RelatedPage> {
    return this.#get(`${at(id)}/related`, { ...query }, options);
  }

  /** Returns why a memory is alive or gone, with the arithmetic and its history. */
  async explain(id: string, options?: CallOptions): Promise<Explanation> {
    return this.#get(`${at(id)}/explain`, {}, options);
  }

  /** Returns what fades within a time if nothing is recalled. It changes nothing. */
  async forecast(query: ForecastQuery = {}, options?: CallOptions): Promise<Forecast> {
    const { tags, ...others } = query;
    return this.#get("/v1/forecast", { ...others, tag: tags }, options);
  }

  /** Returns the policy that the tenant's memories get at each encode, recall and unpin. */
  async policy(options?: CallOptions): Promise<TenantPolicy> {
    return this.#get("/v1/policy", {}, options);
  }

  /**
   * Gives the tenant a policy of its own, such as "halflife h=30d", and brings its memories under it. A dry run changes nothing: effect
   * of its answer counts what would fade.
   */
  async setPolicy(policy: string, options?: CallOptions & { dryRun?: boolean }): Promise<TenantPolicy> {
    const { dryRun, ...others } = options ?? {};
    return this.#call("PUT", "/v1/policy", { body: { policy, dryRun }, repeatable: true, ...others });
  }

  /** Gives the tenant the daemon's policy instead of its own, like setPolicy. */
  async unsetPolicy(options?: CallOptions & { dryRun?: boolean }): Promise<TenantPolicy> {
    const { dryRun, ...others } = options ?? {};
    return this.#call("DELETE", dryRun === true ? "/v1/policy?dryRun=true" : "/v1/policy", { repeatable: true, ...others });
  }

  /** Counts the tenant's live memories. */
  async stats(options?: CallOptions): Promise<Stats> {
    return this.#get("/v1/stats", {}, options);
  }

  /**
   * Returns the journal's entries after a position, in order. With the token of the page before, it fails with the code
   * position_ahead if the store was restored from an older copy, as follow does.
   */
  async events(query: { after?: Position | Token; limit?: number } = {}, options?: CallOptions): Promise<EventPage> {
    return this.#get("/v1/events", { ...query }, options);
  }

  /**
   * Returns the journal's entries from a position on, in order, each once, for as long as the loop runs. A broken connection
   * is replaced, after pauses of 0.1 to 5 s, and the loop goes on where it was. It ends with an error of kind `gone` if the
   * journal no longer goes back that far (go on after `oldest`) or, with the code position_ahead, the store was restored from
   * an older copy: what was read may not be in it. Load the memories again and go on after `newest`, or read all again after 0.
   */
  follow(options: FollowOptions = {}): AsyncGenerator<Event, void, undefined> {
    return follow(options, (after, reader) => stream(this.#transport, after, reader, options.signal));
  }

  /** Returns a connection that carries many requests at once, and a subscription. It is not open yet; the caller closes it. */
  live(): Live {
    return new Live(this.#transport);
  }

  #key(): string | undefined {
    return this.#transport.retries > 0 ? randomKey() : undefined;
  }

  async #get<T>(path: string, query: Query, options: CallOptions | undefined): Promise<T> {
    return this.#call<T>("GET", path, { query, repeatable: true, ...options });
  }

  async #call<T>(method: string, path: string, rest: Omit<Call, "method" | "path">): Promise<T> {
    return (await this.#transport.call({ method, path, ...rest })) as T;
  }
}

/** Returns 128 random bits. Not by randomUUID, which pages without TLS do not have. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Returns the path of a memory. */
function at(id: string): string {
  if (!/^[0-9a-fA-F-]{36}$/.test(id)) throw new SigilError("invalid", "an id must be a UUID of 36 characters");
  return `/v1/sigils/${id}`;
}

/** Returns the entries of all pages from cursor on. */
async function* pages<T>(cursor: string | undefined, page: (cursor: string | undefined) => Promise<[T[], string | null]>): AsyncGenerator<T, void, undefined> {
  for (;;) {
    const [entries, next] = await page(cursor);
    yield* entries;
    if (!next || next === cursor) return; // a cursor that repeats would loop forever
    cursor = next;
  }
}
