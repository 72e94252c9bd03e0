// What agents by other SDKs do over MCP: those of OpenAI's with a model that is scripted, of Claude's only the settings.
import assert from "node:assert/strict";
import { dirname } from "node:path";
import { test } from "node:test";
import { setTracingDisabled, Usage } from "@openai/agents";
import { options } from "../dist/examples/claude.js";
import { chat, overHTTP, overStdio } from "../dist/examples/openai.js";

assert.ok(process.env.SIGIL_URLS && process.env.SIGIL_BIN, "SIGIL_URLS has the addresses of daemons, and SIGIL_BIN the program (scripts/clients.sh)");
setTracingDisabled(true); // traces would be sent to OpenAI
const [url] = process.env.SIGIL_URLS.split(" ");
process.env.PATH = `${dirname(process.env.SIGIL_BIN)}:${process.env.PATH}`; // has a program that is called sigil
const open = { stdio: () => overStdio("--addr", new URL(url).host), http: () => overHTTP(`${url}/mcp`) };

/** A model that makes the calls in turn, and then answers with the result of the last. */
function scripted(...calls) {
  let n = 0;
  return {
    async getResponse({ input, tools }) {
      this.offered = tools.map((tool) => tool.name);
      const call = calls[n++];
      return {
        usage: new Usage(),
        output: [
          call
            ? { type: "function_call", callId: `call-${n}`, name: call[0], arguments: JSON.stringify(call[1]), status: "completed" }
            : { type: "message", role: "assistant", status: "completed", content: [{ type: "output_text", text: JSON.stringify(input.at(-1).output) }] },
        ],
      };
    },
  };
}

for (const [transport, memory] of Object.entries(open)) {
  test(`an agent of OpenAI's SDK remembers and recalls over ${transport}`, async () => {
    const fact = `The user's ${transport} lamp is green`;
    const model = scripted(["remember", { text: fact }], ["recall", { query: `${transport} lamp` }]);
    const said = await chat(memory(), model, "My lamp is green");
    assert.ok(said.includes(fact), said);
    assert.ok(["remember", "recall", "peek", "forget", "keep"].every((tool) => model.offered.includes(tool)), String(model.offered));
  });
}

test("the tools that Claude's settings allow are there", async () => {
  const server = open.http();
  await server.connect();
  const names = (await server.listTools()).map((tool) => `mcp__sigil__${tool.name}`);
  await server.close();
  assert.deepEqual(names.filter((name) => !options.allowedTools.includes(name)), ["mcp__sigil__correct", "mcp__sigil__forget"]);
  assert.deepEqual(options.allowedTools.filter((name) => !names.includes(name)), []);
});

test("Claude's settings allow none of the tools that change memories for good", async () => {
  const server = overHTTP(`${url}/mcp?profile=full`);
  await server.connect();
  const destroy = (await server.listTools()).filter((tool) => tool.annotations?.destructiveHint).map((tool) => tool.name);
  await server.close();
  assert.deepEqual(destroy.sort(), ["erase", "forget"]);
  assert.deepEqual(destroy.filter((name) => options.allowedTools.includes(`mcp__sigil__${name}`)), []);
});
