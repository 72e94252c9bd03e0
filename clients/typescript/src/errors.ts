import { parse } from "./json.js";
import type { BatchItem, Problem, RestoredItem } from "./types.js";

/** The classes of errors: the API's, and those of calls that got no answer of a daemon. */
export type Kind =
  | "invalid" // the request is wrong
  | "not_found" // there is no such memory: it was never kept, has faded, or was forgotten or erased
  | "conflict" // it contradicts what exists: a duplicate, an idempotency key of another request
  | "gone" // the journal does not have that position, or another memory took the place of this one
  | "too_large"
  | "full" // a quota or the disk
  | "unavailable" // the daemon cannot answer now
  | "internal" // the daemon failed
  | "refused" // refused for another reason
  | "unreachable" // no answer came
  | "not_sigil" // something other than a daemon answered
  | "closed"; // the live connection was closed by the program

/** What every call fails with, unless its signal aborts it: then it fails with the signal's reason. */
export class SigilError extends Error {
  override readonly name: string = "SigilError";

  constructor(
    readonly kind: Kind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A refusal or failure that the daemon reported (RFC 9457). */
export class ProblemError extends SigilError {
  override readonly name = "ProblemError";
  /** Stable, and meant for programs. */
  readonly code: string;
  readonly status: number;
  /** Where the code is explained, a path on the daemon. */
  readonly type: string;
  readonly title: string;
  readonly detail: string | undefined;
  /** The part of the request that is wrong, as a path. */
  readonly field: string | undefined;
  readonly requestId: string | undefined;
  /** With the code duplicate: the memory that has the content. */
  readonly duplicateOf: string | undefined;
  /** With the code superseded: the memory that took the place of the one asked for. */
  readonly supersededBy: string | undefined;
  /** With the code position_gone: the position to go on after. */
  readonly oldest: number | bigint | undefined;
  /** With the code position_ahead: the newest position. */
  readonly newest: number | bigint | undefined;

  /** retryAfter is how many milliseconds the daemon asked to wait; 0 if it did not. */
  constructor(
    readonly problem: Problem,
    readonly retryAfter = 0,
  ) {
    super(kindOf(problem), [problem.code, problem.field, problem.detail].filter(Boolean).join(": "));
    this.code = problem.code;
    this.status = problem.status;
    this.type = problem.type;
    this.title = problem.title;
    this.detail = problem.detail;
    this.field = problem.field;
    this.requestId = problem.requestId;
    this.duplicateOf = problem.duplicateOf;
    this.supersededBy = problem.supersededBy;
    this.oldest = problem.oldest;
    this.newest = problem.newest;
  }
}

/** Returns the error of an item of a batch, or undefined if it has none. */
export function itemError(item: BatchItem | RestoredItem): ProblemError | undefined {
  return item.problem && new ProblemError({ ...item.problem, status: item.problem.status || item.status });
}

function kindOf(p: Problem): Kind {
  switch (p.code) { // the code first, because several kinds share a status
    case "closed":
      return "unavailable";
    case "quota_full":
      return "full";
    case "idempotency_mismatch":
      return "conflict";
    case "unknown_path":
      return "refused";
  }
  switch (p.status) {
    case 400:
    case 415:
    case 422:
      return "invalid";
    case 404:
      return "not_found";
    case 409:
      return "conflict";
    case 410:
      return "gone";
    case 413:
    case 414:
    case 431:
      return "too_large";
    case 507:
      return "full";
    case 429:
    case 502:
    case 503:
    case 504:
      return "unavailable";
    case 500:
      return "internal";
  }
  return "refused";
}

/** The longest wait that a daemon can ask for, in milliseconds: a day. */
const maxRetryAfter = 24 * 60 * 60 * 1000;

/** Returns the error of an answer that is not a success. */
export async function refused(answer: Response): Promise<SigilError> {
  const seconds = Number(answer.headers.get("Retry-After") ?? 0);
  const retryAfter = seconds > 0 ? Math.min(seconds * 1000, maxRetryAfter) : 0;
  const text = await answer.text().catch(() => ""); // part of the answer may be missing
  if (answer.headers.get("Content-Type")?.startsWith("application/problem+json")) {
    try {
      return new ProblemError({ ...(parse(text) as Problem), status: answer.status }, retryAfter);
    } catch {
      // It was cut off: the status is what is known.
    }
  }
  const line = text.trim().split("\n", 1)[0]?.slice(0, 200) ?? "";
  if (answer.status >= 500 || answer.status === 429) {
    return new ProblemError({ type: "about:blank", title: answer.statusText, status: answer.status, code: "", detail: `the answer was ${answer.status} ${line}` }, retryAfter);
  }
  return new SigilError("not_sigil", `the answer was ${answer.status} ${line}: is a Sigil daemon there?`);
}
