// The steps of shown.mjs about corrections, changes, policies and erasures.

import { eventually } from './browser.mjs'
import { encode, newTenant, request, same, sees, url, visit } from './steps.mjs'

export const lives = {
  async 'the journal says what took the place of what, what was changed, and under which policy'() {
    const tenant = newTenant()
    const page = await visit(tenant, '#/activity')
    const old = await encode(tenant, { data: { note: 'tea at four' } })
    const { id } = JSON.parse(await request(tenant, 'POST', `/v1/sigils/${old.id}:correct`, { data: { note: 'tea at five' } }))
    await request(tenant, 'PATCH', `/v1/sigils/${id}`, { pinned: true, tags: ['tea'] })
    await request(tenant, 'PUT', '/v1/policy', { policy: 'halflife h=30d' })
    await sees(page, '.journal .corrected', new RegExp(`its place was taken by ${id.slice(-12)}$`))
    await sees(page, '.journal .changed', /on request: tags and pinned; it does not fade$/)
    await sees(page, '.journal .policy', /of the tenant: halflife h=30d threshold=0.95, instead of that of the daemon$/)
    if (process.env.SHOTS) await page.locator('.journal').screenshot({ path: `${process.env.SHOTS}/journal.png` })
    await sees(page, '.live-count', /^1 memory$/)
    await page.goto(`${url}/#/memory/${old.id}`)
    await sees(page, '.side .kinds', 'gone')
    await page.locator('.side').getByRole('link', { name: id.slice(-12) }).first().click()
    await sees(page, '.side h1', 'tea at five')
  },

  async 'an erasure says what goes, asks, and leaves a receipt'() {
    const tenant = newTenant()
    const old = await encode(tenant, { data: { note: 'secret of old' } })
    const { id } = JSON.parse(await request(tenant, 'POST', `/v1/sigils/${old.id}:correct`, { data: { note: 'the secret' } }))
    await encode(tenant, { data: { note: 'stays' } })
    const page = await visit(tenant, `#/memory/${id}`)
    const side = page.locator('.side')
    await side.getByRole('button', { name: 'Erase…' }).click()
    await sees(page, 'dialog[open]', /and the 1 version that it replaced/)
    await page.locator('dialog[open]').getByRole('button', { name: 'Keep it' }).click()
    await sees(page, '.side h1', 'the secret')
    await side.getByRole('button', { name: 'Erase…' }).click()
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/erase.png` })
    await page.locator('dialog[open]').getByRole('button', { name: 'Erase it' }).click()
    await sees(page, '.side .kinds', 'gone')
    await sees(page, '.side', 'It was erased for good.')
    await eventually('nothing of it is left on the page', async () => !(await page.content()).includes('secret'))
    const receipt = JSON.parse(await side.getByLabel('Receipt as JSON').textContent())
    same('the tenant of the receipt', receipt.tenant, tenant)
    const [download] = await Promise.all([page.waitForEvent('download'), side.getByRole('button', { name: 'Save the receipt' }).click()])
    same('the name of the file', download.suggestedFilename(), `sigil-receipt-${receipt.position}.json`)
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/receipt.png` })
    await sees(page, '.live-count', /^1 memory$/)
    // One that was forgotten can be erased, too.
    const gone = await encode(tenant, { data: { note: 'forgotten' } })
    await request(tenant, 'DELETE', `/v1/sigils/${gone.id}`)
    await page.goto(`${url}/#/memory/${gone.id}`)
    await side.getByRole('button', { name: 'Erase…' }).click()
    await page.locator('dialog[open]').getByRole('button', { name: 'Erase it' }).click()
    await sees(page, '.side .kinds', 'gone')
    await side.getByLabel('Receipt as JSON').waitFor()
  },
}
