import { ProblemError, SigilError } from "./errors.js";
import { restarting, type Reader } from "./follow.js";
import { parse } from "./json.js";
import type { Transport } from "./transport.js";
import type { Event, Position, Problem, Recalls, Token } from "./types.js";

/** How long a stream may be silent before it counts as lost, in milliseconds: three of the daemon's heartbeats. */
const silence = 45_000;

/** Reads one response of server-sent events to its end. */
export async function* stream(transport: Transport, after: Position | Token | undefined, reader: Reader, signal: AbortSignal | undefined): AsyncGenerator<Event, void, undefined> {
  const ended = new AbortController();
  const abort = () => ended.abort(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  const quiet = () => ended.abort(new SigilError("unreachable", "nothing was received for too long"));
  let timer = setTimeout(quiet, silence);
  try {
    const answer = await transport.send({
      method: "GET", path: "/v1/events", query: { after, recalls: reader.recalled && true }, repeatable: true, signal: ended.signal,
    }, "text/event-stream");
    for await (const message of messages(answer, ended.signal, () => {
      clearTimeout(timer);
      timer = setTimeout(quiet, silence);
    })) {
      // The reader's loop may take as long as it likes with an entry.
      clearTimeout(timer);
      const event = received(message, reader);
      if (event) yield event;
      timer = setTimeout(quiet, silence);
    }
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
    ended.abort(); // a loop that was left has no use for the rest
  }
}

/** Returns the entry that a message has, if it has one. */
function received(message: Message, reader: Reader): Event | undefined {
  if (message.data === undefined) {
    if (message.event === "" && /^\d+(-[0-9a-f]{16})?$/.test(message.id ?? "")) reader.begun(message.id ?? "0");
    return undefined;
  }
  switch (message.event) {
    case "":
      return parse(message.data) as Event;
    case "recalled":
      reader.recalled?.(parse(message.data) as Recalls);
      return undefined;
    case "reconnect":
      throw restarting();
    case "problem":
      throw new ProblemError(parse(message.data) as Problem);
  }
  return undefined; // lagged, or an event of a later daemon
}

interface Message {
  event: string;
  data: string | undefined;
  id: string | undefined;
}

/** Returns the messages of a response. One that is cut off is dropped. */
async function* messages(answer: Response, signal: AbortSignal, heard: () => void): AsyncGenerator<Message, void, undefined> {
  let message: Message = { event: "", data: undefined, id: undefined };
  for await (const line of lines(answer, signal, heard)) {
    if (line === "") {
      yield message;
      message = { event: "", data: undefined, id: undefined };
      continue;
    }
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "event") message.event = value;
    else if (name === "data") message.data = message.data === undefined ? value : `${message.data}\n${value}`;
    else if (name === "id") message.id = value;
  }
}

async function* lines(answer: Response, signal: AbortSignal, heard: () => void): AsyncGenerator<string, void, undefined> {
  const body = answer.body?.getReader();
  if (!body) throw new SigilError("not_sigil", "the stream has no body");
  const decoder = new TextDecoder();
  let parts: string[] = []; // of the line that has not ended
  for (;;) {
    let chunk: Awaited<ReturnType<typeof body.read>>;
    try {
      chunk = await body.read();
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw new SigilError("unreachable", "the stream broke off", { cause: error });
    }
    if (chunk.done) return;
    heard();
    const [first = "", ...others] = decoder.decode(chunk.value, { stream: true }).split("\n");
    parts.push(first);
    for (const start of others) {
      yield parts.join("").replace(/\r$/, "");
      parts = [start];
    }
  }
}
