// What docs/adapters.md shows is what is tested here.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { promisify } from "node:util";

assert.ok(process.env.SIGIL_URLS, "SIGIL_URLS has the addresses of daemons (scripts/clients.sh starts them)");
const folder = new URL("../", import.meta.url);
const page = await readFile(new URL("../../docs/adapters.md", folder), "utf8");

/** The blocks of code that name their file in the first line: its name and what follows. */
const blocks = [...page.matchAll(/^```ts\n\/\/ clients\/adapters\/(\S+)\n([\s\S]*?)^```$/gm)];

test("each block of code is the file that it names", async () => {
  assert.equal(page.match(/^```ts$/gm).length, blocks.length, "a block names no file");
  for (const [, name, code] of blocks) assert.equal(code, await readFile(new URL(name, folder), "utf8"), name);
  assert.deepEqual(blocks.map(([, name]) => name).sort(), (await readdir(new URL("examples", folder))).map((name) => `examples/${name}`).sort());
});

test("the example of LangGraph prints what the page says", async () => {
  const [, want] = page.match(/^```text\n([\s\S]*?)^```$/m);
  for (const url of process.env.SIGIL_URLS.split(" ")) {
    const { stdout } = await promisify(execFile)(process.execPath, ["dist/examples/langgraph.js"], { cwd: folder, env: { ...process.env, SIGIL_URL: url } });
    assert.equal(stdout, want);
  }
});

test("the page names the versions that are tested", async () => {
  const { dependencies } = JSON.parse(await readFile(new URL("package.json", folder), "utf8"));
  for (const name of ["@langchain/langgraph", "@langchain/langgraph-checkpoint", "ai", "zod", "@openai/agents", "@anthropic-ai/claude-agent-sdk"]) {
    assert.ok(page.includes(`\`${name}\` ${dependencies[name]}`), `${name} ${dependencies[name]}`);
  }
});
