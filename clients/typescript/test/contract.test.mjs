// Runs the contract that all clients pass (clients/contract) against the daemons at SIGIL_URLS, one on each store.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { Client, ProblemError, SigilError, parse, stringify, verifyWebhook } from "../dist/index.js";

const addresses = (process.env.SIGIL_URLS ?? "").split(" ").filter(Boolean);
test("SIGIL_URLS has the daemons (scripts/clients.sh starts them)", () => assert.notEqual(addresses.length, 0));

const contract = async (file) => parse(await readFile(new URL(`../../contract/${file}.json`, import.meta.url), "utf8"));

for (const address of addresses) {
  for (const file of ["memories", "live", "undo", "erase"]) {
    test(`${file} at ${address}`, async () => {
      const client = new Client(address, { tenant: `ts-${randomUUID()}` });
      const live = client.live();
      const saved = new Map();
      try {
        for (const step of await contract(file)) await run(client, live, saved, step);
      } finally {
        live.close();
      }
    });
  }
}

test("webhooks", async (t) => {
  for (const { name, secret, signature, body, now, tolerance, valid } of await contract("webhook")) {
    await t.test(name, async () => {
      const check = verifyWebhook(secret, signature, body, { now: new Date(now * 1000), tolerance });
      await (valid ? check : assert.rejects(check, { kind: "invalid" }));
    });
  }
});

async function run(client, live, saved, { name, call, args, expect, error, save = {} }) {
  let answer, failed;
  try {
    answer = await made(client, live, call, filled(args, saved));
  } catch (e) {
    failed = e;
  }
  if (error) {
    assert.ok(failed instanceof ProblemError, `${name}: ${failed ?? stringify(answer)}`);
    assert.ok(failed instanceof SigilError && failed instanceof Error);
    return compare(`${name}: error`, error, failed, saved);
  }
  if (failed) throw new Error(name, { cause: failed });
  compare(`${name}: answer`, expect, answer, saved);
  for (const [variable, path] of Object.entries(save)) {
    const value = path.split(".").reduce((v, key) => v?.[key], answer);
    assert.ok(value, `${name}: nothing is at ${path}`);
    saved.set(variable, value);
  }
}

function made(client, live, call, args) {
  const one = (on, method, { id, ...query }) => on[method](id, ...(Object.keys(query).length > 0 ? [query] : []));
  switch (call) {
    case "encodeBatch":
      return client.encodeBatch(args.drafts);
    case "recallMany":
      return client.recallMany(args.ids);
    case "restoreMany":
      return client.restoreMany(args.ids);
    case "restoreSpan":
      return client.restoreSpan(args.from, args.to);
    case "correct":
    case "live.correct": {
      const { id, ...draft } = args;
      return (call === "correct" ? client : live).correct(id, draft);
    }
    case "historyAll": {
      const { id, ...query } = args;
      return gather(client.historyAll(id, query));
    }
    case "searchAll":
    case "listAll":
    case "removedAll":
      return gather(client[call](args));
    case "follow":
      return gather(client.follow({ after: args.after }), args.count);
    case "live.events":
      return gather(live.events({ after: args.after }), args.count);
    case "stats":
    case "receiptKey":
      return client[call]();
    case "encode":
    case "search":
    case "list":
    case "forecast":
    case "events":
    case "removed":
    case "erase":
      return client[call](args);
    case "history":
    case "peek":
    case "recall":
    case "forget":
    case "forgetWithUndo":
    case "restore":
    case "eraseOne":
    case "pin":
    case "unpin":
    case "related":
    case "explain":
      return one(client, call, args);
    case "change": {
      const { id, ...change } = args;
      return client.change(id, change);
    }
    case "live.change": {
      const { id, ...change } = args;
      return live.change(id, change);
    }
    case "live.encode":
      return live.encode(args);
    case "live.recall":
    case "live.forget":
    case "live.forgetWithUndo":
    case "live.restore":
      return one(live, call.slice("live.".length), args);
  }
  throw new Error(`no call is named ${call}`);
}

async function gather(loop, count = Infinity) {
  const list = [];
  for await (const entry of loop) if (list.push(entry) === count) break;
  return list;
}

function filled(value, saved) {
  if (typeof value === "string" && value.startsWith("@")) return saved.get(value.slice(1));
  if (Array.isArray(value)) return value.map((item) => filled(item, saved));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, filled(member, saved)]));
}

const kinds = {
  $id: (v) => typeof v === "string" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(v),
  $time: (v) => typeof v === "string" && /^\d{4}-\d\d-\d\dT/.test(v) && !Number.isNaN(Date.parse(v)),
  $number: (v) => typeof v === "number" || typeof v === "bigint",
  $string: (v) => typeof v === "string" && v !== "",
};

function compare(where, want, got, saved) {
  const shown = () => `${where} is ${got === undefined ? "missing" : stringify(got)}, not ${stringify(want)}`;
  if (want === null) return assert.equal(got ?? null, null, where);
  if (typeof want === "string" && want.startsWith("@")) return compare(where, saved.get(want.slice(1)), got, saved);
  if (Object.hasOwn(kinds, want)) return assert.ok(kinds[want](got), shown());
  if (Array.isArray(want)) {
    assert.ok(Array.isArray(got) && got.length === want.length, shown());
    return want.forEach((item, i) => compare(`${where}.${i}`, item, got[i], saved));
  }
  if (typeof want === "object") {
    assert.ok(typeof got === "object" && got !== null, shown());
    return Object.entries(want).forEach(([name, member]) => compare(`${where}.${name}`, member, got[name], saved));
  }
  assert.ok(got === want || (kinds.$number(want) && kinds.$number(got) && got == want), shown());
}
