// A typical first program with a client that is generated from the OpenAPI document. It must compile under
// strict without a cast, and work with a daemon: scripts/console.sh checks both.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./generated.js";

type Memory = components["schemas"]["Memory"];

const baseUrl = process.argv[2];
assert(baseUrl, "say where the daemon is");
const sigil = createClient<paths>({ baseUrl, headers: { "Sigil-Tenant": "contract" } });

// Encode, with only data, and with all members.
const first = await sigil.POST("/v1/sigils", { body: { data: { note: "tea at five" } } });
assert(first.data, first.error?.code);
const kept: Memory = first.data;
const full = await sigil.POST("/v1/sigils", {
  params: { header: { "Idempotency-Key": "full" } },
  body: { data: [1, "two", null], state: { phi: 0.9, mood: "calm" }, ttl: "36h", pinned: true, tags: ["a"] },
});
assert.equal(full.data?.pinned, true);
assert.equal(full.response.headers.get("Location"), `/v1/sigils/${full.data.id}`);

// Recall and peek.
const recalled = await sigil.POST("/v1/sigils/{id}:recall", { params: { path: { id: kept.id } } });
assert.equal(recalled.data?.accessCount, 1);
const peeked = await sigil.GET("/v1/sigils/{id}", { params: { path: { id: kept.id }, query: { spiral: true } } });
assert.equal(peeked.data?.spiral?.length, 6);

// List, page by page.
const listed: string[] = [];
for (let cursor: string | undefined; ; ) {
  const page = await sigil.GET("/v1/sigils", { params: { query: { limit: 1, cursor } } });
  assert(page.data, page.error?.code);
  listed.push(...page.data.memories.map((m) => m.id));
  if (page.data.next === null) break;
  cursor = page.data.next;
}
assert.deepEqual(listed, [full.data.id, kept.id]);

// A batch: one answer for each item, in order.
const batch = await sigil.POST("/v1/sigils:batch", { body: [{ data: 1 }, { data: 2, ttl: "not a duration" }] });
assert(batch.data, batch.error?.code);
const [good, bad] = batch.data.results;
assert.equal(good?.memory?.data, 1);
assert.equal(bad?.problem?.code, "invalid_ttl");

const related = await sigil.GET("/v1/sigils/{id}/related", { params: { path: { id: kept.id }, query: { min: 0 } } });
assert((related.data?.related ?? []).every((m) => typeof m.resonance === "number"));

// Forget. A memory that is gone results in a problem with a code.
const forgotten = await sigil.DELETE("/v1/sigils/{id}", { params: { path: { id: kept.id } } });
assert.equal(forgotten.response.status, 204);
const gone = await sigil.GET("/v1/sigils/{id}", { params: { path: { id: kept.id } } });
assert.equal(gone.error?.code, "not_found");

// The journal has all of it.
const kinds: string[] = [];
for (let after = "0"; ; ) {
  const page = await sigil.GET("/v1/events", { params: { query: { after } } });
  assert(page.data, page.error?.code);
  if (page.data.events.length === 0) break;
  kinds.push(...page.data.events.map((e) => e.kind));
  after = page.data.token;
}
assert.deepEqual(kinds.filter((k) => k !== "crystallized"), ["encoded", "encoded", "encoded", "forgotten"]);

const stats = await sigil.GET("/v1/stats");
assert.equal(stats.data?.memories, 2);
console.log("contract: a generated client encodes, recalls, lists, batches, forgets and reads the journal");
