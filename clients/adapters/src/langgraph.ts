// A store of LangGraph.js over Sigil. Copy this file into your project: it needs only the two packages that it imports.
import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { BaseStore, type Item, type Operation, type OperationResults, type SearchItem } from "@langchain/langgraph-checkpoint";
import { itemError, SigilError, type Client, type Draft, type Memory } from "@sigil-dna/client";

export interface SigilStoreOptions {
  /** Whether get and search refresh the items that they return, so that what is used stays; true unless it is set. */
  refresh?: boolean;
  /** A hard end of each item, counted from its put, such as "30d". */
  ttl?: string;
  /** Whether items never fade. */
  pinned?: boolean;
}

type Get = { namespace: string[]; key: string };
type Put = Get & { value: Record<string, any> | null };
type Search = { namespacePrefix: string[]; filter?: Record<string, unknown>; limit?: number; offset?: number; query?: string };
type Condition = { matchType: "prefix" | "suffix"; path: string[] };
type List = { matchConditions?: Condition[]; maxDepth?: number; limit?: number; offset?: number };

/** What the state of an item's memory says of it. version is over that of every memory that the put replaces. */
type Place = { namespace: string[]; key: string; version: number; createdAt?: string };

/**
 * Returns the tag of one item, or without a key the one that all items have whose namespace begins with prefix. It is a hash made of
 * letters, since words in tags count in searches, and those of names would hide what the value is about.
 */
export function tagOf(prefix: string[], key?: string): string {
  const hash = createHash("sha256").update(JSON.stringify(key === undefined ? [prefix] : [prefix, key])).digest("hex").slice(0, 32);
  return `langgraph:${hash.replace(/./g, (digit) => "abcdefghijklmnop"[parseInt(digit, 16)]!)}`;
}

/** How many operations of a batch are under way at once. */
const atOnce = 16;

/**
 * Keeps each item as a memory: its data is the value, its state has namespace and key, and it is found by its tags (tagOf). A put
 * encodes the new memory first and then forgets those that it replaces. Reads take the newest.
 */
export class SigilStore extends BaseStore {
  readonly #client: Client;
  readonly #refresh: boolean;
  readonly #draft: Pick<Draft, "ttl" | "pinned">;

  constructor(client: Client, { refresh = true, ...draft }: SigilStoreOptions = {}) {
    super();
    this.#client = client;
    this.#refresh = refresh;
    this.#draft = draft;
  }

  /** Carries out the reads, and then the puts. Of several puts of one item, the last counts. */
  override async batch<Op extends Operation[]>(operations: Op): Promise<OperationResults<Op>> {
    const results: unknown[] = operations.map(() => undefined);
    const puts = new Map<string, Put>();
    await each([...operations.entries()], async ([i, op]) => {
      if ("namespacePrefix" in op) results[i] = await this.#search(op);
      else if ("value" in op) puts.set(tagOf(op.namespace, op.key), op);
      else if ("key" in op) results[i] = await this.#get(op);
      else results[i] = await this.#namespaces(op as List);
    });
    await each([...puts.values()], (op) => this.#put(op));
    return results as OperationResults<Op>;
  }

  async #get(op: Get): Promise<Item | null> {
    for (;;) {
      const newest = (await this.#versions(op))[0];
      if (!newest) return null;
      const [read] = await this.#read([newest]);
      if (read) return item(read); // if not, it was replaced or forgotten in between
    }
  }

  async #put(op: Put): Promise<void> {
    const [before] = await this.#versions(op);
    if (op.value !== null) {
      const { namespace, key } = op;
      const state: Place = { namespace, key, version: before ? place(before).version + 1 : 1 };
      if (before) state.createdAt = item(before).createdAt.toISOString();
      const tags = [tagOf(namespace, key), ...[...namespace.keys(), namespace.length].map((n) => tagOf(namespace.slice(0, n)))];
      await this.#client.encode({ ...this.#draft, data: op.value, state, tags });
    }
    // The newest is never forgotten by a put, so puts at the same time leave one of them.
    const old = (await this.#versions(op)).slice(op.value === null ? 0 : 1);
    for (const { id } of old) await this.#client.forget(id).catch(unlessGone);
  }

  async #search({ namespacePrefix, filter = {}, limit = 10, offset = 0, query }: Search): Promise<SearchItem[]> {
    const tags = [tagOf(namespacePrefix)];
    const found = new Map<string, { memory: Memory; score?: number }>();
    const results = query
      ? this.#client.searchAll({ query, tags, limit: Math.min(100, offset + limit) })
      : memoriesAsHits(this.#client.listAll({ tags }));
    for await (const { memory, score } of results) {
      if (!Object.entries(filter).every(([name, wanted]) => matches((memory.data as Record<string, unknown>)[name], wanted))) continue;
      const { namespace, key } = place(memory);
      const tag = tagOf(namespace, key);
      const other = found.get(tag); // a put is under way, or was interrupted
      if (!other || newestFirst(memory, other.memory) < 0) found.set(tag, { memory, ...(score === undefined ? {} : { score }) });
      if (found.size >= offset + limit) break;
    }
    const page = [...found.values()].slice(offset, offset + limit);
    const scores = new Map(page.map(({ memory, score }) => [memory.id, score]));
    return (await this.#read(page.map(({ memory }) => memory))).map((memory) => {
      const score = scores.get(memory.id);
      return { ...item(memory), ...(score === undefined ? {} : { score }) };
    });
  }

  async #namespaces({ matchConditions = [], maxDepth, limit = 100, offset = 0 }: List): Promise<string[][]> {
    const found = new Map<string, string[]>();
    for await (const memory of this.#client.listAll({ tags: [tagOf([])] })) {
      const { namespace } = place(memory);
      if (!matchConditions.every((condition) => fits(namespace, condition))) continue;
      const cut = namespace.slice(0, maxDepth);
      found.set(JSON.stringify(cut), cut);
    }
    return [...found.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, namespace]) => namespace).slice(offset, offset + limit);
  }

  /** Returns the memories of one item, the newest first. There is more than one only while it is put, or if a put was interrupted. */
  async #versions(op: Get): Promise<Memory[]> {
    const memories: Memory[] = [];
    for await (const memory of this.#client.listAll({ tags: [tagOf(op.namespace, op.key)] })) memories.push(memory);
    return memories.sort(newestFirst);
  }

  /** Returns memories as they are after they are refreshed, without those that are gone. */
  async #read(memories: Memory[]): Promise<Memory[]> {
    if (!this.#refresh || memories.length === 0) return memories;
    return (await this.#client.recallMany(memories.map(({ id }) => id))).flatMap((result) => {
      if (result.memory) return [result.memory];
      unlessGone(itemError(result));
      return [];
    });
  }
}

function place(memory: Memory): Place {
  return memory.state as unknown as Place;
}

function item(memory: Memory): Item {
  const { namespace, key, createdAt } = place(memory);
  return {
    namespace, key, value: memory.data as Record<string, any>,
    createdAt: new Date(createdAt ?? memory.createdAt), updatedAt: new Date(memory.createdAt),
  };
}

function newestFirst(a: Memory, b: Memory): number {
  return place(b).version - place(a).version || (a.id < b.id ? 1 : -1);
}

async function* memoriesAsHits(memories: AsyncIterable<Memory>): AsyncGenerator<{ memory: Memory; score?: number }> {
  for await (const memory of memories) yield { memory };
}

function fits(namespace: string[], { matchType, path }: Condition): boolean {
  const start = matchType === "prefix" ? 0 : namespace.length - path.length;
  return start >= 0 && path.every((label, i) => namespace[start + i] !== undefined && (label === "*" || label === namespace[start + i]));
}

const operators: Record<string, (value: any, wanted: any) => boolean> = {
  $eq: isDeepStrictEqual,
  $ne: (value, wanted) => !isDeepStrictEqual(value, wanted),
  $gt: (value, wanted) => value > wanted,
  $gte: (value, wanted) => value >= wanted,
  $lt: (value, wanted) => value < wanted,
  $lte: (value, wanted) => value <= wanted,
};

/** Reports whether a member of a value fits a filter: a value that it equals, or an object of operators. */
function matches(value: unknown, wanted: unknown): boolean {
  const names = typeof wanted === "object" && wanted !== null ? Object.keys(wanted) : [];
  if (names.length === 0 || !names.every((name) => name.startsWith("$"))) return isDeepStrictEqual(value, wanted);
  return names.every((name) => {
    const compare = operators[name];
    if (!compare) throw new SigilError("invalid", `a filter has the operator ${name}; there are ${Object.keys(operators).join(", ")}`);
    return compare(value, (wanted as Record<string, unknown>)[name]);
  });
}

/** Throws an error unless it says that a memory is gone. */
function unlessGone(error: unknown): void {
  if (!(error instanceof SigilError && error.kind === "not_found")) throw error;
}

/** Calls run for each entry, for several at once. The first error stops it. */
async function each<T>(entries: T[], run: (entry: T) => Promise<void>): Promise<void> {
  const rest = entries.values();
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (const entry of rest) await run(entry);
  }));
}
