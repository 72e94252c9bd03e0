// Walks what people do with the console, against a running daemon, on a tenant of its own.
// usage: node test/flows.mjs http://127.0.0.1:7433

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { base, eventually, launch, run } from './browser.mjs'

const url = base('node test/flows.mjs URL')
const tenant = `flows-${Date.now()}`
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const failures = []

async function post(path, body) {
  const r = await fetch(url + path, { method: 'POST', headers: { 'Content-Type': 'application/json', 'Sigil-Tenant': tenant }, body: JSON.stringify(body) })
  if (!r.ok) throw new Error(`POST ${path}: ${r.status} ${await r.text()}`)
  return r.json()
}

const sees = (page, what, text, timeout) => eventually(`${what} shows ${text}`, async () => {
  const got = (await page.locator(what).allTextContents()).join(' ')
  return text instanceof RegExp ? text.test(got) : got.includes(text)
}, timeout)

/** clean runs axe on the page as it is. */
async function clean(page, where) {
  // Through the protocol, not a script element: the page's own policy would refuse that, as it should.
  await page.evaluate(axe)
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }))
  for (const v of violations) failures.push(`axe, ${where}: ${v.id}, ${v.help} (${v.nodes.slice(0, 3).map(n => `${n.target} ${n.any[0]?.message ?? ''}`).join('; ')})`)
}

async function go(page, name) {
  await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name, exact: true }).click()
  await page.getByRole('heading', { level: 1, name: name, exact: true }).waitFor({ state: 'attached' })
}

async function firstMemory(page) {
  await sees(page, 'h1', 'Nothing is remembered here yet')
  await clean(page, 'first run, dark')
  await page.getByLabel('Data, as JSON').fill('{ not json')
  await page.getByRole('button', { name: 'Encode memory' }).click()
  await sees(page, '[role=alert]', 'not JSON')
  await page.getByLabel('Data, as JSON').fill('{"fact": "The kettle is in the left cupboard"}')
  await page.getByLabel('Tags').fill('kitchen, note')
  await page.getByLabel('Time to live').fill('36 hours')
  await page.getByRole('button', { name: 'Encode memory' }).click()
  await sees(page, '[role=alert]', /ttl/)
  await page.getByLabel('Time to live').fill('')
  await sees(page, '.encode pre', '"tags":["kitchen","note"]')
  await page.getByRole('button', { name: 'Encode memory' }).click()
  await sees(page, '.live-count', /^1 memory$/)
  await page.locator('.stage[data-renderer]').waitFor()
}

async function openByList(page) {
  await page.locator('[aria-controls=newest]').waitFor()
  if ((await page.locator('.newest').count()) === 0) await page.getByRole('button', { name: 'List the newest memories' }).click()
  await page.locator('.newest a').first().click()
  await sees(page, '.side h1', 'The kettle is in the left cupboard')
}

async function actOnIt(page) {
  const side = page.locator('.side')
  await sees(page, '.derivation', /decay|2\^|half/i)
  await sees(page, '.history', 'encoded')
  await sees(page, '.countdown', /left/)
  await side.getByRole('button', { name: 'Recall' }).click()
  await sees(page, '.notice', 'Recalled')
  await eventually('one recall is counted', async () => /Recalls\s*1/.test(await page.locator('.figures').textContent()))
  await side.getByRole('button', { name: 'Pin', exact: true }).click()
  await side.getByRole('button', { name: 'Unpin' }).waitFor()
  await sees(page, '.countdown', 'Does not fade')
  await sees(page, '.history', 'pinned')
  await side.getByRole('button', { name: 'Unpin' }).click()
  await side.getByRole('button', { name: 'Pin', exact: true }).waitFor()
  await clean(page, 'memory, dark')
  await side.getByRole('button', { name: 'Forget' }).click()
  await sees(page, 'dialog', 'can be restored')
  await clean(page, 'forget dialog')
  await page.getByRole('button', { name: 'Keep it' }).click()
  await sees(page, '.side h1', 'The kettle')
  await side.getByRole('button', { name: 'Forget' }).click()
  await page.getByRole('button', { name: 'Forget it' }).click()
  await sees(page, 'h1', 'Nothing is remembered here yet')
}

/** undo takes back the last forget, by the offer; and another one, by the memory's own page. */
async function undo(page) {
  const side = page.locator('.side')
  const forget = async () => {
    await side.getByRole('button', { name: 'Forget' }).click()
    await page.getByRole('button', { name: 'Forget it' }).click()
  }
  await sees(page, '.notice', 'Forgotten')
  await clean(page, 'an offer to undo')
  await page.locator('.notice').getByRole('button', { name: 'Undo' }).click()
  await sees(page, '.notice', 'Restored')
  await sees(page, '.live-count', /^1 memory$/)
  await openByList(page)
  await sees(page, '.history', 'restored')
  const { hash } = new URL(page.url())
  await forget()
  await sees(page, 'h1', 'Nothing is remembered here yet')
  await page.goto(`${url}/${hash}`)
  await sees(page, '.side .kinds', 'gone')
  await sees(page, '.side .back', 'can be restored for another 23 h 59 min')
  await clean(page, 'a memory that is gone, dark')
  await side.getByRole('button', { name: 'Restore' }).click()
  await sees(page, '.countdown', /left/)
  await forget()
  await sees(page, 'h1', 'Nothing is remembered here yet')
}

/** trash restores one memory, then all that are selected. */
async function trash(page) {
  for (const note of ['first', 'second', 'third']) {
    const { id } = await post('/v1/sigils', { data: { note: `the ${note} leaf` }, tags: ['leaf'] })
    await fetch(`${url}/v1/sigils/${id}`, { method: 'DELETE', headers: { 'Sigil-Tenant': tenant } })
  }
  await go(page, 'Trash')
  const rows = page.locator('.trash li')
  await eventually('four are in the trash', async () => await rows.count() === 4)
  await sees(page, '.trash li:first-child', 'the third leaf')
  await sees(page, '.trash li:first-child', /forgotten on request just now.*23 h 59 min left/)
  await clean(page, 'trash, dark')
  await page.getByRole('button', { name: 'Restore the second leaf' }).click()
  await sees(page, '.notice', 'Restored')
  await eventually('three are left', async () => await rows.count() === 3)
  await page.getByRole('checkbox', { name: 'Select the first leaf' }).check()
  await page.getByRole('checkbox', { name: 'Select the third leaf' }).check()
  await page.getByRole('button', { name: 'Restore selected (2)' }).click()
  await sees(page, '.notice', '2 memories restored')
  await eventually('one is left', async () => await rows.count() === 1)
  await sees(page, '.live-count', '3 memories')
  await page.getByRole('checkbox', { name: 'All 1 shown' }).check()
  await clean(page, 'trash with a selection, dark')
  await go(page, 'Activity')
  await sees(page, '.journal', 'restored')
  const { memories } = await (await fetch(`${url}/v1/sigils?tag=leaf`, { headers: { 'Sigil-Tenant': tenant } })).json()
  for (const { id } of memories) await fetch(`${url}/v1/sigils/${id}`, { method: 'DELETE', headers: { 'Sigil-Tenant': tenant } })
  await sees(page, '.live-count', /^0 memories$/)
}

/** removedInLight looks at what a forget shows, and leaves nothing changed. */
async function removedInLight(page) {
  const { memories: [{ id }] } = await (await fetch(`${url}/v1/sigils?limit=1`, { headers: { 'Sigil-Tenant': tenant } })).json()
  await page.goto(`${url}/#/memory/${id}`)
  await page.locator('.side').getByRole('button', { name: 'Forget' }).click()
  await clean(page, 'forget dialog, light')
  await page.getByRole('button', { name: 'Forget it' }).click()
  await page.locator('.notice button').waitFor()
  await clean(page, 'an offer to undo, light')
  await page.goto(`${url}/#/memory/${id}`)
  await page.locator('.side .back').waitFor()
  await clean(page, 'a memory that is gone, light')
  await page.locator('.notice').getByRole('button', { name: 'Undo' }).click()
  await sees(page, '.notice', 'Restored')
  await page.locator('.side .countdown').waitFor()
}

async function fill() {
  const strong = { phi: 0.97, coherence: 0.96, awareness: 0.95, emotionalResonance: 0.96 }
  for (let i = 0; i < 40; i++) {
    await post('/v1/sigils', { data: { note: i === 7 ? 'a needle' : `hay ${i}` }, tags: [i % 2 ? 'odd' : 'even'], ...(i < 10 ? { ttl: '20m' } : {}), ...(i >= 36 ? { state: strong } : {}) })
  }
}

async function forecast(page) {
  await go(page, 'Forecast')
  await page.getByRole('radio', { name: '1 hour' }).check()
  await eventually('ten or more fade within an hour', async () => Number(await page.locator('[data-test=fading]').textContent()) >= 10)
  await page.getByRole('radio', { name: 'half-life' }).check()
  await sees(page, '[data-test=verdict]', /would be lost/)
  const words = async () => page.locator('[data-test=verdict]').textContent()
  const before = await words()
  await page.getByRole('slider').fill('0')
  await sees(page, '.flags code', '--half-life 1m')
  await eventually('the slider changes the numbers', async () => (await words()) !== before && /more would be lost/.test(await words()))
  await clean(page, 'forecast, dark')
}

async function search(page) {
  await go(page, 'Search')
  await sees(page, '.found', /^The first 25 memories, newest first/)
  const box = page.getByLabel('Words, of which any may match')
  await box.fill('NEEDLES')
  await page.keyboard.press('Enter')
  await sees(page, '.found', /^1 memory found/)
  await sees(page, '.hits mark', /^needle$/)
  await page.locator('.hits a').click()
  await sees(page, '.side h1', 'a needle')
  await page.getByRole('button', { name: 'Close the panel' }).click()
  await box.fill('tag:odd')
  await page.getByRole('button', { name: 'Search', exact: true }).click()
  await sees(page, '.found', /^20 memories found/)
  await page.getByRole('button', { name: /^why/ }).first().click()
  await page.locator('.why table').first().waitFor()
  await page.getByLabel('Fades', { exact: true }).selectOption('1h')
  await sees(page, '.found', /^5 memories found/)
}

async function patterns(page) {
  await go(page, 'Patterns')
  await page.locator('.patterns tbody tr').first().waitFor()
  await page.locator('.crystals .lattice').first().waitFor({ timeout: 30_000 })
  await page.locator('.crystals a').first().click()
  await page.locator('.side .lattice').waitFor()
  await page.getByRole('button', { name: 'Close the panel' }).click()
}

async function activity(page) {
  await go(page, 'Activity')
  await page.locator('.chart canvas').first().waitFor()
  await sees(page, '.journal', 'encoded')
  await eventually('memories are plotted', async () => /held \d/.test(await page.locator('.charts').textContent()))
}

async function otherTheme(page) {
  await page.getByRole('button', { name: 'Switch to the light theme' }).click()
  await eventually('it is light', () => page.evaluate(() => document.documentElement.dataset.theme === 'light'))
  await page.reload()
  await eventually('it is still light', () => page.evaluate(() => document.documentElement.dataset.theme === 'light'))
  await sees(page, '.connection', 'live')
  await clean(page, 'light')
}

/** keyboard opens a memory and comes back without a pointer. */
async function keyboard(page) {
  await page.goto(`${url}/#/`)
  await sees(page, '.connection', 'live')
  await page.locator('.stage').focus()
  for (const key of ['+', 'ArrowLeft', '-', '0']) await page.keyboard.press(key)
  const onto = async (what, most = 40) => {
    for (let i = 0; i < most; i++) {
      await page.keyboard.press('Tab')
      if (await page.evaluate(s => document.activeElement.matches(s), what)) return
    }
    throw new Error(`Tab does not reach ${what}`)
  }
  await onto('[aria-controls=newest]')
  if ((await page.locator('.newest').count()) === 0) await page.keyboard.press('Enter')
  await page.locator('.newest a').first().waitFor()
  await onto('.newest a')
  await page.keyboard.press('Enter')
  await page.locator('.side .countdown').waitFor()
  await eventually('the panel has the focus', () => page.evaluate(() => document.activeElement.matches('.side')))
  await page.keyboard.press('Escape')
  await page.locator('.side').waitFor({ state: 'detached' })
  await eventually('the focus came back', () => page.evaluate(() => document.activeElement.matches('.newest a')))
}

async function liveChange(page) {
  const n = parseInt(await page.locator('.live-count').textContent(), 10)
  await post('/v1/sigils', { data: 'from elsewhere' })
  await sees(page, '.live-count', `${n + 1} memories`)
}

async function disconnected(page, context) {
  await context.setOffline(true)
  await sees(page, '.connection', 'reconnecting', 20_000)
  await context.setOffline(false)
  await sees(page, '.connection', /^live$/, 20_000)
}

/** positionGone: the journal was trimmed past where the page was, so it loads all anew. */
async function positionGone(page, context) {
  let [gone, lists] = [0, 0]
  // A WebSocket that is refused says no reason, so that the page asks for a stream.
  await page.routeWebSocket(/\/v1\/ws/, ws => (gone === 0 ? ws.close() : void ws.connectToServer()))
  await page.route(/\/v1\/events\?after=[^&]+&recalls=true$/, route => (gone++ === 0
    ? route.fulfill({ status: 410, contentType: 'application/problem+json', body: JSON.stringify({ status: 410, code: 'position_gone', detail: 'trimmed', oldest: 1 }) })
    : route.continue()))
  page.on('request', r => { if (r.url().includes('content=false') && r.url().includes('/v1/sigils?')) lists++ })
  await context.setOffline(true)
  await sees(page, '.connection', 'reconnecting', 20_000)
  await context.setOffline(false)
  await eventually('all is loaded anew', () => gone > 0 && lists > 0, 20_000)
  await sees(page, '.connection', /^live$/, 20_000)
  await sees(page, '.live-count', '41 memories')
}

/** drawn gives how much of the points there is in each of 12 by 8 parts of the field, as one renderer draws it. */
async function drawn(browser, renderer) {
  const context = await browser.newContext({ viewport: { width: 1000, height: 700 }, colorScheme: 'light', reducedMotion: 'reduce' })
  await context.addInitScript(([t, r]) => { localStorage.setItem('sigil.tenant', t); localStorage.setItem('sigil.renderer', r) }, [tenant, renderer])
  const page = await context.newPage()
  page.on('pageerror', e => failures.push(`page, ${renderer}: ${e.message}`))
  await page.goto(url)
  await page.locator('.connection.live').waitFor()
  await page.locator(`.stage[data-renderer="${renderer}"]`).waitFor()
  const parts = await page.evaluate(() => new Promise(done => {
    const stage = document.querySelector('.stage')
    stage.dispatchEvent(new KeyboardEvent('keydown', { key: '0', bubbles: true })) // it draws
    stage.dispatchEvent(new FocusEvent('focus'))
    requestAnimationFrame(() => { // in the same frame, after it
      const points = stage.querySelector('.points')
      const copy = new OffscreenCanvas(points.width, points.height).getContext('2d')
      copy.drawImage(points, 0, 0)
      const { data, width, height } = copy.getImageData(0, 0, points.width, points.height)
      const sums = new Array(12 * 8).fill(0)
      for (let i = 3; i < data.length; i += 4) {
        const at = (i - 3) / 4
        sums[Math.floor(Math.floor(at / width) * 8 / height) * 12 + Math.floor((at % width) * 12 / width)] += data[i]
      }
      done(sums)
    })
  }))
  await context.close()
  return parts
}

/** renderers makes sure that the field looks the same with a graphics card and without. */
async function renderers(browser) {
  const [flat, webgl] = [await drawn(browser, '2d'), await drawn(browser, 'webgl')]
  const all = sums => sums.reduce((a, b) => a + b)
  console.log(`    ink on the 2D canvas ${all(flat)}, by WebGL ${all(webgl)}`)
  if (all(flat) < 1000 || flat.some((sum, i) => Math.abs(sum - webgl[i]) > 0.25 * Math.max(sum, webgl[i]) + 500)) throw new Error(`2d ${flat}; webgl ${webgl}`)
}

run(async () => {
  const browser = await launch()
  const context = await browser.newContext({ viewport: { width: 1000, height: 700 }, colorScheme: 'dark', reducedMotion: 'reduce' })
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  let quiet = true // while the network is cut, or a refusal is meant, the browser itself logs errors
  page.on('console', m => { if (m.type() === 'error' && quiet && !/status of (400|404|422)/.test(m.text())) failures.push(`console: ${m.text()}`) })
  page.on('pageerror', e => failures.push(`page: ${e.message}`))
  const step = async (name, f) => {
    try { await f() } catch (e) { throw new Error(`${name}: ${e.message}`) }
    console.log(`ok  ${name}`)
  }

  await page.goto(url)
  await sees(page, '.connection', 'live')
  await page.getByLabel('Tenant').fill(tenant)
  await page.keyboard.press('Enter')
  await step('first run, encode', () => firstMemory(page))
  await step('open from the list', () => openByList(page))
  await step('recall, pin, unpin, forget', () => actOnIt(page))
  await step('undo a forget', () => undo(page))
  await step('trash', () => trash(page))
  await page.goto(`${url}/#/`)
  await fill()
  await sees(page, '.live-count', '40 memories')
  await step('field', () => clean(page, 'field, dark'))
  await step('a change elsewhere is seen', () => liveChange(page))
  await step('forecast', () => forecast(page))
  await step('search', () => search(page).catch(e => { throw e }))
  await step('search is accessible', () => clean(page, 'search, dark'))
  await step('patterns and crystals', () => patterns(page))
  await step('patterns are accessible', () => clean(page, 'patterns, dark'))
  await step('the field is drawn alike with WebGL and without', () => renderers(browser))
  await step('activity', () => activity(page))
  await step('activity is accessible', () => clean(page, 'activity, dark'))
  await step('theme', () => otherTheme(page))
  for (const name of ['Field', 'Forecast', 'Patterns', 'Search', 'Activity', 'Trash']) {
    await step(`${name} in light`, async () => { await go(page, name); await page.waitForLoadState('networkidle').catch(() => {}); await clean(page, `${name}, light`) })
  }
  await step('encode panel in light', async () => { await page.goto(`${url}/#/encode`); await page.locator('.side form').waitFor(); await clean(page, 'encode, light') })
  await step('what is removed, in light', () => removedInLight(page))
  await step('keyboard alone', () => keyboard(page))
  quiet = false
  await step('disconnected and back', () => disconnected(page, context))
  await step('a position that is gone', () => positionGone(page, context))
  await browser.close()
  if (failures.length) throw new Error(`${failures.length} faults\n  ${failures.join('\n  ')}`)
  console.log('all flows passed')
})
