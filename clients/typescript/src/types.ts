// Names for the types of the API's document. openapi.ts is generated from it.
import type { components } from "./openapi.js";

type Schemas = components["schemas"];

/** A memory at one moment. */
export type Memory = Schemas["Memory"];
/** A memory to be kept. A repeated encode with the same idempotencyKey gets the answer of the first. */
export type Draft = Schemas["BatchDraft"];
/** What is to be changed of a memory. */
export type Change = Schemas["Change"];
/** The result for one item of a batch: a memory, or a problem. */
export type BatchItem = Schemas["BatchItem"];
export type MemoryPage = Schemas["MemoryPage"];
/** A search: query, vector, both, or like; everything else is optional. */
export type Search = Schemas["Search"];
export type SearchPage = Schemas["SearchPage"];
export type Hit = Schemas["Hit"];
/** A memory of a chain of corrections, as it is, or as it was when it was superseded. */
export type Version = Schemas["Version"];
export type VersionPage = Schemas["VersionPage"];
/** A memory that was removed and can be restored: how and when it was removed, and until when that is possible. */
export type Removed = Schemas["Removed"];
export type RemovedPage = Schemas["RemovedPage"];
/** The result of a restore for one memory: the memory, or a problem. */
export type RestoredItem = Schemas["RestoredItem"];
export type RestoredPage = Schemas["RestoredPage"];
/** Which memories are erased: exactly one of ids, tags, query and all. */
export type Erase = Schemas["Erase"];
/** The answer to an erasure. A dry run has no receipt. Keep the receipt as JSON: `sigil receipt verify` checks it. */
export type Erased = Schemas["Erased"];
export type ReceiptKey = Schemas["ReceiptKey"];
export type RelatedPage = Schemas["RelatedPage"];
export type Explanation = Schemas["Explanation"];
export type Forecast = Schemas["Forecast"];
export type TenantPolicy = Schemas["TenantPolicy"];
export type Stats = Schemas["Stats"];
/** An entry of the journal. */
export type Event = Schemas["Event"];
export type EventPage = Schemas["EventPage"];
/** Memories that were recalled. */
export type Recalls = Schemas["Recalls"];
export type Problem = Schemas["Problem"];
export type LiveRequest = Schemas["LiveRequest"];
export type LiveMessage = Schemas["LiveMessage"];

/** A position in the journal. Those beyond 2^53 are bigint. */
export type Position = number | bigint;

/**
 * The `token` of an entry or of a page: a position that knows its entry. With it the daemon also notices a store that was
 * restored from an older copy and has written other entries since.
 */
export type Token = string;

/** What every call takes. */
export interface CallOptions {
  /** Ends the call, which then fails with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** Which memories a list has. */
export interface ListQuery {
  /** Entries per page. */
  limit?: number;
  /** From the previous page. */
  cursor?: string;
  sort?: "created" | "fades" | "recalled" | "recalls";
  /** A memory must have all of these. */
  tags?: readonly string[];
  /** Words that a memory must match, in the language of searches. */
  query?: string;
  crystallized?: boolean;
  pinned?: boolean;
  pattern?: number;
  fadingAfter?: Date | string;
  fadingBefore?: Date | string;
  /** false leaves out data and state. */
  content?: boolean;
}

/** Which removed memories a page has. */
export interface RemovedQuery {
  /** Entries per page. */
  limit?: number;
  /** From the previous page. */
  cursor?: string;
  /** false leaves out data and state. */
  content?: boolean;
}

export interface RelatedQuery {
  limit?: number;
  /** The least resonance, from 0 to 1. */
  min?: number;
  content?: boolean;
}

export interface ForecastQuery {
  /** How far to look, such as "36h" or "7d"; a day unless it is set. */
  within?: string;
  /** A proposed policy; each memory's own unless it is set. */
  policy?: string;
  tags?: readonly string[];
  limit?: number;
  bins?: number;
}

export interface FollowOptions extends CallOptions {
  /** What to begin after; the newest entry unless it is set. */
  after?: Position | Token;
  /** Called when a connection broke or could not be made, with the milliseconds until the next attempt. */
  onDisconnect?: (error: unknown, wait: number) => void;
  /** Called with recalls, which are not in the journal. */
  onRecall?: (recalls: Recalls) => void;
}
