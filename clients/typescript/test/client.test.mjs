// What a client does with answers that a daemon seldom gives, from a server that gives them on purpose.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { Client, ProblemError, SigilError } from "../dist/index.js";

const id = "01890a5d-ac96-774b-bcce-b302099a8057";

/** Starts a server that answers the requests in turn, the last answer for all that follow, and returns a client of it and what it was asked. */
async function fake(t, answers, options) {
  const asked = [];
  const server = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const answer = answers[Math.min(asked.length, answers.length - 1)];
    asked.push({ line: `${request.method} ${request.url}`, headers: request.headers, body: Buffer.concat(parts).toString() });
    await answer(response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { client: new Client(`127.0.0.1:${server.address().port}`, options), asked };
}

const json = (status, body, headers = {}) => (response) => {
  response.writeHead(status, { "Content-Type": status < 400 ? "application/json" : "application/problem+json", ...headers });
  response.end(JSON.stringify(body));
};
const problem = (status, code, headers) => json(status, { type: `/docs#${code}`, title: "", status, code }, headers);
const broken = (response) => response.destroy();
const memory = json(201, { id });

test("an encode is sent again with the same key", async (t) => {
  const { client, asked } = await fake(t, [broken, problem(503, "stopping"), problem(409, "idempotency_in_flight"), memory]);
  assert.equal((await client.encode({ data: 1 })).id, id);
  assert.equal(asked.length, 4);
  const keys = new Set(asked.map((a) => a.headers["idempotency-key"]));
  assert.match([...keys].join(), /^[0-9a-f]{32}$/);
  assert.equal(asked[3].body, '{"data":1}');
});

test("each item of a batch has a key", async (t) => {
  const { client, asked } = await fake(t, [broken, json(200, { results: [{ status: 201 }, { status: 201 }] })]);
  await client.encodeBatch([{ data: 1 }, { data: 2, idempotencyKey: "mine" }]);
  assert.equal(asked[0].body, asked[1].body);
  const [first, second] = JSON.parse(asked[0].body);
  assert.match(first.idempotencyKey, /^[0-9a-f]{32}-0$/);
  assert.equal(second.idempotencyKey, "mine");
});

test("a span is restored in as many requests as it needs", async (t) => {
  const page = (next) => json(200, { restored: 1, results: [{ status: 200, id, memory: { id } }], next });
  const { client, asked } = await fake(t, [page(7), page(9), page(3)]);
  assert.equal((await client.restoreSpan(3, 9)).length, 2);
  await assert.rejects(client.restoreSpan(3, 9), { kind: "not_sigil" });
  assert.deepEqual(asked.map((a) => JSON.parse(a.body)), [{ from: 3, to: 9 }, { from: 7, to: 9 }, { from: 3, to: 9 }]);
});

test("a forget that cannot be undone", async (t) => {
  const { client } = await fake(t, [json(200, null)]);
  assert.equal(await client.forgetWithUndo(id), null);
});

test("what might be done twice is not sent again", async (t) => {
  for (const call of [(c) => c.recall(id), (c) => c.forget(id), (c) => c.restore(id), (c) => c.recallMany([id]), (c) => c.search({ query: "x", recall: true })]) {
    for (const answer of [broken, problem(503, "timeout"), problem(503, "stopping")]) {
      const { client, asked } = await fake(t, [answer]);
      await assert.rejects(call(client), SigilError);
      assert.equal(asked.length, 1);
    }
    const { client, asked } = await fake(t, [problem(503, "not_ready"), json(200, { results: [{ status: 200 }] })]);
    await call(client);
    assert.equal(asked.length, 2);
  }
});

test("reads are tried four times, and errors of the caller once", async (t) => {
  const down = await fake(t, [broken]);
  await assert.rejects(down.client.stats(), { name: "SigilError", kind: "unreachable" });
  assert.equal(down.asked.length, 4);
  const wrong = await fake(t, [problem(400, "invalid_limit")]);
  await assert.rejects(wrong.client.list({ limit: -1 }), (e) => e instanceof ProblemError && e.kind === "invalid" && e.status === 400 && e.type === "/docs#invalid_limit");
  assert.equal(wrong.asked.length, 1);
  const never = await fake(t, [broken], { retries: 0 });
  await assert.rejects(never.client.encode({ data: 1 }), { kind: "unreachable" });
  assert.equal(never.asked.length, 1);
  assert.equal(never.asked[0].headers["idempotency-key"], undefined);
});

test("Retry-After is heeded, unless it is too long", async (t) => {
  const soon = await fake(t, [problem(429, "too_many_requests", { "Retry-After": "1" }), json(200, {})]);
  const begun = Date.now();
  await soon.client.stats();
  assert.ok(Date.now() - begun >= 990);
  const late = await fake(t, [problem(503, "unavailable", { "Retry-After": "3600" })]);
  await assert.rejects(late.client.stats(), { kind: "unavailable", retryAfter: 3_600_000 });
  assert.equal(late.asked.length, 1);
});

test("a signal ends a call at once", async (t) => {
  const asking = deferred();
  const { client } = await fake(t, [() => asking.resolve()]);
  const abort = new AbortController();
  const call = client.stats({ signal: abort.signal });
  await asking.promise;
  abort.abort(new Error("enough"));
  await assert.rejects(call, /enough/);
  await assert.rejects(client.encode({ data: 1 }, { signal: abort.signal }), /enough/);

  const pausing = new AbortController();
  const waits = await fake(t, [(response) => {
    problem(503, "not_ready", { "Retry-After": "30" })(response);
    response.on("finish", () => setImmediate(() => pausing.abort(new Error("enough"))));
  }]);
  await assert.rejects(waits.client.stats({ signal: pausing.signal }), /enough/);
});

function deferred() {
  const d = {};
  d.promise = new Promise((resolve, reject) => Object.assign(d, { resolve, reject }));
  return d;
}

test("something else at the address is told apart", async (t) => {
  for (const answer of [
    (r) => r.writeHead(404, { "Content-Type": "text/html" }).end("<html>\nnot here"),
    (r) => r.writeHead(200, { "Content-Type": "text/html" }).end("<html>"),
  ]) {
    const { client } = await fake(t, [answer]);
    await assert.rejects(client.stats(), { kind: "not_sigil" });
  }
  const { client } = await fake(t, [problem(404, "unknown_path")]);
  await assert.rejects(client.stats(), { kind: "refused", code: "unknown_path" });
  assert.throws(() => new Client("ftp://x"), { kind: "invalid" });
  await assert.rejects(client.peek("../stats"), { kind: "invalid" });
});

test("a query has what the API calls it", async (t) => {
  const { client, asked } = await fake(t, [json(200, { memories: [], next: null })], { tenant: "a", headers: { Authorization: "Bearer x" } });
  await client.list({ limit: 7, tags: ["a&b", "ü"], query: '"x" -y', pinned: false, fadingBefore: new Date(7) });
  assert.equal(asked[0].line, "GET /v1/sigils?limit=7&pinned=false&fadingBefore=1970-01-01T00%3A00%3A00.007Z&tag=a%26b&tag=%C3%BC&q=%22x%22+-y");
  assert.equal(asked[0].headers["sigil-tenant"], "a");
  assert.equal(asked[0].headers.authorization, "Bearer x");
});

test("a full answer is asked for in parts", async (t) => {
  const full = { status: 413, problem: { code: "answer_full" } };
  const { client, asked } = await fake(t, [json(200, { results: [{ status: 200, n: 1 }, full, full] }), json(200, { results: [{ status: 200, n: 2 }, { status: 200, n: 3 }] })]);
  const items = await client.recallMany(["a", "b", "c"]);
  assert.deepEqual(items.map((item) => item.n), [1, 2, 3]);
  assert.equal(asked[1].body, '{"ids":["b","c"]}');
});

test("a loop over the journal goes on where it was", async (t) => {
  const stream = (...texts) => async (response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    for (const text of texts) {
      response.write(text);
      await new Promise(setImmediate);
    }
    response.end();
  };
  const entry = (position) => `id: ${position}\ndata: {"position":${position}}\n\n`;
  const { client, asked } = await fake(t, [
    stream("retry: 1000\nid: 9007199254740992\n\n", entry("9007199254740993").slice(0, 20)), // cut off inside the entry
    stream(": heartbeat\n\n", entry("9007199254740993").slice(0, 9), entry("9007199254740993").slice(9).replaceAll("\n", "\r\n"), "event: reconnect\ndata: {}\n\n"),
    problem(503, "not_ready"),
    stream('event: recalled\ndata: {"memories":[],"more":true}\n\n', entry("9007199254740994") + entry("9007199254740995"), "event: later\ndata: x\n\n"),
    stream('event: problem\ndata: {"status":410,"code":"position_gone","oldest":9007199254740999}\n\n'),
  ]);
  const got = [], lost = [];
  let recalls = 0;
  await assert.rejects(async () => {
    for await (const event of client.follow({ onDisconnect: (error) => lost.push(error.kind), onRecall: () => recalls++ })) got.push(event.position);
  }, { kind: "gone", code: "position_gone", oldest: 9007199254740999n });
  assert.deepEqual(got, [9007199254740993n, 9007199254740994n, 9007199254740995n]);
  assert.deepEqual(asked.map((a) => a.line), ["", "after=9007199254740992&", "after=9007199254740993&", "after=9007199254740993&", "after=9007199254740995&"].map((after) => `GET /v1/events?${after}recalls=true`));
  assert.deepEqual(lost, ["unreachable", "unreachable", "unavailable", "unreachable"]);
  assert.equal(recalls, 1);
});

test("a loop goes on after tokens, and ends when the store has other entries", async (t) => {
  const stream = (text) => (response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.end(text);
  };
  const { client, asked } = await fake(t, [
    stream("retry: 1000\nid: 3-00000000000000ff\n\n"),
    stream('id: 4-000000000000000a\ndata: {"position":4,"token":"4-000000000000000a"}\n\n'),
    stream('event: problem\ndata: {"status":410,"code":"position_ahead","newest":2}\n\n'),
  ]);
  const got = [];
  await assert.rejects(async () => {
    for await (const event of client.follow({ after: "2-0123456789abcdef" })) got.push(event.token);
  }, { kind: "gone", code: "position_ahead", newest: 2 });
  assert.deepEqual(got, ["4-000000000000000a"]);
  assert.deepEqual(asked.map((a) => a.line), ["2-0123456789abcdef", "3-00000000000000ff", "4-000000000000000a"].map((after) => `GET /v1/events?after=${after}`));
});

test("a loop that is left, or aborted, ends its request", async (t) => {
  const closed = [];
  const { client } = await fake(t, [(response) => {
    closed.push(once(response, "close"));
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.write('id: 1\ndata: {"position":1}\n\n');
  }]);
  for await (const event of client.follow({ after: 0 })) {
    assert.equal(event.position, 1);
    break;
  }
  await closed[0];
  const abort = new AbortController();
  await assert.rejects(async () => {
    for await (const _ of client.follow({ after: 0, signal: abort.signal })) abort.abort(new Error("enough"));
  }, /enough/);
  await closed[1];
});
