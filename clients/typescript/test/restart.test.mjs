// A daemon (SIGIL_BIN) is stopped and started again under a client: no call fails, and no entry is missed or read twice.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "../dist/index.js";

/** Starts a daemon, and returns it with its address when it listens. */
async function serve(dir, addr = "127.0.0.1:0") {
  const file = join(dir, "addr");
  await rm(file, { force: true });
  const daemon = spawn(process.env.SIGIL_BIN, ["serve", "--addr", addr, "--addr-file", file, "--data", join(dir, "data")], { stdio: "ignore" });
  const exit = once(daemon, "exit");
  for (let began = Date.now(); Date.now() - began < 60_000; await pause(20)) {
    const text = await readFile(file, "utf8").catch(() => "");
    if (text) {
      return { addr: text.trim(), stop: () => (daemon.kill("SIGTERM"), exit) };
    }
    if (daemon.exitCode !== null) break;
  }
  throw new Error("the daemon did not start");
}

test("through a restart of the daemon", async () => {
  assert.ok(process.env.SIGIL_BIN, "SIGIL_BIN has the program (scripts/clients.sh builds it)");
  const dir = await mkdtemp(join(tmpdir(), "sigil-"));
  let daemon = await serve(dir);
  const client = new Client(daemon.addr, { retries: 100 });
  const live = client.live();
  try {
    const first = await live.encode({ data: 1, idempotencyKey: "a" });
    const seen = [client.follow({ after: 0 }), live.events({ after: 0 })];
    for (const loop of seen) assert.equal((await loop.next()).value.id, first.id);

    const next = seen.map((loop) => loop.next()); // waits through the restart
    await daemon.stop();
    const meanwhile = client.encode({ data: 2 });
    daemon = await serve(dir, daemon.addr);
    const second = await meanwhile;
    for (const entry of next) assert.equal((await entry).value.id, second.id);

    const third = await live.encode({ data: 3, idempotencyKey: "b" });
    for (const loop of seen) {
      assert.equal((await loop.next()).value.id, third.id);
      await loop.return();
    }
    assert.equal((await client.stats()).memories, 3);

    live.close();
    await assert.rejects(live.recall(first.id), { kind: "closed" });
  } finally {
    live.close();
    await daemon.stop();
    await rm(dir, { recursive: true });
  }
});
