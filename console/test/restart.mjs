// Kills a daemon under an open page and starts it again: the page says so, recovers by itself, and shows what
// came meanwhile. Then it puts an older copy of the store in its place, which writes other entries: the page loads all again.
// usage: node test/restart.mjs path/to/sigil

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually, launch, run } from './browser.mjs'

const program = process.argv[2]
if (!program) {
  console.error('usage: node test/restart.mjs path/to/sigil')
  process.exit(2)
}

async function start(folder, addr) {
  const file = join(folder, 'addr')
  rmSync(file, { force: true })
  const daemon = spawn(program, ['serve', '--addr', addr, '--addr-file', file, '--data', join(folder, 'data'), '--policy', 'halflife'], { stdio: 'ignore' })
  await eventually('the daemon listens', () => existsSync(file))
  return { daemon, addr: readFileSync(file, 'utf8').trim() }
}

async function stop(daemon, signal) {
  daemon.kill(signal)
  await once(daemon, 'exit')
}

const encode = async (addr, data) => {
  const r = await fetch(`http://${addr}/v1/sigils`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ data }) })
  if (!r.ok) throw new Error(`encode: ${r.status}`)
}

run(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sigil-console-'))
  let { daemon, addr } = await start(folder, '127.0.0.1:0')
  const browser = await launch()
  try {
    await encode(addr, 'before')
    const page = await browser.newPage({ viewport: { width: 800, height: 600 } })
    const errors = []
    page.on('pageerror', e => errors.push(e.message))
    await page.goto(`http://${addr}/`)
    const count = n => eventually(`the page shows ${n}`, async () => (await page.locator('.live-count').textContent()).startsWith(`${n} memor`), 60_000)
    await count(1)
    for (const signal of ['SIGKILL', 'SIGTERM']) {
      await stop(daemon, signal)
      await eventually('the page says that it is cut off', () => page.locator('.connection.reconnecting').count(), 60_000)
      ;({ daemon } = await start(folder, addr))
      await encode(addr, `after ${signal}`)
      await count(signal === 'SIGKILL' ? 2 : 3)
      await eventually('the page is live again', () => page.locator('.connection.live').count(), 60_000)
      console.log(`ok  ${signal}, and started again`)
    }
    await stop(daemon, 'SIGTERM')
    cpSync(join(folder, 'data'), join(folder, 'older'), { recursive: true })
    ;({ daemon } = await start(folder, addr))
    await encode(addr, 'lost by the restore')
    await count(4)
    await stop(daemon, 'SIGTERM')
    rmSync(join(folder, 'data'), { recursive: true })
    renameSync(join(folder, 'older'), join(folder, 'data'))
    ;({ daemon } = await start(folder, addr))
    for (const data of ['at the same position', 'after it']) await encode(addr, data)
    await eventually('the page says that the store was restored', async () => /restored from an older copy/.test(await page.locator('.notice').textContent()), 60_000)
    await count(5)
    console.log('ok  an older copy in its place')
    if (errors.length) throw new Error(`the page failed: ${errors.join('; ')}`)
  } finally {
    await browser.close()
    if (daemon.exitCode === null) await stop(daemon, 'SIGTERM')
    rmSync(folder, { recursive: true, force: true })
  }
})
