// Takes screenshots of every view, in three widths and both themes, into a folder.
// A tenant without memories is given 3,000.
// usage: node test/screens.mjs http://127.0.0.1:7433 folder [tenant] [only]

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { base, eventually, launch, run } from './browser.mjs'
import { remember } from './notes.mjs'

const url = base('node test/screens.mjs URL folder [tenant] [only: a part of the names]')
const [folder = 'screens', tenant = 'public', only = ''] = process.argv.slice(3)
const empty = `empty-${Date.now()}`

async function firstId(what) {
  const get = async q => (await (await fetch(`${url}/v1/sigils?limit=1${q}`, { headers: { 'Sigil-Tenant': tenant } })).json()).memories?.[0]?.id
  return (await get(what)) ?? get('')
}

run(async () => {
  mkdirSync(folder, { recursive: true })
  await remember(url, tenant, 3000)
  const lost = await loseSome()
  const shots = [
    ['field', '#/'], ['activity', '#/activity'], ['forecast', '#/forecast', proposal], ['patterns', '#/patterns'],
    ['search', '#/search/kettle%20attic%20payment-service%20deadline', why], ['search-list', '#/search?sort=fades&tag=home'], ['search-nothing', '#/search/zeppelin?tag=home'],
    ['search-start', '#/search/kettle', starting], ['search-off', '#/search/kettle', off], ['encode', '#/encode'], ['trash', '#/trash', select], ['forgotten', `#/memory/${lost}`], ['undo', '#/', forget],
    ['memory', `#/memory/${await firstId('')}`], ['crystal', `#/memory/${await firstId('&crystallized=true')}`],
    ['empty', '#/', null, empty], ['offline', '#/', offline],
  ].filter(([name]) => name.includes(only))
  const browser = await launch()
  for (const [width, height] of JSON.parse(process.env.SIZES ?? "[[1440,900],[800,1000],[390,844]]")) {
    for (const theme of ['dark', 'light']) {
      for (const [name, hash, act, who = tenant] of shots) {
        const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme })
        await context.addInitScript(t => localStorage.setItem('sigil.tenant', t), who)
        const page = await context.newPage()
        await page.goto(`${url}/${hash}`)
        await eventually('the page is live', () => page.locator('.connection.live').count(), 60_000)
        if (act) await act(page, context)
        await page.waitForTimeout(name === 'activity' ? 7000 : 900) // what moves comes to rest
        await page.screenshot({ path: join(folder, `${name}-${width}-${theme}.png`) })
        await context.close()
      }
    }
  }
  await browser.close()
})

async function proposal(page) {
  await page.getByRole('radio', { name: 'half-life' }).check()
  await eventually('a verdict', async () => /would be lost/.test(await page.locator('[data-test=verdict]').textContent()))
}

async function offline(page, context) {
  await context.setOffline(true)
  await eventually('it says that it reconnects', () => page.locator('.connection.reconnecting').count(), 20_000)
}

/** loseSome forgets five memories, and returns the id of one. */
async function loseSome() {
  const headers = { 'Sigil-Tenant': tenant }
  const { memories } = await (await fetch(`${url}/v1/sigils?limit=5&sort=recalls`, { headers })).json()
  for (const { id } of memories) await fetch(`${url}/v1/sigils/${id}`, { method: 'DELETE', headers })
  return memories[0].id
}

async function select(page) {
  for (const i of [0, 2]) await page.locator('.trash input').nth(i).check()
}

// forget leaves the offer to undo it.
async function forget(page) {
  await page.goto(`${url}/#/memory/${await firstId('')}`)
  await page.locator('.side').getByRole('button', { name: 'Forget' }).click()
  await page.getByRole('button', { name: 'Forget it' }).click()
  await page.locator('.notice button').waitFor()
}

// why opens the arithmetic of the best hit.
async function why(page) {
  await page.locator('.asks').first().click()
}

// starting shows a search as it is right after the daemon's start.
async function starting(page) {
  await page.route(/:search/, async route => {
    const page = await (await route.fetch()).json()
    await route.fulfill({ json: { ...page, hits: page.hits.slice(0, 3), complete: false } })
  })
  await page.getByRole('button', { name: 'Search', exact: true }).click()
  await page.locator('.note').waitFor()
}

async function off(page) {
  await page.route(/:search/, route => route.fulfill({ status: 409, contentType: 'application/problem+json', json: { status: 409, code: 'search_off', detail: 'search is switched off here' } }))
  await page.getByRole('button', { name: 'Search', exact: true }).click()
  await page.locator('.problem').waitFor()
}
