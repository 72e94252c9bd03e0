import { ProblemError, SigilError } from "./errors.js";
import { sleep } from "./transport.js";
import type { Event, FollowOptions, Position, Recalls, Token } from "./types.js";

const shortestPause = 100;
const longestPause = 5_000;

/** What a connection gets to do with what is not an entry. */
export interface Reader {
  /** Called with the position that the stream begins after. */
  begun(from: Position | Token): void;
  recalled: ((recalls: Recalls) => void) | undefined;
}

/** The error with which a stream ends when the daemon stops or hands over. */
export function restarting(): SigilError {
  return new SigilError("unreachable", "the daemon is restarting");
}

/** Yields the entries that connections read. If one is lost, it connects again after the last entry. */
export async function* follow(options: FollowOptions, read: (after: Position | Token | undefined, reader: Reader) => AsyncGenerator<Event, void, undefined>): AsyncGenerator<Event, void, undefined> {
  let after = options.after;
  let wait = shortestPause;
  const begun = (from: Position | Token) => {
    after = from;
    wait = shortestPause;
  };
  for (;;) {
    options.signal?.throwIfAborted();
    let error: unknown = new SigilError("unreachable", "the stream ended");
    try {
      for await (const event of read(after, { begun, recalled: options.onRecall })) {
        begun(event.token ?? event.position); // daemons of earlier versions send no tokens
        yield event;
      }
    } catch (e) {
      if (options.signal?.aborted || !passing(e)) throw e;
      error = e;
    }
    const pause = wait * (0.5 + Math.random() / 2); // random, so that clients do not all come back at once
    wait = Math.min(2 * wait, longestPause);
    options.onDisconnect?.(error, pause);
    await sleep(pause, options.signal);
  }
}

/** Reports whether another attempt may help. */
function passing(error: unknown): boolean {
  if (error instanceof ProblemError) return error.kind === "unavailable" || error.kind === "internal";
  return error instanceof SigilError && error.kind === "unreachable";
}
