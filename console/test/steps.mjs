// What the steps of shown.mjs share: requests beside the page, pages, and what is seen on them.

import { base, eventually, launch, run } from './browser.mjs'

export const url = base('node test/shown.mjs URL')
const stamp = Date.now()
let tenants = 0
export const newTenant = () => `shown-${stamp}-${tenants++}`

export async function request(tenant, method, path, body, type = 'application/json') {
  const r = await fetch(url + path, { method, headers: { 'Content-Type': type, 'Sigil-Tenant': tenant }, body: typeof body === 'string' || body === undefined ? body : JSON.stringify(body) })
  const text = await r.text()
  if (!r.ok) throw new Error(`${method} ${path}: ${r.status} ${text}`)
  return text
}
export const encode = async (tenant, draft) => JSON.parse(await request(tenant, 'POST', '/v1/sigils', draft))
export const recall = (tenant, id) => request(tenant, 'POST', `/v1/sigils/${id}:recall`)

export const sees = (page, what, text, timeout) => eventually(`${what} shows ${text}`, async () => {
  const got = (await page.locator(what).allTextContents()).join(' ')
  return text instanceof RegExp ? text.test(got) : got.includes(text)
}, timeout)
export const same = (what, got, want) => { if (got !== want) throw new Error(`${what}: ${got}, want ${want}`) }
export const focused = (page, what) => eventually(`the focus is on ${what}`, () => page.evaluate(s => document.activeElement.matches(s), what))

export const words = page => page.getByLabel('Words, of which any may match')
/** find searches for a text and waits for what is said of it. */
export async function find(page, text, found) {
  await words(page).fill(text)
  await page.keyboard.press('Enter')
  await sees(page, '.found', found)
}

let browser
const faults = []
/** newContext returns a new context of the browser, as if it were another one. */
export const newContext = options => browser.newContext(options)

/** visit opens the console on a tenant, in a context of its own or that of another page. */
export async function visit(tenant, hash = '#/', { context, init } = {}) {
  context ??= await browser.newContext({ viewport: { width: 1000, height: 700 }, reducedMotion: 'reduce' })
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  page.on('pageerror', e => faults.push(e.message))
  await page.addInitScript(t => { if (location.protocol !== 'about:' && !sessionStorage.kept) { localStorage.setItem('sigil.tenant', t); sessionStorage.kept = '1' } }, tenant)
  if (init) await page.addInitScript(init)
  await page.goto(`${url}/${hash}`)
  await sees(page, '.connection', 'live', 30_000)
  return page
}

/** runSteps runs all steps, or those with $ONLY in their names, and ends the process. */
export function runSteps(steps) {
  return run(async () => {
    browser = await launch()
    for (const [name, step] of Object.entries(steps)) {
      if (process.env.ONLY && !name.includes(process.env.ONLY)) continue
      try {
        await step()
        console.log(`ok  ${name}`)
      } catch (e) { faults.push(`${name}: ${e.message}`) }
      for (const context of browser.contexts()) await context.close()
    }
    await browser.close()
    if (faults.length) throw new Error(`${faults.length} faults\n  ${faults.join('\n  ')}`)
    console.log('what is shown is so')
  })
}
