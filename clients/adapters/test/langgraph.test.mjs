// The store does what LangGraph's own store in memory does, against the daemons at SIGIL_URLS (scripts/clients.sh starts them).
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { InMemoryStore } from "@langchain/langgraph-checkpoint";
import { Client } from "@sigil-dna/client";
import { SigilStore } from "../dist/src/langgraph.js";

assert.ok(process.env.SIGIL_URLS, "SIGIL_URLS has the addresses of daemons (scripts/clients.sh starts them)");
for (const url of process.env.SIGIL_URLS.split(" ")) {
  /** A test with a tenant of its own. */
  const on = (name, run) => test(`${name} (${url})`, () => {
    const client = new Client(url, { tenant: randomUUID() });
    return run(client, (options) => new SigilStore(client, options));
  });

  on("the same calls have the same answers as with the store in memory", async (_, open) => {
    const plain = (items) => items.map(({ namespace, key, value, score }) => ({ namespace, key, value, score })).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
    const answers = [];
    for (const store of [new InMemoryStore(), open()]) {
      const seen = [];
      await store.put(["users", "u1"], "tea", { text: "green", cups: 3, deep: { a: [1] } });
      await store.put(["users", "u1"], "milk", { text: "none", cups: 0 });
      await store.put(["users", "u2"], "tea", { text: "black", cups: 5 });
      await store.put(["users2"], "tea", { text: "red", cups: 1 });
      await store.put(["users", "u1"], "tea", { text: "oolong", cups: 4, deep: { a: [1] } });
      await store.put(["users", "u1"], "gone", { text: "x" });
      await store.delete(["users", "u1"], "gone");
      await store.delete(["users", "u1"], "was never there");
      for (const [namespace, key] of [[["users", "u1"], "tea"], [["users"], "tea"], [["users", "u1"], "gone"], [["users", "u1"], "nothing"]]) {
        const item = await store.get(namespace, key);
        seen.push(item && plain([item]));
      }
      for (const prefix of [[], ["users"], ["users", "u1"], ["users2"], ["nobody"]]) seen.push(plain(await store.search(prefix)));
      for (const filter of [{ text: "black" }, { cups: { $gt: 3 } }, { cups: { $gte: 1, $lt: 5 } }, { cups: { $ne: 0 } }, { cups: { $eq: 0 } }, { cups: { $lte: 0 } }, { none: 1 }]) {
        seen.push(plain(await store.search([], { filter })));
      }
      seen.push((await store.search([], { limit: 3 })).length, (await store.search([], { limit: 3, offset: 3 })).length);
      for (const options of [{}, { prefix: ["users"] }, { suffix: ["u1"] }, { prefix: ["*", "u2"] }, { maxDepth: 1 }, { limit: 1, offset: 1 }]) {
        seen.push(await store.listNamespaces(options));
      }
      seen.push(await store.batch([
        { namespace: ["b"], key: "k", value: { n: 1 } }, { namespace: ["b"], key: "k" }, { namespace: ["b"], key: "k", value: { n: 2 } },
      ]).then(([, read]) => read));
      seen.push(plain([await store.get(["b"], "k")]));
      answers.push(seen);
    }
    assert.deepEqual(answers[1], answers[0]);
  });

  on("a put replaces, keeps the time of the first, and leaves one memory", async (client, open) => {
    const store = open();
    await store.put(["n"], "k", { i: -1 });
    const first = await store.get(["n"], "k");
    for (let i = 0; i < 20; i++) {
      await store.put(["n"], "k", { i });
      assert.deepEqual((await store.get(["n"], "k")).value, { i });
    }
    const last = await store.get(["n"], "k");
    assert.deepEqual(last.createdAt, first.createdAt);
    assert.ok(last.updatedAt > first.updatedAt);
    assert.equal((await client.stats()).memories, 1);
  });

  on("of puts at once one is left, and no read finds nothing", async (client, open) => {
    const store = open();
    await store.put(["n"], "k", { i: -1 });
    const puts = Promise.all(Array.from({ length: 20 }, (_, i) => open().put(["n"], "k", { i })));
    let done = false;
    puts.finally(() => (done = true)).catch(() => {});
    do assert.ok(await store.get(["n"], "k")); while (!done);
    await puts;
    assert.equal((await client.stats()).memories, 1);
  });

  on("after a put that was interrupted, reads take the newest, and the next put removes the old", async (client, open) => {
    const store = open();
    await store.put(["n"], "k", { text: "old" });
    const [{ tags, state }] = (await client.list()).memories;
    await client.encode({ data: { text: "new" }, tags, state: { ...state, version: state.version + 1 } });
    assert.deepEqual((await store.get(["n"], "k")).value, { text: "new" });
    assert.deepEqual((await store.search(["n"])).map((item) => item.value.text), ["new"]);
    assert.deepEqual((await store.search(["n"], { query: "old new" })).map((item) => item.value.text), ["new"]);
    await store.put(["n"], "k", { text: "newest" });
    assert.equal((await client.stats()).memories, 1);
  });

  on("get and search refresh what they return, unless they are not to", async (client, open) => {
    const count = async () => Object.fromEntries((await client.list()).memories.map((memory) => [memory.data.text, memory.accessCount]));
    for (const text of ["tea", "coffee"]) await open().put(["n"], text, { text });
    const quiet = open({ refresh: false });
    assert.ok(await quiet.get(["n"], "tea"));
    assert.equal((await quiet.search(["n"], { query: "tea" }))[0].key, "tea");
    assert.deepEqual(await count(), { tea: 0, coffee: 0 });
    assert.ok(await open().get(["n"], "tea"));
    assert.deepEqual(await count(), { tea: 1, coffee: 0 });
    await open().search(["n"], { filter: { text: "coffee" } });
    await open().search(["n"], { query: "tea", limit: 1 });
    assert.deepEqual(await count(), { tea: 2, coffee: 1 });
  });

  on("a search with a query is by words and meaning, within its namespace", async (_, open) => {
    const store = open();
    await store.put(["users", "u1"], "drink", { text: "takes green tea at five" });
    await store.put(["users", "u2"], "drink", { text: "takes green tea at six" });
    await store.put(["users", "u1"], "pet", { text: "has a small dog" });
    const [hit, ...others] = await store.search(["users", "u1"], { query: "green tea" });
    assert.deepEqual([hit.namespace, hit.key], [["users", "u1"], "drink"]);
    assert.ok(hit.score > 0 && hit.score <= 1);
    assert.ok(others.every((other) => other.namespace[1] === "u1" && other.score < hit.score));
    assert.equal((await store.search(["users", "u1"], { query: "puppy" }))[0]?.key, "pet");
  });

  on("names may be long and have any characters", async (client, open) => {
    const store = open();
    const namespaces = [["a/b"], ["a", "b"], ["a=b"], ["ü".repeat(100), "x"], ["ü".repeat(100), "y"]];
    const keys = ["k", "", "a=b", "/", "%2F", "é 🙂", "k".repeat(500)];
    for (const namespace of namespaces) for (const key of keys) await store.put(namespace, key, { is: [namespace, key] });
    for (const namespace of namespaces) {
      for (const key of keys) assert.deepEqual((await store.get(namespace, key)).value, { is: [namespace, key] });
      assert.equal((await store.search(namespace, { limit: 100 })).length, keys.length);
    }
    assert.equal((await client.stats()).memories, namespaces.length * keys.length);
    assert.equal((await store.listNamespaces()).length, namespaces.length);
  });

  on("items can have an end, or never fade", async (client, open) => {
    await open({ ttl: "2d" }).put(["n"], "ends", {});
    await open({ pinned: true }).put(["n"], "stays", {});
    const [stays, ends] = (await client.list()).memories;
    assert.deepEqual([ends.ttl, ends.pinned, stays.ttl, stays.pinned], ["2d", false, null, true]);
  });

  on("what is wrong is refused", async (_, open) => {
    await assert.rejects(open().put([], "k", {}), { name: "InvalidNamespaceError" });
    await open().put(["n"], "k", { n: 1 });
    await assert.rejects(open().search(["n"], { filter: { n: { $near: 1 } } }), { kind: "invalid" });
  });
}
