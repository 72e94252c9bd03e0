// Memory as tools of Vercel's AI SDK, over Sigil. Copy this file into your project: it needs only the packages that it imports.
import { stringify, type Client, type Memory } from "@sigil-dna/client";
import { tool } from "ai";
import { z } from "zod";

/** Returns tools by which a model remembers as the client's tenant. Memories that it recalls are refreshed, so what is used stays. */
export function memoryTools(client: Client) {
  return {
    remember: tool({
      description: "Keep a fact for later conversations. Says when it fades. A fact that is there already is reinforced instead of kept twice.",
      inputSchema: z.object({
        text: z.string().min(1).describe("one fact, in words that can be understood without this conversation"),
        tags: z.array(z.string()).optional(),
        ttl: z.string().optional().describe("a hard end, such as 36h or 7d"),
      }),
      execute: async ({ text, tags, ttl }, { abortSignal: signal }) => {
        const memory = await client.encode(
          { data: text, onDuplicate: "reinforce", ...(tags ? { tags } : {}), ...(ttl === undefined ? {} : { ttl }) }, { signal },
        );
        return { id: memory.id, fadesAt: memory.fadesAt, outcome: memory.duplicateOf === memory.id ? "reinforced" : "created" };
      },
    }),

    recall: tool({
      description: "Find memories by words and meaning, best first. What it returns is refreshed: it fades later.",
      inputSchema: z.object({
        query: z.string().min(1).describe('words, names, a question; "a phrase", -without'),
        tags: z.array(z.string()).optional().describe("only memories with all of these"),
        limit: z.int().min(1).max(50).optional().describe("10 if missing"),
      }),
      execute: async ({ query, tags, limit = 10 }, { abortSignal: signal }) => {
        const { hits } = await client.search({ query, limit, recall: true, maxBytes: 64 * 1024, ...(tags ? { tags } : {}) }, { signal });
        return { memories: hits.map(({ memory }) => shown(memory)) };
      },
    }),

    forget: tool({
      description: "Forget a memory that is wrong or unwanted. Ask the user if in doubt.",
      inputSchema: z.object({ id: z.string().describe("of a memory that was recalled") }),
      execute: async ({ id }, { abortSignal: signal }) => {
        await client.forget(id, { signal });
        return { forgotten: id };
      },
    }),

    keep: tool({
      description: "Keep a memory from fading, or with keep: false let it fade again.",
      inputSchema: z.object({ id: z.string().describe("of a memory that was recalled"), keep: z.boolean().optional().describe("true if missing") }),
      execute: async ({ id, keep = true }, { abortSignal: signal }) => {
        return shown(await (keep ? client.pin(id, { signal }) : client.unpin(id, { signal })));
      },
    }),
  };
}

/** Returns what a model sees of a memory. Data that is no string is shown as JSON. */
function shown({ id, data, tags, fadesAt, pinned }: Memory) {
  return { id, text: typeof data === "string" ? data : stringify(data), tags, fadesAt, pinned };
}
