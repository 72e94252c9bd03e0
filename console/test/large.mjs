// Loads many memories, then measures the field while it is panned and zoomed, with encodes coming in.
// usage: node test/large.mjs http://127.0.0.1:7433 [memories] [tenant]
// Prints JSON: frame times in ms, JavaScript heap in bytes, time to load in ms. All is drawn in software; what the
// page itself takes of a frame is scriptMsPerFrame.

import { base, eventually, launch, run } from './browser.mjs'

const url = base('node test/large.mjs URL [memories] [tenant]')
const wanted = Number(process.argv[3] ?? 50_000)
const tenant = process.argv[4] ?? `large-${Date.now()}`
const words = 'amber basil cedar delta ember fjord grove harbor iris juniper kelp lumen maple nectar orbit pollen quartz river sable thyme'.split(' ')

const headers = { 'Sigil-Tenant': tenant }
const count = async () => (await (await fetch(`${url}/v1/stats`, { headers })).json()).memories

/** seeded gives the same numbers each run. */
function seeded(seed) {
  return () => {
    seed = (seed * 1664525 + 1013904223) >>> 0
    return seed / 2 ** 32
  }
}

/** memory makes one of many kinds: with a ttl or without, pinned now and then, strong enough to crystallize. */
function memory(i, random) {
  const pick = () => words[Math.floor(random() * words.length)]
  const strong = random() < 0.01
  const part = () => (strong ? 0.93 + random() * 0.06 : random() * 0.85)
  return {
    data: { topic: pick(), note: `${pick()} ${pick()} ${pick()}`, n: i },
    state: { phi: part(), coherence: part(), awareness: part(), emotionalResonance: part() },
    tags: [pick(), random() < 0.3 ? 'session' : 'note'],
    ...(random() < 0.4 ? { ttl: `${30 + Math.floor(Math.exp(random() * 8))}m` } : {}),
    ...(random() < 0.003 ? { pinned: true } : {}),
  }
}

async function load() {
  const random = seeded(7)
  let have = await count()
  while (have < wanted) {
    const lines = Array.from({ length: Math.min(5000, wanted - have) }, (_, i) => JSON.stringify(memory(have + i, random)))
    const r = await fetch(`${url}/v1/sigils:batch`, { method: 'POST', headers: { ...headers, 'Content-Type': 'application/x-ndjson' }, body: lines.join('\n') })
    if (!r.ok) throw new Error(`batch: ${r.status} ${await r.text()}`)
    await r.text()
    have += lines.length
  }
}

const order = numbers => [...numbers].sort((a, b) => a - b)
const at = (sorted, q) => Number(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))].toFixed(1))

run(async () => {
  await load()
  const browser = await launch()
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
  await context.addInitScript(t => localStorage.setItem('sigil.tenant', t), tenant)
  const page = await context.newPage()
  const faults = []
  page.on('pageerror', e => faults.push(e.message))
  const began = Date.now()
  await page.goto(url)
  await eventually('all are loaded', () => page.locator('.connection.live').count(), 120_000)
  const loaded = Date.now() - began

  const devtools = await context.newCDPSession(page)
  await devtools.send('Performance.enable')
  const scripted = async () => (await devtools.send('Performance.getMetrics')).metrics.find(m => m.name === 'ScriptDuration').value
  const before = await scripted()

  // Pan and zoom for ten seconds, one step a frame, and time the frames.
  const measuring = page.evaluate(() => new Promise(done => {
    const stage = document.querySelector('.stage')
    const times = []
    const press = key => stage.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }))
    const keys = ['ArrowLeft', '+', 'ArrowUp', '-', 'ArrowRight', '+', 'ArrowDown', '-']
    const start = performance.now()
    let last = start
    let n = 0
    const frame = now => {
      times.push(now - last)
      last = now
      press(keys[n++ % keys.length])
      if (now - start < 10_000) requestAnimationFrame(frame)
      else done(times.slice(1))
    }
    requestAnimationFrame(frame)
  }))
  const random = seeded(11)
  for (let i = 0; i < 10; i++) {
    await fetch(`${url}/v1/sigils`, { method: 'POST', headers: { ...headers, 'Content-Type': 'application/json' }, body: JSON.stringify(memory(1e6 + i, random)) })
    await page.waitForTimeout(400)
  }
  const frames = order(await measuring)
  const script = (await scripted()) - before
  const heap = await page.evaluate(() => performance.memory?.usedJSHeapSize ?? null)
  const shown = await page.locator('.live-count').textContent()
  const renderer = await page.locator('.stage').getAttribute('data-renderer')
  await browser.close()
  console.log(JSON.stringify({ memories: await count(), shown, renderer, loadMs: loaded, frames: frames.length, medianMs: at(frames, 0.5), p95Ms: at(frames, 0.95), maxMs: at(frames, 1), scriptMsPerFrame: Number(((script * 1000) / frames.length).toFixed(2)), heapBytes: heap }))
  if (faults.length) throw new Error(faults.join('; '))
})
