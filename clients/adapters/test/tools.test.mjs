// The tools for Vercel's AI SDK, called as the SDK calls them for a model: one that is scripted.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { generateText, isStepCount } from "ai";
import { MockLanguageModelV4 } from "ai/test";
import { Client } from "@sigil-dna/client";
import { memoryTools } from "../dist/src/vercel.js";

assert.ok(process.env.SIGIL_URLS, "SIGIL_URLS has the addresses of daemons (scripts/clients.sh starts them)");
const [url] = process.env.SIGIL_URLS.split(" ");
process.env.SIGIL_URL = url;
const { chat } = await import("../dist/examples/vercel.js");

/** Returns a model that makes the calls in turn, each made of the results so far, and then says "done". */
function scripted(...calls) {
  const results = [];
  const model = new MockLanguageModelV4({
    doGenerate: async ({ prompt, tools }) => {
      model.offered = tools.map((tool) => tool.name);
      const last = prompt.at(-1);
      if (last.role === "tool") results.push(...last.content.map((part) => part.output));
      const call = calls.shift();
      const [toolName, input] = call ? call(results) : [];
      return {
        content: [toolName ? { type: "tool-call", toolCallId: randomUUID(), toolName, input: JSON.stringify(input) } : { type: "text", text: "done" }],
        finishReason: { unified: toolName ? "tool-calls" : "stop", raw: undefined },
        usage: { inputTokens: { total: 1 }, outputTokens: { total: 1 } },
        warnings: [],
      };
    },
  });
  return { model, results };
}

test("a model remembers, recalls, keeps and forgets", async () => {
  const client = new Client(url, { tenant: randomUUID() });
  const { model, results } = scripted(
    () => ["remember", { text: "The user takes tea at five", tags: ["drink"], ttl: "20d" }],
    () => ["remember", { text: "The user takes tea at five" }],
    () => ["recall", { query: "what does the user drink?" }],
    () => ["recall", { query: "tea", tags: ["work"] }],
    ([{ value }]) => ["keep", { id: value.id }],
    ([{ value }]) => ["keep", { id: value.id, keep: false }],
    ([{ value }]) => ["forget", { id: value.id }],
    ([{ value }]) => ["forget", { id: value.id }],
    () => ["remember", { text: "" }],
    () => ["remember", { text: "x", ttl: "soon" }],
  );
  const { text } = await generateText({ model, prompt: "tea", tools: memoryTools(client), stopWhen: isStepCount(20) });
  assert.equal(text, "done");
  assert.deepEqual(model.offered, ["remember", "recall", "forget", "keep"]);

  const [created, again, recalled, none, kept, unkept, forgotten, ...wrong] = results.map((result) => result.value);
  const memory = { id: created.id, text: "The user takes tea at five", tags: ["drink"] };
  assert.equal(created.outcome, "created");
  assert.deepEqual([again.outcome, again.id], ["reinforced", created.id]);
  assert.partialDeepStrictEqual(recalled, { memories: [{ ...memory, pinned: false }] });
  assert.ok(recalled.memories[0].fadesAt);
  assert.deepEqual(none, { memories: [] });
  assert.partialDeepStrictEqual(kept, { ...memory, pinned: true });
  assert.partialDeepStrictEqual(unkept, { ...memory, pinned: false });
  assert.deepEqual(forgotten, { forgotten: created.id });
  assert.equal((await client.stats()).memories, 0);

  assert.deepEqual(results.slice(7).map((result) => result.type), ["error-text", "error-text", "error-text"]);
  assert.match(wrong[0], /not_found/);
  assert.match(wrong[1], /text/);
  assert.match(wrong[2], /invalid_ttl/);
});

test("a recall refreshes, and an aborted call ends", async () => {
  const client = new Client(url, { tenant: randomUUID() });
  const tools = memoryTools(client);
  const { id } = await tools.remember.execute({ text: "tea at five" }, {});
  await tools.recall.execute({ query: "tea" }, {});
  assert.equal((await client.peek(id)).accessCount, 1);
  await assert.rejects(tools.recall.execute({ query: "tea" }, { abortSignal: AbortSignal.abort(new Error("enough")) }), /enough/);
});

test("the page's example", async () => {
  const { model, results } = scripted(
    () => ["remember", { text: "The user's bicycle is red" }],
    () => ["recall", { query: "bicycle" }],
  );
  assert.equal(await chat(model, "My bicycle is red"), "done");
  assert.equal(results[1].value.memories[0].text, "The user's bicycle is red");
});
