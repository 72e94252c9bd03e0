import { ProblemError, SigilError } from "./errors.js";
import { restarting } from "./follow.js";
import { parse, stringify } from "./json.js";
import type { LiveMessage, LiveRequest } from "./types.js";

/** The close code of a daemon that stops or hands over. */
const restart = 1012;

interface Waiting {
  answered(message: LiveMessage): void;
  failed(error: unknown): void;
}

/** One WebSocket, from its opening to its end. */
export class Connection {
  /** Settles when the socket is open, or cannot be opened. */
  readonly opened: Promise<void>;
  /** Set when the connection has ended: why. */
  error: unknown;
  /** Called with each message that is not an answer, and without one when the connection ends. */
  told: ((message?: LiveMessage) => void) | undefined;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  constructor(readonly socket: WebSocket) {
    this.opened = new Promise((resolve, reject) => {
      socket.addEventListener("open", () => resolve());
      const ended = (error: SigilError) => {
        this.end(error);
        reject(this.error);
      };
      socket.addEventListener("close", (e) => ended(e.code === restart ? restarting() : new SigilError("unreachable", `the live connection broke (${e.code})`)));
      // After an error it is closed, but Node.js 20 and 22 do not say so if it could not connect.
      socket.addEventListener("error", () => ended(new SigilError("unreachable", "the live connection could not be made, or broke")));
    });
    this.opened.catch(() => {}); // also if nobody waits for it
    socket.addEventListener("message", (e) => this.#receive(e.data));
  }

  end(error: unknown): void {
    if (this.error) return;
    this.error = error;
    for (const waiting of this.#waiting.values()) waiting.failed(error);
    this.#waiting.clear();
    this.told?.();
    this.socket.close();
  }

  #receive(data: unknown): void {
    let message: LiveMessage;
    try {
      message = parse(String(data)) as LiveMessage;
    } catch (error) {
      return this.end(new SigilError("not_sigil", "a message is not JSON", { cause: error }));
    }
    if (message.type !== "answer") return this.told?.(message);
    const id = Number(message.id);
    this.#waiting.get(id)?.answered(message);
    this.#waiting.delete(id);
  }

  /** Sends a request and returns its answer. A signal ends the wait, not the request. */
  async ask(request: Omit<LiveRequest, "id">, signal: AbortSignal | undefined): Promise<LiveMessage> {
    signal?.throwIfAborted();
    const id = ++this.#last;
    const text = stringify({ id, ...request });
    let aborted: (() => void) | undefined;
    try {
      const answer = await new Promise<LiveMessage>((answered, failed) => {
        if (this.error) return failed(this.error);
        this.#waiting.set(id, { answered, failed });
        aborted = () => failed(signal?.reason);
        signal?.addEventListener("abort", aborted, { once: true });
        this.socket.send(text);
      });
      if (answer.problem) throw new ProblemError(answer.problem);
      return answer;
    } finally {
      this.#waiting.delete(id);
      if (aborted) signal?.removeEventListener("abort", aborted);
    }
  }
}
